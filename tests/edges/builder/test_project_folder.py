"""What a project's folder says of itself is read as pip reads it, and no pipe is waited for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.project_folder import MAX_PYPROJECT, ProjectFiles, project_files
from safepip.model.errors import UnusableInput

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_there_is_read(tmp_path: Path) -> None:
    """And what is missing is None; every end of a line is one, as where pip opens the file."""
    assert project_files(str(tmp_path)) == ProjectFiles(None, None, has_setup_py=False)
    (tmp_path / "PKG-INFO").write_bytes(b"Name: x\r\n\xff")
    (tmp_path / "pyproject.toml").write_bytes("a = 'é'\r\nb = 1\rc = 2\n".encode())
    (tmp_path / "setup.py").write_bytes(b"")
    assert project_files(str(tmp_path)) == ProjectFiles(
        b"Name: x\r\n\xff", "a = 'é'\nb = 1\nc = 2\n", has_setup_py=True
    )


def test_folders_of_these_names_do_not_count(tmp_path: Path) -> None:
    """Only files do."""
    for name in ("PKG-INFO", "pyproject.toml", "setup.py"):
        (tmp_path / name).mkdir()
    assert project_files(str(tmp_path)) == ProjectFiles(None, None, has_setup_py=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_of_these_names_do_not_count(tmp_path: Path) -> None:
    """Without waiting for a writer."""
    for name in ("PKG-INFO", "pyproject.toml", "setup.py"):
        os.mkfifo(tmp_path / name)
    assert project_files(str(tmp_path)) == ProjectFiles(None, None, has_setup_py=False)


@pytest.mark.parametrize("content", [b"a = '\xff'", b"#" * (MAX_PYPROJECT + 1)])
def test_what_is_not_utf_8_or_too_large_is_an_error(tmp_path: Path, content: bytes) -> None:
    """Where pip ends with a traceback, or reads on."""
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(UnusableInput, match="invalid-build-system"):
        project_files(str(tmp_path))


def test_a_pkg_info_without_end_is_not_read(tmp_path: Path) -> None:
    """Its backend can be asked."""
    with (tmp_path / "PKG-INFO").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    assert project_files(str(tmp_path)).pkg_info is None
