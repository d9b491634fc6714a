"""What an audit found as annotations, which GitHub shows at the line of a file (its "workflow commands")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.origin import Source
from safepip.model.urls import is_url
from safepip.reporting.annotation import Annotation
from safepip.reporting.audit_results import audit_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.advisories import AuditOutcome

#: What GitHub calls a note.
_LEVELS = {"note": "notice"}


def audit_annotations(outcome: AuditOutcome) -> Iterator[Annotation]:
    """An annotation for each result and note, at the line of the requirements file or lock that names the version."""
    for result in audit_results(outcome):
        origin, level = result.origin, _LEVELS.get(result.level, result.level)
        if origin is None or origin.source is not Source.FILE or is_url(origin.where):
            yield Annotation(level, result.rule, result.text)
        else:
            yield Annotation(level, result.rule, result.text, origin.where.replace("\\", "/"), origin.line)
