"""Files that are read whole, within bounds.

Where another person can put a file (an environment, a folder that is listed, a repository), a pipe without a writer
would be waited for, for ever, and a device may have no end. So a file that the user has not named is opened only if it
is a regular file. What the user names is read as any program would: `-r <(...)` is a pipe, `/dev/stdin` may be a
terminal.
"""

from __future__ import annotations

import errno
import os
import stat

#: No text that people write for a program is nearly this long, in bytes.
LARGEST_TEXT = 16 * 1024 * 1024

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_regular(path: str) -> int:
    """A descriptor of a regular file. Raises `OSError` for anything else, without waiting for it."""
    # Without O_NONBLOCK a named pipe would be waited for.
    handle = os.open(path, _FLAGS)
    status = os.fstat(handle)
    if has_an_end(status):
        return handle
    os.close(handle)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is not a regular file")


def has_an_end(status: os.stat_result) -> bool:
    """Whether it is a regular file, or the null device, which people use in place of a file that should not count."""
    if stat.S_ISCHR(status.st_mode):
        return status.st_rdev == os.stat(os.devnull).st_rdev
    return stat.S_ISREG(status.st_mode)


def read_regular(path: str, limit: int = LARGEST_TEXT) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises `OSError`."""
    with open(open_regular(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise _too_large()
        return _bounded(file.read(limit + 1), limit)


def read_project_file(folder: str, name: str) -> str:
    """The text of a file of a folder, for a first look: what is not UTF-8 is replaced, and of what cannot be read there
    is a text that is no TOML, so that reading it in earnest gives the reason."""
    try:
        return read_regular(os.path.join(folder, name)).decode("utf-8", "replace")
    except OSError:
        return "["


def read_named(path: str, limit: int = LARGEST_TEXT) -> bytes:
    """The content of what the user has named, whatever it is: at most `limit` bytes. Raises `OSError`."""
    with open(path, "rb") as file:
        return _bounded(file.read(limit + 1), limit)


def _bounded(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        # Cut off, it would lack its end.
        raise _too_large()
    return content


def _too_large() -> OSError:
    return OSError(errno.EFBIG, os.strerror(errno.EFBIG))
