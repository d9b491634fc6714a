"""Progress is shown to whoever watches, and to nobody else."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

from safepip.edges.user import terminal
from safepip.edges.user.terminal import ask_credentials, make_progress
from safepip.model.plan import Display

if TYPE_CHECKING:
    from safepip.edges.indexes.downloads import Progress


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(progress: Progress) -> None:
    progress.expect(2, 300)
    progress.start("a", 100)
    progress.advance("a", 60)
    progress.advance("a", -60)
    progress.advance("a", 100)
    progress.finish("a")
    progress.start("b", 200)
    progress.advance("b", 200)
    progress.finish("b")
    progress.close()


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
def test_nothing_is_shown_where_nobody_watches(display: Display, environ: dict[str, str]) -> None:
    assert make_progress(display, environ, stdout=Screen(), stderr=Screen()) is None


def test_nothing_is_shown_where_stderr_is_no_terminal() -> None:
    assert make_progress(Display(), {}, stdout=Screen(), stderr=io.StringIO()) is None


def test_raw_lines_are_pips_and_go_to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(terminal, "_RAW_INTERVAL_SECONDS", 0)
    progress = make_progress(Display(progress_bar="raw"), {"CI": "1"}, stdout=stdout, stderr=io.StringIO())
    assert progress is not None
    run(progress)
    lines = stdout.getvalue().splitlines()
    assert lines[0] == "Progress 0 of 300"
    assert lines[-1] == "Progress 300 of 300"
    assert all(re.fullmatch(r"Progress \d+ of 300", line) for line in lines)


def test_a_bar_is_drawn_only_when_it_takes_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, slow = Screen(), Screen()
    progress = make_progress(Display(), {}, stderr=quick)
    assert progress is not None
    run(progress)
    assert quick.getvalue() == ""
    monkeypatch.setattr(terminal, "_PATIENCE_SECONDS", -1)
    progress = make_progress(Display(), {}, stderr=slow)
    assert progress is not None
    run(progress)
    assert "files" in slow.getvalue()


def test_no_color_means_no_color_in_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_PATIENCE_SECONDS", -1)
    screen = Screen()
    progress = make_progress(Display(color=False), {}, stderr=screen)
    assert progress is not None
    run(progress)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", screen.getvalue())


def test_nobody_is_asked_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("me\n"))
    assert ask_credentials("https://host.example") is None
