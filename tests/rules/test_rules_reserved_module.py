"""`reserved-module`: nobody brings a module that Python, pip or safepip look for, and the list of them cannot rot.

The list is held against what is there: the sources of every Python of this machine and of the pips that came with it,
this environment's pip, safepip and all that it is made of; and against a finder that writes down what is asked for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from safepip.environment.guards import closure
from safepip.rules import reserved_module, standard_library, startup_hook
from safepip.rules.sought_modules import ABOVE, INSTALLING, SOUGHT
from safepip.rules.standard_library import BACKPORTS
from safepip.wheel.modules import DEEPEST_FOLDER, module_at
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.environment import clean_environment
from support.index import IndexServer
from support.pythons import Python, bundled_pips, pythons
from support.sought import Download, unlisted, wanted
from support.wheels import build_wheel, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.rules.under_review import WheelUnderReview


def cases(usual: Iterable[Python]) -> list[Any]:
    """The Pythons of this machine, of which these run by default."""
    return [
        pytest.param(python, id=python.name, marks=[] if python in usual else [pytest.mark.slow])
        for python in pythons()
    ]


#: By default the oldest and the newest Python of this machine, between which a name has come or gone.
HERE = cases((pythons()[0], pythons()[-1]))

#: All sources of a Python are read for the newest alone: of the oldest they never change, and what it asks for while it
#: runs is looked at by default.
READ = cases(pythons()[-1:])

#: Standard modules of the newest Python of which this environment knows, which `standard-library` judges.
STANDARD = frozenset(sys.stdlib_module_names) - {"distutils", "imp", "cgi"}

#: The names that a standard library was built without, or lost: its own, and no stranger's.
OWN = frozenset(name for python in pythons() for name in python.has)


# --- the list ------------------------------------------------------------------------------------------------------


def sources(folder: Path) -> Iterator[Download]:
    """What the sources below a folder import, those of tests and of other distributions left out."""
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).parts
        if not {"site-packages", "test", "tests", "idle_test", "testmock"} & set(parts):
            yield from wanted(path.read_bytes(), "/".join(parts))


_PACKED: dict[str, list[Download]] = {}


def packed(wheel: Path) -> list[Download]:
    """What the sources in a wheel import. Of one name all are the same, and are read once."""
    if wheel.name not in _PACKED:
        with zipfile.ZipFile(wheel) as archive:
            paths = [path for path in archive.namelist() if path.endswith(".py")]
            found = [want for path in paths for want in wanted(archive.read(path), f"{wheel.name}/{path}")]
        _PACKED[wheel.name] = found
    return _PACKED[wheel.name]


@pytest.mark.parametrize("python", READ)
def test_what_a_standard_library_looks_for_and_has_not_is_listed(python: Python) -> None:
    """Imports in functions and in branches for other systems included."""
    assert unlisted(sources(python.library), OWN) == set()


@pytest.mark.parametrize("python", READ)
def test_what_the_pip_of_a_python_looks_for_is_listed(python: Python) -> None:
    """pip itself and all that it has vendored. What a later Python has lost does not count as its own."""
    for wheel in bundled_pips(python):
        assert unlisted(packed(wheel), STANDARD) == set()


def test_what_this_pip_and_safepip_and_all_they_are_made_of_look_for_is_listed() -> None:
    """Of every distribution that safepip requires here, and those that these require."""
    found = [want for name in made_of() for want in of_distribution(name)]
    found += sources(Path(__file__).parents[2] / "src")
    assert len(found) > 1000
    assert unlisted(found, STANDARD) == set()


def made_of() -> frozenset[str]:
    """The normalised names of all that safepip is made of."""

    def requires(name: str) -> list[Requirement] | None:
        try:
            return [Requirement(text) for text in distribution(name).requires or ()]
        except ModuleNotFoundError:
            return None

    from packaging.markers import default_environment

    return closure("safepip", requires, {key: str(value) for key, value in default_environment().items()})


def of_distribution(name: str) -> Iterator[Download]:
    for file in distribution(name).files or ():
        path = Path(str(file.locate()))
        if file.suffix == ".py" and ".." not in file.parts and path.is_file():
            yield from wanted(path.read_bytes(), str(file))


def test_all_that_safepip_is_made_of_is_listed_with_its_owner() -> None:
    """Nobody else may bring a module of theirs."""
    for name in made_of() - {"safepip"}:
        tops = {
            str(file).partition("/")[0].partition(".")[0]
            for file in distribution(name).files or ()
            if ".." not in file.parts and module_at(f"/{file}") is not None and file.parts[0] != "__pycache__"
        }
        for top in tops:
            assert canonicalize_name(name) in SOUGHT[(top,)], (name, top)


@pytest.mark.parametrize("python", HERE)
def test_what_a_later_python_has_is_listed(python: Python) -> None:
    """Whoever works with several Pythons looks for it in the earlier ones, where it would be a stranger's."""
    first = next((other.listed for other in pythons() if other.listed), frozenset())
    assert {name for name in python.listed - first if (name,) not in SOUGHT and name not in STANDARD} == set()


_FINDER = """
import json, sys
seen = []
class Seen:
    @staticmethod
    def find_spec(name, path=None, target=None):
        seen.append(name)
sys.meta_path.append(Seen)
def tell():
    sys.stderr.flush()
    sys.__stdout__.write("\\n" + json.dumps(seen) + "\\n")
"""
_IMPORT_ALL = """
import importlib, os
# Those that open a window or a browser, say something, or end the process.
passed = {"antigravity", "this", "idlelib", "turtledemo", "turtle", "test", "site-packages", "lib2to3", "__phello__"}
for name in json.loads(sys.argv[1]):
    if name.isidentifier() and name not in passed and not name.startswith("_test"):
        try:
            importlib.import_module(name)
        except BaseException:
            pass
import copy, pickle, platform, logging.handlers, xml.sax, uuid, ctypes
platform.java_ver() if hasattr(platform, "java_ver") else None
platform.uname()
tell()
"""
_PIP = """
import runpy
sys.path.insert(0, sys.argv.pop(1))
for arguments in json.loads(sys.argv.pop(1)):
    sys.argv[1:] = arguments
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code, end.code
tell()
"""
_SAFEPIP = """
sys.path.extend(json.loads(sys.argv.pop(1)))
from safepip.__main__ import main
code = main(sys.argv[1:])
assert code == 0, code
tell()
"""


def asked_for(python: str, program: str, *arguments: str, environ: dict[str, str]) -> set[str]:
    """The modules that a program looks for and does not find, its own and the standard library's left out."""
    command = [python, "-I", "-S", "-W", "ignore", "-c", _FINDER + program, *arguments]
    folder = environ["HOME"]
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stdout.strip().splitlines()[-1]))


def strangers(names: Iterable[str]) -> set[str]:
    """Names of which neither the list knows anything nor a standard library."""
    found = {name for name in names if name.partition(".")[0] not in OWN | STANDARD | {"pip", "safepip"}}
    return {name for name in found if tuple(name.split(".")) not in ABOVE and unlisted(wants(name), ())}


def wants(name: str) -> list[Download]:
    return [Download(tuple(name.split(".")), (), "asked for")]


@pytest.mark.parametrize("python", HERE)
def test_what_a_standard_library_asks_for_when_it_is_imported_is_listed(python: Python, tmp_path: Path) -> None:
    """Every module of it is imported, and a finder behind all others sees what nobody has."""
    environ = clean_environment(tmp_path / "home")
    names = asked_for(python.executable, _IMPORT_ALL, json.dumps(sorted(python.has)), environ=environ)
    if python.version < (3, 12):
        assert "org" in names
    assert strangers(names) == set()


@pytest.mark.parametrize("python", HERE)
def test_what_the_pip_of_a_python_asks_for_is_listed(python: Python, tmp_path: Path) -> None:
    """It tells its version, lists what is there, and installs a wheel."""
    wheel = make_wheel(tmp_path / "wheels", "demo", "1.0")
    there = ["install", "--no-index", "--no-deps", "--no-warn-script-location", "--target", str(tmp_path / "there")]
    arguments = [["--version"], ["list"], [*there, str(wheel)]]
    for pip in bundled_pips(python):
        environ = clean_environment(tmp_path / "home")
        names = asked_for(python.executable, _PIP, str(pip), json.dumps(arguments), environ=environ)
        assert strangers(names) == set()


def test_what_safepip_asks_for_is_listed(tmp_path: Path) -> None:
    """It installs a wheel from an index, without anything but what it is made of around it."""
    environ = clean_environment(tmp_path / "home")
    folders = {str(distribution(name).locate_file("")) for name in made_of()}
    path = json.dumps([*sorted(folders), str(Path(__file__).parents[2] / "src")])
    with IndexServer() as server:
        index = server.mount("/demo/simple/")
        index.add_file("demo", *build_wheel("demo", "1.0"))
        arguments = ["install", "-i", index.url, "--target", str(tmp_path / "there"), "demo"]
        names = asked_for(sys.executable, _SAFEPIP, path, *arguments, environ=environ)
    assert strangers(names) == set()


# --- the rule ------------------------------------------------------------------------------------------------------


def wheel(*files: str, name: str = "acme", texts: dict[str, str] | None = None) -> WheelUnderReview:
    """A wheel with these files, each with a line of code in it."""
    content = {file.replace("DATA", f"{name.replace('-', '_')}-1.0.data"): "x = 1\n" for file in files}
    return wheel_under_review(*build_wheel(name, "1.0", files={**content, **(texts or {})}, module=False))


def evidence(reviewed: WheelUnderReview, **more: Any) -> tuple[str, ...]:
    """The lines of the objection but for the one that names the wheel; none where there is no objection."""
    context = context_of(reviewed, standard_library=frozenset(sys.stdlib_module_names), **more)
    finding = reserved_module.check(reviewed, context)
    if finding is None:
        return ()
    assert finding.reference == "reserved-module"
    assert "[[allow]]" in finding.hint
    return finding.context[1:]


@pytest.mark.parametrize("name", [".".join(parts) for parts in SOUGHT], ids=str)
def test_a_name_that_others_look_for_is_refused_to_strangers_and_left_to_its_owners(name: str) -> None:
    """As module, as package, as a folder without `__init__`, as an extension, from deep below."""
    path = name.replace(".", "/")
    forms = (f"{path}.py", f"{path}/__init__.py", f"{path}/core.py", f"{path}/a/b/c.pyc", f"{path}.abi3.so")
    stranger = "brings-strange-things"
    for form in forms:
        mine = wheel(form, name=stranger)
        assert reserved_module.check(mine, context_of(mine)) is not None, form
        for owner in SOUGHT[tuple(name.split("."))]:
            theirs = wheel(form, name=owner)
            assert reserved_module.check(theirs, context_of(theirs)) is None, (form, owner)


@pytest.mark.parametrize(
    "path",
    [
        "org/python/core.py",
        "org/python/__init__.py",
        "DATA/purelib/org/python/core.py",
        "DATA/platlib/java/lang.py",
        "DATA/data/lib/python3.11/site-packages/java/lang.py",
        "DATA/scripts/keyring.py",
        "DATA/data/bin/pip.py",
        "DATA/data/pip/__main__.py",
        "DATA/data/keyring.py",
        "DATA/data/LIB/Python3.11/site-packages/_winreg.py",
    ],
)
def test_by_every_route_to_a_folder_that_python_imports_from(path: str) -> None:
    """Wheels have many ways into one folder."""
    assert len(evidence(wheel(path))) == 1


def test_byte_code_that_waits_for_a_source_counts_as_its_module() -> None:
    """Python takes it as soon as the source is there, whoever brings that."""
    for path in ("pip/__pycache__/__main__.cpython-311.pyc", "__pycache__/keyring.cpython-312.opt-2.pyc"):
        assert len(evidence(wheel(path))) == 1, path
    declares = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    mine = wheel("google/__pycache__/__init__.cpython-311.pyc", texts={"google/__init__.py": declares})
    assert evidence(mine) == ()
    assert evidence(wheel("acme/__pycache__/keyring.cpython-311.pyc")) == ()


def test_a_folder_that_a_pth_file_adds_is_one_that_python_imports_from() -> None:
    """A path line of the wheel itself, or of another wheel of the run."""
    texts = {"acme.pth": "acme/more\n"}
    assert evidence(wheel("acme/more/keyring.py", texts=texts)) != ()
    assert evidence(wheel("acme/more/keyring.py")) == ()
    mine, other = wheel("acme/more/keyring.py"), wheel(name="other", texts={"other.pth": "acme/more\n"})
    assert reserved_module.check(mine, context_of(mine, other)) is not None
    layout = LAYOUT._replace(search_path=frozenset({f"{LAYOUT.schemes['purelib']}/acme/more"}))
    assert evidence(wheel("acme/more/keyring.py"), layout=layout) != ()


@pytest.mark.parametrize(
    "path",
    [
        "acme/keyring.py",
        "acme/_vendor/pip/__init__.py",
        "keyrings/alt.py",
        "Keyring.py",
        "carbon/__init__.py",
        "queue_.py",
        "pip-helper/x.py",
        "tomllib.pyi",
        "java/lib/tool.jar",
        "google/cloud/x.py",
        "org/acme/x.py",
        "backports/zoneinfo/__init__.py",
        "DATA/data/share/java/x.py",
        "tomllib/x.py",
    ],
)
def test_what_nobody_looks_for_is_nobodys_business(path: str) -> None:
    """Copies deeper down, other names, data, portions of shared namespaces, what another rule judges."""
    assert evidence(wheel(path)) == ()


def test_a_module_above_a_name_with_dots_may_only_declare_a_namespace() -> None:
    """It runs whenever somebody looks for what would be below it."""
    declares = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    assert evidence(wheel(texts={"google/__init__.py": declares, "google/acme.py": ""})) == ()
    assert evidence(wheel(texts={"org/__init__.py": ""})) == ()
    for path in ("org/__init__.py", "org.py", "google/__init__.abi3.so", "backports/__init__.pyc"):
        assert len(evidence(wheel(path))) == 1, path


def test_a_project_that_carries_a_standard_module_may_do_so_where_it_is_missing() -> None:
    """Whoever may by `standard-library` may here, and nobody else."""
    for project, names in BACKPORTS.items():
        for name in names:
            mine = wheel(f"{name}.py", name=project)
            assert reserved_module.check(mine, context_of(mine)) is None
    later = wheel("cgi.py")
    assert reserved_module.check(later, context_of(later)) is not None


def test_what_installs_is_of_one_project() -> None:
    """pip, setuptools and the like, each of its own project alone."""
    assert {"_distutils_hack", "packaging", "pip", "pkg_resources", "safepip", "setuptools", "wheel"} == INSTALLING
    (line,) = evidence(wheel("pip/_internal/cli/main.py"))
    assert line == "pip/_internal/cli/main.py: pip is part of an installer, and belongs to pip alone"
    assert all(len(SOUGHT[(name,)]) == 1 for name in INSTALLING)


def test_a_path_of_nothing_but_such_names_costs_no_more_than_its_length() -> None:
    """Sixteen times as many parts take at most sixty-four times as long, and no deeper folder is added."""

    def cost(parts: int) -> float:
        files = [f"d{number}/{'/'.join(['js'] * parts)}.py" for number in range(20)]
        files += [f"d{number}/{'/'.join(['os'] * parts)}.py" for number in range(20)]
        mine = wheel(*files)
        context = context_of(mine, standard_library=frozenset(sys.stdlib_module_names))
        start = time.process_time()
        assert reserved_module.check(mine, context) is None
        assert standard_library.check(mine, context) is None
        return time.process_time() - start

    cost(10)
    assert cost(16_000) <= 64 * max(cost(1000), 0.002)
    deep = "/".join(["d"] * DEEPEST_FOLDER)
    mine = wheel(f"{deep}/keyring.py", texts={"acme.pth": f"{deep}\n"})
    finding = startup_hook.check(mine, context_of(mine))
    assert finding is not None
    assert "nested too deeply" in finding.context[1]


def test_every_name_is_one_and_every_owner_is_normalised() -> None:
    """A row with a slip in it would protect nothing."""
    for parts, owners in SOUGHT.items():
        assert all(part.isidentifier() for part in parts), parts
        assert all(canonicalize_name(owner) == owner and re.fullmatch(r"[a-z0-9-]+", owner) for owner in owners)
    assert not {parts for parts in SOUGHT if any(parts[:depth] in SOUGHT for depth in range(1, len(parts)))}
