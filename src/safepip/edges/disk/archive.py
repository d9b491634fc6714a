"""Opens wheels on disk. How an archive is read, and within which limits, is decided in `safepip.wheel.archive`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.disk.reading import open_regular
from safepip.wheel.archive import (
    TAIL_BYTES,
    ArchiveError,
    MissingRange,
    SparseBytes,
    metadata_from,
    metadata_from_parts,
    read_member,
)
from safepip.wheel.zip_format import OversizedArchive, open_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor
    from typing import BinaryIO, Self

    from safepip.model.wheel import WheelContent

__all__ = [
    "TAIL_BYTES",
    "ArchiveError",
    "MissingRange",
    "OversizedArchive",
    "SparseBytes",
    "WheelReading",
    "metadata_from_parts",
    "read_file_of_wheel",
    "read_wheel",
    "read_wheel_metadata",
]

#: How many wheels are read at once at most. Unpacking and hashing let other threads run; the rest does not.
_THREADS = 4


def _never() -> bool:
    return False


class _OpenFile:
    """A `ByteSource` over an open file. Nothing more is read once `stopped` is true."""

    def __init__(self, file: BinaryIO, stopped: Callable[[], bool] = _never) -> None:
        self._file = file
        self._stopped = stopped
        self.size = os.fstat(file.fileno()).st_size

    def read(self, start: int, end: int) -> bytes:
        if not 0 <= start <= end <= self.size:
            raise ArchiveError("the archive refers to bytes outside itself")
        if self._stopped():
            raise ArchiveError("the reading was given up")
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
        with open(open_regular(path), "rb") as file:
            return metadata_from(_OpenFile(file), filename)
    except OSError as error:
        raise ArchiveError(f"the wheel cannot be read: {error.strerror or type(error).__name__}") from None


def read_wheel(path: str, filename: str, *, sound: bool = False, stopped: Callable[[], bool] = _never) -> WheelContent:
    """The whole content of the wheel at `path`. `sound` is explained at `safepip.wheel.content`; the reading ends
    with an error once `stopped` is true.

    Raises `ArchiveError`, also where the file cannot be opened."""
    from safepip.wheel.content import content_from

    try:
        with open(open_regular(path), "rb") as file:
            return content_from(_OpenFile(file, stopped), filename, sound=sound)
    except OSError as error:
        raise ArchiveError(f"the wheel cannot be read: {error.strerror or type(error).__name__}") from None


def read_file_of_wheel(path: str, name: str) -> bytes:
    """One file of the wheel at `path`, which was read as a whole before. Raises `ArchiveError`."""
    try:
        with open(open_regular(path), "rb") as file:
            source = _OpenFile(file)
            start, members = open_directory(source)
            member = next((member for member in members if member.name == name), None)
            if member is None:
                raise ArchiveError("the wheel has changed since it was read")
            end = min((other.offset for other in members if other.offset > member.offset), default=start)
            return read_member(source, member, end)
    except OSError as error:
        raise ArchiveError(f"the wheel cannot be read: {error.strerror or type(error).__name__}") from None


class WheelReading:
    """Reads wheels as a whole, several at once, in threads of its own.

    Use it in a `with`: leaving that gives up what is not done yet. `processors` are those that it may use.
    """

    def __init__(self, processors: int = _THREADS) -> None:
        self._threads = min(_THREADS, processors)
        self._left = False
        #: By path and file name: the name says which folder of metadata a wheel has to have.
        self._begun: dict[tuple[str, str], Future[WheelContent | ArchiveError]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self._left = True
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, path: str, filename: str) -> None:
        """Read this wheel while others are on their way. From one thread at a time; it does not wait."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._threads)
        self._begun[path, filename] = self._pool.submit(_content, path, filename, stopped=lambda: self._left)

    def contents(
        self, files: Sequence[tuple[str, str]], sound: Collection[str] = ()
    ) -> list[WheelContent | ArchiveError]:
        """The content of each wheel of `files`, which are its path and its file name, or why it has none.

        They are in the order asked for. Of those that have not begun the largest come first. `sound` are the paths of
        those that are known to be (`safepip.wheel.content`), for which no thread would pay.
        """
        waiting = [file for file in files if file[0] not in sound and file not in self._begun]
        if len(waiting) > 1 and self._threads > 1:
            for path, filename in sorted(waiting, key=lambda file: _size(file[0]), reverse=True):
                self.begin(path, filename)
        return [
            self._begun[file].result() if file in self._begun else _content(*file, sound=file[0] in sound)
            for file in files
        ]


def _content(
    path: str, filename: str, *, sound: bool = False, stopped: Callable[[], bool] = _never
) -> WheelContent | ArchiveError:
    try:
        return read_wheel(path, filename, sound=sound, stopped=stopped)
    except ArchiveError as error:
        return error


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # the code that opens it will report the problem
