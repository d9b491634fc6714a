"""The file of the note of `safepip.handover.unfinished`, and the lock on it (flock(2)).

    <the environment>/.safepip-unfinished-3.11-1f0c9a7e

It lies in the folder of the scheme `data`, which is that of the environment, or the user's base. Several Pythons may
have that folder in common, so the name ends with a checksum of where, seen from there, the folders of distributions
are.

Only its owner may open it: who can open a file can lock it, and so keep others waiting.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from safepip.model.plan import Target

_NAME = ".safepip-unfinished-"

#: The largest that is written with eight hexadecimal digits: the remainder of a text is a checksum without an import.
_PRIME = 0xFFFF_FFFB
_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

#: How long another run is waited for, in seconds, and how long between two looks.
LONGEST_WAIT = 600.0
_BETWEEN = 0.05


class NoLocks(Exception):
    """Files cannot be locked here: on Windows not so that a pip holds the lock when safepip is gone, and on some
    network file systems not at all."""


class NotePlace(NamedTuple):
    """Where a note lies, and the folders of distributions that it may speak of, by their names in schemes."""

    path: str
    libraries: Mapping[str, str]


def places(target: Target) -> Iterator[NotePlace]:
    """Where notes about a target may lie: one place, or two where the user has a base."""
    for schemes in (target.schemes, target.user_schemes if target.user_site else {}):
        found = place_of(schemes, target)
        if found is not None:
            yield found


def place_of(schemes: Mapping[str, str], target: Target) -> NotePlace | None:
    """Where a note about what goes to these folders lies; None where they do not tell."""
    folder = schemes.get("data")
    if not folder:
        return None
    version = ".".join(target.version.split(".")[:2])
    names = ("purelib", "platlib")
    libraries = {name: os.path.normpath(schemes[name]).replace(os.sep, "/") for name in names if schemes.get(name)}
    seen = "\n".join(_seen_from(folder, libraries.get(name, "")) for name in names)
    checksum = int.from_bytes(os.fsencode(seen)) % _PRIME
    return NotePlace(os.path.join(folder, f"{_NAME}{version}-{checksum:08x}"), libraries)


def _seen_from(folder: str, library: str) -> str:
    """By which a library is the same wherever the environment is mounted, and through whatever link."""
    try:
        return os.path.relpath(os.path.realpath(library), os.path.realpath(folder)) if library else ""
    except ValueError:  # another drive
        return library


def hold_new(path: str, waiting: Callable[[], None]) -> int:
    """Make a note there, empty, and hold it. Raises `FileExistsError` where there is one, or any other `OSError`, and
    `NoLocks`."""
    if sys.platform == "win32":
        raise NoLocks
    import fcntl  # noqa: F401 - what cannot be locked is not made

    while True:
        handle = os.open(path, _NEW, 0o600)
        try:
            _lock(handle, path, waiting)
            # A run that has just begun may have taken it for one that was cut off.
            if _is_at(handle, path):
                return handle
        except BaseException:
            if _is_at(handle, path):
                os.unlink(path)
            os.close(handle)
            raise
        os.close(handle)


def hold_there(path: str, waiting: Callable[[], None]) -> int | None:
    """Hold the note that is there, once no one else does; None where there is none, or no more. Raises `Unavailable`
    (`unfinished-installation`, `target-in-use`), and `NoLocks`."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | _OPEN)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(path, _why(error)) from None
        try:
            _check_is_file(handle, path)
            _lock(handle, path, waiting)
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _check_is_file(handle: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise unusable(path, "it is not a file")


def read_without_lock(path: str, limit: int) -> bytes:
    """What a note says at this moment. Raises `OSError`."""
    handle = os.open(path, os.O_RDONLY | _OPEN)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        return file.read(limit)


def unusable(path: str, why: str) -> Unavailable:
    """The error for what an earlier installation has left undone, and what cannot be done now."""
    return Unavailable.because(
        "unfinished-installation",
        "an earlier installation was cut off, and what it has left undone cannot be set right",
        context=(f"{printable(path)}: {printable(why)}",),
        hint="if no installation is going on there, remove what is named, and install again with --force-reinstall",
    )


def _why(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a link"
    if isinstance(error, PermissionError):
        return "it belongs to another user, who has to run safepip again there"
    return error.strerror or str(error)


def _lock(handle: int, path: str, waiting: Callable[[], None]) -> None:
    """Hold a file alone. `waiting` is called once where another process holds it."""
    if sys.platform == "win32":
        raise NoLocks
    import fcntl

    last = None
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if last is None:
                waiting()
                last = time.monotonic() + LONGEST_WAIT
        except OSError:
            raise NoLocks from None
        if time.monotonic() >= last:
            raise Unavailable.because(
                "target-in-use",
                f"another installation into this environment has not ended for {LONGEST_WAIT:.0f} seconds",
                context=(f"it holds {printable(path)}",),
                hint="run it again when that has ended; a pip that hangs can be killed",
            )
        time.sleep(_BETWEEN)


def _is_at(handle: int, path: str) -> bool:
    """Whether this file is still the one at the path."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False
