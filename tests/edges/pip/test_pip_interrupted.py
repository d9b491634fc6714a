"""Ctrl-C while pip is still loading its modules, before it handles that itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from safepip.edges.pip import running as edge

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_interrupt_before_pip_is_loaded_ends_it_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screenful of pip's own import lines tells nobody anything."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").write_text("")
    (tmp_path / "pip" / "__main__.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.setattr(edge, "pip_home", lambda: str(tmp_path))
    command = edge.command(["install"], None)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
