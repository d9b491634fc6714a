"""Results as annotations, which GitHub shows at the line of a file (its "workflow commands")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.reporting.annotation import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.reporting.results import Result

#: What GitHub calls a note.
_LEVELS = {"note": "notice"}


def annotations_of(results: Iterable[Result]) -> Iterator[Annotation]:
    """An annotation for each result, at the first of its places."""
    for result in results:
        level = _LEVELS.get(result.level, result.level)
        if result.places:
            place = result.places[0]
            yield Annotation(level, result.rule.id, result.text, place.where.replace("\\", "/"), place.line)
        else:
            yield Annotation(level, result.rule.id, result.text)
