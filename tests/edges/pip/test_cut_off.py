"""The note of an installation that was cut off: set right by the next run, whatever moment it was cut off at."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from safepip.edges.pip.record_rows import replace_file
from safepip.edges.pip.unfinished import Unfinished
from safepip.handover.parts import Hands, make_handovers
from safepip.handover.unfinished import Undone, text_of
from safepip.model.errors import Unavailable
from safepip.model.plan import Settings, Target
from safepip.wheel.install_paths import layout_of
from support.environment import tree_state
from support.handing import Chosen, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.handover.instructions import Handover

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files are locked as POSIX has it")

URL = "https://files.acme.example/lib-1.0-py3-none-any.whl"
PRIVATE = "file:///cache/handover-x/part-1/wheels/lib-1.0-py3-none-any.whl"
INFO = "lib-1.0.dist-info"


class Place:
    """An environment's folders, without an environment."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "env"
        self.site = self.prefix / "lib/site-packages"
        self.site.mkdir(parents=True)
        names = ("purelib", "platlib", "scripts", "include", "data", "stdlib", "platstdlib")
        schemes = {name: str(self.site if name.endswith("lib") else self.prefix) for name in names}
        self.target = Target("/python", "3.11.7", {"os_name": "posix"}, (), prefix=str(self.prefix), schemes=schemes)
        self.note = self.prefix / ".safepip-unfinished-3.11"
        self.told: list[str] = []
        self.asked, self.is_another = 0, False

    def unfinished(self, **more: object) -> Unfinished:
        return Unfinished(Settings(**more), self.target, self.told.append, self.sure)  # type: ignore[arg-type]

    def sure(self) -> None:
        """What is asked before anything is touched."""
        self.asked += 1
        if self.is_another:
            raise Unavailable.because("interpreter-changed", "it is another one")

    def install(self, *, requested: bool = True, finished: bool = True, url: str = "") -> Path:
        """`lib` as pip leaves it; its metadata folder."""
        info = self.site / INFO
        info.mkdir()
        (self.site / "lib").mkdir()
        rows = ["lib/__init__.py,,", f"{INFO}/METADATA,,"]
        (self.site / "lib/__init__.py").write_text("")
        (info / "METADATA").write_text("Name: lib\nVersion: 1.0\n")
        for name, text, there in (
            ("INSTALLER", "pip\n", finished),
            ("REQUESTED", "", requested),
            ("direct_url.json", json.dumps({"url": url}), bool(url)),
        ):
            if there:
                (info / name).write_text(text)
            if there and finished:
                rows.append(f"{INFO}/{name},,")
        (info / "RECORD").write_text("".join(f"{row}\n" for row in [*rows, f"{INFO}/RECORD,,"]))
        return info

    def noted(self, **more: object) -> None:
        entry = Undone("lib", "1.0", "purelib", INFO)._replace(**more)  # type: ignore[arg-type]
        self.note.write_text(text_of([entry]))

    def rows(self) -> list[str]:
        return (self.site / INFO / "RECORD").read_text().splitlines()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Empty."""
    return Place(tmp_path)


def test_a_mark_that_is_too_much_goes_with_its_row(place: Place) -> None:
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


def test_an_environment_that_may_be_another_one_is_not_touched(place: Place) -> None:
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
def test_a_mark_that_is_taken_away_half(place: Place, half: str) -> None:
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


def remove_mark_row(info: Path) -> None:
    record = info / "RECORD"
    record.write_text("".join(f"{row}\n" for row in record.read_text().splitlines() if "REQUESTED" not in row))


def test_what_the_user_asked_for_stays_marked(place: Place) -> None:
    """Only what is noted is taken away."""
    info = place.install()
    place.noted(marked=False)
    before = tree_state(info)
    with place.unfinished():
        assert tree_state(info) == before


@pytest.mark.parametrize("half", [False, True])
def test_a_direct_url_is_corrected(place: Place, half: bool) -> None:
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


def test_a_direct_url_of_something_else_stays(place: Place) -> None:
    """It was installed anew meanwhile."""
    info = place.install(url="file:///elsewhere")
    place.noted(private=PRIVATE, record={"url": URL})
    before = tree_state(info)
    with place.unfinished():
        assert tree_state(info) == before


def test_what_a_killed_replacement_left_goes(place: Place) -> None:
    """The new file that never took the old one's place."""
    info = place.install()
    (info / ".safepip-coming-abc").write_text("half")
    place.noted(marked=True)
    with place.unfinished():
        assert not (info / ".safepip-coming-abc").exists()


def test_metadata_of_what_pip_has_not_finished_goes(place: Place) -> None:
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


def test_only_what_was_not_there_before_goes(place: Place) -> None:
    """What another program has installed may have no such RECORD."""
    place.install(finished=False)
    place.noted(new=False, marked=True)
    before = tree_state(place.site)
    with place.unfinished():
        assert tree_state(place.site) == before


def test_what_pip_has_not_come_to_is_as_before(place: Place) -> None:
    """The RECORD is still that of the earlier installation."""
    info = place.install()
    found = (info / "RECORD").stat()
    place.noted(before=(found.st_ino, found.st_mtime_ns), marked=True)
    before = tree_state(place.site)
    with place.unfinished():
        assert tree_state(place.site) == before
        assert not place.note.exists()


def test_no_link_leads_elsewhere(place: Place, tmp_path: Path) -> None:
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
    place.told.clear()
    with place.unfinished():
        assert (away / "note").exists()
    assert "cannot be set right" in place.told[0]


@pytest.mark.parametrize("rows", ["/etc/x.py,,\n", "../../x.py,,\n", "a/../../x.py,,\n", "\xff.py\n"])
def test_rows_that_lead_out_are_passed_over(place: Place, rows: str) -> None:
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


def test_what_is_no_note_goes_without_a_word(place: Place) -> None:
    """It was cut off before anything had begun."""
    place.note.write_text('{"form": 1, "distr')
    with place.unfinished():
        assert not place.note.exists()
    assert place.told == []


def test_a_dry_run_and_other_places_touch_nothing(place: Place) -> None:
    """What is there does not count for them."""
    place.install()
    place.noted(marked=True)
    before = tree_state(place.prefix)
    for settings in ({"dry_run": True}, {"target_dir": "/t"}, {"prefix_dir": "/p"}, {"root_dir": "/r"}):
        with place.unfinished(**settings):
            assert tree_state(place.prefix) == before


def handover_of(place: Place, folder: Path, hands: Hands, *, url: str | None = None) -> Handover:
    settings = Settings()
    choices = [
        Chosen(make_wheel(folder, "app", "1.0"), requested=True),
        Chosen(make_wheel(folder, "lib", "1.0"), requested=url is not None, direct_url=url),
    ]
    resolution, wheels = resolve(choices, (), layout_of(settings, place.target))
    made = make_handovers(resolution, wheels, settings, place.target, "/private", hands)
    assert made is not None
    return made


def test_several_pips_are_noted_and_one_is_not(place: Place, tmp_path: Path) -> None:
    """But for what is corrected after it. When all is done the note goes."""
    for hands, url, names in ((Hands(2), None, ["app", "lib"]), (Hands(1), None, []), (Hands(1), URL, ["lib"])):
        with place.unfinished() as unfinished:
            assert unfinished.possible
            unfinished.begin(handover_of(place, tmp_path, hands, url=url))
            assert place.note.exists() is bool(names)
            if names:
                noted = json.loads(place.note.read_text())["distributions"]
                assert [entry["name"] for entry in noted] == names
                assert len(unfinished.handles) == 1
            unfinished.end(whole=True)
            assert not place.note.exists()
            assert unfinished.missing == ()


def test_where_one_fails_it_is_known_what_is_there(place: Place, tmp_path: Path) -> None:
    """What is there is set right at once, and what is not is named."""
    with place.unfinished() as unfinished:
        unfinished.begin(handover_of(place, tmp_path, Hands(2)))
        info = place.install()
        unfinished.end(whole=False)
        assert unfinished.missing == ("app",)
        assert not (info / "REQUESTED").exists()
        assert not place.note.exists()


@pytest.mark.parametrize("case", ["made", "before", "link", "prefix"])
def test_only_what_this_run_has_made_goes_where_it_differs(place: Place, tmp_path: Path, case: str) -> None:
    """Nothing behind a link, and nothing where a later run installs everything again."""
    info = place.install() if case == "before" else place.site / INFO
    with place.unfinished(**({"prefix_dir": "/p"} if case == "prefix" else {})) as unfinished:
        unfinished.begin(handover_of(place, tmp_path, Hands(1)))
        if case != "before":
            place.install()
        if case == "link":
            info.symlink_to(info.rename(tmp_path / "elsewhere"))
        unfinished.end(whole=False, differing=["lib"])
    assert (info / "METADATA").exists() is (case != "made")
    assert unfinished.differing == (("lib",) if case == "made" else ())


def test_remains_that_were_there_before_stay(place: Place, tmp_path: Path) -> None:
    """They are not this run's, which has not finished them either."""
    (place.site / INFO).mkdir()
    with place.unfinished() as unfinished:
        unfinished.begin(handover_of(place, tmp_path, Hands(2)))
        unfinished.end(whole=False)
        assert (place.site / INFO).is_dir()


def test_a_place_that_cannot_be_written(place: Place, tmp_path: Path) -> None:
    """Several pips do not start without a note; one does without."""
    place.note.mkdir()
    with place.unfinished() as unfinished:
        unfinished.begin(handover_of(place, tmp_path, Hands(1), url=URL))
        assert unfinished.handles == ()
        with pytest.raises(Unavailable, match="target-not-writable"):
            unfinished.begin(handover_of(place, tmp_path, Hands(2)))
    assert place.note.is_dir()


def test_where_no_note_can_be_written_one_pip_does_everything(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the folder that is there, or above the one that is yet to be made; other places need none."""
    asked: list[str] = []

    def access(path: str, _mode: int) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr(os, "access", access)
    assert not place.unfinished().possible
    base = str(place.prefix / "new/base")
    place.target = place.target._replace(user_schemes={"data": base}, user_site=f"{base}/site")
    assert not place.unfinished(user=True).possible
    assert asked == [str(place.prefix)] * 2
    assert place.unfinished(prefix_dir="/p").possible


def test_the_pips_of_a_killed_run_are_waited_for(place: Place) -> None:
    """They hold the note; the next run goes on when the last of them has ended."""
    info = place.install()
    place.noted(marked=True)
    reader, writer = os.pipe()
    handle = os.open(place.note, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    pip = subprocess.Popen([sys.executable, "-c", "input()"], stdin=reader, pass_fds=(handle,))
    os.close(handle)
    os.close(reader)
    done = threading.Event()

    def run() -> None:
        with place.unfinished():
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert not done.wait(0.3)
    assert place.told == ["another installation into this environment has not ended; waiting for it"]
    assert (info / "REQUESTED").exists()
    os.close(writer)
    thread.join(30)
    assert done.is_set()
    assert pip.wait(30) is not None
    assert not (info / "REQUESTED").exists()
