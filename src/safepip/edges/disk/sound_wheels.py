"""Remembers which wheels of the store are sound: every member unpacks to what its row in RECORD says.

    <root>/sound-1/<2 digits>/<62 digits>           which safepip has found it; the digits are the wheel's

That follows from the wheel's bytes alone, and they are hashed again at each use. So a later run may leave out what
would give the same result (`safepip.wheel.content`), where every file is compared with its row once it is installed. A
note of another safepip does not count: that one may have read by other rules. It is known by its version, and by the
digest of the files that read, since those of a checkout change under one version.

Code that can write to the store can forge a note, just as any other. A wheel whose contents are not what its RECORD
says, or that cannot be unpacked, would then be found by pip or after it (`installed-differs`), and not before. The next
run finds it before: what differs does not stay installed (`safepip.edges.pip.unfinished`), and the notes about what
could not be installed are removed. Nothing else is taken from a note, and what comes of the wheel is compared with
digests out of its hashed bytes in any case.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import cache
from typing import TYPE_CHECKING

import safepip
from safepip.edges.disk.private_files import write_private_file
from safepip.edges.disk.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.evidence import VerifiedFile

_FORM = 1

#: No version and digest have so many bytes.
_LONGEST = 200

#: What finds that a wheel is sound.
READERS = (
    *("wheel/archive.py", "wheel/content.py", "wheel/editable_loaders.py", "wheel/metadata.py", "wheel/namespaces.py"),
    *("wheel/record.py", "wheel/zip_format.py", "wheel/zip_walk.py", "rules/wrong_record.py"),
)


@cache
def own_note() -> bytes:
    """What this safepip writes into a note."""
    folder, loader = os.path.dirname(os.path.abspath(safepip.__file__)), __spec__.loader
    digest = hashlib.sha256()
    for name in READERS:
        # Also out of a zip application.
        text: bytes = loader.get_data(os.path.join(folder, *name.split("/")))  # type: ignore[union-attr]  # it loads files
        digest.update(hashlib.sha256(text).digest())
    return f"{safepip.__version__} {digest.hexdigest()}\n".encode("ascii")


class SoundWheels:
    """The notes of a store at `root`; None for one in which nothing is kept, or that this user does not own."""

    def __init__(self, root: str | None) -> None:
        self._root = root

    def known(self, file: VerifiedFile) -> bool:
        """Whether this safepip has found the file to be sound."""
        if self._root is None:
            return False
        try:
            return read_regular(self._path(file), _LONGEST) == own_note()
        except OSError:
            return False

    def note(self, file: VerifiedFile) -> None:
        """The file was found to be sound. A note that cannot be written is missing later."""
        if self._root is None:
            return
        path = self._path(file)
        with contextlib.suppress(OSError):
            write_private_file(path, own_note())

    def forget(self, files: Iterable[VerifiedFile]) -> None:
        """Nothing is known of these any more."""
        for file in files if self._root is not None else ():
            with contextlib.suppress(OSError):
                os.unlink(self._path(file))

    def _path(self, file: VerifiedFile) -> str:
        digest = file.sha256.hex
        return os.path.join(self._root or "", f"sound-{_FORM}", digest[:2], digest[2:])
