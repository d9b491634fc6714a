"""The resolvelib provider: pip's preferences over safepip's catalogue.

For the same index, options, Python and installed set the search must end with pip's versions, so the order in
which it visits nodes is pip's (its `PipProvider` and `Factory`):

- Of the open identifiers, the target's Python alone if it is open; else those that caused the current
  backtrack; else those that were found open in five conflicts or more.
- Among those: the promoted ones, then wheels named directly, then pinned, then bounded above, then in the
  order of the user, then those with any specifier, then by name.
- Candidates of an identifier: the installed distribution first, or at its place by version where an upgrade
  was asked for, then those of the index, one for each version.

What differs from pip: source archives are candidates only where their build is approved; a refused project does not
end the search, so that all refusals of a run are found together (`refusals`); an index that failed ends it at once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from packaging.version import Version
from resolvelib import AbstractProvider

from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused
from safepip.model.plan import UpgradeStrategy
from safepip.resolution.catalog import Catalog, Installed, UnsupportedWheel
from safepip.resolution.dependencies import Dependencies
from safepip.resolution.enforcement import NO_VERSION, RefusedIfChosen
from safepip.resolution.intersections import Intersections
from safepip.resolution.nodes import (
    PYTHON,
    ExactRequirement,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleRequirement,
    InstalledCandidate,
    PythonCandidate,
    RefusedCandidate,
    ResolverCandidate,
    ResolverRequirement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

    from safepip.model.candidate import Candidate
    from safepip.model.origin import Origin
    from safepip.resolution.dependencies import Markers, Memory
    from safepip.resolution.inputs import ResolverInputs
    from safepip.resolution.judged import JudgedCandidates
    from safepip.resolution.limits import Limits

#: In how many conflicts an identifier has to be found open before it is decided early (pip's threshold).
_PROMOTED_AFTER = 5

#: How many versions of a project that keeps failing are looked into ahead of the search.
_MOST_AHEAD = 16


class Provider(AbstractProvider[ResolverRequirement, ResolverCandidate, str]):
    """See the module. One provider serves one search.

    `refusals` is what was refused on the way; the result must not be used if there are any.
    """

    def __init__(
        self,
        inputs: ResolverInputs,
        limits: Limits,
        catalog: Catalog,
        installed: Installed,
        markers: Markers,
        judged: JudgedCandidates,
        memory: Memory,
    ) -> None:
        self._preferences = inputs.preferences
        self._catalog = catalog
        self.judged = judged
        self._installed = installed
        self.finder = judged.finder
        self._settings = inputs.settings
        self._limits = limits
        self._python = PythonCandidate(Version(inputs.target.version))
        self._asked_by: dict[str, Origin] = {}
        self.memory = memory
        self._refusals: dict[str, Refused] = {}
        self.stand_ins: dict[str, RefusedCandidate] = {}
        self._open_in_conflicts: defaultdict[str, int] = defaultdict(int)
        self._promoted: set[str] = set()
        self._files: dict[int, FileCandidate] = {}
        self._extras: dict[tuple[int, frozenset[str]], ExtrasCandidate] = {}
        self._installed_candidates: dict[str, InstalledCandidate | None] = {}
        self._dependencies = Dependencies(catalog, installed, inputs.settings, limits, markers, self._asked_by, memory)
        self.intersections = Intersections()
        self._satisfied: dict[tuple[int, int], bool] = {}

    @property
    def notices(self) -> dict[str, None]:
        """Lines worth reporting, as keys in the order in which they came up."""
        return self.memory.notices

    @property
    def refusals(self) -> list[Refused]:
        """What was refused so far: projects, then requirements that a distribution may not make."""
        return [*self._refusals.values(), *self._dependencies.refusals]

    def note(self, refusal: Refused) -> None:
        """Keep a refusal that ended the search."""
        self._dependencies.refusals.append(refusal)

    def refuse(self, project: str, refusal: Refused) -> None:
        """Keep the first refusal of a project."""
        self._refusals.setdefault(project, refusal)

    # --- resolvelib's questions ---------------------------------------------------------------------------

    def identify(self, requirement_or_candidate: ResolverRequirement | ResolverCandidate) -> str:
        return requirement_or_candidate.name

    def narrow_requirement_selection(
        self,
        identifiers: Iterable[str],
        resolutions: Mapping[str, ResolverCandidate],
        candidates: Mapping[str, Iterator[ResolverCandidate]],
        information: Mapping[str, Iterator[Any]],
        backtrack_causes: Sequence[Any],
    ) -> Iterable[str]:
        causes: set[str] = set()
        for cause in backtrack_causes:
            names = [cause.requirement.name]
            if cause.parent is not None:
                names.append(cause.parent.name)
            for name in names:
                causes.add(name)
                if name not in resolutions:
                    self._open_in_conflicts[name] += 1
                    if self._open_in_conflicts[name] >= _PROMOTED_AFTER:
                        self._promoted.add(name)
        now, promoted = [], []
        identifiers = list(identifiers)
        for name in identifiers:
            if name == PYTHON:
                return [name]
            if name in causes:
                now.append(name)
            elif name in self._promoted:
                promoted.append(name)
        return now or promoted or identifiers

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, ResolverCandidate],
        candidates: Mapping[str, Iterator[ResolverCandidate]],
        information: Mapping[str, Iterator[Any]],
        backtrack_causes: Sequence[Any],
    ) -> tuple[bool, bool, bool, bool, float, bool, str]:
        direct = pinned = bounded = False
        free = True
        for information_of in information[identifier]:
            need = information_of.requirement
            if isinstance(need, ExactRequirement):
                direct = True
            pinned = pinned or need.pinned
            bounded = bounded or need.bounded
            free = free and need.free
        order = self._limits.order.get(identifier, math.inf)
        return (identifier not in self._promoted, not direct, not pinned, not bounded, order, free, identifier)

    def is_satisfied_by(self, requirement: ResolverRequirement, candidate: ResolverCandidate) -> bool:
        if isinstance(candidate, RefusedCandidate):
            return True
        key = (id(requirement), id(candidate))
        try:
            return self._satisfied[key]
        except KeyError:
            return self._satisfied.setdefault(key, requirement.admits(candidate))

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[ResolverRequirement]],
        incompatibilities: Mapping[str, Iterator[ResolverCandidate]],
    ) -> Callable[[], Iterator[ResolverCandidate]] | Sequence[ResolverCandidate]:
        needs = list(requirements[identifier])
        incompatible = {id(choice) for choice in incompatibilities[identifier]}
        project, _, bracket = identifier.partition("[")
        base_needs = list(requirements.get(project, ())) if bracket else []
        if not (needs or base_needs) or (needs and isinstance(needs[0], ImpossibleRequirement)):
            # No requirement is left: the candidates that had one were given up. As in pip, nothing is offered.
            return []
        if identifier == PYTHON:
            # Incompatible like any other: the search may go back to this candidate, and must not find it again then.
            fits = id(self._python) not in incompatible and all(self.is_satisfied_by(w, self._python) for w in needs)
            return [self._python] if fits else []
        extras = frozenset().union(*(need.extras for need in needs))
        self._asked_by.setdefault(project, (needs or base_needs)[0].origin)
        try:
            named = frozenset(bracket.removesuffix("]").split(",")) if bracket else frozenset()
            explicit = self._explicit(needs, base_needs, named, project)
            if explicit:
                return [c for c in explicit if id(c) not in incompatible and self._fits(c, needs, project)]
            return self._found(project, extras, [*needs, *base_needs], incompatible)
        except Refused as refusal:
            stand_in = self._stand_in(project, extras, refusal)
            return [] if id(stand_in) in incompatible else [stand_in]
        except UnsupportedWheel as error:
            self.memory.unsupported.setdefault(project, error)
            return []  # a constraint names it: as in pip, the project cannot be had, and what requires it is left

    def get_dependencies(self, candidate: ResolverCandidate) -> Iterable[ResolverRequirement]:
        return self._dependencies.of(candidate)

    def _stand_in(self, project: str, extras: frozenset[str], refusal: Refused) -> RefusedCandidate:
        """Note the refusal, once a project, and give the candidate with which the search goes on; always the same."""
        only = refusal if isinstance(refusal, RefusedIfChosen) else None
        if only is None:
            self.refuse(project, refusal)
        made = RefusedCandidate(project, NO_VERSION if only is None else only.version, extras)
        stand_in = self.stand_ins.setdefault(f"{made}", made)
        stand_in.refusal = only  # it names all requirements known by now
        return stand_in

    # --- candidates -----------------------------------------------------------------------------------------

    def _fits(self, choice: ResolverCandidate, needs: Sequence[ResolverRequirement], project: str) -> bool:
        limit = self._limits.constraints.get(project)
        if limit is not None and not limit.admits(choice):
            return False
        return all(self.is_satisfied_by(need, choice) for need in needs)

    def _explicit(
        self,
        needs: Sequence[ResolverRequirement],
        base_needs: Sequence[ResolverRequirement],
        extras: frozenset[str],
        project: str,
    ) -> list[ResolverCandidate]:
        """The candidates that are named directly: by a URL, by a candidate with extras, by a constraint's URL."""
        found: dict[int, ResolverCandidate] = {}
        for need in needs:
            if isinstance(need, ExactRequirement):
                found[id(need.choice)] = need.choice
        for need in base_needs:
            if isinstance(need, ExactRequirement):
                choice: ResolverCandidate = self.with_extras(need.choice, extras)
                found[id(choice)] = choice
        limit = self._limits.constraints.get(project)
        if (
            limit is not None
            and limit.direct
            and any(not isinstance(w, ExactRequirement) for w in (*needs, *base_needs))
        ):
            for constraint in limit.direct:
                choice = self.direct_candidate(constraint)
                choice = self.with_extras(choice, extras) if extras else choice
                found[id(choice)] = choice
        return list(found.values())

    def direct_candidate(self, requirement: Any) -> FileCandidate:
        """The candidate for a wheel that a requirement or constraint names by URL or path."""
        candidate = self._catalog.direct(requirement)
        return self._file(candidate, self._limits.direct_route(candidate.name), requirement.url)

    def with_extras(self, base: ResolverCandidate, extras: frozenset[str]) -> ExtrasCandidate:
        """The one candidate of these extras on top of this base."""
        key = (id(base), extras)
        try:
            return self._extras[key]
        except KeyError:
            choice = self._extras[key] = ExtrasCandidate(base, extras)
            return choice

    def _file(self, candidate: Candidate, route: Any, direct_url: str | None = None) -> FileCandidate:
        try:
            return self._files[id(candidate)]
        except KeyError:
            choice = self._files[id(candidate)] = FileCandidate(candidate, route, direct_url)
            return choice

    def _found(
        self, project: str, extras: frozenset[str], needs: Sequence[ResolverRequirement], incompatible: set[int]
    ) -> Callable[[], Iterator[ResolverCandidate]]:
        """The installed distribution and the index's candidates, in pip's order, lazily."""
        limit = self._limits.constraints.get(project)
        specifier = self.intersections.of([*((limit.specifier,) if limit else ()), *(w.specifier for w in needs)])
        hashes = limit.hashes if limit else ANY_BYTES
        for need in needs:
            hashes = hashes.and_(need.hashes)
        keep = self.keepable(project, extras, specifier)
        if keep is not None and id(keep) in incompatible:
            keep = None
        upgrade = self._may_upgrade(project, needs[0].name)
        if keep is None or upgrade:
            # The candidates will be asked for in any case: ask now, so that a refusal is met here.
            self.judged.candidates_for(project, needs)
        if keep is None:
            self.judged.check_held(project, needs, limit, hashes)

        def in_turn() -> Iterator[ResolverCandidate]:
            first = None if keep is None or upgrade else keep
            inserted = keep if first is None else None
            if first is not None:
                yield first
            try:
                candidates = self.judged.candidates(project, needs, limit, specifier, hashes)
                for choice in self._by_version(project, extras, needs, candidates, inserted, incompatible):
                    if first is None or choice.version != first.version:
                        yield choice
            except Refused as refusal:
                yield self._stand_in(project, extras, refusal)

        return lambda: (choice for choice in in_turn() if id(choice) not in incompatible)

    def _by_version(
        self,
        project: str,
        extras: frozenset[str],
        needs: Sequence[ResolverRequirement],
        candidates: Sequence[Candidate],
        keep: ResolverCandidate | None,
        incompatible: set[int],
    ) -> Iterator[ResolverCandidate]:
        """The index's candidates, one for each version; `keep` comes before the first that is not newer."""
        routed = self.judged.candidates_for(project, needs)
        seen: set[Version] = set()
        candidates = self._preferred_first(project, candidates)
        for position, candidate in enumerate(candidates):
            if candidate.version in seen:
                continue
            self._look_ahead(project, candidates, position, incompatible)
            if keep is not None and keep.version >= candidate.version:
                # The very same version from the index comes next: what it requires may differ.
                yield keep
                keep = None
            if candidate in self.memory.unusable:
                if self.memory.unusable[candidate].whole_version:
                    seen.add(candidate.version)
                continue
            seen.add(candidate.version)
            choice: ResolverCandidate = self._file(candidate, routed.route)
            yield self.with_extras(choice, extras) if extras else choice
        if keep is not None:
            yield keep

    def _preferred_first(self, project: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """A lock's version before all others, as long as it may be chosen at all."""
        preferred = self._preferences.get(project)
        if preferred is None or (candidates and candidates[0].version == preferred):
            return candidates
        return sorted(candidates, key=lambda candidate: candidate.version != preferred)

    def _look_ahead(self, project: str, candidates: Sequence[Candidate], position: int, incompatible: set[int]) -> None:
        """Ask for the metadata of the version that comes next; of several where the project keeps failing.

        The search may walk over many versions without asking anew for candidates, so this is called for each.
        Of several only where the index has sidecars: guesses must not fetch whole wheels. Nothing is asked about source
        archives.
        """
        tried = self._dependencies.tried[project]
        ahead = 1 if tried < 2 else min(2**tried, _MOST_AHEAD)
        seen: set[Version] = set()
        for candidate in islice(candidates, position, None):
            if candidate.version in seen:
                continue
            seen.add(candidate.version)
            choice = self._files.get(id(candidate))
            if choice is not None and id(choice) in incompatible:
                continue
            if candidate.is_wheel:
                self._catalog.expect_metadata(candidate)
            ahead -= 1
            if ahead <= 0 or (candidate.is_wheel and candidate.file.metadata is None):
                return

    def keepable(self, project: str, extras: frozenset[str], specifier: SpecifierSet) -> ResolverCandidate | None:
        """The installed distribution where it may stay: not with --force-reinstall, and only if it fits."""
        if self._settings.force_reinstall:
            return None
        if project not in self._installed_candidates:
            distribution = self._installed.get(project)
            self._installed_candidates[project] = None if distribution is None else InstalledCandidate(distribution)
        choice = self._installed_candidates[project]
        if choice is None or choice.distribution.other or not specifier.contains(choice.version, prereleases=True):
            return None
        return self.with_extras(choice, extras) if extras else choice

    def _may_upgrade(self, project: str, name: str) -> bool:
        strategy = self._settings.upgrade
        if strategy is UpgradeStrategy.EAGER:
            return True
        if strategy is UpgradeStrategy.ONLY_IF_NEEDED:
            return name in self._limits.order or project in self._limits.order
        return False
