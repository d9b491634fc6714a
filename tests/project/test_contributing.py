"""CONTRIBUTING and the architecture page name files, folders and classes that are there, under the names they have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from support.source_tree import FILES, SOURCE, tree_of

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")

#: A row of "Where do I look?": a question, the file that answers it, and where in it to begin.
_ROW = re.compile(r"^\| ([^|]+\?) \| `([^`]+)` \| `(\w+)` \|$", re.MULTILINE)

#: What a reader must find at first guess.
_QUESTIONS = (
    "What does a lock accept?",
    "Which wheel wins?",
    "What counts as a look-alike?",
    "Which URL may a file come from?",
    "What is pip told?",
    "Where is the cooldown decided?",
    "What is printed on a refusal?",
    "How is a proxy chosen?",
    "How is the target's Python asked?",
    "Where does a new rule on wheels go?",
)


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module defines itself: what it imports is not there to be found."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


def _rows() -> dict[str, tuple[str, str]]:
    return {question: (path, name) for question, path, name in _ROW.findall(CONTRIBUTING)}


def test_the_questions_of_a_newcomer_are_in_the_table() -> None:
    assert set(_QUESTIONS) <= _rows().keys()
    begin = CONTRIBUTING.index("## Where do I look?")
    table = CONTRIBUTING[begin : CONTRIBUTING.index("\n\n", begin + 30)]
    assert table.count("\n|") == len(_rows()) + 2, "a row of the table is written otherwise than the rest"


@pytest.mark.parametrize("question", _rows())
def test_a_question_is_answered_where_the_table_says(question: str) -> None:
    path, name = _rows()[question]
    assert name in _defined(ast.parse((ROOT / path).read_text("utf-8")))


def test_the_architecture_page_lists_every_room() -> None:
    """And none that is not there; `edges/` is a building of rooms."""
    listed = re.findall(r"^\| `([\w/]+)/` \|", ARCHITECTURE, re.MULTILINE)
    rooms = {path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("__init__.py")}
    assert sorted(listed) == sorted(rooms - {".", "edges"})


def test_every_class_on_the_architecture_page_is_one_of_the_source() -> None:
    """The words of the page are those of the code."""
    defined = set().union(*(_defined(tree_of(path)) for path in FILES))
    named = set(re.findall(r"`([A-Z]\w*[a-z]\w*)`", ARCHITECTURE))
    assert len(named) > 20
    assert named - defined == set()
