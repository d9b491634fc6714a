"""What an audit found, for code hosts and editors: SARIF 2.1.0.

Each finding stands at the line of the requirements file or lock that names the version. What could not be verified is a
result, too: a log without results reads as clean. Source: OASIS, "Static Analysis Results Interchange Format", 2.1.0.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from safepip.model.advisories import Severity
from safepip.model.finding import printable
from safepip.model.origin import Source
from safepip.model.urls import file_url, is_url
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.advisories import AuditOutcome, Vulnerability
    from safepip.model.origin import Origin

_NOT_VERIFIED = "could-not-verify"

#: What code hosts make of a severity, by SARIF's `security-severity`: the middle of each band of CVSS.
_SCORES = {
    Severity.UNKNOWN: "8.0",
    Severity.LOW: "2.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


class _Result(NamedTuple):
    """One result: the id of its rule, its level in SARIF's words, what it says, and where."""

    rule: str
    level: str
    text: str
    origin: Origin | None
    matter: Vulnerability | None = None


def _results(outcome: AuditOutcome) -> Iterator[_Result]:
    for project in outcome.projects:
        subject = project.subject
        shown = f"{subject.name} {subject.version}".rstrip()
        for matter in project.counting:
            word = "malicious" if matter.malicious else f"severity {matter.severity.word}"
            fix = f"smallest change: {subject.name}=={project.smallest}" if project.smallest else "no repair is known"
            summary = f": {matter.summary}" if matter.summary else ""
            level = "error" if matter.malicious or matter.severity.counted >= Severity.HIGH else "warning"
            text = f"{shown} has {matter.id}, {word}{summary}; {fix}"
            yield _Result(matter.id, level, printable(text, 1000), subject.origin, matter)
        for reason in project.unverified:
            text = f"{shown} could not be verified: {reason}"
            yield _Result(_NOT_VERIFIED, "error", printable(text, 1000), subject.origin)
    for doubt in outcome.doubts:
        yield _Result(_NOT_VERIFIED, "error", printable(f"nothing is verified: {doubt}", 1000), None)


def audit_sarif(outcome: AuditOutcome, version: str) -> str:
    """The outcome as a SARIF log with one run. `version` is safepip's own."""
    results = list(_results(outcome))
    rules = {result.rule: _rule(result) for result in results}
    driver = {"name": "safepip", "version": version, "rules": list(rules.values())}
    log = {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_sarif(result) for result in results]}],
    }
    return disarm_data(json.dumps(log, indent=2, ensure_ascii=True))


def _rule(result: _Result) -> dict[str, Any]:
    if result.matter is None:
        return {"id": _NOT_VERIFIED, "shortDescription": {"text": "It could not be verified whether anything is known"}}
    matter = result.matter
    names = ", ".join((matter.id, *matter.aliases))
    return {
        "id": matter.id,
        "shortDescription": {"text": printable(matter.summary or names)},
        "help": {"text": printable(names, 1000)},
        "properties": {"tags": ["security"], "security-severity": _SCORES[matter.severity]},
    }


def _sarif(result: _Result) -> dict[str, Any]:
    made: dict[str, Any] = {"ruleId": result.rule, "level": result.level, "message": {"text": result.text}}
    if result.origin is not None and result.origin.source is Source.FILE:
        where = result.origin.where
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(where)}}
        if result.origin.line is not None:
            place["region"] = {"startLine": result.origin.line}
        made["locations"] = [{"physicalLocation": place}]
    return made


def _uri(where: str) -> str:
    """A file as SARIF has it: relative to the working folder as it was named, or absolute."""
    if is_url(where):
        return where
    absolute = where.startswith("/") or where[1:2] == ":"
    return file_url(where) if absolute else quote(where.replace("\\", "/"), errors="surrogateescape")
