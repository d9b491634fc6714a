"""Several programs side by side: what they say, how they end, and which signals reach them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.pip.several import Start, make_folders_of_scripts, run_side_by_side
from safepip.model.errors import Unavailable
from support.clearing import LAYOUT
from support.handing import Chosen, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


def starts(folder: Path, *programs: str) -> list[Start]:
    """Each with a folder of its own."""
    made = []
    for number, program in enumerate(programs):
        place = folder / str(number)
        place.mkdir(parents=True)
        made.append(Start([sys.executable, "-IS", "-c", program], str(place)))
    return made


class Heard:
    """What was passed on, in order."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str]] = []

    def run(self, told: list[Start], held: tuple[int, ...] = ()) -> list[int]:
        return run_side_by_side(told, env=os.environ, say=self.say, warn=self.warn, held=held)

    def say(self, text: str) -> None:
        self.words.append(("out", text))

    def warn(self, text: str) -> None:
        self.words.append(("err", text))


def test_each_says_what_it_says_after_the_other(tmp_path: Path) -> None:
    """Although the second has ended first; to the stream that it was meant for."""
    slow = f"import time, os\nwhile not os.path.exists({str(tmp_path / 'over')!r}): time.sleep(0.01)\nprint('slow')"
    fast = f"import sys\nprint('fast')\nprint('a warning', file=sys.stderr)\nopen({str(tmp_path / 'over')!r}, 'w')"
    heard = Heard()
    assert heard.run(starts(tmp_path, slow, fast)) == [0, 0]
    assert heard.words == [("out", "slow\n"), ("out", "fast\n"), ("err", "a warning\n")]


def test_one_that_fails_ends_no_other(tmp_path: Path) -> None:
    """And one that is killed does not either; the codes are a shell's."""
    over = str(tmp_path / "over")
    wait = f"import time, os\nwhile not os.path.exists({over!r}): time.sleep(0.01)"
    killed = f"import os\nopen({over!r}, 'w')\nos.kill(os.getpid(), 9)"
    assert Heard().run(starts(tmp_path, wait, "raise SystemExit(3)", killed)) == [0, 3, 137]


def test_they_hold_what_they_are_given(tmp_path: Path) -> None:
    """By its number, and read from nothing else."""
    reader, writer = os.pipe()
    told = starts(tmp_path, f"import os, sys\nos.write({writer}, b'x' + sys.stdin.read().encode())")
    assert Heard().run(told, held=(writer,)) == [0]
    assert os.read(reader, 10) == b"x"
    os.close(reader)
    os.close(writer)
    assert Heard().run(starts(tmp_path / "again", f"import os\nos.fstat({writer})")) == [1]


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    """Those that run are let finish, and what they say is passed on."""
    heard = Heard()
    told = starts(tmp_path, "print('first')", "")
    with pytest.raises(Unavailable, match="pip-not-started"):
        heard.run([told[0], told[1]._replace(command=[str(tmp_path / "missing")])])
    assert heard.words == [("out", "first\n")]


RUNS = """
import os, sys
from safepip.edges.pip.several import Start, run_side_by_side
from safepip.edges.programs.ending import end_by_signals
end_by_signals()
program = '''
import os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
'''
starts = [Start([sys.executable, "-c", program, place + "/pid"], place) for place in sys.argv[1:]]
try:
    run_side_by_side(starts, env=os.environ, say=sys.stdout.write, warn=sys.stderr.write)
except KeyboardInterrupt as ended:
    print(type(ended).__name__)
"""


@pytest.mark.parametrize(
    ("number", "group", "name"),
    [(signal.SIGINT, True, "KeyboardInterrupt"), (signal.SIGTERM, False, "Ended"), (signal.SIGHUP, False, "Ended")],
)
def test_a_signal_reaches_all_and_this_process_ends_last(number: int, group: bool, name: str, tmp_path: Path) -> None:
    """Ctrl-C, which a terminal sends to all, and what a supervisor sends to safepip alone."""
    places = [tmp_path / "one", tmp_path / "two", tmp_path / "three"]
    for place in places:
        place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS, *map(str, places)], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    while not all((place / "pid").exists() and (place / "pid").read_text() for place in places):
        assert process.poll() is None
        time.sleep(0.01)
    (os.killpg if group else os.kill)(process.pid, number)
    assert process.communicate(timeout=30)[0] == "interrupted\n" * 3 + f"{name}\n"
    for place in places:
        with pytest.raises(ProcessLookupError):
            os.kill(int((place / "pid").read_text()), 0)


def test_folders_of_commands_are_made_before(tmp_path: Path) -> None:
    """Only where there will be a command in them."""
    layout = LAYOUT._replace(schemes={**LAYOUT.schemes, "scripts": str(tmp_path / "bin")})
    _, wheels = resolve([Chosen(make_wheel(tmp_path, "plain", "1.0"))], (), layout)
    make_folders_of_scripts(wheels)
    assert not (tmp_path / "bin").exists()
    _, wheels = resolve([Chosen(make_wheel(tmp_path, "tool", "1.0", scripts={"tool": "tool:main"}))], (), layout)
    make_folders_of_scripts(wheels)
    make_folders_of_scripts(wheels)
    assert (tmp_path / "bin").is_dir()


STARTS_LATE = """
import os, signal, subprocess, sys, time
from pathlib import Path
from safepip.edges.pip import running, waiting
from safepip.edges.pip.several import Start, run_side_by_side
from safepip.edges.programs.ending import end_by_signals
end_by_signals()
waiting._GRACE = 0.1
number, way, place = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
popen, pids = subprocess.Popen, []

class Interrupted(popen):
    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        pids.append(self.pid)
        os.kill(os.getpid(), number)
        time.sleep(0.01)

subprocess.Popen = Interrupted
pip = place / "pip"
pip.mkdir()
(pip / "__init__.py").write_text("")
(pip / "__main__.py").write_text("import time\\ntime.sleep(60)\\n")
running.pip_home = lambda: str(place)
command = running.command(["install"], None)
try:
    if way == "one":
        running.run_pip(["install"], env=os.environ)
    else:
        run_side_by_side([Start(command, str(place))] * 2, env=os.environ, say=print, warn=print)
except KeyboardInterrupt as ended:
    alive = [pid for pid in pids if os.path.isdir(f"/proc/{pid}")]
    print(type(ended).__name__, len(pids), alive)
"""


@pytest.mark.parametrize("way", ["one", "several"])
@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "Ended"), (signal.SIGHUP, "Ended")],
)
def test_a_signal_while_a_pip_is_started_is_not_the_end_before_the_pips(
    number: int, name: str, way: str, tmp_path: Path
) -> None:
    """It would go on alone, in an environment that nothing holds any more. No further one is started."""
    words = [sys.executable, "-c", STARTS_LATE, str(int(number)), way, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=50, check=False, start_new_session=True)
    # What a pip says that is interrupted at its very start comes before.
    assert done.stdout.splitlines()[-1:] == [f"{name} 1 []"], done.stderr


GOES_ON = """
import os, signal, sys
from pathlib import Path
number, way, place = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
signal.signal(number, signal.SIG_IGN)
from safepip.edges.pip import running
from safepip.edges.pip.several import Start, run_side_by_side
from safepip.edges.programs.ending import end_by_signals
end_by_signals()
pip = place / "pip"
pip.mkdir()
(pip / "__init__.py").write_text("")
(pip / "__main__.py").write_text(f"import os\\nos.killpg(os.getpgrp(), {number})\\nprint('whole', flush=True)\\n")
running.pip_home = lambda: str(place)
if way == "one":
    print(running.run_pip(["install"], env=os.environ))
else:
    starts = [Start(running.command(["install"], None), folder) for folder in sys.argv[3:]]
    print(*run_side_by_side(starts, env=os.environ, say=sys.stdout.write, warn=print))
"""


@pytest.mark.parametrize("way", ["one", "several"])
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_what_is_ignored_ends_no_pip(number: int, way: str, tmp_path: Path) -> None:
    """`nohup` ignores the end of a terminal for all that it starts: pip would be ended in the middle of its work."""
    (tmp_path / "other").mkdir()
    words = [sys.executable, "-c", GOES_ON, str(int(number)), way, str(tmp_path), str(tmp_path / "other")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=50, check=False, start_new_session=True)
    assert done.stdout == {"one": "whole\n0\n", "several": "whole\nwhole\n0 0\n"}[way], done.stderr
