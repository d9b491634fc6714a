"""Lines that are longer than a terminal is wide, broken between words.

A terminal breaks them anywhere, in the middle of a word, too. What is to be pasted stays whole instead:

1. A word is never broken, so neither is a URL, a path, a digest or a requirement. One that has no room on a line of its
   own, either, stays where it is.
2. The indented lines below a line of a hint that ends in a colon are a block to paste, and stay as they are.
3. A command is one word: from its name or its first option behind a colon, up to a comma, a semicolon or the end of
   the line; an option and the word behind it; and what stands between backticks.

This is for people alone. A program that reads the same text is given each line whole (`edges.console.outputs`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
#: A word with the space before it.
_WORD = re.compile(r" *[^ ]+")
_HINT = "hint: "
#: The first column of a row of evidence, with the space behind it; `  <-  ` leads on within one column.
_FIRST_COLUMN = re.compile(r" +[^ ]+(?: [^ ]+)*  +(?=[^ <])")

#: With which a command begins that is to be pasted.
_PROGRAMS = frozenset({"git", "mv", "pip", "python", "python3", "safepip", "unset"})


def wrapped(text: str, columns: int) -> str:
    """The text with no line longer than `columns`, where words allow that. The lines that fit are as they were."""
    found: list[str] = []
    for line, is_pasted in _with_blocks(text.split("\n")):
        found += [line] if is_pasted or _width(line) <= columns else _broken(line, columns)
    return "\n".join(found)


def _with_blocks(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a block to paste (rule 2)."""
    hint = block = False
    for line in lines:
        plain = _COLOUR.sub("", line)
        if plain and not plain.startswith(" "):
            hint, block = plain.startswith(_HINT), False
        yield line, block
        block = block or (hint and plain.endswith(":"))


def _broken(line: str, columns: int) -> Iterator[str]:
    indent = " " * min(_deeper(_COLOUR.sub("", line)), columns // 2)
    units = _units(line)
    beginning = next(units, "")
    for unit in units:
        alone = indent + unit.lstrip(" ")
        is_hopeless = _width(alone) > columns and " " not in unit.strip()
        if _width(beginning) + _width(unit) <= columns or is_hopeless:
            beginning += unit
        else:
            yield beginning
            beginning = alone
    yield beginning


def _deeper(plain: str) -> int:
    """How far the lines that go on are indented: below the text of a hint or a message or the second column of a row,
    and further in below other evidence."""
    if plain.startswith(_HINT):
        return len(_HINT)
    if column := _FIRST_COLUMN.match(plain):
        return column.end()
    indent = len(plain) - len(plain.lstrip(" "))
    return 2 if indent <= 2 else indent + 2


def _units(line: str) -> Iterator[str]:
    """The words of a line, each with the space before it; a command as one (rule 3)."""
    words = _WORD.findall(line)
    unit, command, ticks = "", False, 0
    for place, word in enumerate(words):
        plain, following = word.strip(), "".join(words[place + 1 : place + 2]).strip()
        behind_colon = place > 0 and words[place - 1].endswith(":")
        command = command or (behind_colon and _begins_command(plain, following))
        ticks += plain.count("`")
        unit += word
        command = command and not plain.endswith((",", ";"))
        option = plain.startswith("-") and plain[-1] not in ",;:)"
        if not (command or ticks % 2 or option or plain == "<-"):
            yield unit
            unit = ""
    if unit:
        yield unit


def _begins_command(word: str, following: str) -> bool:
    return word in _PROGRAMS or word.startswith("-") or following == "@"


def _width(text: str) -> int:
    return len(_COLOUR.sub("", text))
