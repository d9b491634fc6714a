"""How old something has to be, as people write it: a span of time, a moment, or 0.

- a duration of ISO 8601: `P3D`, `P2W`, `PT12H`, `P1DT6H`; years and months are of no certain length, and not taken;
- the short form `3d`, `72h`, `2w`;
- `0`: no age at all;
- a date or time of ISO 8601, `2026-01-31` or `2026-01-31T12:00:00Z`: what was there before it. Without an offset it is
  UTC, so that one configuration means the same on every machine.

A span is at most a hundred years: a longer one is taken for a typing mistake.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from safepip.model.ages import DAY, Cooldown

if TYPE_CHECKING:
    from safepip.model.origin import Origin

_ISO = re.compile(
    r"P(?=[\dT])(?:(?P<w>\d{1,6})W)?(?:(?P<d>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<h>\d{1,8})H)?(?:(?P<m>\d{1,9})M)?(?:(?P<s>\d{1,10})S)?)?\Z",
    re.IGNORECASE | re.ASCII,
)
_SHORT = re.compile(r"(\d{1,8})([hdw])\Z", re.IGNORECASE | re.ASCII)
_SECONDS = {"w": 7 * DAY, "d": DAY, "h": 3600.0, "m": 60.0, "s": 1.0}
_LONGEST = 36_525 * DAY

FORMS = "write a span (P3D, PT12H, 72h, 3d), 0, or a date (2026-01-31)"
SPANS = "write a span (P7D, 72h, 3d) or 0"


def read_cooldown(value: Any, origin: Origin) -> Cooldown:
    """A cooldown of a configuration or an option: text, or what TOML makes of a date or a number.

    Raises `ValueError` with what is wrong, to be read after the value.
    """
    from datetime import date, datetime

    if isinstance(value, datetime):
        return Cooldown(0.0, _moment(value), origin)
    if isinstance(value, date):
        return Cooldown(0.0, _moment(datetime.fromisoformat(value.isoformat())), origin)
    seconds = read_span(value)
    if seconds is not None:
        return Cooldown(seconds, None, origin)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is neither a span of time nor a date") from None
    return Cooldown(0.0, _moment(moment), origin)


def read_span(value: Any) -> float | None:
    """A span in seconds; None for text that is not a span. Raises `ValueError` for what can only be a wrong span."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if not isinstance(value, str):
        raise ValueError("has no unit")  # noqa: TRY004 - a mistake in a configuration, not in the program
    text = value.strip()
    if text == "0":
        return 0.0
    short = _SHORT.match(text)
    parts = _ISO.match(text)
    if short:
        seconds = int(short[1]) * _SECONDS[short[2].lower()]
    elif parts:
        seconds = sum(int(number) * _SECONDS[unit] for unit, number in parts.groupdict().items() if number)
    elif text[:1] in "Pp" and text:
        raise ValueError("is not an ISO 8601 duration in weeks, days, hours, minutes or seconds")
    else:
        return None
    if seconds > _LONGEST:
        raise ValueError("is more than a hundred years")
    return seconds


def _moment(moment: Any) -> float:
    from datetime import UTC

    try:
        seconds: float = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, OSError, ValueError):
        raise ValueError("is out of range") from None
    return seconds


def cutoff(cooldown: Cooldown, now: float) -> float:
    """The moment at which, or before which, a file must have been uploaded; infinity where nothing is held back."""
    if cooldown.moment is not None:
        return cooldown.moment
    return now - cooldown.seconds if cooldown.seconds else float("inf")


def written(cooldown: Cooldown) -> str:
    """A cooldown in the words of a configuration."""
    if cooldown.moment is not None:
        return day_and_time(cooldown.moment)
    seconds = int(cooldown.seconds)
    days, rest = divmod(seconds, int(DAY))
    if not rest:
        return f"P{days}D" if days else "0"
    hours, rest = divmod(rest, 3600)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (rest // 60, "M"), (rest % 60, "S")) if number)
    return f"P{days}DT{time}" if days else f"PT{time}"


def day_and_time(moment: float) -> str:
    """A moment for people and configurations, in UTC, to the second after it."""
    from datetime import UTC, datetime
    from math import ceil

    try:
        return datetime.fromtimestamp(ceil(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return "a moment that no calendar has"
