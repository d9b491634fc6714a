"""The folder in which one run unpacks sources and builds, removed at its end.

It is made in the system's temporary folder and not in the cache: build tools look for a repository in every folder
above a project, and a cache lies in a home folder, which may be one.
"""

from __future__ import annotations

import os
import tempfile

from safepip.edges.builder.removal import remove
from safepip.edges.disk.sweeping import sweep
from safepip.model.errors import Unavailable

_PREFIX = "safepip-build-"
#: What runs make in the temporary folder: this one, and those for trying a fence and for version control.
_SWEPT = (_PREFIX, "safepip-fence-", "safepip-vcs-")


class Scratch:
    """The folder, made when it is first needed. `keep` leaves it behind (pip's `--no-clean`)."""

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self._root: str | None = None
        self._number = 0

    @property
    def root(self) -> str:
        """The folder itself, absolute, with links resolved. Raises `Unavailable` (`store-unwritable`)."""
        if self._root is None:
            try:
                sweep(tempfile.gettempdir(), *_SWEPT, remove=remove)
                self._root = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX))
            except OSError as error:
                raise Unavailable.because(
                    "store-unwritable", f"no folder for building can be made: {error.strerror or error}"
                ) from error
        return self._root

    def folder(self, name: str) -> str:
        """A new, empty folder; `name` is for people who look at it."""
        self._number += 1
        path = os.path.join(self.root, f"{self._number}-{name}")
        os.mkdir(path, 0o700)
        return path

    def discard(self, folder: str) -> None:
        """Remove one of the folders before the end, if the others go, too."""
        if not self._keep:
            remove(folder)

    def close(self) -> None:
        """Remove everything. A Ctrl-C meanwhile is raised afterwards; one more ends this at once."""
        root, self._root = self._root, None
        if root is not None and not self._keep:
            try:
                remove(root)
            except KeyboardInterrupt:
                remove(root)
                raise
