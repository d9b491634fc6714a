"""What another program writes, read within a time and a size."""

from __future__ import annotations

import errno
import os
import time
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

#: Longer than any real answer; in bytes.
_LARGEST = 16 * 1024 * 1024
_PIECE = 64 * 1024

#: Seconds without another byte after which the streams of a program that has ended are not read any further.
_LINGER = 2.0


class ProgramAnswer(NamedTuple):
    """What a program left when it ended."""

    code: int
    output: bytes
    errors: bytes

    @property
    def last_words(self) -> str:
        """The last line of its errors, or else its exit code."""
        return last_words(self.errors, self.code)


def last_words(errors: bytes, code: int) -> str:
    """Why a program failed: the last line of its errors, or else its exit code."""
    return (errors.decode("utf-8", "replace").strip().splitlines() or [f"exit code {code}"])[-1]


def ask_program(
    arguments: Sequence[str], environ: Mapping[str, str], seconds: float, question: bytes = b"", cwd: str | None = None
) -> ProgramAnswer:
    """Run a program to its end. Raises `OSError` where it cannot be started, and as `gather`."""
    import subprocess

    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environ),
        cwd=cwd,
    )
    output, errors = gather(process, seconds, question)
    return ProgramAnswer(process.returncode, output, errors)


def gather(process: subprocess.Popen[bytes], seconds: float, question: bytes = b"") -> tuple[bytes, bytes]:
    """Put a question, and wait for the end: what the program wrote to its output and to its error stream.

    Raises `subprocess.TimeoutExpired` where it takes longer, and `OSError` where it writes without end; it is killed
    then.
    """
    if process.returncode is not None:
        return b"", b""  # it was waited for already, and its streams are closed
    found = bytearray(), bytearray()
    # Popen.wait with a time asks again and again; without one it sleeps until the end, so a thread does that.
    waits = Thread(target=process.wait, daemon=True)
    asks = [Thread(target=_ask, args=(process, question), daemon=True)] if process.stdin is not None else []
    readers = [
        Thread(target=_read, args=(process, stream, into), daemon=True)
        for stream, into in zip((process.stdout, process.stderr), found, strict=True)
        if stream is not None
    ]
    try:
        for thread in (waits, *asks, *readers):
            thread.start()
        waits.join(seconds)
        process.wait(0.0)
        _take_the_rest(readers, found)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if max(map(len, found)) > _LARGEST:
        raise OSError(errno.EFBIG, "it writes without end")
    return bytes(found[0]), bytes(found[1])


def _take_the_rest(readers: Sequence[Thread], found: Sequence[bytearray]) -> None:
    """Wait for the ends of the streams of a program that has ended, but not for others who hold them open: what it has
    started and left behind, such as a connection that ssh shares."""
    before = -1
    while any(reader.is_alive() for reader in readers) and sum(map(len, found)) > before:
        before = sum(map(len, found))
        until = time.monotonic() + _LINGER
        for reader in readers:
            reader.join(max(0.0, until - time.monotonic()))


def _ask(process: subprocess.Popen[bytes], question: bytes) -> None:
    try:
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(question)
    except OSError:
        return  # it ended without reading: what it wrote, or its exit code, says why


def _read(process: subprocess.Popen[bytes], stream: IO[bytes], into: bytearray) -> None:
    with stream:
        while piece := os.read(stream.fileno(), _PIECE):
            into += piece
            if len(into) > _LARGEST:
                process.kill()
                return
