"""The usual layout: the environment that a project is installed into lies in the project's own folder."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import candidates, find_fence, holds
from support.sources import write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

FENCES = {fence.kind: fence for fence in candidates()}


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
def test_a_build_cannot_change_the_environment_that_it_is_for(
    kind: str, run: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either it cannot, or nothing is installed and the user is told."""
    fence = FENCES.get(kind)
    if fence is None or not holds(fence):
        pytest.skip("this machine cannot run it")
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: fence)
    (tmp_path / "project").mkdir()
    environment = (tmp_path / "project" / ".venv").resolve()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    hook = environment / "hook.pth"
    write_project(tmp_path / "project", "acme-mine", "1.0", marks=[str(hook)])
    done = run("wheel", "--no-index", "--python", str(environment / "bin/python"), "-w", "out", "./project")
    if kind == "bubblewrap":
        assert done.code == 0, done.err
        assert not hook.exists()
    else:
        assert done.code == 20
        assert "error: build-reached-out" in done.err
        assert not (tmp_path / "out").exists()


@pytest.mark.skipif(find_fence() is None, reason="this machine has no fence")
@pytest.mark.parametrize("words", [(".",), ("-e", ".")])
def test_a_home_folder_is_not_built_in_a_fence(words: tuple[str, ...], run: Inside, tmp_path: Path) -> None:
    """The build could read and write all that the fence is there to keep from it. It is refused before it runs."""
    mark = tmp_path / "ran"
    write_project(tmp_path, "acme-mine", "1.0", marks=[str(mark)])
    done = run("install", "--dry-run", "--no-index", *words)
    assert done.code == 20
    assert "error: own-folder-too-wide" in done.err
    assert not mark.exists()
