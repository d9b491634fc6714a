"""Installations by several pips that are killed at any moment, safepip or one of its pips: one more run repairs."""

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
    from pathlib import Path

    from support.environment import Environment, Runner

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="what is started is found in /proc")

#: By how many runs are begun: half of them are killed.
ROUNDS = [4, pytest.param(200, marks=pytest.mark.slow)]


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


def kill(process: subprocess.Popen[bytes], target: Environment, seconds: float, chance: random.Random | None) -> str:
    """Kill the run, or with `chance` one of its pips, so long after pip has begun; which of the two."""
    while process.poll() is None and not children_of_installation(process, target):
        time.sleep(0.01)
    time.sleep(seconds)
    pips = children(process) if chance is not None else []
    victim = chance.choice(pips) if chance is not None and pips else process.pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    return "safepip" if victim == process.pid else "pip"


def children_of_installation(process: subprocess.Popen[bytes], target: Environment) -> bool:
    """Whether pips have been started: there is a note of them."""
    return bool(children(process)) and bool(list(target.folder.glob(".safepip-unfinished-*")))


def requested(target: Environment) -> list[str]:
    return sorted(path.parent.name for path in target.site_packages.glob("*.dist-info/REQUESTED"))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_more_run_repairs(rounds: int, runner: Runner, target: Environment) -> None:
    """After it all is there, REQUESTED is right, and neither `pip check` nor `safepip verify` finds anything."""
    links = runner.folder / "links"
    fill(links)
    pristine = runner.folder / "pristine"
    shutil.copytree(target.folder, pristine, symlinks=True)
    words = ("install", "--python", target.python, "--no-index", "-f", links, "app")
    chance, outcomes, whole = random.Random(15), dict.fromkeys(("whole", "safepip", "pip"), 0), 1.0
    in_part = 0
    for number in range(rounds):
        shutil.rmtree(target.folder)
        shutil.copytree(pristine, target.folder, symlinks=True)
        jobs = ("--jobs", "2" if number % 8 < 4 else "4")
        reader, writer = os.pipe()
        start = time.monotonic()
        process = begin(runner, *words, *jobs, output=writer)
        os.close(writer)
        outcome = "whole"
        if number % 2:
            outcome = kill(process, target, chance.uniform(0.0, whole), chance if number % 4 == 3 else None)
        code = process.wait(120)
        stated = drained(reader, 120).decode()
        if outcome == "whole":
            assert code == 0, stated
            whole = (time.monotonic() - start) * 0.7
        outcomes[outcome] += 1
        if outcome != "whole":
            done = runner.safepip(*words, *jobs)
            assert done.returncode == 0, f"{outcome}, {stated}\n{shown(done)}"
            in_part += "there in part" in done.stderr or "not installed: " in stated
        assert requested(target) == ["app-1.0.dist-info"], stated
        assert not list(target.folder.glob(".safepip-*"))
        verified = runner.safepip("verify", "--python", target.python)
        assert verified.returncode == 0, f"{outcome}, {stated}\n{shown(verified)}"
        if rounds < 10 or number % 10 == 1:
            checked = pip_in(runner, target, "check")
            assert checked.returncode == 0, shown(checked)
    assert min(outcomes.values()) > 0, outcomes
    assert in_part or rounds < 10
