"""Removes what a build has left: a tree of any depth, with links to anywhere and folders without rights.

`shutil.rmtree` goes down by recursion, and who repairs modes behind it changes those of what a link points to
(CVE-2023-6597 was that, in `tempfile`). Here each folder is opened as what it is, never through a link, and everything
is done by that descriptor: a process of the build that still runs may replace a folder by a link at any time, and gains
nothing by it. No path is longer than one name: each folder found is moved up to the top first. The folder and those
below it are all that ever get another mode. What cannot be removed stays.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: How a folder is opened; Windows, where none can be, has no such flags.
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def remove(folder: str) -> None:
    """Remove a folder and all in it."""
    if os.name == "nt":
        shutil.rmtree(folder, onerror=_once_more)
        return
    with suppress(OSError):
        with _opened(folder) as top:
            _empty(top)
        os.rmdir(folder)


def keep_only(folder: str, name: str) -> None:
    """Remove everything in a folder but the file of this name."""
    if os.name == "nt":
        _keep_only_on_windows(folder, name)
        return
    with suppress(OSError), _opened(folder) as top:
        _empty(top, kept=name)


def _empty(top: int, kept: str = "") -> None:
    """Remove all that is in an open folder, but a file of the name `kept` in the folder itself."""
    # Found names may be any, and a name that is taken cannot be moved to.
    prefix, number = f".safepip-{os.urandom(8).hex()}-", 0
    waiting = []
    for entry in _entries(top):
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.name)
            elif entry.name != kept:
                os.unlink(entry.name, dir_fd=top)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            with _opened(name, top) as folder:
                for entry in _entries(folder):
                    with suppress(OSError):
                        if not entry.is_dir(follow_symlinks=False):
                            os.unlink(entry.name, dir_fd=folder)
                            continue
                        number += 1
                        _move_up(entry.name, folder, f"{prefix}{number}", top)
                        waiting.append(f"{prefix}{number}")
            os.rmdir(name, dir_fd=top)


def _entries(folder: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _move_up(name: str, folder: int, to: str, top: int) -> None:
    # To move a folder into another one it has to be writable itself.
    with _opened(name, folder):
        os.rename(name, to, src_dir_fd=folder, dst_dir_fd=top)


@contextmanager
def _opened(name: str, above: int | None = None) -> Iterator[int]:
    """A descriptor of a folder, which its owner may then read and write. A link to one is an `OSError`."""
    try:
        folder = os.open(name, _FOLDER, dir_fd=above)
    except PermissionError:
        _give_rights(name, above)
        folder = os.open(name, _FOLDER, dir_fd=above)
    try:
        os.fchmod(folder, stat.S_IRWXU)
        yield folder
    finally:
        os.close(folder)


def _give_rights(name: str, above: int | None) -> None:
    """Let the owner of a folder open it.

    Linux changes no mode by a name without following it. There a descriptor that needs no rights (`O_PATH`) holds the
    folder, and its entry in /proc leads to that one alone.
    """
    if not hasattr(os, "O_PATH"):
        os.chmod(name, stat.S_IRWXU, dir_fd=above, follow_symlinks=False)
        return
    held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    try:
        os.chmod(f"/proc/self/fd/{held}", stat.S_IRWXU)
    finally:
        os.close(held)


def _keep_only_on_windows(folder: str, name: str) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    remove(entry.path)
                elif entry.name != name:
                    os.unlink(entry.path)


def _once_more(function: Callable[[str], object], path: str, _error: object) -> None:
    """On Windows a file that is read-only, as git's own are, cannot be removed."""
    if function is os.unlink:
        with suppress(OSError):
            os.chmod(path, stat.S_IWRITE)
            function(path)
