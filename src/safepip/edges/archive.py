"""Opens wheels on disk. How an archive is read, and within which limits, is decided in `safepip.wheel_archive`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.wheel_archive import (
    TAIL_BYTES,
    ArchiveError,
    MissingRange,
    SparseBytes,
    metadata_from,
    metadata_from_parts,
)

if TYPE_CHECKING:
    from typing import BinaryIO

    from safepip.model.wheel import WheelContent

__all__ = [
    "TAIL_BYTES",
    "ArchiveError",
    "MissingRange",
    "SparseBytes",
    "metadata_from_parts",
    "read_wheel",
    "read_wheel_metadata",
]


class _OpenFile:
    """The bytes of an open file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def read(self, start: int, end: int) -> bytes:
        if not 0 <= start <= end <= self.size:
            raise ArchiveError("the archive refers to bytes outside itself")
        self._file.seek(start)
        data = self._file.read(end - start)
        if len(data) != end - start:
            raise ArchiveError("the file became shorter while it was read")
        return data


def read_wheel_metadata(path: str, filename: str) -> bytes:
    """The METADATA of the wheel at `path`, whose file name on the index is `filename`.

    Cost: the archive's directory and one member are read, nothing is unpacked to disk. Raises
    `ArchiveError`, also where the file cannot be opened.
    """
    try:
        with open(path, "rb") as file:
            return metadata_from(_OpenFile(file), filename)
    except OSError as error:
        raise ArchiveError(f"the wheel cannot be read: {error.strerror or type(error).__name__}") from None


def read_wheel(path: str, filename: str) -> WheelContent:
    """The whole content of the wheel at `path`. Raises `ArchiveError`, also where the file cannot be opened."""
    from safepip.wheel_content import content_from

    try:
        with open(path, "rb") as file:
            return content_from(_OpenFile(file), filename)
    except OSError as error:
        raise ArchiveError(f"the wheel cannot be read: {error.strerror or type(error).__name__}") from None
