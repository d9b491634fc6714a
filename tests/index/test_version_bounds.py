"""What lies outside of a specifier's bounds is admitted by no specifier, so that nobody has to look there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safepip.index.finder import Finder
from safepip.index.mirrors import best_first
from safepip.index.version_bounds import bounds, within
from safepip.model.candidate import Candidate, ProjectCandidates
from safepip.model.page import ProjectFile
from safepip.model.plan import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Forms of PEP 440 that sort close to each other, in several series and epochs.
SERIES = ("0", "0.9", "1", "1.0", "1.0.0", "1.0.1", "1.1", "1.2.3", "2", "2.0", "10.1", "1!0", "1!1.0")
LABELS = ("", ".dev0", ".dev2", "a0", "a1.dev1", "b2", "rc1", "rc1.post2", ".post0", ".post1.dev3", ".post1")
LOCALS = ("", "+a", "+ubuntu.1", "+2")
VERSIONS = tuple(f"{series}{label}{local}" for series in SERIES for label in LABELS for local in LOCALS)


def clauses() -> list[str]:
    """Every operator with every form that it may have."""
    plain = [f"{series}{label}" for series in SERIES for label in LABELS]
    found = [f"{operator}{version}" for operator in (">=", "<=", ">", "<") for version in plain]
    found += [f"~={version}" for version in plain if "." in version.split("!")[-1].split("a")[0].split(".dev")[0]]
    found += [f"{operator}{version}" for operator in ("==", "!=") for version in VERSIONS]
    found += [f"{operator}{series}.*" for operator in ("==", "!=") for series in SERIES]
    return [clause for clause in found if _is_valid(clause)] + ["===1.0", "===1.0+a"]


def _is_valid(clause: str) -> bool:
    try:
        return bool(SpecifierSet(clause))
    except ValueError:
        return False


def shelf(versions: Iterable[str]) -> tuple[Candidate, ...]:
    """A candidate of each version, best first."""
    return best_first(
        Candidate("app", Version(text), ProjectFile(f"app-{text}-py3-none-any.whl", f"https://x.example/{text}"), 0, ())
        for text in versions
    )


def admitted(candidates: Sequence[Candidate], specifier: SpecifierSet, *, prereleases: bool | None) -> list[str]:
    """What packaging admits."""
    chosen = specifier.filter(candidates, prereleases=prereleases, key=lambda candidate: candidate.version)
    return [str(candidate.version) for candidate in chosen]


ALL = shelf(VERSIONS)


@pytest.mark.parametrize("operator", [">=", "<=", ">", "<", "~=", "==", "!=", "==="])
def test_each_clause_admits_nothing_outside_of_its_bounds(operator: str) -> None:
    """Whatever the form of its version, and whatever is made of pre-releases."""
    mine = [clause for clause in clauses() if clause.startswith(operator) and clause[len(operator)] != "="]
    assert mine
    # What excludes one version has no bounds, and of those some are enough.
    for clause in mine[::20] if operator == "!=" else mine:
        specifier = SpecifierSet(clause)
        near = within(ALL, specifier)
        for prereleases in (None, True, False):
            whole = admitted(ALL, specifier, prereleases=prereleases)
            assert admitted(near, specifier, prereleases=prereleases) == whole, clause


@settings(max_examples=300)
@given(st.lists(st.sampled_from(clauses()), min_size=1, max_size=4), st.lists(st.sampled_from(VERSIONS), min_size=40))
def test_several_clauses_admit_nothing_outside_of_their_bounds(found: list[str], versions: list[str]) -> None:
    """Of any page, with versions that are there more than once."""
    specifier, page = SpecifierSet(",".join(found)), shelf(versions)
    for prereleases in (None, True):
        near = admitted(within(page, specifier), specifier, prereleases=prereleases)
        assert near == admitted(page, specifier, prereleases=prereleases)


@pytest.mark.parametrize(
    ("text", "least", "greatest"),
    [
        ("", None, None),
        ("!=1.0,===2", None, None),
        (">=1.0,<2", "1.0", "2"),
        (">1.0,>=1.1,<=3,<2.5", "1.1", "2.5"),
        ("==1.4+local", "1.4", "1.4"),
        ("==1.4.*", "1.4.dev0", "1.5.dev0"),
        ("~=1.4.5", "1.4.5", "1.5.dev0"),
        ("~=2!1.4", "2!1.4", "2!2.dev0"),
    ],
)
def test_bounds(text: str, least: str | None, greatest: str | None) -> None:
    assert bounds(SpecifierSet(text)) == tuple(None if one is None else Version(one) for one in (least, greatest))


@pytest.mark.parametrize(("text", "most"), [("==500", 1), (">=500,<502", 3), ("~=500.0", 2), (">998", 2), ("<3", 4)])
def test_what_is_left_of_a_long_page_is_short(text: str, most: int) -> None:
    """Or nothing would be gained."""
    page = shelf(str(number) for number in range(1000))
    assert 1 <= len(within(page, SpecifierSet(text))) <= most


@pytest.mark.parametrize("text", ["==500", ">=500,<510", "!=3"])
@pytest.mark.parametrize("prefer_binary", [True, False])
def test_a_finder_chooses_of_what_is_near(text: str, prefer_binary: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as of all. With `--prefer-binary` the order is another one, and all of it is looked through."""
    available = ProjectCandidates("app", shelf(str(number) for number in range(1000)))
    finder = Finder(Selection(prefer_binary=prefer_binary))
    chosen = [str(candidate.version) for candidate in finder.applicable(available, SpecifierSet(text))]
    assert chosen == admitted(available.candidates, SpecifierSet(text), prereleases=None)
    looked_at: list[int] = []

    def filtered(_self: Finder, near: Sequence[Candidate], _specifier: SpecifierSet) -> list[Candidate]:
        looked_at.append(len(near))
        return list(near)

    monkeypatch.setattr(Finder, "_filtered", filtered)
    Finder(Selection(prefer_binary=prefer_binary)).applicable(available, SpecifierSet(text))
    assert (looked_at[0] < 1000) == (text != "!=3" and not prefer_binary)
