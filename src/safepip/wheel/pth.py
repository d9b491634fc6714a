"""Reads `.pth` and `.start` files: what each CPython from 3.9 to 3.15 would run or add to `sys.path` because of them.

The `site` module goes through the `.pth` files of a site folder at every start of Python. Line by line:

1. A line that begins with `#`, or of white space only, is ignored.
2. A line that begins with `import` and a space or a tab is run.
3. Any other line, without white space at its end, is a path below the folder, and is added where it exists.

Versions differ in what a line is. Up to 3.12 the file is text in the locale's encoding and lines end with `\\n`, `\\r`
or both; from 3.13 on it is UTF-8, with or without a byte order mark, and in the locale's encoding where it is not;
lines then end wherever `str.splitlines` ends them. A later Python than today's may read the file, so the result here is
what any of them would do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = ("import ", "import\t")
_OLD_LINES = re.compile(r"\r\n|\r|\n")


class PthLines(NamedTuple):
    """What a file says: lines that some Python runs, and paths that some Python adds, each once and in their order."""

    code: tuple[str, ...]
    paths: tuple[str, ...]


def read_pth(data: bytes) -> PthLines:
    """What any Python would take from the content of a `.pth` file."""
    found = list(_lines(data))
    code = dict.fromkeys(line for line, _ in found if line.startswith(_CODE))
    paths = dict.fromkeys(line.rstrip() for line, is_text in found if is_text and not line.startswith(_CODE))
    return PthLines(tuple(code), tuple(paths))


def read_start(data: bytes) -> tuple[str, ...]:
    """The lines of a `.start` file (PEP 829) that are neither empty nor comments: functions to call."""
    lines = data.decode("utf-8-sig", "replace").splitlines()
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip() and not line.strip().startswith("#")))


def _lines(data: bytes) -> Iterator[tuple[str, bool]]:
    """Every line that says something, in every reading; and whether its characters are certain.

    Latin-1 stands for whatever the locale may be: no encoding that a locale has makes an ASCII letter of another byte,
    nor a line's end of a byte that is not one in Latin-1.
    """
    texts = [(data.decode("latin-1"), data.isascii())]
    if not data.isascii():
        try:
            texts.append((data.decode("utf-8-sig"), True))
        except UnicodeDecodeError:
            texts[0] = (texts[0][0], True)
    for text, certain in texts:
        for line in (*_OLD_LINES.split(text), *text.splitlines()):
            if line.strip() and not line.startswith("#"):
                yield line, certain
