"""What is done is shown to a person who watches, in one line that makes way for everything else."""

from __future__ import annotations

import io
import re
import sys

import pytest

from safepip.edges.console import outputs
from safepip.edges.console.progress import LiveLine, Progress, RawLines, make_progress
from safepip.edges.user.terminal import ask_credentials
from safepip.model.events import Doing, Fetched, Fetching, FileDone, Installing, OtherSpeaks, Received, Resolving
from safepip.model.plan import Display
from safepip.reporting.messages import PLAIN, Style


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Watched:
    """A line on a screen, drawn when the test says so, at the moment that the test says."""

    def __init__(self, *, columns: int = 80, color: bool = False) -> None:
        self.now, self.screen = 100.0, Screen()
        self.line = LiveLine(
            self.screen,
            Style(color=color),
            lambda text: text.replace("hunter2", "****"),
            clock=lambda: self.now,
            columns=lambda: columns,
            itself=False,
        )

    def drawn(self, seconds: float = 1.0) -> str:
        """What is written when it is drawn after this time."""
        self.now += seconds
        self.screen.seek(0)
        self.screen.truncate()
        self.line.draw()
        return self.screen.getvalue()


def run(progress: Progress) -> None:
    progress.tell(Fetching(2, 300))
    for size in (60, -60, 100):
        progress.tell(Received(1, size))
    progress.tell(FileDone())
    progress.tell(Received(2, 200))
    progress.tell(FileDone())
    progress.tell(Fetched())


@pytest.mark.parametrize(
    ("display", "environ"),
    [
        (Display(progress_bar="off"), {}),
        (Display(progress_bar="auto", verbosity=-1), {}),
        (Display(), {"CI": "true"}),
        (Display(), {"BUILD_ID": "7"}),
        (Display(), {"TERM": "dumb"}),
    ],
)
def test_nothing_is_shown_where_no_person_watches(display: Display, environ: dict[str, str]) -> None:
    assert type(make_progress(display, environ, PLAIN, stdout=Screen(), stderr=Screen())) is Progress


def test_nothing_is_shown_where_stderr_is_no_terminal() -> None:
    assert type(make_progress(Display(), {}, PLAIN, stdout=Screen(), stderr=io.StringIO())) is Progress


@pytest.mark.parametrize("display", [Display(), Display(progress_bar="on", verbosity=-1), Display(verbosity=2)])
def test_a_terminal_has_a_line(display: Display) -> None:
    progress = make_progress(display, {}, PLAIN, stdout=Screen(), stderr=Screen())
    progress.close()
    assert type(progress) is LiveLine


def test_raw_lines_are_pips_and_go_to_stdout() -> None:
    stdout = io.StringIO()
    assert type(make_progress(Display(progress_bar="raw"), {"CI": "1"}, PLAIN, stdout=stdout)) is RawLines
    now = iter(range(100))
    run(RawLines(stdout, lambda: next(now)))
    lines = stdout.getvalue().splitlines()
    assert lines[0] == "Progress 0 of 300"
    assert lines[-1] == "Progress 300 of 300"
    assert all(re.fullmatch(r"Progress \d+ of 300", line) for line in lines)


def test_a_run_that_is_over_at_once_shows_nothing() -> None:
    watched = Watched()
    watched.line.tell(Resolving("demo"))
    assert watched.drawn(0.2) == ""
    watched.line.close()
    assert watched.drawn() == ""


def test_the_line_is_drawn_over_itself_and_is_gone_in_the_end() -> None:
    watched = Watched()
    watched.line.tell(Resolving("demo"))
    assert watched.drawn() == "\rResolving: 1 project, demo\x1b[K"
    watched.line.tell(Doing("Checking", "3 wheels"))
    assert watched.drawn() == "\rChecking: 3 wheels\x1b[K"
    watched.line.close()
    watched.line.close()
    assert watched.screen.getvalue() == "\rChecking: 3 wheels\x1b[K" + outputs.ERASE
    assert watched.drawn() == ""


def test_it_makes_way_for_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever room writes it; and it comes back."""
    watched = Watched()
    monkeypatch.setattr("sys.stderr", watched.screen)
    monkeypatch.setattr(outputs, "_aside", watched.line.aside)
    watched.line.tell(Resolving("demo"))
    first = watched.drawn()
    outputs.warn("notice: something\n")
    assert watched.screen.getvalue() == f"{first}{outputs.ERASE}notice: something\n"
    outputs.warn("notice: more\n")
    assert watched.screen.getvalue() == f"{first}{outputs.ERASE}notice: something\nnotice: more\n"
    assert watched.drawn() == first


def test_it_is_gone_while_another_program_speaks_and_while_a_question_is_open() -> None:
    watched = Watched()
    watched.line.tell(Resolving("demo"))
    watched.drawn()
    watched.line.tell(OtherSpeaks())
    assert watched.screen.getvalue().endswith(outputs.ERASE)
    assert watched.drawn() == ""
    watched.line.tell(Installing(2, lambda: 1))
    assert "Installing: 1/2 distributions" in watched.drawn()
    with watched.line.hidden():
        assert watched.screen.getvalue().endswith(outputs.ERASE)
        assert watched.drawn() == ""
    assert "Installing" in watched.drawn()


@pytest.mark.parametrize("columns", [1, 2, 10, 40, 80, 120])
def test_it_is_narrower_than_the_terminal(columns: int) -> None:
    watched = Watched(columns=columns)
    watched.line.tell(Resolving("a" * 500))
    text = watched.drawn().removeprefix("\r").removesuffix("\x1b[K")
    assert len(text) <= max(0, columns - 1)


def test_colour_marks_one_word_and_no_color_takes_it_away() -> None:
    coloured, plain = Watched(color=True), Watched()
    for watched in (coloured, plain):
        watched.line.tell(Resolving("demo"))
    assert re.sub(r"\x1b\[[0-9;]*m", "", text := coloured.drawn()) == plain.drawn() != text


def test_a_secret_that_a_stage_tells_is_not_shown_even_in_part() -> None:
    """It is taken out before the line is cut."""
    for columns in range(10, 60):
        watched = Watched(columns=columns)
        watched.line.tell(Doing("Checking out", "https://me:hunter2@git.example/"))
        assert not re.search("hunt|hun|hu", watched.drawn().replace("hunter2"[:1] + "ttps", ""))


def test_a_terminal_that_is_gone_ends_nothing() -> None:
    watched = Watched()
    watched.line.tell(Resolving("demo"))
    watched.screen.close()
    watched.now += 1
    watched.line.draw()
    watched.line.close()


def test_no_question_is_asked_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("me\n"))
    assert ask_credentials("https://host.example") is None


@pytest.mark.parametrize(("kind", "written"), [("xterm", outputs.ERASE), ("dumb", "\n"), (None, "")])
def test_after_ctrl_c_the_next_word_begins_a_line(
    kind: str | None, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal has written `^C`, and what is no terminal has not."""
    stream = Screen() if kind else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", kind or "xterm")
    outputs.clear_line()
    assert stream.getvalue() == written
