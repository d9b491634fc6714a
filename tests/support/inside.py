"""safepip run in this process: a tenth of the time of a process of its own, with the same reading of argv and folder.

`run_inside` and the `run` fixture are for commands that start no pip and change no environment: lock, explain,
download, dry runs, and what is refused. `run_with_pip` is for the others: pip is a process there as ever, and what it
says is read from the descriptors that it inherits.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from safepip.__main__ import main
from safepip.vetting import look_alikes
from support.environment import LOOPBACK_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO, TextIO

    import pytest


class Done(NamedTuple):
    """How a run ended and what it wrote."""

    code: int
    out: str
    err: str


#: What a list of well-known names says, and the tables that are made of it, depend on nothing but the list: of one list
#: they are made once for all runs of this process, and not for each again.
_READ_NAMES, _KNOWN_NAMES = lru_cache(8)(look_alikes.read_names), lru_cache(32)(look_alikes.KnownNames)


def _main(argv: Sequence[str | Path], out: TextIO, err: TextIO) -> int:
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
    with _as_started(folder, environ):
        code = _main(argv, out, err)
    return Done(code, out.getvalue(), err.getvalue())


def run_with_pip(folder: Path, environ: Mapping[str, str], *argv: str | Path, program: str | Path = "-m") -> Done:
    """The same for what installs: the programs that it starts read nothing, and write to the same streams as it.
    `program` is the path by which the command is called."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with (
            open(os.devnull, "rb") as nothing,
            _descriptor(0, nothing),
            _descriptor(1, out),
            _descriptor(2, err),
            _text(out) as stdout,
            _text(err) as stderr,
            _as_started(folder, environ, str(program)),
        ):
            code = _main(argv, stdout, stderr)
        return Done(code, _written(out), _written(err))


@contextlib.contextmanager
def _as_started(folder: Path, environ: Mapping[str, str], program: str = "-m") -> Iterator[None]:
    variables, words, temporary = dict(os.environ), sys.argv, tempfile.tempdir
    try:
        os.environ.clear()
        os.environ.update(environ)
        # As `python -m safepip`, by whatever program the tests were started.
        sys.argv = [program]
        # Found anew by the variables.
        tempfile.tempdir = None
        with contextlib.chdir(folder):
            yield
    finally:
        tempfile.tempdir = temporary
        sys.argv = words
        os.environ.clear()
        os.environ.update(variables)


@contextlib.contextmanager
def _descriptor(number: int, file: BinaryIO) -> Iterator[None]:
    """What is read from it or written to it, by this process or one that it starts, is the file's."""
    before = os.dup(number)
    try:
        os.dup2(file.fileno(), number)
        yield
    finally:
        os.dup2(before, number)
        os.close(before)


def _text(file: BinaryIO) -> io.TextIOWrapper:
    """Written through at once: what a program that is started writes comes after."""
    raw = io.FileIO(file.fileno(), "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _written(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace").replace("\r\n", "\n")


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
