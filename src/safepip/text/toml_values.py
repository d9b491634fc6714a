"""Values as TOML 1.0 writes them, tables inline.

Libraries that write TOML lay out every list of tables as tables of their own, five lines for each file of a lock.
What is needed here is little: strings, numbers, truth values, times, lists and inline tables.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from safepip.text.toml_strings import toml_string

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def toml_value(value: Any) -> str:
    """A value in one line. Raises `TypeError` for what TOML has no form for, a time without its zone included."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no form in TOML")


def toml_key(key: str) -> str:
    """A key, bare where it may be."""
    return key if _BARE.match(key) else toml_string(key)


def _string(text: str) -> str:
    """A literal string where that spares escapes, as for markers, else a basic one."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return toml_string(text)
