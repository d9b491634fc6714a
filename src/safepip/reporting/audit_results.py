"""What an audit found, result by result.

What could not be verified is a result, too: a report without results reads as clean. What is known and does not count,
because it is ignored or a VEX statement covers it, is a note.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from safepip.model.advisories import Severity
from safepip.model.finding import printable
from safepip.reporting.results import Result, ResultRule, places_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.advisories import AuditedProject, AuditOutcome, Vulnerability

#: The rule of what could not be verified.
NOT_VERIFIED = ResultRule(
    "could-not-verify",
    "It could not be verified whether anything is known",
    "Known vulnerabilities may be missing here: safepip help advisories-unavailable",
)

#: What code hosts make of a severity: the middle of each band of CVSS.
_SCORES = {
    Severity.UNKNOWN: "8.0",
    Severity.LOW: "2.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def audit_results(outcome: AuditOutcome) -> Iterator[Result]:
    """A result for each finding that counts, a note for each that does not, and a result for each reason why something
    could not be verified."""
    for project in outcome.projects:
        yield from _results(project)
    # At a file that is audited, where there is one: code hosts refuse a log in which a result has no place.
    files = (place for project in outcome.projects for place in places_of([project.subject.origin]))
    places = tuple(place._replace(line=None) for place in islice(files, 1))
    for doubt in outcome.doubts:
        yield Result(NOT_VERIFIED, "error", printable(f"nothing is verified: {doubt}", 1000), places)


def _results(project: AuditedProject) -> Iterator[Result]:
    subject, places = project.subject, places_of([project.subject.origin])
    shown = f"{subject.name} {subject.version}".rstrip()
    for matter in project.counting:
        word = "malicious" if matter.malicious else f"severity {matter.severity.word}"
        fix = f"smallest change: {subject.name}=={project.smallest}" if project.smallest else "no repair is known"
        summary = f": {matter.summary}" if matter.summary else ""
        level = "error" if matter.malicious or matter.severity.counted >= Severity.HIGH else "warning"
        text = f"{shown} has {matter.id}, {word}{summary}; {fix}"
        yield Result(_rule(matter), level, printable(text, 1000), places)
    reasons = [(matter, f"ignored: {ignore.reason} ({ignore.origin})") for matter, ignore in project.ignored]
    reasons += [(matter, str(statement)) for matter, statement in project.excused]
    for matter, why in reasons:
        yield Result(_rule(matter), "note", printable(f"{shown} and {matter.id}: {why}", 1000), places)
    for reason in project.unverified:
        text = f"{shown} could not be verified: {reason}"
        yield Result(NOT_VERIFIED, "error", printable(text, 1000), places)


def _rule(matter: Vulnerability) -> ResultRule:
    names = ", ".join((matter.id, *matter.aliases))
    title = printable(matter.summary or names)
    return ResultRule(matter.id, title, printable(names, 1000), _SCORES[matter.severity])
