"""Who uses a cache folder: runs hold it together, and what takes files away holds it alone.

The folder itself is held by `flock`, which the system lets go of when a process ends, however it ends; nothing is
written for it.

A run would find a file gone between two of its steps. It waits for what holds the folder alone, and that does not wait
for a run. To take files away takes a moment; but any user who may read the folder may hold it for ever, so a run
waits no longer than for honest work. Where the system or the file system has no such locks (Windows, where a file
that is open cannot be removed in any case, and some network file systems) nothing is held.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


#: In seconds: for how long a run waits for what holds the folder alone, and how often it looks.
_PATIENCE, _LOOKS = 30.0, 0.1


def hold(root: str) -> int | None:
    """Hold a cache folder beside others; a descriptor that lets go when it is closed, None where nothing is held.

    Raises `BlockingIOError` where it stays held alone.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return _lock(root, alone=False)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise
        time.sleep(_LOOKS)


@contextlib.contextmanager
def held_together(root: str) -> Iterator[None]:
    """Hold a cache folder beside others for the time of a block. Raises `Unavailable` (`cache-in-use`)."""
    try:
        handle = hold(root)
    except BlockingIOError:
        raise _in_use(root, "another program holds") from None
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextlib.contextmanager
def held_alone(root: str) -> Iterator[None]:
    """Hold a cache folder alone. Raises `Unavailable` (`cache-in-use`) where a run uses it."""
    handle = None
    try:
        handle = _lock(root, alone=True)
    except BlockingIOError:
        raise _in_use(root, "another run of safepip is using") from None
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _in_use(root: str, who: str) -> Unavailable:
    error = Unavailable.because(
        "cache-in-use", f"{who} the cache {printable(root)}", hint="do it again when that has ended"
    )
    assert isinstance(error, Unavailable)
    return error


def _lock(root: str, *, alone: bool) -> int | None:
    """Raises `BlockingIOError` where the folder is held, and not beside others."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:
        os.close(handle)
        return None
    except BaseException:
        os.close(handle)
        raise
    return handle
