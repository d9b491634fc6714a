"""The files of a page by column: what candidates are chosen by, without a `ProjectFile` for each.

A page lists some thousand files, of which a target takes few; the others are only counted, dated and compared. Where
every entry of a JSON page is regular (`RegularFiles.of`), its columns are taken from the document as it was parsed, and
a `ProjectFile` is made of an entry when it is looked at. A test holds the two ways against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self, overload

from safepip.index.entries import all_regular, are_sha256, upload_time
from safepip.model.urls import is_file_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.page import ProjectFile

#: How the URL of nearly every file begins.
_NETWORK = ("https://", "http://")


class Columns(NamedTuple):
    """Of each file, in the order of the page: its name, its Requires-Python, its upload time (`ProjectFile`), and the
    text that stands for its bytes: its strong digests and whether it is on this machine; empty where it has none."""

    filenames: Sequence[str]
    pythons: Sequence[str | None]
    uploaded: Sequence[float | None]
    contents: Sequence[str]


class RegularFiles(Sequence["ProjectFile"]):
    """The entries of a page, each of which is a file without further checks; `make` makes it."""

    def __init__(
        self, entries: list[Any], names: list[str], hashes: list[str], make: Callable[[Any], ProjectFile]
    ) -> None:
        self._entries = entries
        self._names = names
        self._hashes = hashes
        self._make = make
        self._made: dict[int, ProjectFile] = {}

    @classmethod
    def of(cls, entries: list[Any], make: Callable[[Any], ProjectFile]) -> Self | None:
        """The files of these entries where none of them could be dropped: every URL is regular and ends in the file's
        name, the hashes are one sha256, Requires-Python is text or absent. None otherwise."""
        if not all_regular(entries):
            return None
        try:
            names = [entry["filename"] for entry in entries]
            ends = [entry["url"].rpartition("/")[2] for entry in entries]
            given = [entry["hashes"] for entry in entries]
            hashes = [digests["sha256"] for digests in given]
            kinds = {entry.get("requires-python").__class__ for entry in entries}
        except (AttributeError, KeyError, TypeError):
            return None
        if names != ends or "" in names or not kinds <= {str, None.__class__}:
            return None
        if {len(digests) for digests in given} != {1} or not are_sha256(hashes):
            return None
        return cls(entries, names, hashes, make)

    @property
    def columns(self) -> Columns:
        """These files by column."""
        entries = self._entries
        return Columns(
            self._names,
            [entry.get("requires-python") or None for entry in entries],
            [upload_time(entry.get("upload-time")) for entry in entries],
            [f"False\0sha256:{value}" for value in self._hashes],
        )

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, position: int) -> ProjectFile: ...

    @overload
    def __getitem__(self, position: slice) -> tuple[ProjectFile, ...]: ...

    def __getitem__(self, position: int | slice) -> ProjectFile | tuple[ProjectFile, ...]:
        if isinstance(position, slice):
            return tuple(map(self.__getitem__, range(len(self._entries))[position]))
        position = range(len(self._entries))[position]
        made = self._made.get(position)
        # Of several threads the first to finish decides: callers may compare by identity.
        return self._made.setdefault(position, self._make(self._entries[position])) if made is None else made

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, RegularFiles) else other)

    __hash__ = None  # type: ignore[assignment]  # as of a list


def columns_of(files: Sequence[ProjectFile]) -> Columns:
    """The files of a page by column."""
    if isinstance(files, RegularFiles):
        return files.columns
    return Columns(
        [file.filename for file in files],
        [file.requires_python for file in files],
        [file.upload_time for file in files],
        [_contents(file) for file in files],
    )


def _contents(file: ProjectFile) -> str:
    if not file.digests:
        return ""
    local = not file.url.startswith(_NETWORK) and is_file_url(file.url)
    return "\0".join((str(local), *sorted(map(str, file.digests))))
