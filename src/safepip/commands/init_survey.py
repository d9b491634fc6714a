"""Asks the indexes for `init`: who has which name, and which names the requirements need in turn.

A name that a person has given to an index is asked of that index alone, so no other hears it. For any other name every
index is asked, also one that owns names, which routing would not ask any more: what is looked for here is who else has
it. The search for what is needed in turn goes the same way, so that it takes nothing from an index because another one
was not asked; a name that several have ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.commands.catalogue import open_catalog
from safepip.commands.inputs import Inputs, read_plan
from safepip.commands.resolving import resolve
from safepip.commands.resources import Resources
from safepip.commands.target import find_target
from safepip.config.level import read_level
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan
from safepip.migration.ownership import NameReport, owner_of
from safepip.migration.writing import Proposal, text_of
from safepip.model.errors import SafepipError
from safepip.model.events import Resolving
from safepip.model.index import Index
from safepip.model.names import normalise
from safepip.model.origin import Source
from safepip.model.plan import LockSettings
from safepip.model.requirement import Statements
from safepip.model.route import Observation, Presence
from safepip.routing.table import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from safepip.commands.decision import Decision
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.migration.findings import Assignment
    from safepip.migration.indexes import MigratedIndex
    from safepip.migration.parts import InstallPart
    from safepip.model.events import Event
    from safepip.model.origin import Origin
    from safepip.model.plan import Plan, Settings, Target
    from safepip.routing.table import RoutingTable

_HIDDEN = "its credentials are variables of a requirements file; name it to have it asked: --index NAME=URL"


class WatchedResources(Resources):
    """Resources that remember which projects were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_at: set[str] = set()

    def tell(self, event: Event) -> None:
        if isinstance(event, Resolving):
            self.looked_at.add(event.name)
        super().tell(event)


class Trial(NamedTuple):
    """What became of one part of the requirements: a decision, or an error."""

    part: InstallPart
    decision: Decision | None = None
    error: SafepipError | None = None

    def names_elsewhere(self) -> set[str]:
        """The names that what was chosen requires, on other systems, too."""
        pins = self.decision.resolution.pins.values() if self.decision is not None else ()
        read = ((pin.metadata, pin.extras) for pin in pins if pin.metadata is not None)
        return {normalise(one.name) for metadata, extras in read for one in metadata.requires.with_extras(extras)}


class IndexSurvey:
    """The questions of one run. `words` is the command line without the options of `init`."""

    def __init__(
        self,
        words: Sequence[str],
        resources: WatchedResources,
        indexes: tuple[MigratedIndex, ...],
        trusted_hosts: tuple[str, ...],
        assignments: Iterable[Assignment],
    ) -> None:
        self._words = words
        self._resources = resources
        self._indexes = indexes
        self._trusted = trusted_hosts
        self._found: Target | None = None
        self._reports: dict[tuple[str, str], NameReport] = {}
        self._assigned: dict[str, list[str]] = {}
        names = {index.url: index.name for index in indexes}
        for assignment in assignments:
            self._assigned.setdefault(assignment.pattern, []).append(names[assignment.source])
        self._patterns = [pattern for pattern in self._assigned if pattern.endswith("-*")]

    def reports(self, names: Mapping[str, Origin], proposal: Proposal) -> tuple[NameReport, ...]:
        """Who has each of these names. A name is asked for once, and again when it has got an owner."""
        owners = {name: owner_of(name, proposal.claims) for name in names}
        new = [name for name, owner in owners.items() if (name, owner) not in self._reports]
        if new:
            catalog, by_name = self._open(new, proposal)
            for name in new:
                observations = tuple(
                    catalog.observe(name, by_name[index.name]) if index.name in by_name else _without_answer(index)
                    for index in self._may_have(name, owners[name])
                )
                self._reports[name, owners[name]] = NameReport(name, observations, owners[name], names[name])
        return tuple(self._reports[key] for key in owners.items())

    def _open(self, names: Sequence[str], proposal: Proposal) -> tuple[IndexCatalog, dict[str, Index]]:
        """A catalogue that has asked for these names, and the indexes that it may ask."""
        plan = self._asking(proposal)
        self._resources.use(plan)
        inputs = Inputs(
            "download",
            self._resources.world.cwd,
            plan,
            self._target(plan),
            Statements((), ()),
            self._wide(plan),
        )
        catalog = open_catalog(inputs, self._resources)
        catalog.expect_pages(names)
        return catalog, {index.name: index for index in plan.indexes}

    def discover(self, parts: Iterable[InstallPart], proposal: Proposal) -> Iterator[Trial]:
        """Search for what each part needs in turn, every index asked for every name that is not claimed. What a lock
        needs stands in it."""
        for part in parts:
            if not part.is_lock:
                yield self._try(part, lambda: self._asking(proposal), wide=True)

    def rehearse(self, parts: Iterable[InstallPart], text: str, path: str) -> Iterator[Trial]:
        """Decide on each part as an install would by the configuration `text`, to stand at `path`."""
        for part in parts:
            if part.installs:
                yield self._try(part, lambda: self._plan(text, path), wide=False)

    def _try(self, part: InstallPart, make: Callable[[], Plan], *, wide: bool) -> Trial:
        try:
            plan = make()
            plan = plan._replace(settings=_asking_for(part, plan.settings))
            inputs = read_plan("download", plan, self._resources, self._target(plan))
            if wide:
                inputs = inputs._replace(table=self._wide(inputs.plan))
            return Trial(part, resolve(inputs, self._resources))
        except SafepipError as error:
            return Trial(part, error=error)

    def _target(self, plan: Plan) -> Target:
        if self._found is None:
            self._found = find_target(plan.settings, self._resources.world, self._resources.console)
        return self._found

    def _may_have(self, name: str, owner: str) -> list[MigratedIndex]:
        """The indexes that are asked for a name: its owner, else those that are asked for every name, and those to
        which a tool's file gives it."""
        if owner:
            return [index for index in self._indexes if index.name == owner]
        assigned = list(self._assigned.get(name, ()))
        for pattern in self._patterns:
            if name.startswith(pattern[:-1]):
                assigned += self._assigned[pattern]
        # A mirror is asked with its original.
        return [i for i in self._indexes if i.for_all or (i.name in assigned and not i.mirror_of)]

    def _asking(self, proposal: Proposal) -> Plan:
        """A plan by which every index may be asked that may be asked at all; one to which a person has given names
        always."""
        visible = tuple(i for i in self._indexes if not i.hidden or proposal.has_claims(i))
        declared = Proposal(visible, proposal.claims, (), (), self._trusted)
        return self._plan(text_of(declared, every=True), "safepip.toml")

    def _plan(self, text: str, path: str) -> Plan:
        world = self._resources.world
        level = read_level(text, path, Source.PROJECT_CONFIG)
        return make_plan(
            "download", self._words, world, self._resources.credentials, default_index_url, may_be_empty=True,
            project=level,
        )  # fmt: skip

    def _wide(self, plan: Plan) -> RoutingTable:
        """The routes by claims alone: whatever else it owns, every index is asked for names that none owns."""
        for_all = {index.name for index in self._indexes if index.for_all}
        return build(plan.indexes)._replace(sources=tuple(i for i in plan.indexes if i.name in for_all))


def _asking_for(part: InstallPart, settings: Settings) -> Settings:
    """The settings by which a part is asked for, and nothing else."""
    alone = settings._replace(requirements=part.names, requirement_files=(), editables=(), groups=(), script=None)
    if part.names:
        return alone
    if part.group:
        return alone._replace(groups=(f"{part.file}:{part.group}",))
    extras = LockSettings("-", extras=frozenset({part.extra})) if part.extra else None
    return alone._replace(requirement_files=(part.file,), lock=extras)


def _without_answer(index: MigratedIndex) -> Observation:
    return Observation(Index(index.name, index.url), Presence.UNKNOWN, problem=_HIDDEN)
