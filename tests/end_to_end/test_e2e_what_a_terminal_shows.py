"""What a person sees on a terminal while an installation runs, and when it has ended, however it ends.

The index holds back each answer until what has to be shown meanwhile has been seen, so no test depends on time. What is
on the screen in the end is compared as a whole with a file, and so are the states of the line (`support.screens`).
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from support.environment import SAFEPIP
from support.index import IndexServer
from support.replies import held_until, in_turn, stall, status
from support.screens import check_screen, check_states
from support.sources import build_source_archive
from support.watched import watch

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.terminals import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")

#: The wider one shows nothing that the narrower one does not.
COLUMNS = [80, pytest.param(120, marks=pytest.mark.slow)]

WHEEL = "demo-1.0-py3-none-any.whl"

MANY = 20_000

#: Run before pip starts in the target: makes a file, and waits for another one.
GATE = """
import os, sys, time
try:
    if any("run_pip(start)" in word for word in words):
        open({gate!r} + ".reached", "w").close()
        while not os.path.exists({gate!r}):
            time.sleep(0.01)
except KeyboardInterrupt:
    sys.exit(130)
"""


class Stage:
    """An index with one project, and an installation of it on a terminal."""

    def __init__(self, index: IndexServer, runner: Runner, target: Environment, gate: Path) -> None:
        self.index, self._runner, self._target, self.gate = index, runner, target, gate
        self._terminal: Terminal | None = None
        index.add("demo", "1.0", files={"demo/data.bin": os.urandom(200_000)})
        watch(target.python, GATE.format(gate=str(gate)))

    def seen(self, pattern: str) -> bool:
        """For faults, which are made before the terminal is."""
        return self._terminal is not None and self._terminal.sees(pattern)()

    def start(self, *words: str, columns: int = 80, env: dict[str, str] | None = None) -> Terminal:
        from support.terminals import Terminal

        command = [SAFEPIP, "install", "--python", str(self._target.python), "-i", self.index.url, *words, "demo"]
        self._terminal = Terminal(command, columns=columns, env=self._runner.environment(env), cwd=self._runner.folder)
        return self._terminal

    def wait_for_pip(self, seconds: float = 60.0) -> None:
        """Until the process that becomes pip waits at the gate."""
        end = time.monotonic() + seconds
        while not self.gate.with_name(f"{self.gate.name}.reached").exists():
            assert time.monotonic() < end, "pip was not started"
            time.sleep(0.01)


@pytest.fixture
def stage(index: IndexServer, runner: Runner, target: Environment, tmp_path: Path) -> Stage:
    return Stage(index, runner, target, tmp_path / "gate")


@pytest.mark.parametrize("columns", COLUMNS)
def test_each_phase_is_shown_and_gone_in_the_end(stage: Stage, columns: int) -> None:
    """On a slow index, which is named."""
    stage.index.fault("demo", held_until(lambda: stage.seen("Resolving: 1 project, demo, .*127.0.0.1 has sent no")))
    stage.index.file_fault(WHEEL, held_until(lambda: stage.seen(r"Fetching: 0/1 file, 0\.0/0\.2 MB")))
    with stage.start(columns=columns) as terminal:
        terminal.wait_for("Installing: 0/1 distribution")
        stage.gate.touch()
        assert terminal.end() == 0, terminal.screen.text
    check_states(terminal, "installed")
    check_screen(terminal, "installed")
    assert terminal.screen.colours == set(), "the environment of the tests says NO_COLOR"


def test_a_failed_attempt_is_named_with_its_reason(stage: Stage) -> None:
    retried = "127.0.0.1: status 503, attempt 2 of 6"
    stage.index.fault("demo", in_turn(status(503), held_until(lambda: stage.seen(retried))))
    broken = r"127.0.0.1: .*, attempt 2 of \d"
    stage.index.file_fault(WHEEL, in_turn(status(503), held_until(lambda: stage.seen(broken))))
    stage.gate.touch()
    with stage.start() as terminal:
        assert terminal.end() == 0, terminal.screen.text
    check_states(terminal, "retried")
    check_screen(terminal, "installed")


@pytest.mark.parametrize("phase", ["Resolving", "Building", "Fetching", "Checking", "Installing"])
@pytest.mark.parametrize("columns", COLUMNS)
def test_ctrl_c_leaves_no_line_behind(stage: Stage, phase: str, columns: int) -> None:
    """The prompt stands on a line of its own, and the exit code is a shell's for Ctrl-C."""
    words: tuple[str, ...] = ()
    match phase:
        case "Resolving":
            stage.index.fault("demo", stall(60))
        case "Building":
            archive = build_source_archive("built", "1.0", waits=["build_wheel"])
            stage.index.add_file("built", *archive)
            words = ("--allow-build", "built", "built")
        case "Fetching":
            stage.index.file_fault(WHEEL, stall(60))
        case "Checking":
            # So many files take some seconds.
            stage.index.add("many", "1.0", files={f"many/{number}.py": "" for number in range(MANY)})
            words = ("many",)
    with stage.start(*words, columns=columns) as terminal:
        terminal.wait_for(f"^{phase}: ")
        if phase == "Installing":
            stage.wait_for_pip()
        terminal.press_ctrl_c()
        assert terminal.end() == 130
    check_states(terminal, f"interrupted-{phase.lower()}")
    check_screen(terminal, f"interrupted-{phase.lower()}")


def test_ctrl_c_before_there_is_a_line_leaves_no_empty_one(stage: Stage) -> None:
    """The terminal has written `^C`, which is erased."""
    stage.index.fault("demo", stall(60))
    with stage.start("--progress-bar", "off") as terminal:
        terminal.wait_for("^$")
        while stage.index.page_path("demo") not in stage.index.paths_asked():
            time.sleep(0.01)
        terminal.press_ctrl_c()
        assert terminal.end() == 130
    at = next(at for at, line in enumerate(terminal.screen.lines) if line.startswith("Looking in indexes"))
    assert terminal.screen.lines[at + 1 :] == ["Interrupted: nothing was installed.", ""]


def test_a_terminal_that_hangs_up_ends_it(stage: Stage) -> None:
    from support.terminals import hang_up

    stage.index.fault("demo", stall(60))
    with stage.start() as terminal:
        terminal.wait_for("^Resolving: ")
        hang_up(terminal)
        assert terminal.end() == 129
    check_states(terminal, "hung-up")
    check_screen(terminal, "hung-up")


def test_an_error_takes_the_place_of_the_line(stage: Stage) -> None:
    refused, shown = status(403), held_until(lambda: stage.seen("^Resolving"))
    stage.index.fault("demo", lambda request, honest: refused(request, shown(request, honest)))
    with stage.start("--retries", "0") as terminal:
        assert terminal.end() == 1
    check_states(terminal, "refused-by-the-index")
    check_screen(terminal, "refused-by-the-index")


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_conflict_fits_the_screen(stage: Stage, columns: int) -> None:
    """Sixty versions that all require the same take no more place than one."""
    for number in range(60):
        stage.index.add("web", f"1.{number}", requires=["demo<1"])
    stage.index.add("demo", "0.9")
    with stage.start("web", "demo>=1", columns=columns) as terminal:
        assert terminal.end() == 1
    check_states(terminal, "conflict")
    check_screen(terminal, "conflict")


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_refusal_leaves_its_block_to_paste_whole(stage: Stage, columns: int) -> None:
    with IndexServer() as other:
        other.add("demo", "2.0")
        with stage.start("--extra-index-url", other.url, columns=columns) as terminal:
            assert terminal.end() == 20
    check_states(terminal, "ambiguous")
    check_screen(terminal, "ambiguous")


@pytest.mark.usually("off")
@pytest.mark.parametrize(
    ("words", "env"), [(["-q"], {}), (["--progress-bar", "off"], {}), ([], {"CI": "1"})], ids=["quiet", "off", "ci"]
)
def test_who_wants_no_line_has_none(stage: Stage, words: list[str], env: dict[str, str]) -> None:
    """Although it takes long enough for one."""
    stage.index.fault("demo", stall(1.0))
    stage.gate.touch()
    with stage.start(*words, env=env) as terminal:
        assert terminal.end() == 0, terminal.screen.text
    assert terminal.screen.states == []


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_lock_with_changes_leaves_what_it_says(index: IndexServer, runner: Runner, columns: int) -> None:
    """And each line of it is whole, the lock in its place."""
    from support.terminals import Terminal

    index.add("demo", "1.0")
    words = [SAFEPIP, "lock", "--no-cache-dir", "--cooldown", "0", "-i", index.url, "demo"]
    assert runner.run(words).returncode == 0
    index.add("demo", "2.0")
    terminals: list[Terminal] = []
    index.fault("demo", held_until(lambda: any(one.sees("^Resolving: 1 project, demo")() for one in terminals)))
    with Terminal([*words, "-U"], columns=columns, env=runner.environment(), cwd=runner.folder) as terminal:
        terminals.append(terminal)
        assert terminal.end() == 0, terminal.screen.text
    check_states(terminal, "locked-with-changes")
    check_screen(terminal, "locked-with-changes")
