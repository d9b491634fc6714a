"""Files of the user's that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from typing import TYPE_CHECKING

from safepip.edges.disk import permissions

if TYPE_CHECKING:
    import io


#: Of a file that cannot be replaced in its folder.
_FIXED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
#: How folders begin in which the files that a program has opened have names: `/dev/stdout`, `/dev/fd/3`.
_OPENED = ("/dev//", "/dev/fd//", "/proc/")


def is_stream(path: str) -> bool:
    """Whether what is written to this path cannot be read back: standard output (`-`), a pipe, a device, or what a
    program has opened, which would not see another file that takes its place."""
    if path == "-" or f"{os.path.realpath(os.path.dirname(path))}//".startswith(_OPENED):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def write_whole(path: str, text: str, *, in_place: bool = False) -> None:
    """Put `text` at `path` in one step, the permissions of what was there kept; a stream is written to.

    A program that reads the file meanwhile, or after an interruption at any instant, finds either the old text or the
    new one. Raises `OSError`, and then nothing has changed.

    With `in_place` a file that may be written and not replaced (one that is mounted, or whose folder is closed) is
    written where it is, not in one step.
    """
    if is_stream(path):
        # A device must not be replaced by a file.
        with open(path, "w", encoding="utf-8", newline="\n", opener=_open_at_once) as file:
            file.write(text)
        return
    temporary = None
    with contextlib.suppress(FileNotFoundError):
        # Raises where no path leads on, also because another user's link lies in a folder for all: the system does not
        # follow it, and so it must not be followed here.
        os.stat(path)
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
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if not (in_place and isinstance(error, OSError) and error.errno in _FIXED and os.path.isfile(path)):
            raise
        _overwrite(path, text.encode("utf-8"))


def _overwrite(path: str, data: bytes) -> None:
    """Put `data` into a file that is there, or else what was in it, which has had room in it."""
    with open(path, "r+b", buffering=0) as file:
        before = file.read()
        try:
            _put(file, data)
        except BaseException:
            _put(file, before)
            raise


def _put(file: io.FileIO, data: bytes) -> None:
    file.seek(0)
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
    file.truncate()
    os.fsync(file.fileno())


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
