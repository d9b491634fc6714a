"""Remembers, in the store's folder, of which wheel an installed distribution is.

    <root>/installed-1/<2 digits>/<62 digits>       the wheel's digests, a line each

The name is a digest of the distribution's RECORD as pip left it and safepip found it to be in order, and of the time at
which it was written. So nothing of it is in the environment, where a wheel that plain pip installs could bring a file
that lies: a RECORD with other rows is not known, and neither is one that a lying wheel has made to look the same,
because pip writes RECORD itself, at another time. Whatever else is unknown (another installer, another machine, a cache
that was cleared) is unknown and no more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from safepip.edges.installed_files import read_small
from safepip.integrity import record_place
from safepip.model.digest import STRONG, Digest, WeakDigest, strong
from safepip.wheel_content import MAX_RECORD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.candidate import InstalledDistribution
    from safepip.model.evidence import ClearedWheel

_FORM = 1

#: pip's rows for byte code come on top of the wheel's.
_LONGEST_RECORD = 2 * MAX_RECORD_BYTES

#: A line for each strong algorithm.
_LONGEST_NOTE = 4096


class InstalledMemory:
    """The notes below a store's root; None for a store that goes with the run, where nothing is remembered."""

    def __init__(self, root: str | None) -> None:
        self._root = root

    def note(self, wheels: Iterable[ClearedWheel]) -> None:
        """These have just been installed. What cannot be written is not known later."""
        for wheel in wheels:
            place = record_place(wheel)
            path = self._path(place.path) if place is not None and place.path else None
            if path is None:
                continue
            lines = dict.fromkeys(map(str, (wheel.file.sha256, *wheel.file.demanded)))
            temporary = f"{path}.{os.getpid()}.new"
            with contextlib.suppress(OSError):
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                with open(temporary, "w", encoding="ascii") as file:
                    file.write("".join(f"{line}\n" for line in lines))
                os.replace(temporary, path)

    def digests(self, distribution: InstalledDistribution) -> frozenset[Digest]:
        """Those of the wheel that it was installed from; none where that is not known."""
        path = self._path(os.path.join(distribution.metadata_path, "RECORD"))
        data = None if path is None else read_small(path, _LONGEST_NOTE)[0]
        try:
            rows = (line.partition(":") for line in (data or b"").decode("ascii").splitlines())
            return frozenset(strong(algorithm, value) for algorithm, _, value in rows if algorithm in STRONG)
        except (UnicodeDecodeError, WeakDigest):
            return frozenset()

    def _path(self, record: str) -> str | None:
        """Where the note of what has this RECORD is or would be; None where there is no such file."""
        if self._root is None:
            return None
        data, _ = read_small(record, _LONGEST_RECORD)
        if data is None:
            return None
        try:
            written = os.lstat(record).st_mtime_ns
        except OSError:
            return None
        key = hashlib.sha256(b"%d\0%s" % (written, data)).hexdigest()
        return os.path.join(self._root, f"installed-{_FORM}", key[:2], key[2:])
