"""The schemas that safepip brings: each is one, and has the words that the source has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from safepip.advisories.openvex import JUSTIFICATIONS
from safepip.edges.disk.shipped import shipped_text
from safepip.environment.verification import Kind
from safepip.model.advisories import Severity
from safepip.model.origin import Source
from safepip.model.vex import VexStatus
from safepip.reporting.audit_cyclonedx import _JUSTIFICATIONS, _STATES
from safepip.reporting.outcome_json import _KINDS

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def schema(name: str) -> Any:
    return json.loads(shipped_text("schemas", f"{name}.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_is_named(name: str) -> None:
    """By the name of its file."""
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"] == f"urn:safepip:{name}:1"


def test_a_schema_has_the_words_of_the_source() -> None:
    """A new one is missed here, and not by who reads a report."""
    audit = schema("audit")["$defs"]
    assert set(audit["severity"]["enum"]) == {severity.word for severity in Severity}
    statement = audit["vulnerability"]["properties"]["vex"]["oneOf"][1]["properties"]
    assert set(statement["status"]["enum"]) == {status.value for status in VexStatus} == {s.value for s in _STATES}
    assert set(schema("verify")["$defs"]["finding"]["properties"]["kind"]["enum"]) == {kind.value for kind in Kind}
    outcome = schema("outcome")["$defs"]
    assert set(outcome["error"]["properties"]["kind"]["enum"]) == {*_KINDS.values(), "error"}
    places = {source.name.lower().replace("_", "-") for source in Source}
    assert set(outcome["place"]["properties"]["source"]["enum"]) == places
    assert set(_JUSTIFICATIONS) == set(JUSTIFICATIONS)
