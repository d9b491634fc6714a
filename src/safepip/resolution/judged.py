"""Candidates from which the search may choose: those of projects to which no rule on projects has an objection.

The name is judged first, because no index is asked for a name that is refused; then, with the page, its status and its
age; then whether the files that fit are held back or yanked (`enforcement`).
"""

from __future__ import annotations

from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from safepip.model.errors import Refused, SafepipError, with_askers
from safepip.model.finding import HeldBack
from safepip.resolution.enforcement import NO_VERSION, RefusedIfChosen, check_held, is_own, permitted, yank_allowed
from safepip.resolution.quarantine import check_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from safepip.index.finder import Finder
    from safepip.model.candidate import Candidate
    from safepip.model.digest import RequiredDigests
    from safepip.model.exemption import Allowed, Exemption
    from safepip.model.finding import Diagnostic
    from safepip.model.resolution import Pin
    from safepip.resolution.catalog import Catalog, RoutedCandidates
    from safepip.resolution.limits import Limit
    from safepip.resolution.nodes import ResolverRequirement
    from safepip.vetting.names import NameRules, NameVerdict


class JudgedCandidates:
    """The catalogue's candidates, each project judged once a search."""

    def __init__(
        self,
        catalog: Catalog,
        names: NameRules,
        finder: Finder,
        exemptions: Sequence[Exemption] = (),
        preferences: Mapping[str, Version] = MappingProxyType({}),
    ) -> None:
        self._catalog = catalog
        self.finder = finder
        self._exemptions = exemptions
        self._preferences = preferences
        self._read: dict[str, RoutedCandidates] = {}
        self._names = names
        self._passed: dict[str, tuple[NameVerdict, NameVerdict]] = {}

    def candidates_for(self, project: str, needs: Sequence[ResolverRequirement]) -> RoutedCandidates:
        """The project's candidates. Raises `Refused`, and what the catalogue raises."""
        known = self._passed.get(project)
        before = self._names.by_name(project) if known is None else known[0]
        if before.refusal is not None:
            raise _refused(before.refusal, needs)
        routed = self._catalog.candidates_for(project, [need.origin for need in needs])
        if known is None:
            check_status(project, routed, needs)
            after = self._names.by_candidates(project, routed.available)
            if after.refusal is not None:
                raise _refused(after.refusal, needs)
            self._passed[project] = (before, after)
            self._read[project] = routed
        return routed

    def guess(self, project: str) -> str | None:
        """What was perhaps meant by the name of a project that no index has."""
        return self._names.guess(project)

    def check_held(
        self, project: str, needs: Sequence[ResolverRequirement], limit: Limit | None, hashes: RequiredDigests
    ) -> None:
        """Raise `Refused` where the rules on ages leave nothing of what the user's own statements allow."""
        available = self.candidates_for(project, needs).available
        with _with_askers(needs):
            check_held(self.finder, available, needs, limit, hashes)

    def candidates(
        self,
        project: str,
        needs: Sequence[ResolverRequirement],
        limit: Limit | None,
        specifier: SpecifierSet,
        hashes: RequiredDigests,
    ) -> Sequence[Candidate]:
        """The candidates for a specifier, best first. Raises `Refused`, `RefusedIfChosen` and what asking raises."""
        available = self.candidates_for(project, needs).available
        with _with_askers(needs):
            found = self.finder.applicable(available, specifier, hashes)
        # A hash is the user's own, and names the file more narrowly than a version does.
        return found if hashes else permitted(found, needs, limit, self._exemptions)

    def read(self, project: str) -> RoutedCandidates | None:
        """The project's candidates, where the search has looked at them."""
        return self._read.get(project)

    def versions_of(self, project: str) -> list[Version]:
        """The versions of the project that may be chosen, where the search has looked at them."""
        routed = self._read.get(project)
        return [] if routed is None else [candidate.version for candidate in self.finder.usable(routed.available)]

    def allowed(self, candidate: Candidate) -> tuple[Allowed, ...]:
        """The objections to a candidate and its project that were overruled."""
        project, routed, ages = candidate.name, self._read.get(candidate.name), self.finder.ages
        found = [allowed for verdict in self._passed.get(project, ()) for allowed in verdict.allowed]
        if routed is not None and ages is not None:
            found += ages.allowed(routed.available, candidate)
        return (*found, *filter(None, [yank_allowed(candidate, self._exemptions)]))

    def notices(self, pin: Pin, specifier: SpecifierSet) -> list[str]:
        """Lines worth reporting about a project that was chosen; `specifier` is what all requirements on it allow."""
        lines = [verdict.notice for verdict in self._passed.get(pin.name, ()) if verdict.notice]
        routed, ages = self._read.get(pin.name), self.finder.ages
        if routed is None:
            return lines
        held = self.finder.passed_over(routed.available, pin.version, pin.candidate, specifier)
        # A version that stays because the lock has it would stay in any case.
        if held is not None and self._preferences.get(pin.name) != pin.version:
            lines.append(HeldBack(f"{held.line()}: {pin.name} {pin.version} is taken", str(held.candidate)))
        if pin.candidate is not None and ages is not None and ages.is_unchecked(routed.available, pin.candidate):
            index = pin.route.index
            whose = f"the index {index.name}" if index is not None else f"the index of {pin.name}"
            lines.append(f"{whose} gives no upload times: the cooldown of a day cannot be checked for its files")
        return lines


@contextmanager
def _with_askers(needs: Sequence[ResolverRequirement]) -> Iterator[None]:
    """What the finder raises says what asked for the project, as what the catalogue raises does."""
    try:
        yield
    except SafepipError as error:
        if any(diagnostic.origins for diagnostic in error.diagnostics):
            raise
        raise with_askers(error, [need.origin for need in needs]) from None


def _refused(refusal: Diagnostic, needs: Sequence[ResolverRequirement]) -> Refused:
    """The refusal with the requirements that led to it. It counts at once where one of them is the user's own, and
    otherwise only where the final answer contains the project."""
    lines = tuple(f"required by {need.origin.chain()}" for need in needs[:3])
    origins = tuple(dict.fromkeys(need.origin for need in needs))
    reported = refusal._replace(context=(*refusal.context, *lines), origins=origins)
    return Refused(reported) if any(map(is_own, needs)) else RefusedIfChosen(reported, NO_VERSION)
