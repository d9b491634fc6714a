"""For how long an index allows a page to be used unasked (RFC 9111).

That is what `Cache-Control: max-age` says, or ten minutes (pip's default), less the time that the page has spent in
caches on its way (`Age`), and never more than a day. A max-age that is no number allows nothing. An answer that the
page is still the same, and says nothing of this, leaves it as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_FRESHNESS = 600.0
LONGEST_FRESHNESS = 86_400.0
#: More than any true number of seconds, and a number to compute with.
_MOST = 1e10


def freshness(headers: Mapping[str, str]) -> float:
    """For how many seconds an answer with these headers may be used unasked."""
    directives = _directives(headers)
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    given = [value for name, _, value in (d.strip().partition("=") for d in directives.split(",")) if name == "max-age"]
    lifetime = _seconds(given[0].strip('"')) if given else DEFAULT_FRESHNESS
    return min(max(0.0, lifetime - _seconds(headers.get("age", "").strip())), LONGEST_FRESHNESS)


def renewed_freshness(headers: Mapping[str, str], before: float) -> float:
    """The same of an answer that the page has not changed (304), for one that had `before` seconds."""
    return freshness(headers) if "cache-control" in headers else before


def may_be_stored(headers: Mapping[str, str]) -> bool:
    """Whether an answer may be kept at all."""
    return "no-store" not in _directives(headers)


def _directives(headers: Mapping[str, str]) -> str:
    return headers.get("cache-control", "").lower()


def _seconds(text: str) -> float:
    """The seconds that a header names; 0 of what is no number."""
    return min(float(text), _MOST) if text.isascii() and text.isdigit() else 0.0
