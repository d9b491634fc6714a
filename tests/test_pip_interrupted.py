"""Ctrl-C while pip is still loading its modules, before it handles that itself."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from safepip.edges.pip import _RUN_PIP
from safepip.edges.starting import bare_command

if TYPE_CHECKING:
    from pathlib import Path


def test_an_interrupt_before_pip_is_loaded_ends_it_without_a_traceback(tmp_path: Path) -> None:
    """A screenful of pip's own import lines tells nobody anything."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").write_text("")
    (tmp_path / "pip" / "__main__.py").write_text("raise KeyboardInterrupt\n")
    command = bare_command(sys.executable, _RUN_PIP, [str(tmp_path), "", "install"])
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
