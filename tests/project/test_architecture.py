"""The rooms of the house: what each may import, what may touch the world, and how large things may be."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import sys
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

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
    from collections.abc import Mapping

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
    "requirements": "model text wheel",
    "options": "config model requirements",
    "vetting": "config model routing text",
    "index": "model vetting",
    "resolution": "config index model routing text vetting wheel",
    "lock": "model requirements resolution text",
    "reporting": "environment model resolution vetting wheel",
    # edges: they touch the world
    "edges": "",
    "edges.programs": "environment model",
    "edges.console": "model reporting",
    "edges.disk": "edges.console model reporting requirements safepip wheel",
    "edges.network": "config edges.console edges.disk edges.programs environment index model safepip",
    "edges.indexes": "config edges.disk edges.network index model requirements resolution routing vetting wheel",
    "edges.target": "edges.disk edges.programs environment handover model safepip wheel",
    "edges.pip": "edges.console edges.disk edges.programs edges.target environment handover model options wheel",
    "edges.user": "config edges.disk edges.indexes edges.network edges.pip model options requirements",
    # commands: a file a verb
    "commands": "config edges.console edges.disk edges.indexes edges.network edges.pip edges.programs edges.target"
    " edges.user environment handover index lock model options reporting requirements resolution routing rules safepip"
    " text vetting wheel",
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


def built() -> dict[str, str]:
    """The source but for commands/, whose files are being taken apart."""
    return {module: text for module, text in texts().items() if room_of(module) != "commands"}


def with_import(module: str, line: str) -> dict[str, set[str]]:
    """The graph of the source with one more import in one module."""
    return import_graph({**built(), module: f"{texts()[module]}\n{line}\n"})


def test_no_file_imports_itself_in_a_circle() -> None:
    """Imports for types alone count too: a circle of them is a circle to whoever reads."""
    assert circle(import_graph(built())) == []


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
        for node in ast.walk(tree_of(path)):
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
    """400 lines are the most; a longer file needs a reason in an ADR, which names it."""
    decisions = "\n".join(p.read_text("utf-8") for p in (SOURCE.parent.parent / "docs" / "adr").glob("*.md"))
    for path in FILES:
        if len(path.read_text("utf-8").splitlines()) > 400:
            assert path.relative_to(SOURCE).as_posix() in decisions, f"{path} is longer than 400 lines"


HEAVY = ("httpx", "httpcore", "anyio", "asyncio", "rich", "email", "subprocess", "html.parser", "ssl")


@pytest.mark.parametrize("command", [["--help"], ["--version"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(command: list[str]) -> None:
    """`safepip --help` answers without the network stack or the resolver."""
    import subprocess

    script = (
        "import sys; from safepip.__main__ import main\n"
        f"code = main({command!r})\n"
        f"heavy = [m for m in {(*HEAVY, 'packaging', 'resolvelib')!r} if m in sys.modules]\n"
        "assert not heavy, heavy\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
