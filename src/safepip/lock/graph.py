"""The graph of a set of chosen distributions: which project needs which, by their metadata.

The search decides which versions are chosen; this walks over what was chosen, from the user's requirements down. It is
how a lock is written (edges, and which extra or group needs a package), how a lock is checked against what is asked
for, and how a lock is compared with the wheels it names. Each node is a project with the extras in force for it; a
dependency counts where its marker holds in the environment (PEP 508).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

from safepip.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packaging.requirements import Requirement as MetadataRequirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from safepip.model.resolution import CoreMetadata

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_WORD = re.compile(r"[a-z_]+")

#: PEP 508's variables, `extra` left out.
VARIABLES = frozenset(
    {
        *("implementation_name", "implementation_version", "os_name", "platform_machine", "platform_release"),
        *("platform_python_implementation", "platform_system", "platform_version", "python_full_version"),
        *("python_version", "sys_platform"),
    }
)


class Root(NamedTuple):
    """Something the user asks for, its own marker already found to hold. `stated` is what was written, for messages."""

    name: str
    extras: frozenset[str]
    specifier: SpecifierSet
    stated: str = ""


class Chosen(NamedTuple):
    """A chosen distribution; `metadata` None where nothing is known of what it requires."""

    version: Version
    metadata: CoreMetadata | None


class Graph(NamedTuple):
    """What a walk reached. All names are normalised.

    `extras` are those in force, for every project reached. `edges` are the projects that each requires, sorted.
    `variables` are the marker variables on which the walk depended. `problems` are sentences: what is missing, and
    what is not the version that is required.
    """

    extras: Mapping[str, frozenset[str]]
    edges: Mapping[str, tuple[str, ...]]
    variables: frozenset[str]
    problems: tuple[str, ...]


def walk(
    roots: Iterable[Root],
    chosen: Callable[[str], Chosen | None],
    environment: Mapping[str, str],
    *,
    no_deps: bool = False,
) -> Graph:
    """Walk from the roots. `chosen` gives the distribution of a project, or None where there is none."""
    return _Walk(chosen, environment, no_deps=no_deps).run(roots)


def variables_of(marker: str) -> frozenset[str]:
    """The variables that a marker's text mentions; text in quotes is not one."""
    return VARIABLES.intersection(_WORD.findall(_QUOTED.sub("", marker)))


class _Walk:
    """One walk; each project is visited again when a further extra is asked of it."""

    def __init__(
        self, chosen: Callable[[str], Chosen | None], environment: Mapping[str, str], *, no_deps: bool
    ) -> None:
        self._chosen = chosen
        self._environment = dict(environment)
        self._no_deps = no_deps
        self._extras: dict[str, frozenset[str]] = {}
        self._edges: dict[str, set[str]] = {}
        self._variables: set[str] = set()
        self._problems: dict[str, None] = {}
        self._verdicts: dict[tuple[str, str], bool] = {}

    def run(self, roots: Iterable[Root]) -> Graph:
        waiting = [(root.name, root.extras, root.specifier, root.stated or root.name) for root in roots]
        visited: set[tuple[str, str]] = set()
        while waiting:
            name, extras, specifier, stated = waiting.pop()
            node = self._chosen(name)
            if node is None:
                self._problems[f"{stated} asks for {name}, which is missing"] = None
                continue
            # Whether a pre-release may be chosen at all was decided by the search.
            if not specifier.contains(node.version, prereleases=True):
                self._problems[f"{stated} asks for {name}{specifier}, and {node.version} is chosen"] = None
            self._extras[name] = self._extras.get(name, frozenset()) | extras
            self._edges.setdefault(name, set())
            for extra in ("", *extras):
                if (name, extra) in visited:
                    continue
                visited.add((name, extra))
                for requirement in self._requires(node, extra):
                    child = normalise(requirement.name)
                    self._edges[name].add(child)
                    below = frozenset(map(normalise, requirement.extras))
                    waiting.append((child, below, requirement.specifier, f"{name} {node.version}"))
        edges = {name: tuple(sorted(children - {name})) for name, children in self._edges.items()}
        return Graph(self._extras, edges, frozenset(self._variables), tuple(sorted(self._problems)))

    def _requires(self, node: Chosen, extra: str) -> Iterable[MetadataRequirement]:
        """The requirements that hold with one extra, or for "" without any."""
        if self._no_deps or node.metadata is None:
            return
        extras = frozenset({extra} if extra else ())
        if not extras <= node.metadata.provided_extras:
            return
        for requirement in node.metadata.requires.with_extras(extras):
            if requirement.marker is None or self._holds(str(requirement.marker), requirement, extra):
                yield requirement

    def _holds(self, text: str, requirement: MetadataRequirement, extra: str) -> bool:
        key = (text, extra)
        if key not in self._verdicts:
            self._variables |= variables_of(text)
            try:
                assert requirement.marker is not None
                self._verdicts[key] = requirement.marker.evaluate({**self._environment, "extra": extra})
            except (UndefinedComparison, UndefinedEnvironmentName):
                self._problems[f"{requirement.name}: the marker {text} cannot be evaluated"] = None
                self._verdicts[key] = False
        return self._verdicts[key]
