"""Folders and files of the cache that only this user may read, whatever the umask of the run is.

`os.makedirs` gives its mode to the last folder only, and `open` makes files that the umask decides about.
"""

from __future__ import annotations

import contextlib
import os

_FOLDER = 0o700
_FILE = 0o600


def make_private_folder(path: str) -> None:
    """Make a folder and each one above it that is missing, for this user only. One that is there stays as it is.

    Raises `OSError`, also where something else is there.
    """
    try:
        os.mkdir(path, _FOLDER)
    except FileNotFoundError:
        above = os.path.dirname(path)
        if above in ("", path):
            raise
        make_private_folder(above)
        make_private_folder(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def write_private_file(path: str, content: bytes) -> None:
    """Put a file in its place in one step, for this user only, with the folders above it. Raises `OSError`."""
    make_private_folder(os.path.dirname(path))
    # Not by the number of the process: containers that share a folder have the same numbers.
    temporary = f"{path}.{int.from_bytes(os.urandom(8))}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, _FILE)
    try:
        with open(handle, "wb", buffering=0) as file:
            left = memoryview(content)
            while left:
                # An unbuffered write may take less than it is given: a disk becomes full in the middle.
                left = left[file.write(left) :]
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
