"""The files of an environment, listed and hashed. What they should be is decided elsewhere.

An environment under suspicion can hold anything: links to anywhere, devices, pipes without a writer, folders without
end. So no link is followed below the folders that are looked at, and only regular files are opened, which is checked
for the path before, and for the opened file after.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, TypeVar

from safepip.environment.verification import FoundFile, State
from safepip.wheel.byte_code import HEADER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

_T = TypeVar("_T")
_R = TypeVar("_R")

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

#: What is not longer is read in one call, the rest in pieces of this size into one place: memory that is new to the
#: process costs as much as the digest.
_PIECE = 256 * 1024

#: From how many bytes on a file that is in memory is worth a thread.
_LARGE = 512 * 1024

#: Files a thread takes at once: handing over a single one costs as much as hashing it.
_BATCH = 200


def read_files(asked: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], FoundFile]:
    """What is at each path, with its digest by the algorithm, or without one where that is empty.

    Cost, of one processor: some 40 milliseconds for 1,000 files of 17 kB on average, as they are in real environments.
    """
    return dict(zip(asked, _spread(lambda each, stopped: read_file(*each, stopped), list(asked)), strict=True))


def read_fresh_files(asked: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], FoundFile]:
    """As `read_files`, of files that were written just now and are still in memory: only large ones are read by several
    threads.

    With small ones threads would wait for each other and not for a disk: they are no sooner done than one alone, and
    take up to half as much again of the processors' time.
    """
    found, large = {}, []
    for each in asked:
        file = _read(*each, longest=_LARGE)
        if file is None:
            large.append(each)
        else:
            found[each] = file
    found.update(zip(large, _spread(lambda each, stopped: read_file(*each, stopped), large, batch=1), strict=True))
    return found


def read_headers(paths: Collection[str]) -> Mapping[str, bytes]:
    """The first bytes of each path that is a regular file and can be read."""
    headers = zip(paths, _spread(lambda path, _: _header(path), list(paths)), strict=True)
    return {path: header for path, header in headers if header is not None}


def _never() -> bool:
    return False


def read_file(path: str, algorithm: str, stopped: Callable[[], bool] = _never) -> FoundFile:
    """What is at a path. A special file is never opened and a link never followed.

    A file can be so large that the user stops the run: once `stopped` is true its digest is given up.
    """
    found = _read(path, algorithm, stopped)
    assert found is not None, "there is no limit"
    return found


def _read(
    path: str, algorithm: str, stopped: Callable[[], bool] = _never, longest: int | None = None
) -> FoundFile | None:
    """As `read_file`; None for a file of more than `longest` bytes, which is then not read."""
    try:
        handle, size = _open(path)
        if isinstance(handle, FoundFile):
            return handle
        try:
            if not algorithm:
                return FoundFile(State.FILE, size)
            return _digest(handle, size, algorithm, stopped) if longest is None or size <= longest else None
        finally:
            os.close(handle)
    except OSError as error:
        return _failed(path, error)


def _open(path: str) -> tuple[int | FoundFile, int]:
    """Open a regular file, or say what is there instead; and its size in bytes."""
    kind = os.lstat(path).st_mode
    if stat.S_ISLNK(kind):
        return FoundFile(State.LINK, about=os.readlink(path)), 0
    if not stat.S_ISREG(kind):
        return FoundFile(State.OTHER), 0
    handle = os.open(path, _FLAGS)
    opened = os.fstat(handle)
    # Something else may have taken its place since.
    if not stat.S_ISREG(opened.st_mode):
        os.close(handle)
        return FoundFile(State.OTHER), 0
    return handle, opened.st_size


def _digest(handle: int, expected: int, algorithm: str, stopped: Callable[[], bool]) -> FoundFile:
    """The digest of an open file of so many bytes."""
    if expected <= _PIECE:
        # Most files are read in one call: a second call to find the end would cost as much again.
        data = os.read(handle, expected + 1)
        if len(data) == expected:
            return FoundFile(State.FILE, expected, hashlib.new(algorithm, data).digest())
        os.lseek(handle, 0, os.SEEK_SET)
    hashed, size, piece = hashlib.new(algorithm), 0, memoryview(bytearray(_PIECE))
    with open(handle, "rb", buffering=0, closefd=False) as file:
        while size < expected and (count := file.readinto(piece)):
            hashed.update(piece[:count])
            size += count
            if stopped():
                return FoundFile(State.UNREADABLE, about="given up")
    return FoundFile(State.FILE, size, hashed.digest())


def _failed(path: str, error: OSError) -> FoundFile:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FoundFile(State.MISSING)
    return FoundFile(State.UNREADABLE, about=error.strerror or type(error).__name__)


def _header(path: str) -> bytes | None:
    try:
        handle, _ = _open(path)
        if isinstance(handle, FoundFile):
            return None
        try:
            return os.read(handle, HEADER_BYTES)
        finally:
            os.close(handle)
    except OSError:
        return None


def _spread(work: Callable[[_T, Callable[[], bool]], _R], items: list[_T], batch: int = _BATCH) -> Iterator[_R]:
    """`work` done for each item, in order, by as many threads as there are processors, each of them `batch` at once."""
    if len(items) <= batch:
        yield from (work(item, _never) for item in items)
        return
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    stop = Event()
    batches = [items[at : at + batch] for at in range(0, len(items), batch)]
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        for results in pool.map(lambda some: [work(item, stop.is_set) for item in some], batches):
            yield from results
    finally:
        # Ctrl-C ends this thread here: the work of the others is given up.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def walk(folder: str, unread: dict[str, str]) -> Iterator[str]:
    """Every file, link and special file below a folder, without following links.

    Folders that cannot be listed are put into `unread`, with the reason.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{here}/{entry.name}")
                    else:
                        yield f"{here}/{entry.name}"
        except FileNotFoundError:
            # A site folder need not exist.
            continue
        except OSError as error:
            unread[here] = error.strerror or type(error).__name__


def read_small(path: str, limit: int) -> tuple[bytes | None, str]:
    """A regular file's content, or None and why there is none: `missing`, `too large`, `a link`, ..."""
    try:
        handle, _ = _open(path)
        if isinstance(handle, FoundFile):
            return None, handle.state.value
        with open(handle, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        found = _failed(path, error)
        return None, found.about or found.state.value
    return (data, "") if len(data) <= limit else (None, "too large")
