"""Lock files on disk: read whole, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

from safepip.edges.console.outputs import write_data
from safepip.edges.disk import permissions
from safepip.edges.disk.reading import read_named, read_regular
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.reporting.runner_commands import disarm_data

#: Larger than any lock; a file of this name may be anything.
_MAX_BYTES = 64 * 1024 * 1024


def is_stream(path: str) -> bool:
    """Whether what is written to this path cannot be read back: standard output (`-`), a pipe, a device."""
    if path == "-":
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_lock_text(path: str, *, named: bool = False) -> str | None:
    """The text of a lock; None where there is no such file. Raises `Unavailable` (`unreadable-lock`).

    `named` says that the user has named it, so that it may be a pipe.
    """
    try:
        data = (read_named if named else read_regular)(path, _MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not UTF-8") from None


def write_lock_text(path: str, text: str) -> None:
    """Put `text` at `path` in one step, the permissions of what was there kept; a stream is written to.

    A program that reads the file meanwhile, or after an interruption at any instant, finds either the old text or the
    new one. Raises `Unavailable` (`lock-not-written`, `output-not-written`).
    """
    if path == "-":
        write_data(disarm_data(text))
        return
    temporary = None
    try:
        if is_stream(path):
            # A device must not be replaced by a file.
            with open(path, "w", encoding="utf-8", newline="\n", opener=_open_at_once) as file:
                file.write(text)
            return
        # A link stays a link: what it points to is replaced.
        path = os.path.realpath(path)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".safepip-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or type(error).__name__
        message = f"the lock could not be written to {printable(path)}: {reason}"
        raise Unavailable.because("lock-not-written", message, hint="name another file with -o") from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a stream to be written to; a pipe without a reader is an error, and not waited for."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    if hasattr(os, "set_blocking"):
        os.set_blocking(handle, True)
    return handle


def _mode(path: str) -> int:
    """The permissions of the file that is replaced, or of a new one."""
    try:
        return os.stat(path).st_mode & 0o7777
    except OSError:
        return permissions.of_new_file()


def _unreadable(path: str, reason: str) -> Unavailable:
    error = Unavailable.because("unreadable-lock", f"the lock {printable(path)} cannot be read: {reason}")
    assert isinstance(error, Unavailable)
    return error
