"""How much a build has written: watched in all folders that it may write, at a price that does not grow with them.

The text of this file is run by safepip's own Python with `-I -S`; it imports nothing of safepip.

What counts are files and folders that were written after the start, by the time of their last change (`st_ctime`, which
no program can set): each with the blocks that it has, and at least with `_SMALLEST`, so that a million empty files
count, too. A folder of the user's own may have been large before. Files that were deleted and are still open count as
well; they are found through the processes that hold them.

Looking at everything costs time, so most of the time only the file systems are asked how full they are. As long as they
have not grown by the limit, the build cannot have written that much, unless another program has made room at the same
time; so everything is looked at now and then in any case. A look is made in pieces.
"""

import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Bytes that an entry counts at least.
_SMALLEST = 8 * 1024
#: Entries that are looked at in one go, some 30 ms.
_PIECE = 5000
#: Seconds between two looks at everything: at least, and as a multiple of what the last one took.
_PAUSE, _SHARE = 2.0, 20


class DiskWatch:
    """What was written below `folders` since this was made, in bytes, against `limit`."""

    def __init__(self, folders: "Iterable[str]", limit: int) -> None:
        self._folders = list(folders)
        self._limit = limit
        # The kernel's clock for files advances in ticks of up to 10 ms.
        self._start = time.time() - 0.01
        self._systems = {}
        for folder in self._folders:
            self._systems[os.stat(folder).st_dev] = folder
        self._before = {system: self._used(folder) for system, folder in self._systems.items()}
        self._look: Iterator[None] | None = None
        self._again = 0.0
        self._cost = 0.0
        self._total = 0
        self._unseen = False

    def _used(self, folder: str) -> int:
        """Bytes in use on a folder's file system, or what its number of files counts for, if that is more to expect."""
        system = os.statvfs(folder)
        return (system.f_blocks - system.f_bfree) * system.f_frsize + (system.f_files - system.f_ffree) * _SMALLEST

    def grown(self) -> int:
        """By how much the file systems are fuller than at the start."""
        return sum(max(0, self._used(folder) - self._before[system]) for system, folder in self._systems.items())

    def exceeded(self, processes: "Iterable[int]") -> bool:
        """Whether more than the limit was written. `processes` are those of the build."""
        grown = self.grown() > self._limit
        now = time.monotonic()
        if self._look is None and (grown or now >= self._again):
            self._total, self._cost, self._unseen = 0, 0.0, False
            self._look = self._looking(list(processes))
        if self._look is None:
            return False
        done = next(self._look, self)
        self._cost += time.monotonic() - now
        if self._total > self._limit:
            return True
        if done is self:
            self._look = None
            self._again = time.monotonic() + max(_PAUSE, _SHARE * self._cost)
            # Something holds more than can be seen, and hides where.
            return grown and self._unseen
        return False

    def _looking(self, processes: "list[int]") -> "Iterator[None]":
        """Look at everything, and pause after each piece."""
        linked: set[tuple[int, int]] = set()
        for process in processes:
            self._add_deleted(process, linked)
        yield
        folders = list(self._folders)
        left = _PIECE
        while folders:
            for entry in self._entries(folders.pop()):
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # gone meanwhile
                if stat.S_ISDIR(found.st_mode):
                    folders.append(entry.path)
                if found.st_ctime >= self._start:
                    self._add(found, linked)
                left -= 1
                if left == 0:
                    left = _PIECE
                    yield

    def _entries(self, folder: str) -> "list[os.DirEntry[str]]":
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            # Too long a path, or a folder that only its owner may read.
            self._unseen = True
            return []

    def _add(self, found: os.stat_result, linked: "set[tuple[int, int]]") -> None:
        """Count a file once, whatever the number of its names."""
        if found.st_nlink != 1 and not stat.S_ISDIR(found.st_mode):
            key = (found.st_dev, found.st_ino)
            if key in linked:
                return
            linked.add(key)
        self._total += max(found.st_blocks * 512, _SMALLEST)

    def _add_deleted(self, process: int, linked: "set[tuple[int, int]]") -> None:
        """Count the files that a process has open and that have no name any more."""
        folder = "/proc/" + str(process) + "/fd"
        try:
            names = os.listdir(folder)
        except (FileNotFoundError, ProcessLookupError):
            return
        except OSError:
            self._unseen = True
            return
        for name in names:
            try:
                found = os.stat(folder + "/" + name)
            except (FileNotFoundError, ProcessLookupError):
                continue
            except OSError:
                # Root without the right to trace, as in a container, does not see what another user has open.
                self._unseen = True
                continue
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 0 and found.st_dev in self._systems:
                self._add(found, linked)
        self._look_at_maps(process)

    def _look_at_maps(self, process: int) -> None:
        """A deleted file that is mapped and no longer open: how large it is cannot be seen."""
        try:
            with open("/proc/" + str(process) + "/maps", "rb") as maps:
                if any(line.rstrip().endswith(b" (deleted)") and b"/memfd:" not in line for line in maps):
                    self._unseen = True
        except (FileNotFoundError, ProcessLookupError):
            return
        except OSError:
            self._unseen = True


def change_owner(folders: "Iterable[str]", before: int, after: int, left: "Iterable[str]" = ()) -> None:
    """Everything in `folders`, and these themselves, that belongs to the user `before` belongs to `after` from here on,
    but for what is in the folders `left`, and what is on another device. The root of the file system stays as it is.

    What the user `before` has made belongs to the group of the same number, and goes to the group of `after`; any other
    group stays. Other names of a file outside of the folders are not looked for: a file with several names is left to
    its owner while it is lent, and comes back with the others. So is one that runs with the rights of its owner or its
    group (chown(2) takes these from it, and to give them back would give them to what a build has written).
    """
    kept = {os.path.abspath(path) for path in left}
    for folder in folders:
        _change_all(folder, before, after, kept)


def _change_all(folder: str, before: int, after: int, kept: "set[str]") -> None:
    found, top = os.lstat(folder), os.lstat("/")
    if (found.st_dev, found.st_ino) == (top.st_dev, top.st_ino):
        return
    _change(folder, found, before, after)
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if os.path.abspath(entry.path) in kept:
                        continue
                    below = os.lstat(entry.path)
                    if below.st_dev != found.st_dev:
                        continue
                    _change(entry.path, below, before, after)
                    if stat.S_ISDIR(below.st_mode):
                        waiting.append(entry.path)
        except OSError:
            continue  # gone, or not to be read: then there is nothing to change


def _change(path: str, found: os.stat_result, before: int, after: int) -> None:
    privileged = stat.S_ISREG(found.st_mode) and found.st_mode & (stat.S_ISUID | stat.S_ISGID)
    several = found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode)
    if found.st_uid != before or (before == 0 and (several or privileged)):
        return
    try:
        group = after if before != 0 and found.st_gid == before else -1
        os.chown(path, after, group, follow_symlinks=False)
    except OSError:
        return  # a file system that knows no owners
