"""A file that safepip writes for its user is there as a whole, or as it was before."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk import whole_files
from safepip.edges.disk.lock_files import write_lock_text
from safepip.edges.disk.new_file import write_new
from safepip.edges.disk.whole_files import write_whole
from safepip.model.errors import Unavailable
from support.runs import unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.environment import Runner
    from support.index import IndexServer
    from support.inside import Inside

resource = pytest.importorskip("resource", reason="this system limits no sizes of files")

ROOM = 100_000
TEXT = "{}\n" * ROOM


@pytest.fixture
def full() -> Iterator[None]:
    """No file may become larger than `ROOM`: a write fails half-way, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def in_place(path: str, text: str) -> None:
    write_whole(path, text, in_place=True)


WRITERS: dict[str, Callable[[str, str], None]] = {"a report": in_place, "a lock": write_lock_text, "new": write_new}
OVER: dict[str, Callable[[str, str], None]] = {
    "a report": in_place,
    "a lock": write_lock_text,
    "a report that must stay where it is": lambda path, text: whole_files._overwrite(path, text.encode()),
}


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", WRITERS)
def test_where_there_is_no_room_there_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises((OSError, Unavailable)):
        WRITERS[name](str(tmp_path / "file"), TEXT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", OVER)
def test_what_is_there_stays_where_there_is_no_room(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises((OSError, Unavailable)):
        OVER[name](str(tmp_path / "file"), TEXT)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


@pytest.fixture
def dry(run: Inside, index: IndexServer) -> Callable[[str], int]:
    """A dry run with a report; its exit code."""
    index.add("app", "1.0")
    words = ("install", "--dry-run", "-I", "-q", "-i", index.url, "app")
    return lambda path: run(*words, "--report", path).code


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_report_takes_the_place_of_what_is_there(dry: Callable[[str], int], run: Inside) -> None:
    """Its permissions stay, a link stays a link, and nothing else is left. A pipe without a reader is an error."""
    (run.folder / "old.json").write_text("old" * ROOM)
    (run.folder / "old.json").chmod(0o640)
    (run.folder / "link.json").symlink_to("old.json")
    assert dry("link.json") == 0
    assert (run.folder / "link.json").is_symlink()
    assert (run.folder / "old.json").stat().st_mode & 0o777 == 0o640
    assert json.loads((run.folder / "old.json").read_text())["install"]
    os.mkfifo(run.folder / "pipe")
    assert dry("pipe") == 1
    assert sorted(path.name for path in run.folder.iterdir()) == ["home", "link.json", "old.json", "pipe"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no such permissions")
def test_a_report_in_a_closed_folder_is_written_where_it_is(runner: Runner, index: IndexServer) -> None:
    """A file that is mounted, or that somebody has put there to be written, as with pip."""
    index.add("app", "1.0")
    folder = runner.folder / "closed"
    folder.mkdir()
    report = folder / "report.json"
    report.write_text("old" * ROOM)
    report.chmod(0o666)
    folder.chmod(0o555)
    words = ("install", "--dry-run", "-I", "-q", "--no-cache-dir", "-i", index.url, "app", "--report", str(report))
    done = runner.run([*unprivileged(), sys.executable, "-m", "safepip", *words])
    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text())["install"]


@pytest.mark.parametrize("writer", ["a report", "a lock"])
def test_a_link_that_the_system_does_not_follow_is_not_followed(tmp_path: Path, writer: str) -> None:
    """One that leads to itself stands for another user's link in `/tmp`, which only some systems do not follow."""
    (tmp_path / "link").symlink_to("link")
    with pytest.raises((OSError, Unavailable)):
        WRITERS[writer](str(tmp_path / "link"), TEXT)
    assert (tmp_path / "link").is_symlink()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="this system has no names for what is open")
@pytest.mark.parametrize("writer", ["a report", "a lock"])
def test_what_a_program_has_opened_is_written_where_it_is(tmp_path: Path, writer: str) -> None:
    """`--report /dev/fd/3 3>report.json`: another file in its place would be seen by nobody who has it open."""
    with (tmp_path / "file").open("w+") as file:
        WRITERS[writer](f"/dev/fd/{file.fileno()}", "text")
        assert file.read() == "text"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
