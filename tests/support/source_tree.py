"""The source of safepip, walked file by file: what is there, and what each file imports."""

from __future__ import annotations

import ast
from pathlib import Path

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


def importers_of(target: str) -> set[str]:
    found = set()
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        if any(name == target or name.startswith(target + ".") for name, _ in imports_of(tree)):
            found.add(module_of(path))
    return found
