"""The one line through the house: what may import what, and what may touch the world."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

import pytest

from support.source_tree import FILES, SOURCE, importers_of, imports_of, module_of

if TYPE_CHECKING:
    from pathlib import Path

#: From the foundation up. A file may import its own level and those below.
LEVELS = {"errors": 1, "model": 1, "stages": 2, "edges": 3, "commands": 4}

#: Modules through which a program reaches the world, the clock or chance. Only edges/ and above may import them.
WORLD = {
    "asyncio", "ctypes", "ftplib", "getpass", "glob", "http", "httpcore", "httpx", "io", "keyring", "locale", "logging",
    "mmap", "multiprocessing", "os", "pathlib", "pip", "platform", "platformdirs", "random", "resource", "rich",
    "secrets", "select", "shutil", "signal", "site", "socket", "ssl", "subprocess", "sys", "sysconfig", "tempfile",
    "threading", "time", "truststore", "urllib.request", "uuid", "zipfile",
}  # fmt: skip

WORLD_CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}


def level_of(module: str) -> int:
    parts = module.split(".")
    if len(parts) == 1:
        return 1 if module == "safepip" else 4
    if parts[1] in ("__main__", "commands"):
        return LEVELS["commands"]
    return LEVELS.get(parts[1], LEVELS["stages"])


def names_of_types_only(tree: ast.Module) -> set[int]:
    """Lines inside `if TYPE_CHECKING:`, which never run."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    """model <- stages <- edges <- commands, types included, and errors lies under all."""
    mine = level_of(module_of(path))
    tree = ast.parse(path.read_text("utf-8"))
    for name, line in imports_of(tree):
        if name.startswith("safepip"):
            assert level_of(name) <= mine, f"{path.name}:{line} imports {name} from a level above its own"


@pytest.mark.parametrize("path", [p for p in FILES if level_of(module_of(p)) <= 2], ids=module_of)
def test_stages_and_model_do_not_touch_the_world(path: Path) -> None:
    """Outside edges/ and commands/ there is no I/O, no clock and no chance."""
    tree = ast.parse(path.read_text("utf-8"))
    types_only = names_of_types_only(tree)
    for name, line in imports_of(tree):
        if line in types_only:
            continue
        top = name.split(".")[0]
        assert top not in WORLD, f"{path.name}:{line} imports {name}"
        assert not any(name == w or name.startswith(w + ".") for w in WORLD), f"{path.name}:{line} imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in WORLD_CALLS, f"{path.name}:{node.lineno} calls {node.func.id}"


def test_only_two_files_import_the_http_library() -> None:
    """Whoever asks what reaches the network reads the connections and their streams."""
    assert importers_of("httpx") == set()
    assert importers_of("httpcore") == {"safepip.edges.network.wire", "safepip.edges.network.streams"}


def test_pip_is_a_program_and_never_imported() -> None:
    """pip's internals carry no promise."""
    assert importers_of("pip") == set()


def makers_of_evidence(name: str) -> set[str]:
    makers = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
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
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_no_file_is_too_long_to_read() -> None:
    """400 lines are the most; a longer file needs a reason in an ADR, which names it."""
    decisions = "\n".join(p.read_text("utf-8") for p in (SOURCE.parent.parent / "docs" / "adr").glob("*.md"))
    for path in FILES:
        if len(path.read_text("utf-8").splitlines()) > 400:
            assert path.relative_to(SOURCE).as_posix() in decisions, f"{path} is longer than 400 lines"


HEAVY = ("httpcore", "asyncio", "rich", "email", "subprocess", "html.parser", "ssl")


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
