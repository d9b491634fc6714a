"""The source of safepip, walked file by file: what is there, and what each file imports."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).resolve().parents[2] / "src" / "safepip"
FILES = sorted(SOURCE.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            if node.module == "pathlib" and all(alias.name.startswith("Pure") for alias in node.names):
                continue  # pure paths are text that knows its separators; they touch nothing
            found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
            found.append((node.module, node.lineno))
    return found


def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file, read once."""
    return _parsed(path.read_text("utf-8"))


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def importers_of(target: str) -> set[str]:
    return {
        module
        for module, text in texts().items()
        if any(name == target or name.startswith(target + ".") for name in _names_in(text))
    }


@cache
def texts() -> Mapping[str, str]:
    """The text of every module, by its dotted name."""
    return {module_of(path): path.read_text("utf-8") for path in FILES}


def room_of(module: str) -> str:
    """The folder that a module lies in, below the package and dotted. What lies in its root is a room by itself."""
    path = SOURCE.parent / module.replace(".", "/")
    inside = module.split(".")[1:]
    room = inside if path.is_dir() else inside[:-1]
    return ".".join(room) or module


@cache
def _names_in(text: str) -> frozenset[str]:
    return frozenset(name for name, _ in imports_of(_parsed(text)))


def import_graph(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """For each module the modules of safepip that it imports, those for types alone included."""
    found: dict[str, set[str]] = {}
    for module, text in sources.items():
        names = {name for name in _names_in(text) if name.split(".")[0] == "safepip"}
        # `from a import b` names `a.b` and `a`: where `b` is a module, `a` is only the way to it.
        ways = {name.rpartition(".")[0] for name in names if name in sources}
        found[module] = {name for name in names if name in sources and name not in ways} - {module}
    return found


def room_graph(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The arrows between rooms that the arrows between modules draw."""
    found: dict[str, set[str]] = {}
    for module, imported in graph.items():
        mine = room_of(module)
        found.setdefault(mine, set()).update({room_of(name) for name in imported} - {mine})
    return found
