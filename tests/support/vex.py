"""Invented OpenVEX documents."""

from __future__ import annotations

import json
from typing import Any

ISSUED = "2024-03-01T00:00:00Z"


def product(identity: str, *parts: str, **more: Any) -> dict[str, Any]:
    """A product, with these subcomponents."""
    made: dict[str, Any] = {"@id": identity, **more}
    return made | {"subcomponents": [{"@id": part} for part in parts]} if parts else made


def statement(status: str, name: str, *products: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A statement on these products; `not_affected` has a justification."""
    made: dict[str, Any] = {
        "vulnerability": {"name": name},
        "products": [product(one) if isinstance(one, str) else one for one in products],
        "status": status,
    }
    if status == "not_affected":
        made["justification"] = "vulnerable_code_not_in_execute_path"
    if status == "affected":
        made["action_statement"] = "update"
    return made | more


def document(*statements: dict[str, Any], **more: Any) -> str:
    """A whole document."""
    made = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://acme.example/vex/1",
        "author": "Acme Security",
        "timestamp": ISSUED,
        "version": 1,
        "statements": list(statements),
    }
    return json.dumps(made | more)
