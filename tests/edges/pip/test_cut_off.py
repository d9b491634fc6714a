"""The note of an installation that was cut off: set right by the next run, whatever moment it was cut off at."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from safepip.edges.pip.record_rows import replace_file
from safepip.handover.unfinished import Undone, text_of
from safepip.model.errors import Unavailable
from support.bare_places import INFO, PRIVATE, URL, BarePlace
from support.environment import tree_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.skipif(os.name == "nt", reason="files are locked as POSIX has it")


@pytest.fixture
def place(tmp_path: Path) -> BarePlace:
    """Empty."""
    return BarePlace(tmp_path)


def test_a_mark_that_is_too_much_goes_with_its_row(place: BarePlace) -> None:
    """And the note with it; a second time nothing is said."""
    info = place.install()
    place.noted(marked=True, new=True)
    with place.unfinished():
        assert not (info / "REQUESTED").exists()
        assert not any("REQUESTED" in row for row in place.rows())
        assert not place.note.exists()
    assert len(place.told) == 1
    with place.unfinished():
        assert len(place.told) == 1


def test_an_environment_that_may_be_another_one_is_not_touched(place: BarePlace) -> None:
    """It is asked only where there is a note, and before anything of it is set right."""
    place.install()
    with place.unfinished():
        assert place.asked == 0
    place.noted(marked=True)
    before, place.is_another = tree_state(place.prefix), True
    with pytest.raises(Unavailable, match="another one"), place.unfinished():
        pytest.fail("it was entered")
    assert (tree_state(place.prefix), place.asked, place.told) == (before, 1, [])
    place.is_another = False
    with place.unfinished():
        assert (place.asked, len(place.told)) == (2, 1)


@pytest.mark.parametrize("half", ["row", "file", "both"])
def test_a_mark_that_is_taken_away_half(place: BarePlace, half: str) -> None:
    """Between any two steps."""
    info = place.install()
    if half != "row":
        (info / "REQUESTED").unlink()
    if half != "file":
        remove_mark_row(info)
    place.noted(marked=True)
    with place.unfinished():
        assert not (info / "REQUESTED").exists()
        assert not any("REQUESTED" in row for row in place.rows())


def test_a_file_of_the_same_name_in_the_wheel_keeps_its_row(place: BarePlace) -> None:
    """Some projects have metadata of others, or of their own, among their files. Also where the mark is gone already,
    wholly or half: what was cut off is done again."""
    info = place.install()
    deeper = f"a/{INFO}/REQUESTED,,"
    (info / "RECORD").write_text(f"{deeper}\n{(info / 'RECORD').read_text()}")
    for _ in range(2):
        place.noted(marked=True)
        with place.unfinished():
            assert [row for row in place.rows() if "REQUESTED" in row] == [deeper]


def test_a_file_of_the_same_name_in_the_wheel_is_not_given_the_row_of_a_direct_url(place: BarePlace) -> None:
    """Where the row is missing it is made."""
    record = {"url": URL, "archive_info": {}}
    info = place.install(url=PRIVATE)
    deeper = f"a/{INFO}/direct_url.json,,"
    rows = [row for row in place.rows() if "direct_url" not in row]
    (info / "RECORD").write_text("".join(f"{row}\n" for row in [deeper, *rows]))
    place.noted(private=PRIVATE, record=record)
    with place.unfinished():
        found = [row for row in place.rows() if "direct_url" in row]
        assert found[0] == deeper
        assert [row.partition(",")[0] for row in found[1:]] == [f"{INFO}/direct_url.json"]


def remove_mark_row(info: Path) -> None:
    record = info / "RECORD"
    record.write_text("".join(f"{row}\n" for row in record.read_text().splitlines() if "REQUESTED" not in row))


def test_what_the_user_asked_for_stays_marked(place: BarePlace) -> None:
    """Only what is noted is taken away."""
    info = place.install()
    place.noted(marked=False)
    before = tree_state(info)
    with place.unfinished():
        assert tree_state(info) == before


@pytest.mark.parametrize("half", [False, True])
def test_a_direct_url_is_corrected(place: BarePlace, half: bool) -> None:
    """Also where the file was replaced already and its row was not."""
    record = {"url": URL, "archive_info": {}}
    info = place.install(url=PRIVATE)
    if half:
        replace_file(str(info / "direct_url.json"), json.dumps(record, sort_keys=True).encode())
    place.noted(private=PRIVATE, record=record)
    with place.unfinished():
        assert json.loads((info / "direct_url.json").read_text()) == record
        (row,) = [row for row in place.rows() if "direct_url" in row]
        assert row.startswith(f"{INFO}/direct_url.json,sha256=")


def test_a_direct_url_of_something_else_stays(place: BarePlace) -> None:
    """It was installed anew meanwhile."""
    info = place.install(url="file:///elsewhere")
    place.noted(private=PRIVATE, record={"url": URL})
    before = tree_state(info)
    with place.unfinished():
        assert tree_state(info) == before


def test_what_a_killed_replacement_left_goes(place: BarePlace) -> None:
    """The new file that never took the old one's place."""
    info = place.install()
    (info / ".safepip-coming-abc").write_text("half")
    place.noted(marked=True)
    with place.unfinished():
        assert not (info / ".safepip-coming-abc").exists()


def test_metadata_of_what_pip_has_not_finished_goes(place: BarePlace) -> None:
    """And what Python was writing byte code to; all else stays, and is overwritten."""
    info = place.install(finished=False)
    cache = place.site / "lib/__pycache__"
    cache.mkdir()
    for name in ("__init__.cpython-311.pyc", "__init__.cpython-311.pyc.140", "other.cpython-311.pyc.140"):
        (cache / name).write_bytes(b"")
    place.noted(new=True, marked=True)
    with place.unfinished():
        assert not info.exists()
        assert sorted(os.listdir(cache)) == ["__init__.cpython-311.pyc", "other.cpython-311.pyc.140"]
        assert (place.site / "lib/__init__.py").exists()
    assert place.told[-1] == "there in part, and so not installed: lib 1.0"


def test_only_what_was_not_there_before_goes(place: BarePlace) -> None:
    """What another program has installed may have no such RECORD."""
    place.install(finished=False)
    place.noted(new=False, marked=True)
    before = tree_state(place.site)
    with place.unfinished():
        assert tree_state(place.site) == before


def test_what_pip_has_not_come_to_is_as_before(place: BarePlace) -> None:
    """The RECORD is still that of the earlier installation."""
    info = place.install()
    found = (info / "RECORD").stat()
    place.noted(before=(found.st_ino, found.st_mtime_ns), marked=True)
    before = tree_state(place.site)
    with place.unfinished():
        assert tree_state(place.site) == before
        assert not place.note.exists()


@pytest.mark.parametrize("case", ["no record", "the wheel's record", "put back", "another one's", "had none"])
def test_a_version_in_its_own_place_is_there_as_a_whole_or_not_at_all(place: BarePlace, case: str) -> None:
    """As with --force-reinstall. What pip has put back is as before, also where it is a copy."""
    info = place.install(finished=case == "put back")
    record = info / "RECORD"
    os.utime(record, ns=(1, 1))
    found = record.stat()
    before = (0, 0) if case == "had none" else (found.st_ino + 1, found.st_mtime_ns)
    if case == "the wheel's record":
        os.utime(record)
    elif case in ("no record", "had none"):
        record.unlink()
    place.noted(before=before, marked=True)
    in_part = case in ("no record", "the wheel's record")
    with place.unfinished(dry_run=True) as unfinished:
        assert unfinished.in_part == ({str(info)} if in_part else set())
    with place.unfinished():
        assert info.exists() is not in_part
    assert (place.told[-1] == "there in part, and so not installed: lib 1.0") is in_part


def test_no_link_leads_elsewhere(place: BarePlace, tmp_path: Path) -> None:
    """Neither the metadata folder, nor that of byte code, nor the note."""
    info = place.install(finished=False)
    away = tmp_path / "away"
    info.rename(away)
    info.symlink_to(away)
    place.noted(new=True)
    before = tree_state(away)
    with place.unfinished():
        assert tree_state(away) == before
    info.unlink()
    away.rename(info)
    away.mkdir()
    (away / "__init__.cpython-311.pyc.1").write_text("")
    (place.site / "lib/__pycache__").symlink_to(away)
    place.noted(new=True)
    with place.unfinished():
        assert not info.exists()
        assert (away / "__init__.cpython-311.pyc.1").exists()
    place.noted(new=True)
    place.note.rename(away / "note")
    place.note.symlink_to(away / "note")
    with pytest.raises(Unavailable, match="unfinished-installation"), place.unfinished():
        pytest.fail("it was entered")
    assert (away / "note").exists()


@pytest.mark.parametrize("rows", ["/etc/x.py,,\n", "../../x.py,,\n", "a/../../x.py,,\n", "\xff.py\n"])
def test_rows_that_lead_out_are_passed_over(place: BarePlace, rows: str) -> None:
    """The RECORD of what pip has not finished is the wheel's own."""
    info = place.install(finished=False)
    outside = place.prefix / "__pycache__"
    outside.mkdir()
    (outside / "x.cpython-311.pyc.1").write_text("")
    (info / "RECORD").write_text(rows, encoding="latin-1")
    place.noted(new=True)
    with place.unfinished():
        assert (outside / "x.cpython-311.pyc.1").exists()
        assert not info.exists()


def test_what_is_no_note_goes_without_a_word(place: BarePlace) -> None:
    """It was cut off before anything had begun."""
    place.note.write_text('{"form": 1, "distr')
    with place.unfinished():
        assert not place.note.exists()
    assert place.told == []


def test_a_dry_run_and_other_places_touch_nothing(place: BarePlace) -> None:
    """What is there does not count for them."""
    place.install()
    place.noted(marked=True)
    before = tree_state(place.prefix)
    for settings in ({"dry_run": True}, {"target_dir": "/t"}, {"prefix_dir": "/p"}, {"root_dir": "/r"}):
        with place.unfinished(**settings):
            assert tree_state(place.prefix) == before


def test_what_cannot_be_taken_away_ends_the_run(place: BarePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would count as installed. What else is noted is set right, and the note stays."""
    info = place.install(finished=False)
    other = place.site / "app-1.0.dist-info"
    other.mkdir()
    stuck, rmtree = str(other), shutil.rmtree

    def refuse(path: str) -> None:
        if path == stuck:
            raise PermissionError(1, "not permitted", path)
        rmtree(path)

    entries = [Undone("app", "1.0", "purelib", other.name, new=True), Undone("lib", "1.0", "purelib", INFO, new=True)]
    place.note.write_text(text_of(entries))
    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(Unavailable, match="unfinished-installation") as caught, place.unfinished():
        pytest.fail("it was entered")
    assert caught.value.diagnostics[0].context == (f"{other}: not permitted",)
    assert not info.exists()
    assert place.note.exists()
    monkeypatch.undo()
    with place.unfinished():
        assert not other.exists()
        assert not place.note.exists()


def test_byte_code_that_cannot_be_removed_keeps_nothing(place: BarePlace) -> None:
    """A wheel may have a file of the name of its folder."""
    info = place.install(finished=False)
    (place.site / "lib/__pycache__").write_text("a file")
    place.noted(new=True)
    with place.unfinished():
        assert not info.exists()
    assert place.told[-1].endswith("not installed: lib 1.0")


#: By name, what becomes of a RECORD, and whether pip has finished it for all that.
DAMAGED: dict[str, tuple[Callable[[bytes], bytes], bool]] = {
    "not UTF-8": (lambda old: b"l\xffb.py,,\n" + old, True),
    "a NUL in a row": (lambda old: b"a\0b/x.py,,\n" + old, True),
    "no line ends": (lambda old: old.rstrip(b"\n"), True),
    "empty": (lambda _: b"", False),
    "only NUL": (lambda _: b"\0" * 100, False),
    "not UTF-8, unfinished": (lambda _: b"l\xffb/x.py,,\na\0b/x.py,,\n", False),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_record_is_none_or_is_corrected(place: BarePlace, name: str) -> None:
    """Rows that nobody can read stay as they are."""
    change, finished = DAMAGED[name]
    info = place.install(url=PRIVATE)
    (info / "RECORD").write_bytes(change((info / "RECORD").read_bytes()))
    rows = [
        row
        for row in (info / "RECORD").read_bytes().splitlines()
        if b"INSTALLER" not in row and INFO.encode() not in row
    ]
    place.noted(new=True, marked=True, private=PRIVATE, record={"url": URL})
    with place.unfinished():
        assert info.exists() is finished
        assert not place.note.exists()
        if finished:
            assert not (info / "REQUESTED").exists()
            after = (info / "RECORD").read_bytes().splitlines()
            assert [row for row in after if row in rows] == rows
            assert not any(b"REQUESTED" in row for row in after)


@pytest.mark.parametrize("kind", ["a link", "a pipe", "too large"])
def test_a_record_that_cannot_be_read_is_not_one_that_is_missing(
    place: BarePlace, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken away, and nothing goes on."""
    info = place.install()
    place.noted(new=True, marked=True)
    if kind == "too large":
        monkeypatch.setattr("safepip.edges.pip.unfinished._LONGEST_RECORD", 10)
    else:
        (info / "RECORD").rename(info / "elsewhere")
        if kind == "a link":
            (info / "RECORD").symlink_to("elsewhere")
        else:
            os.mkfifo(info / "RECORD")
    before = sorted(place.prefix.rglob("*"))
    with pytest.raises(Unavailable, match="unfinished-installation"), place.unfinished():
        pytest.fail("it was entered")
    assert sorted(place.prefix.rglob("*")) == before


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "later", "other user's"])
def test_what_is_no_note_of_this_safepip_is_named_and_stays(place: BarePlace, kind: str) -> None:
    """With what to do; not one that a later one has written, nor one that cannot be opened."""
    info = place.install(finished=False)
    place.noted(new=True)
    text = place.note.read_text()
    if kind == "later":
        place.note.write_text(text.replace('"form": 1', '"form": 2'))
    elif kind == "other user's":
        if os.geteuid() == 0:
            pytest.skip("the superuser can open all")
        place.note.chmod(0)
    else:
        place.note.unlink()
        if kind == "link":
            place.note.symlink_to("elsewhere")
        elif kind == "folder":
            place.note.mkdir()
        else:
            os.mkfifo(place.note)
    with pytest.raises(Unavailable, match="unfinished-installation") as caught, place.unfinished():
        pytest.fail("it was entered")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.context[0].startswith(f"{place.note}: ")
    assert "remove" in diagnostic.hint
    assert os.path.lexists(place.note)
    assert info.exists()


def test_a_dry_run_says_that_one_was_cut_off(place: BarePlace) -> None:
    """And changes nothing."""
    place.install(finished=False)
    place.noted(new=True)
    before = tree_state(place.prefix)
    with place.unfinished(dry_run=True):
        assert "has not ended or was cut off" in place.told[0]
    assert tree_state(place.prefix) == before


def test_in_a_dry_run_what_is_there_in_part_does_not_count(place: BarePlace) -> None:
    """And what pip has finished does."""
    info = place.install(finished=False)
    for new, record, in_part in (
        (True, None, {str(info)}),
        (False, None, set()),
        (True, f"{INFO}/INSTALLER,,\n", set()),
    ):
        if record:
            (info / "RECORD").write_text(record)
        place.noted(new=new)
        with place.unfinished(dry_run=True) as unfinished:
            assert unfinished.in_part == in_part
