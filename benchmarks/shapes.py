"""The shape of the synthetic world: which projects there are, how many versions, and what requires what.

`shapes.json` holds one line for each project. Its numbers (versions, files on the page, bytes of metadata, members
and bytes of the wheel, edges of the graph) were taken once from real requirement sets; its names are invented.
Versions are positions: the oldest usable one is 0. An edge is written `child[extras] LOW:HIGH extra`, where LOW is
how many of the child's oldest versions it excludes, HIGH how many of the newest, and `extra` the parent's extra that
switches it on. Two more forms make the release trains of the backtracking set: `child =` is satisfied by the
child's version at the same distance from the newest, up to the end of its minor series; `child ~STEP:HIGH` by a
window of STEP versions that moves by STEP with each version of the parent and ends HIGH before the newest.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHAPES = Path(__file__).parent / "shapes.json"

#: Patch releases in a minor series, and minor series in a major one.
PATCHES, MINORS = 20, 10

_EDGE = re.compile(
    r"(?P<child>[a-z-]+)(?P<extras>\[[^]]*\])?"
    r"(?: (?P<low>\d+):(?P<high>\d+)| (?P<lockstep>=)| ~(?P<step>\d+):(?P<end>\d+))?"
    r"(?: (?P<extra>x\d+))?\Z"
)


@dataclass(frozen=True, slots=True)
class WheelShape:
    """What is inside the wheel that an install takes: members and bytes of source, of other data, and its size."""

    sources: int
    source_bytes: int
    others: int
    other_bytes: int
    size: int
    scripts: int


@dataclass(frozen=True, slots=True)
class Shape:
    """One project.

    `usable` versions have a wheel for this machine, `unusable` ones do not (old formats, other platforms,
    pre-releases). `files` is how many entries the page has. `metadata` is the size of METADATA in bytes.
    `idle` counts the requirements behind extras nobody asks for and markers that are false. `chosen` is how far from
    the newest version the one lies that the sets end up with.
    """

    name: str
    usable: int
    unusable: int
    files: int
    metadata: int
    idle: int
    native: bool
    requires: tuple[str, ...]
    wheel: WheelShape
    chosen: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """All projects by name, and the roots of each requirement set (edges without a parent)."""

    projects: dict[str, Shape]
    roots: dict[str, tuple[str, ...]]
    extras: dict[str, frozenset[str]]
    """For each project, the extras that anything in the world asks of it."""

    def requirements(self, workload: str) -> list[str]:
        """The lines of a requirements file for one set."""
        return [_render(self, edge, None, 0) for edge in self.roots[workload]]

    def requires_dist(self, shape: Shape, position: int) -> list[str]:
        """The `Requires-Dist` values of one version: the edges of the graph, then the idle ones."""
        return [_render(self, edge, shape, position) for edge in shape.requires] + _idle(shape.idle)


@functools.cache
def load(path: Path = SHAPES) -> World:
    """Read `shapes.json`, or another file of its form."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    projects = {name: _shape(name, value) for name, value in raw["projects"].items()}
    roots = {name: tuple(edges) for name, edges in raw["roots"].items()}
    every = [edge for edges in roots.values() for edge in edges] + [e for p in projects.values() for e in p.requires]
    return World(projects, roots, _extras_asked(every))


def _extras_asked(edges: list[str]) -> dict[str, frozenset[str]]:
    asked: dict[str, frozenset[str]] = {}
    for edge in edges:
        match = _parsed(edge)
        if match["extras"]:
            asked[match["child"]] = asked.get(match["child"], frozenset()) | set(match["extras"][1:-1].split(","))
    return asked


def _shape(name: str, value: dict[str, Any]) -> Shape:
    usable, unusable = value["versions"]
    return Shape(
        name=name,
        usable=usable,
        unusable=unusable,
        files=value["files"],
        metadata=value["metadata"],
        idle=value["idle"],
        native=value.get("native", False),
        requires=tuple(value["requires"]),
        wheel=WheelShape(*value["wheel"]),
        chosen=value.get("chosen", 0),
    )


def version(position: int) -> str:
    """The version at a position among the usable ones."""
    series, patch = divmod(position, PATCHES)
    major, minor = divmod(series, MINORS)
    return f"{major + 1}.{minor}.{patch}"


def position_of(text: str) -> int | None:
    """The inverse of `version`; None for a version that is not one of the usable ones."""
    match = re.fullmatch(r"([1-9]\d*)\.(\d)\.(\d\d?)", text)
    if match is None:
        return None
    major, minor, patch = map(int, match.groups())
    position = ((major - 1) * MINORS + minor) * PATCHES + patch
    return position if version(position) == text else None


def unusable_version(position: int) -> str:
    """The version at a position among the old ones without a usable wheel."""
    return "0.{}.{}".format(*divmod(position, PATCHES))


def _parsed(edge: str) -> re.Match[str]:
    match = _EDGE.match(edge)
    if match is None:
        raise ValueError(f"shapes.json: not an edge: {edge!r}")
    return match


def _render(world: World, edge: str, parent: Shape | None, position: int) -> str:
    match = _parsed(edge)
    child = world.projects[match["child"]]
    text = child.name + (match["extras"] or "") + _specifier(match, child, parent, position)
    return f'{text} ; extra == "{match["extra"]}"' if match["extra"] else text


def _specifier(match: re.Match[str], child: Shape, parent: Shape | None, position: int) -> str:
    behind = parent.usable - 1 - position if parent else 0
    if match["lockstep"]:
        low = max(0, child.usable - 1 - behind)
        return _between(low, (low // PATCHES + 1) * PATCHES)
    if match["step"]:
        end = max(1, child.usable - int(match["end"]) - int(match["step"]) * behind)
        return _between(max(0, end - int(match["step"])), end)
    low, high = int(match["low"] or 0), int(match["high"] or 0)
    if low == child.usable - 1 - high and high:
        return f"=={version(low)}"
    return _between(low, child.usable - high if high else None)


def _between(low: int, end: int | None) -> str:
    parts = [f">={version(low)}"] if low else []
    return ",".join(parts + ([f"<{version(end)}"] if end is not None else []))


def _idle(count: int) -> list[str]:
    conditions = (
        'sys_platform == "win32"',
        'python_version < "3.9"',
        'extra == "dev"',
        'extra == "docs"',
        'extra == "all"',
    )
    return [f"idle-{i}>=1.{i} ; {conditions[i % len(conditions)]}" for i in range(count)]
