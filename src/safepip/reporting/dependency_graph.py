"""Which project needs which, by which requirement: of an environment, of a resolution, or of a lock.

The graph may have circles. Its roots are what the user asks for, or, where that is not known, the projects that nothing
else needs; of projects that only need each other, the first by name.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.wheel.metadata import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement
    from packaging.version import Version

    from safepip.model.resolution import Pin, Requirements
    from safepip.resolution.askers import Asker
    from safepip.resolution.dependencies import Markers


class Need(NamedTuple):
    """An arrow: the normalised name of the other project, and the requirement, as text, which is the reason for it.

    `requirement` is empty where only the name is known, as in a lock. `fits` is False where the project is there in a
    version that the requirement does not admit.
    """

    name: str
    requirement: str = ""
    fits: bool = True


class GraphNode(NamedTuple):
    """A project of the graph. `version` is None where it is not known, as that of a folder in a lock.

    `owner` is the index that it is from, or says where else it is from; empty where that is not known. `extras` are
    those in force. `stated` are the user's statements that ask for it.
    """

    name: str
    version: str | None
    owner: str = ""
    extras: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    stated: tuple[str, ...] = ()


class DependencyGraph(NamedTuple):
    """All projects by normalised name, and the names of the roots in order. A need may name a project that is not
    there."""

    projects: Mapping[str, GraphNode]
    roots: tuple[str, ...]


class InstalledProject(NamedTuple):
    """What is known of an installed distribution: its version, what it requires, and where it is from."""

    version: Version
    requires: Requirements | tuple[Requirement, ...]
    owner: str = ""


def of_environment(installed: Mapping[str, InstalledProject], markers: Markers) -> DependencyGraph:
    """The graph of what is installed, by normalised name. An extra is in force where something asks for it."""
    extras: dict[str, set[str]] = {name: set() for name in installed}
    needs: dict[str, dict[Need, None]] = {name: {} for name in installed}
    waiting = deque(sorted(installed))
    while waiting:
        name = waiting.popleft()
        for requirement in _in_force(installed[name], extras[name], markers):
            child = normalise(requirement.name)
            there = installed.get(child)
            fits = there is None or requirement.specifier.contains(there.version, prereleases=True)
            needs[name][Need(child, printable(str(requirement)), fits)] = None
            more = {normalise(extra) for extra in requirement.extras} - extras.get(child, set())
            if there is not None and more:
                extras[child] |= more
                waiting.append(child)
    projects = {
        name: GraphNode(
            name, str(item.version), item.owner, tuple(sorted(extras[name])), tuple(sorted(needs[name], key=_by_name))
        )
        for name, item in installed.items()
    }
    return DependencyGraph(projects, tuple(_needed_by_none(projects)))


def _in_force(item: InstalledProject, extras: set[str], markers: Markers) -> Iterator[Requirement]:
    """What an installed project requires here. A marker that cannot be evaluated does not hold, as for `pip check`."""
    for requirement in item.requires:
        try:
            if markers.hold(requirement, frozenset(extras | {""})):
                yield requirement
        except MetadataError:
            continue


def of_resolution(
    pins: Mapping[str, Pin], askers: Mapping[str, tuple[Asker, ...]], indexes: Mapping[str, str]
) -> DependencyGraph:
    """The graph of what was chosen; `askers` are what asks for each project, `indexes` the names of their indexes."""
    needs: dict[str, list[Need]] = {}
    stated: dict[str, list[str]] = {}
    for name, found in askers.items():
        for asker in found:
            if asker.project:
                needs.setdefault(asker.project, []).append(Need(name, asker.text))
            else:
                stated.setdefault(name, []).append(f"{asker.who}: {printable(asker.text)}")
    projects = {
        name: GraphNode(
            name,
            str(pin.version),
            indexes.get(name, ""),
            tuple(sorted(pin.extras)),
            tuple(sorted(needs.get(name, ()), key=_by_name)),
            tuple(stated.get(name, ())),
        )
        for name, pin in pins.items()
    }
    return DependencyGraph(projects, tuple(name for name in askers if name in stated and name in projects))


def of_lock(
    entries: Mapping[str, str | None], edges: Mapping[str, Iterable[str]], indexes: Mapping[str, str]
) -> DependencyGraph:
    """The graph of a lock: versions, `edges` and indexes by project. A lock says nothing of specifiers."""
    projects = {
        name: GraphNode(name, version, indexes.get(name, ""), (), tuple(Need(to) for to in sorted(edges.get(name, ()))))
        for name, version in entries.items()
    }
    return DependencyGraph(projects, tuple(_needed_by_none(projects)))


def _needed_by_none(projects: Mapping[str, GraphNode]) -> Iterator[str]:
    """The names from which everything can be reached: those that no other project needs, then one for each circle."""
    needed = {need.name for project in projects.values() for need in project.needs if need.name != project.name}
    reached: set[str] = set()
    for name in (*sorted(projects.keys() - needed), *sorted(projects.keys() & needed)):
        if name not in reached:
            yield name
            reached |= reachable(projects, [name])


def reachable(projects: Mapping[str, GraphNode], roots: Iterable[str], depth: int | None = None) -> set[str]:
    """The names of the projects that can be reached from the roots, in at most `depth` steps."""
    level = [name for name in roots if name in projects]
    found = set(level)
    while level and depth != 0:
        depth = None if depth is None else depth - 1
        following = (need.name for name in level for need in projects[name].needs)
        level = [name for name in dict.fromkeys(following) if name in projects and name not in found]
        found.update(level)
    return found


def inverted(graph: DependencyGraph, names: Iterable[str]) -> DependencyGraph:
    """The same projects with every arrow turned round, from `names` on: what needs a project, and what needs that.

    A project that is needed and not there is a project of this graph, without a version.
    """
    needs: dict[str, list[Need]] = {}
    for project in graph.projects.values():
        for need in project.needs:
            needs.setdefault(need.name, []).append(Need(project.name, need.requirement, need.fits))
    missing = {name: GraphNode(name, None) for name in needs if name not in graph.projects}
    projects = {
        name: project._replace(needs=tuple(sorted(needs.get(name, ()), key=_by_name)))
        for name, project in {**graph.projects, **missing}.items()
    }
    return DependencyGraph(projects, tuple(names))


def _by_name(need: Need) -> tuple[str, str]:
    return need.name, need.requirement
