"""Files that were just written are read as all others are, and only large ones by several threads."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.target import installed_files
from safepip.edges.target.installed_files import read_files, read_fresh_files
from safepip.environment.verification import FoundFile, State

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 5000


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that count as large are small enough to be made quickly."""
    monkeypatch.setattr(installed_files, "_LARGE", LARGE)


def written(folder: Path, *sizes: int) -> list[tuple[str, str]]:
    """A file of each size, as the readers are asked for it."""
    paths = [folder / f"{number}-{size}.bin" for number, size in enumerate(sizes)]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(os.urandom(size))
    return [(str(path), "sha256") for path in paths]


@pytest.mark.parametrize("large", [0, 1, 5])
def test_fresh_files_are_what_any_files_are(tmp_path: Path, large: int) -> None:
    """Of each size, by each algorithm, and what is not a file or not there."""
    asked = written(tmp_path, 0, 1, LARGE - 1, LARGE, *([LARGE + 1] * large))
    asked += [(path, algorithm) for path, _ in asked for algorithm in ("", "sha512")]
    asked += [(str(tmp_path / "missing"), "sha256"), (str(tmp_path), "sha256")]
    if sys.platform != "win32":
        (tmp_path / "link").symlink_to(asked[0][0])
        asked.append((str(tmp_path / "link"), "sha256"))
    found = read_fresh_files(asked)
    assert found == read_files(asked)
    assert found.keys() == set(asked)
    for path, algorithm in asked[: 4 + large]:
        with open(path, "rb") as file:
            data = file.read()
        assert found[path, algorithm] == FoundFile(State.FILE, len(data), hashlib.sha256(data).digest())


def test_a_large_file_without_an_algorithm_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is known without that."""
    ((path, _),) = written(tmp_path, 2 * LARGE)
    monkeypatch.setattr(installed_files, "_digest", None)
    assert read_fresh_files([(path, "")]) == {(path, ""): FoundFile(State.FILE, 2 * LARGE)}


def test_only_large_files_are_read_by_several_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones are read by the one that asks, however many they are; a single large one as well."""
    honest, read = installed_files._digest, []

    def seen(handle: int, expected: int, *more: Any) -> FoundFile:
        read.append((expected, threading.current_thread() is threading.main_thread()))
        return honest(handle, expected, *more)

    monkeypatch.setattr(installed_files, "_digest", seen)
    small = written(tmp_path, *([100] * (2 * installed_files._BATCH)))
    (tmp_path / "large").mkdir()
    large = written(tmp_path / "large", 2 * LARGE, 3 * LARGE)
    read_fresh_files([*small, large[0]])
    assert set(read) == {(100, True), (2 * LARGE, True)}
    read.clear()
    read_fresh_files([large[0], *small, large[1]])
    assert set(read) == {(100, True), (2 * LARGE, False), (3 * LARGE, False)}
    assert len(read) == len(small) + 2
