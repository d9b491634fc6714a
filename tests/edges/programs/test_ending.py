"""SIGTERM and SIGHUP end a run as Ctrl-C does: it cleans up, and says by its exit code which one it was. No run ends
with a search for garbage."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from safepip.edges.programs.ending import Ended, exit_code

#: Says when it waits, is told to end twice, and cleans up all the same.
PROGRAM = """\
import os, signal, sys, time
from safepip.edges.programs.ending import end_by_signals, exit_code
number = int(sys.argv[1])
if "ignored" in sys.argv:
    signal.signal(number, signal.SIG_IGN)
end_by_signals()
try:
    try:
        print("waits", flush=True)
        sys.stdin.readline()
    finally:
        if "twice" in sys.argv:
            os.kill(os.getpid(), number)
        print("cleaned", flush=True)
except KeyboardInterrupt as interrupt:
    sys.exit(exit_code(interrupt))
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def told(number: int, *words: str) -> tuple[int, str]:
    """The exit code and the output of the program, told to end by a signal while it waits for a line."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(number), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    return process.returncode, out


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_it_cleans_up_and_ends_with_the_signals_number(name: str) -> None:
    """As a shell gives it."""
    number = getattr(signal, name)
    assert told(number) == (128 + number, "cleaned\n")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_second_one_does_not_end_the_cleaning(name: str) -> None:
    """Supervisors send one after the other."""
    number = getattr(signal, name)
    assert told(number, "twice") == (128 + number, "cleaned\n")


def test_what_is_ignored_stays_ignored() -> None:
    """`nohup` ignores SIGHUP for what it starts."""
    assert told(signal.SIGHUP, "ignored") == (0, "cleaned\n")


def test_the_exit_codes_are_a_shells() -> None:
    """130 for Ctrl-C."""
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(Ended(signal.SIGTERM)) == 143


def test_a_run_ends_without_a_last_search_for_garbage() -> None:
    """What is looked at in vain stays out of it: all objects that there are. Handlers run last come first."""
    program = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(gc.get_freeze_count() >= seen > 1000))\n"
        "from safepip.__main__ import main\n"
        "sys.argv[1:] = ['install', '--help']\n"
        "seen = len(gc.get_objects())\n"
        "sys.exit(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.splitlines()[-1:], ended.stderr) == (0, ["True"], "")
