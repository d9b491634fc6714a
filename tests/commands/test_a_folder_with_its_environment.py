"""The usual layout: the environment that a project is installed into lies in the project's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import candidates, holds
from support.sources import write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment
    from support.inside import Inside

FENCES = {fence.kind: fence for fence in candidates()}


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
def test_a_build_cannot_change_the_environment_that_it_is_for(
    kind: str, run: Inside, target: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either it cannot, or nothing is installed and the user is told."""
    fence = FENCES.get(kind)
    if fence is None or not holds(fence):
        pytest.skip("this machine cannot run it")
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: fence)
    hook = target.folder / "hook.pth"
    write_project(tmp_path, "acme-mine", "1.0", marks=[str(hook)])
    done = run("wheel", "--no-index", "--python", str(target.python), "-w", "out", ".")
    if kind == "bubblewrap":
        assert done.code == 0, done.err
        assert not hook.exists()
    else:
        assert done.code == 20
        assert "error: build-reached-out" in done.err
        assert not (tmp_path / "out").exists()
