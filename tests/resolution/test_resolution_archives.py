"""What the search does with source archives: nothing without approval, and with it what pip does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from packaging.version import Version

from safepip.lock.archives import check_names
from safepip.model.errors import Refused, SafepipError
from safepip.model.plan import NameSet, Selection
from safepip.routing.table import build
from support.offers import PUBLIC, MemoryCatalog, asked, chosen, decide, digest_of, unfenced_hint
from support.universes import Release

A = NameSet(names=frozenset({"a"}))


def a(version: str = "1.0", **fields: Any) -> Release:
    return Release("a", version, **fields)


def source(version: str, name: str = "a", **fields: Any) -> Release:
    return Release(name, version, sdist=True, **fields)


def approved(_name: str) -> bool:
    return True


def read(releases: list[Release], *requirements: str, **keywords: Any) -> tuple[dict[str, str], MemoryCatalog]:
    """What was chosen, and the catalogue that was asked."""
    catalog = MemoryCatalog(build([PUBLIC]), {"public": releases})
    return chosen(decide((), *requirements, catalog=catalog, **keywords)), catalog


def test_without_approval_the_metadata_of_no_archive_is_read() -> None:
    """Neither as the newest version, nor on the way back from a conflict, nor ahead."""
    releases = [source("3.0"), a("2.0", requires=("b>=2",)), source("1.5"), a("1.0"), Release("b", "1.0")]
    found, catalog = read([*releases, source("2.0", "b")], "a", "b")
    assert found == {"a": "1.0", "b": "1.0"}
    assert catalog.metadata_read == ["a 2.0", "a 1.0", "b 1.0"]
    assert all(name.endswith(".whl") for name in catalog.expected)


def test_with_approval_a_newer_archive_is_chosen_and_what_it_requires() -> None:
    found, catalog = read([a("1.0"), source("2.0", requires=("b",)), Release("b", "1.0")], "a", builds=approved)
    assert found == {"a": "2.0", "b": "1.0"}
    assert catalog.expected == ["b-1.0-py3-none-any.whl"]


def test_only_the_approved_project_is_built() -> None:
    releases = [a("1.0"), source("2.0"), Release("b", "1.0"), source("2.0", "b")]
    resolution = decide(releases, "a", "b", builds=lambda name: name == "b")
    assert chosen(resolution) == {"a": "1.0", "b": "2.0"}
    assert resolution.notices == ("a 2.0 is newer than 1.0, but has a source archive only",)


def test_the_search_goes_back_over_archives_and_asks_ahead_for_wheels_alone() -> None:
    releases = [source("3.0", requires=("b>=2",)), source("2.0", requires=("b>=2",)), a("1.5"), a("1.0")]
    found, catalog = read([*releases, Release("b", "1.0")], "a", "b", builds=approved)
    assert found == {"a": "1.5", "b": "1.0"}
    assert [name for name in catalog.expected if not name.endswith(".whl")] == []


def test_a_version_whose_wheel_fits_is_never_built_for_its_metadata() -> None:
    """As in pip one file of a version is enough to know that it does not fit."""
    releases = [a("2.0", requires=("b>=2",)), source("2.0"), a("1.0"), source("1.0"), Release("b", "1.0")]
    found, catalog = read(releases, "a", "b", builds=approved)
    assert found == {"a": "1.0", "b": "1.0"}
    assert catalog.metadata_read == ["a 2.0", "a 1.0", "b 1.0"]


@pytest.mark.parametrize(
    ("selection", "version"),
    [
        (Selection(), "2.0"),
        (Selection(prefer_binary=True), "1.0"),
        (Selection(only_binary=A), "1.0"),
        (Selection(only_binary=NameSet(all=True)), "1.0"),
        (Selection(only_binary=NameSet(all=True), no_binary=A), "2.0"),
        (Selection(no_binary=A), "2.0"),
    ],
)
def test_options_choose_between_wheels_and_archives(selection: Selection, version: str) -> None:
    releases = [a("1.0"), source("1.0"), source("2.0")]
    assert chosen(decide(releases, "a", builds=approved, selection=selection)) == {"a": version}


def test_a_hash_chooses_the_archive_that_has_it() -> None:
    releases = [a("1.0"), source("1.0")]
    wanted = asked("a==1.0", hashes=(digest_of(releases[1]),))
    resolution = decide(releases, wanted, builds=approved, require_hashes=True)
    candidate = resolution.pins["a"].candidate
    assert candidate is not None
    assert (candidate.file.filename, candidate.is_wheel) == ("a-1.0.tar.gz", False)


def test_the_version_of_a_lock_is_kept_where_an_archive_is_newer() -> None:
    releases = [a("1.0"), source("2.0"), source("0.9")]
    for version in ("1.0", "0.9", "2.0"):
        resolution = decide(releases, "a", builds=approved, preferences={"a": Version(version)})
        assert chosen(resolution) == {"a": version}


# --- dead ends --------------------------------------------------------------------------------------------------------


def refused(*arguments: Any, **keywords: Any) -> tuple[str, str, str]:
    """The error's reference, its evidence and its hint."""
    with pytest.raises(SafepipError) as caught:
        decide(*arguments, **keywords)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.reference, "\n".join(diagnostic.context), diagnostic.hint


def test_a_version_that_would_have_to_be_built_names_both_ways_out() -> None:
    reference, context, hint = refused([a("1.0"), source("2.0")], "a>=2")
    assert (reference, "2.0 has a source archive only" in context) == ("no-wheel", True)
    first, *others = hint.splitlines()
    assert first == "a 2.0 has to be built: look first at its source archive on its index"
    assert others == [*unfenced_hint("a").splitlines(), "versions that can be installed: 1.0"]
    assert "bubblewrap" in hint
    assert "if you know what it runs: --allow-build a" in hint


def test_wheels_for_other_platforms_beside_an_archive_lead_to_both_ways_too() -> None:
    releases = [a("2.0", tag="cp27-cp27m-win32"), source("2.0"), a("3.0", tag="cp27-cp27m-win32")]
    reference, _, hint = refused(releases, "a>=2")
    assert reference == "no-wheel"
    assert "a 3.0 is for other platforms" in hint
    assert f"a 2.0 has to be built: look first at its source archive on its index\n{unfenced_hint('a')}" in hint


def test_an_archive_that_an_option_leaves_out_is_not_offered_for_building() -> None:
    for approve in (False, True):
        selection = Selection(only_binary=NameSet(all=True))
        reference, context, hint = refused([source("2.0")], "a", selection=selection, builds=lambda _n, b=approve: b)
        assert (reference, "and --only-binary leaves it out" in context) == ("no-wheel", True)
        assert hint == "leave a out of --only-binary: 2.0 has to be built from its source archive"


def test_an_archive_for_another_python_is_not_offered_for_building() -> None:
    for approve in (False, True):
        reference, context, hint = refused([source("2.0", requires_python=">=4")], "a", builds=lambda _n, b=approve: b)
        assert (reference, "2.0 has a source archive only (for Python >=4)" in context) == ("no-wheel", True)
        assert hint == "a 2.0 is a source archive for other Pythons: name one of those with --python"


def test_no_binary_without_an_archive_ends_as_in_pip() -> None:
    for approve in (False, True):
        reference, context, hint = refused(
            [a("1.0")], "a", selection=Selection(no_binary=A), builds=lambda _n, b=approve: b
        )
        assert reference == "no-matching-version"
        assert "Could not find a version that satisfies the requirement a (from versions: none)" in context
        assert hint == "leave a out of --no-binary"


def test_a_refused_name_never_comes_to_a_hint_about_building() -> None:
    """Routing comes first: of a name that two indexes have nothing is built."""
    from support.offers import index

    world = {"public": [source("9.0")], "acme": [source("1.0")]}
    reference, _, hint = refused(world, "a", indexes=[index("acme"), index(default=True)], builds=approved)
    assert reference == "ambiguous-index"
    assert "build" not in hint


def test_a_lock_with_an_archive_that_it_cannot_name_is_refused_with_ways_out() -> None:
    """Its project and version cannot be read out of its name as the form of locks has it."""
    resolution = decide([source("2.0"), Release("b", "1.0")], "a", "b", builds=approved)
    check_names(resolution.pins.values())
    pin = resolution.pins["a"]
    assert pin.candidate is not None
    for filename in ("a-2.0.tar.bz2", "a-1-2.0.tar.gz", "b-2.0.tar.gz", "a-2.1.tar.gz"):
        odd = pin._replace(candidate=replace(pin.candidate, file=pin.candidate.file._replace(filename=filename)))
        with pytest.raises(Refused) as caught:
            check_names([odd, resolution.pins["b"]])
        (diagnostic,) = caught.value.diagnostics
        assert (diagnostic.reference, diagnostic.subject) == ("unlockable-archive", "a")
        assert "--only-binary a;" in diagnostic.hint
        assert diagnostic.context == (filename, "required by requirements.txt:1")
