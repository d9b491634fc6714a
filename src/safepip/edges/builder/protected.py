"""What a build must leave as it is although it lies in a folder that it may change, such as a project's own `.venv`.

bubblewrap mounts it read-only. Landlock has no exceptions within a folder, so there it is looked at before and after:
any change shows in the times that the kernel keeps, which no program can set.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from typing import TYPE_CHECKING

from safepip.edges.programs.starting import own_archive

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def state_of(paths: Iterable[str], leave_out: Collection[str] = ()) -> str:
    """A digest of all files and folders at these paths and below: names, kinds, sizes, numbers and times of change.

    `leave_out` are names that do not count directly below one of the paths; then times of folders do not count either.
    """
    total = hashlib.sha256()
    for path in sorted(paths):
        for line in _lines(path, leave_out):
            total.update(line)
    return total.hexdigest()


def _lines(top: str, leave_out: Collection[str]) -> Iterator[bytes]:
    left = {os.path.join(top, name) for name in leave_out}
    left |= {f"{path}.lock" for path in left}
    waiting = [top]
    while waiting:
        place = waiting.pop()
        try:
            found = os.lstat(place)
        except OSError:
            continue
        facts = [found.st_mode, found.st_uid, found.st_ino]
        if not (left and stat.S_ISDIR(found.st_mode)):
            facts += [found.st_size, found.st_ctime_ns, found.st_mtime_ns]
        yield os.fsencode(place) + repr(facts).encode("ascii") + b"\0"
        try:
            with os.scandir(place) as entries:
                waiting += sorted(entry.path for entry in entries if entry.path not in left)
        except OSError:
            continue  # not a folder, or one that cannot be read, and so not written either


def own_places() -> tuple[str, ...]:
    """The environment in which safepip itself is, and the one file where it is a zip application."""
    return tuple(filter(None, (sys.prefix, own_archive())))
