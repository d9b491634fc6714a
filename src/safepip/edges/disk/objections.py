"""Files that are refused for their digest, whatever they are called and wherever they come from.

Nothing of such a file is read: where its digest is stated, that is enough; a file of this machine is hashed before it
is opened as an archive; and of a file on a server whose sha256 nobody states, no part is read for its metadata: it
comes whole, into the store.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from safepip.edges.disk.reading import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.digest import AnyDigest


class KnownFiles(Protocol):
    """What is known of files by their digests."""

    @property
    def any_known(self) -> bool:
        """Whether there is any digest to which something is objected."""

    def check_file(self, filename: str, sha256: str) -> None:
        """Raise what is objected to a file with this digest."""


class Objections:
    """What is objected to files. `known` None means nothing to any."""

    def __init__(self, known: KnownFiles | None) -> None:
        self._known = known

    def check(self, filename: str, *digests: AnyDigest) -> None:
        """Raise what is objected to a file with one of these digests, which need not be there yet."""
        for digest in digests:
            if self._known is not None and digest.algorithm == "sha256":
                self._known.check_file(filename, digest.hex)

    def check_unread(self, filename: str, path: str) -> None:
        """Raise what is objected to a file of this machine that is about to be read where it is.

        Costs a read of the whole file where anything is objected to any file. One that cannot be read is passed over:
        reading it fails as well.
        """
        if self._known is None or not self._known.any_known:
            return
        try:
            with open(open_regular(path), "rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return
        self._known.check_file(filename, sha256)

    def decided_by(self, digests: Iterable[AnyDigest]) -> bool:
        """Whether `check` with these digests is all that there is to ask."""
        return self._known is None or any(d.algorithm == "sha256" for d in digests) or not self._known.any_known
