"""`safepip lock --universal`: resolve each environment over shared pages, and merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.by_search import search
from safepip.commands.catalogue import open_catalog
from safepip.commands.installed_environment import open_installed
from safepip.commands.lock_sources import files_to_lock
from safepip.commands.resolving import open_building
from safepip.lock.archives import check_names
from safepip.lock.graph import Chosen, Graph, Root, walk
from safepip.lock.universal import Environment, EnvironmentAnswer, environments, joined, split_at
from safepip.model.errors import SafepipError
from safepip.model.requirement import counts
from safepip.resolution.dependencies import Markers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.version import Version

    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.index_reader import Pages
    from safepip.model.page import ProjectFile
    from safepip.model.requirement import Requirement
    from safepip.model.resolution import Pin, Resolution


class Everywhere:
    """All environments of one lock, resolved.

    `preferences` gives the versions to try first, by an environment's markers; `kept` the files to lock of those that
    an index offers for a pin; `lines` are markers that draw lines between environments, beside those that come up.
    """

    def __init__(
        self,
        inputs: Inputs,
        resources: Resources,
        preferences: Callable[[Mapping[str, str]], Mapping[str, Version]],
        kept: Callable[[Pin, tuple[ProjectFile, ...]], tuple[ProjectFile, ...]],
        lines: frozenset[str] = frozenset(),
    ) -> None:
        self._inputs = inputs
        self._resources = resources
        self._preferences = preferences
        self._kept = kept
        self._lines = lines
        self._pages: Pages = {}
        # Code is built here, whatever the environment: what it requires is stated with its markers.
        self._building = open_building(inputs, resources)
        self.notices: dict[str, None] = {}

    def answers(self) -> list[EnvironmentAnswer]:
        """The answer for each environment, patch versions that make no difference taken together."""
        inputs = self._inputs
        settings = inputs.settings.lock
        assert settings is not None
        own_minor = int(inputs.target.version.split(".")[1])
        found: list[EnvironmentAnswer] = []
        for environment in environments(settings.environments, inputs.requires_python, own_minor):
            waiting = [environment]
            while waiting:
                part = waiting.pop()
                answer, markers = self._answer(part)
                parts = split_at(part, markers | self._lines)
                if len(parts) == 1:
                    found.append(answer)
                else:
                    waiting += reversed(parts)
        return joined(found)

    def _answer(self, environment: Environment) -> tuple[EnvironmentAnswer, frozenset[str]]:
        """The answer for one environment, and the markers on which it depended."""
        # What counts here decides, not what counts where the lock is made.
        inputs = self._inputs._replace(target=environment.target(self._inputs.target))
        markers, environ = Markers(inputs.target.markers), inputs.target.markers
        try:
            inputs = self._building.with_names(inputs)
            catalog = open_catalog(inputs, self._resources, self._pages, self._building)
            installed = open_installed(inputs, self._resources)
            found = search(inputs, installed, catalog, self._preferences(environ), markers)
            resolution = self._building.with_origins(found)
            settings = inputs.settings.lock
            if settings is not None and not settings.requirements:
                check_names(resolution.pins.values())
            self._resources.advisories.check_pins([resolution.pins[name] for name in resolution.to_install])
        except SafepipError as error:
            line = f"for {environment.platform}, Python {environment.low}"
            raise type(error)(*(d._replace(context=(*d.context, line)) for d in error.diagnostics)) from None
        self.notices.update(dict.fromkeys(resolution.notices))
        files = {
            name: files_to_lock(inputs, self._resources, catalog, pin, self._kept)
            for name, pin in resolution.pins.items()
            if pin.candidate is not None
        }
        requirements = [r for r in inputs.statements.requirements if counts(r, environ)]
        edges = self._walk(resolution, requirements, environ).edges
        stated = frozenset(str(r.marker) for r in self._inputs.statements.requirements if r.marker is not None)
        scopes = self._scopes(resolution, requirements, environ)
        demands = inputs.allowed_hashes()
        return EnvironmentAnswer(environment, resolution.pins, edges, scopes, files, demands), markers.seen | stated

    def _walk(
        self, resolution: Resolution, requirements: Iterable[Requirement], environment: Mapping[str, str]
    ) -> Graph:
        def chosen(name: str) -> Chosen | None:
            pin = resolution.pins.get(name)
            return None if pin is None else Chosen(pin.version, pin.metadata)

        roots = [Root(r.name, r.extras, r.specifier, str(r.origin)) for r in requirements]
        return walk(roots, chosen, environment, no_deps=self._inputs.settings.no_deps)

    def _scopes(
        self, resolution: Resolution, requirements: Sequence[Requirement], environment: Mapping[str, str]
    ) -> dict[str, frozenset[str]]:
        """For each project the scopes that need it."""
        found: dict[str, set[str]] = {}
        for scope in {r.scope for r in requirements}:
            for name in self._walk(resolution, [r for r in requirements if r.scope == scope], environment).edges:
                found.setdefault(name, set()).add(scope)
        return {name: frozenset({""} if "" in scopes else scopes) for name, scopes in found.items()}
