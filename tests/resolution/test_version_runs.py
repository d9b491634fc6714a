"""Many versions in few words, of which each is true."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from safepip.model.origin import Origin, Source
from safepip.resolution.version_runs import LISTED, About, about, first_few, fold, newest, required_by, runs


def versions(*numbers: int) -> list[Version]:
    return [Version(f"1.{number}") for number in numbers]


def test_three_that_follow_each_other_are_named_by_the_first_and_the_last() -> None:
    every = versions(*range(12))
    assert runs(versions(10, 9, 11), every) == "1.9 to 1.11"
    assert runs(versions(3, 4), every) == "1.3, 1.4"
    assert runs(versions(0, 1, 2, 4, 5, 6, 8), every) == "1.0 to 1.2, 1.4 to 1.6, 1.8"


def test_what_lies_between_and_is_not_meant_ends_a_run() -> None:
    assert runs(versions(0, 1, 3, 4), versions(*range(5))) == "1.0, 1.1, 1.3, 1.4"
    assert runs(versions(0, 1, 3, 4), versions(0, 1, 3, 4)) == "1.0 to 1.4"


def test_the_newest_stay_and_the_older_ones_are_counted() -> None:
    assert runs(versions(*range(0, 40, 2)), versions(*range(40))) == (
        "1.28, 1.30, 1.32, 1.34, 1.36, 1.38 and 14 older ones"
    )
    assert newest(versions(*range(LISTED + 1))).startswith("1.1, 1.2, ")
    assert newest(versions(*range(LISTED + 1))).endswith(", 1.12 and an older one")
    assert newest(versions(*range(60))).endswith(", 1.59 and 48 older ones")
    assert newest(versions(2, 1, 2)) == "1.1, 1.2"
    assert newest([]) == "none"


@given(st.sets(st.integers(0, 30), min_size=1), st.sets(st.integers(0, 30)))
def test_a_line_means_these_versions_and_no_other(meant: set[int], others: set[int]) -> None:
    """Read back, it has each version of the newest ones and none beside them; the rest is counted."""
    every = versions(*(meant | others))
    text, _, older = runs(versions(*meant), every).partition(" and ")
    read: set[Version] = set()
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        read |= {version for version in every if Version(first) <= version <= Version(last or first)}
    hidden = {"": 0, "an older one": 1}.get(older)
    count = int(older.split()[0]) if hidden is None else hidden
    assert sorted(read) == sorted(versions(*meant))[count:]


def test_what_is_said_of_several_versions_is_said_once_in_the_plural() -> None:
    lines = [
        *(about("z", version, f"{version} has a source archive only") for version in versions(3, 2, 1)),
        "another line",
        about("z", Version("1.0"), "1.0 is a pre-release, and nothing asks for one"),
        "another line",
        *(about("z", version, f"z {version} is yanked") for version in versions(8, 9)),
    ]
    assert list(fold(lines, lambda _: versions(*range(10)))) == [
        "1.1 to 1.3 have a source archive only",
        "another line",
        "1.0 is a pre-release, and nothing asks for one",
        "z 1.8, 1.9 are yanked",
    ]


def test_a_line_that_does_not_begin_with_the_version_stays() -> None:
    assert about("z", Version("1.0"), "cooldown: z 1.0 is young") == "cooldown: z 1.0 is young"
    assert about("z", Version("1.0"), "1.0.1 is young") == "1.0.1 is young"
    assert about("z", Version("1.0"), "z 1.0 is young") == About("z", Version("1.0"), " is young", "z ")


def test_what_requires_something_is_folded_along_one_way() -> None:
    here = Origin(Source.FILE, "a b 1.txt", 3)
    askers = [Origin(Source.DISTRIBUTION, f"z 1.{number}", parent=here) for number in range(4)]
    odd = Origin(Source.DISTRIBUTION, "z not-a-version")
    assert list(fold(map(required_by, [here, *askers, odd]), lambda _: ())) == [
        "required by a b 1.txt:3",
        "required by z 1.0 to 1.3  <-  a b 1.txt:3",
        "required by z not-a-version",
    ]


def test_one_line_more_is_shown_and_two_are_counted() -> None:
    lines = [f"line {number}" for number in range(8)]
    assert first_few(lines[:4], "and {} more") == lines[:4]
    assert first_few(lines, "and {} more") == [*lines[:3], "and 5 more"]
    assert re.fullmatch(r"line 0, line 1, \d more", ", ".join(first_few(lines, "{} more", most=2)))
