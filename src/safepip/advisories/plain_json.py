"""JSON of strangers, read in the one way in which nobody can read it otherwise.

RFC 8259: the text is UTF-8; the names within an object should be unique, and what a reader makes of others is anyone's
guess, so they are refused; NaN and Infinity are no JSON. A byte order mark may be passed over, and is.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn


class NotPlain(ValueError):
    """A text is not JSON, or not so that all readers agree on it; the text says why."""


def read_json(content: bytes) -> Any:
    """The value of a JSON text. Raises `NotPlain`, and nothing else, whatever the bytes are."""
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotPlain("it is not UTF-8") from None
    try:
        return _DECODER.decode(text)
    except NotPlain:
        raise
    except RecursionError:
        raise NotPlain("it is nested too deeply") from None
    except ValueError:  # also a number with more digits than Python reads
        raise NotPlain("it is not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotPlain("an object in it has a key twice")
    return made


def _constant(word: str) -> NoReturn:
    raise NotPlain(f"it is not JSON: {word} is no number there")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
