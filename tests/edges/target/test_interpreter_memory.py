"""What another interpreter said of itself is remembered as long as nothing has changed that its answer is made of."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.disk.own_cache import files
from safepip.edges.target import interpreter_memory
from safepip.edges.target.interpreter import confirm, start_probe
from safepip.edges.target.interpreter_memory import InterpreterMemory
from safepip.model.errors import Unavailable
from safepip.model.plan import Settings
from support.inside import run_inside
from support.nowhere import NOWHERE
from support.runs import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.plan import Target
    from support.environment import Runner
    from support.index import IndexServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is remembered")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that tests copy, so that each has its own."""
    folder = tmp_path_factory.mktemp("made") / "venv"
    venv.create(folder, symlinks=True)
    return folder


@pytest.fixture
def python(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its interpreter, in a place of its own. It counts as settled as soon as it is there."""
    monkeypatch.setattr(interpreter_memory, "_SETTLED", 0)
    return copied(made, tmp_path / "target")


def copied(source: Path, place: Path) -> str:
    """The interpreter of an environment copied to a place."""
    shutil.copytree(source, place, symlinks=True)
    return str(place / "bin" / "python")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder that is not there yet."""
    return tmp_path / "cache"


def environ(**more: str) -> dict[str, str]:
    """Variables of a plain user."""
    return {"PATH": os.environ["PATH"], "HOME": NOWHERE, "LANG": "C.UTF-8", **more}


def ask(python: str, cache: Path | None, settings: Settings | None = None, **variables: str) -> Target:
    """What is known of an interpreter, with this cache."""
    return start_probe(python, settings, environ(**variables), None if cache is None else str(cache))()


def entries(cache: Path) -> list[Path]:
    """The answers that are kept."""
    return sorted(path for path in cache.rglob("*") if path.is_file())


def rewritten(entry: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what an entry says, so that its digest fits."""
    _, _, text = entry.read_bytes().partition(b"\n")
    said = json.loads(text)
    change(said)
    text = json.dumps(said).encode()
    entry.write_bytes(hashlib.blake2b(text, digest_size=32).hexdigest().encode() + b"\n" + text)


def test_an_interpreter_is_asked_once(python: str, cache: Path) -> None:
    """The second run is told the very same, and knows from where; its cache is for its user alone."""
    first, second = ask(python, cache), ask(python, cache)
    (entry,) = entries(cache)
    assert (first.remembered, second.remembered and second.remembered[0]) == (None, str(entry))
    assert second._replace(remembered=None) == first == ask(python, None)
    assert [path.stat().st_mode & 0o077 for path in (cache, entry.parent, entry)] == [0, 0, 0]
    assert [(file.part, file.path) for file in files(str(cache))] == [("notes", entry.relative_to(cache).as_posix())]


def test_what_can_be_done_while_it_is_waited_for_is_done_where_it_is(python: str, cache: Path) -> None:
    """Before the answer is there, and not where it is known already."""
    done: list[bool] = []

    def told() -> Target:
        return start_probe(python, None, environ(), str(cache), lambda: done.append(bool(entries(cache))))()

    first = told()
    assert (first.remembered, done) == (None, [False])
    assert told().remembered
    start_probe(sys.executable, None, environ(), None, lambda: done.append(True))()
    assert done == [False]


def test_the_answer_is_kept_apart_by_what_was_asked(python: str, cache: Path) -> None:
    """Another question, or another environment, is no answer to this one; where a shell stands does not count."""
    ask(python, cache)
    assert ask(python, cache, PWD="/elsewhere", OLDPWD="/", SHLVL="7", _="x").remembered
    for settings in (Settings(python_version="3.9"), Settings(target_dir="/x"), Settings(platforms=("any",))):
        assert not ask(python, cache, settings).remembered
        assert ask(python, cache, settings).remembered
    for name in ("LC_ALL", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "DEB_PYTHON_INSTALL_LAYOUT", "_PYTHON_HOST_PLATFORM"):
        assert not ask(python, cache, None, **{name: "C"}).remembered, name
    assert not ask(python, cache, HOME="/elsewhere").remembered


def test_another_safepip_asks_for_itself(python: str, cache: Path, tmp_path: Path) -> None:
    """Its questions may be others, and so may the packaging that it has at work in the interpreter."""
    ask(python, cache)
    source = Path(interpreter_memory.__file__).parents[2]
    shutil.copytree(source, tmp_path / "other" / "safepip", ignore=shutil.ignore_patterns("data", "__pycache__"))
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from safepip.edges.target import interpreter, interpreter_memory
interpreter_memory._SETTLED = 0
python, cache, *words = sys.argv[2:]
environ = dict(zip(words[::2], words[1::2]))
for _ in range(2):
    print(bool(interpreter.start_probe(python, None, environ, cache)().remembered))
"""
    variables = [word for pair in environ().items() for word in pair]

    def told(folder: Path) -> list[str]:
        words = [sys.executable, "-P", "-c", program, str(folder), python, str(cache), *variables]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()

    assert told(source.parent) == ["True", "True"]
    assert told(tmp_path / "other") == ["False", "True"]


def test_a_few_answers_are_kept_of_an_interpreter(python: str, cache: Path) -> None:
    """A cache does not grow with each environment of variables."""
    for number in range(10):
        ask(python, cache, BUILD_NUMBER=str(number))
    assert len(entries(cache)) == 8
    assert ask(python, cache, BUILD_NUMBER="9").remembered
    assert not ask(python, cache, BUILD_NUMBER="0").remembered


def test_the_answer_names_what_it_is_made_of(python: str, cache: Path) -> None:
    """The program, a library, modules of Python and of safepip, and what is not there and would change it."""
    ask(python, cache)
    said = json.loads(entries(cache)[0].read_bytes().partition(b"\n")[2])
    import packaging.tags

    named = {os.path.realpath(file) for file, seen in said["files"].items() if seen is not None}
    folder = os.path.dirname(os.path.realpath(os.__file__))
    there = {os.path.realpath(sys.executable), os.path.realpath(packaging.tags.__file__), folder}
    assert there | {os.path.realpath(Path(python).parent.parent / "pyvenv.cfg")} <= named
    assert any(os.path.basename(file).startswith(("libc.", "libc-", "ld-musl-")) for file in named)
    absent = {file for file, seen in said["files"].items() if seen is None}
    assert {os.path.join(os.path.dirname(python), "pyvenv.cfg")} < absent
    assert any(file.endswith("EXTERNALLY-MANAGED") for file in said["files"])
    assert not {"path", "site_folders", "writable"} & said["facts"].keys()


def test_each_file_counts(python: str, cache: Path) -> None:
    """Whichever of them is another one than it was, or is there and was not, or has gone, the interpreter is asked."""
    ask(python, cache)
    (entry,) = entries(cache)
    before = entry.read_bytes()
    question = {
        "restriction": {"platforms": [], "version": None, "implementation": None, "abis": []},
        "places": {"target": None, "prefix": None, "root": None},
    }
    from safepip.edges.target.interpreter import _start_environment

    memory = InterpreterMemory(str(cache), python, question, _start_environment(environ()))
    assert memory.path == str(entry)
    assert memory.recall() is not None
    named: dict[str, list[int] | None] = json.loads(before.partition(b"\n")[2])["files"]
    for number, (file, seen) in enumerate(named.items()):
        at = number % 5
        others = [[0] * 5] if seen is None else [None, [*seen[:at], seen[at] + 1, *seen[at + 1 :]]]
        for other in others:
            rewritten(entry, partial(with_file, file, other))
            assert memory.recall() is None, (file, other)
            entry.write_bytes(before)
    assert memory.recall() is not None


def with_file(file: str, seen: list[int] | None, said: dict[str, Any]) -> None:
    """An answer that was given when a file was another one."""
    said["files"][file] = seen


def changed_configuration(folder: Path) -> None:
    (folder / "pyvenv.cfg").write_text((folder / "pyvenv.cfg").read_text() + "\n")


def same_configuration_anew(folder: Path) -> None:
    text = (folder / "pyvenv.cfg").read_bytes()
    (folder / "new").write_bytes(text)
    os.utime(folder / "new", ns=(0, (folder / "pyvenv.cfg").stat().st_mtime_ns))
    os.replace(folder / "new", folder / "pyvenv.cfg")


def nearer_configuration(folder: Path) -> None:
    shutil.copy(folder / "pyvenv.cfg", folder / "bin" / "pyvenv.cfg")


@pytest.mark.parametrize("change", [changed_configuration, same_configuration_anew, nearer_configuration])
def test_an_environment_that_has_changed_is_asked(python: str, cache: Path, change: Callable[[Path], None]) -> None:
    """By its bytes, by a file of the same bytes and times put in its place, and by one that was not there."""
    ask(python, cache)
    assert ask(python, cache).remembered
    change(Path(python).parent.parent)
    assert not ask(python, cache).remembered


def test_another_program_at_the_same_path_is_asked(python: str, cache: Path, tmp_path: Path) -> None:
    """As after an upgrade: the same bytes in another file are another program."""
    program = Path(os.path.realpath(python))
    Path(python).unlink()
    shutil.copy(program, python)
    ask(python, cache)
    assert ask(python, cache).remembered
    shutil.copy(program, tmp_path / "new")
    os.replace(tmp_path / "new", python)
    assert not ask(python, cache).remembered


def test_an_environment_elsewhere_is_another_one(python: str, made: Path, cache: Path, tmp_path: Path) -> None:
    """A copy, and a link to the environment, whose folders are those of the link."""
    ask(python, cache)
    copy = ask(copied(made, tmp_path / "copy"), cache)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    link = str(tmp_path / "link" / "bin" / "python")
    first, second = ask(link, cache), ask(link, cache)
    assert (copy.remembered, copy.prefix) == (None, str(tmp_path / "copy"))
    assert (first.remembered, first.prefix) == (None, str(tmp_path / "link"))
    assert second.remembered
    assert second._replace(remembered=None) == first


def test_what_is_installed_is_never_remembered(python: str, cache: Path, tmp_path: Path) -> None:
    """Path lines that come and go, and folders that path lines name."""
    before = ask(python, cache)
    site = Path(before.schemes["purelib"])
    project = tmp_path / "project" / "site-packages"
    project.mkdir(parents=True)
    (site / "project.pth").write_text(f"{project}\n")
    after = ask(python, cache)
    assert after.remembered
    assert (str(project) in before.site_paths, str(project) in after.site_paths) == (False, True)
    assert str(project) in after.site_folders
    assert after._replace(remembered=None) == ask(python, None)
    shutil.rmtree(project)
    assert ask(python, cache)._replace(remembered=None) == before


def test_a_users_site_is_looked_for_anew(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made by the first installation for a user."""
    monkeypatch.setattr(interpreter_memory, "_SETTLED", 0)
    venv.create(tmp_path / "target", symlinks=True, system_site_packages=True)
    python, base = str(tmp_path / "target" / "bin" / "python"), str(tmp_path / "user")
    before = ask(python, cache, PYTHONUSERBASE=base)
    assert before.user_site is not None
    Path(before.user_site).mkdir(parents=True)
    after = ask(python, cache, PYTHONUSERBASE=base)
    assert after.remembered
    assert (before.user_site in before.site_paths, before.user_site in after.site_paths) == (False, True)
    assert after._replace(remembered=None) == ask(python, None, PYTHONUSERBASE=base)


def test_what_has_just_changed_is_not_remembered(made: Path, cache: Path, tmp_path: Path) -> None:
    """It could change once more without another time; so the first run with a new environment keeps nothing."""
    python = copied(made, tmp_path / "target")
    os.utime(tmp_path / "target" / "pyvenv.cfg")
    assert not ask(python, cache).remembered
    assert entries(cache) == []


@pytest.mark.parametrize("variables", [{"LD_LIBRARY_PATH": "/x"}, {"LD_BIND_NOW": "1"}, {"HOME": ""}])
def test_what_may_change_without_a_trace_is_not_remembered(python: str, cache: Path, variables: dict[str, str]) -> None:
    """Libraries that a variable names, and a home folder that the user database gives."""
    assert not ask(python, cache, None, **variables).remembered
    assert not cache.exists()


def test_a_stand_in_is_not_remembered(python: str, cache: Path, tmp_path: Path) -> None:
    """A program that starts an interpreter may start another one tomorrow."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    script.chmod(0o755)
    assert ask(str(script), cache).python == python
    assert entries(cache) == []


def test_a_cache_that_others_can_write_to_is_not_believed(python: str, cache: Path) -> None:
    """Neither read nor written; and without a cache folder nothing is kept at all."""
    ask(python, cache)
    assert ask(python, cache).remembered
    cache.chmod(0o777)
    assert not ask(python, cache).remembered
    cache.chmod(0o700)
    assert ask(python, cache).remembered
    shutil.rmtree(cache)
    cache.mkdir()
    cache.chmod(0o777)
    ask(python, cache)
    assert entries(cache) == []


def test_what_is_damaged_is_none(python: str, cache: Path) -> None:
    """Cut off, changed, of another form, or no file: the interpreter is asked, and its answer kept once more."""
    first = ask(python, cache)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    digest, _, text = whole.partition(b"\n")
    damaged = [b"", digest, whole[:-1], whole.replace(b"cp3", b"cp2", 1), digest + b"\n" + text[::-1]]
    forms = (b"[]", b"{}", b"1", b'{"facts": 1, "files": {}, "program": ""}', b"[" * 100_000)
    damaged += [hashlib.blake2b(form, digest_size=32).hexdigest().encode() + b"\n" + form for form in forms]
    for data in damaged:
        entry.write_bytes(data)
        assert ask(python, cache) == first, data[:100]
        assert ask(python, cache).remembered
    for make in (os.mkfifo, os.mkdir):
        shutil.rmtree(cache)
        entry.parent.mkdir(parents=True)
        cache.chmod(0o700)
        make(entry)
        assert ask(python, cache) == first


OF_FOLDERS = ("standard", "searched", "site_packages", "libraries", "schemes", "user_schemes", "user_site")


@pytest.mark.parametrize("fact", ["prefix", "executable", "base_prefix", *OF_FOLDERS])
def test_an_answer_of_another_environment_is_none(python: str, cache: Path, fact: str) -> None:
    """Whoever forges an answer cannot lead out of the environment that was named."""
    ask(python, cache)

    def lead_out(said: dict[str, Any]) -> None:
        value, out = said["facts"][fact], f"{said['facts']['prefix']}/.."
        if isinstance(value, dict):
            said["facts"][fact] = {**value, "purelib": out}
        else:
            said["facts"][fact] = [*value, out] if isinstance(value, list) else out

    rewritten(entries(cache)[0], lead_out)
    assert not ask(python, cache).remembered


#: Runs safepip, and says which of the modules were loaded that start another interpreter and wait for its answer.
STARTED = """
import sys
from safepip.__main__ import main
code = main(sys.argv[1:])
print("started", [name for name in sys.modules if name == "safepip.edges.programs.program_output"])
sys.exit(code)
"""


def forged(said: dict[str, Any]) -> None:
    """An answer that would have scripts put in another folder."""
    said["facts"]["schemes"]["scripts"] += "/elsewhere"


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("version", lambda numbers: [*numbers[:2], float(numbers[2])]),
        ("virtualenv", int),
        ("writable_by_us", lambda _: None),
    ],
    ids=["a number", "a truth", "one more"],
)
def test_what_python_takes_for_equal_is_not_the_same(
    python: str, cache: Path, fact: str, value: Callable[[Any], Any]
) -> None:
    """For Python 11 is 11.0, and true is 1: as a version, or in a report, they are not."""
    ask(python, cache)

    def forge(said: dict[str, Any]) -> None:
        said["facts"][fact] = value(said["facts"].get(fact))

    rewritten(entries(cache)[0], forge)
    target = ask(python, cache)
    assert target.remembered
    with pytest.raises(Unavailable):
        confirm(target, Settings(), environ())


def test_before_anything_is_changed_the_interpreter_is_asked_again(python: str, cache: Path) -> None:
    """What is remembered and right passes, whatever was installed since; what is forged or out of date is an error, and
    forgotten."""
    target = ask(python, cache)._replace(remembered=ask(python, cache).remembered)
    (Path(target.schemes["purelib"]) / "project.pth").write_text(f"{cache}\n")
    confirm(target, Settings(), environ())
    rewritten(entries(cache)[0], forged)
    target = ask(python, cache)
    assert target.schemes["scripts"].endswith("/elsewhere")
    with pytest.raises(Unavailable) as raised:
        confirm(target, Settings(), environ())
    assert [diagnostic.reference for diagnostic in raised.value.diagnostics] == ["interpreter-changed"]
    assert entries(cache) == []


@pytest.mark.skipif("LD_LIBRARY_PATH" in os.environ, reason="nothing is remembered where it is set")
def test_a_forged_answer_changes_no_environment(runner: Runner, index: IndexServer, made: Path, tmp_path: Path) -> None:
    """The real command: nothing is installed, and the next run, which the error asks for, installs."""
    index.add("demo", "1.0")
    python = copied(made, tmp_path / "target")
    cache = runner.home / "cache" / "safepip"
    words = ("install", "--python", python, "-i", index.url, "--cooldown", "0", "demo")
    before = sorted(tmp_path.joinpath("target").rglob("*"))
    time.sleep(2.1)  # the command itself keeps nothing of an environment that has just changed
    assert run_inside(runner.folder, runner.environment(), *words, "--dry-run").code == 0
    (entry,) = [path for path in entries(cache) if path.parent.parent.name.startswith("interpreters-")]
    rewritten(entry, forged)
    done = runner.safepip(*words)
    assert (done.returncode, "error: interpreter-changed" in done.stderr) == (1, True), shown(done)
    assert sorted(tmp_path.joinpath("target").rglob("*")) == before
    again = runner.safepip(*words)
    assert again.returncode == 0, shown(again)
    assert (tmp_path / "target" / "bin").is_dir()
    satisfied = runner.run([sys.executable, "-P", "-c", STARTED, *words])
    assert "Requirement already satisfied: demo" in satisfied.stdout, shown(satisfied)
    assert satisfied.stdout.splitlines()[-1] == "started []"
