"""An environment is changed by one installation at a time: what is held, noted and waited for, and what is not."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.pip import note
from safepip.edges.pip.note import LONGEST_WAIT, place_of
from safepip.handover.parts import Hands, make_handovers
from safepip.model.errors import Unavailable
from safepip.model.plan import Settings
from safepip.wheel.install_paths import layout_of
from support.bare_places import INFO, URL, BarePlace
from support.environment import tree_state
from support.handing import Chosen, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.handover.instructions import Handover

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files are locked as POSIX has it")


@pytest.fixture
def place(tmp_path: Path) -> BarePlace:
    """Empty."""
    return BarePlace(tmp_path)


def handover_of(place: BarePlace, folder: Path, hands: Hands, *, url: str | None = None) -> Handover:
    settings = Settings()
    choices = [
        Chosen(make_wheel(folder, "app", "1.0"), requested=True),
        Chosen(make_wheel(folder, "lib", "1.0"), requested=url is not None, direct_url=url),
    ]
    resolution, wheels = resolve(choices, (), layout_of(settings, place.target))
    made = make_handovers(resolution, wheels, settings, place.target, "/private", hands)
    assert made is not None
    return made


def test_all_that_is_installed_is_noted(place: BarePlace, tmp_path: Path) -> None:
    """Until then the note is empty. When all is done it goes."""
    for hands, url in ((Hands(2), None), (Hands(1), None), (Hands(1), URL)):
        with place.unfinished() as unfinished:
            possible = [unfinished.possible]
            unfinished.hold()
            assert [*possible, unfinished.possible] == [False, True]
            unfinished.begin(handover_of(place, tmp_path, hands, url=url))
            entries = json.loads(place.note.read_text())["distributions"]
            assert [(entry["name"], bool(entry["private"])) for entry in entries] == [
                ("app", False),
                ("lib", bool(url)),
            ]
            assert len(unfinished.handles) == 1
            unfinished.end(whole=True)
            assert not place.note.exists()
            assert unfinished.missing == ()


def test_a_note_that_cannot_be_written_to(place: BarePlace, tmp_path: Path) -> None:
    """Several pips do not start without a note; one does without. What it has not finished goes all the same."""
    full = "/dev/full"
    if not os.path.exists(full):
        pytest.skip("no device that is always full")
    for hands in (Hands(1), Hands(2)):
        with place.unfinished() as unfinished:
            unfinished.hold()
            handle = os.open(full, os.O_WRONLY)
            os.dup2(handle, unfinished.handles[0])
            os.close(handle)
            if hands.stated == 1:
                unfinished.begin(handover_of(place, tmp_path, hands, url=URL))
                info = place.install(finished=False)
                unfinished.end(whole=False)
                assert not info.exists()
            else:
                with pytest.raises(Unavailable, match="target-not-writable"):
                    unfinished.begin(handover_of(place, tmp_path, hands))
        assert not place.note.exists()


def test_where_no_note_can_be_made_one_pip_does_everything(place: BarePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other places need none."""

    def mkdir(path: str, *_: object) -> None:
        raise PermissionError(path)

    base = str(place.prefix / "new/base")
    place.target = place.target._replace(user_schemes={"data": base}, user_site=f"{base}/site")
    monkeypatch.setattr(os, "mkdir", mkdir)
    with place.unfinished(user=True) as unfinished:
        unfinished.hold()
        assert (unfinished.possible, unfinished.handles) == (False, ())
    with place.unfinished(prefix_dir="/p") as unfinished:
        unfinished.hold()
        assert unfinished.possible
    assert list(place.prefix.iterdir()) == [place.prefix / "lib"]


def test_where_nothing_was_installed_nothing_stays(place: BarePlace) -> None:
    """Neither the note nor folders that were made for it."""
    base = str(place.prefix / "new/base")
    place.target = place.target._replace(user_schemes={"data": base}, user_site=f"{base}/site")
    before = tree_state(place.prefix)
    with place.unfinished(user=True) as unfinished:
        unfinished.hold()
        assert len(list(Path(base).iterdir())) == 1
    assert tree_state(place.prefix) == before


@pytest.mark.parametrize("ended", [False, True])
def test_what_another_run_has_changed_meanwhile_is_not_gone_on_with(place: BarePlace, ended: bool) -> None:
    """It has begun since, or has begun and ended. Nothing of its is touched."""
    with place.unfinished() as late:
        with place.unfinished() as early:
            early.hold()
            if ended:
                place.install()
            else:
                with pytest.raises(Unavailable, match="target-changed"):
                    late.hold()
                assert place.note.exists()
        before = tree_state(place.prefix)
        if ended:
            with pytest.raises(Unavailable, match="target-changed"):
                late.hold()
    assert tree_state(place.prefix) == before


def test_a_run_that_begins_waits_for_one_that_works_and_decides_then(place: BarePlace) -> None:
    """What it decides on is what the other has left."""
    entered = threading.Event()

    def run() -> None:
        with place.unfinished() as unfinished:
            unfinished.hold()
            entered.set()

    with place.unfinished() as early:
        early.hold()
        thread = threading.Thread(target=run)
        thread.start()
        assert not entered.wait(0.3)
        place.install()
    thread.join(30)
    assert entered.is_set()
    assert not place.note.exists()


def test_the_pips_of_a_killed_run_are_waited_for(place: BarePlace) -> None:
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


def test_another_installation_is_not_waited_for_without_end(place: BarePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the note."""
    assert LONGEST_WAIT == 600
    monkeypatch.setattr(note, "LONGEST_WAIT", 0.1)
    with place.unfinished() as early:
        early.hold()
        with pytest.raises(Unavailable, match="target-in-use") as caught, place.unfinished():
            pytest.fail("it was entered")
        assert str(place.note) in caught.value.diagnostics[0].context[0]
        assert place.note.exists()


@contextmanager
def without_locks() -> Iterator[None]:
    """As on a file system that has none."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", flock)
        yield


def test_where_files_cannot_be_locked_nothing_is_taken_away(place: BarePlace) -> None:
    """A run may be at work there. That is said, and one pip does everything."""
    info = place.install(finished=False)
    place.noted(new=True)
    before = tree_state(place.prefix)
    with without_locks():
        with place.unfinished() as unfinished:
            unfinished.hold()
            assert (unfinished.possible, unfinished.handles) == (False, ())
        assert tree_state(place.prefix) == before
        assert "files cannot be locked here" in place.told[0]
        place.note.unlink()
        with place.unfinished() as unfinished:
            unfinished.hold()
            assert (unfinished.possible, unfinished.handles) == (False, ())
            assert not place.note.exists()
    assert info.exists()


def test_no_one_else_can_open_the_note(place: BarePlace) -> None:
    """Who can open it can lock it. It is opened for writing, which NFS demands of who locks it alone."""
    with place.unfinished() as unfinished:
        unfinished.hold()
        assert stat.S_IMODE(place.note.stat().st_mode) == 0o600
        assert fcntl.fcntl(unfinished.handles[0], fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR


def test_pythons_that_share_a_folder_have_notes_of_their_own(place: BarePlace, tmp_path: Path) -> None:
    """PyPy, a free-threaded CPython, a distributor's schemes. One environment has one, wherever it is mounted."""
    schemes = place.target.schemes
    other = {**schemes, "purelib": f"{place.prefix}/lib/python3.11t/site-packages"}
    apart = {**schemes, "platlib": f"{place.prefix}/lib64/site-packages"}
    paths = {made.path for each in (schemes, other, apart) if (made := place_of(each, place.target)) is not None}
    assert len(paths) == 3
    (tmp_path / "link").symlink_to(place.prefix)
    linked = {name: path.replace(str(place.prefix), str(tmp_path / "link")) for name, path in schemes.items()}
    found = place_of(linked, place.target)
    assert found is not None
    assert os.path.basename(found.path) == place.note.name


def test_where_one_fails_it_is_known_what_is_there(place: BarePlace, tmp_path: Path) -> None:
    """What is there is set right at once, and what is not is named."""
    with place.unfinished() as unfinished:
        unfinished.hold()
        unfinished.begin(handover_of(place, tmp_path, Hands(2)))
        info = place.install()
        unfinished.end(whole=False)
        assert unfinished.missing == ("app",)
        assert not (info / "REQUESTED").exists()
        assert not place.note.exists()


def test_remains_that_were_there_before_stay(place: BarePlace, tmp_path: Path) -> None:
    """They are not this run's, which has not finished them either."""
    (place.site / INFO).mkdir()
    with place.unfinished() as unfinished:
        unfinished.hold()
        unfinished.begin(handover_of(place, tmp_path, Hands(2)))
        unfinished.end(whole=False)
        assert (place.site / INFO).is_dir()


@pytest.mark.parametrize("case", ["made", "before", "link", "prefix"])
def test_only_what_this_run_has_made_goes_where_it_differs(place: BarePlace, tmp_path: Path, case: str) -> None:
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


@pytest.mark.parametrize("begun", [False, True])
def test_where_setting_right_is_cut_off_the_next_run_does_it(
    place: BarePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """By a second Ctrl-C, at its very beginning. Without a pip there is nothing to be set right."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def run() -> None:
        with place.unfinished() as unfinished:
            unfinished.hold()
            if begun:
                unfinished.begin(handover_of(place, tmp_path, Hands(1)))
                place.install(finished=False)
            monkeypatch.setattr("safepip.edges.pip.unfinished._is_done", interrupt)
            unfinished.end(whole=False)
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    assert place.note.exists() is begun
    with place.unfinished():
        assert not (place.site / INFO).exists()
    assert place.told[1:] == (["there in part, and so not installed: lib 1.0"] if begun else [])
