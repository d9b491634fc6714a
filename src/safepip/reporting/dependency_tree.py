"""The graph of dependencies as a tree of lines for people, and as data for programs.

A line has the project, its version, why it is needed, and its index. What stands below a project is shown once; each
later time `(*)` takes its place, unless less of it was shown, and `(circle)` where a project needs itself in the end.
So without a depth the tree is no longer than the graph has arrows, and no circle is followed.
"""

from __future__ import annotations

import json
import re
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.reporting.dependency_graph import reachable
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.reporting.dependency_graph import DependencyGraph, Need

_NAME = re.compile(r"[A-Za-z0-9._-]+\s*")


class Branches(NamedTuple):
    """What a tree is drawn with: before a child, before the last child, and below each of them."""

    child: str
    last: str
    line: str
    gap: str


DRAWN = Branches("├── ", "└── ", "│   ", "    ")
PLAIN = Branches("|-- ", "`-- ", "|   ", "    ")


class _Place(NamedTuple):
    """A project where it stands in the tree: what leads to it, what is drawn before it, and what is above it."""

    need: Need
    before: str
    below: str
    above: tuple[str, ...]


def lines(
    graph: DependencyGraph, *, depth: int | None = None, branches: Branches = DRAWN, owners: bool = True
) -> Iterator[str]:
    """The tree, `depth` steps deep at most. `owners` False leaves out where the projects are from."""
    from safepip.reporting.dependency_graph import Need

    shown: dict[str, float] = {}
    repeated = False
    waiting = [_Place(Need(name), "", "", ()) for name in reversed(graph.roots)]
    while waiting:
        place = waiting.pop()
        name, project = place.need.name, graph.projects.get(place.need.name)
        text = f"{place.before}{_line(graph, place, owners=owners)}"
        if project is None or not project.needs or len(place.above) == depth:
            yield text
        elif name in place.above:
            yield f"{text}  (circle)"
        elif shown.get(name, -1) >= (steps := (depth or inf) - len(place.above)):
            repeated = True
            yield f"{text}  (*)"
        else:
            yield text
            shown[name] = steps
            children = list(_children(place, project.needs, branches))
            waiting += reversed(children)
    if repeated:
        yield "(*) what it needs is shown above"


def _children(place: _Place, needs: tuple[Need, ...], branches: Branches) -> Iterator[_Place]:
    above = (*place.above, place.need.name)
    for number, need in enumerate(needs, 1):
        last = number == len(needs)
        before = place.below + (branches.last if last else branches.child)
        yield _Place(need, before, place.below + (branches.gap if last else branches.line), above)


def _line(graph: DependencyGraph, place: _Place, *, owners: bool) -> str:
    """A project with its version, why it is there, and where it is from."""
    need, project = place.need, graph.projects.get(place.need.name)
    if project is None:
        return "  ".join(filter(None, (need.name, _reason(need), "not there")))
    extras = f"[{','.join(project.extras)}]" if project.extras else ""
    words = [
        f"{project.name}{extras} {printable(project.version or '')}".rstrip(),
        _reason(need),
        "" if need.fits else "does not fit",
        *project.stated,
        f"[{printable(project.owner)}]" if owners and project.owner else "",
    ]
    return "  ".join(filter(None, words))


def _reason(need: Need) -> str:
    """The requirement without the name and the marker, both of which are known."""
    return _NAME.sub("", need.requirement.partition(";")[0], count=1).strip()


def as_json(graph: DependencyGraph, *, depth: int | None = None) -> str:
    """The projects that the tree would show, each once, and the roots."""
    found = reachable(graph.projects, graph.roots, depth)
    data = {
        "version": "1",
        "roots": [name for name in graph.roots if name in graph.projects],
        "projects": [
            {
                "name": project.name,
                "version": project.version,
                "index": project.owner or None,
                "extras": list(project.extras),
                "stated": list(project.stated),
                "needs": [
                    {
                        "name": need.name,
                        "requirement": need.requirement or None,
                        "there": need.name in graph.projects,
                        "fits": need.fits,
                    }
                    for need in project.needs
                ],
            }
            for project in (graph.projects[name] for name in sorted(found))
        ],
    }
    return disarm_data(json.dumps(data, indent=2, ensure_ascii=False))
