"""A terminal for the tests: a program runs on a pseudo-terminal, and its screen is known while it runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PIECES = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]+|\x1b")


class Screen:
    """What of a terminal's language safepip speaks: text, the two ends of a line, colours, and `erase to the end`.

    Anything else is an error.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines = [""]
        self.states: list[str] = []
        """What the last line has been, each time that it was erased or written over."""
        self.colours: set[str] = set()
        self._column = 0

    def write(self, text: str) -> None:
        for piece in _PIECES.finditer(text):
            match piece[0][0], piece[2]:
                case "\x1b", "m":
                    self.colours.add(piece[1])
                case "\x1b", "K":
                    self._note()
                    self.lines[-1] = self.lines[-1][: self._column]
                case "\x1b", _:
                    raise AssertionError(f"{piece[0]!r} is written to the terminal")
                case "\r", _:
                    self._column = 0
                case "\n", _:
                    self.lines.append("")
                    self._column = 0
                case _:
                    self._note()
                    line = self.lines[-1]
                    self.lines[-1] = line[: self._column] + piece[0] + line[self._column + len(piece[0]) :]
                    self._column += len(piece[0])

    def _note(self) -> None:
        """The last line is about to be another."""
        line = self.lines[-1]
        if self._column == 0 and line and line not in self.states[-1:]:
            self.states.append(line)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Unread(Screen):
    """A terminal of whose language more is spoken, as shells do: only what was written is known."""

    def write(self, text: str) -> None:
        pass


class Terminal:
    """A program on a terminal of so many columns, in front of it as a shell would start it. A context manager."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int,
        env: Mapping[str, str],
        cwd: Path,
        screen: Callable[[int], Screen] = Screen,
    ) -> None:
        self.screen = screen(columns)
        self.written = ""
        """All that the program has written, colours included."""
        self._writing = threading.Lock()
        self._host, self._end = os.openpty()
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        end = os.ttyname(self._end)
        # The first terminal that the leader of a session opens is its controlling one, from which Ctrl-C comes.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', end, *command],
            env={**env, "TERM": "xterm"},
            cwd=cwd,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._end)
        self._reader.join(10)
        os.close(self._host)

    def sees(self, pattern: str) -> Callable[[], bool]:
        """Whether the pattern is on the last line now, as a function for `held_until`."""

        def seen() -> bool:
            with self._writing:
                return re.search(pattern, self.screen.lines[-1]) is not None

        return seen

    def wait_for(self, pattern: str, seconds: float = 60.0) -> None:
        """Until the pattern is on the last line."""
        seen, end = self.sees(pattern), time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < end, f"{pattern!r} is not shown\n{self.screen.text}\n{self.screen.states}"
            assert self.process.poll() is None, f"it has ended without {pattern!r}\n{self.screen.text}"
            time.sleep(0.01)

    def wait_for_written(self, text: str, seconds: float = 60.0) -> None:
        """Until the program has written the text, wherever on the screen."""
        end = time.monotonic() + seconds
        while text not in self.written:
            assert time.monotonic() < end, f"{text!r} is not written\n{self.written}"
            assert self.process.poll() is None, f"it has ended without {text!r}\n{self.written}"
            time.sleep(0.01)

    def type(self, text: str) -> None:
        """As a person types it; what was asked leaves the last line, so that the next question can be waited for."""
        with self._writing:
            os.write(self._host, text.encode())
            self.screen.lines[-1] = ""

    def press_ctrl_c(self) -> None:
        os.write(self._host, b"\x03")

    def end(self, seconds: float = 60.0) -> int:
        """Wait for its end: the exit code, negative after a signal. The whole screen is known then."""
        code = self.process.wait(seconds)
        os.close(self._end)
        self._reader.join(10)
        return code

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(self._host, 1 << 16):
                with self._writing:
                    text = piece.decode("utf-8", "replace")
                    self.written += text
                    self.screen.write(text)


def hang_up(terminal: Terminal) -> None:
    """What the end of a terminal's window sends."""
    os.killpg(terminal.process.pid, signal.SIGHUP)
