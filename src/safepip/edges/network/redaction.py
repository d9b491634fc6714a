"""Texts that must not be shown, found again in one that is about to be.

A file can hold tens of thousands of secrets, so a text is not compared with each in turn: the beginnings of secrets are
looked up. The time for a text grows only with its own length.
"""

from __future__ import annotations

import threading
from itertools import pairwise

MASK = "****"

#: Below this length a secret is too likely to be a part of an ordinary word.
SHORTEST = 4

#: Longer secrets are kept in pieces of so many characters, the last of them larger. All are found where the whole is.
_PIECE = 32


class Replacements:
    """Texts of `shortest` characters or more, each with what is shown in its place. Letter case does not matter.

    Safe to use from several threads.
    """

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest
        self._shown: dict[str, str] = {}
        #: By the first characters of a text, how long those are that begin so, the longest first.
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._lock = threading.Lock()

    def add(self, text: str, shown: str) -> None:
        """Show `shown` in the place of `text` from now on; what a text is shown as first is what it stays."""
        text = _lower(text)
        if len(text) < self._shortest or text in self._shown:
            return
        with self._lock:
            begin = text[: self._shortest]
            lengths = self._lengths.get(begin, ())
            self._shown.setdefault(text, shown)
            if len(text) not in lengths:
                self._lengths[begin] = tuple(sorted((*lengths, len(text)), reverse=True))

    def apply(self, text: str, *, joined: bool = False) -> str:
        """The text with everything replaced; of two that begin at one place the longer counts.

        `joined` shows what is the same, and stands side by side, once.
        """
        if not self._shown:
            return text
        lower = _lower(text)
        parts: list[str] = []
        start = at = 0
        while at <= len(lower) - self._shortest:
            lengths = self._lengths.get(lower[at : at + self._shortest], ())
            found = next((length for length in lengths if lower[at : at + length] in self._shown), 0)
            if not found:
                at += 1
                continue
            shown = self._shown[lower[at : at + found]]
            if start < at or not (joined and parts and parts[-1] == shown):
                parts += text[start:at], shown
            start = at = at + found
        return "".join([*parts, text[start:]])


class KnownSecrets:
    """Secrets that no text may show."""

    def __init__(self) -> None:
        self._pieces = Replacements(SHORTEST)

    def add(self, secret: str) -> None:
        """Remember a secret; one that is shorter than `SHORTEST` is ignored."""
        cuts = [*range(0, max(len(secret) - _PIECE, 1), _PIECE), len(secret)]
        for start, end in pairwise(cuts):
            self._pieces.add(secret[start:end], MASK)

    def mask(self, text: str) -> str:
        """The text with `****` in the place of every secret."""
        return self._pieces.apply(text, joined=True)


def _lower(text: str) -> str:
    """The text in lower case, character by character, so that positions stay what they are."""
    if text.isascii():
        return text.lower()
    return "".join([lower if len(lower := char.lower()) == 1 else char for char in text])
