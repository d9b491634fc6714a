"""Removes what a build has left: a tree of any depth, with links to anywhere and folders without rights.

`shutil.rmtree` goes down by recursion, and who repairs modes behind it changes those of what a link points to
(CVE-2023-6597 was that, in `tempfile`). Here no path is longer than two names below the folder: each folder found is
moved up to the top first. A folder below the top is all that ever gets another mode. What cannot be removed stays.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def remove(folder: str) -> None:
    """Remove a folder and all in it. Nothing may be at work in it any more."""
    if os.name == "nt":
        shutil.rmtree(folder, onerror=_once_more)
        return
    # Found names may be any, and a name that is taken cannot be moved to.
    prefix, number = os.path.join(folder, f".safepip-{os.urandom(8).hex()}-"), 0
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        for entry in _entries(at):
            with suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                elif at == folder:
                    waiting.append(entry.path)
                else:
                    number += 1
                    # To move a folder into another one it has to be writable itself.
                    os.chmod(entry.path, stat.S_IRWXU)
                    os.rename(entry.path, f"{prefix}{number}")
                    waiting.append(f"{prefix}{number}")
        if at != folder:
            with suppress(OSError):
                os.rmdir(at)
    with suppress(OSError):
        os.rmdir(folder)


def keep_only(folder: str, name: str) -> None:
    """Remove everything in a folder but the file of this name."""
    for entry in _entries(folder):
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                remove(entry.path)
            elif entry.name != name:
                os.unlink(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder of this user's, whose mode may be any; nothing where it cannot be read."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        os.chmod(folder, stat.S_IRWXU)
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _once_more(function: Callable[[str], object], path: str, _error: object) -> None:
    """On Windows a file that is read-only, as git's own are, cannot be removed."""
    if function is os.unlink:
        with suppress(OSError):
            os.chmod(path, stat.S_IWRITE)
            function(path)
