"""What goes on where safepip itself is killed: nothing that works for this run alone, and pip where it installs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import safepip

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")

#: Starts a program that says its own number in a file and then waits, in one of safepip's ways.
DRIVER = """\
import os, sys
from safepip.edges.builder import environments
from safepip.edges.pip import running
what, folder = sys.argv[1:]
wait = "import os, time\\nopen(%r, 'w').write(str(os.getpid()))\\ntime.sleep(600)\\n" % (folder + "/number")
if what == "venv":
    environments._PROGRAM += wait
    environments.make_environment(sys.executable, folder + "/made", os.environ)
else:
    own_text = running.own_text
    # pip has begun: in its place something that takes long.
    running.own_text = lambda name: own_text(name) + ("def run_pip(start):\\n    exec(%r)\\n" % wait) * (name == what)
    manner = running.Manner(ends_with_us=what == "bare_ending.py")
    running.run_pip(["--version"], env=running.pip_environment(os.environ), manner=manner)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the number of what was started stands; it is ended afterwards."""
    yield tmp_path
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((tmp_path / "number").read_text()), signal.SIGKILL)


def killed(what: str, folder: Path) -> int:
    """Kill a safepip whose program is at work; the number of that."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(safepip.__file__).parent.parent)}
    with subprocess.Popen([sys.executable, "-c", DRIVER, what, str(folder)], env=environ) as driver:
        number = folder / "number"
        while not (number.exists() and number.read_text()):
            assert driver.poll() is None
            time.sleep(0.01)
        driver.kill()
    return int(number.read_text())


def runs(number: int) -> bool:
    """Whether a process is there, and is more than an entry that waits to be read."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("what", ["venv", "bare_ending.py"])
def test_what_makes_a_build_environment_ends(what: str, folder: Path) -> None:
    """Both the making of it and pip that installs into it."""
    number = killed(what, folder)
    until = time.monotonic() + 30
    while runs(number):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_pip_goes_on_in_the_target(folder: Path) -> None:
    """It leaves the environment whole, and soon."""
    assert runs(killed("bare_pip.py", folder))
