"""The one grammar and the one normalisation of project names, and by which a file's name is that of an archive.

PEP 508 and the packaging specification "Names and normalization": ASCII letters, digits, `.`, `-` and `_`, the first
and the last of them a letter or digit. Two names are the same project where they are normalised to the same text: lower
case, and every run of `.`, `-` and `_` one `-`. Indexes, extras and groups are named by the same grammar.

Letters beyond ASCII are not allowed, not even those whose lower case is ASCII (the Kelvin sign).
"""

from __future__ import annotations

import re

#: The endings of the names that pip takes for archives of source code.
ARCHIVE_ENDINGS = (
    *(".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz"),
    *(".tar.xz", ".txz", ".tlz", ".tar.lzma", ".tar.lz", ".tar"),
)

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_SEPARATORS = re.compile(r"[-_.]+")


def normalise(name: str) -> str:
    """The one spelling of a name that is compared. Takes any text, and does not check whether it is a name."""
    return _SEPARATORS.sub("-", name).lower()


def is_name(text: str) -> bool:
    """Whether `text` is a valid project name and nothing more."""
    return _NAME.fullmatch(text) is not None


def name_at_start(text: str) -> str:
    """The longest beginning of `text` that is a name; empty where there is none."""
    found = _NAME.match(text)
    return "" if found is None else found[0]
