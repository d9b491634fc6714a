"""What `safepip audit --fix` has changed in a lock, as JSON: each change with its advisories, and what is left.

There is no SARIF of it: a finding that was fixed is none any more, and one that was not is a finding of the new lock,
which an audit of that gives in every form.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.reporting.audit_report import item_of, vulnerability_of
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from safepip.model.advisories import AuditOutcome
    from safepip.reporting.fix_report import FixedProject, FixReport, UnfixedProject


def fix_json(report: FixReport, outcome: AuditOutcome, version: str, exit_code: int) -> str:
    """The changes, and the audit of the lock with them. `version` is safepip's own."""
    known = (p for p in outcome.projects if p.counting or p.ignored or p.excused or p.unverified)
    record = {
        "version": "1",
        "safepip_version": version,
        "exit_code": exit_code,
        "verified": not outcome.doubts and not any(project.unverified for project in outcome.projects),
        "doubts": list(outcome.doubts),
        "lock": report.path,
        "written": report.written,
        "changes": [_change(project) for project in report.changed],
        "not_fixed": [_unfixed(stays) for stays in report.unfixed],
        "notices": list(report.notices),
        "left": [item_of(project) for project in known],
    }
    return disarm_data(json.dumps(record, indent=2, ensure_ascii=True))


def _change(project: FixedProject) -> dict[str, Any]:
    return {
        "name": project.name,
        "from": project.before or None,
        "to": project.after or None,
        "fixed": [vulnerability_of(matter) for matter in project.fixed],
        "reason": project.reason or None,
    }


def _unfixed(stays: UnfixedProject) -> dict[str, Any]:
    return {
        "name": stays.name,
        "version": stays.version,
        "vulnerability": vulnerability_of(stays.matter),
        "why": list(stays.why),
    }
