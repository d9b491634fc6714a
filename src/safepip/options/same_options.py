"""Commands that an error shows are for the same environment and the same indexes as the command that has failed.

A reader who pastes one as it stands would otherwise work on another environment, from which `safepip sync` removes what
the lock lacks, or ask an index that does not own the names.

1. `--python` of the command line is put into each of them that decides or changes something.
2. Other options on where packages come from or go to are named beside them. Their values are not repeated, since one
   may hold a secret.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from safepip.model.finding import printable
from safepip.options.table import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safepip.model.finding import Diagnostic
    from safepip.options.table import Option

#: A whole command: what follows the verb is no question mark and no `--help`.
_COMMAND = re.compile(
    r"\b(safepip (?:install|sync|lock|download|wheel|explain|tree|outdated|uninstall))"
    r"(?= (?!--help)[^ ?]|$)(?![^,;\n]*--python\b)",
    re.MULTILINE,
)

#: Rule 2, by the first long flag.
_PLACES = (
    *("--index-url", "--extra-index-url", "--no-index", "--find-links", "--trusted-host", "--isolated"),
    *("--config", "--no-config", "--target", "--prefix", "--root", "--user"),
)


def with_same_options(diagnostics: Iterable[Diagnostic], words: Sequence[str]) -> tuple[Diagnostic, ...]:
    """The diagnostics of a command line `words`, the commands in their hints with its options."""
    stated = list(_stated(words))
    python = next((value for option, value in reversed(stated) if option == "--python"), None)
    places = list(dict.fromkeys(option for option, _ in stated if option in _PLACES))
    return tuple(each._replace(hint=_addressed(each.hint, python, places)) for each in diagnostics)


def _addressed(hint: str, python: str | None, places: Sequence[str]) -> str:
    lines = hint.split("\n")
    first = next((at for at, line in enumerate(lines) if _COMMAND.search(line)), None)
    if first is None:
        return hint
    if python is not None:
        named = f"--python {shlex.quote(printable(python))}"
        lines = [_COMMAND.sub(lambda found: f"{found[1]} {named}", line) for line in lines]
    if places:
        _note(lines, first, f"with the same {' and '.join(places)}")
    return "\n".join(lines)


def _note(lines: list[str], first: int, same: str) -> None:
    """Rule 2: before the colon that the first command stands behind, so that what is pasted stays alone."""
    before, command, after = lines[first].partition("safepip ")
    if before.endswith(": "):
        lines[first] = f"{before[:-2]}, {same}: {command}{after}"
    elif first and not before and lines[first - 1].endswith(":"):
        lines[first - 1] = f"{lines[first - 1][:-1]}, {same}:"
    else:
        lines[first] += f", {same}"


def _stated(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options of a command line, each by its first long flag and with its value, as far as they can be told."""
    flags = {flag: option for option in OPTIONS for flag in option.flags}
    rest = iter(words)
    for word in rest:
        if word == "--":
            return
        flag, equals, value = word.partition("=")
        if not word.startswith("--"):
            flag, equals, value = word[:2], word[2:], word[2:]
        option = flags.get(flag) or _abbreviated(flag)
        if option is not None and option.action.takes_value and not equals:
            value = next(rest, "")
        if option is not None:
            yield option.long, value


def _abbreviated(flag: str) -> Option | None:
    """The one option of pip's that a word begins."""
    found = {option.long: option for option in OPTIONS if not option.own and option.long.startswith(flag)}
    return next(iter(found.values())) if len(found) == 1 and flag.startswith("--") else None
