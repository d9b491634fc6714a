"""What the cache holds is for its user only, whatever the umask is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.private_files import make_private_folder, write_private_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.environment import Environment
    from support.index import IndexServer
    from support.inside import Inside

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """The widest umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("open_to_all")
def test_every_level_is_private(tmp_path: Path) -> None:
    """And what was there stays as it is."""
    (tmp_path / "there").mkdir(0o755)
    write_private_file(str(tmp_path / "there/a/b/note"), b"one")
    write_private_file(str(tmp_path / "there/a/b/note"), b"two")
    assert (tmp_path / "there/a/b/note").read_bytes() == b"two"
    assert [mode(tmp_path / name) for name in ("there", "there/a", "there/a/b")] == [0o755, 0o700, 0o700]
    assert mode(tmp_path / "there/a/b/note") == 0o600
    with pytest.raises(FileExistsError):
        make_private_folder(str(tmp_path / "there/a/b/note"))
    with pytest.raises(IsADirectoryError):
        write_private_file(str(tmp_path / "there/a"), b"")
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["a"]


def test_two_that_write_one_file_at_once_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers that share a folder have processes of the same number: what one has begun is not the other's."""
    path, replace, others = tmp_path / "note", os.replace, [b"another"]

    def late(source: str, target: str) -> None:
        if others:
            write_private_file(str(path), others.pop())
            assert path.read_bytes() == b"another"
        replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    write_private_file(str(path), b"one")
    assert path.read_bytes() == b"one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["note"]


@pytest.mark.usefixtures("open_to_all")
def test_an_install_leaves_nothing_that_others_may_write_to(
    run: Inside, index: IndexServer, target: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages, files, notes and what an interpreter has said."""
    monkeypatch.setattr("safepip.edges.target.interpreter_memory._SETTLED", 0)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    index.add("acme", "1.0")
    done = run("install", "--no-compile", "--python", target.python, "-i", index.url, "acme")
    assert done.code == 0, done.err
    cache = run.folder / "home/.cache/safepip"
    parts = {path.name for path in cache.iterdir()}
    assert {"sha256", "sound-1"} <= parts
    assert "interpreters-2" in parts or sys.platform != "linux"
    wrong = {str(path): oct(mode(path)) for path in cache.rglob("*") if mode(path) & 0o077}
    assert wrong == {}


def test_a_file_for_which_there_is_no_room_is_not_there_in_part(tmp_path: Path) -> None:
    """The system writes what there is room for, and only then says that there is no more: half of the metadata would
    have half of the requirements."""
    program = (
        "import resource, sys\n"
        "from safepip.edges.disk.private_files import write_private_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        "    write_private_file(sys.argv[1], bytes(8000))\n"
        "except OSError as error:\n"
        "    print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "file"], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, os.listdir(tmp_path)) == ("OSError\n", [])
