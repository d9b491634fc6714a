"""Synthetic worlds that differ in one number, as files of shapes: what `growth.py` measures along.

Each series is a question: what becomes of time and memory where this number grows? A point is one world, with one set
of requirements, `G`. The least number is 1: what a run costs whatever it does.
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple

#: As long as the longest names that real projects have.
_LONG = "an-unusually-long-name-of-a-project-that-no-column-of-any-table-was-ever-made-for"


class Series(NamedTuple):
    """What is counted, the counts, and the world of a count; and whether its wheels are installed, too."""

    name: str
    counts: tuple[int, ...]
    installs: bool = False

    def shapes(self, count: int) -> dict[str, Any]:
        """The content of a file of shapes."""
        return _WORLDS[self.name](count)


SERIES = (
    Series("distributions", (1, 10, 50, 100, 200, 400), installs=True),
    Series("versions on a page", (1, 10, 100, 1_000, 10_000)),
    Series("files on a page, with long names", (1, 10, 100, 1_000, 10_000)),
    Series("versions that are tried", (1, 10, 30, 100, 300, 1_000)),
)


def _project(versions: int, files: int, requires: list[str], *, native: bool = False) -> dict[str, Any]:
    """One project: twelve modules and four other files in its wheel, 25 kB."""
    return {
        "versions": [versions, 0],
        "files": files,
        "metadata": 4000,
        "idle": 3,
        "native": native,
        "requires": requires,
        "wheel": [12, 20_000, 4, 5_000, 12_000, 0],
    }


def _letters(number: int) -> str:
    """A name for each number: `fg` and the like. Names have letters only."""
    high, low = divmod(number, 26)
    return "p-" + string.ascii_lowercase[high // 26] + string.ascii_lowercase[high % 26] + string.ascii_lowercase[low]


def _distributions(count: int) -> dict[str, Any]:
    """A tree in which each project requires three more, and one that others require as well."""
    projects = {}
    for number in range(count):
        below = [number * 3 + step for step in (1, 2, 3)] + [number * 2 + 5]
        requires = [f"{_letters(child)} 3:0" for child in sorted(set(below)) if child < count]
        projects[_letters(number)] = _project(20, 40, requires)
    return {"projects": projects, "roots": {"G": [_letters(0)]}}


def _versions(count: int) -> dict[str, Any]:
    return {"projects": {"page": _project(count, count, [])}, "roots": {"G": ["page"]}}


def _files(count: int) -> dict[str, Any]:
    """Twenty files a version, of which one is for this machine."""
    shape = _project(max(1, count // 20), count, [], native=True)
    return {"projects": {_LONG: shape}, "roots": {"G": [_LONG]}}


def _tried(count: int) -> dict[str, Any]:
    """Each version of a train needs the rail of the same day, and the newest rails are excluded: all of its newer
    versions have to be tried."""
    train, rail = _project(count + 5, count + 5, ["rail ~1:0"]), _project(count + 5, count + 5, [])
    return {"projects": {"train": train, "rail": rail}, "roots": {"G": ["train", f"rail 0:{count}"]}}


_WORLDS = {
    "distributions": _distributions,
    "versions on a page": _versions,
    "files on a page, with long names": _files,
    "versions that are tried": _tried,
}
