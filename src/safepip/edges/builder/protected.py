"""What a build must leave as it is although it lies in a folder that it may change, such as a project's own `.venv`.

bubblewrap mounts it read-only. Landlock has no exceptions within a folder, so there it is looked at before and after:
any change shows in the times that the kernel keeps, which no program can set.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def state_of(paths: Iterable[str]) -> str:
    """A digest of all files and folders at these paths and below: names, kinds, sizes, numbers and times of change."""
    total = hashlib.sha256()
    for path in sorted(paths):
        for line in _lines(path):
            total.update(line)
    return total.hexdigest()


def _lines(path: str) -> Iterator[bytes]:
    waiting = [path]
    while waiting:
        place = waiting.pop()
        try:
            found = os.lstat(place)
        except OSError:
            continue
        facts = (found.st_mode, found.st_uid, found.st_ino, found.st_size, found.st_ctime_ns, found.st_mtime_ns)
        yield os.fsencode(place) + repr(facts).encode("ascii") + b"\0"
        try:
            with os.scandir(place) as entries:
                waiting += sorted(entry.path for entry in entries)
        except OSError:
            continue  # not a folder, or one that cannot be read, and so not written either


def own_prefix() -> str:
    """The environment in which safepip itself is."""
    return sys.prefix


def present_within(folder: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of these paths that are there and lie in a folder, links followed."""
    inside = os.path.join(os.path.realpath(folder), "")
    found = (os.path.realpath(path) for path in paths if os.path.lexists(path))
    return tuple(dict.fromkeys(path for path in found if path.startswith(inside)))
