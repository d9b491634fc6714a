"""Which repositories git reads in a build: that of the tree, and no other."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.git_variables import git_variables

if TYPE_CHECKING:
    from pathlib import Path

#: A user that is not this one; only root can give files to it.
OTHER = 61234


def version(folder: Path, variables: dict[str, str]) -> str:
    """What git says of a folder, with nothing of this machine's settings."""
    environ = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **variables}
    done = subprocess.run(
        ["git", "status", "--short"], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return done.stdout or done.stderr


@pytest.fixture
def above(tmp_path: Path) -> Path:
    """A repository whose settings run a program, and a tree in it that is no repository."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    script = tmp_path / "watch"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    subprocess.run(["git", "-C", str(tmp_path), "config", "core.fsmonitor", str(script)], check=True)
    (tmp_path / "tree").mkdir()
    return tmp_path


@pytest.mark.parametrize("fence", ["bubblewrap", "landlock", "none"])
def test_no_repository_above_is_read(above: Path, fence: str) -> None:
    """It may be that of any user, as `/tmp/.git`."""
    assert "not a git repository" in version(above / "tree", git_variables(str(above / "tree"), fence, own=False))
    assert not (above / "ran").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("own", [True, False])
def test_without_a_fence_the_repository_of_another_user_is_not_read(above: Path, own: bool) -> None:
    """git's own rule holds there."""
    for path in (above, above / ".git"):
        os.chown(path, OTHER, OTHER)
    version(above / "tree", git_variables(str(above / "tree"), "none", own=own))
    version(above, git_variables(str(above), "none", own=own))
    assert not (above / "ran").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_in_a_fence_the_trees_own_repository_is_read(tmp_path: Path) -> None:
    """There the build is another user than the one that it belongs to. One beside it is not read."""
    for name in ("tree", "beside"):
        subprocess.run(["git", "init", "-q", str(tmp_path / name)], check=True)
        (tmp_path / name / "new").write_text("")
        for path in (tmp_path / name, tmp_path / name / ".git"):
            os.chown(path, OTHER, OTHER)
    (tmp_path / "link").symlink_to("tree")
    variables = git_variables(str(tmp_path / "tree"), "bubblewrap", own=True)
    assert version(tmp_path / "tree", variables) == "?? new\n"
    assert "dubious ownership" in version(tmp_path / "beside", variables)
    assert version(tmp_path / "link", git_variables(str(tmp_path / "link"), "bubblewrap", own=True)) == "?? new\n"


def test_a_folder_of_the_users_own_may_be_a_part_of_their_repository(above: Path) -> None:
    """Without a fence, where it can be seen: backends ask git for the version."""
    subprocess.run(["git", "-C", str(above), "config", "--unset", "core.fsmonitor"], check=True)
    assert "?? " in version(above, git_variables(str(above / "tree"), "none", own=True))
