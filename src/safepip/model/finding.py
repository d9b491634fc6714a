"""What safepip reports about a run: a diagnostic says what is wrong, where, and how to put it right."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from safepip.model.origin import Origin


def printable(text: str, limit: int = 300) -> str:
    """Text from an index made fit for a terminal: no control or format characters, at most `limit` long.

    An attacker can choose yank reasons, names and metadata; escape sequences and bidirectional overrides in them could
    rewrite what the user reads.
    """
    if len(text) > limit:
        text = text[:limit] + " "  # what lies beyond is not shown, and not looked at either
    elif text.isprintable():
        return text
    # U+2028 and U+2029 end a line, as a line feed does, though they are not control characters.
    clean = "".join(
        " " if char in "\t\n\r\u2028\u2029" else "�" if unicodedata.category(char)[0] == "C" else char for char in text
    )
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def without_version(project: str, version: object) -> str:
    """The words of a hint that lead on without this version of a project."""
    return f"to go on without this version, write {project} != {version} into a constraints file (-c FILE)"


class Diagnostic(NamedTuple):
    """One problem, ready to be shown.

    `reference` is kebab-case, the name of the page that `safepip help` shows. `message` is one sentence
    without a full stop. `context` are the lines of evidence below it, in order. `origins` are the places
    that led to it. `hint` is the narrowest safe fix, possibly of several lines. `subject` is the project
    name it is about, where there is one.
    """

    reference: str
    message: str
    context: tuple[str, ...] = ()
    hint: str = ""
    origins: tuple[Origin, ...] = ()
    subject: str = ""


class HeldBack(str):
    """A notice that this version, `what`, was passed over for its age."""

    __slots__ = ("what",)
    what: str

    def __new__(cls, text: str, what: str) -> Self:
        notice = super().__new__(cls, text)
        notice.what = what
        return notice
