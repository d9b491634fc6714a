"""`safepip init`: the file that it writes, and when it writes none."""

from __future__ import annotations

import errno
import os
import tomllib
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.new_file import write_new
from safepip.model.errors import Unavailable, UsageError
from support.init_folder import InitFolder

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def folder(run: Inside, two_indexes: tuple[IndexServer, IndexServer]) -> InitFolder:
    return InitFolder.filled(run, *two_indexes)


@pytest.mark.parametrize("links", [True, False])
def test_what_has_come_meanwhile_is_not_written_over(
    links: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also on a file system without links."""
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "safepip.toml"
    write_new(str(path), "one\n")
    assert path.read_text() == "one\n"
    with pytest.raises(UsageError, match="already-configured"):
        write_new(str(path), "two\n")
    assert path.read_text() == "one\n"
    assert os.listdir(tmp_path) == ["safepip.toml"]
    with pytest.raises(Unavailable, match="not-saved"):
        write_new(str(tmp_path / "nowhere" / "safepip.toml"), "three\n")


def test_a_file_that_could_not_be_written_whole_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without links whose disk is full: the next run would take the rest for a configuration."""
    written: list[int] = []

    def full(_handle: int) -> None:
        written.append(1)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="not-saved"):
        write_new(str(tmp_path / "safepip.toml"), "one\n")
    assert len(written) == 2
    assert os.listdir(tmp_path) == []


def refuse(_from: str, _to: str) -> None:
    """As a file system without links."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_what_is_there_stays_as_it_is(folder: InitFolder) -> None:
    """The file itself, a configuration in pyproject.toml, and one in a folder above; `-o -` writes none."""
    (folder.run.folder / "safepip.toml").write_text("# mine\n")
    done = folder.init()
    assert done.code == 2
    assert "error: already-configured" in done.err
    assert (folder.run.folder / "safepip.toml").read_text() == "# mine\n"
    (folder.run.folder / "safepip.toml").unlink()
    (folder.run.folder / "pyproject.toml").write_text("[tool.safepip.policy]\nfull-commits = true\n")
    done = folder.init()
    assert done.code == 2
    assert "pyproject.toml is there already" in done.err
    assert folder.internal.requests == folder.public.requests == []
    done = folder.init("-o", "-", "--claim", "acme-*=internal", "--claim", "billing=internal")
    assert done.code == 0, done.err
    assert tomllib.loads(done.out)["index"][0]["packages"] == ["acme-*", "billing"]
    assert not (folder.run.folder / "safepip.toml").exists()


def test_indexes_that_a_higher_level_declares_are_not_overruled(folder: InitFolder) -> None:
    user = folder.run.folder / "home" / ".config" / "safepip"
    user.mkdir(parents=True)
    (user / "safepip.toml").write_text('[[index]]\nname = "public"\ndefault = true\n')
    done = folder.init()
    assert done.code == 2
    assert "error: already-configured" in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--claim", "acme-*"], "does not have the form NAME=INDEX"),
        (["--claim", "acme*=internal"], "error: bad-claim"),
        (["--claim", "acme-*=other"], "no index is called 'other'"),
        (["--default", "other"], "no index is called 'other'"),
        (["--index", "a b=https://x.example/"], "it has the form NAME=URL"),
        (["--index", "other=x.example"], "error: bad-option"),
        (["--claim", "a=internal", "--claim", "A=public"], "error: conflicting-claims"),
        (["--mirror", "internal"], "no index is called ''"),
        (["--mirror", "internal=other"], "no index is called 'other'"),
        (["--mirror", "public=internal"], "error: bad-mirror"),
        (["--mirror", "internal=internal"], "error: bad-mirror"),
        (["--mirror", "internal=public", "--claim", "a=internal"], "it owns no names"),
        (["-o", "pyproject.toml"], "a pyproject.toml has the tables under [tool.safepip]"),
        (["--find-links", "https://files.example/"], "error: undeclared-index"),
    ],
)
def test_what_cannot_be_meant_is_an_error_and_writes_nothing(
    folder: InitFolder, words: list[str], message: str
) -> None:
    done = folder.init(*words)
    assert done.code in (2, 20)
    assert message in done.err
    assert not (folder.run.folder / "safepip.toml").exists()
