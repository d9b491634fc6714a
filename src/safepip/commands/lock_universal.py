"""`safepip lock --universal`: resolve each environment over shared pages, and merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.lock_hashing import with_digests
from safepip.lock.graph import Chosen, Graph, Root, walk
from safepip.lock.universal import Environment, EnvironmentAnswer, environments, joined, split_at
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import SafepipError
from safepip.model.requirement import counts
from safepip.resolution.dependencies import Markers
from safepip.resolution.inputs import ResolverInputs
from safepip.resolution.resolver import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.version import Version

    from safepip.commands.session import Session
    from safepip.edges.indexes.index_reader import Pages
    from safepip.model.candidate import Pin, Resolution
    from safepip.model.page import ProjectFile
    from safepip.model.requirement import Requirement


class Everywhere:
    """All environments of one lock, resolved.

    `preferences` gives the versions to try first, by an environment's markers; `kept` the files to lock of those that
    an index offers for a pin; `lines` are markers that draw lines between environments, beside those that come up.
    """

    def __init__(
        self,
        session: Session,
        preferences: Callable[[Mapping[str, str]], Mapping[str, Version]],
        kept: Callable[[Pin, tuple[ProjectFile, ...]], tuple[ProjectFile, ...]],
        lines: frozenset[str] = frozenset(),
    ) -> None:
        self._session = session
        self._preferences = preferences
        self._kept = kept
        self._lines = lines
        self._pages: Pages = {}
        self.notices: dict[str, None] = {}

    def answers(self) -> list[EnvironmentAnswer]:
        """The answer for each environment, patch versions that make no difference taken together."""
        asked = self._session.asked
        settings = self._session.settings.lock
        assert settings is not None
        own_minor = int(asked.target.version.split(".")[1])
        found: list[EnvironmentAnswer] = []
        for environment in environments(settings.environments, asked.requires_python, own_minor):
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
        session, asked = self._session, self._session.asked
        target = environment.target(asked.target)
        markers = Markers(target.markers)
        catalog = session.catalog_for(target, self._pages)
        try:
            preferences = self._preferences(target.markers)
            inputs = ResolverInputs(
                asked.statements, session.settings, asked.plan.policy, target, asked.table, preferences
            )
            resolution = resolve(
                inputs, catalog=catalog, installed=session.installed, rules=catalog.rules, markers=markers
            )
        except SafepipError as error:
            line = f"for {environment.platform}, Python {environment.low}"
            raise type(error)(*(d._replace(context=(*d.context, line)) for d in error.diagnostics)) from None
        self.notices.update(dict.fromkeys(resolution.notices))
        # What counts here decides, not what counts where the lock is made.
        demands = session.hashes_allowed_for(target)
        files = {
            name: self._kept(
                pin,
                with_digests(
                    session,
                    catalog,
                    pin,
                    catalog.listed(pin.route, pin.candidate),
                    demands.get(name, ANY_BYTES),
                ),
            )
            for name, pin in resolution.pins.items()
            if pin.candidate is not None and pin.direct_url is None
        }
        for name, pin in resolution.pins.items():
            if pin.direct_url is not None and pin.candidate is not None:
                files[name] = (pin.candidate.file,)
        requirements = [r for r in asked.statements.requirements if counts(r, target.markers)]
        edges = self._walk(resolution, requirements, target.markers).edges
        stated = frozenset(str(r.marker) for r in asked.statements.requirements if r.marker is not None)
        scopes = self._scopes(resolution, requirements, target.markers)
        return EnvironmentAnswer(environment, resolution.pins, edges, scopes, files, demands), markers.seen | stated

    def _walk(
        self, resolution: Resolution, requirements: Iterable[Requirement], environment: Mapping[str, str]
    ) -> Graph:
        def chosen(name: str) -> Chosen | None:
            pin = resolution.pins.get(name)
            return None if pin is None else Chosen(pin.version, pin.metadata)

        roots = [Root(r.name, r.extras, r.specifier, str(r.origin)) for r in requirements]
        return walk(roots, chosen, environment, no_deps=self._session.settings.no_deps)

    def _scopes(
        self, resolution: Resolution, requirements: Sequence[Requirement], environment: Mapping[str, str]
    ) -> dict[str, frozenset[str]]:
        """For each project the scopes that need it."""
        found: dict[str, set[str]] = {}
        for scope in {r.scope for r in requirements}:
            for name in self._walk(resolution, [r for r in requirements if r.scope == scope], environment).edges:
                found.setdefault(name, set()).add(scope)
        return {name: frozenset({""} if "" in scopes else scopes) for name, scopes in found.items()}
