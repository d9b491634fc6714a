"""`safepip audit`: what the configured advisories know of what is installed, locked or pinned.

Exit codes: 0 where nothing is known, 1 where something is, 2 for a wrong command line, configuration or file, and 3
where it could not be verified. A script that looks for 0 alone is right in any case.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from safepip.advisories.auditing import audit as judge_all
from safepip.commands.audit_input import read_audit_input
from safepip.commands.audit_servers import ask_servers
from safepip.commands.resources import Resources
from safepip.edges.advisories.bundle import files_among, open_bundle
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.user.arguments import make_plan, read_options
from safepip.model.advisories import SEVERITIES, ProjectRecords
from safepip.model.errors import SafepipError, Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.spans import day_and_time
from safepip.reporting.audit_report import audit_json, audit_lines, audit_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.edges.advisories.bundle import Bundle
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
    from safepip import __version__

    parsed, _ = read_options("audit", argv, resources.world, resources.credentials)
    plan = make_plan("audit", argv, resources.world, resources.credentials, default_index_url, may_be_empty=True)
    resources.use(plan)
    _check(plan)
    if parsed["update_advisories"]:
        _update(plan, resources)
        return 0
    outcome = _outcome(plan, parsed, resources)
    code = outcome.exit_code(SEVERITIES[parsed["fail_on"]])
    if parsed["output_format"] == "text":
        _tell(outcome, resources)
    else:
        resources.console.data(_formatted(outcome, parsed["output_format"], __version__, code))
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


def _formatted(outcome: AuditOutcome, form: str, version: str, code: int) -> str:
    """The outcome for a program."""
    if form == "json":
        return audit_json(outcome, version, code)
    from safepip.reporting.audit_sarif import audit_sarif

    return audit_sarif(outcome, version)


def _check(plan: Plan) -> None:
    if plan.settings.requirements:
        raise UsageError.because(
            "bad-option",
            f"audit takes no names, and {printable(plan.settings.requirements[0])} is one",
            hint="safepip audit -r FILE audits a file, --python DIR another environment",
        )
    if not plan.policy.advisories.sources:
        raise Unavailable.because("advisories-unavailable", "no source of advisories is configured", hint=_EXAMPLE)


def _cache(resources: Resources) -> str:
    if resources.store.private:
        raise Unavailable.because(
            "advisories-unavailable",
            "advisories are kept in the cache folder, and this run has none",
            hint="leave out --no-cache-dir, or name a folder with --cache-dir",
        )
    return resources.store.root


def _update(plan: Plan, resources: Resources) -> None:
    from safepip.edges.advisories.fetching import fetch_archive
    from safepip.edges.advisories.gathering import update

    network = resources.network
    fetch = partial(fetch_archive, network.loop, network.transport)
    facts, path = update(_cache(resources), plan.policy.advisories.sources, fetch, plan.now)
    for source in facts.sources:
        dated = f", the newest of {day_and_time(source.newest)}" if source.newest else ""
        resources.console.say(f"{source.name}: {_records(source.records)}{dated}")
    resources.console.say(f"Saved {path}")


def _outcome(plan: Plan, parsed: ParsedOptions, resources: Resources) -> AuditOutcome:
    policy = plan.policy.advisories
    with contextlib.ExitStack() as stack:
        bundle = None
        if files_among(policy.sources):
            bundle = open_bundle(_cache(resources), policy.sources, plan.now)
            stack.callback(bundle.close)
        subjects = read_audit_input(plan.settings, parsed["audit_path"], resources)
        answers = ask_servers(plan, {subject.name for subject in subjects.found}, resources)

        def records(name: str) -> ProjectRecords:
            parts = [answers[name], *([] if bundle is None else [bundle.records(name)])]
            return ProjectRecords(
                tuple(known for part in parts for known in part.known),
                tuple(fault for part in parts for fault in part.unreadable),
            )

        doubts = (*(() if bundle is None else bundle.doubts), *subjects.doubts)
        sources = [*_described(bundle), *(f"advisories of {s.name}: asked" for s in policy.sources if s.is_server)]
        return judge_all(subjects.found, records, policy.ignores, plan.now, doubts, sources)


def _records(number: int) -> str:
    return f"{number} record{'' if number == 1 else 's'}"


def _described(bundle: Bundle | None) -> list[str]:
    return [
        f"advisories of {source.name}: {_records(source.records)}, the newest of {day_and_time(source.newest)}"
        for source in (() if bundle is None else bundle.facts.sources)
    ]
