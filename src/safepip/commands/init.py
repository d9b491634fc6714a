"""`safepip init`: a `safepip.toml` from what pip and other tools are configured with, without a guess at any owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.commands.init_dialogue import ask_owners
from safepip.commands.init_findings import read_material
from safepip.commands.init_survey import IndexSurvey, WatchedResources
from safepip.config.level import read_level
from safepip.edges.console.outputs import no_person_watches
from safepip.edges.disk.local_paths import is_there, seen_from
from safepip.edges.disk.new_file import there_already, write_new
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan
from safepip.edges.user.configuration_files import nearest_project
from safepip.edges.user.terminal import can_ask
from safepip.migration.indexes import read_named, unite, with_mirrors
from safepip.migration.ownership import check_claims, read_claim
from safepip.migration.report import decision_line, index_lines, name_lines
from safepip.migration.writing import Proposal, text_of
from safepip.model.errors import Refused, Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.index import IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.urls import covered
from safepip.options.command_line import HelpRequested
from safepip.options.own_words import take_own
from safepip.requirements.places import is_pyproject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safepip.commands.init_findings import Material
    from safepip.commands.init_survey import Trial
    from safepip.migration.findings import Findings
    from safepip.migration.indexes import MigratedIndex
    from safepip.model.plan import Plan

_HELP = """\
Usage: safepip init [options] [FILE]...

Write a safepip.toml from what pip is configured with (files, variables, requirements files), and from the index
settings of uv, Poetry and PDM. Each index is asked for the names that are in use, and you are shown who has which.
Which index owns a name is for you to say: at the terminal, by --claim, or later in the file, where each name that you
have left open stands as a question, and until it is answered the file is refused. Nothing else is written or changed.

FILE is a requirements file, a pyproject.toml, a uv.toml, a pdm.toml or a lock. Without any, those of the working folder
are read.

  --claim NAME=INDEX     INDEX owns NAME, or with 'acme-*=INDEX' every name that begins with acme-. May be repeated.
  --default INDEX        INDEX answers for every name that no index owns.
  --mirror NAME=INDEX    The index NAME has what INDEX has, and stands for it. May be repeated.
  --index NAME=URL       Call the index at URL by this NAME, whether it was found or not. May be repeated.
  -o, --output PATH      Where to write it; - for standard output. (default: safepip.toml)

With --no-input, and where there is no terminal, nothing is asked. Ends with 0 where everything is decided and an
install by the new configuration would not be refused, with 20 where something is left to decide: also where an index
that is in use could not be taken over.
The other options are those of `safepip install`: see `safepip install --help`."""

_VALUED = ("--claim", "--default", "--mirror", "--index", "-o", "--output")


class _Options(NamedTuple):
    """The command's own options. `output` is a path, or `-`."""

    claims: tuple[str, ...]
    mirrors: tuple[str, ...]
    default: str | None
    named: Mapping[str, IndexUrl]
    output: str


def init(argv: Sequence[str]) -> int:
    """Run `safepip init` with these arguments, the verb left out. Raises `SafepipError`."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    own, words = take_own(argv, (), _VALUED)
    with WatchedResources() as resources:
        options = _read(own, resources)
        _check_place(options.output, resources)
        world, credentials = resources.world, resources.credentials
        plan = make_plan("download", ["--no-config", *words], world, credentials, default_index_url, may_be_empty=True)
        if plan.policy.declared:
            raise _declared_above(plan)
        resources.use(plan)
        if options.output == "-":
            resources.console.answer_alone()
        return _migrate(options, words, plan, resources)


def _read(own: Mapping[str, Sequence[str]], resources: WatchedResources) -> _Options:
    absorb = resources.credentials.absorb
    output = [*own.get("-o", ()), *own.get("--output", ())][-1:] or ["safepip.toml"]
    return _Options(
        tuple(own.get("--claim", ())),
        tuple(own.get("--mirror", ())),
        next(iter(own.get("--default", ())[-1:]), None),
        read_named(map(absorb, own.get("--index", ()))),
        "-" if output[0] == "-" else resources.world.absolute(resources.world.expand(output[0])),
    )


def _check_place(output: str, resources: WatchedResources) -> None:
    """Raise `UsageError` (`already-configured`) where the file would take the place of another configuration."""
    if output == "-":
        return
    if is_pyproject(output):
        raise UsageError.because(
            "bad-option",
            "--output: a pyproject.toml has the tables under [tool.safepip], and what is written has not",
            hint="print it, and put it there: safepip init -o -",
        )
    if is_there(output):
        raise there_already(output)
    nearest = nearest_project(resources.world, resources.credentials)
    if nearest:
        raise there_already(nearest)


def _declared_above(plan: Plan) -> UsageError:
    places = dict.fromkeys(str(index.origin) for index in plan.indexes)
    return UsageError.because(
        "already-configured",
        "the machine's or the user's configuration declares the indexes, so pip's are not in force",
        context=tuple(places),
        hint="claim names there, or in a safepip.toml of the project that declares an index by the same name",
    )


def _migrate(options: _Options, words: Sequence[str], plan: Plan, resources: WatchedResources) -> int:
    built_in = IndexUrl.parse(resources.credentials.absorb(default_index_url()))
    material = read_material(plan, built_in, resources, options.named.values())
    indexes = _indexes(material.findings, built_in, options, resources)
    claims = tuple(read_claim(text, indexes, Source.COMMAND_LINE) for text in options.claims)
    check_claims(claims)
    findings = material.findings
    proposal = Proposal(
        indexes, claims, (), findings.unread, _trusted(findings, indexes), _requested_trust(findings, indexes)
    )
    survey = IndexSurvey(words, resources, indexes, proposal.trusted_hosts, findings.assignments)
    proposal, trials = _settle(proposal, survey, material, resources)
    text = text_of(proposal)
    _check(text, proposal)
    _tell(proposal, material, resources)
    if options.output == "-":
        resources.console.data(text.rstrip("\n"))
    else:
        write_new(options.output, text)
        resources.console.say(f"Wrote {printable(seen_from(resources.world.cwd, options.output))}")
    if not proposal.decided:
        return _left(proposal, trials, resources)
    path = "safepip.toml" if options.output == "-" else options.output
    return gravest([_tell_trial(trial, resources) for trial in survey.rehearse(material.parts, text, path)])


def _indexes(
    findings: Findings, built_in: IndexUrl, options: _Options, resources: WatchedResources
) -> tuple[MigratedIndex, ...]:
    holds = resources.credentials.holds
    united = with_mirrors(unite(findings, built_in, options.named, options.default), options.mirrors)
    return tuple(
        index._replace(logged_in=holds(index.url) or any(found.hidden for found in index.found)) for index in united
    )


def _trusted(findings: Findings, indexes: Sequence[MigratedIndex]) -> tuple[str, ...]:
    """The trusted hosts that an index is on; others would widen the configuration for nothing."""
    return tuple(host for host in findings.trusted_hosts if any(covered(index.url, [host]) for index in indexes))


def _requested_trust(findings: Findings, indexes: Sequence[MigratedIndex]) -> tuple[tuple[str, Origin], ...]:
    """The hosts that a file of the project wants trusted, and that no person has: those that an index is on."""
    trusted = {host.lower() for host in findings.trusted_hosts}
    return tuple(
        (host, origin)
        for host, origin in findings.requested_trust
        if host.lower() not in trusted and any(covered(index.url, [host]) for index in indexes)
    )


def _settle(
    proposal: Proposal, survey: IndexSurvey, material: Material, resources: WatchedResources
) -> tuple[Proposal, list[Trial]]:
    """Ask the indexes and the person in turn, until no name comes in any more and nothing more is decided. The searches
    for what is needed in turn are given back, too."""
    names: dict[str, Origin] = dict(material.findings.names)
    left: set[str] = set()
    asks = can_ask() and not no_person_watches() and not resources.plan.settings.network.no_input
    while True:
        proposal = proposal._replace(reports=survey.reports(names, proposal))
        if asks and any(report.name not in left for report in proposal.open_reports):
            given = ask_owners(proposal, left, resources)
            asks = given.goes_on
            left |= {report.name for report in proposal.open_reports}
            if given.claims:
                proposal = proposal._replace(claims=(*proposal.claims, *given.claims))
                continue
        trials = list(survey.discover(material.parts, proposal))
        proposal = proposal._replace(incomplete=any(trial.error is not None for trial in trials))
        elsewhere = (name for trial in trials for name in trial.names_elsewhere())
        new = {*resources.looked_at, *elsewhere} - names.keys()
        if not new:
            return proposal, trials
        names |= dict.fromkeys(sorted(new), Origin(Source.DISTRIBUTION, "what the requirements need"))


def _check(text: str, proposal: Proposal) -> None:
    """What is written is what safepip reads: only an open question may be wrong with it."""
    try:
        read_level(text, "safepip.toml", Source.PROJECT_CONFIG)
    except UsageError as error:
        if proposal.decided or any(d.reference != "undecided-owner" for d in error.diagnostics):
            raise


def _tell(proposal: Proposal, material: Material, resources: WatchedResources) -> None:
    console = resources.console
    read = ", ".join(map(printable, material.files)) or "no files"
    console.say(f"Read pip's configuration and {read}")
    for line in (*index_lines(proposal), *name_lines(proposal)):
        console.say(line)
    for note in material.findings.notes:
        console.say(f"Note: {printable(note)}")


def _left(proposal: Proposal, trials: Sequence[Trial], resources: WatchedResources) -> int:
    """Say what a person has to decide before the file can be used, and why that may not be all; the exit code."""
    console = resources.console
    names = [report.name for report in proposal.open_reports]
    for trial in trials:
        # That a name has no owner ends a search, and is told below.
        problems = [d for d in trial.error.diagnostics if d.subject not in names] if trial.error is not None else []
        for diagnostic in problems:
            console.notice(f"{trial.part.title}: {diagnostic.reference}: {diagnostic.message}")
    if names:
        count = f"{len(names)} name{'s' if len(names) > 1 else ''}"
        ways = "answer the questions in the file, or remove it and give --claim NAME=INDEX"
        console.notice(f"{count} left to decide: {', '.join(names)}; {ways}")
    elif proposal.unsure:
        console.notice("what the requirements need in turn is not all known: the file has a question to answer")
    for source in proposal.unread:
        console.notice(f"not taken over: {printable(str(source))}; the file has a question to answer")
    return Refused.exit_code


def gravest(codes: Sequence[int]) -> int:
    """The code of all trials together: a refusal before anything that could not be done, and that before 0."""
    return next((code for code in (Refused.exit_code, Unavailable.exit_code) if code in codes), max(codes, default=0))


def _tell_trial(trial: Trial, resources: WatchedResources) -> int:
    """Say what an install would do; its exit code."""
    if trial.decision is not None:
        line = decision_line(trial.part.title, trial.decision.resolution)
        resources.console.say(f"Would install {line}")
        return 0
    assert trial.error is not None
    for diagnostic in trial.error.diagnostics:
        resources.console.notice(f"{trial.part.title}: {diagnostic.reference}: {diagnostic.message}")
    return trial.error.exit_code
