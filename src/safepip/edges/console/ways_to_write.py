"""What helps where a file that is asked for cannot be written: the words of hints."""

from __future__ import annotations

import errno
import os

from safepip.model.finding import printable

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def way_to_write(error: OSError, path: str, otherwise: str) -> str:
    """What helps where `path` could not be written. `otherwise` says how another place is named, which always helps."""
    folder = os.path.dirname(path)
    if error.errno == errno.ENOENT and folder and not os.path.lexists(folder):
        return f"make the folder {printable(folder)} first, or {otherwise}"
    return f"make room there, or {otherwise}" if error.errno in _FULL else otherwise
