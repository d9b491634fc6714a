"""What an audit found: lines for people, JSON for programs.

Names, ids and summaries come from databases and metadata that others write, so all of it is made printable.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.model.finding import printable
from safepip.model.spans import day_and_time
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.advisories import AuditedProject, AuditOutcome, Ignore, Vulnerability
    from safepip.model.vex import VexStatement

#: How many repairs, and how many projects that require another, a line names.
_MANY = 6


def audit_lines(outcome: AuditOutcome) -> Iterator[str]:
    """What was found as lines for people, and what could not be verified; nothing of what is clean."""
    for project in outcome.projects:
        if project.counting or project.ignored or project.excused or project.unverified:
            yield from _project(project)
    if outcome.doubts:
        yield "could not be verified:"
        yield from (f"  {printable(doubt, 500)}" for doubt in outcome.doubts)


def _project(project: AuditedProject) -> Iterator[str]:
    subject = project.subject
    yield f"{printable(f'{subject.name} {subject.version}'.rstrip())}  {printable(str(subject.origin), 500)}"
    assessed = dict(project.assessed)
    for matter in project.counting:
        yield from _matter(matter)
        if matter in assessed:
            yield f"    {printable(str(assessed[matter]), 1000)}"
    for matter, ignore in project.ignored:
        yield f"  {printable(matter.id)}  ignored: {ignore.reason} ({ignore.origin})"
    for matter, statement in project.excused:
        yield f"  {printable(matter.id)}  {printable(str(statement), 1000)}"
    for reason in project.unverified:
        yield f"  could not be verified: {printable(reason, 500)}"
    if project.counting:
        if subject.required_by:
            yield f"  required by {printable(_some(subject.required_by))}"
        if project.smallest is not None:
            yield f"  smallest change: {printable(f'{subject.name}=={project.smallest}')}"


def _matter(matter: Vulnerability) -> Iterator[str]:
    word = "malicious" if matter.malicious else matter.severity.word
    names = f" ({', '.join(matter.aliases)})" if matter.aliases else ""
    yield printable(f"  {matter.id}{names}  {word}", 500)
    if matter.summary:
        yield f"    {printable(matter.summary)}"
    yield f"    fixed in {printable(_some(matter.fixed))}" if matter.fixed else "    no fixed version is known"


def _some(words: tuple[str, ...]) -> str:
    more = f" and {len(words) - _MANY} more" if len(words) > _MANY else ""
    return ", ".join(words[:_MANY]) + more


def audit_summary(outcome: AuditOutcome) -> str:
    """The last line."""
    found = sum(len(project.counting) for project in outcome.projects)
    affected = sum(bool(project.counting) for project in outcome.projects)
    unverified = sum(bool(project.unverified) for project in outcome.projects)
    total = _count(len(outcome.projects), "version")
    parts = [f"{_count(found, 'finding')} in {affected} of {total}" if found else f"no finding in {total}"]
    ignored = sum(len(project.ignored) for project in outcome.projects)
    excused = sum(len(project.excused) for project in outcome.projects)
    if ignored:
        parts.append(f"{ignored} ignored")
    if excused:
        parts.append(f"{excused} left out by VEX")
    if outcome.doubts:
        parts.append("nothing of this is verified")
    elif unverified:
        parts.append(f"{unverified} could not be verified")
    return "; ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def audit_json(outcome: AuditOutcome, version: str, exit_code: int) -> str:
    """The whole outcome as JSON (docs/reference/audit.md). `version` is safepip's own."""
    report = {
        "version": "1",
        "safepip_version": version,
        "exit_code": exit_code,
        "verified": not outcome.doubts and not any(project.unverified for project in outcome.projects),
        "doubts": list(outcome.doubts),
        "sources": list(outcome.sources),
        "stale_ignores": list(outcome.stale),
        "projects": [item_of(project) for project in outcome.projects],
    }
    return disarm_data(json.dumps(report, indent=2, ensure_ascii=True))


def item_of(project: AuditedProject) -> dict[str, Any]:
    """One project of the report."""
    subject = project.subject
    assessed = dict(project.assessed)
    return {
        "name": subject.name,
        "version": subject.version or None,
        "place": subject.origin.where,
        "line": subject.origin.line,
        "required_by": list(subject.required_by),
        "vulnerabilities": [
            *(vulnerability_of(matter, vex=assessed.get(matter)) for matter in project.counting),
            *(vulnerability_of(matter, ignore) for matter, ignore in project.ignored),
            *(vulnerability_of(matter, vex=statement) for matter, statement in project.excused),
        ],
        "unverified": list(project.unverified),
        "smallest_change": project.smallest,
    }


def vulnerability_of(
    matter: Vulnerability, ignore: Ignore | None = None, vex: VexStatement | None = None
) -> dict[str, Any]:
    """One matter of the report, with what takes it away or says something of it."""
    return {
        "id": matter.id,
        "aliases": list(matter.aliases),
        "severity": matter.severity.word,
        "malicious": matter.malicious,
        "summary": matter.summary,
        "cvss": [{"vector": rating.vector, "score": rating.score} for rating in matter.ratings],
        "fixed_versions": list(matter.fixed),
        "counts": ignore is None and (vex is None or not vex.status.covers),
        "ignored": None if ignore is None else {"reason": ignore.reason, "place": str(ignore.origin)},
        "vex": None if vex is None else _statement(vex),
    }


def _statement(vex: VexStatement) -> dict[str, Any]:
    return {
        "status": vex.status.value,
        "justification": vex.justification or None,
        "detail": vex.detail or None,
        "author": vex.author,
        "time": day_and_time(vex.moment),
        "place": str(vex.origin),
    }
