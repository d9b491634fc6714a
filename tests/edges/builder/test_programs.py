"""A program that fetches ends with safepip, however that ends, and so does what it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.programs import FETCH_SECONDS, LOCAL_SECONDS, run_program
from safepip.model.errors import Unavailable
from support.yard import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps what a program has started below it")

#: A program that starts another one, of a session of its own. Both write their numbers, and stay, whatever they are
#: told; the first one says that it was told.
STAY = """\
import os, signal, sys, time
place = sys.argv[1]
def note(text):
    with open(place, "a") as file:
        file.write(text + "\\n")
signal.signal(signal.SIGTERM, lambda *_: note("told"))
if not os.fork():
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
note(str(os.getpid()))
until = time.monotonic() + 300
while time.monotonic() < until:
    sys.argv[2:] and print("x" * 65536)
    time.sleep(0.01)
"""

#: A safepip that runs this program.
SAFEPIP = """\
import os, sys
from safepip.edges.builder.programs import run_program
run_program([sys.executable, "-c", *sys.argv[2:]], os.getcwd(), dict(os.environ), seconds=float(sys.argv[1]))
"""


def runs(number: int) -> bool:
    """Whether there is such a process that has not ended; what nothing waits for stays in the table."""
    try:
        return Path("/proc", str(number), "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between opening and reading
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where the programs write their numbers. What runs of them in the end is killed."""
    path = tmp_path / "numbers"
    yield path
    for number in filter(runs, numbers(path)):
        os.kill(number, signal.SIGKILL)


def numbers(place: Path) -> list[int]:
    lines = place.read_text().splitlines() if place.exists() else []
    return [int(line) for line in lines if line != "told"]


def program(*words: str | Path) -> list[str]:
    return [sys.executable, "-c", *map(str, words)]


@pytest.mark.parametrize("seconds", [FETCH_SECONDS, LOCAL_SECONDS], ids=["fetch", "local"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_nothing_outlives_a_safepip_that_ends(place: Path, seconds: float, number: signal.Signals) -> None:
    """It would go on for as long as it likes, for nothing."""
    words = program(SAFEPIP, str(seconds), STAY, place)
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as safepip:
        wait_until(lambda: len(numbers(place)) == 2 or safepip.poll() is not None)
        assert all(map(runs, numbers(place)))
        safepip.send_signal(number)
    wait_until(lambda: not any(map(runs, numbers(place))))
    assert "told" in place.read_text()


@pytest.mark.parametrize(
    ("more", "seconds", "what"),
    [((), (2.0, 10.0, 50.0), "did not end within"), (("on",), (100.0,), "writes without end")],
    ids=["time", "output"],
)
def test_nothing_outlives_its_limit(
    place: Path, tmp_path: Path, more: tuple[str, ...], seconds: tuple[float, ...], what: str
) -> None:
    """All has ended before the error is raised. On a slow machine it may take a while until both have begun."""
    for most in seconds:
        place.unlink(missing_ok=True)
        with pytest.raises(Unavailable, match=what):
            run_program(program(STAY, place, *more), str(tmp_path), dict(os.environ), seconds=most)
        if len(numbers(place)) == 2:
            break
    assert len(numbers(place)) == 2
    assert not any(map(runs, numbers(place)))


def test_what_is_left_by_a_program_that_ends_goes_on(place: Path, tmp_path: Path) -> None:
    """As git's cache of credentials, and connections that ssh shares."""
    leave = f"""\
import os, subprocess, sys
quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
subprocess.Popen([sys.executable, "-c", {STAY!r}, {str(place)!r}], start_new_session=True, **quiet)
"""
    done = run_program(program(leave), str(tmp_path), dict(os.environ))
    assert done.code == 0
    wait_until(lambda: len(numbers(place)) == 2)
    time.sleep(0.1)
    assert all(map(runs, numbers(place)))


def test_how_it_ended_and_what_it_wrote_comes_back(tmp_path: Path) -> None:
    """As if nothing stood between."""
    words = "import os, sys; print(sys.stdin.read(), os.getcwd()); print('e', file=sys.stderr); sys.exit(3)"
    done = run_program(program(words), str(tmp_path), dict(os.environ), question=b"q")
    assert (done.code, done.output.decode(), done.errors) == (3, f"q {tmp_path}\n", b"e\n")
    assert run_program(program("import os; os.abort()"), str(tmp_path), dict(os.environ)).code == 128 + signal.SIGABRT
    missing = run_program([str(tmp_path / "none")], str(tmp_path), dict(os.environ))
    assert (missing.code, missing.words) == (127, (f"{tmp_path}/none cannot be started: No such file or directory",))


def test_it_has_the_signals_and_the_files_of_any_program(tmp_path: Path) -> None:
    """Python ignores SIGPIPE; git relies on it. The pipe that safepip holds is nothing to it."""
    shell = 'grep SigIgn /proc/$$/status; ls /proc/$$/fd | tr "\\n" " "'
    done = run_program(["/bin/sh", "-c", shell], str(tmp_path), dict(os.environ))
    ignored, files = done.output.decode().splitlines()
    assert int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0
    assert files.split() == ["0", "1", "2"]
