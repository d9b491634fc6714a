"""The tables of other tools' TOML, read as they come: what has another form than the tool's documentation gives it is
passed over, since that tool, and not safepip, says what is wrong with it.
"""

from __future__ import annotations

from typing import Any


def table(data: object, *keys: str) -> dict[str, Any]:
    """The table at these keys; an empty one where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def tables(value: object) -> list[dict[str, Any]]:
    """The tables of a list, in their order."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def items(value: object) -> list[Any]:
    """What a list holds, of whatever form; anything else that is there is a list of one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def words(value: object) -> list[str]:
    """The strings of a list; a single string is a list of one."""
    return [item for item in items(value) if isinstance(item, str)]


def word(value: object) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""
