"""What an audit found, for code hosts and editors: SARIF 2.1.0.

Each finding stands at the line of the requirements file or lock that names the version. What could not be verified is a
result, too: a log without results reads as clean. What is known and does not count is a notification of the run: code
hosts make an alert of every result, of one that is suppressed too. Source: OASIS, "Static Analysis Results Interchange
Format", 2.1.0.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.model.advisories import Severity
from safepip.model.finding import printable
from safepip.model.origin import Source
from safepip.reporting.audit_results import NOT_VERIFIED, audit_results
from safepip.reporting.file_uris import uri_of
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from safepip.model.advisories import AuditOutcome
    from safepip.reporting.audit_results import AuditResult

#: What code hosts make of a severity, by SARIF's `security-severity`: the middle of each band of CVSS.
_SCORES = {
    Severity.UNKNOWN: "8.0",
    Severity.LOW: "2.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def audit_sarif(outcome: AuditOutcome, version: str) -> str:
    """The outcome as a SARIF log with one run. `version` is safepip's own."""
    every = list(audit_results(outcome))
    results = [result for result in every if result.level != "note"]
    notes = [{"level": "note", "message": {"text": result.text}} for result in every if result.level == "note"]
    rules = {result.rule: _rule(result) for result in results}
    driver = {"name": "safepip", "version": version, "rules": list(rules.values())}
    log = {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
                "results": [_sarif(result) for result in results],
            }
        ],
    }
    return disarm_data(json.dumps(log, indent=2, ensure_ascii=True))


def _rule(result: AuditResult) -> dict[str, Any]:
    if result.matter is None:
        return {"id": NOT_VERIFIED, "shortDescription": {"text": "It could not be verified whether anything is known"}}
    matter = result.matter
    names = ", ".join((matter.id, *matter.aliases))
    return {
        "id": matter.id,
        "shortDescription": {"text": printable(matter.summary or names)},
        "help": {"text": printable(names, 1000)},
        "properties": {"tags": ["security"], "security-severity": _SCORES[matter.severity]},
    }


def _sarif(result: AuditResult) -> dict[str, Any]:
    made: dict[str, Any] = {"ruleId": result.rule, "level": result.level, "message": {"text": result.text}}
    if result.origin is not None and result.origin.source is Source.FILE:
        where = result.origin.where
        place: dict[str, Any] = {"artifactLocation": {"uri": uri_of(where)}}
        if result.origin.line is not None:
            place["region"] = {"startLine": result.origin.line}
        made["locations"] = [{"physicalLocation": place}]
    return made
