"""What a person sees while it runs: one line on standard error, drawn over and over, and gone when it ends.

It is drawn only where a person may be watching: standard error is a terminal that can move its cursor, and nothing says
that this is a CI machine. `--progress-bar off`, and `auto` with `--quiet`, show nothing. `--progress-bar raw` writes
pip's lines `Progress 1024 of 4096` to standard output instead, for programs to read; they count all downloads together.

The line is our own and not a library's. It is drawn by a thread that the main one never waits for, in the colour that
standard error has, and any other text takes its place first (`aside`): that is all it does, in fewer lines than it
takes to tell a library so, and nothing has to be imported for it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from safepip.edges.console.outputs import CI, ERASE, can_erase
from safepip.model.events import Fetched, Fetching, Received
from safepip.reporting.activity import Activity, fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from safepip.model.events import Event
    from safepip.model.plan import Display
    from safepip.reporting.messages import Style

#: Python needs some 0.1 seconds before a run begins: the line is there half a second after the start.
PATIENCE_SECONDS = 0.35
_DRAW_SECONDS = 0.15
_RAW_SECONDS = 0.25


class Progress:
    """Is told what happens in a run, from any thread. This one shows nothing."""

    on_terminal = False
    """Whether a line may be on the terminal, which other programs must erase before they write."""

    def tell(self, event: Event) -> None:
        """Something happened."""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing is drawn meanwhile, and nothing of it is on the terminal. Others wait: it must not take long."""
        yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """The same, for as long as it takes, such as for a question."""
        yield

    def close(self) -> None:
        """The run is over. Closing twice is harmless."""


def make_progress(
    display: Display,
    environ: Mapping[str, str],
    style: Style,
    redact: Callable[[str], str] = str,
    *,
    since: float | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> Progress:
    """What shows the work of a run that began at `since`, of `time.monotonic`. `redact` takes secrets out of texts."""
    stdout, stderr = stdout or sys.stdout, stderr or sys.stderr
    choice = display.progress_bar
    if choice == "off" or (choice == "auto" and display.verbosity < 0):
        return Progress()
    if choice == "raw":
        return RawLines(stdout)
    if not (stderr.isatty() and can_erase(environ)) or any(name in environ for name in CI):
        return Progress()
    return LiveLine(stderr, style, redact, since=since)


class LiveLine(Progress):
    """The line, from a moment after `since` on. `clock` gives seconds; with `itself` False the line is drawn where
    `draw` is called, and nowhere else."""

    on_terminal = True

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        redact: Callable[[str], str] = str,
        *,
        since: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] | None = None,
        itself: bool = True,
    ) -> None:
        self._stream = stream
        self._style = style
        self._redact = redact
        self._clock = clock
        self._columns = columns or self._width
        self._since = clock() if since is None else since
        self._activity = Activity()
        self._taking = threading.Lock()  # of `_activity`
        self._writing = threading.RLock()  # of the terminal
        self._drawn = False
        self._hidden = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, name="safepip-progress", daemon=True) if itself else None
        if self._thread is not None:
            self._thread.start()

    def tell(self, event: Event) -> None:
        with self._taking:
            self._activity.take(event, self._clock())
            silent = self._activity.silent
        if silent and self._drawn:
            with self.aside():
                pass

    def draw(self) -> None:
        """Show what is done at this moment, if it is time to."""
        with self._writing:
            now = self._clock()
            if self._hidden or self._closed.is_set() or now - self._since < PATIENCE_SECONDS or not self._in_front():
                return
            with self._taking:
                doing, trouble = self._activity.parts(now)
            # One column stays free: some terminals go on to the next line once the last one is taken. What is cut off
            # could be the end of a secret, by which that is known.
            line = fitted(self._redact(doing), self._redact(trouble), self._columns() - 1)
            if line:
                word, colon, rest = line.partition(":")
                self._write(f"\r{self._style.strong(word)}{colon}{rest}\x1b[K")
                self._drawn = True

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self._writing:
            if self._drawn:
                self._write(ERASE)
                self._drawn = False
            yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        with self.aside():
            self._hidden += 1
        try:
            yield
        finally:
            self._hidden -= 1

    def close(self) -> None:
        self._closed.set()
        with self.aside():
            pass

    def _draw_on(self) -> None:
        while not self._closed.wait(_DRAW_SECONDS):
            self.draw()

    def _in_front(self) -> bool:
        """Whether this process may write to the terminal: a job in the background leaves it to the others."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (AttributeError, OSError, ValueError):
            return True  # there are no jobs here, or it is the terminal of another session

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _write(self, text: str) -> None:
        # A terminal that has gone away must not end a run.
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


class RawLines(Progress):
    """pip's `raw` lines, at most four a second, and one at the beginning and the end."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next = 0.0
        self._bytes = self._size = 0

    def tell(self, event: Event) -> None:
        if isinstance(event, Fetching):
            self._bytes, self._size = 0, event.size or 0
        elif isinstance(event, Received):
            self._bytes += event.size
        elif not isinstance(event, Fetched):
            return
        now = self._clock()
        if now >= self._next or not isinstance(event, Received):
            self._next = now + _RAW_SECONDS
            self._write()

    def _write(self) -> None:
        # In the loop's thread: a stream that takes nothing must not end a download.
        with suppress(OSError, ValueError):
            self._stream.write(f"Progress {self._bytes} of {self._size}\n")
            self._stream.flush()
