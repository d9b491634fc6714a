"""What may be done with a folder that is to hold the cache: written, only read, or nothing.

A user who can write to it can forge what safepip remembers there (files are hashed again, notes are not). So it must be
this user's, and no other may write to it. One in which this user cannot write may also be root's, who can do all things
in any case: a store that many share, or one on a read-only file system.
"""

from __future__ import annotations

import os
import stat
from enum import Enum, auto

_PRIVATE = 0o700
_ANOTHER_S = "belongs to another user"


class Use(Enum):
    """What a run does with the folder."""

    WRITTEN = auto()
    READ = auto()
    NOT_AT_ALL = auto()


def use_of(root: str) -> tuple[Use, str]:
    """What may be done with the folder, and why no more. Makes it, for its owner only, where it is missing."""
    try:
        if hasattr(os, "geteuid") and os.geteuid() == 0 and os.stat(_existing(root)).st_uid != 0:
            # sudo without -H: the user could not remove root's files from the folder.
            return Use.NOT_AT_ALL, _ANOTHER_S
        os.makedirs(root, _PRIVATE, exist_ok=True)
        details = os.stat(root)
        if hasattr(os, "geteuid") and details.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return Use.NOT_AT_ALL, "can be written to by other users"
    except OSError as error:
        return Use.NOT_AT_ALL, f"cannot be used ({error.strerror or type(error).__name__})"
    own = not hasattr(os, "geteuid") or details.st_uid == os.geteuid()
    if _may(root, os.W_OK | os.X_OK):
        return (Use.WRITTEN, "") if own else (Use.NOT_AT_ALL, _ANOTHER_S)
    if not own and details.st_uid != 0:
        return Use.NOT_AT_ALL, _ANOTHER_S
    if not _may(root, os.R_OK | os.X_OK):
        return Use.NOT_AT_ALL, "cannot be read"
    return Use.READ, "cannot be written to"


def _may(path: str, mode: int) -> bool:
    """Whether the user as whom this process opens files may do this."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _existing(path: str) -> str:
    """The folder itself or the nearest one above it that exists."""
    path = os.path.abspath(path)
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path
