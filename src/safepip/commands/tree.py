"""`safepip tree [NAME]...`: which project needs which, of an environment, of a lock, or of what would be chosen.

Of an environment and of a lock everything is read from the disk, and no index is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.commands.inputs import read_inputs
from safepip.commands.resources import Resources
from safepip.commands.target import find_target
from safepip.edges.console.outputs import can_write
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.route import Route
from safepip.options.command_line import HelpRequested
from safepip.options.own_words import take_own, whole_number
from safepip.reporting.dependency_graph import (
    DependencyGraph,
    InstalledProject,
    inverted,
    of_environment,
    of_lock,
    of_resolution,
)
from safepip.reporting.dependency_tree import DRAWN, PLAIN, as_json, lines
from safepip.resolution.askers import askers_of
from safepip.resolution.dependencies import Markers
from safepip.routing.table import build, project_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.inputs import Inputs
    from safepip.model.plan import Plan
    from safepip.model.resolution import InstalledDistribution
    from safepip.routing.table import RoutingTable

_HELP = """\
Usage: safepip tree [options] [NAME]...

Show which project needs which, with versions, the requirement that asks for each, and, where several indexes are in
force, the index that owns it. Without -r it is the environment of --python, with -r pylock.toml that lock, and with
other requirements (-r FILE, --group and the like) what safepip would choose for an empty environment.
With NAMEs the tree begins at these.

  --invert NAME   Show what needs NAME, and what needs that. May be repeated.
  --depth N       Show N steps at most.
  --json          Print the same as data.

The other options are those of `safepip install`: see `safepip install --help`."""


class _View(NamedTuple):
    """What to show of a graph. Names are normalised; `depth` None shows all of it."""

    names: tuple[str, ...]
    inverted: tuple[str, ...]
    depth: int | None
    as_data: bool


def tree(argv: Sequence[str], *, explains: bool = False) -> int:
    """Run `safepip tree` with these arguments, the verb left out; 1 where a name is not there.

    `explains` tells that it is `safepip explain --tree`, which shows what that explains, and not an environment.
    """
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    own, words = take_own(argv, ("--json",), ("--depth", "--invert"))
    depth = [whole_number("--depth", text) for text in own.get("--depth", ())]
    turned = tuple(map(project_name, own.get("--invert", ())))
    with Resources() as resources:
        plan = make_plan(
            "download", words, resources.world, resources.credentials, default_index_url, may_be_empty=True
        )
        names = tuple(map(project_name, plan.settings.requirements))
        if names and turned:
            raise UsageError.because("conflicting-options", "--invert says where the tree begins, and so do NAMEs")
        if explains or plan.settings._replace(requirements=()).asks:
            inputs = read_inputs("download", words, resources, arguments_are="any names")
            resources.console.answer_alone()
            graph = _of_a_lock(inputs, resources) if inputs.lock_requests else _of_a_decision(inputs, resources)
        else:
            resources.use(plan)
            graph = _of_the_environment(plan, resources)
        return _show(graph, _View(names, turned, depth[-1] if depth else None, "--json" in own), resources)


def _show(graph: DependencyGraph, view: _View, resources: Resources) -> int:
    console, names = resources.console, view.names or view.inverted
    if view.inverted:
        graph = inverted(graph, view.inverted)
    missing = [name for name in names if name not in graph.projects]
    if names:
        graph = graph._replace(roots=tuple(name for name in dict.fromkeys(names) if name not in missing))
    if view.as_data:
        console.data(as_json(graph, depth=view.depth))
    elif graph.roots:
        branches = DRAWN if can_write("".join(DRAWN)) else PLAIN
        owners = len(resources.plan.indexes) > 1
        console.data("\n".join(lines(graph, depth=view.depth, branches=branches, owners=owners)))
    for name in missing:
        console.notice(f"{printable(name)} is not there")
    return 1 if missing else 0


def _of_the_environment(plan: Plan, resources: Resources) -> DependencyGraph:
    """What is installed in the target, and what its metadata says that it requires."""
    from safepip.edges.target.installed import installed

    target = find_target(plan.settings, resources.world, resources.console)
    for notice in plan.notices:
        resources.console.notice(notice)
    table = build(plan.indexes)
    found = {name: _installed(item, table, resources) for name, item in installed(target).items()}
    return of_environment(found, Markers(target.markers))


def _installed(item: InstalledDistribution, table: RoutingTable, resources: Resources) -> InstalledProject:
    """One distribution; of one whose metadata cannot be used it is not known what it requires, and a notice says so."""
    from safepip.edges.target.installed import is_editable, is_named_directly, read_installed_metadata
    from safepip.wheel.metadata import MetadataError, parse_metadata

    if is_editable(item):
        owner = "editable"
    elif is_named_directly(item):
        owner = "named directly"
    else:
        route = table.route(item.name)
        owner = route.index.name if isinstance(route, Route) and route.index is not None else ""
    try:
        metadata = parse_metadata(read_installed_metadata(item), verified=False)
    except (Unavailable, MetadataError):
        resources.console.notice(f"what {item.name} {item.version} requires is not known: its metadata cannot be used")
        return InstalledProject(item.version, (), owner)
    return InstalledProject(item.version, metadata.requires, owner)


def _of_a_lock(inputs: Inputs, resources: Resources) -> DependencyGraph:
    """What the locks select for the target."""
    from safepip.commands.by_lock import read_entries

    entries = read_entries(inputs, resources)
    names = {str(index.url): index.name for index in inputs.plan.indexes}
    return of_lock(
        {entry.name: None if entry.version is None else str(entry.version) for entry in entries},
        {entry.name: entry.edges or () for entry in entries},
        {entry.name: _owner(entry.index_url, entry.direct, names) for entry in entries},
    )


def _owner(index_url: str | None, direct: str | None, names: dict[str, str]) -> str:
    """The index that a lock names for a project, by the name that the configuration has for it."""
    if index_url is not None:
        return names.get(index_url, index_url)
    return "named directly" if direct is not None else ""


def _of_a_decision(inputs: Inputs, resources: Resources) -> DependencyGraph:
    """What would be chosen for an empty environment."""
    from safepip.commands.resolving import resolve

    decision = resolve(inputs, resources, searched=True)
    pins = decision.resolution.pins
    askers = askers_of(pins, decision.inputs.statements.requirements, Markers(decision.inputs.target.markers))
    indexes = {
        name: "named directly" if pin.direct_url is not None else pin.route.index.name if pin.route.index else ""
        for name, pin in pins.items()
    }
    return of_resolution(pins, askers, indexes)
