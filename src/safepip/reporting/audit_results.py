"""What an audit found, result by result, for the forms that code hosts and editors read.

What could not be verified is a result, too: a report without results reads as clean. What is known and does not count,
because it is ignored or a VEX statement covers it, is a note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.advisories import Severity
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.advisories import AuditOutcome, Vulnerability
    from safepip.model.origin import Origin

#: The rule of what could not be verified.
NOT_VERIFIED = "could-not-verify"


class AuditResult(NamedTuple):
    """One result: the id of its rule, its level (error, warning or note), what it says, and where."""

    rule: str
    level: str
    text: str
    origin: Origin | None
    matter: Vulnerability | None = None


def audit_results(outcome: AuditOutcome) -> Iterator[AuditResult]:
    """A result for each finding that counts, a note for each that does not, and a result for each reason why something
    could not be verified."""
    for project in outcome.projects:
        subject = project.subject
        shown = f"{subject.name} {subject.version}".rstrip()
        for matter in project.counting:
            word = "malicious" if matter.malicious else f"severity {matter.severity.word}"
            fix = f"smallest change: {subject.name}=={project.smallest}" if project.smallest else "no repair is known"
            summary = f": {matter.summary}" if matter.summary else ""
            level = "error" if matter.malicious or matter.severity.counted >= Severity.HIGH else "warning"
            text = f"{shown} has {matter.id}, {word}{summary}; {fix}"
            yield AuditResult(matter.id, level, printable(text, 1000), subject.origin, matter)
        reasons = [(matter, f"ignored: {ignore.reason} ({ignore.origin})") for matter, ignore in project.ignored]
        reasons += [(matter, str(statement)) for matter, statement in project.excused]
        for matter, why in reasons:
            yield AuditResult(matter.id, "note", printable(f"{shown} and {matter.id}: {why}", 1000), subject.origin)
        for reason in project.unverified:
            text = f"{shown} could not be verified: {reason}"
            yield AuditResult(NOT_VERIFIED, "error", printable(text, 1000), subject.origin)
    for doubt in outcome.doubts:
        yield AuditResult(NOT_VERIFIED, "error", printable(f"nothing is verified: {doubt}", 1000), None)
