"""Archives of source code, made member by member, honest and hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: A project as small as can be, by the names in an archive.
PROJECT = {
    "tool-1.0/PKG-INFO": b"Metadata-Version: 2.2\n",
    "tool-1.0/pyproject.toml": b"",
    "tool-1.0/src/tool.py": b"x",
}

#: A time with a fraction, which pax keeps.
TIME = 1_600_000_000.5


_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


class Entry(NamedTuple):
    """A member of a tar archive. `kind` is one of tarfile's types."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644
    pax: tuple[tuple[str, str], ...] = ()


def tar_of(entries: Iterable[Entry], packing: str = "", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive, packed by `gz`, `bz2` or `xz`."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:", format=form) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.linkname, info.mode, info.mtime = entry.kind, entry.target, entry.mode, TIME
            info.size, info.pax_headers = len(entry.content), dict(entry.pax)
            info.uid = info.gid = 12345
            archive.addfile(info, io.BytesIO(entry.content))
    return _PACKED[packing](made.getvalue())


def tar_of_files(files: dict[str, bytes], packing: str = "gz") -> bytes:
    """A tar archive of plain files."""
    return tar_of([Entry(name, content) for name, content in files.items()], packing)


def zip_of_files(files: Iterable[tuple[str, bytes]], mode: int = 0, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive, each member with `mode` as its permissions and kind."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, packing
            archive.writestr(info, content)
    return made.getvalue()
