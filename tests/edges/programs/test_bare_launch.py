"""Which Python belongs to the pip that a shell has found, and what is said where that is not known."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.programs.bare_launch import interpreter_of
from safepip.edges.programs.starting import own_text

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells have other paths there")


def script(folder: Path, first: str, beside: str = "") -> str:
    """A pip with such a first line, and a Python beside it where one is named."""
    folder.mkdir(exist_ok=True)
    (folder / "pip").write_text(f"{first}\nfrom pip._internal.cli.main import main\n")
    if beside:
        (folder / beside).symlink_to(sys.executable)
    return str(folder / "pip")


def test_the_first_line_names_it(tmp_path: Path) -> None:
    """What lies beside the script does not count then: `/usr/bin/pip` may be of another Python than `python3` there."""
    assert interpreter_of(script(tmp_path / "a", f"#!{sys.executable}", "python3")) == sys.executable
    assert interpreter_of(script(tmp_path / "b", f"#! {sys.executable} -sP", "python")) == sys.executable


def test_env_looks_along_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system does."""
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(folder))
    assert interpreter_of(script(tmp_path / "a", "#!/usr/bin/env python3")) == str(folder / "python3")


@pytest.mark.parametrize("first", ["#!/bin/sh", "#!/usr/bin/env bash", "", "#!/no/such/python3", "#!"])
def test_else_it_is_the_one_beside_it(tmp_path: Path, first: str) -> None:
    """Long paths stand in a line for sh, and the stand-ins of pyenv and asdf are scripts."""
    found = script(tmp_path / "bin", first, "python3")
    assert interpreter_of(found) == str(tmp_path / "bin" / "python3")


@pytest.mark.parametrize("there", [True, False])
def test_where_there_is_none_nothing_is_started(tmp_path: Path, there: bool) -> None:
    """Another environment is never guessed."""
    found = script(tmp_path / "bin", "#!/bin/sh") if there else str(tmp_path / "pip")
    assert interpreter_of(found) == ""
    program = f"{own_text('bare_launch.py')}\nlaunch()"
    words = [sys.executable, "-I", "-c", program, "", "This is the way out.", found, "install", "demo"]
    environ = {name: value for name, value in os.environ.items() if name != "PIP_PYTHON"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first == f"error: it is not known which Python {found} belongs to; name it: safepip --python PATH"
    assert second == "Nothing was installed. This is the way out."


def test_a_safepip_that_breaks_on_its_way_may_have_installed(tmp_path: Path) -> None:
    """What is not known is not said."""
    (tmp_path / "archive.py").write_text("raise SystemExit(70)\n")
    program = f"{own_text('bare_launch.py')}\nlaunch()"
    words = [sys.executable, "-I", "-c", program, str(tmp_path / "archive.py"), "This is the way out.", "", "install"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert done.stderr.splitlines() == [
        "error: safepip could not do this: it is broken",
        "It is not known how far it came. This is the way out.",
    ]
