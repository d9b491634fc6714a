"""A program that fetches ends with safepip, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.yard import PATIENCE

#: A safepip that runs a program which says its number and then stays.
PROGRAM = """\
import os, sys
from safepip.edges.builder.programs import FETCH_SECONDS, run_program
stay = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(600)"
run_program([sys.executable, "-c", stay, sys.argv[1]], os.getcwd(), dict(os.environ), seconds=FETCH_SECONDS)
"""


def runs(number: int) -> bool:
    """Whether there is such a process that has not ended; what nothing waits for stays in the table."""
    try:
        return Path("/proc", str(number), "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program that its parent has ended")
def test_a_program_that_fetches_does_not_outlive_a_killed_safepip(tmp_path: Path) -> None:
    """A fetch may otherwise go on for an hour, for nothing."""
    place = tmp_path / "number"
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(place)]) as safepip:
        end = time.monotonic() + PATIENCE
        while not place.exists() or not place.read_text().endswith("\n"):
            assert safepip.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        number = int(place.read_text())
        os.kill(number, 0)
        safepip.kill()
    end = time.monotonic() + PATIENCE
    while runs(number) and time.monotonic() < end:
        time.sleep(0.01)
    assert not runs(number)
