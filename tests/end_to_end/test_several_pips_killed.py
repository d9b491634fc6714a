"""Installations by one pip or several, of which safepip or a pip is killed at any moment: one more run repairs. And two
runs that are started at once, into one environment."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from support.runs import begin, drained, pip_in, shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable
    from pathlib import Path

    from support.environment import Environment, Runner

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="what is started is found in /proc")

#: By a seed, which runs are begun: those with odd numbers are killed. In all slow ones 200.
ROUNDS = [
    pytest.param(0, (0, 1, 3), id="0"),
    *(pytest.param(seed, range(10), id=f"{seed}", marks=pytest.mark.slow) for seed in range(1, 21)),
]


def fill(links: Path) -> None:
    """An application, and seven that it requires, with something to compile, commands, and a namespace in common."""
    names = [f"part-{number}" for number in range(7)]
    make_wheel(links, "app", "1.0", requires=names, scripts={"app": "app:main"})
    for number, name in enumerate(names):
        package = name.replace("-", "_")
        body = "".join(f"def f{line}(x):\n    return [x, {line}, {{'a': x}}]\n\n" for line in range(60))
        files = {f"{package}/m{module}.py": body for module in range(12)}
        files |= {f"shared/m{number}.py": "x = 1\n"}
        make_wheel(links, name, "1.0", files=files, scripts={f"run-{number}": f"{package}:main"})


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """The pips that a run has started and that have not ended."""
    try:
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            return [int(number) for number in file.read().split()]
    except FileNotFoundError:
        return []


def begun(process: subprocess.Popen[bytes], target: Environment) -> float:
    """Wait until pips have started, of which there is a note; the time at which they have."""
    while process.poll() is None and not (children(process) and any(target.folder.glob(".safepip-unfinished-*"))):
        time.sleep(0.01)
    return time.monotonic()


def kill(process: subprocess.Popen[bytes], pip: random.Random | None) -> str:
    """Kill the run, or with `pip` one of its pips that work at this moment; which of the two."""
    pips = children(process) if pip is not None else []
    victim = pip.choice(pips) if pip is not None and pips else process.pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    return "safepip" if victim == process.pid else "pip"


def requested(target: Environment) -> list[str]:
    return sorted(path.parent.name for path in target.site_packages.glob("*.dist-info/REQUESTED"))


@pytest.mark.parametrize(("seed", "rounds"), ROUNDS)
def test_one_more_run_repairs(seed: int, rounds: Iterable[int], runner: Runner, target: Environment) -> None:
    """After it all is there, REQUESTED is right, and neither `pip check` nor `safepip verify` finds anything."""
    links = runner.folder / "links"
    fill(links)
    pristine = runner.folder / "pristine"
    shutil.copytree(target.folder, pristine, symlinks=True)
    words = ("install", "--python", target.python, "--no-index", "-f", links, "app")
    chance, seconds, killed = random.Random(seed), 1.0, 0
    for number in rounds:
        shutil.rmtree(target.folder)
        shutil.copytree(pristine, target.folder, symlinks=True)
        jobs = ("--jobs", ("1", "2", "4")[(number + seed) % 3])
        reader, writer = os.pipe()
        process = begin(runner, *words, *jobs, output=writer)
        os.close(writer)
        start, outcome = begun(process, target), "whole"
        if number % 2:
            time.sleep(chance.uniform(0.0, seconds))
            outcome = kill(process, chance if number % 4 == 3 else None)
        code = process.wait(120)
        if not number % 2:
            seconds = time.monotonic() - start
        stated = f"{outcome} of seed {seed}, {drained(reader, 120).decode()}"
        killed += code != 0
        assert code == 0 or number % 2, stated
        if code:
            done = runner.inside(*words, *jobs)
            assert done.returncode == 0, f"{stated}\n{shown(done)}"
        assert requested(target) == ["app-1.0.dist-info"], stated
        assert not list(target.folder.glob(".safepip-*"))
        for checked in (runner.inside("verify", "--python", target.python), pip_in(runner, target, "check")):
            assert checked.returncode == 0, f"{stated}\n{shown(checked)}"
    assert killed


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("times", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_of_two_at_once_one_waits_or_has_to_decide_anew(
    jobs: str, times: int, runner: Runner, target: Environment
) -> None:
    """One that has decided before the other had ended says so, changes nothing, and can be run again."""
    links, pristine = runner.folder / "links", runner.folder / "pristine"
    fill(links)
    shutil.copytree(target.folder, pristine, symlinks=True)
    words = ("install", "--python", target.python, "--no-index", "-f", links, "--jobs", jobs, "app")
    for _ in range(times):
        shutil.rmtree(target.folder)
        shutil.copytree(pristine, target.folder, symlinks=True)
        runs = []
        for _ in range(2):
            reader, writer = os.pipe()
            runs.append((begin(runner, *words, output=writer), reader))
            os.close(writer)
        said = [drained(reader, 120).decode() for _, reader in runs]
        codes = [process.wait(120) for process, _ in runs]
        assert 0 in codes, said
        for code, text in zip(codes, said, strict=True):
            assert code == 0 or (code == 1 and "error: target-changed" in text), text
        assert requested(target) == ["app-1.0.dist-info"], said
        assert not list(target.folder.glob(".safepip-*"))
        for again in (words, ("verify", "--python", target.python)):
            done = runner.inside(*again)
            assert done.returncode == 0, shown(done)
