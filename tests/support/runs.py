"""Runs for end-to-end tests: pip run in a target as cheaply as can be, and runs that are measured or killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.environment import PIP_RUNNER, SAFEPIP, tree_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from support.environment import Environment, Runner

#: Runs a program and writes its exit code and the largest memory of any of its processes, in kB. Linux counts for a
#: process what its parent had when it was started, so the parent must be a small one and not the tests' own.
_METER = """
import os, sys
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}")
"""

#: The same bounds for every run: a fault ends it at once and not after pip's five retries.
IMPATIENT = ("--retries", "0", "--resume-retries", "0", "--timeout", "1")

#: For a run in which files are cut off: Python takes no notice when that happens to one that it compiles, and would end
#: every later run that reads it.
UNCOMPILED = {"PYTHONDONTWRITEBYTECODE": "1"}


def pip_in(
    runner: Runner,
    target: Environment,
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Plain pip, that of safepip's own environment, in the interpreter of `target`."""
    return runner.run([str(target.python), str(PIP_RUNNER), *map(str, arguments)], env=env, cwd=cwd, timeout=timeout)


#: Runs pip several times in one interpreter, and writes between their outputs a line and the exit code.
_SEVERAL = """
import json, runpy, sys
for words in json.loads(sys.argv[2]):
    sys.argv[:] = [sys.argv[1], *words]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    print(f"\\n{'=' * 40}{code}", flush=True)
    sys.argv[:] = ["", sys.argv[0], ""]
"""


def pip_reads(runner: Runner, target: Environment, *commands: str) -> list[str]:
    """What plain pip says to each of these commands, which change nothing and have to succeed.

    They are run in one interpreter: most of the time of such a run goes into starting pip.
    """
    words = json.dumps([command.split() for command in commands])
    done = runner.run([str(target.python), "-c", _SEVERAL, str(PIP_RUNNER), words])
    *said, rest = re.split("\n={40}", done.stdout)
    codes = [part.partition("\n")[0] for part in (*said[1:], rest)]
    assert codes == ["0"] * len(commands), shown(done)
    return [said[0], *(part.partition("\n")[2] for part in said[1:])]


def unprivileged() -> list[str]:
    """What starts a program as somebody whom permissions bind: root is not."""
    if os.geteuid() != 0:
        return []
    program = shutil.which("setpriv")
    words = [program or "", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    if program is None or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root cannot give its rights away here")
    return words


@dataclass(frozen=True, slots=True)
class Measured:
    """How a run ended, and what it cost: the largest memory of any of its processes in MB, and seconds."""

    returncode: int
    output: str
    megabytes: float
    seconds: float


def measured(runner: Runner, *arguments: str | Path, timeout: float = 60) -> Measured:
    """Run safepip and measure it. One that does not end within `timeout` seconds is killed, and an error."""
    start = time.monotonic()
    result = runner.home.parent / "measured"
    meter = (sys.executable, "-I", "-c", _METER, str(result), SAFEPIP)
    with (runner.home.parent / "output").open("w+b") as output:
        process = begin(runner, *arguments, output=output.fileno(), program=meter)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"safepip {arguments} has not ended after {timeout} seconds") from None
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    code, kilobytes = map(int, result.read_text(encoding="utf-8").split())
    return Measured(code, text, kilobytes / 1024, time.monotonic() - start)


def measured_inside(runner: Runner, *arguments: str | Path) -> Measured:
    """The same in this process, for a run that installs nothing: the memory is what this process takes meanwhile, all
    that the servers of the test take with it. A run without bound ends in an error, before the machine is full."""
    peak = "/proc/self/clear_refs"
    if not os.access(peak, os.W_OK):
        return measured(runner, *arguments)
    import resource

    before, limits = _status("VmSize"), resource.getrlimit(resource.RLIMIT_AS)
    with open(peak, "w") as file:
        file.write("5")  # proc(5): what was the largest so far counts no longer
    held, start = _status("VmRSS"), time.monotonic()
    resource.setrlimit(resource.RLIMIT_AS, ((before << 10) + (1 << 31), limits[1]))
    try:
        done = runner.inside(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    seconds = time.monotonic() - start
    return Measured(done.returncode, done.stdout + done.stderr, (_status("VmHWM") - held) / 1024, seconds)


def _status(name: str) -> int:
    """What the system says of this process, in kB."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{name}:"))


def begin(
    runner: Runner,
    *arguments: str | Path,
    output: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = (SAFEPIP,),
) -> subprocess.Popen[bytes]:
    """Start safepip in a process group of its own, both of its outputs going to `output`."""
    return subprocess.Popen(
        [*program, *map(str, arguments)],
        cwd=runner.folder,
        env=runner.environment(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def drained(reader: int, seconds: float = 60) -> bytes:
    """Everything written to a pipe, until all processes that hold its other end are gone: nothing is left running."""
    import select

    pieces: list[bytes] = []
    end = time.monotonic() + seconds
    while select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
        piece = os.read(reader, 1 << 16)
        if not piece:
            os.close(reader)
            return b"".join(pieces)
        pieces.append(piece)
    raise AssertionError(f"a process is still running after {seconds} seconds; it said {b''.join(pieces)!r}")


def installed_state(folder: Path) -> dict[str, str]:
    """The tree without bytecode, which holds the time of its source."""
    return {
        name: value
        for name, value in tree_state(folder).items()
        if not name.endswith(".pyc") and not name.endswith("__pycache__")
    }


def shown(done: subprocess.CompletedProcess[str]) -> str:
    """A run for a failing test's message."""
    return f"exit {done.returncode} of {' '.join(map(str, done.args))}\n{done.stdout}\n--- stderr\n{done.stderr}"


def references(text: str) -> list[str]:
    """The references of the errors in what was printed, in their order."""
    return re.findall(r"^error: ([a-z-]+)$", text, re.MULTILINE)
