"""Checked access to the tables of one configuration file: unknown keys, wrong kinds, and where each stands.

A caller asks for a key and says what type it must have. A wrong value becomes a problem with file and line, and the
answer is then None or empty; the caller that reads the last table of a file raises all its problems together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from safepip.config.toml_positions import TomlLines


class Placed(NamedTuple):
    """A word of a list, with the line it stands on."""

    value: str
    origin: Origin


def near(word: str, known: Collection[str], otherwise: str) -> str:
    """A hint for a word that is not among those `known`: the one that was probably meant, else `otherwise`."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, 1)
    return f"did you mean {found[0]!r}?" if found else otherwise


class TableReader:
    """Checks tables and keeps every problem. `where` is a table's name in parts, `number` counts `[[...]]` from 0."""

    def __init__(self, lines: TomlLines, path: str, source: Source) -> None:
        self.lines = lines
        self.path = path
        self.source = source
        self.problems: list[Diagnostic] = []

    def origin(self, line: int | None = None) -> Origin:
        """A line of this file, or the file."""
        return Origin(self.source, self.path, line)

    def at(self, where: tuple[str, ...], number: int | None, key: str) -> Origin:
        """Where a key stands."""
        return self.origin(self.lines.key(where, number, key))

    def problem(self, message: str, line: int | None, hint: str = "") -> None:
        """Keep one problem."""
        self.problems.append(Diagnostic("bad-configuration", message, (), hint, (self.origin(line),)))

    def tables(self, data: Any, where: tuple[str, ...], what: str) -> list[Any]:
        """The tables of `[[where]]`. `what` names one of them, as in "an index is declared"."""
        if isinstance(data, list):
            return data
        name = ".".join(where)
        self.problem(f"{what} as [[{name}]], with two brackets", self.lines.table(where, None))
        return []

    def table(self, data: Any, known: tuple[str, ...], where: tuple[str, ...], number: int | None) -> dict[str, Any]:
        """A table that has no other keys than those known."""
        name = ".".join(where) or "the file"
        if not isinstance(data, dict):
            self.problem(f"{name} must be a table", self.lines.table(where, number))
            return {}
        for key in data:
            if key not in known:
                self.problem(
                    f"unknown key {printable(key)!r} in {name}",
                    self.lines.key(where, number, key),
                    near(key, known, f"known keys: {', '.join(known)}"),
                )
        return data

    def typed(
        self, table: dict[str, Any], key: str, kind: type, words: str, where: tuple[str, ...], number: int | None
    ) -> Any:
        """A key's value where it is of this kind; `words` say which kind that is."""
        value = table.get(key)
        if value is None or isinstance(value, kind):
            return value
        self.problem(f"{key} must be {words}", self.lines.key(where, number, key))
        return None

    def string(self, table: dict[str, Any], key: str, where: tuple[str, ...], number: int | None) -> str | None:
        """A string."""
        value: str | None = self.typed(table, key, str, "a string", where, number)
        return value

    def boolean(self, table: dict[str, Any], key: str, where: tuple[str, ...], number: int | None) -> bool | None:
        """True or false."""
        value: bool | None = self.typed(table, key, bool, "true or false", where, number)
        return value

    def strings(
        self,
        table: dict[str, Any],
        key: str,
        where: tuple[str, ...],
        number: int | None,
        check: Callable[[str], str | None],
    ) -> tuple[Placed, ...]:
        """A list of strings. `check` says what is wrong with one, after the word itself."""
        words = self.typed(table, key, list, "a list of strings", where, number) or []
        placed = []
        for position, word in enumerate(words):
            line = self.lines.item(where, number, key, word, position) if isinstance(word, str) else None
            fault = check(word) if isinstance(word, str) else "must be a string"
            if fault:
                self.problem(f"{key}: {printable(str(word))!r} {fault}", line or self.lines.key(where, number, key))
            else:
                placed.append(Placed(word, self.origin(line)))
        return tuple(placed)
