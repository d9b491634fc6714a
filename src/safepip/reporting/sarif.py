"""Results for code hosts and editors: SARIF 2.1.0.

A result stands at the line of the first of its places; the others are related ones. A note is a notification of the
run, and no result: code hosts make an alert of every result, of one that is suppressed too. Source: OASIS, "Static
Analysis Results Interchange Format", 2.1.0.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.reporting.file_uris import uri_of
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.origin import Origin
    from safepip.reporting.results import Result, ResultRule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(results: Iterable[Result], version: str, exit_code: int, *, successful: bool) -> str:
    """A log with one run. `version` is safepip's own; `successful` says that the run came to its answer, whatever that
    was."""
    every = list(results)
    found = [result for result in every if result.level != "note"]
    notes = [_message(result) | {"level": "note"} for result in every if result.level == "note"]
    rules = {result.rule.id: _rule(result.rule) for result in found}
    invocation = {"executionSuccessful": successful, "exitCode": exit_code, "toolExecutionNotifications": notes}
    run = {
        "tool": {"driver": {"name": "safepip", "version": version, "rules": list(rules.values())}},
        "invocations": [invocation],
        "results": [_result(result) for result in found],
    }
    return disarm_data(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True))


def _rule(rule: ResultRule) -> dict[str, Any]:
    made: dict[str, Any] = {"id": rule.id, "shortDescription": {"text": rule.title}, "help": {"text": rule.help}}
    if rule.score:
        made["properties"] = {"tags": ["security"], "security-severity": rule.score}
    return made


def _message(result: Result) -> dict[str, Any]:
    return {"message": {"text": result.text}}


def _result(result: Result) -> dict[str, Any]:
    made = {"ruleId": result.rule.id, "level": result.level, **_message(result)}
    if result.places:
        made["locations"] = [_location(result.places[0])]
    if others := result.places[1:]:
        made["relatedLocations"] = [_location(place) for place in others]
    return made


def _location(place: Origin) -> dict[str, Any]:
    found: dict[str, Any] = {"artifactLocation": {"uri": uri_of(place.where)}}
    if place.line is not None:
        found["region"] = {"startLine": place.line}
    return {"physicalLocation": found}
