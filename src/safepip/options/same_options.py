"""Commands that an error shows are for the same environment and the same indexes as the command that has failed.

A reader who pastes one as it stands would otherwise work on another environment, from which `safepip sync` removes what
the lock lacks, or ask an index that does not own the names.

1. `--python` of the command line is put into each of them that decides, changes or checks something.
2. Other options on where packages come from or go to are named beside the first that takes most of them, those that it
   takes. Their values are not repeated, since one may hold a secret.
3. Where the mistake is in what the command names, the command that is told is the one that has failed, in so far as it
   can take what is to be named instead.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from safepip.model.errors import UsageError
from safepip.model.finding import printable
from safepip.options.command_line import split_command
from safepip.options.own_words import take_own
from safepip.options.table import DOWNLOAD, INSTALL, LOCK, OPTIONS, WHEEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.model.finding import Diagnostic
    from safepip.options.table import Option

#: A whole command: what follows the verb is no question mark and no `--help`.
_COMMAND = re.compile(
    r"\b(safepip (install|sync|lock|download|wheel|explain|tree|outdated|uninstall|verify|init))"
    r"(?= (?!--help)[^ ?]|$)(?![^,;\n]*--python\b)",
    re.MULTILINE,
)

#: Rule 2, by the first long flag.
_PLACES = (
    *("--index-url", "--extra-index-url", "--no-index", "--find-links", "--trusted-host", "--isolated"),
    *("--config", "--no-config", "--target", "--prefix", "--root", "--user"),
)
#: Commands without a column in the table, with the one whose options they take.
_AS = {"sync": INSTALL, "explain": DOWNLOAD, "tree": DOWNLOAD, "outdated": DOWNLOAD, "init": DOWNLOAD}
#: What `sync` takes and refuses: it is about a whole environment.
_ELSEWHERE = ("--target", "--prefix", "--root", "--user")
#: What `init` alone takes, and its answer is made of.
_OF_INIT = ("--index", "--claim", "--mirror", "--default")

#: Rule 3: mistakes in what a command names, the hints of which say `safepip install`.
_NAMING = frozenset({"not-requirements", "unreadable-file", "requirements-file-without-r", "invalid-requirement"})
_INSTALL = re.compile(r"\bsafepip install\b(?P<file> -r(?P<lock> pylock\.toml)?)?")
#: What stands for `safepip install` there. All of these read files, and the first three projects, too.
_OTHERS = {
    **{verb: f"safepip {verb}" for verb in (DOWNLOAD, WHEEL, LOCK, "sync", "tree", "audit")},
    "explain": "safepip explain NAME",
}


def with_same_options(diagnostics: Sequence[Diagnostic], words: Sequence[str]) -> tuple[Diagnostic, ...]:
    """The diagnostics of a command line `words`, the commands in their hints with its options."""
    verb = split_command(words)[0] or ""
    own, words = _of_init(words) if verb == "init" else ([], words)
    stated = list(_stated(words))
    python = next((value for option, value in reversed(stated) if option == "--python"), None)
    places = [*own, *dict.fromkeys(option for option, _ in stated if option in _PLACES)]
    if python is not None and printable(python) != python:
        python, places = None, ["--python", *places]  # what would be shown names another environment
    hints = [_by(verb, each.hint) if each.reference in _NAMING else each.hint for each in diagnostics]
    return tuple(
        each._replace(hint=_addressed(hint, python, places)) for each, hint in zip(diagnostics, hints, strict=True)
    )


def _of_init(words: Sequence[str]) -> tuple[list[str], Sequence[str]]:
    """Those of `_OF_INIT` that are among the words of an `init`, and the other words."""
    try:
        own, others = take_own(words, (), (*_OF_INIT, "-o", "--output"))
    except UsageError:
        return [], words
    return [option for option in _OF_INIT if option in own], others


def _by(verb: str, hint: str) -> str:
    """Rule 3."""

    def other(found: re.Match[str]) -> str:
        takes = found["file"] if verb not in (DOWNLOAD, WHEEL, LOCK) else verb != LOCK or not found["lock"]
        return f"{_OTHERS[verb]}{found['file'] or ''}" if verb in _OTHERS and takes else found[0]

    return _INSTALL.sub(other, hint)


def _addressed(hint: str, python: str | None, places: Sequence[str]) -> str:
    if " is an option of safepip " in hint:
        return hint  # it is about commands, and has none
    lines = hint.split("\n")
    commands = [(at, found) for at, line in enumerate(lines) if (found := _COMMAND.search(line))]
    # What is put in below stands behind the beginnings of commands, so that these stay where they were found.
    if python is not None:
        named = f"--python {shlex.quote(python)}"
        lines = [_COMMAND.sub(lambda found: f"{found[1]} {named}", line) for line in lines]
    same = [[place for place in places if _takes(found[2], place)] for _, found in commands]
    most = max(same, key=len, default=[])
    if most:
        at, found = commands[same.index(most)]
        _note(lines, at, found.start(), f"with the same {' and '.join(most)}")
    return "\n".join(lines)


def _takes(verb: str, option: str) -> bool:
    """Whether a command takes an option on where packages come from or go to."""
    if option == "--python":
        return True
    if option in _OF_INIT:
        return verb == "init"
    if verb == "uninstall":  # pip's
        return option == "--isolated"
    if verb == "sync" and option in _ELSEWHERE:
        return False
    return any(row.long == option and _AS.get(verb, verb) in row.verbs for row in OPTIONS)


def _note(lines: list[str], at: int, start: int, same: str) -> None:
    """Rule 2, said so that what is pasted stays alone. The first command begins at `start` of line `at`: it is a line
    of its own, or stands behind a colon, or within a sentence."""
    line = lines[at]
    if start == 0 and at and lines[at - 1].endswith(":"):
        lines[at - 1] = f"{lines[at - 1][:-1]}, {same}:"
    elif start == 0:
        lines.insert(at, f"# {same}")
    elif line[:start].endswith(": "):
        lines[at] = f"{line[: start - 2]}, {same}: {line[start:]}"
    else:
        lines[at] += f", {same}"


def _stated(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options of a command line, each by its first long flag and with its value, as far as they can be told."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            return
        for option, value in _options_in(word):
            takes_next = value is None and option.action.takes_value
            yield option.long, next(rest, "") if takes_next else value or ""


def _options_in(word: str) -> Iterator[tuple[Option, str | None]]:
    """The options of a word: a long one, or short ones in a row, of which the last may have a value behind it."""
    flags = {flag: option for option in OPTIONS for flag in option.flags}
    if word.startswith("--"):
        flag, equals, value = word.partition("=")
        option = flags.get(flag) or _abbreviated(flag)
        if option is not None:
            yield option, value if equals else None
        return
    for at, letter in enumerate(word[1:] if word.startswith("-") else "", start=2):
        option = flags.get(f"-{letter}")
        if option is None:
            return
        if option.action.takes_value:
            yield option, word[at:] or None
            return
        yield option, None


def _abbreviated(flag: str) -> Option | None:
    """The one option of pip's that a word begins."""
    found = {option.long: option for option in OPTIONS if not option.own and option.long.startswith(flag)}
    return next(iter(found.values())) if len(found) == 1 and flag.startswith("--") else None
