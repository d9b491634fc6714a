"""A shim in an environment that others change, too: what they redirect, put in its place, or do at the same time."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest

from safepip import __version__
from safepip.commands.shim_state import look
from safepip.edges.programs.own_command import own_command
from safepip.edges.target import bare_unshim
from safepip.edges.target.listing import find_place, real
from safepip.edges.target.shim import put_on, read_shim, take_off
from safepip.model.errors import Unavailable
from support.environment import Environment, Runner
from support.shims import COMMANDS, exact_state
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.environment.shim import Shim
    from support.inside import Inside

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows a shim is refused")

WRAPPER = '#!/bin/sh\nexec echo mine "$@"\n'
REFUSED = "Nothing was installed.  More: safepip help no-source\n"


@pytest.fixture(scope="module")
def starts() -> tuple[str, ...]:
    return own_command("", __version__)


@pytest.fixture
def env(with_pip: Environment, tmp_path: Path) -> Environment:
    """A copy whose path has a blank. Its commands are called by its Python, or once they are the shim's."""
    shutil.copytree(with_pip.folder, tmp_path / "e 4", symlinks=True)
    return Environment(tmp_path / "e 4")


def shim(env: Environment, command: tuple[str, ...], python: str = "") -> Shim:
    return put_on(find_place(str(env.python), os.environ), python or str(env.python), command)


def details(env: Environment) -> dict[str, str]:
    """What `verify` finds of the shim, by the path in the environment."""
    root = real(str(env.folder))
    return {
        finding.path.removeprefix(f"{root}/"): finding.detail
        for finding in look(root, find_place(str(env.python), os.environ)).findings
    }


def script(env: Environment, name: str, text: str) -> Path:
    file = env.folder / "bin" / name
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


# --- what it starts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "word", "detail"),
    [
        (0, "{folder}/evil", "starts another program: {folder}/evil"),
        (0, "{folder}/python3", "starts another program: {folder}/python3"),
        (1, "-E", "starts something else than safepip"),
        (2, "-m", "starts something else than safepip"),
        (3, "pass", "does not start safepip as this version does"),
        (4, "{folder}/evil", "starts another program: {folder}/evil"),
    ],
)
def test_a_shim_that_is_made_whole_for_another_program_is_seen(
    env: Environment, starts: tuple[str, ...], tmp_path: Path, at: int, word: str, detail: str
) -> None:
    """What starts it stands in notes that anybody may write who can write to the environment."""
    (tmp_path / "evil").write_text(WRAPPER)
    (tmp_path / "evil").chmod(0o755)
    (tmp_path / "python3").symlink_to(starts[0])
    shim(env, starts)
    assert details(env) == {}
    shim(env, (*starts[:at], word.format(folder=tmp_path), *starts[at + 1 :]))
    assert details(env) == {".safepip-shim/": detail.format(folder=tmp_path)}


@pytest.mark.parametrize("python", ["/usr/bin/env", "{bin}/../bin/python", "{bin}/python\nimport evil", "{bin}/pip"])
def test_a_shim_that_is_run_by_another_program_is_seen(env: Environment, starts: tuple[str, ...], python: str) -> None:
    """Its first line is made of the same notes."""
    shim(env, starts, python.format(bin=env.folder / "bin"))
    assert details(env)[".safepip-shim/"].startswith("is run by a program that is not this environment's Python: ")


def test_a_shim_of_another_program_is_not_put_back(env: Environment, starts: tuple[str, ...], runner: Runner) -> None:
    """An installation says so, and so does `verify`."""
    shim(env, ("/bin/echo", "evil"))
    assert runner.inside("verify", "--python", env.folder).returncode == 20
    kept = next((env.folder / ".safepip-shim" / "originals").glob("bin+pip-*"))
    before = kept.read_text()
    script(env, "pip", before)
    wheels = make_wheel(runner.folder / "wheels", "demo", "1.0").parent
    done = runner.inside("install", "--python", env.folder, "--no-index", "--find-links", wheels, "demo")
    assert done.returncode == 0
    assert "the shim was not put back, because it starts another program: /bin/echo; " in done.stderr
    assert f"safepip shim --venv {shlex.quote(real(str(env.folder)))}" in done.stderr
    assert (env.folder / "bin" / "pip").read_text() == before
    shim(env, starts)
    assert details(env) == {}


def test_an_entry_point_that_its_notes_do_not_name_is_seen(env: Environment, starts: tuple[str, ...]) -> None:
    """Taken out of them, pip's own could be put back with nobody the wiser."""
    shim(env, starts)
    folder = env.folder / ".safepip-shim"
    state = json.loads((folder / "state.json").read_text())
    (item,) = (item for item in state["entries"] if item["path"] == "bin/pip")
    state["entries"].remove(item)
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "originals" / item["saved"]).replace(env.folder / "bin" / "pip")
    assert details(env) == {"bin/pip": "is an entry point of pip's that the shim does not know"}
    shim(env, starts)
    assert details(env) == {}


def test_what_else_is_in_its_folder_is_seen(env: Environment, starts: tuple[str, ...]) -> None:
    """The program that takes it off is run by a person, so it must be safepip's own."""
    shim(env, starts)
    folder = env.folder / ".safepip-shim"
    with (folder / "remove.py").open("a") as file:
        file.write("import evil\n")
    (folder / "shlex.py").write_text("")
    (folder / "originals" / "evil").write_text("")
    assert details(env) == {
        ".safepip-shim/remove.py": "is not this version's program that takes the shim off",
        ".safepip-shim/shlex.py": "is not of the shim",
        ".safepip-shim/originals/evil": "is not of the shim",
    }
    (folder / "remove.py").unlink()
    assert ".safepip-shim/remove.py" in details(env)


# --- what is in its way ---------------------------------------------------------------------------------------


def test_a_script_of_ones_own_is_kept(env: Environment, starts: tuple[str, ...], runner: Runner) -> None:
    """In the place of the shim it is replaced aloud, runs for all that is pip's, and comes back."""
    shim(env, starts)
    wrapper = script(env, "pip3", WRAPPER)
    done = runner.inside("shim", "--venv", env.folder)
    assert "bin/pip3 was a script of your own: it is kept, and comes back when this is taken off.\n" in done.stdout
    done = runner.run([str(wrapper), "list", "a b"])
    assert (done.returncode, done.stdout) == (0, "mine list a b\n")
    done = runner.run([str(wrapper), "install", "--no-index", "nothing-of-this-name"])
    assert done.stderr.endswith(REFUSED)
    assert take_off(real(str(env.folder))) == []
    assert (wrapper.read_text(), wrapper.stat().st_mode & 0o777) == (WRAPPER, 0o755)


def test_an_installation_does_not_replace_it_in_silence(
    env: Environment, starts: tuple[str, ...], runner: Runner
) -> None:
    """Once it is told; nothing is, the next time."""
    shim(env, starts)
    wrapper = script(env, "pip3", WRAPPER)
    wheels = make_wheel(runner.folder / "wheels", "demo", "1.0").parent
    words = ("install", "--python", env.folder, "--no-index", "--find-links", wheels, "demo")
    said = [runner.inside(*words).stderr for _ in range(2)]
    assert ["bin/pip3 was a script of your own" in text for text in said] == [True, False]
    assert wrapper.read_text() != WRAPPER
    take_off(real(str(env.folder)))
    assert wrapper.read_text() == WRAPPER


def test_taking_the_shim_off_leaves_it(env: Environment, starts: tuple[str, ...]) -> None:
    """And says so."""
    shim(env, starts)
    wrapper = script(env, "pip3", WRAPPER)
    assert take_off(real(str(env.folder))) == ["bin/pip3 was changed, and stays so"]
    assert wrapper.read_text() == WRAPPER


def test_a_command_that_is_a_link(env: Environment, starts: tuple[str, ...], runner: Runner) -> None:
    """To another of pip's it stays one, and reaches the shim; any other leads on from where it was."""
    pip, link, other = (env.folder / "bin" / name for name in COMMANDS)
    link.unlink()
    link.symlink_to("pip")
    other.rename(env.folder / "real")
    other.symlink_to("../real")
    before = exact_state(env.folder)
    done = shim(env, starts)
    assert [entry.path for entry in done.entries if not entry.main] == ["bin/pip", f"bin/{COMMANDS[2]}"]
    assert os.readlink(link) == "pip"
    assert details(env) == {}
    for file in (pip, link, other):
        listed = runner.run([str(env.python), "-B", str(file), "list", "--format", "freeze"])
        assert (listed.returncode, listed.stdout[:5]) == (0, "pip=="), listed.stderr
        refused = runner.run([str(env.python), "-B", str(file), "install", "--no-index", "nothing-of-this-name"])
        assert refused.stderr.endswith(REFUSED)
    shim(env, starts)
    take_off(real(str(env.folder)))
    assert exact_state(env.folder) == before


@pytest.mark.parametrize("path", ["pyvenv.cfg/x", "x" * 300])
def test_what_cannot_be_looked_at_is_a_finding_and_a_notice(
    env: Environment, starts: tuple[str, ...], runner: Runner, path: str
) -> None:
    """Below a file, and under a name that no file system has: what was done before is done."""
    shim(env, starts)
    file = env.folder / ".safepip-shim" / "state.json"
    state = json.loads(file.read_text())
    state["entries"].append({**state["entries"][0], "path": path})
    file.write_text(json.dumps(state))
    assert runner.inside("verify", "--python", env.folder).returncode == 20
    wheels = make_wheel(runner.folder / "wheels", "demo", "1.0").parent
    script(env, "pip3", WRAPPER)
    done = runner.inside("install", "--python", env.folder, "--no-index", "--find-links", wheels, "demo")
    assert (done.returncode, "notice: " in done.stderr) == (0, True), done.stderr
    done = runner.inside("uninstall", "--python", env.folder, "-y", "demo")
    assert (done.returncode, "Successfully uninstalled" in done.stdout) == (0, True), done.stderr


def test_a_command_with_no_path_in_it_is_a_finding(env: Environment, starts: tuple[str, ...]) -> None:
    """No file has a name with a zero byte."""
    shim(env, starts)
    file = env.folder / ".safepip-shim" / "state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "command": ["\0"]}))
    assert details(env).keys() == {".safepip-shim/"}


# --- at the same time -----------------------------------------------------------------------------------------


def test_one_process_at_a_time_changes_a_shim(env: Environment, starts: tuple[str, ...]) -> None:
    """Others wait, on and off."""
    root = real(str(env.folder))
    before = exact_state(env.folder)
    for change in (lambda: shim(env, starts), lambda: take_off(root)):
        thread = threading.Thread(target=change)
        with bare_unshim.held(root):
            there = exact_state(env.folder)
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
            assert exact_state(env.folder) == there
        thread.join(60)
        assert not thread.is_alive()
        assert exact_state(env.folder) != there
    assert exact_state(env.folder) == before


def test_a_folder_that_stays_held_is_not_waited_for_without_end(
    env: Environment, starts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To hold it takes no more than the right to read it. Nothing is changed then."""
    import fcntl

    monkeypatch.setattr(bare_unshim, "_PATIENCE", 0.2)
    root = real(str(env.folder))
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before = exact_state(env.folder)
        with pytest.raises(Unavailable) as caught:
            shim(env, starts)
        assert "another program holds the folder" in caught.value.diagnostics[0].message
        assert exact_state(env.folder) == before
    finally:
        os.close(handle)
    shim(env, starts)
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before = exact_state(env.folder)
        with pytest.raises(Unavailable):
            take_off(root)
        assert exact_state(env.folder) == before
    finally:
        os.close(handle)


def test_what_is_changed_meanwhile_is_not_replaced(
    env: Environment, starts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the replacement; nor does what was kept before go."""
    change_mode, pip = os.chmod, env.folder / "bin" / "pip"
    original = pip.read_text()

    def meddled(*words: Any, **options: Any) -> None:
        change_mode(*words, **options)
        pip.write_text(WRAPPER)

    pip.unlink()
    pip.write_text(original)
    with monkeypatch.context() as patched:
        patched.setattr(os, "chmod", meddled)
        with pytest.raises(Unavailable) as caught:
            shim(env, starts)
    assert caught.value.diagnostics[0].reference == "shim-not-written"
    assert pip.read_text() == WRAPPER
    found = read_shim(real(str(env.folder)))
    assert found is not None
    assert sorted(path.name for path in (env.folder / ".safepip-shim").iterdir()) == [
        "originals", "remove.py", "state.json",
    ]  # fmt: skip


# --- what is said ---------------------------------------------------------------------------------------------


def test_what_is_to_be_pasted_is_quoted(env: Environment, starts: tuple[str, ...], runner: Runner) -> None:
    """A path with a blank is one word, by safepip and by what is left without it."""
    done = runner.inside("shim", "--venv", env.folder)
    assert f"safepip shim --remove --venv {shlex.quote(str(env.folder))}\n" in done.stdout
    (env.folder / ".safepip-shim" / "state.json").rename(env.folder.parent / "state.json")
    done = runner.inside("shim", "--remove", "--venv", env.folder)
    assert f"--python {shlex.quote(real(str(env.folder)))} --force-reinstall" in done.stderr
    program = str(env.folder / ".safepip-shim" / "remove.py")
    done = runner.run([str(env.python), "-I", program])
    assert f"--python {shlex.quote(real(str(env.folder)))} --force-reinstall" in done.stderr
    (env.folder.parent / "state.json").rename(env.folder / ".safepip-shim" / "state.json")
    shim(env, ("/no/program", *starts[1:]))
    done = runner.run([str(env.folder / "bin" / "pip"), "install", "demo"])
    assert done.returncode == 1
    words = shlex.split(done.stderr.rpartition("To take the shim off: ")[2])
    done = runner.run(words)
    assert (done.returncode, done.stdout) == (0, "The shim is off.\n")


def test_an_option_before_the_verb_does_not_hide_it(run: Inside, env: Environment) -> None:
    """As a shim writes its words: the value of `--python` is no verb."""
    done = run("--python", env.python, "install", "--output-format", "json", "--no-index", "nothing")
    assert (done.code, json.loads(done.out)["command"]) == (1, "install")
    done = run("--python", env.python, "lock", "--no-index", "nothing")
    assert (done.code, "No lock was written." in done.err) == (1, True), done.err
