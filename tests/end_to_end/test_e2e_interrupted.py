"""Killed, interrupted, and many at once: what a run leaves behind when it does not come to its end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.console.writing import interrupted
from support.environment import make_environment, tree_state
from support.replies import drip, stall
from support.runs import begin, drained, installed_state, pip_in, shown

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer

#: How many runs are killed. What they have in common is the store, the target and the index.
KILLS = [10, pytest.param(50, marks=pytest.mark.slow)]

NAMES = ("app", "lib", "big")


def fill(index: IndexServer) -> None:
    """Three projects; one of their wheels takes a while to come."""
    index.add("app", "1.0", requires=["lib", "big"])
    index.add("lib", "1.0")
    big = index.add("big", "1.0", files={"big/data": random.Random(7).randbytes(400_000)})
    index.file_fault(big.filename, drip(2_000_000))


def store_of(runner: Runner) -> Path:
    return runner.home / "cache" / "safepip"


def untrue(store: Path) -> list[Path]:
    """Files of the store whose bytes do not have the digest that is their name."""
    return [
        path
        for path in (store / "sha256").rglob("*")
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != path.parent.name + path.name
    ]


def aged_leftovers(store: Path) -> list[Path]:
    """What killed runs have left in the store, made two days old, and one of each kind for certain."""
    (store / "handover-killed" / "wheels").mkdir(parents=True)
    (store / "incoming").mkdir(exist_ok=True)
    (store / "incoming" / "killed").write_bytes(b"half a file")
    left = [*(store / "incoming").iterdir(), *store.glob("handover-*")]
    old = time.time() - 2 * 86400
    for path in left:
        os.utime(path, (old, old))
    return left


@pytest.mark.parametrize("kills", KILLS)
def test_kill_at_any_moment(kills: int, index: IndexServer, runner: Runner, target: Environment) -> None:
    """After each of many runs ended by SIGKILL the target is as before, or as pip leaves it; then a run succeeds."""
    fill(index)
    words = ("install", "--no-compile", "--python", target.python, "-i", index.url, "app")
    empty = target.state()
    start = time.monotonic()
    done = runner.safepip(*words)
    whole = time.monotonic() - start
    assert done.returncode == 0, shown(done)
    complete = installed_state(target.folder)
    chance = random.Random(20)
    outcomes = {"unchanged": 0, "complete": 0}
    for kill in range(kills):
        shutil.rmtree(target.site_packages)
        target.site_packages.mkdir()
        if kill % 2:
            shutil.rmtree(store_of(runner), ignore_errors=True)
        reader, writer = os.pipe()
        process = begin(runner, *words, output=writer)
        os.close(writer)
        # Most moments are before pip, where safepip itself is at work.
        time.sleep(chance.uniform(0.0, whole * (0.4 if kill % 5 else 1.0)))
        process.kill()
        process.wait()
        stated = drained(reader)
        state = installed_state(target.folder)
        # The note of a run that is killed stays, for the next one, which removes it.
        notes = [state.pop(name) for name in list(state) if name.startswith(".safepip-unfinished-")]
        assert len(notes) <= 1, stated
        outcome = "unchanged" if state == empty else "complete"
        assert state in (empty, complete), stated
        outcomes[outcome] += 1
    assert outcomes["unchanged"] >= kills // 5, outcomes
    shutil.rmtree(target.site_packages)
    target.site_packages.mkdir()
    left = aged_leftovers(store_of(runner))
    shutil.rmtree(store_of(runner) / "sha256", ignore_errors=True)
    done = runner.inside(*words)
    assert done.returncode == 0, shown(done)
    assert installed_state(target.folder) == complete
    assert [path.name for path in left if path.exists()] == []
    check = pip_in(runner, target, "check")
    assert (check.returncode, check.stdout) == (0, "No broken requirements found.\n"), shown(check)
    assert untrue(store_of(runner)) == []


@pytest.mark.parametrize("runs", [4, pytest.param(8, marks=pytest.mark.slow)])
def test_many_at_once(runs: int, index: IndexServer, runner: Runner, tmp_path: Path) -> None:
    """Several processes with one empty store, each into an environment of its own: all of them are complete."""
    fill(index)
    targets = [make_environment(tmp_path / f"target-{number}") for number in range(runs)]
    running = []
    for target in targets:
        reader, writer = os.pipe()
        words = ("install", "--no-compile", "--python", target.python, "-i", index.url, "app")
        running.append((begin(runner, *words, output=writer), reader))
        os.close(writer)
    for process, reader in running:
        stated = drained(reader, 120)
        assert process.wait(10) == 0, stated
    states = [installed_state(target.site_packages) for target in targets]
    assert targets[0].installed() == dict.fromkeys(NAMES, "1.0")
    assert all(state == states[0] for state in states)
    store = store_of(runner)
    assert untrue(store) == []
    assert len([path for path in (store / "sha256").rglob("*") if path.is_file()]) == len(NAMES)
    assert list((store / "incoming").iterdir()) == []
    assert not list(store.glob("handover-*"))


@pytest.mark.parametrize(
    ("moment", "gaps"), [("page", ()), ("file", ()), ("file", (0.0,)), ("file", (0.05, 0.05)), ("whole", (0.1,))]
)
def test_ctrl_c(moment: str, gaps: tuple[float, ...], index: IndexServer, runner: Runner, target: Environment) -> None:
    """Ctrl-C while an answer is awaited: exit code 130, soon; nothing changed, left on disk or left running.

    The same for a second and a third one, `gaps` seconds after the one before. "whole" is a wheel that is fetched
    for its metadata.
    """
    index.sidecars = index.ranges = moment != "whole"
    fill(index)
    filename = "big-1.0-py3-none-any.whl"
    if moment == "page":
        index.fault("big", stall(60))
        awaited = index.page_path("big")
    else:
        index.file_fault(filename, stall(60, 1000))
        awaited = index.file_path(filename)
    before = target.state()
    reader, writer = os.pipe()
    process = begin(runner, "install", "--python", target.python, "-i", index.url, "app", output=writer)
    os.close(writer)
    while awaited not in index.paths_asked():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)
    start = time.monotonic()
    for gap in (0.0, *gaps):
        time.sleep(gap)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    stated = drained(reader, 20).decode()
    assert process.wait(10) == 130, stated
    assert time.monotonic() - start < 8
    assert "Traceback" not in stated, stated
    assert "Interrupted" in stated
    assert target.state() == before
    left = list(tree_state(runner.home / "tmp"))
    left += [str(path) for path in (store_of(runner) / "incoming").glob("*")]
    assert left == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lock", "-o", "new.toml", "app"), "Interrupted: no lock was written."),
        (("init", "-o", "new.toml"), "Interrupted: no configuration was written."),
        (("explain", "app", "-r", "requirements.in"), "Interrupted: nothing was changed."),
        (("download", "app"), "Interrupted: nothing was installed."),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_did_not_happen_is_that_of_the_command(
    words: tuple[str, ...], said: str, index: IndexServer, runner: Runner
) -> None:
    """As where a command ends with an error."""
    index.add("app", "1.0")
    index.fault("app", stall(60))
    (runner.folder / "requirements.in").write_text("app\n")
    before = tree_state(runner.folder)
    reader, writer = os.pipe()
    process = begin(runner, *words, "-i", index.url, output=writer)
    os.close(writer)
    while index.page_path("app") not in index.paths_asked():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    stated = drained(reader, 20).decode()
    assert (process.wait(10), stated.splitlines()[-1]) == (130, said), stated
    assert tree_state(runner.folder) == before


def test_what_a_command_has_done_a_part_of_is_not_said_not_to_have_happened() -> None:
    """Only that it was interrupted."""
    assert [interrupted([verb], verb) for verb in ("uninstall", "cache", "shim")] == ["Interrupted."] * 3
    assert interrupted(["audit", "--fix"], "audit") == "Interrupted: the lock was not changed."
    assert interrupted([], "") == "Interrupted: nothing was installed."
