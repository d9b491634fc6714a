"""Words: names that a stranger can guess, and sentences whose subject need not be guessed."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from support.source_tree import FILES, SOURCE, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Words that only this project knew, and what replaces them (docs/explanation/architecture.md has the glossary).
PRIVATE = {
    "shelf": "ProjectCandidates",
    "shelves": "ProjectCandidates",
    "shelve": "candidates_for",
    "fallen": "RejectedVersion",
    "want": "ResolverRequirement",
    "wants": "ResolverRequirement",
    "choice": "ResolverCandidate",
    "barred": "incompatible",
    "wanted": "Download",
    "reply": "Response",
    "lanes": "connections",
    "asked": "Inputs",
    "said": "stated",
    "told": "reported",
    "landing": "InstallPath",
    "landings": "InstallPath",
    "scene": "RuleContext",
    "subject": "WheelUnderReview",
    "subjects": "WheelUnderReview",
    "firm": "enforced",
    "standing": "yanked",
    "settled": "already_decided",
    "allowance": "Exemption",
    "allowances": "Exemption",
}

#: How often each may stand in the source, whatever the case of its letters.
GUESSED = {"nobody": 5, "whoever": 5, "somebody": 5}


def words_of(name: str) -> set[str]:
    """The words of a name, in lower case: `_pin_from_shelf` and `RoutedShelf` both have `shelf`."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def names_in(path: Path) -> Iterator[tuple[str, int]]:
    """The names that a file gives to itself, its classes and its functions, each with its line."""
    yield path.stem, 1
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno


def test_the_words_of_a_name_are_found() -> None:
    """In each way to write one."""
    assert words_of("_pin_from_shelf") == {"pin", "from", "shelf"}
    assert words_of("RoutedShelf") == {"routed", "shelf"}
    assert words_of("HTTPReply") == {"http", "reply"}


def test_no_module_class_or_function_has_a_private_word() -> None:
    """The names are the field's, or plain."""
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {name}: {PRIVATE[word]}"
        for path in FILES
        for name, line in names_in(path)
        for word in words_of(name) & PRIVATE.keys()
    ]
    assert found == []


def test_no_two_public_classes_have_one_name() -> None:
    """A name in a message of the type checker, or in a discussion, means one thing."""
    seen: dict[str, list[str]] = {}
    for path in FILES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                seen.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    assert {name: places for name, places in seen.items() if len(places) > 1} == {}


@pytest.mark.parametrize("word", GUESSED)
def test_a_sentence_says_who(word: str) -> None:
    """A subject that has to be guessed is rare enough to be meant."""
    lines = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for _ in re.findall(rf"\b{word}\b", line, re.IGNORECASE)
    ]
    assert len(lines) <= GUESSED[word], lines
