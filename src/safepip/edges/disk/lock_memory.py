"""Remembers, in the cache folder, which locks were found to match their inputs.

An entry is a name: the digest of the inputs and of the lock's text. It holds for a day; after that the indexes are
asked again whether they still have every file. Code that can write to the cache folder can forge an entry, just as any
cached page.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time

from safepip.edges.disk.private_files import write_private_file

_FORM = 1
_SECONDS = 86_400.0


class LockMemory:
    """The folder `locks` below the cache folder; with root None nothing is remembered."""

    def __init__(self, root: str | None) -> None:
        self._root = root

    def knows(self, inputs: str, text: str) -> bool:
        """Whether a lock with this text matched these inputs less than a day ago."""
        if self._root is None:
            return False
        try:
            age = time.time() - os.stat(self._path(inputs, text)).st_mtime
        except OSError:
            return False
        return 0 <= age < _SECONDS

    def remember(self, inputs: str, text: str) -> None:
        """Note that it does. A cache that cannot be written makes a run slower; it does not fail."""
        if self._root is None:
            return
        path = self._path(inputs, text)
        with contextlib.suppress(OSError):
            write_private_file(path, b"")

    def _path(self, inputs: str, text: str) -> str:
        name = hashlib.sha256(f"{inputs} {hashlib.sha256(text.encode()).hexdigest()}".encode()).hexdigest()
        return os.path.join(self._root or "", f"locks-{_FORM}", name)
