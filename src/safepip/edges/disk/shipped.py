"""Files that are part of this package, read from the disk or out of an archive."""

from __future__ import annotations

import os

import safepip

_FOLDER = "data"


def shipped_text(*parts: str) -> str:
    """The text of a file below `safepip/data`.

    Raises `FileNotFoundError` where there is none, `OSError` where it cannot be read and `UnicodeDecodeError` where it
    is not UTF-8: then the installation is not whole, or the name is not that of a file.
    """
    spec = safepip.__spec__
    read = getattr(spec.loader, "get_data", None)
    folders = spec.submodule_search_locations
    if read is None or not folders:
        raise FileNotFoundError
    data: bytes = read(os.path.join(next(iter(folders)), _FOLDER, *parts))
    return data.decode("utf-8")
