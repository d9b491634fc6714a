"""`safepip cache`: what is kept is shown, checked and removed, and nothing else is touched."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk import own_cache
from safepip.edges.disk.cache_lock import held_alone, held_together
from safepip.edges.disk.store import Store
from safepip.model.errors import Unavailable
from support.environment import tree_state
from support.runs import begin

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Runner
    from support.index import IndexServer
    from support.inside import Inside
    from support.replies import Reply, Request


@pytest.fixture
def kept(run: Inside, index: IndexServer) -> Path:
    """The cache of a download of two projects and of a lock."""
    index.add("acme-app", "1.0", requires=["lib"])
    index.add("lib", "2.0")
    words = ("-i", index.url, "--cache-dir", "cache", "-q")
    assert run("download", "-d", "wheels", "acme-app", *words).code == 0
    assert run("lock", "acme-app", *words).code == 0
    return run.folder / "cache" / "safepip"


def stored(root: Path) -> list[Path]:
    """The files of the store."""
    return [path for path in (root / "sha256").rglob("*") if path.is_file()]


def test_it_shows_where_what_and_how_much(run: Inside, kept: Path) -> None:
    """`dir` is one line for a script; files have the names that indexes gave them."""
    assert run("cache", "dir", "--cache-dir", "cache").out == f"{kept}\n"
    size = sum(path.stat().st_size for path in stored(kept))
    info = {
        line.rsplit(maxsplit=3)[0].strip(): line
        for line in run("cache", "info", "--cache-dir", "cache").out.splitlines()
    }
    assert info["files"].split()[1:] == ["2", *own_size(size).split()]
    assert info["pages"].split()[1] != "0"
    done = run("cache", "list", "--cache-dir", "cache")
    assert [line.partition(" ")[0] for line in done.out.splitlines()] == [
        "acme_app-1.0-py3-none-any.whl",
        "lib-2.0-py3-none-any.whl",
    ]
    for pattern in ("Acme.App", "acme_*", "acme_app-1.*"):
        assert run("cache", "list", pattern, "--cache-dir", "cache").out.count("\n") == 1


def own_size(count: int) -> str:
    return f"{count} bytes" if count < 1000 else f"{count / 1000:.1f} kB"


def test_purge_removes_what_is_its_own_and_nothing_else(run: Inside, kept: Path) -> None:
    """Files of other names, files beside the cache's, links and what is behind them stay, wherever they lie."""
    outside = run.folder / "outside"
    (outside / "ab").mkdir(parents=True)
    (outside / "ab" / ("0" * 62)).write_text("precious")
    (kept / "thesis.txt").write_text("precious")
    (kept / "sha256" / "notes.txt").write_text("precious")
    (kept / "sha256" / "ab").mkdir(exist_ok=True)
    (kept / "sha256" / "ab" / "0123").write_text("precious")
    (kept / "sha512").symlink_to(outside)
    (kept / "sha256" / "cd").symlink_to(outside / "ab")
    (kept / "sha256" / "ab" / ("1" * 62)).symlink_to(outside / "ab" / ("0" * 62))
    before = tree_state(outside)
    done = run("cache", "purge", "--cache-dir", "cache")
    assert done.code == 0
    assert done.out.startswith("Removed ")
    assert done.out.endswith(f" from {kept}\n")
    assert tree_state(outside) == before
    left = sorted(
        path.relative_to(kept).as_posix() for path in kept.rglob("*") if not path.is_dir() or path.is_symlink()
    )
    assert left == sorted(
        ["sha256/ab/0123", f"sha256/ab/{'1' * 62}", "sha256/cd", "sha256/notes.txt", "sha512", "thesis.txt"]
    )
    assert run("cache", "purge", "--cache-dir", "cache").out == f"Removed 0 files (0 bytes) from {kept}\n"


def test_purge_says_how_much_and_leaves_a_cache_that_works(run: Inside, kept: Path, index: IndexServer) -> None:
    """No empty folder stays, and the next run fills it anew."""
    everything = list(own_cache.files(str(kept)))
    size = own_size(sum(file.size for file in everything))
    done = run("cache", "purge", "--cache-dir", "cache")
    assert done.out == f"Removed {len(everything)} files ({size}) from {kept}\n"
    assert list(kept.iterdir()) == []
    assert run("download", "-d", "again", "lib", "-i", index.url, "--cache-dir", "cache", "-q").code == 0
    assert len(stored(kept)) == 1


def test_every_file_that_a_run_leaves_has_a_form(kept: Path) -> None:
    """Else a purge would leave it behind."""
    known = {file.path for file in own_cache.files(str(kept))}
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()} == known
    assert known != set()


def test_remove_takes_one_project_away(run: Inside, kept: Path, index: IndexServer) -> None:
    """With its pages, so that the next run asks its index; a name that nothing has ends with 1."""
    assert run("cache", "remove", "lib", "--cache-dir", "cache").code == 0
    assert [line.partition("-")[0] for line in run("cache", "list", "--cache-dir", "cache").out.splitlines()] == [
        "acme_app"
    ]
    assert [file.path for file in own_cache.files(str(kept)) if file.name.startswith("lib")] == []
    assert run("cache", "remove", "lib", "--cache-dir", "cache").code == 1
    assert run("cache", "remove", "li", "--cache-dir", "cache").code == 1
    index.host.requests.clear()
    run("download", "-d", "again", "acme-app", "-i", index.url, "--cache-dir", "cache", "-q")
    assert index.mentions("lib")
    assert not index.mentions("acme-app")


def test_verify_finds_what_is_damaged_and_removes_it(run: Inside, kept: Path) -> None:
    """A changed file, a digest that leads to another file or to none, and a note on a wheel that is gone."""
    done = run("cache", "verify", "--cache-dir", "cache")
    assert (done.code, done.out) == (0, "2 files looked at; everything is as its name says\n")
    bad, good = sorted(stored(kept))
    bad.write_bytes(b"other")
    digest = "".join(good.relative_to(kept).parts[1:])
    true = hashlib.sha512(good.read_bytes()).hexdigest()
    for name, text in ((true, digest), ("a" * 128, digest), ("b" * 128, "0" * 64), ("c" * 128, "no digest")):
        place = kept / "sha512" / name[:2] / name[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    built = kept / "built-1" / "ab"
    built.mkdir(parents=True)
    (built / f"{'0' * 62}.wheel").write_text(f'{{"filename": "x.whl", "sha256": "{"0" * 64}", "size": 1}}')
    (built / f"{'1' * 62}.wheel").write_text("[]")
    bundles = kept / "advisories-1"
    bundles.mkdir()
    (bundles / f"{hashlib.sha256(b'whole').hexdigest()}.sqlite").write_bytes(b"whole")
    (bundles / f"{'d' * 64}.sqlite").write_bytes(b"torn")
    done = run("cache", "verify", "--cache-dir", "cache")
    assert done.code == 1
    *found, last = done.out.splitlines()
    assert last == "10 files looked at; 7 files damaged"
    assert sorted(line.partition("  ")[2] for line in found) == [
        "cannot be understood",
        "does not have a digest in it",
        "has other bytes than its digest says",
        "has other bytes than its digest says",
        "leads to a file that is not there",
        "leads to a file with another digest",
        "leads to a wheel that is not there",
    ]
    assert stored(kept) == [good]
    assert run("cache", "verify", "--cache-dir", "cache").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_a_cache_that_a_run_uses_is_not_taken_away(run: Inside, kept: Path) -> None:
    """Neither whole nor in parts; it may be looked at and checked. What removes it waits for no run."""
    before = tree_state(kept)
    with Store(str(kept)), Store(str(kept)):
        for words in (("purge",), ("remove", "lib")):
            done = run("cache", *words, "--cache-dir", "cache")
            assert done.code == 1
            assert "error: cache-in-use" in done.err
        assert run("cache", "verify", "--cache-dir", "cache").code == 0
        assert run("cache", "info", "--cache-dir", "cache").code == 0
    assert tree_state(kept) == before
    with held_together(str(kept)), pytest.raises(Unavailable), held_alone(str(kept)):
        raise AssertionError("it is held by another")
    assert run("cache", "purge", "--cache-dir", "cache").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_a_run_that_is_killed_holds_the_cache_no_longer(index: IndexServer, runner: Runner) -> None:
    """While the real command waits for a file a purge is refused; once it is gone the purge takes all."""
    served = index.add("lib", "1.0")
    asked, over = threading.Event(), threading.Event()

    def gate(_request: Request, honest: Reply) -> Reply:
        asked.set()
        over.wait(60)
        return honest

    index.file_fault(served.filename, gate)
    process = begin(runner, "download", "-i", index.url, "lib")
    try:
        assert asked.wait(60)
        refused = runner.safepip("cache", "purge")
        process.kill()
        process.wait(60)
        done = runner.safepip("cache", "purge")
    finally:
        process.kill()
        process.wait(60)
        over.set()
    assert (refused.returncode, "error: cache-in-use" in refused.stderr) == (1, True)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(own_cache.files(str(runner.home / "cache" / "safepip"))) == []


def test_a_folder_put_in_place_of_another_is_not_followed(tmp_path: Path) -> None:
    """Between looking and removing, a folder may become a link to one of the same form."""
    root, other = tmp_path / "root", tmp_path / "other"
    for place in (root, other):
        (place / "sha256" / "ab").mkdir(parents=True)
        (place / "sha256" / "ab" / ("0" * 62)).write_text("x")
    seen = list(own_cache.files(str(root)))
    assert len(seen) == 1
    (root / "sha256").rename(root / "moved")
    (root / "sha256").symlink_to(other / "sha256")
    assert own_cache.remove(str(root), seen) == (0, 0)
    assert (other / "sha256" / "ab" / ("0" * 62)).exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["frobnicate"], 1, "unknown-command"),
        ([], 1, "unknown-command"),
        (["remove"], 1, "bad-option"),
        (["purge", "lib"], 1, "bad-option"),
        (["info", "--no-cache-dir"], 2, "conflicting-options"),
    ],
)
def test_mistakes_are_told_and_change_nothing(run: Inside, kept: Path, words: list[str], code: int, says: str) -> None:
    """pip's own cache is named where the word is none of these."""
    before = tree_state(kept)
    done = run("cache", *words, *(() if "--no-cache-dir" in words else ("--cache-dir", "cache")))
    assert (done.code, done.out) == (code, "")
    assert f"error: {says}" in done.err
    assert tree_state(kept) == before


def test_what_is_not_there_is_empty(run: Inside) -> None:
    """And is not made by looking."""
    for action in ("info", "list", "verify", "purge"):
        assert run("cache", action, "--cache-dir", "nowhere").code == 0
    assert not (run.folder / "nowhere").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such rights")
def test_a_cache_that_others_can_write_to_is_left_alone(run: Inside, kept: Path) -> None:
    """As by every run."""
    kept.chmod(0o777)
    done = run("cache", "purge", "--cache-dir", "cache")
    assert (done.code, "error: store-unwritable" in done.err) == (1, True)
    assert len(stored(kept)) == 2
