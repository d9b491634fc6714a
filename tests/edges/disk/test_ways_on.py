"""What a hint says where a file is not there or cannot be written leads on, whichever command is asked."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

import pytest

from safepip.edges.console.ways_to_write import way_to_write
from safepip.edges.disk.near_locks import way_to_a_lock
from support.advisories import record, versions_of
from support.audits import know
from support.uploads import days_ago
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside


@pytest.fixture
def asked(run: Inside) -> Inside:
    """A folder with wheels, and what names one of them."""
    make_wheel(run.folder / "wheels", "demo", "1.0")
    (run.folder / "requirements.in").write_text("demo\n")
    return run


#: Commands that write to a file in the folder `made/later`, and what else can be named.
WRITING = {
    ("install", "--dry-run", "--report"): "--report",
    ("lock", "-r", "requirements.in", "-o"): "-o",
    ("init", "-o"): "-o",
}


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_a_folder_that_is_not_there_is_named(asked: Inside, words: tuple[str, ...]) -> None:
    """When it has been made, the same command ends with 0."""
    source = [] if words[0] == "init" else ["--no-index", "-f", "wheels"]
    what = ["demo"] if words[0] == "install" else ["--offline"] if words[0] == "init" else []
    folder = asked.folder / "made" / "later"
    line = (*words, str(folder / "pylock.toml"), *source, *what)
    if words[0] == "init":
        (asked.folder / "requirements.in").unlink()
    done = asked(*line)
    assert done.code == 1, done.out + done.err
    assert f"hint: make the folder {folder} first, or name another file with {WRITING[words]}" in done.err
    folder.mkdir(parents=True)
    again = asked(*line)
    assert again.code == 0, again.err


def test_a_log_says_so_too(asked: Inside) -> None:
    """Its folder is made; where that cannot be done, another place helps."""
    done = asked("lock", "-r", "requirements.in", "--log", "requirements.in/x/log")
    assert (done.code, "hint: name another file with --log, or leave it out" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room there, or OTHER"),
        (errno.EDQUOT, "make room there, or OTHER"),
        (errno.EACCES, "OTHER"),
        (errno.EROFS, "OTHER"),
        (errno.EISDIR, "OTHER"),
        (errno.ENOENT, "OTHER"),
    ],
)
def test_room_is_asked_for_where_there_is_none(tmp_path: Path, number: int, hint: str) -> None:
    assert way_to_write(OSError(number, "text"), str(tmp_path / "file"), "OTHER") == hint


LOCKS = (("install", "-r"), ("sync",), ("tree", "-r"), ("audit", "-r"), ("audit", "--fix", "-r"))


@pytest.mark.parametrize("words", LOCKS, ids=" ".join)
@pytest.mark.parametrize("name", ["pylock.toml", "pylock.deep.toml"])
def test_a_lock_that_is_not_there_can_be_made(asked: Inside, words: tuple[str, ...], name: str) -> None:
    """By the command of the hint, pasted, with a file of requirements in the place of FILE."""
    if words[0] == "audit":
        know(asked, record("PYSEC-2024-1", versions_of("other", "introduced 0"), modified=days_ago(1)))
    done = asked(*words, name)
    assert done.code in (1, 2), done.out + done.err
    found = re.search(r"^hint: make it of your requirements: safepip (lock .*)$", done.err, re.MULTILINE)
    assert found is not None, done.err
    made = asked(*found[1].replace("FILE", "requirements.in").split(), "--no-index", "-f", "wheels")
    assert (made.code, (asked.folder / name).is_file()) == (0, True), made.err


def test_a_lock_beside_it_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose name is spelt nearly so, wherever it lies."""
    (tmp_path / "pylock.main.toml").touch()
    assert way_to_a_lock(str(tmp_path / "pylock.mian.toml")) == f"did you mean {tmp_path / 'pylock.main.toml'}?"
    monkeypatch.chdir(tmp_path)
    assert way_to_a_lock("pylock.mian.toml") == "did you mean pylock.main.toml?"


@pytest.mark.parametrize("in_a_file", [False, True])
def test_the_files_of_a_folder_are_named_where_a_shell_reads_the_pattern(asked: Inside, in_a_file: bool) -> None:
    """Nobody but a shell does: as a line of a requirements file the pattern would be a file that is not there."""
    (asked.folder / "safepip.toml").write_text('[[index]]\nname = "public"\ndefault = true\n')
    (asked.folder / "r.txt").write_text("-f wheels\ndemo\n")
    done = asked("install", "--dry-run", *(["-r", "r.txt"] if in_a_file else ["-f", "./wheels", "demo"]))
    assert (done.code, "error: undeclared-index" in done.err) == (20, True), done.err
    assert ("for example on the command line:\n" in done.err) == in_a_file, done.err
    (pattern,) = re.findall(r"^    (\S+/\*\.whl)$", done.err, re.MULTILINE)
    found = [str(path) for path in asked.folder.glob(pattern.removeprefix(f"{asked.folder}/"))]
    assert asked("install", "--dry-run", "--no-deps", *found).code == 0
