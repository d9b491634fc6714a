"""Gathers which modules a source tries to import: by its syntax tree, in functions and conditions as well."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, NamedTuple

from safepip.rules.sought_modules import ABOVE, SOUGHT
from safepip.rules.start_files import CUSTOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Functions that import what their first argument names.
_LOADERS = {"__import__", "import_module", "find_spec", "find_module", "find_loader", "get_loader", "resolve_name"}

#: What has no import below it.
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)

#: Names that are asked for and need no line of their own, with why.
ELSEWHERE = {
    "__main__": "the program itself",
    "__init__": "a word of modulefinder's, no import",
    "test": "Python's own tests, asked for by tools for tests alone; it is no name of the standard library to Python",
    "compat": "an old pip's helper, run as a script: found in its own folder",
    **dict.fromkeys(CUSTOM, "judged by startup-hook"),
}


class Download(NamedTuple):
    """One import: the module in its parts, and for `from module import a, b` what is taken from it."""

    parts: tuple[str, ...]
    taken: tuple[str, ...]
    where: str


def wanted(source: bytes, where: str) -> Iterator[Download]:
    """Every absolute import in a source; none where it is not of this Python's grammar."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in _nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Download(tuple(alias.name.split(".")), (), where)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield Download(tuple(node.module.split(".")), tuple(alias.name for alias in node.names), where)
        elif isinstance(node, ast.Call) and node.args and _name(node.func) in _LOADERS:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.strip("."):
                yield Download(tuple(first.value.split(".")), (), where)


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """As `ast.walk`, in half the time: names, constants and operators, which have nothing below them, are left out."""
    found = [tree]
    for node in found:  # it grows meanwhile
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                found += [one for one in value if isinstance(one, ast.AST) and not isinstance(one, _LEAVES)]
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                found.append(value)
    return found


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def unlisted(imports: Iterable[Download], has: Iterable[str]) -> set[str]:
    """Those imports, as lines, of which neither `has` nor the table of sought modules knows anything."""
    known = {*has, *ELSEWHERE}
    return {
        f"{'.'.join(want.parts)} ({want.where})"
        for want in imports
        if want.parts[0] and want.parts[0] not in known and not _is_listed(want)
    }


def _is_listed(want: Download) -> bool:
    if any(want.parts[:depth] in SOUGHT for depth in range(1, len(want.parts) + 1)):
        return True
    # Of a shared namespace each thing that is taken has to be listed.
    return want.parts in ABOVE and bool(want.taken) and all((*want.parts, name) in SOUGHT for name in want.taken)
