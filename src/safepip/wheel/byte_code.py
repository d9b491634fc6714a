"""Byte code: which source such a file belongs to, and whether Python would compare the two (PEP 3147, PEP 552).

1. A file in `__pycache__` is `{module}.{tag}.pyc` or `{module}.{tag}.opt-{level}.pyc`. Tools that write byte code of
   their own (pytest's rewritten assertions) have tags with dots in them, and so may modules that are run as scripts:
   only the sources that are there show which part is the module.
2. Python loads such a file only beside its source, and only where time and size, or the hash, of the source are those
   in its header. One whose header says "hash, never checked" is loaded whatever the source says.
3. A `.pyc` outside of `__pycache__` is imported without any source: it is a file like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CACHE = "__pycache__"
_LEVEL = re.compile(r"\.opt-[A-Za-z0-9]+\Z")

_MOST_DOTS = 16

#: How many bytes a header has: magic number, flags, and twice four bytes.
HEADER_BYTES = 16


def is_cached(path: str) -> bool:
    """Whether a path with `/` is that of a byte code file in `__pycache__`."""
    return path.endswith(".pyc") and path.rpartition("/")[0].rpartition("/")[2] == _CACHE


def possible_sources(path: str) -> Iterator[str]:
    """For a path of which `is_cached` holds, the paths that its source may have, the most likely first.

    There are few even where a name consists of dots: no tag has more than a handful.
    """
    folder, _, name = path.rpartition("/")
    above = folder.removesuffix(_CACHE)
    stem = _LEVEL.sub("", name.removesuffix(".pyc"))
    for _ in range(min(stem.count("."), _MOST_DOTS)):
        stem = stem.rpartition(".")[0]
        if stem:
            yield f"{above}{stem}.py"


def is_never_checked(header: bytes) -> bool:
    """Whether Python would load byte code with this beginning without a look at the source.

    PEP 552: in the second four bytes, bit 0 stands for a hash in place of time and size, bit 1 for checking it.
    """
    flags = int.from_bytes(header[4:8], "little")
    return len(header) == HEADER_BYTES and flags & 0b01 != 0 and flags & 0b10 == 0
