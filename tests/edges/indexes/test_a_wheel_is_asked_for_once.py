"""A server without ranges sends a whole wheel where safepip asks for its end. That is kept, and not asked for again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.archive import TAIL_BYTES
from safepip.edges.indexes.fetch import CONCURRENT
from safepip.edges.network import limits
from support.host import partial
from support.replies import content, drop, swapped, times

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Done, Inside
    from support.replies import Fault

#: What makes a wheel longer than the end that is asked for.
LONG = bytes(TAIL_BYTES + 1)
#: More wheels than come at once.
NAMES = tuple(f"long-{letter}" for letter in "abcdefghijklmnopqrst")


@pytest.fixture
def bare(index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> IndexServer:
    """An index without metadata files and without ranges, with a project that requires all of NAMES, long wheels."""
    assert len(NAMES) > CONCURRENT
    monkeypatch.setattr(limits, "_FIRST_DELAY", 0.01)
    index.sidecars = index.ranges = False
    for name in NAMES:
        index.add(name, "1.0", files={"data.bin": LONG})
    index.add("root", "1.0", requires=NAMES)
    return index


def dry(run: Inside, index: IndexServer, *words: str) -> Done:
    """A dry run, which has to end well."""
    done = run("install", "--dry-run", "--cache-dir", "cache", "-i", index.url, *words)
    assert (done.code, "Would install" in done.out) == (0, True), done
    return done


def asked(index: IndexServer) -> dict[str, list[str]]:
    """For each project, the ranges that were asked for of its wheel; an empty one for all of it."""
    found: dict[str, list[str]] = {}
    for request in index.host.requests:
        if request.path.endswith(".whl"):
            name = request.path.rsplit("/", 1)[1].split("-")[0].replace("_", "-")
            found.setdefault(name, []).append(request.headers.get("range", ""))
    return found


def test_a_wheel_that_comes_whole_is_kept(run: Inside, bare: IndexServer) -> None:
    """Whether others are asked for at the same time or not. What is installed later is there already."""
    done = dry(run, bare, "root")
    assert all(f"{name}-1.0" in done.out for name in NAMES)
    assert {name: len(ranges) for name, ranges in asked(bare).items()} == dict.fromkeys(("root", *NAMES), 1)
    bare.host.requests.clear()
    done = run("download", "--cache-dir", "cache", "-d", "wheels", "-i", bare.url, "root")
    assert (done.code, len(list(Path("wheels").iterdir()))) == (0, 1 + len(NAMES)), done
    assert asked(bare) == {}


def test_the_end_of_a_wheel_is_enough_where_it_is_given(run: Inside, bare: IndexServer) -> None:
    """And then no wheel comes whole."""
    bare.ranges = True
    dry(run, bare, "root")
    assert set(asked(bare)) == {"root", *NAMES}
    assert all(ranges[0] == f"bytes=-{TAIL_BYTES}" and all(ranges) for ranges in asked(bare).values())


def test_a_short_wheel_that_comes_whole_says_nothing_of_ranges(run: Inside, index: IndexServer) -> None:
    """Some servers send all of a file that is no longer than the range."""
    index.sidecars = index.ranges = False
    names = [f"short-{letter}" for letter in "abc"]
    for name in (*names, "long"):
        index.add(name, "1.0", files={"data.bin": LONG} if name == "long" else None)
    index.file_fault("long-1.0-py3-none-any.whl", partial)
    index.add("first", "1.0", requires=[*names, "second"])
    index.add("second", "1.0", requires=["long"])
    dry(run, index, "first")
    found = asked(index)
    assert "" not in found.pop("long")
    assert found == {name: [f"bytes=-{TAIL_BYTES}"] for name in (*names, "first", "second")}


def test_one_long_wheel_without_ranges_among_others(run: Inside, index: IndexServer) -> None:
    """It is asked for once more, in its turn, and the wheels after it are asked for whole."""
    index.sidecars = False
    index.add("first", "1.0", requires=["odd"])
    odd = index.add("odd", "1.0", requires=["last"], files={"data.bin": LONG})
    index.add("last", "1.0", files={"data.bin": LONG})
    index.file_fault(odd.filename, content(odd.data, "application/octet-stream"))
    dry(run, index, "first")
    end = f"bytes=-{TAIL_BYTES}"
    assert asked(index) == {"first": [end], "odd": [end, ""], "last": [""]}


@pytest.mark.parametrize("fault", [times(1, drop(1000)), times(1, drop(TAIL_BYTES))])
def test_a_wheel_that_breaks_off_is_asked_for_again(fault: Fault, run: Inside, bare: IndexServer) -> None:
    """As any download is."""
    bare.file_fault("long_a-1.0-py3-none-any.whl", fault)
    dry(run, bare, NAMES[0])
    assert len(asked(bare)[NAMES[0]]) == 2


def test_other_bytes_are_refused_and_not_kept(run: Inside, bare: IndexServer) -> None:
    """What comes in place of a range has the digest of the page, or it is nothing."""
    (served,) = bare.projects[NAMES[0]].files
    bare.file_fault(served.filename, swapped(served.data[:-1] + b"!"))
    done = run("install", "--dry-run", "--cache-dir", "cache", "-i", bare.url, NAMES[0])
    assert (done.code, "digest" in done.err) == (20, True), done
    assert len(asked(bare)[NAMES[0]]) == 1
    assert not list(Path("cache").rglob("sha256/*/*"))
