"""Files of the user's that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

from safepip.edges.disk import permissions


def is_stream(path: str) -> bool:
    """Whether what is written to this path cannot be read back: standard output (`-`), a pipe, a device."""
    if path == "-":
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def write_whole(path: str, text: str) -> None:
    """Put `text` at `path` in one step, the permissions of what was there kept; a stream is written to.

    A program that reads the file meanwhile, or after an interruption at any instant, finds either the old text or the
    new one. Raises `OSError`, and then nothing has changed.
    """
    if is_stream(path):
        # A device must not be replaced by a file.
        with open(path, "w", encoding="utf-8", newline="\n", opener=_open_at_once) as file:
            file.write(text)
        return
    temporary = None
    # A link stays a link: what it points to is replaced.
    path = os.path.realpath(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".safepip-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise


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
