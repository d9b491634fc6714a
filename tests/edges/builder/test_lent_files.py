"""How files of root's are lent to the user that a build is, and come back."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.bare_disk import change_owner

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root's files are lent")

USER = 61234


def owner(path: Path) -> int:
    """The user to whom it belongs."""
    return path.lstat().st_uid


def test_modes_are_the_same_afterwards(tmp_path: Path) -> None:
    """chown(2) takes the right to run as the owner or the group from a file, so such a file is not lent."""
    for name, mode in {"as-owner": 0o4755, "as-group": 0o2755, "plain": 0o755}.items():
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o2775)
    before = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    change_owner([str(tmp_path)], 0, USER)
    assert owner(tmp_path / "plain") == owner(tmp_path / "shared") == USER
    assert owner(tmp_path / "as-owner") == owner(tmp_path / "as-group") == 0
    change_owner([str(tmp_path)], USER, 0)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == before
    assert {owner(path) for path in tmp_path.iterdir()} == {0}


def test_what_a_build_makes_does_not_run_as_root_afterwards(tmp_path: Path) -> None:
    """It has the build's content."""
    made = tmp_path / "made"
    made.write_text("")
    os.chown(made, USER, USER)
    made.chmod(0o6755)
    change_owner([str(tmp_path)], USER, 0)
    assert (owner(made), stat.S_IMODE(made.stat().st_mode)) == (0, 0o755)


def test_another_device_is_left_alone(tmp_path: Path) -> None:
    """A disk that is mounted in the project is no part of it."""
    other = tmp_path / "other"
    other.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(other)], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        (other / "there").write_text("")
        change_owner([str(tmp_path)], 0, USER)
        assert [owner(other), owner(other / "there")] == [0, 0]
        assert owner(tmp_path) == USER
    finally:
        subprocess.run(["umount", str(other)], check=True)
