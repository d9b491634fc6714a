"""The terminal: progress of downloads, and the question for a password.

Progress goes to stderr, and only where a person may be watching: stderr is a terminal that can move its cursor, nothing
says that this is a CI machine, and the downloads have already taken a moment (rich costs 60 ms to import).
`--progress-bar off`, and `auto` with `--quiet`, show nothing. `--progress-bar raw` writes pip's lines `Progress 1024 of
4096` to stdout instead, for programs to read; they count all downloads together.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from safepip.edges.indexes.downloads import Progress
    from safepip.model.plan import Display

#: Variables by which pip, too, recognises a run that no person watches.
_CI = ("BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI")
_PATIENCE_SECONDS = 0.8
_RAW_INTERVAL_SECONDS = 0.25


def make_progress(
    display: Display, environ: Mapping[str, str], *, stdout: TextIO | None = None, stderr: TextIO | None = None
) -> Progress | None:
    """What shows the downloads of this run, or None for nothing."""
    stdout, stderr = stdout or sys.stdout, stderr or sys.stderr
    choice = display.progress_bar
    if choice == "off" or (choice == "auto" and display.verbosity < 0):
        return None
    if choice == "raw":
        return _Raw(stdout)
    watched = stderr.isatty() and environ.get("TERM", "") != "dumb" and not any(name in environ for name in _CI)
    return _Bar(stderr, color=display.color) if watched else None


def ask_credentials(origin: str) -> tuple[str, str] | None:
    """Ask at the terminal for a user name and a password for `origin`; None where no person can be asked."""
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        return None
    from getpass import getpass

    try:
        sys.stderr.write(f"User for {origin}: ")
        sys.stderr.flush()
        user = sys.stdin.readline().strip()
        return (user, getpass("Password: ", stream=sys.stderr)) if user else None
    except (EOFError, OSError):
        return None


class _Tally:
    """Sums over all downloads. `total` is None while a size is unknown."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files = self._finished = self._bytes = 0
        self._total: int | None = None

    def expect(self, files: int, size: int | None) -> None:
        """So many downloads will come, of so many bytes together where that is known."""
        self._files, self._total = files, size
        self._changed(first=True)

    def start(self, key: str, size: int | None) -> None:
        """A download begins."""

    def advance(self, key: str, count: int) -> None:
        """Bytes came, or have to come again."""
        with self._lock:
            self._bytes += count
            self._changed()

    def finish(self, key: str) -> None:
        """A download is over."""
        with self._lock:
            self._finished += 1
            self._changed()

    def close(self) -> None:
        """All are over."""

    def _changed(self, *, first: bool = False) -> None:
        """Show the sums, if it is time to."""


class _Raw(_Tally):
    """pip's `raw` lines, at most four a second, and one at the beginning and the end."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._next = 0.0

    def close(self) -> None:
        self._write()

    def _changed(self, *, first: bool = False) -> None:
        now = time.monotonic()
        if first or now >= self._next:
            self._next = now + _RAW_INTERVAL_SECONDS
            self._write()

    def _write(self) -> None:
        # In the loop's thread: a stream that takes nothing must not end a download.
        with suppress(OSError, ValueError):
            self._stream.write(f"Progress {self._bytes} of {self._total or 0}\n")
            self._stream.flush()


class _Bar(_Tally):
    """One line for all downloads, drawn by rich once they have taken a moment, gone when they are over."""

    def __init__(self, stream: TextIO, *, color: bool | None) -> None:
        super().__init__()
        self._stream = stream
        self._color = color
        self._since = 0.0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def _changed(self, *, first: bool = False) -> None:
        if first:
            self._since = time.monotonic()
        elif self._bar is None and time.monotonic() - self._since > _PATIENCE_SECONDS:
            self._bar = self._make()
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        if self._bar is not None and self._task is not None:
            text = f"{self._finished}/{self._files} files"
            self._bar.update(self._task, description=text, completed=self._bytes, total=self._total)

    def _make(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        console = Console(file=self._stream, no_color=True if self._color is False else None)
        columns = (
            SpinnerColumn("line"),
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        return Progress(*columns, console=console, refresh_per_second=5, transient=True)
