"""How severe a record says its matter is: the words of CVSS for its vectors, else the word of its database.

CVSS 4.0 and 3.1 (FIRST) name the same bands of scores: low below 4, medium below 7, high below 9, critical. Of several
vectors the worst counts. A score of 0, "none", is taken as low: the record would not be there for nothing. What is not
a vector, or one of a version that is not known here, says nothing, and unknown counts as high where a line is drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from safepip.model.advisories import Rating, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = {
    "none": Severity.LOW,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}

#: A vector with all optional metrics has some 200 characters.
_LONGEST = 400


def severity_of(ratings: Iterable[Rating], word: Any) -> Severity:
    """The severity by the vectors of a record, or else by its `database_specific.severity`."""
    worst = max((rating.severity for rating in ratings), default=Severity.UNKNOWN)
    if worst is Severity.UNKNOWN and isinstance(word, str):
        return _WORDS.get(word.lower(), Severity.UNKNOWN)
    return worst


def ratings_of(vectors: Any) -> tuple[Rating, ...]:
    """What OSV's `severity` says, a list of type and score, as far as it is understood."""
    found = [_rating(item) for item in vectors] if isinstance(vectors, list) else []
    return tuple(rating for rating in found if rating is not None)


def worst_first(ratings: Iterable[Rating]) -> tuple[Rating, ...]:
    """Each rating once, the highest score first."""
    return tuple(sorted(set(ratings), key=lambda rating: (-rating.score, rating.vector)))


def _rating(item: Any) -> Rating | None:
    kind, vector = (item.get("type"), item.get("score")) if isinstance(item, dict) else (None, None)
    if kind not in ("CVSS_V3", "CVSS_V4") or not isinstance(vector, str) or len(vector) > _LONGEST:
        return None
    return _rated(kind, vector)


@lru_cache(maxsize=4096)
def _rated(kind: str, vector: str) -> Rating | None:
    """Most records have a vector that others have, too, and some a library takes a millisecond for."""
    from cvss import CVSS3, CVSS4, CVSSError

    try:
        if kind == "CVSS_V4":
            new = CVSS4(vector)
            score, word = new.base_score, new.severity
        else:
            old = CVSS3(vector)
            score, word = old.scores()[0], old.severities()[0]
    except CVSSError:
        return None
    return Rating(vector, float(score), _WORDS.get(str(word).lower(), Severity.UNKNOWN))
