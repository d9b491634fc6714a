"""TOML from outside, read within bounds.

`tomllib` takes a time that grows with the square of the parts of a dotted key, and calls itself for each level of
nesting. No table that people write has a key of more than a few parts.
"""

from __future__ import annotations

import re
from typing import Any

#: A key of so many parts. It begins where a word does, so that no text is gone over again and again.
_LONG_KEY = re.compile(r"(?<![A-Za-z0-9_\"'-])(?:[A-Za-z0-9_\"'-]+[ \t]*\.[ \t]*){64}")


def read_toml(text: str) -> dict[str, Any]:
    """The document. Raises `tomllib.TOMLDecodeError`, which is a `ValueError`."""
    import tomllib

    if _LONG_KEY.search(text):
        raise tomllib.TOMLDecodeError("a key has too many parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # a number in more digits than Python reads, or a date that there is not
        raise tomllib.TOMLDecodeError("it has a number or date that cannot be read") from None
