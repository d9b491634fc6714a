"""Who uses a cache folder: runs hold it together, and what takes files away holds it alone.

The folder itself is held by `flock`, which the system lets go of when a process ends, however it ends; nothing is
written for it.

A run would find a file gone between two of its steps. It waits for what holds the folder alone, and that does not wait
for a run. Where the system or the file system has no such locks (Windows, where a file that is open cannot be removed
in any case, and some network file systems) nothing is held.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


def hold(root: str) -> int | None:
    """Hold a cache folder beside others; a descriptor that lets go when it is closed, None where nothing is held."""
    return _lock(root, alone=False)


@contextlib.contextmanager
def held_together(root: str) -> Iterator[None]:
    """Hold a cache folder beside others for the time of a block."""
    handle = hold(root)
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
        raise Unavailable.because(
            "cache-in-use",
            f"another run of safepip is using the cache {printable(root)}",
            hint="do it again when that run has ended",
        ) from None
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(root: str, *, alone: bool) -> int | None:
    """Raises `BlockingIOError` where the folder is to be held alone and is held by others."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
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
