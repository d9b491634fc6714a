"""What is in a wheel, as far as the rules look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(NamedTuple):
    """A file in a wheel. `path` is as in the archive, with `/`; `size` is unpacked, in bytes.

    `digest` is that of the content by `algorithm`: the one which RECORD uses for this file where that is a strong
    one, otherwise sha256. `executable` says whether the archive asks for the executable bit. `special` is what the
    archive says that this is, where that is not an ordinary file (or, for a folder, not a folder): "a symbolic link",
    say.
    `namespace` is, for an `__init__.py` that at most declares a namespace package, the way in which it does
    (`safepip.wheel.namespaces`).
    """

    path: str
    size: int
    algorithm: str
    digest: bytes
    executable: bool = False
    special: str = ""
    namespace: str = ""


class WheelContent(NamedTuple):
    """The content of a wheel, read without unpacking it to disk: every file was read, the content of few is kept.

    `filename` is the wheel's, `dist_info` its one `.dist-info` folder without a slash. `entries` are all files by
    path, in the archive's order. `texts` are the whole contents of those few that rules read: whatever lies in the
    `.dist-info` folder and is METADATA, WHEEL, RECORD, entry_points.txt, direct_url.json or requires.txt, every `.pth`
    and `.start` file at the top, in `.data`, or in a folder `site-packages` or `dist-packages`, completions for zsh,
    and modules at the top that may lead to an editable project (`safepip.wheel.editable_loaders`). `folders` are the
    folders that the archive lists by themselves, with the slash at their ends; pip passes over them.
    """

    filename: str
    dist_info: str
    entries: Mapping[str, Entry]
    texts: Mapping[str, bytes]
    folders: tuple[Entry, ...] = ()

    def info(self, name: str) -> bytes | None:
        """The content of a file of the `.dist-info` folder, None where there is no such file."""
        return self.texts.get(f"{self.dist_info}/{name}")


class InstallPath(NamedTuple):
    """One file that pip would write.

    `scheme` is one of purelib, platlib, scripts, data, headers, or what the wheel says in its place. `path` is
    absolute, with `/` and without `.` and `..`; empty where the scheme is unknown. `key` is `path` as it is compared:
    two files with one key are one file on some system. `entry` is the file of the wheel, None for a script made for an
    entry point, whose name is then `entry_point`.
    """

    scheme: str
    path: str
    key: str
    entry: Entry | None = None
    entry_point: str = ""
