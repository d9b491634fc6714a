"""The hints in the examples of docs/refusals are those that the program gives today.

Each line of a hint has to be covered by texts of the source, in which anything may stand where a value is put. That
does not prove that the program gives this hint, but finds a page that keeps the words of an older one.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from support.source_tree import FILES, SOURCE, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = SOURCE.parents[1] / "docs" / "refusals"
#: In the place of a value.
_VALUE = "\0"
#: A text with fewer letters says nothing.
_SHORTEST = 4
#: How much of a line has to be the source's words.
_COVERED = 0.9

#: Lines to paste, which are made of tables and of what was typed.
_PASTED = re.compile(r"\[|[a-z-]+ = |\{|#|[\w.-]+==")


def texts_of(tree: ast.AST) -> Iterator[str]:
    """Every text of a file, line by line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else _VALUE for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def pattern_of(text: str) -> re.Pattern[str]:
    """Finds a text. A value at its end goes to the end of the line, one at its beginning begins the line."""
    body = re.escape(text).replace(_VALUE, ".+?")
    return re.compile(("^" if text.startswith(_VALUE) else "") + (body[:-1] if text.endswith(_VALUE) else body))


@pytest.fixture(scope="module")
def patterns() -> list[re.Pattern[str]]:
    lines = {
        re.sub(f"{_VALUE}+", _VALUE, line.strip())
        for path in FILES
        for text in texts_of(tree_of(path))
        for line in text.split("\n")
    }
    return [pattern_of(line) for line in lines if len(line.replace(_VALUE, "").strip()) >= _SHORTEST]


def covered(line: str, patterns: list[re.Pattern[str]]) -> float:
    """Which part of a line is in texts of the source."""
    places = {at for pattern in patterns for found in pattern.finditer(line) for at in range(*found.span())}
    return len(places) / len(line)


def hints_of(page: str) -> Iterator[str]:
    """The lines of the hints in the examples of a page that are words."""
    for example in re.findall(r"^```text\n(error: .*?)^```", page, re.MULTILINE | re.DOTALL):
        for hint in re.findall(r"^hint: (.*?)(?=^\S|^\n\S|\Z)", example, re.MULTILINE | re.DOTALL):
            yield from (line.strip() for line in hint.splitlines() if line.strip() and not _PASTED.match(line.strip()))


def test_the_hints_of_all_pages_have_the_words_of_the_source(patterns: list[re.Pattern[str]]) -> None:
    lines = [(page.stem, line) for page in sorted(PAGES.glob("*.md")) for line in hints_of(page.read_text("utf-8"))]
    assert len(lines) > 100
    assert [(page, line) for page, line in lines if covered(line, patterns) < _COVERED] == []


def test_other_words_are_noticed(patterns: list[re.Pattern[str]]) -> None:
    assert covered("make it anew with safepip lock", patterns) < _COVERED
    assert covered("move it away, and make a new one: safepip lock -r FILE", patterns) == 1


def test_a_python_that_a_hint_starts_imports_nothing_from_the_folder() -> None:
    """It is pasted in the folder of a project, which may have a module of any name."""
    started = re.compile(r"\bpython3? (?!-I )-[mc]\b")
    pages = [(path, path.read_text("utf-8")) for path in PAGES.glob("*.md")]
    hints = [(path, line) for path, text in pages for line in re.findall(r"^hint: .*$", text, re.MULTILINE)]
    texts = [(path, text) for path in FILES for text in texts_of(tree_of(path)) if "-m venv" in text]
    assert [found for found in (*hints, *texts) if started.search(found[1])] == []
    assert len(texts) >= 4
