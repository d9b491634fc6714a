"""A shell in tmux, typed into and looked at as a person does: a real terminal of so many columns, with a screen."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: What starts each shell without the files of its user.
SHELLS = {"bash": ("bash", "--norc", "-i"), "zsh": ("zsh", "-f", "-i"), "fish": ("fish", "--no-config", "-i")}
_ROWS = 60


class Tmux:
    """An interactive shell in a tmux of its own, which ends with this. A context manager."""

    def __init__(self, command: Sequence[str], *, columns: int, env: Mapping[str, str], cwd: Path) -> None:
        program, shell = shutil.which("tmux"), shutil.which(command[0])
        if program is None or shell is None:
            pytest.skip(f"no tmux or no {command[0]}")
        # The path of a socket is short, and that of a test's folder is not.
        self._folder = tempfile.TemporaryDirectory(prefix="tmux-")
        self._tmux = (program, "-S", os.path.join(self._folder.name, "socket"), "-f", os.devnull)
        self._command, self._columns = (shell, *command[1:]), columns
        self._env, self._cwd = dict(env), cwd

    def __enter__(self) -> Self:
        size = ("-x", str(self._columns), "-y", str(_ROWS))
        self._ask("new-session", "-d", *size, *self._command)
        return self

    def __exit__(self, *_exc: object) -> None:
        # Where the shell has ended, tmux has as well.
        subprocess.run([*self._tmux, "kill-server"], env=self._env, capture_output=True, check=False)
        self._folder.cleanup()

    def type(self, line: str) -> None:
        """As a person types it, and Enter."""
        self._ask("send-keys", "-l", line)
        self._ask("send-keys", "Enter")

    def lines(self, *, joined: bool = False) -> list[str]:
        """The screen's lines and those above it. `joined` puts together what the terminal has broken."""
        return self._ask("capture-pane", "-p", "-S", "-", *(["-J"] if joined else [])).splitlines()

    def wait_for(self, pattern: str, seconds: float = 60.0) -> str:
        """Until a line of the screen is like this; the last such line."""
        end = time.monotonic() + seconds
        while True:
            found = [line for line in self.lines() if re.fullmatch(pattern, line.rstrip())]
            if found:
                return found[-1]
            assert time.monotonic() < end, f"{pattern!r} is not shown:\n" + "\n".join(self.lines())
            time.sleep(0.05)

    def _ask(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], env=self._env, cwd=self._cwd, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
