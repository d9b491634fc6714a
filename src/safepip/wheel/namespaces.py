"""Whether an `__init__.py` does nothing but declare a namespace package, in one of the two ways that are older than
PEP 420, or nothing at all.

Every project that shares such a package brings the file, and it matters that each does the same, not that all have the
same comments (the packaging guide, "Packaging namespace packages"). So sources are compared by what Python reads: as
syntax trees, without the module's docstring. Nothing is run.

A file that does nothing may replace a declaration, and the other way round: in one folder all portions are found with
either. A file that needs `pkg_resources` may not replace one that does not.
"""

from __future__ import annotations

import ast
import warnings
from functools import cache

#: Such a file has a line or two, and a comment; a larger file is not one. In bytes.
LONGEST = 4096

_PKGUTIL = (
    "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
    "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)",
    "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)",
)
_WITHOUT_PKG_RESOURCES = {"pkgutil", "either", "nothing"}
_PKG_RESOURCES = (
    "__import__('pkg_resources').declare_namespace(__name__)",
    "import pkg_resources\npkg_resources.declare_namespace(__name__)",
)


def way_of_declaring(source: bytes) -> str:
    """`pkgutil`, `pkg_resources`, `either` (the second, and the first where that is missing), or `nothing`.

    Empty for anything else.
    """
    if _is_comment(source):
        return "nothing"
    if len(source) > LONGEST or not (b"extend_path" in source or b"declare_namespace" in source):
        return ""
    tree = _tree(source)
    return "" if tree is None else _ways().get(tree, "")


def interchangeable(one: str, other: str) -> bool:
    """Whether it makes no difference which of two files is there, by their ways of declaring."""
    return bool(one) and (one == other or {one, other} <= _WITHOUT_PKG_RESOURCES)


def _is_comment(source: bytes) -> bool:
    """Whether nothing but comments can be read in a source, whatever encoding it names."""
    if not source.isascii() or b"coding" in source or b"\0" in source:
        return False
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in source.splitlines())


def _tree(source: bytes | str) -> str | None:
    """The source's syntax tree as text, without the docstring; None for invalid Python, or too deep nesting."""
    try:
        with warnings.catch_warnings():
            # The user who installs a package can do nothing about warnings on its source.
            warnings.simplefilter("ignore")
            module = ast.parse(source)
        if ast.get_docstring(module, clean=False) is not None:
            del module.body[0]
        return ast.dump(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@cache
def _ways() -> dict[str, str]:
    """The answer for each tree that has one."""
    found = dict.fromkeys(_PKGUTIL, "pkgutil") | dict.fromkeys(_PKG_RESOURCES, "pkg_resources")
    for first in _PKG_RESOURCES:
        for second in _PKGUTIL:
            inner = second.replace("\n", "\n    ")
            for error in ("ImportError", "Exception", "ModuleNotFoundError"):
                found[f"try:\n    {first.replace(chr(10), chr(10) + '    ')}\nexcept {error}:\n    {inner}"] = "either"
    return {tree: way for text, way in found.items() if (tree := _tree(text)) is not None}
