"""Remembers, in the store's folder, which wheel an installed distribution came from.

    <root>/installed-1/<2 digits>/<62 digits>       the wheel's digests, a line each

The name is a digest of the distribution's RECORD as pip left it and safepip found it to be in order, and of the time at
which it was written. So the note is not in the environment, where a wheel that plain pip installs could bring a false
one: a RECORD with other rows is not known, and neither is one that a lying wheel has made to look the same, because pip
writes RECORD itself, at another time. Everything else (another installer, another machine, a cleared cache) is simply
unknown.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from safepip.edges.disk.private_files import write_private_file
from safepip.model.digest import STRONG, Digest, WeakDigest, strong

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.evidence import ClearedWheel
    from safepip.model.resolution import InstalledDistribution

_FORM = 1

#: More than the RECORD of any wheel that is installed (`wheel_content`), with pip's rows for byte code on top.
_LONGEST_RECORD = 128 << 20

#: A line for each strong algorithm.
_LONGEST_NOTE = 4096

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class InstalledMemory:
    """The notes below a store's root; None for a store that goes with the run, where nothing is remembered."""

    def __init__(self, root: str | None) -> None:
        self._root = root

    def note(self, wheels: Iterable[ClearedWheel]) -> None:
        """These have just been installed. A note that cannot be written is missing later.

        Of what was built here the source archive's digest is noted, by which a lock names it, and of a folder nothing.
        """
        from safepip.handover.integrity import record_place

        for wheel in wheels:
            place = record_place(wheel)
            path = self._path(place.path) if place is not None and place.path else None
            if path is None:
                continue
            lines = dict.fromkeys(map(str, _digests_of(wheel)))
            if not lines:
                continue
            with contextlib.suppress(OSError):
                write_private_file(path, "".join(f"{line}\n" for line in lines).encode("ascii"))

    def digests(self, distribution: InstalledDistribution) -> frozenset[Digest]:
        """The digests of the wheel that it was installed from; none where that is not known."""
        path = self._path(os.path.join(distribution.metadata_path, "RECORD"))
        found = None if path is None else _read(path, _LONGEST_NOTE)
        data = b"" if found is None else found[0]
        try:
            rows = [line.partition(":") for line in data.decode("ascii").splitlines()]
            return frozenset(strong(algorithm, value) for algorithm, _, value in rows if algorithm in STRONG)
        except (UnicodeDecodeError, WeakDigest):
            return frozenset()

    def _path(self, record: str) -> str | None:
        """The path of the note for a distribution with this RECORD; None where there is no such RECORD."""
        if self._root is None:
            return None
        found = _read(record, _LONGEST_RECORD)
        if found is None:
            return None
        data, written = found
        key = hashlib.sha256(b"%d\0%s" % (written, data)).hexdigest()
        return os.path.join(self._root, f"installed-{_FORM}", key[:2], key[2:])


def _digests_of(wheel: ClearedWheel) -> tuple[Digest, ...]:
    """The digests by which a lock or a requirement may ask for what was installed."""
    pin, file = wheel.pin, wheel.file
    if pin.built_from is not None:
        digest = None if pin.built_from.source.editable else pin.built_from.digest
        return () if digest is None else (digest,)
    if pin.candidate is not None and not pin.candidate.is_wheel:
        return pin.candidate.file.digests
    return (file.sha256, *file.demanded)


def _read(path: str, limit: int) -> tuple[bytes, int] | None:
    """The bytes of a regular file and the time at which it was written, in nanoseconds, both of one opened file; None
    where there is no such file. A pipe is not waited for, and no link is followed."""
    try:
        handle = os.open(path, _FLAGS)
    except OSError:
        return None
    try:
        kind = os.fstat(handle)
        if not stat.S_ISREG(kind.st_mode):
            return None
        with open(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError:
        return None
    finally:
        os.close(handle)
    return (data, kind.st_mtime_ns) if len(data) <= limit else None
