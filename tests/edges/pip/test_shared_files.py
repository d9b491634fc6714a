"""A file that is put back is there as a whole."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from safepip.edges.pip.shared_files import _put_back

if TYPE_CHECKING:
    from pathlib import Path

resource = pytest.importorskip("resource", reason="this system limits no sizes of files")


def test_what_there_is_no_room_for_is_not_put_back_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second name is on another file system, it is copied, and then half a file would count as put back."""

    def elsewhere(*_words: object, **_more: object) -> NoReturn:
        raise OSError(errno.EXDEV, "on another file system")

    monkeypatch.setattr(os, "link", elsewhere)
    (tmp_path / "kept").write_bytes(b"x" * 100_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        assert not _put_back(str(tmp_path / "kept"), str(tmp_path / "there" / "file"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "there").iterdir()) == []
    assert _put_back(str(tmp_path / "kept"), str(tmp_path / "there" / "file"))
