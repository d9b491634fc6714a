"""`safepip outdated [NAME]...` and `safepip list --outdated`: what is installed in an older version than an install
would choose.

Each name is asked of the index that may answer for it, and of no other. Ages, yanked files, pre-releases, constraints
and the approval of builds count as for an install that asks for the project alone. What was installed from a folder or
a URL that the user named is asked of no index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from safepip.commands.inputs import Inputs, read_constraints
from safepip.commands.resources import Resources
from safepip.commands.target import find_target
from safepip.edges.disk.local_paths import folder_of
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan, parse_for_pip
from safepip.edges.user.world import this_world
from safepip.model.errors import Refused, SafepipError, Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.page import Status
from safepip.model.requirement import Statements, counts
from safepip.options.command_line import HelpRequested
from safepip.reporting.version_list import VersionRow, as_json, columns
from safepip.routing.table import build, project_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.plan import Plan, Target
    from safepip.model.resolution import InstalledDistribution
    from safepip.options.command_line import ParsedOptions

_HELP = """\
Usage: safepip outdated [options] [NAME]...

List what is installed in an older version than `safepip install --upgrade NAME` would choose: each name is asked of the
index that may answer for it, and ages, yanked files and pre-releases count as for an install.

  --format columns|json   As pip list --outdated prints it. (default: columns)
  --exclude NAME          Leave this project out. May be repeated.
  --user, --local         List the user's own folder alone; leave out what is the base environment's.
  --pre                   Take pre-releases, too.

The other options are those of `safepip install` that concern indexes: see `safepip install --help`."""

#: Options of `pip list` that have no meaning here, by their dest.
_NOT_HERE = {"editable": "--editable", "path": "--path", "not_required": "--not-required"}


class _Comparison(NamedTuple):
    """What was found: a row for each project with a newest version, and why there is none for the others."""

    older: list[VersionRow]
    newest: list[VersionRow]
    held: list[str]
    unknown: list[str]
    problems: list[str]


def outdated(argv: Sequence[str]) -> int:
    """Run `safepip outdated` with these arguments, the verb left out. Raises `SafepipError`."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    return list_by_words(["--outdated", *argv])


def says_what_is_newer(argv: Sequence[str]) -> bool:
    """Whether these words of `list`, and pip's configuration, ask for what is outdated or up to date. Raises
    `UsageError`."""
    parsed, _ = _parse(argv)
    return bool(parsed["outdated"] or parsed["uptodate"])


def list_by_words(argv: Sequence[str]) -> int:
    """`list` with --outdated or --uptodate; 1 where a project cannot be compared because an index failed or a rule
    forbids it. Raises `SafepipError`."""
    parsed, resources = _parse(argv)
    with resources:
        plan = make_plan("list", argv, resources.world, resources.credentials, default_index_url, may_be_empty=True)
        resources.use(plan)
        _check(parsed)
        for notice in plan.notices:
            resources.console.notice(notice)
        target = find_target(plan.settings, resources.world, resources.console)
        inputs = Inputs(
            "list",
            resources.world.cwd,
            plan,
            target,
            Statements((), read_constraints(plan.settings.constraint_files, plan, resources)),
            build(plan.indexes),
        )
        chosen = _chosen(parsed, target, plan, resources)
        found = _compare(inputs, resources, chosen)
        return _print(found, {item.name: item for item in chosen}, parsed, resources)


def _parse(argv: Sequence[str]) -> tuple[ParsedOptions, Resources]:
    resources = Resources(this_world())
    return parse_for_pip("list", argv, resources.world, resources.credentials), resources


def _check(parsed: ParsedOptions) -> None:
    """Raise `UsageError` for what cannot be asked for here."""
    from safepip.options.in_files import contradiction

    if parsed["outdated"] and parsed["uptodate"]:
        raise contradiction("--outdated and --uptodate exclude each other")
    if parsed["list_format"] == "freeze":
        raise contradiction("--format freeze cannot show a newest version")
    for dest, option in _NOT_HERE.items():
        if parsed[dest]:
            raise UsageError.because(
                "conflicting-options",
                f"{option} cannot be combined with --outdated and --uptodate",
                hint="name the projects: safepip outdated NAME",
            )


def _chosen(parsed: ParsedOptions, target: Target, plan: Plan, resources: Resources) -> list[InstalledDistribution]:
    """The distributions to compare, sorted by name. A NAME that is not installed is told of."""
    from safepip.edges.target.installed import installed

    there = installed(target)
    names = list(map(project_name, plan.settings.requirements))
    for name in names:
        if name not in there:
            resources.console.notice(f"{printable(name)} is not installed")
    left_out = set(map(project_name, parsed["excludes"]))
    own = [target.schemes.get("purelib", ""), target.schemes.get("platlib", "")]
    return [
        item
        for name, item in sorted(there.items())
        if (name in names or not names)
        and name not in left_out
        and (item.in_user_site or not parsed["user"])
        and (item.in_user_site or folder_of(item.metadata_path) in own or not parsed["local"])
    ]


def _compare(inputs: Inputs, resources: Resources, chosen: Iterable[InstalledDistribution]) -> _Comparison:
    """Ask for each project what is newer."""
    from safepip.commands.catalogue import open_catalog
    from safepip.commands.resolving import open_building
    from safepip.edges.target.installed import is_editable, is_named_directly

    found = _Comparison([], [], [], [], [])
    asked = []
    for item in chosen:
        if is_named_directly(item) or is_editable(item):
            found.unknown.append(f"{item.name} (installed from a folder or a URL)")
        else:
            asked.append(item)
    if not asked:
        return found
    catalog = open_catalog(inputs, resources, building=open_building(inputs, resources))
    catalog.expect_pages(item.name for item in asked)
    for item in asked:
        try:
            _compare_one(inputs, catalog, item, found)
        except (Refused, Unavailable) as error:
            found.problems.extend(_lines_of(error, item))
    return found


def _compare_one(inputs: Inputs, catalog: IndexCatalog, item: InstalledDistribution, found: _Comparison) -> None:
    routed = catalog.candidates_for(item.name, [Origin(Source.DISTRIBUTION, f"{item.name} {item.version}")])
    available, specifier = routed.available, _limit(inputs, item.name)
    if available.status is Status.QUARANTINED:
        raise Refused.because("quarantined", f"{item.name}: its index has put the project in quarantine")
    if routed.absent:
        found.unknown.append(f"{item.name} (on no index)")
        return
    latest = next(iter(catalog.finder.applicable(available, specifier)), None)
    held = catalog.finder.held(available, specifier)
    best = item.version if latest is None else max(item.version, latest.version)
    if held and held[0].candidate.version > best:
        found.held.append(held[0].line())
    if latest is None:
        found.unknown.append(f"{item.name} (nothing that could be installed)")
        return
    kind = "wheel" if latest.is_wheel else "sdist"
    row = VersionRow(item.name, str(item.version), str(latest.version), kind)
    (found.older if latest.version > item.version else found.newest).append(row)


def _limit(inputs: Inputs, name: str) -> SpecifierSet:
    """What the constraints on a project admit."""
    limits = [
        constraint.specifier
        for constraint in inputs.statements.constraints
        if constraint.name == name and counts(constraint, inputs.target.markers)
    ]
    return SpecifierSet(",".join(map(str, limits)))


def _lines_of(error: SafepipError, item: InstalledDistribution) -> list[str]:
    return [f"{item.name} {item.version} is not compared: {d.reference}: {d.message}" for d in error.diagnostics]


def _as_installed(row: VersionRow, item: InstalledDistribution) -> VersionRow:
    """The row with name and version as METADATA writes them, which is what pip lists. Where it does not say the same as
    the name of its folder, or cannot be read, the row stays as it is."""
    from safepip.edges.target.installed import read_installed_metadata
    from safepip.wheel.metadata import MetadataError, metadata_json, parse_metadata

    try:
        text = read_installed_metadata(item)
        read, written = parse_metadata(text, verified=False), metadata_json(text)
    except (Unavailable, MetadataError):
        return row
    if (read.name, read.version) != (item.name, item.version):
        return row
    return row._replace(name=written["name"].strip(), written=written["version"].strip())


def _print(
    found: _Comparison, items: Mapping[str, InstalledDistribution], parsed: ParsedOptions, resources: Resources
) -> int:
    """The list on standard output, and on standard error what is not in it; the exit code."""
    console, newest = resources.console, bool(parsed["outdated"])
    rows = [_as_installed(row, items[row.name]) for row in (found.older if newest else found.newest)]
    if parsed["list_format"] == "json":
        console.data(as_json(rows, newest=newest))
    elif rows:
        console.data("\n".join(columns(rows, newest=newest)))
    for problem in found.problems:
        console.notice(problem)
    for title, lines in (("not compared", found.unknown), ("held back by age", found.held)):
        if lines:
            console.aside(f"{title}: {', '.join(map(printable, sorted(lines)))}")
    return 1 if found.problems else 0
