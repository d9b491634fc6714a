"""The forms that safepip prints, read as their standards say: by published schemas, and as the other side reads them.

Each function raises where a text breaks its form, and gives what it says.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from safepip.edges.disk.shipped import shipped_text

_FOLDER = Path(__file__).parents[1] / "schemas"


@cache
def _validator(text: str) -> Draft202012Validator:
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    others = {name: json.loads(shipped_text("schemas", f"{name}.json")) for name in ("audit",)}
    known = [(other["$id"], Resource.from_contents(other)) for other in others.values()]
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(schema, format_checker=checker, registry=Registry().with_resources(known))


def sarif(text: str) -> dict[str, Any]:
    """A log of SARIF 2.1.0, with what the standard says beside its schema: a result's rule is one of its run's."""
    log: dict[str, Any] = json.loads(text)
    _validator((_FOLDER / "sarif-2.1.0.json").read_text()).validate(log)
    for run in log["runs"]:
        ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(ids) == len(set(ids))
        for result in run["results"]:
            assert ids[result.get("ruleIndex", ids.index(result["ruleId"]))] == result["ruleId"]
    return log


def cyclonedx(text: str) -> dict[str, Any]:
    """A bill of materials of CycloneDX 1.6, with what its schema cannot say: each reference leads to something."""
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, fault
    bom: dict[str, Any] = json.loads(text)
    refs = [item["bom-ref"] for item in (*bom["components"], *bom.get("vulnerabilities", ()))]
    refs += [bom["metadata"]["component"]["bom-ref"]] if "component" in bom["metadata"] else []
    assert len(refs) == len(set(refs))
    meant = [affected["ref"] for item in bom.get("vulnerabilities", ()) for affected in item["affects"]]
    for edge in bom.get("dependencies", ()):
        meant += [edge["ref"], *edge.get("dependsOn", ())]
    assert set(meant) <= set(refs)
    return bom


def own(name: str, text: str) -> dict[str, Any]:
    """A report of safepip's own, by the schema of this name that a wheel of safepip has."""
    report: dict[str, Any] = json.loads(text)
    _validator(shipped_text("schemas", f"{name}.json")).validate(report)
    return report


class Command(NamedTuple):
    """What GitHub's runner takes a line for."""

    name: str
    properties: dict[str, str]
    message: str


def annotation(line: str) -> Command:
    """A line as GitHub's runner reads it (`actions/runner`, "ActionCommand", the form of two colons)."""
    assert line.startswith("::"), line
    head, end, message = line[2:].partition("::")
    assert end, line
    name, _, rest = head.partition(" ")
    properties = dict(part.split("=", 1) for part in rest.split(",")) if rest else {}
    assert name in ("error", "warning", "notice")
    assert properties.keys() <= {"file", "line", "endLine", "col", "endColumn", "title"}
    found = {key: _unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in properties.items()}
    return Command(name, found, _unescaped(message, {}))


def _unescaped(text: str, more: dict[str, str]) -> str:
    for mark, char in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        text = text.replace(mark, char)
    return text
