"""Backends ask git for versions, some with variables of their own making: it answers in each fence all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import candidates, holds
from safepip.edges.builder.fenced_command import FencedCommand
from safepip.edges.builder.git_variables import git_home_settings
from safepip.edges.builder.toolchains import interpreter_folders

if TYPE_CHECKING:
    from pathlib import Path

FENCES = {fence.kind: fence for fence in candidates()}

#: As setuptools-scm does it: nothing that begins with GIT_ stays.
ASK = """
import os, subprocess, sys
kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
done = subprocess.run(["git", "-C", sys.argv[1], "describe", "--always", "--tags"], env=kept, capture_output=True)
sys.stdout.buffer.write(done.stdout + done.stderr)
sys.exit(done.returncode)
"""


def git(folder: Path, *words: str) -> None:
    """Run git as the user does."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@acme.example")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
def test_git_answers_without_its_variables(kind: str, tmp_path: Path) -> None:
    """By the settings in the build's own home; what the system's settings have is no hindrance."""
    fence = FENCES.get(kind)
    if fence is None or not holds(fence):
        pytest.skip("this machine cannot run it")
    tree, home = tmp_path / 'a "tree"', tmp_path / "home"
    for folder in (tree, home):
        folder.mkdir()
    git(tree, "init", "-q")
    git(tree, "commit", "-qm", "one", "--allow-empty")
    git(tree, "tag", "v1.5")
    (home / ".gitconfig").write_text(git_home_settings(str(tree)))
    command = FencedCommand(
        arguments=(sys.executable, "-c", ASK, str(tree)),
        cwd=str(tree),
        environ={"HOME": str(home), "TMPDIR": str(home), "PATH": os.environ["PATH"]},
        readable=interpreter_folders(sys.executable),
        writable=(str(home), str(tree)),
    )
    outcome = fence.run(command)
    assert (outcome.code, outcome.output.strip()) == (0, b"v1.5")
