"""What of the standard library, and which packages, each room may import: by name, and nothing beside it.

Outside `edges/` safepip is pure, `commands/` included: what it decides follows from what it is given. The list says
what a room needs, not what is forbidden to it, so that a module which nobody thought of is refused too.
"""

from __future__ import annotations

import ast
from functools import cache

import pytest

from support.source_tree import room_of, texts

#: What takes values and gives values: data, text, numbers.
PLAIN = "bisect collections collections.abc dataclasses enum functools itertools math re types typing"

#: By room, beside `PLAIN`. Of a module that has both, what touches the clock or the disk is forbidden below (`CALLS`).
ALLOWED = {
    "safepip": "",
    "model": "datetime ipaddress packaging.utils unicodedata urllib.parse",
    "text": "datetime difflib tomllib",
    "wheel": "ast binascii email.parser hashlib ntpath packaging.requirements packaging.specifiers packaging.tags"
    " packaging.version posixpath stat struct textwrap unicodedata warnings zlib",
    "routing": "",
    "rules": "hashlib packaging.markers packaging.specifiers posixpath unicodedata",
    "environment": "packaging.markers shlex",
    "handover": "hashlib json ntpath packaging.version posixpath",
    "config": "configparser datetime difflib packaging.utils tomllib",
    "requirements": "codecs difflib optparse packaging.dependency_groups packaging.markers packaging.requirements"
    " packaging.specifiers shlex",
    "build": "hashlib json ntpath packaging.markers packaging.requirements packaging.specifiers packaging.version"
    " posixpath struct urllib.parse",
    "options": "datetime difflib optparse shlex textwrap",
    "vetting": "difflib json packaging.version",
    "index": "datetime hashlib html json packaging.specifiers packaging.utils packaging.version urllib.parse",
    "resolution": "contextlib packaging.markers packaging.specifiers packaging.version resolvelib resolvelib.reporters"
    " resolvelib.resolvers",
    "lock": "datetime hashlib json packaging.markers packaging.pylock packaging.requirements packaging.specifiers"
    " packaging.tags packaging.utils packaging.version urllib.parse",
    "migration": "",
    "reporting": "json shlex textwrap urllib.parse uuid",
    # cvss computes: a vector's text in, a score and a word out.
    "advisories": "cvss datetime json packaging.version unicodedata urllib.parse zlib",
    "edges": "",
    # yaml reads the records of sources that have them so; it is there only where the user has installed it.
    "edges.advisories": "asyncio contextlib hashlib io json os sqlite3 stat tempfile threading yaml zipfile zlib",
    # ctypes for prctl: a program ends with the process that started it.
    "edges.programs": "atexit configparser ctypes errno gc importlib.machinery importlib.metadata importlib.util json"
    " locale logging os packaging platform runpy shutil signal site subprocess sys sysconfig tempfile threading time",
    "edges.console": "contextlib errno io os sys threading time",
    "edges.disk": "concurrent.futures contextlib difflib errno fcntl glob hashlib json locale os pwd shlex shutil stat"
    " sys tempfile threading time",
    "edges.network": "anyio asyncio base64 certifi concurrent.futures contextlib contextvars errno"
    " h11 h2.exceptions hashlib httpcore httpx importlib.machinery ipaddress json logging netrc os random shutil ssl"
    " stat subprocess sys sysconfig threading time truststore urllib.parse urllib.request zlib",
    "edges.indexes": "asyncio contextlib errno hashlib json mimetypes os packaging.version stat threading time",
    # _blake2 is what hashlib takes, without OpenSSL, which takes long to load.
    "edges.target": "_blake2 concurrent.futures contextlib csv email.parser fcntl glob hashlib json os packaging"
    " packaging.specifiers packaging.version shlex shutil stat subprocess sys threading time",
    "edges.builder": "bz2 contextlib ctypes errno glob hashlib json lzma os platform pwd pyproject_hooks resource"
    " select shutil signal stat struct subprocess sys tarfile tempfile threading time tomllib urllib.parse zipfile"
    " zlib",
    # fcntl for a lock on what is noted of an installation.
    "edges.pip": "base64 contextlib errno fcntl glob hashlib json os shutil signal stat subprocess sys"
    " tempfile threading time",
    "edges.user": "getpass locale os platformdirs sys time",
    "commands": "contextlib difflib fnmatch json packaging.requirements packaging.specifiers shlex",
    "safepip.__main__": "difflib gc signal sys",
}

#: Through which text becomes code, or a file is opened without an import.
BUILT_IN = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}

#: What modules that are allowed above have beside their pure part.
CALLS = {"now", "utcnow", "today", "urlopen", "urlretrieve", "showwarning", "syspath"}
CALLS |= {"uuid1", "uuid4", "uuid6", "uuid7", "getnode"}


def for_types(tree: ast.Module) -> set[int]:
    """Lines inside `if TYPE_CHECKING:`, which never run."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


@cache
def foreign_imports(text: str) -> frozenset[str]:
    """The modules from outside safepip that a text imports when it runs."""
    tree = ast.parse(text)
    unread = for_types(tree)
    found = set()
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) in unread:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
    return frozenset(name for name in found if name.split(".")[0] not in ("safepip", "__future__"))


def not_allowed(module: str, text: str) -> frozenset[str]:
    """What a module imports and its room does not allow."""
    return foreign_imports(text) - {*PLAIN.split(), *ALLOWED[room_of(module)].split()}


def is_pure(module: str) -> bool:
    return room_of(module).split(".")[0] not in ("edges", "safepip")


@pytest.mark.parametrize("module", sorted(texts()))
def test_a_room_imports_what_it_is_allowed(module: str) -> None:
    """Each name stands in the list."""
    assert not_allowed(module, texts()[module]) == set()


def test_nothing_is_allowed_that_is_not_needed() -> None:
    """Else the list grows and says less each year."""
    used: dict[str, set[str]] = {}
    for module, text in texts().items():
        used.setdefault(room_of(module), set()).update(foreign_imports(text))
    assert [f"{room}: {name}" for room, names in ALLOWED.items() for name in {*names.split()} - used[room]] == []


@pytest.mark.parametrize("module", sorted(filter(is_pure, texts())))
def test_a_pure_room_calls_nothing_that_reads_the_world(module: str) -> None:
    """No file, no clock, no code out of text, by a built-in or by the other half of an allowed module."""
    for node in ast.walk(ast.parse(texts()[module])):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            assert name not in BUILT_IN, f"{module}:{node.lineno} calls {name}"
            attribute = getattr(node.func, "attr", "")
            assert attribute not in CALLS, f"{module}:{node.lineno} calls {attribute}"


@pytest.mark.parametrize("room", sorted({room_of(m) for m in filter(is_pure, texts())}))
@pytest.mark.parametrize(
    "line",
    ["import os", "import importlib", "import netrc", "from time import time", "import socket as s", "import pathlib",
     "def late():\n    from subprocess import run"],
)  # fmt: skip
def test_one_more_import_is_noticed(room: str, line: str) -> None:
    """Whatever its form, and wherever it stands."""
    module = next(name for name in texts() if room_of(name) == room)
    assert not_allowed(module, f"{texts()[module]}\n{line}\n")
