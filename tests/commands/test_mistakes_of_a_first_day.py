"""What people type on their first day with safepip and have wrong: the exit code, a short message, a hint that helps.

The words of the hint have to be in the message, and what follows from them is run: so a hint that cannot be pasted, or
does not help, fails here. The list of them is in `support.first_day`.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from support.first_day import MISTAKES, lay_out

if TYPE_CHECKING:
    from support.first_day import Mistake
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def first_day(run: Inside, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A folder with the usual files, and an index that is the only one. Every run is a dry one."""
    lay_out(run.folder, index)
    for variable, value in (("INDEX_URL", index.url), ("FIND_LINKS", ""), ("DRY_RUN", "1")):
        monkeypatch.setenv(f"PIP_{variable}", value)
    return run


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.typed)
def test_a_mistake_is_told_in_few_lines_and_its_hint_helps(first_day: Inside, mistake: Mistake) -> None:
    """At most twelve lines, but for the empty ones between the parts."""
    done = first_day(*shlex.split(mistake.typed))
    lines = [line for line in done.err.splitlines() if line]
    assert done.code == mistake.code, done.err
    assert lines[0] == f"error: {mistake.reference}"
    assert len(lines) <= 12, done.err
    assert mistake.hint in done.err
    assert re.search(mistake.cure, done.err), done.err
    assert lines[-1].endswith(f"More: safepip help {mistake.reference}")
    if mistake.then:
        assert first_day(*shlex.split(mistake.then)).code == mistake.settled


def test_there_are_twenty_of_them() -> None:
    assert len(MISTAKES) >= 20
    assert len({mistake.typed for mistake in MISTAKES}) == len(MISTAKES)


def test_mistakes_of_one_run_are_told_together(first_day: Inside) -> None:
    """Of names as of files: one run says all that can be known at once."""
    done = first_day("install", "numpi", "sklearn", "none-such", "flask", "reqeusts")
    assert done.code == 20
    told = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert told == ["error: look-alike"] * 2 + ["error: no-such-project"] * 2
    assert done.err.endswith("More: safepip help look-alike no-such-project\n")
