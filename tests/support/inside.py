"""safepip run in this process: a tenth of the time of a process of its own, with the same reading of argv and folder.

Only for commands that start no pip and change no environment: lock, explain, download, dry runs, and what is refused.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from safepip.__main__ import main
from safepip.vetting import look_alikes
from support.environment import LOOPBACK_ONLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest


class Done(NamedTuple):
    """How a run ended and what it wrote."""

    code: int
    out: str
    err: str


#: What a list of well-known names says, and the tables that are made of it, depend on nothing but the list: of one list
#: they are made once for all runs of this process, and not for each again.
_READ_NAMES, _KNOWN_NAMES = lru_cache(8)(look_alikes.read_names), lru_cache(32)(look_alikes.KnownNames)


def _main(argv: Sequence[str | Path], out: io.StringIO, err: io.StringIO) -> int:
    """Run `main`, and what it writes goes there."""
    with (
        patch.multiple(look_alikes, read_names=_READ_NAMES, KnownNames=_KNOWN_NAMES),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        return main([str(word) for word in argv])


def run_inside(folder: Path, environ: Mapping[str, str], *argv: str | Path) -> Done:
    """Run safepip in this process, in `folder` and with these variables of the environment and no others."""
    out, err = io.StringIO(), io.StringIO()
    variables, words = dict(os.environ), sys.argv
    try:
        os.environ.clear()
        os.environ.update(environ)
        # As `python -m safepip`, by whatever program the tests were started.
        sys.argv = ["-m"]
        with contextlib.chdir(folder):
            code = _main(argv, out, err)
    finally:
        sys.argv = words
        os.environ.clear()
        os.environ.update(variables)
    return Done(code, out.getvalue(), err.getvalue())


class Inside:
    """Runs safepip in `folder`, with an environment that has nothing of this machine's configuration."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir(exist_ok=True)
        for name in [name for name in os.environ if name.startswith(("PIP_", "SAFEPIP_", "GITHUB_", "UV_", "PDM_"))]:
            monkeypatch.delenv(name)
        for name, value in {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "PIP_CONFIG_FILE": os.devnull,
            "NO_COLOR": "1",
            **LOOPBACK_ONLY,
        }.items():
            monkeypatch.setenv(name, value)
        # As `python -m safepip`, by whatever program the tests were started.
        monkeypatch.setattr(sys, "argv", ["-m"])
        monkeypatch.chdir(folder)

    def __call__(self, *argv: str | Path) -> Done:
        out, err = io.StringIO(), io.StringIO()
        code = _main(argv, out, err)
        return Done(code, out.getvalue(), err.getvalue())
