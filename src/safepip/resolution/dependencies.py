"""What a candidate requires: its metadata read as requirements, in pip's order.

A wheel requires its `Requires-Python` first, so that an unfit Python is found before anything else is fetched; then
its `Requires-Dist`, those whose markers hold. `name[x]` requires that very candidate of `name`, and what the extras
add. An installed distribution that is kept requires what its metadata says, but no Python: it runs already.

A wheel whose metadata cannot be used gets a requirement that is impossible, so that the search passes it over; one line
says so. pip reads the metadata of a version before it offers the version to the search at all. To reach the same result
without waiting for metadata that may never matter, such wheels are remembered, and the search begins again without
them.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.plan import UpgradeStrategy
from safepip.resolution.nodes import (
    ANY_VERSION,
    ExactRequirement,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleRequirement,
    InstalledCandidate,
    PythonCandidate,
    PythonRequirement,
    RefusedCandidate,
    ResolverCandidate,
    ResolverRequirement,
)
from safepip.wheel.metadata import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement as MetadataRequirement

    from safepip.model.candidate import Candidate
    from safepip.model.plan import Settings
    from safepip.model.resolution import CoreMetadata
    from safepip.resolution.catalog import Catalog, Installed, UnsupportedWheel
    from safepip.resolution.limits import Limits


class Markers:
    """Evaluates markers in the target's environment; each text once for each extra."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._known: dict[tuple[str, str], bool] = {}

    @property
    def seen(self) -> frozenset[str]:
        """The texts of all markers that were evaluated: the answer of the search depends on them."""
        return frozenset(text for text, _ in self._known)

    def hold(self, requirement: MetadataRequirement, extras: frozenset[str]) -> bool:
        """Whether a requirement counts with these extras; with none, in the environment without an extra.

        Raises `MetadataError` for a marker that can be parsed but not evaluated: pip could not evaluate it either.
        """
        marker = requirement.marker
        if marker is None:
            return True
        text = str(marker)
        return any(self._holds(text, marker, extra) for extra in extras or ("",))

    def _holds(self, text: str, marker: Any, extra: str) -> bool:
        key = (text, extra)
        try:
            return self._known[key]
        except KeyError:
            pass
        try:
            verdict = bool(marker.evaluate({**self._environment, "extra": extra}))
        except (UndefinedComparison, UndefinedEnvironmentName):
            raise MetadataError(f"a marker that cannot be evaluated: {printable(text, 200)}") from None
        self._known[key] = verdict
        return verdict


class _WrongIdentity(MetadataError):
    """The metadata belongs to another project or version."""


class Unusable(NamedTuple):
    """Why a wheel's metadata cannot be used. Its whole version is passed over with it, as by pip, or only itself."""

    reason: str
    whole_version: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """What one search learns and the next one knows.

    `notices` are lines worth telling, as keys in the order in which they came up. `unsupported` are, by project, errors
    about wheels that constraints name.
    """

    unusable: dict[Candidate, Unusable] = field(default_factory=dict)
    notices: dict[str, None] = field(default_factory=dict)
    unsupported: dict[str, UnsupportedWheel] = field(default_factory=dict)

    def reasons(self, project: str) -> list[tuple[Candidate, str]]:
        """Which candidates of a project were passed over, and why."""
        return [(candidate, why.reason) for candidate, why in self.unusable.items() if candidate.name == project]


class Dependencies:
    """Answers `of(candidate)`, the same objects each time: the search asks again when it goes back.

    `asked_by` is for each project the origin of the first requirement on it; the provider fills it.
    """

    def __init__(
        self,
        catalog: Catalog,
        installed: Installed,
        settings: Settings,
        limits: Limits,
        markers: Markers,
        asked_by: Mapping[str, Origin],
        memory: Memory,
    ) -> None:
        self._catalog = catalog
        self._installed = installed
        self._settings = settings
        self._limits = limits
        self._markers = markers
        self._asked_by = asked_by
        self._known: dict[ResolverCandidate, list[ResolverRequirement]] = {}
        self._memory = memory
        self.refusals: list[Refused] = []
        self.tried: Counter[str] = Counter()
        """How many versions of each project were looked into."""

    def of(self, choice: ResolverCandidate) -> list[ResolverRequirement]:
        """The requirements of a candidate. May block for its metadata."""
        known = self._known.get(choice)
        if known is None:
            try:
                known = list(self._needs_of(choice))
            except MetadataError as error:
                reason = f"{choice} has metadata that cannot be used: {printable(str(error))}"
                self._memory.notices[reason] = None
                known = [ImpossibleRequirement(choice, self._origin(choice), reason)]
                if isinstance(choice, FileCandidate):
                    self._memory.unusable[choice.candidate] = Unusable(reason, not isinstance(error, _WrongIdentity))
            self._known[choice] = known
        return known

    def _needs_of(self, choice: ResolverCandidate) -> Iterator[ResolverRequirement]:
        match choice:
            case RefusedCandidate() | PythonCandidate():
                return
            case ExtrasCandidate():
                yield from self._of_extras(choice)
            case InstalledCandidate():
                if not self._settings.no_deps:
                    choice.metadata = self._installed.metadata(choice.distribution)
                    yield from self._requires(choice, choice.metadata, frozenset())
            case FileCandidate():
                yield from self._of_file(choice)
            case _:
                raise TypeError(f"no requirements are defined for {choice!r}")

    def _of_file(self, choice: FileCandidate) -> Iterator[ResolverRequirement]:
        self.tried[choice.project] += 1
        metadata = choice.metadata = self._catalog.metadata(choice.candidate)
        if metadata.name != choice.project or metadata.version != choice.version:
            raise _WrongIdentity(f"it calls itself {metadata.name} {metadata.version}")
        if metadata.requires_python and not self._settings.selection.ignore_requires_python:
            # pip, too, lets an invalid Requires-Python admit every Python.
            with contextlib.suppress(InvalidSpecifier):
                yield PythonRequirement(SpecifierSet(metadata.requires_python), self._origin(choice))
        if not self._settings.no_deps:
            yield from self._requires(choice, metadata, frozenset())

    def _of_extras(self, choice: ExtrasCandidate) -> Iterator[ResolverRequirement]:
        base = choice.base
        yield ExactRequirement(base, ANY_VERSION, self._origin(base))
        if self._settings.no_deps:
            return
        self.of(base)  # reads base.metadata
        metadata = base.metadata
        if metadata is None:
            return
        for extra in sorted(choice.extras - metadata.provided_extras):
            self._memory.notices[f"{base} does not provide the extra {extra!r}"] = None
        yield from self._requires(base, metadata, choice.extras & metadata.provided_extras)

    def _requires(
        self, parent: ResolverCandidate, metadata: CoreMetadata, extras: frozenset[str]
    ) -> Iterator[ResolverRequirement]:
        origin = self._origin(parent)
        needs: list[ResolverRequirement] = []
        for requirement in metadata.requires.with_extras(extras):
            if self._markers.hold(requirement, extras):
                try:
                    needs.extend(self._limits.needs_of_metadata(requirement, origin))
                except Refused as refusal:
                    self.refusals.append(refusal)
        self._catalog.expect_candidates((w.project, w.specifier, w.extras) for w in needs if self._is_new(w.project))
        yield from needs

    def _is_new(self, project: str) -> bool:
        """Whether the project was not asked for yet, and an installed distribution is not likely to satisfy it."""
        return project not in self._asked_by and (
            self._settings.force_reinstall
            or self._settings.upgrade is UpgradeStrategy.EAGER
            or self._installed.get(project) is None
        )

    def _origin(self, choice: ResolverCandidate) -> Origin:
        asked_by = self._asked_by.get(choice.project)
        return Origin(Source.DISTRIBUTION, f"{choice.project} {choice.version}", parent=asked_by)
