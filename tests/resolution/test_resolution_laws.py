"""Laws that every resolution keeps, tried in universes made by chance: it ends, and its result holds together."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from safepip.model.errors import Refused, ResolutionImpossible
from safepip.model.names import normalise
from safepip.resolution.dependencies import Markers
from safepip.resolution.provider import Provider
from support.offers import MARKERS, decide, filename_of, index
from support.universes import Release, make_universe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.resolution import Resolution
    from support.universes import Universe

#: Far more rounds than any of these universes needs, and far fewer than the bound.
ENOUGH_ROUNDS = 3_000


@pytest.fixture(autouse=True)
def _bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    # The package's attribute of that name is the function.
    monkeypatch.setattr(sys.modules["safepip.resolution.search"], "MOST_ROUNDS", ENOUGH_ROUNDS)


def requirements_of(universe: Universe) -> list[str]:
    """The requirements among the arguments: an option's value is a project's name, and asks for nothing new."""
    found = []
    for argument in universe.arguments:
        try:
            found.append(str(Requirement(argument)))
        except InvalidRequirement:
            continue
    return [text for text in found if text != "eager"]


def unsatisfied(universe: Universe, resolution: Resolution, roots: list[str]) -> Iterator[str]:
    """Every requirement that holds and that the pins do not satisfy."""
    markers = Markers(MARKERS)
    by_file = {filename_of(release): release for release in universe.releases}
    wanted = [("the user", text, frozenset[str]()) for text in roots]
    for pin in resolution.pins.values():
        assert pin.candidate is not None
        release = by_file[pin.candidate.file.filename]
        wanted += [(pin.name, text, frozenset[str]()) for text in release.requires]
        for extra, texts in release.extras.items():
            if normalise(extra) in pin.extras:
                wanted += [(pin.name, text, pin.extras) for text in texts]
    for who, text, extras in wanted:
        requirement = Requirement(text)
        if not markers.hold(requirement, extras):
            continue
        chosen = resolution.pins.get(normalise(requirement.name))
        if chosen is None or not requirement.specifier.contains(chosen.version, prereleases=True):
            yield f"{who}: {text}"
        elif not {normalise(extra) for extra in requirement.extras} <= chosen.extras:
            yield f"{who}: {text} (extras)"


@pytest.mark.parametrize("first", range(0, 300, 150))
def test_a_search_ends_and_what_it_finds_satisfies_every_requirement(first: int) -> None:
    found, endless = 0, list[int]()
    for seed in range(first, first + 150):
        universe = make_universe(seed)
        roots = requirements_of(universe)
        try:
            resolution = decide(universe.releases, *roots, constraints=universe.constraints)
        except ResolutionImpossible as error:
            endless += [seed] * (error.diagnostics[0].reference == "resolution-too-deep")
            continue
        assert list(unsatisfied(universe, resolution, roots)) == [], f"universe {seed}"
        found += 1
    assert endless == []
    assert found > 60


def test_what_a_candidate_satisfies_is_asked_again_only_where_something_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """resolvelib asks in each round about every identifier that there is: with twice as many, four times as often."""
    asked = 0
    answer = Provider.is_satisfied_by

    def counted(self: Provider, requirement: Any, candidate: Any) -> bool:
        nonlocal asked
        asked += 1
        return answer(self, requirement, candidate)

    monkeypatch.setattr(Provider, "is_satisfied_by", counted)
    length = 60
    chain = [Release(f"p{i}", "1", (f"p{i + 1}", f"q{i}")) for i in range(length)] + [Release(f"p{length}", "1")]
    resolution = decide([*chain, *(Release(f"q{i}", "1") for i in range(length))], "p0")
    assert len(resolution.pins) == 2 * length + 1
    assert asked <= 4 * len(resolution.pins)


def test_a_search_with_refused_projects_ends_and_names_each_of_them_once() -> None:
    """Every second project is on two indexes; whatever the search meets of them is refused, and nothing else. What the
    user requires of the others, and cannot have, is reported beside it."""
    refusals, endless = 0, list[int]()
    for seed in range(120):
        universe = make_universe(seed)
        twice = [release for release in universe.releases if int(release.name[1:]) % 2]
        world = {"public": universe.releases, "acme": twice}
        try:
            decide(world, *requirements_of(universe), indexes=[index("acme"), index(default=True)])
        except Refused as error:
            subjects = [diagnostic.subject for diagnostic in error.diagnostics]
            assert len(subjects) == len(set(subjects)), f"universe {seed}"
            for diagnostic in error.diagnostics:
                twofold = bool(int(diagnostic.subject[1:]) % 2)
                assert twofold == (diagnostic.reference == "ambiguous-index"), f"universe {seed}"
            refusals += 1
        except ResolutionImpossible as error:
            endless += [seed] * (error.diagnostics[0].reference == "resolution-too-deep")
    assert endless == []
    assert refusals > 30
