"""A user who may read a cache folder may hold it, and one who owns a link to it may turn the link: a run neither waits
without end for the one nor believes the other."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk import cache_lock
from safepip.edges.disk.store import Store
from safepip.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such locks, and links for few")
DATA = b"the bytes of a wheel"
NAME = "demo-1.0-py3-none-any.whl"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """What a neighbour can do who may read the folder."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def test_a_run_does_without_a_cache_that_stays_held(
    run: Inside, index: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so. What looks at the cache and nothing else says that it cannot."""
    index.add("demo", "1.0")
    words = ("lock", "-o", "-", "--cache-dir", "kept", "-i", index.url, "demo")
    assert run(*words).code == 0
    monkeypatch.setattr(cache_lock, "_PATIENCE", 0.2)
    kept = tmp_path / "kept/safepip"
    with held(kept):
        done = run(*words)
        assert done.code == 0, done.err
        assert f"notice: the cache folder {kept} is held by another program; this run does without it" in done.err
        done = run("cache", "verify", "--cache-dir", "kept")
        assert done.code == 1
        assert "error: cache-in-use" in done.err
    assert "notice" not in run(*words).err


def test_a_run_waits_for_what_is_soon_done(tmp_path: Path) -> None:
    """As `safepip cache purge` is."""
    with contextlib.ExitStack() as holding:
        holding.enter_context(held(tmp_path))
        threading.Timer(0.3, holding.pop_all().close).start()
        with Store(str(tmp_path)) as store:
            assert (store.private, store.notices) == (False, [])


def test_a_link_that_is_turned_leads_a_run_nowhere_else(tmp_path: Path) -> None:
    """The folder is looked at once, at the beginning."""
    mine, theirs, link = tmp_path / "mine", tmp_path / "theirs", tmp_path / "link"
    for folder in (mine, theirs):
        folder.mkdir(0o700)
    link.symlink_to(mine)
    with Store(str(link)) as store:
        link.unlink()
        link.symlink_to(theirs)
        with store.incoming() as incoming:
            incoming.write(DATA)
            file = incoming.admit(NAME, (Digest("sha256", hashlib.sha256(DATA).hexdigest()),))
        store.deliveries.note(file, "https://packages.acme.example/simple/")
        store.sound_wheels.note(file)
        assert file.path.startswith(f"{mine}/")
        assert store.root == str(mine)
    assert list(theirs.iterdir()) == []
