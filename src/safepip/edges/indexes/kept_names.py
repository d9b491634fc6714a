"""Under which names the files of the store are known: by the kept pages of indexes, and by the notes on builds.

The store keeps files under their digests alone. What cannot be read, or is of another version's form, gives no name: a
list is then shorter, and nothing else depends on it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from safepip.edges.disk.own_cache import built_note
from safepip.edges.disk.reading import read_regular
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.edges.disk.own_cache import CacheFile

_LARGEST_PAGE = 256 * 1024 * 1024


def names_by_digest(root: str, files: Iterable[CacheFile]) -> dict[str, str]:
    """The file name for each sha256, in hexadecimal."""
    found: dict[str, str] = {}
    for file in files:
        if file.part == "built wheels" and file.path.endswith(".wheel"):
            note = built_note(root, file)
            if note is not None:
                found[note[1]] = printable(note[0])
        elif file.part == "pages" and file.path.startswith("pages-"):
            found.update(_on_page(os.path.join(root, *file.path.split("/"))))
    return found


def _on_page(path: str) -> Iterator[tuple[str, str]]:
    """Digest and name of the files that a kept page lists, by the line that its candidates stand in."""
    try:
        rows = json.loads(read_regular(path, _LARGEST_PAGE).partition(b"\n")[0])["candidates"]
        for row in rows:
            yield from _in_row(row[-1])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return


def _in_row(file: Any) -> Iterator[tuple[str, str]]:
    name, _, digests, *_ = file
    for algorithm, value in digests:
        if algorithm == "sha256" and isinstance(name, str) and isinstance(value, str):
            yield value, printable(name)
