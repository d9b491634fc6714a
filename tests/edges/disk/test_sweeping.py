"""What killed runs have left goes with the next run, once it is a day old, and nothing else does."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.scratch import Scratch
from safepip.edges.disk.store import Store
from safepip.edges.disk.sweeping import sweep
from safepip.edges.pip.running import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = 24 * 3600


def age(path: Path, days: float) -> None:
    """Let a path be last changed so many days ago."""
    then = time.time() - days * DAY
    os.utime(path, (then, then), follow_symlinks=False)


def left(folder: Path, name: str, days: float) -> Path:
    """A folder with a file in it."""
    path = folder / name
    path.mkdir()
    (path / "file").write_text("x")
    age(path, days)
    return path


def test_what_is_old_and_ours_goes(tmp_path: Path) -> None:
    """Folders and files; a link goes and what it leads to stays."""
    kept = left(tmp_path, "kept", 3)
    gone = [left(tmp_path, "one-a", 1.1), left(tmp_path, "two-b", 2)]
    stays = [left(tmp_path, "one-young", 0.9), left(tmp_path, "three-c", 9), kept / "file"]
    (tmp_path / "one-file").write_text("x")
    (tmp_path / "one-link").symlink_to(kept)
    for path in (tmp_path / "one-file", tmp_path / "one-link"):
        age(path, 2)
        gone.append(path)
    sweep(str(tmp_path), "one-", "two-")
    assert not any(map(os.path.lexists, gone))
    assert all(map(os.path.lexists, stays))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_is_another_users_stays(tmp_path: Path) -> None:
    """Anyone may put a folder of such a name into a shared temporary folder."""
    foreign = left(tmp_path, "one-a", 2)
    os.chown(foreign, 12345, 12345)
    sweep(str(tmp_path), "one-")
    assert foreign.exists()


def make_store() -> None:
    with Store(None):
        pass


def make_folder_for_pip() -> None:
    with private_folder(os.path.join(tempfile.gettempdir(), "not", "there")):
        pass


def make_scratch() -> None:
    scratch = Scratch()
    assert os.path.isdir(scratch.root)
    scratch.close()


@pytest.mark.parametrize("make", [make_store, make_folder_for_pip, make_scratch])
def test_each_kind_of_folder_is_swept_by_the_next_run(
    make: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What such a folder is called is seen by making one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[str] = []
    real = tempfile.mkdtemp

    def noted(*args: str, **more: str) -> str:
        made.append(real(*args, **more))
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", noted)
    make()
    (name,) = made
    assert list(tmp_path.iterdir()) == []
    old, young = left(tmp_path, os.path.basename(name), 2), left(tmp_path, f"{os.path.basename(name)}x", 0.5)
    make()
    assert not old.exists()
    assert young.exists()
