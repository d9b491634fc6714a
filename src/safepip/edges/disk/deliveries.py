"""Remembers which source delivered a file of the store, and under which name.

    <root>/delivered-1/<2 digits>/<62 digits>/<digest of file name and source>      empty; the digits are the file's

A digest says which bytes are right, not which index offered them. Where the page of an index gives the digest, the
index has said that the file is its own. Where only a lock or the user gives it, the store may have those bytes from an
index that has no right to the name. So they may only be used for a source that delivered them, under the name that it
gave them; a store that does not know (one of an older safepip) has to ask once.

A source is known by its URL (`safepip.index.deliveries`), so it may be renamed, projects with different configurations
can share a store, and a file may have come from several sources. Code that can write to the store can forge a note,
just as any cached page.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from safepip.edges.disk.private_files import write_private_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.evidence import VerifiedFile

_FORM = 1


class Deliveries:
    """The notes of a store at `root`."""

    def __init__(self, root: str) -> None:
        self._root = root

    def note(self, file: VerifiedFile, source: str) -> None:
        """The source has delivered this file. A note that cannot be written is missing later, and the source is asked
        again."""
        path = self._path(file, source)
        if not os.path.exists(path):
            with contextlib.suppress(OSError):
                write_private_file(path, b"")

    def known(self, file: VerifiedFile, sources: Iterable[str]) -> bool:
        """Whether one of the sources has delivered the file under its name."""
        return any(os.path.exists(self._path(file, source)) for source in sources)

    def any_known(self, file: VerifiedFile) -> bool:
        """Whether it is known of any source, under any name."""
        return os.path.isdir(self._folder(file))

    def _folder(self, file: VerifiedFile) -> str:
        digest = file.sha256.hex
        return os.path.join(self._root, f"delivered-{_FORM}", digest[:2], digest[2:])

    def _path(self, file: VerifiedFile, source: str) -> str:
        key = f"{file.filename}\0{source}".encode("utf-8", "surrogatepass")
        return os.path.join(self._folder(file), hashlib.sha256(key).hexdigest())
