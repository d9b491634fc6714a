"""Finds the versions of a lock of which nothing is known: the search of `lock`, with constraints from the findings.

A goal is one matter of one project: no version that it affects may be in the lock. Each goal becomes a constraint that
excludes the affected versions which the index offers; everything else prefers what the lock has, and the project itself
the lowest later version that is free of its goals. What comes in that way is audited, too, until nothing new is found.

Where there is no answer to all goals, they are tried one after the other, the first ones kept: what then fails is told
with the search's own explanation. In the end each change that no goal asks for is tried back.

The cooldown yields for the versions that a record names as the repair of a goal, unless policy forbids exceptions from
it: to wait is what is dangerous there.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from safepip.advisories.ranges import read_version
from safepip.commands.catalogue import open_catalog
from safepip.commands.lock_building import build_lock
from safepip.commands.resolving import open_building
from safepip.lock.changes import changes
from safepip.model.errors import Refused, ResolutionImpossible
from safepip.model.exemption import Exemption
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.plan import NameSet
from safepip.model.requirement import Constraint
from safepip.vetting.releases import release_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version

    from safepip.commands.audit_records import AuditRecords
    from safepip.commands.inputs import Inputs
    from safepip.commands.lock_building import BuiltLock
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.lock.changes import Change
    from safepip.model.advisories import AuditOutcome, Severity, Vulnerability
    from safepip.model.errors import SafepipError

_ORIGIN = Origin(Source.COMMAND_LINE, "--fix")


class Goal(NamedTuple):
    """No version that this matter affects may be in the lock."""

    name: str
    id: str


class Repaired(NamedTuple):
    """The lock that was found. `text` is that of the old one where nothing can be changed, and `built` None then.
    `outcome` is its audit, `failed` are the goals that could not be met, and why; `limits` are the constraints."""

    text: str
    built: BuiltLock | None
    outcome: AuditOutcome
    failed: Mapping[tuple[str, str], SafepipError]
    limits: tuple[Constraint, ...] = ()

    def why(self, name: str, identity: str) -> tuple[str, ...]:
        """The lines that say why a goal could not be met."""
        error = self.failed[name, identity]
        return tuple(line for d in error.diagnostics for line in (d.message, *(f"  {more}" for more in d.context)))


class _Attempt(NamedTuple):
    built: BuiltLock
    limits: tuple[Constraint, ...]


class Repairs:
    """For one lock, whose text is `before`. `judge` audits a text of it, and matters below `lowest` do not count."""

    def __init__(
        self,
        inputs: Inputs,
        resources: Resources,
        records: AuditRecords,
        before: str,
        judge: Callable[[str], AuditOutcome],
        lowest: Severity,
    ) -> None:
        assert inputs.settings.lock is not None
        self._inputs = inputs
        self._settings = inputs.settings.lock
        self._resources = resources
        self._records = records
        self._before = before
        self._judge = judge
        self._lowest = lowest
        self._building = open_building(inputs, resources)
        self._catalogs: dict[str, IndexCatalog] = {}
        self._offered: dict[str, tuple[Version, ...]] = {}
        self._locked: dict[str, list[str]] = {}
        self._matters: dict[Goal, Vulnerability] = {}
        self._known: set[tuple[Goal, str]] = set()
        """What was found of locked versions: also of their files, which no record of the version names."""
        self._failed: dict[tuple[str, str], SafepipError] = {}
        resources.advisories.leave_to_audit()

    def find(self, outcome: AuditOutcome) -> Repaired:
        """The smallest change, `outcome` being the audit of the lock as it is. Raises `Unavailable`."""
        for project in outcome.projects:
            self._locked.setdefault(project.subject.name, []).append(project.subject.version)
        goals = list(self._goals(outcome))
        best: _Attempt | None = None
        while True:
            met, attempt = self._meet(goals)
            if attempt is None:
                break
            best = attempt
            outcome = self._judge(attempt.built.text)
            new = [goal for goal in self._goals(outcome) if goal not in goals and goal not in self._failed]
            if not new:
                best = self._with_less(met, attempt)
                outcome = self._judge(best.built.text)
                break
            goals = [*met, *new]
        if best is None:
            return Repaired(self._before, None, outcome, self._failed)
        return Repaired(best.built.text, best.built, outcome, self._failed, best.limits)

    def _goals(self, outcome: AuditOutcome) -> Iterator[Goal]:
        """What counts of an audit, the worst first."""
        found = {}
        for project in outcome.projects:
            for matter in project.counting:
                if matter.malicious or matter.severity.counted >= self._lowest:
                    goal = Goal(project.subject.name, matter.id)
                    found[goal] = matter
                    self._known.add((goal, project.subject.version))
        self._matters.update(found)
        yield from sorted(found, key=lambda goal: (-found[goal].severity.counted, goal))

    def _meet(self, goals: Sequence[Goal]) -> tuple[list[Goal], _Attempt | None]:
        """An answer to as many of the goals as there can be, and those that it meets."""
        goals = [goal for goal in goals if self._has_repair(goal)]
        if not goals:
            return [], None
        whole = self._try(goals)
        if isinstance(whole, _Attempt):
            return goals, whole
        met: list[Goal] = []
        best: _Attempt | None = None
        for goal in goals:
            attempt = self._try([*met, goal])
            if isinstance(attempt, _Attempt):
                met.append(goal)
                best = attempt
            else:
                self._failed[goal] = attempt
        return met, best

    def _has_repair(self, goal: Goal) -> bool:
        """Whether some version that is offered is free of a matter; that there is none is noted as the reason."""
        if not all(self._is_affected(goal.name, version, [goal]) for version in self._versions(goal.name)):
            return True
        message = (
            f"{goal.name} is taken from the URL or path that the requirements name, and from no index"
            if self._is_direct(goal.name)
            else f"every version of {goal.name} that is offered is affected by {printable(goal.id)}"
        )
        self._failed[goal] = ResolutionImpossible.because("resolution-impossible", message, subject=goal.name)
        return False

    def _with_less(self, goals: Sequence[Goal], attempt: _Attempt) -> _Attempt:
        """The same without the changes that are not needed, each tried back; what is needed goes to the lowest version
        that will do."""
        held: dict[str, str] = {}
        lower: dict[str, Version] = {}
        asked = {goal.name for goal in goals}
        for name in [change.name for change in self._changes(attempt) if change.name not in asked]:
            change = next((change for change in self._changes(attempt) if change.name == name), None)
            if change is None or len(change.before) != 1 or not change.after:
                continue
            trial = self._try(goals, {**held, name: change.before[0]}, lower)
            if isinstance(trial, _Attempt) and self._is_better(trial, attempt, goals):
                held[name] = change.before[0]
                attempt = trial
                continue
            lowest = self._least(change, attempt)
            if lowest is not None:
                trial = self._try(goals, held, {**lower, name: lowest})
                if isinstance(trial, _Attempt) and self._is_better(trial, attempt, goals, at_most=True):
                    lower[name] = lowest
                    attempt = trial
        return attempt

    def _is_better(self, trial: _Attempt, attempt: _Attempt, goals: Sequence[Goal], *, at_most: bool = False) -> bool:
        """Whether it has fewer changes, or, with `at_most`, no more, and nothing new is known of it."""
        more = len(self._changes(trial)) - len(self._changes(attempt))
        if more > 0 or (more == 0 and not at_most):
            return False
        return all(goal in self._failed for goal in self._goals(self._judge(trial.built.text)) if goal not in goals)

    def _least(self, change: Change, attempt: _Attempt) -> Version | None:
        """The lowest version, below the one that was chosen, that all who ask for a project would take; None where it
        was chosen already."""
        chosen = read_version(change.after[0])
        askers = attempt.built.askers.get(change.name, ())
        for version in self._later(change.name):
            if chosen is None or version >= chosen:
                return None
            free = not self._records.judge_version(change.name, str(version)).counting
            if free and all(asker.specifier.contains(version, prereleases=True) for asker in askers):
                return version
        return None

    def _changes(self, attempt: _Attempt) -> list[Change]:
        found = changes(self._before, attempt.built.text, self._settings)
        return [change for change in found if change.before != change.after]

    def _try(
        self,
        goals: Sequence[Goal],
        held: Mapping[str, str] = MappingProxyType({}),
        lower: Mapping[str, Version] = MappingProxyType({}),
    ) -> _Attempt | SafepipError:
        """The lock that meets these goals, keeps what is held, and prefers these lower versions; or why there is
        none."""
        by_project: dict[str, list[Goal]] = {}
        for goal in goals:
            by_project.setdefault(goal.name, []).append(goal)
        limits = tuple(self._limit(name, its) for name, its in by_project.items())
        kept = (Constraint(n, SpecifierSet(f"=={v}"), _ORIGIN, text=f"{n}=={v}") for n, v in held.items())
        instead = {name: found for name, its in by_project.items() if (found := self._next(name, its)) is not None}
        statements, policy = self._inputs.statements, self._inputs.plan.policy
        inputs = self._inputs._replace(
            statements=statements._replace(constraints=(*statements.constraints, *limits, *kept)),
            plan=self._inputs.plan._replace(
                policy=policy._replace(exemptions=(*policy.exemptions, *self._exemptions(goals)))
            ),
        )
        try:
            return _Attempt(
                build_lock(inputs, self._resources, self._before, self._settings, {**instead, **lower}), limits
            )
        except (Refused, ResolutionImpossible) as error:
            return error

    # --- versions ----------------------------------------------------------------------------------------------

    def _versions(self, name: str) -> tuple[Version, ...]:
        """The versions that are offered, the lowest first, and those that are locked."""
        if name not in self._offered:
            found = set(filter(None, map(read_version, self._locked.get(name, ()))))
            if not self._is_direct(name):
                available = self._catalog(name).candidates_for(name, [_ORIGIN]).available
                found |= {candidate.version for candidate in (*available.candidates, *available.sources)}
                found |= {rejected.version for rejected in available.rejected}
            self._offered[name] = tuple(sorted(found))
        return self._offered[name]

    def _catalog(self, name: str) -> IndexCatalog:
        """A catalogue that asks anew for this project: a repair may be newer than what is kept of its page."""
        if name not in self._catalogs:
            plan, settings = self._inputs.plan, self._inputs.settings
            if not settings.network.offline:
                refresh = NameSet(settings.refresh.all, settings.refresh.names | {name})
                plan = plan._replace(settings=settings._replace(refresh=refresh))
            inputs = self._inputs._replace(plan=plan)
            self._catalogs[name] = open_catalog(inputs, self._resources, building=self._building)
        return self._catalogs[name]

    def _is_affected(self, name: str, version: Version, goals: Iterable[Goal]) -> bool:
        known = {matter.id for matter in self._records.judge_version(name, str(version)).counting}
        return any(goal.id in known or (goal, str(version)) in self._known for goal in goals)

    def _is_excluded(self, name: str, version: Version, goals: Iterable[Goal]) -> bool:
        """Whether a version is no answer to these goals: it is affected, or would be refused as malicious."""
        claim = self._inputs.table.claim(name)
        owned = claim is not None and not claim.index.default
        known = () if owned else self._records.judge_version(name, str(version)).counting
        return any(matter.malicious for matter in known) or self._is_affected(name, version, goals)

    def _limit(self, name: str, goals: Sequence[Goal]) -> Constraint:
        """The constraint that excludes what these goals, all of one project, are about."""
        affected = [version for version in self._versions(name) if self._is_excluded(name, version, goals)]
        specifier = SpecifierSet(",".join(f"!={version}" for version in affected))
        return Constraint(
            name, specifier, _ORIGIN, text=f"{name} without {', '.join(printable(goal.id) for goal in goals)}"
        )

    def _next(self, name: str, goals: Sequence[Goal]) -> Version | None:
        """The lowest version after the locked ones that is free of these goals and may be chosen."""
        named = [version for version, _ in self._named(name, goals)]
        later = (v for v in self._later(name, named) if not self._is_excluded(name, v, goals))
        return next(later, None)

    def _later(self, name: str, named: Iterable[Version] = ()) -> list[Version]:
        """The versions after the locked ones that may be chosen, or are named as a repair: the lowest first, final
        releases before the others. Of what is taken from a place of its own there are none."""
        locked = list(filter(None, map(read_version, self._locked.get(name, ()))))
        if not locked or self._is_direct(name):
            return []
        available = self._catalog(name).candidates_for(name, [_ORIGIN]).available
        usable = {c.version for c in self._catalog(name).finder.usable(available) if c.file.yanked is None}
        later = [version for version in usable.union(named) if version > max(locked)]
        return sorted(later, key=lambda version: (version.is_prerelease, version))

    def _is_direct(self, name: str) -> bool:
        return any(r.name == name and r.url is not None for r in self._inputs.statements.requirements)

    def _named(self, name: str, goals: Iterable[Goal]) -> list[tuple[Version, str]]:
        """The offered versions that a record names as the repair, each with the matter that it repairs."""
        offered = set(self._versions(name))
        return [
            (version, goal.id)
            for goal in goals
            if goal.name == name
            for version in map(read_version, self._matters[goal].fixed)
            if version is not None and version in offered
        ]

    def _exemptions(self, goals: Sequence[Goal]) -> Iterator[Exemption]:
        """Where the cooldown yields: every file of a named repair."""
        if self._inputs.plan.policy.ages.enforced is not None:
            return
        for name in {goal.name for goal in goals}:
            for version, identity in self._named(name, goals):
                mine, _ = release_of(name, version, self._catalog(name).files(name))
                reason = f"{printable(identity)} names {version} as the fix"
                yield from (Exemption(name, "cooldown", reason, _ORIGIN, file=file.filename) for file in mine)
