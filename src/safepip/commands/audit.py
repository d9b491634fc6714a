"""`safepip audit`: what the configured advisories know of what is installed, locked or pinned.

Exit codes: 0 where nothing is known, 1 where something is, 2 for a wrong command line, configuration or file, and 3
where it could not be verified. A script that looks for 0 alone is right in any case.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from safepip.commands.audit_input import read_audit_input
from safepip.commands.audit_records import AuditRecords, advisories_folder, records_in_words
from safepip.commands.resources import Resources
from safepip.commands.vex_files import with_vex
from safepip.edges.console.writing import hosted
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan, read_options
from safepip.edges.user.world import source_date
from safepip.model.advisories import SEVERITIES
from safepip.model.errors import SafepipError, Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.origin import Source
from safepip.model.spans import day_and_time
from safepip.options.table import AUDIT, DECIDING, options_of
from safepip.reporting.audit_report import audit_json, audit_lines, audit_summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safepip.model.advisories import AuditOutcome
    from safepip.model.plan import Plan
    from safepip.options.command_line import ParsedOptions

#: The exit code where it could not be verified whether anything is known.
NOT_VERIFIED = 3

_EXAMPLE = """name where advisories come from in safepip.toml:
[[advisories]]
name = "python"
path = "advisory-database/vulns"
max-age = "P30D\""""


def audit(argv: Sequence[str]) -> int:
    """Run `safepip audit` with these arguments, the verb left out. Raises `SafepipError` with a code of its own."""
    try:
        with Resources() as resources:
            return _audit(argv, resources)
    except SafepipError as error:
        error.exit_code = UsageError.exit_code if isinstance(error, UsageError) else NOT_VERIFIED
        raise


def _audit(argv: Sequence[str], resources: Resources) -> int:
    parsed, _ = read_options("audit", argv, resources.world, resources.credentials)
    plan = make_plan("audit", argv, resources.world, resources.credentials, default_index_url, may_be_empty=True)
    plan = with_vex(plan, parsed["vex_files"], parsed["vex_products"])
    resources.use(plan)
    _check(plan, parsed)
    if parsed["update_advisories"]:
        _update(plan, resources)
        return 0
    if parsed["fix"]:
        from safepip.commands.audit_fix import fix

        return fix(plan, parsed, resources)
    with AuditRecords(plan, resources) as records:
        outcome = records.judge(read_audit_input(plan.settings, parsed["audit_path"], resources))
    code = outcome.exit_code(SEVERITIES[parsed["fail_on"]])
    if parsed["output_format"] == "text":
        _tell(outcome, resources)
    elif parsed["output_format"] == "github":
        from safepip.reporting.annotations import annotations_of
        from safepip.reporting.audit_results import audit_results

        for annotation in annotations_of(audit_results(outcome)):
            resources.console.annotate(annotation)
    else:
        resources.console.answer_alone()
        resources.console.data(_formatted(outcome, parsed["output_format"], resources.world.environ, code))
    return code


def _tell(outcome: AuditOutcome, resources: Resources) -> None:
    """Say it to a person."""
    for line in audit_lines(outcome):
        resources.console.data(line)
    for line in outcome.stale:
        resources.console.notice(line)
    for line in outcome.sources:
        resources.console.say(line)
    resources.console.say(audit_summary(outcome))


def _formatted(outcome: AuditOutcome, form: str, environ: Mapping[str, str], code: int) -> str:
    """The outcome for a program."""
    from safepip import __version__

    if form == "json":
        return audit_json(outcome, __version__, code)
    if form == "cyclonedx":
        from safepip.reporting.audit_cyclonedx import audit_cyclonedx

        return audit_cyclonedx(outcome, __version__, source_date(environ))
    from safepip.reporting.audit_results import audit_results
    from safepip.reporting.sarif import sarif_log

    results = hosted(audit_results(outcome), environ)
    return sarif_log(results, __version__, code, successful=code != NOT_VERIFIED)


def _check(plan: Plan, parsed: ParsedOptions) -> None:
    if plan.settings.requirements:
        raise UsageError.because(
            "bad-option",
            f"audit takes no names, and {printable(plan.settings.requirements[0])} is one",
            hint="safepip audit -r FILE audits a file, --python DIR another environment",
        )
    if parsed["fix"] and parsed["update_advisories"]:
        raise UsageError.because(
            "conflicting-options",
            "--update reads the sources anew and does nothing else",
            hint="safepip audit --update\nsafepip audit --fix -r pylock.toml",
        )
    if parsed["update_advisories"] and parsed["output_format"] != "text":
        raise UsageError.because(
            "conflicting-options",
            "--update finds nothing that --output-format could tell",
            hint=f"safepip audit --update\nsafepip audit --output-format {parsed['output_format']}",
        )
    option = next(_without_effect(parsed), None)
    if option is not None:
        raise UsageError.because(
            "conflicting-options",
            f"{option} has no effect without --fix",
            hint="leave it out, or fix a lock: safepip audit --fix --dry-run -r pylock.toml",
        )
    if not plan.policy.advisories.sources:
        raise Unavailable.because("advisories-unavailable", "no source of advisories is configured", hint=_EXAMPLE)


def _without_effect(parsed: ParsedOptions) -> Iterator[str]:
    """The options on the command line that say how to decide on versions, where nothing is decided."""
    if parsed["fix"]:
        return
    if parsed["output_format"] == "markdown":
        yield "--output-format markdown"
    for option in options_of(AUDIT):
        stated = parsed.origin(option.dest)
        if option.dest in DECIDING and stated is not None and stated.source is Source.COMMAND_LINE:
            yield option.long


def _update(plan: Plan, resources: Resources) -> None:
    from safepip.edges.advisories.fetching import fetch_archive
    from safepip.edges.advisories.gathering import update

    network = resources.network
    fetch = partial(fetch_archive, network.loop, network.transport)
    facts, path = update(advisories_folder(resources), plan.policy.advisories.sources, fetch, plan.now)
    for source in facts.sources:
        dated = f", the newest of {day_and_time(source.newest)}" if source.newest else ""
        resources.console.say(f"{source.name}: {records_in_words(source.records)}{dated}")
    resources.console.say(f"Saved {path}")
