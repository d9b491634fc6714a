"""The modules by which editable wheels lead to their project, and what the literals in them say. Nothing is run.

Where a project cannot be found by a folder on `sys.path` alone, the build backend puts a module into the editable wheel
(PEP 660), and a line into a `.pth` file that imports it at every start of Python. These are known:

| by | line of the `.pth` file | the module |
|---|---|---|
| setuptools | `import __editable___X_finder; __editable___X_finder.install()` | MAPPING, NAMESPACES, a finder |
| editables (hatchling, pdm) | `import _editable_impl_X`, once `import _X` | three statements of one form |
| scikit-build-core | `import _editable_skbc_X` | a finder, and at the end a call with literals |
| meson-python | `import _X_editable_loader; _X_editable_loader.init()`, once without the call | the same |

A module of editables is read as a whole. Of setuptools' the literals are read, and the rest may import only what it
needs to find modules. The two others start compilers, so that their code is not judged: only that beside the call the
module consists of definitions, and where its literals lead.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The largest such module that is kept and read, in bytes; the largest of the backends' has some 35,000.
LONGEST = 256 * 1024

_FINDER = re.compile(r"import (__editable___\w+_finder); \1\.install\(\)", re.ASCII)
_MESON = re.compile(r"import (_\w+_editable_loader)(; \1\.init\(\))?", re.ASCII)
_PLAIN = re.compile(r"import (_\w+)", re.ASCII)

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")

#: What setuptools' finder imports, from version 64.0 on, and what it may import beside that.
_OF_FINDERS = {
    "__future__": {"annotations"},
    "importlib.machinery": {"ModuleSpec", "PathFinder", "all_suffixes"},
    "importlib.util": {"spec_from_file_location"},
    "itertools": {"chain"},
    "pathlib": {"Path"},
    "typing": {"Any", "TYPE_CHECKING"},
}
_OF_SYS = {"meta_path", "path", "path_hooks", "path_importer_cache", "version_info"}
_RUNS_TEXT = {
    "__builtins__",
    "__import__",
    "breakpoint",
    "compile",
    "eval",
    "exec",
    "getattr",
    "globals",
    "open",
    "vars",
}

_DEFINES = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class UnknownLoader(Exception):
    """The module is not what the backend writes; the text says why, in words that go on after "a module that "."""


class Loader(NamedTuple):
    """What a loader says of itself.

    `names` are the top-level names of the modules that it finds. `paths` are all absolute paths to which it leads.
    `first` says that it is asked before Python's own finders. `compiles` says that an import may start a compiler.
    `by` is the backend, where it is one whose code is not judged.
    """

    names: frozenset[str]
    paths: tuple[str, ...]
    first: bool = False
    compiles: bool = False
    by: str = ""


def may_be_loader(path: str) -> bool:
    """Whether a file of a wheel may be such a module, by its name: then its text is kept. A project's own `_x.py` may
    be one as well."""
    folder, _, name = path.rpartition("/")
    in_data = folder.count("/") == 1 and folder.casefold().endswith((".data/purelib", ".data/platlib"))
    return (not folder or in_data) and name.startswith("_") and name.endswith(".py")


def module_of(line: str) -> str | None:
    """The module that a line of a `.pth` file imports, where the line has one of the forms above; else None."""
    for form in (_FINDER, _MESON, _PLAIN):
        found = form.fullmatch(line.rstrip())
        if found is not None:
            return found[1]
    return None


def read_loader(module: str, source: bytes) -> Loader:
    """What a module of this name says. Raises `UnknownLoader`."""
    try:
        with warnings.catch_warnings():
            # Who installs a project can do nothing about warnings on its source.
            warnings.simplefilter("ignore")
            body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnknownLoader("cannot be read as Python") from None
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if module.startswith("__editable___"):
        return _finder(body)
    if module.startswith("_editable_skbc_"):
        return _scikit_build(body)
    return _meson(body) if module.endswith("_editable_loader") else _redirector(body)


# --- setuptools -----------------------------------------------------------------------------------------------------


def _finder(body: list[ast.stmt]) -> Loader:
    said: dict[str, Any] = {"MAPPING": None, "NAMESPACES": {}}
    for node in body:
        name, value = _assigned(node)
        if name in said and value is not None:
            said[name] = _literal(value)
        elif name != "PATH_PLACEHOLDER" and not isinstance(node, _DEFINES):
            raise UnknownLoader("does more than setuptools' finder does")
    mapping, namespaces = said["MAPPING"], said["NAMESPACES"]
    if not isinstance(mapping, dict) or not isinstance(namespaces, dict):
        raise UnknownLoader("does not say what it finds, as setuptools' finder does")
    for word in _unexpected(body):
        raise UnknownLoader(f"uses {word}, which setuptools' finder does not")
    paths = [*_texts(mapping.values()), *_texts(namespaces.values())]
    return Loader(_tops([*_texts(mapping), *_texts(namespaces)]), _absolute(paths, all_of_them=True))


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    """The name that a statement assigns to, and the value; an empty name for any other statement."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    return "", None


def _unexpected(body: list[ast.stmt]) -> Iterator[str]:
    """What a finder has no use for, by name."""
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name != "sys" or alias.asname)
        elif isinstance(node, ast.ImportFrom):
            allowed = _OF_FINDERS.get(node.module or "", set())
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name not in allowed)
        elif isinstance(node, ast.Name) and node.id in _RUNS_TEXT:
            yield node.id
        elif isinstance(node, ast.Attribute):
            of_sys = isinstance(node.value, ast.Name) and node.value.id == "sys"
            if node.attr.startswith("__") or (of_sys and node.attr not in _OF_SYS):
                yield node.attr


# --- editables ------------------------------------------------------------------------------------------------------


def _redirector(body: list[ast.stmt]) -> Loader:
    """`from editables.redirector import RedirectingFinder as F`, `F.install()`, `F.map_module(name, path)`."""
    head = [ast.unparse(node) for node in body[:2]]
    if head != ["from editables.redirector import RedirectingFinder as F", "F.install()"]:
        raise UnknownLoader("is not one of the known loaders of editable projects")
    names, paths = [], []
    for node in body[2:]:
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "F.map_module":
            raise UnknownLoader("does more than the library editables writes")
        match _arguments(call):
            case [str(name), str(path)]:
                names.append(name)
                paths.append(path)
            case _:
                raise UnknownLoader("does more than the library editables writes")
    return Loader(_tops(names), _absolute(paths, all_of_them=True))


# --- loaders that compile -------------------------------------------------------------------------------------------


def _scikit_build(body: list[ast.stmt]) -> Loader:
    """`install(sources, files of the wheel, ..., build folder, rebuild, verbose, ...)`, or `install_inplace(...)`."""
    arguments = _final_call(body, {"install", "install_inplace"})
    number = next((number for number, value in enumerate(arguments) if isinstance(value, bool)), None)
    if number is None:
        raise UnknownLoader("does not end as scikit-build-core's loader does")
    found = arguments[:number]
    modules: list[Any] = [value for value in found if isinstance(value, dict)] or found[:1]
    names = _tops(_texts(modules))
    # Behind the options for the compiler there may be one more folder.
    paths = [*_texts(found, values=True), *_texts(arguments[number:][-1:])]
    return Loader(names, _absolute(paths), first=True, compiles=arguments[number], by="scikit-build-core")


def _meson(body: list[ast.stmt]) -> Loader:
    """`finder = MesonpyMetaFinder(name, modules, build folder, command, verbose)` in `init()`, once `install(...)`."""
    last = body[-1] if body else None
    if isinstance(last, ast.FunctionDef) and last.name == "init" and last.body:
        _, call = _assigned(last.body[0])
        _defines_only(body)
        arguments = _arguments(call) if isinstance(call, ast.Call) else []
    else:
        arguments = _final_call(body, {"install"})
    names = [value for value in arguments if isinstance(value, set)]
    paths = [value for value in arguments if isinstance(value, str) and _ABSOLUTE.match(value)]
    if not names or not paths:
        raise UnknownLoader("does not say what it finds, as meson-python's loader does")
    return Loader(_tops(_texts(names)), _absolute(paths), first=True, compiles=True, by="meson-python")


def _final_call(body: list[ast.stmt], functions: set[str]) -> list[Any]:
    """The arguments of the call that ends a module, all else in which is definitions."""
    call = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in functions:
        raise UnknownLoader("does not end as a known loader does")
    _defines_only(body[:-1])
    return _arguments(call)


def _defines_only(body: Iterable[ast.stmt]) -> None:
    for node in body:
        if isinstance(node, ast.If):
            _defines_only([*node.body, *node.orelse])
        elif not isinstance(node, _DEFINES):
            raise UnknownLoader("runs more than its last call")


# --- literals -------------------------------------------------------------------------------------------------------


def _arguments(call: ast.Call) -> list[Any]:
    if call.keywords:
        raise UnknownLoader("is called in an unknown way")
    return [_literal(argument) for argument in call.args]


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise UnknownLoader("has no literals where a known loader has them") from None


def _texts(value: Any, *, values: bool = False) -> Iterator[str]:
    """All texts in a literal: of a mapping the keys, or the `values`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes) or not hasattr(value, "__iter__"):
        return
    else:
        inner = value.values() if values and isinstance(value, dict) else value
        for each in inner:
            yield from _texts(each, values=values)


def _tops(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in names)


def _absolute(paths: Iterable[str], *, all_of_them: bool = False) -> tuple[str, ...]:
    """Those that are absolute; the others are below the module's own folder. Raises `UnknownLoader` where one of them
    leads out of that, and where `all_of_them` have to be absolute and one is not."""
    found = []
    for path in dict.fromkeys(paths):
        if _ABSOLUTE.match(path):
            found.append(path)
        elif all_of_them or ".." in re.split(r"[/\\]", path):
            raise UnknownLoader(f"leads to {path or '(nothing)'}, which is not an absolute path")
    return tuple(found)
