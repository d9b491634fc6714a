"""The permissions of files that safepip makes."""

from __future__ import annotations

import os


def of_new_file() -> int:
    """Those of a new file by the user's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
