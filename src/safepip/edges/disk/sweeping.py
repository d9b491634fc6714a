"""What runs that were killed have left behind, removed by later ones."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: A run that takes longer is not known; one that is younger may still be at work.
_STALE_SECONDS = 24 * 3600.0


def sweep(folder: str, *prefixes: str, remove: Callable[[str], None] = shutil.rmtree) -> None:
    """Remove the entries of `folder` that are this user's, older than a day, and begin with one of `prefixes`.

    `remove` is for folders. What cannot be removed stays. Raises `OSError` where `folder` cannot be listed.
    """
    oldest = time.time() - _STALE_SECONDS
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if not entry.name.startswith(prefixes) or not _is_ours(entry, oldest):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    remove(entry.path)
                else:
                    os.unlink(entry.path)


def _is_ours(entry: os.DirEntry[str], oldest: float) -> bool:
    details = entry.stat(follow_symlinks=False)
    # Windows knows no such owner, and gives each user a temporary folder.
    return details.st_mtime < oldest and (not hasattr(os, "getuid") or details.st_uid == os.getuid())
