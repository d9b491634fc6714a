"""`--log`: a log that cannot be written any more ends, and not the run, which has perhaps changed something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.console.writing import Console
from safepip.model.errors import UsageError
from safepip.model.plan import Display

if TYPE_CHECKING:
    from pathlib import Path


def test_a_log_that_is_lost_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also to those who want to hear little."""
    log = tmp_path / "log"
    console = Console(Display(log=str(log), verbosity=-1), str, {})
    console.say("one")
    assert "one" in log.read_text()
    log.unlink()
    log.mkdir()
    console.say("two")
    console.say("three")
    console.notice("four")
    shown = capsys.readouterr().err
    assert shown.count("the log cannot be written any more") == 1
    assert "notice: four" in shown


def test_a_log_that_never_could_be_written_ends_the_run(tmp_path: Path) -> None:
    """Before anything is done; also where there is no room for the first line."""
    with pytest.raises(UsageError, match="log-not-written"):
        Console(Display(log=str(tmp_path)), str, {})
    console = Console(Display(log=str(tmp_path / "log")), str, {})
    (tmp_path / "log").unlink()
    (tmp_path / "log").mkdir()
    with pytest.raises(UsageError, match="log-not-written"):
        console.say("one")
