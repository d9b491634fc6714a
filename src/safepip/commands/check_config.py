"""`safepip check-config [NAME]...`: the settings in force, where each came from, and which index answers for a name.

Nothing is asked of any index: for a name whose index only a survey would tell, the sources that would be
asked are listed. The list of well-known names is read, because one that cannot be used would end every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.config.spent_exemptions import last_day
from safepip.edges.console.outputs import write_data
from safepip.edges.console.writing import Console
from safepip.edges.disk.shipped import shipped_text
from safepip.edges.disk.well_known import listed_names
from safepip.edges.network.credentials import Credentials
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan
from safepip.edges.user.world import this_world
from safepip.model.advisory_policy import AdvisoryPolicy
from safepip.model.ages import Cooldown
from safepip.model.build import BuildMode
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.model.index import Hashes
from safepip.model.origin import BUILT_IN
from safepip.model.route import Route
from safepip.model.spans import written
from safepip.options.command_line import HelpRequested
from safepip.routing.table import build, project_name
from safepip.vetting.cooldown import AgeRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.model.build import BuildPolicy
    from safepip.model.exemption import Exemption
    from safepip.model.index import Index
    from safepip.model.origin import Origin
    from safepip.model.plan import Plan, Settings
    from safepip.routing.table import RoutingTable


_HELP = """\
Usage: safepip check-config [options] [NAME]...

Show the settings in force, where each came from, and for each NAME which index would answer, by which
rule, and which cooldown holds for it. No index is asked. The options are those of `safepip install`: see
`safepip install --help`.

safepip check-config --schema prints the JSON schema of safepip.toml, for editors."""

_SCHEMA = "configuration.json"


def check_config(argv: Sequence[str]) -> int:
    """Print the plan that `install` with these options would follow. Raises `UsageError`, `Refused`, `Unavailable`."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    if list(argv) == ["--schema"]:
        write_data(_schema())
        return 0
    world = this_world()
    credentials = Credentials(world.environ)
    plan = make_plan("install", argv, world, credentials, default_index_url, may_be_empty=True)
    console = Console(plan.settings.display, credentials.redact, world.environ)
    for notice in plan.notices:
        console.notice(notice)
    table = build(plan.indexes)
    exceptions = _exceptions((*plan.policy.exemptions, *plan.policy.expired), plan.now)
    rules = AgeRules(plan.policy.ages, plan.settings.cooldown, table, now=plan.now)
    routes = list(_routes(plan.settings.requirements, table, rules))
    for line in (
        *_indexes(plan),
        *_demands(plan),
        *exceptions,
        *_builds(plan.policy.builds),
        *_advisories(plan.policy.advisories, plan.now),
        *_ages_and_names(plan),
        *_settings(plan.settings),
        *routes,
    ):
        console.data(line)
    return 0


def _schema() -> str:
    """What editors complete and check a `safepip.toml` by. Raises `Unavailable`."""
    try:
        return shipped_text("schemas", _SCHEMA)
    except (OSError, UnicodeDecodeError):
        raise Unavailable.because(
            "unreadable-page",
            f"safepip's own file {_SCHEMA} cannot be read",
            hint="reinstall safepip: the schema of its configuration is part of it",
        ) from None


def _indexes(plan: Plan) -> Iterator[str]:
    state = "declared by safepip's configuration" if plan.policy.declared else "as pip's options and configuration say"
    yield f"indexes ({state}):"
    for index in plan.indexes:
        yield f"  {index.name}  {index.url}  {_about(index)}"
        yield f"      from {index.origin}"


def _about(index: Index) -> str:
    words = []
    if index.mirror_of:
        words.append(f"mirror of {index.mirror_of}")
    if index.packages:
        words.append("owns " + ", ".join(index.packages))
    if index.default:
        words.append("default, answers for every unclaimed name")
    if index.file_hosts:
        words.append("files also from " + ", ".join(index.file_hosts))
    if index.hashes is Hashes.OPTIONAL:
        words.append("hashes optional")
    return "; ".join(words) or index.kind.value


def _demands(plan: Plan) -> Iterator[str]:
    if plan.settings.network.trusted_hosts:
        yield f"hosts that are trusted without their certificates: {', '.join(plan.settings.network.trusted_hosts)}"
    if plan.policy.forbid_trusted_hosts is not None:
        yield f"no more hosts may be trusted without their certificates  from {plan.policy.forbid_trusted_hosts}"
    if plan.policy.allow_direct:
        yield f"claimed, and may be named by URL or path: {', '.join(sorted(plan.policy.allow_direct))}"
    for rule, origin in plan.policy.bans:
        yield f"exceptions are forbidden from {rule or 'every rule'}  from {origin}"
    if plan.policy.verify_installed is not None:
        yield f"what is installed has to be known by digest  from {plan.policy.verify_installed}"
    if plan.policy.full_commits is not None:
        yield f"version control has to be named by whole commit ids  from {plan.policy.full_commits}"


def _exceptions(exemptions: Sequence[Exemption], now: float) -> Iterator[str]:
    if exemptions:
        yield "exceptions from rules:"
    for exemption in exemptions:
        words = [exemption.rule, "for", exemption.project]
        if exemption.file is not None:
            words.append(printable(exemption.file))
        if exemption.digest is not None:
            words.append(str(exemption.digest))
        if exemption.until is not None:
            words.append(f"until {last_day(exemption)}")
        if exemption.until is not None and now >= exemption.until:
            words.append("(expired: it allows nothing)")
        yield "  " + " ".join(words)
        yield f"      because {exemption.reason}"
        yield f"      from {exemption.origin}, {exemption.origin.source.value}"


def _builds(policy: BuildPolicy) -> Iterator[str]:
    stated = policy.stated or BUILT_IN
    yield "builds from source:"
    if policy.mode is BuildMode.NAMED:
        yield f"  builds = {'those of these projects' if policy.rules else 'none'}  from {stated}"
    else:
        yield f"  builds = {policy.mode.value}  from {stated}"
    for rule in policy.rules:
        yield f"  {rule.name}{', with the network' if rule.network else ''}  from {rule.origin}"
        if rule.reason:
            yield f"      because {rule.reason}"
    if policy.mode is BuildMode.NAMED and policy.fence_demanded is not None:
        yield f"  always in a fence  from {policy.fence_demanded}"
    if policy.variables:
        yield f"  build-variables = {', '.join(policy.variables)}"


def _advisories(policy: AdvisoryPolicy, now: float) -> Iterator[str]:
    # What forbids ignores stands among the demands.
    if policy._replace(may_ignore=True) == AdvisoryPolicy():
        return
    yield "known vulnerabilities and malware:"
    for source in policy.sources:
        asked = ", asked by audit" if source.is_server else ""
        asked += ", claimed names included" if source.claimed else ""
        yield f"  {source.name}  {printable(source.place)}{asked}  from {source.origin}"
    if policy.refuse is not None:
        yield f"  vulnerabilities = refuse:{policy.refuse.word}  from {policy.refuse_origin}"
    if policy.required is not None:
        yield f"  advisories = required  from {policy.required}"
    for vex in policy.vex:
        of = f" of {printable(', '.join(vex.products))}" if vex.products else ""
        yield f"  VEX statements{of}: {printable(vex.path)}  from {vex.origin}"
    for ignore in policy.ignores:
        ended = " (ended: it ignores nothing)" if now >= ignore.until else ""
        yield f"  ignored: {printable(ignore.id)} for {ignore.project}{ended}"
        yield f"      because {ignore.reason}"
        yield f"      from {ignore.origin}"


def _ages_and_names(plan: Plan) -> Iterator[str]:
    """What the rules on ages and names go by, defaults included. Raises what reading the list of names raises."""
    ages = plan.policy.ages
    path, origin = plan.well_known_names()
    names = f"{'the list of safepip' if path is None else printable(path)}, {len(listed_names(path, origin))} names"
    yield "ages and names:"
    yield f"  cooldown = {_cooldown(plan.settings.cooldown or ages.cooldown or Cooldown(), ages.enforced)}"
    for name, cooldown in sorted(ages.indexes.items()):
        yield f"  cooldown of the index {name} = {_cooldown(cooldown)}"
    for name, cooldown in sorted(ages.projects.items()):
        yield f"  cooldown of {name} = {_cooldown(cooldown)}"
    yield f"  new-project-age = {_cooldown(Cooldown(ages.new_project, None, ages.new_project_origin))}"
    yield f"  well-known-names = {names}  from {origin}"


def _cooldown(cooldown: Cooldown, enforced: Origin | None = None) -> str:
    """A span or moment and where it was said; `enforced` is where it is forbidden to go below the default."""
    held = "" if enforced is None or cooldown.origin != BUILT_IN else f", and {enforced} forbids exceptions"
    return f"{written(cooldown)}  from {cooldown.origin}{held}"


def _settings(settings: Settings) -> Iterator[str]:
    if settings.origins:
        yield "settings that were set:"
    for name, origin in sorted(settings.origins.items()):
        value = _plainly(_find(settings, name))
        yield f"  {name.replace('_', '-')} = {value}  from {origin.chain()}"


def _find(settings: Any, name: str) -> Any:
    """A setting by its field's name, in the settings or one of their parts."""
    for field in settings._fields:
        value = getattr(settings, field)
        if field == name:
            return value
        if name in getattr(value, "_fields", ()):
            return getattr(value, name)
    return "(set)"


def _plainly(value: Any) -> Any:
    if isinstance(value, Cooldown):
        return written(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else value


def _routes(names: Sequence[str], table: RoutingTable, rules: AgeRules) -> Iterator[str]:
    if names:
        yield "routes:"
    for text in names:
        name = project_name(text)
        decision = table.route(name)
        if isinstance(decision, Route):
            assert decision.index is not None
            rule = f"{decision.rule.value} {decision.detail}".rstrip()
            yield f"  {name}  ->  {decision.index.name}  {decision.index.url}  ({rule})"
        elif decision.sources:
            sources = ", ".join(source.name for source in decision.sources)
            yield f"  {name}  ->  whichever of these has it, if exactly one has: {sources}"
        else:
            yield f"  {name}  ->  no source at all"
        cooldown = rules.cooldown_of(name)
        if cooldown is None:
            yield "      no cooldown and no late-file: an index claims the name"
        else:
            yield f"      cooldown {_cooldown(cooldown)}"
