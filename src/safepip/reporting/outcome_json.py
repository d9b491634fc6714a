"""How a run ended, as JSON (docs/reference/output.md): its exit code, what ended it, and what it has noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.model.errors import (
    Fault,
    PipFailed,
    Refused,
    ResolutionImpossible,
    Unavailable,
    UnusableInput,
    UsageError,
)
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.errors import SafepipError
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin

#: Words for the classes of errors; the first that fits.
_KINDS: dict[type[SafepipError], str] = {
    UnusableInput: "input",
    UsageError: "usage",
    Unavailable: "unavailable",
    ResolutionImpossible: "impossible",
    Refused: "refused",
    PipFailed: "pip",
    Fault: "fault",
}


def outcome_json(command: str, version: str, exit_code: int, error: SafepipError | None, notices: Iterable[str]) -> str:
    """The whole record. `version` is safepip's own; `error` is what ended the run, None where it came to its end."""
    record = {
        "version": "1",
        "safepip_version": version,
        "command": command,
        "exit_code": exit_code,
        "errors": [] if error is None else [_error(error, diagnostic) for diagnostic in error.diagnostics],
        "notices": list(notices),
    }
    return disarm_data(json.dumps(record, indent=2, ensure_ascii=True))


def _error(error: SafepipError, diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "reference": diagnostic.reference,
        "kind": next((word for kind, word in _KINDS.items() if isinstance(error, kind)), "error"),
        "message": diagnostic.message,
        "context": list(diagnostic.context),
        "hint": diagnostic.hint or None,
        "project": diagnostic.subject or None,
        "places": [_place(origin) for origin in dict.fromkeys(diagnostic.origins)],
    }


def _place(origin: Origin) -> dict[str, Any]:
    return {
        "source": origin.source.name.lower().replace("_", "-"),
        "place": origin.where or None,
        "line": origin.line,
        "because_of": [str(step) for step in _above(origin)],
    }


def _above(origin: Origin) -> Iterator[Origin]:
    step = origin.parent
    while step is not None:
        yield step
        step = step.parent
