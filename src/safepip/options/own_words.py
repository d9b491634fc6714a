"""Options of a command that takes all of another command's options beside a few of its own.

The few are taken out of the words here, in whole words and in either form (`--depth 2`, `--depth=2`); the others are
then read by the table of options. What follows `--` is no option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import UsageError
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def take_own(
    words: Sequence[str], flags: Collection[str], valued: Collection[str] = ()
) -> tuple[dict[str, list[str]], list[str]]:
    """The command's own options, each with its values in order (a flag with empty ones), and the other words.

    Raises `UsageError` (`bad-option`) for an option without its value, and for a flag with one.
    """
    found: dict[str, list[str]] = {}
    others: list[str] = []
    waiting = iter(words)
    for word in waiting:
        option, equals, value = word.partition("=")
        if word == "--":
            others += [word, *waiting]
        elif option in valued:
            given = value if equals else next(waiting, None)
            if given is None:
                raise UsageError.because("bad-option", f"{option} requires 1 argument")
            found.setdefault(option, []).append(given)
        elif option in flags:
            if equals:
                raise UsageError.because("bad-option", f"{option} does not take a value: {printable(word)}")
            found.setdefault(option, []).append("")
        else:
            others.append(word)
    return found, others


def whole_number(option: str, text: str) -> int:
    """The value of an option that counts something. Raises `UsageError` (`bad-option`)."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError.because("bad-option", f"{option}: {printable(text)!r} is not a whole number of 0 or more")
    return int(text)
