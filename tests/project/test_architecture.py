"""The rooms of the house: what each may import, what may touch the world, and how large things may be."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import sys
import textwrap
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, TypeAlias

import pytest

from support.source_tree import (
    FILES,
    SOURCE,
    import_graph,
    importers_of,
    module_of,
    room_graph,
    room_of,
    texts,
    tree_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Which rooms each room may import from, besides its own: model <- stages <- edges <- commands, each stage's arrows by
#: name. `safepip` is the package itself, which knows its version and nothing else.
MAY_IMPORT = {
    "safepip": "",
    "model": "",
    # stages: pure
    "text": "model",
    "wheel": "model",
    "routing": "model text",
    "rules": "model text wheel",
    "environment": "model wheel",
    "handover": "environment model wheel",
    "config": "model routing rules text",
    "requirements": "build model text wheel",
    "build": "model text wheel",
    "options": "config model requirements",
    "vetting": "config model routing text",
    "index": "model vetting",
    "resolution": "config index model routing text vetting wheel",
    "lock": "build model requirements resolution text",
    "reporting": "environment model resolution vetting wheel",
    "advisories": "model text",
    "migration": "config model routing text",
    # edges: they touch the world
    "edges": "",
    # A bundle is what the stage `advisories` makes of the records that are read here.
    "edges.advisories": "advisories edges.disk edges.network model",
    "edges.programs": "environment model",
    "edges.console": "model reporting",
    "edges.disk": "edges.console model reporting requirements safepip vetting wheel",
    "edges.network": "config edges.console edges.disk edges.programs environment index model safepip",
    "edges.indexes": "config edges.disk edges.network index model requirements resolution routing vetting wheel",
    "edges.target": "edges.disk edges.programs environment handover model wheel",
    "edges.builder": "build edges.disk edges.programs environment model",
    "edges.pip": "edges.console edges.disk edges.programs edges.target environment handover model options wheel",
    "edges.user": "config edges.disk edges.network edges.pip edges.target model options requirements",
    # commands: a file a verb
    "commands": "advisories build config edges.advisories edges.builder edges.console edges.disk edges.indexes"
    " edges.network edges.pip edges.programs"
    " edges.target edges.user environment handover index lock migration model options reporting requirements"
    " resolution routing rules safepip text vetting wheel",
    "safepip.__main__": "commands edges.console edges.programs model options safepip",
}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes of one circle, empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def forbidden(graph: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """The arrows between rooms that the table does not allow."""
    return {
        (room, other)
        for room, others in room_graph(graph).items()
        for other in others
        if other not in MAY_IMPORT.get(room, "").split()
    }


def with_import(module: str, line: str) -> dict[str, set[str]]:
    """The graph of the source with one more import in one module."""
    return import_graph({**texts(), module: f"{texts()[module]}\n{line}\n"})


def test_no_file_imports_itself_in_a_circle() -> None:
    """Imports for types alone count too: a circle of them is a circle to whoever reads."""
    assert circle(import_graph(texts())) == []


def test_no_room_imports_itself_in_a_circle() -> None:
    """Each room can be read with what lies below it, and with nothing else."""
    assert circle(room_graph(import_graph(texts()))) == []
    assert circle({room: set(others.split()) for room, others in MAY_IMPORT.items()}) == []


def test_rooms_import_what_the_table_allows() -> None:
    """And the table allows nothing that is not needed."""
    graph = import_graph(texts())
    assert forbidden(graph) == set()
    unused = {(room, other) for room, others in MAY_IMPORT.items() for other in others.split()}
    assert unused <= {(room, other) for room, others in room_graph(graph).items() for other in others}


@pytest.mark.parametrize(
    ("module", "line", "arrow"),
    [
        ("safepip.model.names", "from safepip.text.toml_writing import literal", ("model", "text")),
        ("safepip.routing.table", "import safepip.edges.disk.store", ("routing", "edges.disk")),
        ("safepip.rules.judging", "from safepip.edges.pip import running", ("rules", "edges.pip")),
        ("safepip.wheel.record", "from safepip import __version__", ("wheel", "safepip")),
        (
            "safepip.edges.disk.store",
            "from safepip.edges.network.http import Transport",
            ("edges.disk", "edges.network"),
        ),
    ],
)
def test_one_forbidden_import_is_noticed(module: str, line: str, arrow: tuple[str, str]) -> None:
    """The walk sees each way to write an import."""
    assert forbidden(with_import(module, line)) == {arrow}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("safepip.wheel.zip_format", "from safepip.wheel import zip_walk"),
        ("safepip.wheel.zip_format", "import safepip.wheel.content"),
        ("safepip.model.finding", "if TYPE_CHECKING:\n    from safepip.model.errors import Refused"),
    ],
)
def test_one_circle_is_noticed(module: str, line: str) -> None:
    """Between two files, across three, and for types alone."""
    assert module in circle(with_import(module, line))


def test_the_root_holds_nothing_that_belongs_into_a_room() -> None:
    """`safepip` itself, and where `python -m safepip` begins."""
    assert {path.name for path in SOURCE.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert {path.name for path in SOURCE.iterdir() if path.is_file()} == {"__init__.py", "__main__.py", "py.typed"}
    rooms = {room_of(module) for module in texts()}
    assert rooms == set(MAY_IMPORT)


def test_a_rooms_door_imports_nothing() -> None:
    """What a room offers is said in the docstring of its `__init__`; to come in costs nothing."""
    for path in FILES:
        if path.name == "__init__.py" and path.parent != SOURCE:
            assert [type(node) for node in tree_of(path).body] == [ast.Expr], path


def test_only_one_file_imports_the_http_library() -> None:
    """What reaches the network goes through one connection at a time; the libraries under httpx give it exceptions."""
    connection = "safepip.edges.network.httpx_connection"
    assert importers_of("httpx") == {connection}
    tree = tree_of(SOURCE / "edges" / "network" / "httpx_connection.py")
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for library in ("httpcore", "h2", "h11", "anyio"):
        assert importers_of(library) == {connection}
        for name in (name for name in used if name.startswith(f"{library}.")):
            what = pkgutil.resolve_name(name)
            assert inspect.ismodule(what) or issubclass(what, Exception), name


def test_pip_is_a_program_and_never_imported() -> None:
    """pip's internals carry no promise."""
    assert importers_of("pip") == set()


def makers_of_evidence(name: str) -> set[str]:
    makers = set()
    for path in FILES:
        for node in ast.walk(tree_of(path)) if "_attest" in path.read_text("utf-8") else ():
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "_attest"
                and isinstance(node.value, ast.Name)
                and node.value.id == name
            ):
                makers.add(module_of(path))
    return makers


def test_only_the_store_makes_verified_files() -> None:
    """A `VerifiedFile` exists only where bytes were hashed and compared."""
    assert makers_of_evidence("VerifiedFile") == {"safepip.edges.disk.store"}


def test_only_the_rules_make_cleared_wheels() -> None:
    """A `ClearedWheel` exists only where every rule has passed."""
    assert makers_of_evidence("ClearedWheel") == {"safepip.rules.judging"}


def test_every_file_says_what_it_is_for() -> None:
    """Each module begins with a docstring."""
    for path in FILES:
        assert ast.get_docstring(tree_of(path)), path


def test_no_file_is_too_long_to_read() -> None:
    """400 lines are the most; an ADR says of a longer one that it is, and why."""
    decisions = "\n".join(p.read_text("utf-8") for p in (SOURCE.parent.parent / "docs" / "adr").glob("*.md"))
    long = {p.relative_to(SOURCE).as_posix() for p in FILES if len(p.read_text("utf-8").splitlines()) > 400}
    assert long == set(re.findall(r"`([a-z_/]+\.py)` is longer than 400 lines", decisions))


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

#: The most lines of a function, from `def` to its end without its docstring, and the most parameters but self.
MOST_LINES, MOST_PARAMETERS = 40, 7

#: What is longer, has more, or has a boolean by its place, and is to be mended yet.


def functions_in(node: ast.AST, name: str) -> Iterator[tuple[str, Function]]:
    """Every function below a node, those within others too, each with its full name."""
    for child in ast.iter_child_nodes(node):
        below = f"{name}.{child.name}" if isinstance(child, (*FUNCTIONS, ast.ClassDef)) else name
        if isinstance(child, FUNCTIONS):
            yield below, child
        yield from functions_in(child, below)


def lines_of(function: Function) -> int:
    """Its lines, without decorators and docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    documentation = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documentation


def by_place_and_name(function: Function) -> tuple[list[ast.arg], list[ast.arg]]:
    """The parameters that may be given by their place, self and cls left out, and those given by name alone."""
    placed = [*function.args.posonlyargs, *function.args.args]
    if placed and placed[0].arg in ("self", "cls"):
        del placed[0]
    return placed, function.args.kwonlyargs


def is_bool(parameter: ast.arg) -> bool:
    """Whether it is annotated with `bool`, alone or with None."""
    names = ast.unparse(parameter.annotation).replace("|", " ").split() if parameter.annotation is not None else []
    return "bool" in names


def faults_of(function: Function) -> list[str]:
    """What of a function is too much."""
    placed, named = by_place_and_name(function)
    faults = [f"the boolean {parameter.arg} is given by its place" for parameter in placed if is_bool(parameter)]
    if lines_of(function) > MOST_LINES:
        faults.append(f"it has {lines_of(function)} lines")
    if len(placed) + len(named) > MOST_PARAMETERS:
        faults.append(f"it has {len(placed) + len(named)} parameters")
    return faults


def test_no_function_is_too_long_to_read() -> None:
    """What has more lines has parts with names, what needs more parameters needs an object, and True has a name."""
    faulty: dict[str, list[str]] = {}
    for path in FILES:
        for name, function in functions_in(tree_of(path), module_of(path)):
            for fault in faults_of(function):
                faulty.setdefault(name, []).append(f"{fault}, in line {function.lineno}")
    assert faulty == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("def f():\n" + "    x()\n" * 40, "it has 41 lines"),
        ("def f():\n    def g():\n" + "        x()\n" * 39, "it has 41 lines"),
        ("async def f(a, b, c, d, /, e, f, *, g, h): ...", "it has 8 parameters"),
        ("def f(self, x: bool): ...", "the boolean x is given by its place"),
        ("def f(x: bool | None = None): ...", "the boolean x is given by its place"),
    ],
)
def test_what_is_too_much_is_seen(text: str, fault: str) -> None:
    """The measure measures."""
    (_, function), *_ = functions_in(ast.parse(text), "file")
    assert faults_of(function) == [fault]


def test_what_is_just_enough_is_let_pass() -> None:
    """A docstring and a decorator are no lines of the function."""
    text = '@d\ndef f(self, a, b, c, d, *, e, f, g: bool):\n    """A.\n\n    B.\n    """\n' + "    x()\n" * 39
    ((name, function),) = functions_in(ast.parse(f"class C:\n{textwrap.indent(text, '    ')}"), "file")
    assert (name, faults_of(function)) == ("file.C.f", [])


def test_every_exception_from_a_check_has_a_reason() -> None:
    """Behind it, in the same line."""
    for path in FILES:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if re.search(r"# (type: ignore|noqa)", line):
                assert re.search(r"# (type: ignore\[[\w,-]+\]|noqa: [A-Z0-9, ]+)( - |  # )\w", line), f"{path}:{number}"


HEAVY = ("httpx", "httpcore", "anyio", "asyncio", "rich", "email", "subprocess", "html.parser", "ssl")


#: All of safepip that `--help` and `--version` need.
STARTS_WITH = {
    *("safepip", "safepip.__main__", "safepip.edges", "safepip.edges.console", "safepip.edges.console.outputs"),
    *("safepip.reporting", "safepip.reporting.runner_commands"),
    # What keeps foreign modules out of the process, before all else.
    *("safepip.edges.programs", "safepip.edges.programs.own_start", "safepip.edges.programs.bare_start"),
}


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["help"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(command: list[str]) -> None:
    """`safepip --help` answers without the network stack or the resolver, and without what ends a longer run."""
    import subprocess

    script = (
        "import sys; from safepip.__main__ import main\n"
        f"sys.argv[1:] = {command!r}\ncode = main()\n"
        f"heavy = [m for m in {(*HEAVY, 'packaging', 'resolvelib', 'atexit', 'signal')!r} if m in sys.modules]\n"
        "own = {m for m in sys.modules if m.partition('.')[0] == 'safepip'}\n"
        f"assert own <= {STARTS_WITH!r}, own\n"
        "assert not heavy, heavy\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
