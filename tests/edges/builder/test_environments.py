"""Virtual environments for builds, made by each Python of this machine, from environments of its own too."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.environments import base_interpreter, make_environment
from safepip.model.errors import Unavailable
from support.pythons import pythons

if TYPE_CHECKING:
    from pathlib import Path

    from support.pythons import Python

#: pip's oldest Python.
_OLDEST = (3, 10)
SUPPORTED = [python for python in pythons() if python.version >= _OLDEST]


def said(python: str, code: str) -> str:
    """What a program says that runs in an environment as a backend does."""
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env={}).stdout.strip()


@pytest.mark.parametrize("python", SUPPORTED, ids=lambda python: python.name)
def test_an_environment_of_an_environment_has_the_same_base(python: Python, tmp_path: Path) -> None:
    """It finds its standard library, and nothing of the environment that it was made for."""
    outer = make_environment(python.executable, str(tmp_path / "outer"), os.environ)
    module = next((tmp_path / "outer").rglob("site-packages")) / "seen.py"
    module.write_text("")
    (module.parent / "loud.pth").write_text(f"import os; open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    inner = make_environment(outer, str(tmp_path / "inner"), os.environ)
    assert said(inner, "import json, sys; print(sys.prefix)") == str(tmp_path / "inner")
    assert said(inner, "import importlib.util as u; print(u.find_spec('seen'))") == "None"
    assert said(inner, "import sys; print(sys.version_info[:2])") == str(python.version)
    assert os.path.samefile(base_interpreter(outer), base_interpreter(inner))
    assert not (tmp_path / "ran").exists()


def test_a_python_that_cannot_make_one_is_told(tmp_path: Path) -> None:
    """Its last line is shown."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no venv here >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(Unavailable, match="build-environment") as raised:
        make_environment(str(broken), str(tmp_path / "made"), os.environ)
    assert raised.value.diagnostics[0].context == ("no venv here",)
