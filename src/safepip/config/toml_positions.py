"""Where in a TOML text a table, a key or a list's word stands, for messages only.

`tomllib` gives values without places, so this reads the text a second time, in a simple way: headers on their own
line, keys at the beginning of a line, strings in quotes. Multi-line strings are skipped. For what is written in another
legal way (inline tables, dotted keys) the answer is the nearest line above, or None; no decision depends on it.
"""

from __future__ import annotations

import re

_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*=""")
_QUOTED = re.compile(r"""\"([^\"]*)\"|'([^']*)'""")
_QUOTES = ('"""', "'''")


def _header(line: str) -> tuple[str, str] | None:
    """The brackets and the name of a line that is a table's header; no pattern, which would go over blanks again."""
    text = line.strip()
    brackets = "[[" if text.startswith("[[") else "["
    name, closing, rest = text.removeprefix(brackets).partition("]")
    if not text.startswith("[") or not closing or "[" in name or not name.strip():
        return None
    rest = rest.removeprefix("]").strip()
    return (brackets, name.strip()) if not rest or rest.startswith("#") else None


class TomlLines:
    """An index of a text's lines. Names are relative to the table `root`, such as `("tool", "safepip")`."""

    def __init__(self, text: str, root: tuple[str, ...] = ()) -> None:
        self._lines = text.splitlines()
        self._tables: dict[tuple[tuple[str, ...], int | None], int] = {}
        self._keys: dict[tuple[tuple[str, ...], int | None, str], int] = {}
        self._words: dict[tuple[tuple[str, ...], int | None, str], dict[str, int]] = {}
        self._scan(root)

    def _scan(self, root: tuple[str, ...]) -> None:
        table: tuple[str, ...] | None = () if not root else None
        number: int | None = None
        counts: dict[tuple[str, ...], int] = {}
        closing = ""
        for at, line in enumerate(self._lines, 1):
            if closing:
                closing = "" if line.count(closing) % 2 else closing
                continue
            header = _header(line)
            if header:
                parts = tuple(part.strip().strip("\"'") for part in header[1].split("."))
                table = parts[len(root) :] if parts[: len(root)] == root else None
                number = None
                if table is not None and header[0] == "[[":
                    number = counts[table] = counts.get(table, -1) + 1
                if table is not None:
                    self._tables.setdefault((table, number), at)
                continue
            key = _KEY.match(line)
            if key and table is not None:
                name = next(part for part in key.groups() if part is not None)
                self._keys.setdefault((table, number, name), at)
            closing = next((quote for quote in _QUOTES if line.count(quote) % 2), "")

    def first(self) -> int:
        """The line of the first table found, 1 where there is none."""
        return min(self._tables.values(), default=1)

    def table(self, table: tuple[str, ...], number: int | None) -> int | None:
        """The line of `[table]`, or of the `[[table]]` with this number, counted from 0."""
        found = self._tables.get((table, number))
        return found if found is not None or not table else self._keys.get((table[:-1], None, table[-1]))

    def key(self, table: tuple[str, ...], number: int | None, key: str) -> int | None:
        """The line of a key, else of a table of that name, else of the table it is in."""
        found = self._keys.get((table, number, key))
        return found or self._tables.get(((*table, key), None)) or self.table(table, number)

    def item(self, table: tuple[str, ...], number: int | None, key: str, word: str, position: int = 0) -> int | None:
        """The line of a word in a list: its first appearance in quotes from the key on, not before the key's line."""
        start = self._keys.get((table, number, key))
        if start is None:
            return self.key(table, number, key)
        place = table, number, key
        if place not in self._words:
            self._words[place] = self._words_from(start)
        return self._words[place].get(word, start)

    def _words_from(self, start: int) -> dict[str, int]:
        """The line of every word in quotes, from a key's line on to the next key or header."""
        words: dict[str, int] = {}
        for at, line in enumerate(self._lines[start - 1 :], start):
            if at > start and (_header(line) or _KEY.match(line)):
                break
            for double, single in _QUOTED.findall(line):
                words.setdefault(double or single, at)
        return words
