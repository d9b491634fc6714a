"""How severe a record says its matter is: the words of CVSS for its vectors, else the word of its database.

CVSS 4.0 and 3.1 (FIRST) name the same bands of scores: low below 4, medium below 7, high below 9, critical. Of several
vectors the worst counts. A score of 0, "none", is taken as low: the record would not be there for nothing. What is not
a vector, or one of a version that is not known here, says nothing, and unknown counts as high where a line is drawn.
"""

from __future__ import annotations

from typing import Any

from safepip.model.advisories import Severity

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


def severity_of(vectors: Any, word: Any) -> Severity:
    """The severity by OSV's `severity`, a list of type and score, or else by `database_specific.severity`."""
    found = [_vector(item) for item in vectors] if isinstance(vectors, list) else []
    worst = max(found, default=Severity.UNKNOWN)
    if worst is Severity.UNKNOWN and isinstance(word, str):
        return _WORDS.get(word.lower(), Severity.UNKNOWN)
    return worst


def _vector(item: Any) -> Severity:
    kind, score = (item.get("type"), item.get("score")) if isinstance(item, dict) else (None, None)
    if kind not in ("CVSS_V3", "CVSS_V4") or not isinstance(score, str) or len(score) > _LONGEST:
        return Severity.UNKNOWN
    from cvss import CVSS3, CVSS4, CVSSError

    try:
        words = (CVSS4(score).severity,) if kind == "CVSS_V4" else (CVSS3(score).severities()[0],)
    except CVSSError:
        return Severity.UNKNOWN
    return _WORDS.get(str(words[0]).lower(), Severity.UNKNOWN)
