"""A page of the documentation as text for a terminal.

The pages are Markdown of the plainest kind (a test holds the form of those that are shipped): headings, paragraphs,
lists, tables of two or more columns, fenced blocks. Words are wrapped to the width; what stands in a fenced block is to
be read, or pasted, as it is, and is not. A link to another page that is shipped becomes the command that shows it; of
every other link the text remains.
"""

from __future__ import annotations

import re
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from safepip.reporting.messages import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.reporting.messages import Style

#: In the text of a link, code may have brackets.
_LINK = re.compile(r"\[((?:`[^`]*`|[^`\]])*)\]\(([^)\s]+)\)")
_NEIGHBOUR = re.compile(r"([a-z-]+)\.md(?:#.*)?\Z")
_ITEM = re.compile(r"(?:-|\d+\.) +")
_CODE = re.compile(r"(`[^`]*`)")
_EMPHASIS = re.compile(r"\*([^*\s][^*]*)\*")
_INDENT = "    "

#: Stands for a space that is no place for a line to end; no page has it.
_JOINT = "\0"


def references_in(index: str) -> tuple[str, ...]:
    """The references whose pages a list of them links to, in its order."""
    targets = (_NEIGHBOUR.match(target) for _, target in _LINK.findall(index))
    return tuple(dict.fromkeys(target[1] for target in targets if target))


def render_page(text: str, width: int, style: Style = PLAIN) -> str:
    """A page, without a newline at the end. `width` is in characters."""
    return "\n\n".join("\n".join(_rendered(kind, lines, width, style)) for kind, lines in _blocks(text))


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """The parts of a page in their order, each with what it is: `fence`, `heading`, `table`, `list` or `text`."""
    for at, part in enumerate(re.split(r"^```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)):
        if at % 2:
            yield "fence", part.splitlines()
            continue
        for blank, lines in groupby(part.splitlines(), key=lambda line: not line.strip()):
            if not blank:
                block = list(lines)
                yield _kind(block[0]), block


def _kind(first: str) -> str:
    if first.startswith("#"):
        return "heading"
    if first.startswith("|"):
        return "table"
    return "list" if _ITEM.match(first) else "text"


def _rendered(kind: str, lines: Sequence[str], width: int, style: Style) -> list[str]:
    if kind == "fence":
        return [f"{_INDENT}{line}".rstrip() for line in lines]
    if kind == "heading":
        return [style.strong(line.lstrip("# ")) for line in lines]
    if kind == "table":
        return _table(lines, width)
    if kind == "list":
        return [line for item in _items(lines) for line in _item(item, width)]
    return _wrapped(_plain(" ".join(lines)), width)


def _items(lines: Sequence[str]) -> Iterator[str]:
    """Each item of a list in one line."""
    item: list[str] = []
    for line in lines:
        if _ITEM.match(line) and item:
            yield " ".join(item)
            item = []
        item.append(line.strip())
    yield " ".join(item)


def _item(text: str, width: int) -> list[str]:
    mark = _ITEM.match(text)
    hang = " " * (mark.end() if mark else 0)
    return _wrapped(_plain(text), width, others=hang)


def _table(lines: Sequence[str], width: int) -> list[str]:
    """A row as its first cell, and below it, indented, the others, each with the head of its column."""
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split(" |")] for line in lines)
    shown = []
    for first, *others in rows:
        shown += _wrapped(_plain(_LINK.sub(r"\1", first)), width, others="  ")
        for title, cell in zip(head[1:], others, strict=True):
            text = f"{title}: {cell}" if title else cell
            shown += _wrapped(_plain(text), width, first=_INDENT, others=f"{_INDENT}  ")
    return shown


def _plain(text: str) -> str:
    """Markdown within a line as words: links as their text, emphasis left out; code keeps its marks."""
    parts = _CODE.split(_LINK.sub(_link, text))
    return "".join(part if at % 2 else _EMPHASIS.sub(r"\1", part.replace("**", "")) for at, part in enumerate(parts))


def _link(found: re.Match[str]) -> str:
    text, target = found[1], found[2]
    neighbour = _NEIGHBOUR.match(target)
    if neighbour:
        return f"{text} (`safepip help {neighbour[1]}`)"
    return f"{text} ({target})" if re.match(r"https?:", target) else text


def _wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """Lines of at most `width`, broken between words, and short code never within."""
    parts = _CODE.split(text)
    joined = "".join(part.replace(" ", _JOINT) if at % 2 and len(part) <= 40 else part for at, part in enumerate(parts))
    lines = wrap(
        joined, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_JOINT, " ") for line in lines]
