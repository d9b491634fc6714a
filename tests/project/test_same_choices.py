"""safepip chooses what pip chooses: many small universes, made by chance and by hand, are put before both.

The real pip decides in a process of its own (`support.rivals`). A universe is the same for the same seed, so that
a difference can be looked at again: `make_universe(seed)`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.rivals import Rivals
from support.universes import Release, Universe, make_universe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.rivals import Verdict

#: Universes a test.
BATCH = 40


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rivals]:
    """Both programs, started once."""
    with Rivals(tmp_path_factory.mktemp("rivals")) as started:
        yield started


@pytest.mark.usually("0", "40")
@pytest.mark.parametrize("first", range(0, 4 * BATCH, BATCH))
def test_in_universes_made_by_chance_safepip_chooses_what_pip_chooses(first: int, rivals: Rivals) -> None:
    verdicts = rivals.play([make_universe(seed) for seed in range(first, first + BATCH)])
    assert_agreement(verdicts)
    # The universes are worth playing: most have an answer, some have none, and pip has a say in nearly all.
    answered = [verdict for verdict in verdicts if verdict.chosen["safepip"] is not None]
    assert BATCH / 2 < len(answered) < BATCH
    assert sum(not verdict.pip_has_a_say for verdict in verdicts) <= BATCH / 10


def a(version: str, **fields: Any) -> Release:
    """A release of the project `a`; `b` and `c` below."""
    return Release("a", version, **fields)


def b(version: str, **fields: Any) -> Release:
    return Release("b", version, **fields)


def c(version: str, **fields: Any) -> Release:
    return Release("c", version, **fields)


A1, B1 = "a-1.0-py3-none-any.whl", "b-1.0-py3-none-any.whl"

#: Universes made by hand, by the sentence that both have to bear out; then what is chosen, None for a failure.
BY_HAND: dict[str, tuple[Universe, dict[str, str] | None]] = {
    "a wheel by URL is taken though the index has a newer one": (
        Universe(0, (a("1.0", requires=("b",)), a("2.0"), b("1.0")), arguments=("a @ <url:" + A1 + ">",)),
        {"a": "1.0", "b": "1.0"},
    ),
    "a wheel by URL serves whoever requires the project": (
        Universe(0, (a("1.0"), a("2.0"), b("1.0", requires=("a>=1",))), arguments=("b", "a @ <url:" + A1 + ">")),
        {"a": "1.0", "b": "1.0"},
    ),
    "a wheel by URL conflicts with a requirement that it does not satisfy": (
        Universe(0, (a("1.0"), a("2.0"), b("1.0", requires=("a>=2",))), arguments=("b", "a @ <url:" + A1 + ">")),
        None,
    ),
    "a wheel by URL brings the requirements of its extras": (
        Universe(0, (a("1.0", extras={"x": ["b"]}), b("1.0")), arguments=("a[x] @ <url:" + A1 + ">",)),
        {"a": "1.0", "b": "1.0"},
    ),
    "a constraint by URL says where a project comes from": (
        Universe(0, (a("1.0"), a("2.0")), arguments=("a",), constraints=("a @ <url:" + A1 + ">",)),
        {"a": "1.0"},
    ),
    "a constraint by URL says where a project with extras comes from": (
        Universe(
            0,
            (a("1.0", extras={"x": ["b"]}), a("2.0"), b("1.0")),
            arguments=("a[x]",),
            constraints=("a @ <url:" + A1 + ">",),
        ),
        {"a": "1.0", "b": "1.0"},
    ),
    "a constraint by URL and a requirement by another URL conflict": (
        Universe(
            0,
            (a("1.0"), a("2.0")),
            arguments=("a @ <url:a-2.0-py3-none-any.whl>",),
            constraints=("a @ <url:" + A1 + ">",),
        ),
        None,
    ),
    "a constraint by URL and a specifier that it does not satisfy conflict": (
        Universe(0, (a("1.0"), a("2.0")), arguments=("a>1",), constraints=("a @ <url:" + A1 + ">",)),
        None,
    ),
    "two constraints by URL on one project conflict": (
        Universe(
            0,
            (a("1.0"), a("2.0")),
            arguments=("a",),
            constraints=("a @ <url:" + A1 + ">", "a @ <url:a-2.0-py3-none-any.whl>"),
        ),
        None,
    ),
    "a constraint for another platform does not count": (
        Universe(0, (a("1.0"), a("2.0")), arguments=("a",), constraints=("a<2; sys_platform == 'none'",)),
        {"a": "2.0"},
    ),
    "a hash chooses the file and so the version": (
        Universe(0, (a("1.0"), a("2.0")), lines=("a --hash=sha256:<sha256:" + A1 + ">",)),
        {"a": "1.0"},
    ),
    "pins with hashes are installed": (
        Universe(
            0,
            (a("1.0", requires=("b",)), b("1.0")),
            lines=("a==1.0 --hash=sha256:<sha256:" + A1 + ">", "b==1.0 --hash=sha256:<sha256:" + B1 + ">"),
        ),
        {"a": "1.0", "b": "1.0"},
    ),
    "a hash of the user's in a constraint will do": (
        Universe(
            0,
            (a("1.0"), a("2.0")),
            arguments=("--require-hashes", "a"),
            constraints=("a==1.0 --hash=sha256:<sha256:" + A1 + ">",),
        ),
        {"a": "1.0"},
    ),
    "a yanked version is taken where it is pinned": (
        Universe(0, (a("1.0"), a("2.0", yanked=True)), arguments=("a==2.0",)),
        {"a": "2.0"},
    ),
    "a yanked version is passed over where it is not": (
        Universe(0, (a("1.0"), a("2.0", yanked=True)), arguments=("a>=1",)),
        {"a": "1.0"},
    ),
    "a yanked version alone is no answer to a range": (
        Universe(0, (a("2.0", yanked=True),), arguments=("a>=1",)),
        None,
    ),
    "a pre-release is taken where there is nothing else": (
        Universe(0, (a("1.0rc1"), a("2.0a1")), arguments=("a",)),
        {"a": "2.0a1"},
    ),
    "a specifier that names a pre-release lets others in": (
        Universe(0, (a("1.0"), a("2.0a1")), arguments=("a>=1.0rc1",)),
        {"a": "2.0a1"},
    ),
    "a dependency's pre-release specifier counts, too": (
        Universe(0, (a("1.0", requires=("b>=1.0rc1",)), b("1.0"), b("2.0a1")), arguments=("a",)),
        {"a": "1.0", "b": "2.0a1"},
    ),
    "the Python of --python-version decides, and markers stay as they are": (
        Universe(
            0,
            (a("1.0", requires=("b; python_version < '3.0'", "c")), a("2.0", requires_python=">=3.50"), c("1.0")),
            arguments=("--python-version", "3.49", "a"),
        ),
        {"a": "1.0", "c": "1.0"},
    ),
    "the installed version is kept though its metadata differs from the index's": (
        Universe(
            0,
            (a("1.0", requires=("b>=2",)), b("1.0"), b("2.0")),
            installed=(a("1.0", requires=("b<2",)),),
            arguments=("a",),
        ),
        {"b": "1.0"},
    ),
    "what an installed egg requires counts": (
        Universe(
            0,
            (a("1.0"), b("1.0"), b("2.0"), c("1.0")),
            installed=(a("1.0", requires=("b<2", "c; python_version < '3'"), extras={"x": ["c"]}, egg=True),),
            arguments=("a[x]",),
        ),
        {"b": "1.0", "c": "1.0"},
    ),
    "an installed version that cannot stay makes way for an older one under -U": (
        Universe(
            0,
            (a("1.0", requires=("b<2",)), a("2.0", requires=("b>=2",)), b("1.0")),
            installed=(a("2.0", requires=("b>=2",)),),
            arguments=("-U", "a"),
        ),
        {"a": "1.0", "b": "1.0"},
    ),
    "a project without any usable metadata is as good as absent": (
        Universe(
            0,
            (a("1.0"), a("2.0", requires=("b",)), b("1.0", requires=("this is none",)), c("1.0", requires=("a", "c"))),
            arguments=("c",),
        ),
        {"a": "1.0", "c": "1.0"},
    ),
    "a circle is no obstacle": (
        Universe(0, (a("1.0", requires=("b",)), b("1.0", requires=("a==1.0",))), arguments=("a",)),
        {"a": "1.0", "b": "1.0"},
    ),
    "a project may require itself with an extra": (
        Universe(
            0,
            (a("1.0", extras={"all": ["a[x]"], "x": ["b"]}), a("0.9", extras={"all": []}), b("1.0")),
            arguments=("a[all]",),
        ),
        {"a": "1.0", "b": "1.0"},
    ),
    "the better build wins": (
        Universe(0, (a("1.0", build="2"), a("1.0", build="10"), a("1.0")), arguments=("a",)),
        {"a": "1.0"},
    ),
    "a local version beats the public one that it is built from": (
        Universe(0, (a("1.0"), a("1.0+local")), arguments=("a==1.0",)),
        {"a": "1.0+local"},
    ),
    "an epoch beats all versions without": (Universe(0, (a("2.0"), a("1!0.1")), arguments=("a",)), {"a": "1!0.1"}),
    "the same requirement twice is one": (Universe(0, (a("1.0"),), arguments=("a", "a==1.0", "A")), {"a": "1.0"}),
}


def test_in_universes_made_by_hand_both_choose_what_they_should(rivals: Rivals) -> None:
    universes = [replace(universe, seed=f"hand{number}") for number, (universe, _) in enumerate(BY_HAND.values())]
    verdicts = rivals.play(universes)
    assert_agreement(verdicts)
    for verdict, (sentence, (_, expected)) in zip(verdicts, BY_HAND.items(), strict=True):
        chosen = verdict.chosen["safepip"]
        versions = None if chosen is None else {name: version for name, (version, _) in chosen.items()}
        assert versions == expected, f"{sentence}\n{verdict}"


def assert_agreement(verdicts: list[Verdict]) -> None:
    """Raise `AssertionError` with every universe in which the two differ."""
    differing = [str(verdict) for verdict in verdicts if not verdict.agree]
    assert not differing, "\n\n".join(differing)
