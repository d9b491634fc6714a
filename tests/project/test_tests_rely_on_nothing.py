"""Where a test needs a path at which there is nothing, it takes one at which nothing can be."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from support.nowhere import NOWHERE

HERE = Path(__file__).parents[1]

#: Names that say of a folder at the root of the machine that it is not there. Somebody's machine has it.
_SAYS_MISSING = re.compile(r"/(nonexist|nowhere|no[-_]such|does[-_]not|missing/|not[-_]there)")


@pytest.mark.skipif(os.name == "nt", reason="the null device is no path of a folder's kind there")
def test_nothing_can_be_nowhere() -> None:
    """Nobody can make it."""
    with pytest.raises(OSError, match="Not a directory"):
        (Path(NOWHERE) / "folder").mkdir(parents=True)


def test_no_test_takes_a_folder_of_the_machine_for_missing() -> None:
    """Every text in the tests' sources is looked at; what goes on after something else is no path of its own."""
    found = []
    for path in HERE.rglob("*.py"):
        tree = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        later = {id(part) for node in tree if isinstance(node, ast.JoinedStr) for part in node.values[1:]}
        for node in tree:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in later:
                found += [f"{path.name}:{node.lineno}: {node.value}"] if _SAYS_MISSING.match(node.value) else []
    assert found == []
