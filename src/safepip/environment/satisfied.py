"""Recognises the most common run: everything that is asked for is installed already, and nothing has to be done.

pip keeps an installed distribution that satisfies all that is asked of it (without `--upgrade`, `--force-reinstall`
and `--ignore-installed`). Where that holds for the user's requirements and for everything below them, the search
could only keep each of them, so it is not begun, and neither the resolver nor the network is loaded for it.

Where the run asks for a project by digest, an installation that is known to be of other bytes does not satisfy it.

Where it is not certain that all is satisfied, the answer is None, and the search decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.plan import UpgradeStrategy
from safepip.model.requirement import counts
from safepip.model.resolution import Pin, Resolution
from safepip.model.route import Route, RoutingRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement as MetadataRequirement
    from packaging.specifiers import SpecifierSet

    from safepip.model.plan import Settings
    from safepip.model.requirement import Statements
    from safepip.model.resolution import CoreMetadata, InstalledDistribution

    class Installed(Protocol):
        """The distributions of the target."""

        def get(self, name: str) -> InstalledDistribution | None: ...
        def metadata(self, distribution: InstalledDistribution) -> CoreMetadata: ...


class _Undecided(Exception):
    """Something is missing, or needs a decision."""


def nothing_to_do(
    statements: Statements, installed: Installed, settings: Settings, environment: Mapping[str, str]
) -> Resolution | None:
    """The resolution that keeps everything, or None where that is not certain. Reads one file for each distribution
    reached."""
    if settings.force_reinstall or settings.ignore_installed or settings.upgrade is not UpgradeStrategy.TO_SATISFY_ONLY:
        return None
    if any(r.url for r in statements.requirements) or any(c.url for c in statements.constraints):
        return None
    try:
        return _Walk(statements, installed, settings, environment).keep()
    except _Undecided:
        return None


class _Walk:
    """One walk from the requirements down; each `(name, extras)` is visited once."""

    def __init__(
        self, statements: Statements, installed: Installed, settings: Settings, environment: Mapping[str, str]
    ) -> None:
        self._statements = statements
        self._installed = installed
        self._no_deps = settings.no_deps
        self._environment = dict(environment)
        self._limits: dict[str, list[SpecifierSet]] = {}
        for constraint in statements.constraints:
            if counts(constraint, environment):
                self._limits.setdefault(constraint.name, []).append(constraint.specifier)
        self._kept: dict[str, InstalledDistribution] = {}
        self._extras: dict[str, frozenset[str]] = {}
        self._askers: dict[str, dict[Origin, None]] = {}
        self._below: dict[str, set[str]] = {}
        self._visited: set[tuple[str, frozenset[str]]] = set()

    def keep(self) -> Resolution:
        """Walk, and make the pins. Raises `_Undecided`."""
        asked = [r for r in self._statements.requirements if counts(r, self._environment)]
        waiting = [(r.name, r.specifier, r.extras, r.origin) for r in asked]
        while waiting:
            name, specifier, extras, origin = waiting.pop()
            distribution = self._fitting(name, specifier)
            self._askers.setdefault(name, {})[origin] = None
            if (name, extras) in self._visited:
                continue
            self._visited.add((name, extras))
            self._extras[name] = self._extras.get(name, frozenset()) | extras
            here = Origin(Source.DISTRIBUTION, f"{name} {distribution.version}", parent=origin)
            for requirement in self._requires(distribution, extras):
                child = normalise(requirement.name)
                self._below.setdefault(name, set()).add(child)
                waiting.append((child, requirement.specifier, frozenset(map(normalise, requirement.extras)), here))
        requested = {r.name for r in asked}
        return Resolution({name: self._pin(name, requested=name in requested) for name in sorted(self._kept)})

    def _fitting(self, name: str, specifier: SpecifierSet) -> InstalledDistribution:
        distribution = self._kept.get(name)
        if distribution is None:
            distribution = self._installed.get(name)
            if distribution is None or distribution.other:
                raise _Undecided
            for limit in self._limits.get(name, ()):
                if not limit.contains(distribution.version, prereleases=True):
                    raise _Undecided
            self._kept[name] = distribution
        if not specifier.contains(distribution.version, prereleases=True):
            raise _Undecided
        return distribution

    def _requires(self, distribution: InstalledDistribution, extras: frozenset[str]) -> Iterator[MetadataRequirement]:
        if self._no_deps:
            return
        metadata = self._installed.metadata(distribution)
        if not extras <= metadata.provided_extras:
            raise _Undecided  # the search says which extra there is not
        for requirement in metadata.requires.with_extras(extras):
            if any(self._holds(requirement, extra) for extra in extras or ("",)):
                if requirement.url is not None:
                    raise _Undecided
                yield requirement

    def _holds(self, requirement: MetadataRequirement, extra: str) -> bool:
        try:
            return requirement.marker is None or requirement.marker.evaluate({**self._environment, "extra": extra})
        except (ValueError, LookupError):  # a comparison or a variable that is not defined: the search says so
            raise _Undecided from None

    def _pin(self, name: str, *, requested: bool) -> Pin:
        distribution = self._kept[name]
        return Pin(
            name,
            distribution.version,
            Route(name, RoutingRule.INSTALLED, None),
            installed=distribution,
            extras=self._extras.get(name, frozenset()),
            requested=requested,
            requires=tuple(sorted(self._below.get(name, set()) - {name})),
            required_by=tuple(self._askers[name]),
        )
