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


def audit_annotations(outcome: AuditOutcome) -> Iterator[Annotation]:
    """An annotation for each result, at the line of the requirements file or lock that names the version."""
    for result in audit_results(outcome):
        origin = result.origin
        if origin is None or origin.source is not Source.FILE or is_url(origin.where):
            yield Annotation(result.level, result.rule, result.text)
        else:
            yield Annotation(result.level, result.rule, result.text, origin.where.replace("\\", "/"), origin.line)
