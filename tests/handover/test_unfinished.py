"""The note of what is to be set right: what it says, and what it may not make a later run do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from packaging.version import Version

from safepip.handover.instructions import make_handover
from safepip.handover.parts import Hands, make_handovers
from safepip.handover.unfinished import LaterForm, Undone, entries_in, entries_of, fits, is_finished, text_of
from safepip.model.plan import Settings, Target
from safepip.model.resolution import InstalledDistribution
from support.clearing import LAYOUT
from support.handing import Chosen, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

RECORD = {"url": "https://files.acme.example/a-1.0.whl", "archive_info": {}}
WHOLE = Undone("a-b", "1.0", "purelib", "A.b-1.0.dist-info", True, (7, 8), True, "file:///private/a.whl", RECORD)
PLAIN = Undone("c", "2.0", "platlib", "c-2.0.dist-info")


def test_what_is_written_is_read() -> None:
    """Every field."""
    assert entries_in(text_of([WHOLE, PLAIN]).encode()) == (WHOLE, PLAIN)


WRONG: dict[str, Any] = {
    "name": ["", "A-b", "other", 1, "../a-b"],
    "version": ["2.0", "x", None],
    "library": ["scripts", "", 1],
    "info": ["../a_b-1.0.dist-info", "a_b-1.0.dist-info/x", "a_b-1.0", "c-1.0.dist-info", "a_b-1.1.dist-info", 2],
    "new": [1, "yes"],
    "before": [[1], [1, "2"], [1, 2, 3], 5, [True, 1]],
    "marked": [0, None],
    "private": ["https://evil.example/x", ""],
    "record": [{}, [], {"url": 1}, {"dir_info": {}}],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_wrong_field_is_believed_nowhere(field: str, value: Any) -> None:
    """And with it the whole note: safepip has not written that."""
    note = json.loads(text_of([PLAIN, WHOLE]))
    note["distributions"][1][field] = value
    assert entries_in(json.dumps(note).encode()) == ()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"form": 0, "distributions": []}', b'{"form": 1}',
     b'{"form": 1, "distributions": 5}', b'{"form": 1, "distributions": ["x"]}', b'{"form": 1, "distributions": [{}]}'],
)  # fmt: skip
def test_what_is_no_note_says_nothing(data: bytes) -> None:
    """It was cut off before pip started, or is another program's."""
    assert entries_in(data) == ()


def test_a_note_of_a_later_form_is_told_from_none() -> None:
    """It is to be kept."""
    with pytest.raises(LaterForm):
        entries_in(b'{"form": 2, "distributions": []}')


@effort(deadline=None)
@given(st.binary())
def test_no_bytes_are_an_error(data: bytes) -> None:
    """Whatever they are."""
    assert entries_in(data) == ()


def test_a_folder_is_that_of_its_project_and_version() -> None:
    """However both are spelt."""
    assert fits("A.b-1.0.dist-info", "a-b", "1")
    assert fits("a_b-1!1.0+local.1.dist-info", "a-b", "1!1.0+local.1")
    for info in ("a_b.dist-info", "a_b-1.0.egg-info", "/a_b-1.0.dist-info", "a_b-1.0.dist-info ", "a_b-x.dist-info"):
        assert not fits(info, "a-b", "1.0")


def test_pip_has_finished_what_has_its_record() -> None:
    """The wheel's own has no INSTALLER, and another distribution's does not count."""
    assert is_finished(b"a/__init__.py,,\na-1.dist-info/INSTALLER,sha256=x,4\n", "a-1.dist-info")
    assert not is_finished(b"a/__init__.py,,\nba-1.dist-info/INSTALLER,,\na-1.dist-info/RECORD,,\n", "a-1.dist-info")
    assert not is_finished(b"a/__init__.py,,\na-1xdist-info/INSTALLER,,\n", "a-1.dist-info")
    assert not is_finished(None, "a-1.dist-info")


def test_everything_is_noted_with_what_is_corrected(tmp_path: Path) -> None:
    """What was there before is told apart from what is new."""
    url = "https://files.acme.example/by-1.0.whl"
    app = Chosen(make_wheel(tmp_path, "app", "1.0"), requested=True)
    old = InstalledDistribution("newer", Version("0.9"), "/env/newer-0.9.dist-info")
    newer = Chosen(make_wheel(tmp_path, "newer", "1.0"), requested=True, replaces=old)
    lib, by = Chosen(make_wheel(tmp_path, "lib", "1.0")), make_wheel(tmp_path, "by", "1.0")
    resolution, wheels = resolve([app, newer, lib, Chosen(by, requested=True, direct_url=url)], (), LAYOUT)
    target, libraries = Target("/env/bin/python", "3.11.7", {}, ()), {"purelib": LAYOUT.schemes["purelib"]}
    several = make_handovers(resolution, wheels, Settings(), target, "/private", Hands(2))
    one = make_handover(resolution, wheels, Settings(), "/private")
    assert several is not None
    assert one is not None

    def before(path: str) -> tuple[int, int] | None:
        return (1, 2) if "/app-" in path else None

    noted = {entry.name: entry for entry in entries_of(several, libraries, before)}
    assert noted["app"] == Undone("app", "1.0", "purelib", "app-1.0.dist-info", new=False, before=(1, 2))
    assert noted["newer"] == Undone("newer", "1.0", "purelib", "newer-1.0.dist-info", new=True)
    assert noted["lib"] == Undone("lib", "1.0", "purelib", "lib-1.0.dist-info", new=True, marked=True)
    assert (noted["by"].private, noted["by"].record["url"]) == (several.direct_urls["by"].private, url)
    alone = {entry.name: entry for entry in entries_of(one, libraries, before)}
    assert {name: entry.new for name, entry in alone.items()} == {"app": False, "newer": True, "lib": True, "by": True}
    assert not any(entry.marked for entry in alone.values())
    assert list(entries_of(several, {"purelib": "/elsewhere"}, before)) == []
