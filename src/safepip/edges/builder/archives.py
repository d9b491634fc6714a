"""Archives of source code, unpacked by the standard library under a policy of our own.

What may happen, and in which order:

1. The name and the first bytes tell the form (`safepip.build.archive_forms`).
2. A packed tar archive is unpacked into a file without a name, within bounds; so it can be read twice.
3. The layout is checked (`tar_format`, `zip_layout`): there is one reading of the archive.
4. The standard library lists the members, and all of them are judged (`archive_members`), before anything is written.
5. Files are written, each a new one, in pieces; then links; then the times of folders. On a failure all of it goes.

As pip does, the one folder around everything is taken off, only execute bits are kept, owners are not, and files of a
tar archive keep their times, those of a ZIP archive do not.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol

from safepip.build.archive_forms import HEAD_BYTES, ArchiveForm, form_of_archive
from safepip.build.archive_members import (
    ArchiveLimits,
    ArchiveMember,
    MemberKind,
    oversized,
    plan_unpacking,
    unreadable,
    unsafe,
)
from safepip.build.tar_format import TarFormatError, TarOversizedError, count_members
from safepip.build.zip_layout import ZipLayoutError, ZipOversizedError, check_zip
from safepip.edges.builder.decompressing import BrokenStreamError, unpacked_chunks
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

    from safepip.build.archive_members import UnpackedMember

_CHUNK = 256 * 1024


class _BrokenError(Exception):
    """The archive cannot be read. The message is a line of evidence."""


class _Archive(Protocol):
    """An open archive."""

    @property
    def members(self) -> Sequence[ArchiveMember]:
        """Its members, in its order."""

    @property
    def times(self) -> Sequence[float | None]:
        """The time of each, in seconds; None for one that gets the time of its unpacking."""

    def pieces(self, number: int) -> Iterator[bytes]:
        """The content of the file at a place. Raises `_BrokenError`."""


def unpack(path: str, filename: str, into: str, limits: ArchiveLimits | None = None) -> str:
    """Unpack the archive at `path` into the folder `into`, which is made, or is there and empty.

    `filename` is the archive's own name, without a path. Gives the project's folder, in which `pyproject.toml` or
    `setup.py` should lie. On any failure `into` is as it was before. Raises `Refused` (`unreadable-archive`,
    `oversized-archive`, `unsafe-archive`) and `Unavailable` (`not-unpacked`).
    """
    limits = limits or ArchiveLimits()
    try:
        with _whole_or_nothing(into), open(path, "rb") as file, _opened(file, filename, into, limits) as archive:
            packed = os.fstat(file.fileno()).st_size
            _write(archive, plan_unpacking(archive.members, filename, packed, limits), into)
    except _BrokenError as problem:
        raise unreadable(filename, str(problem)) from None
    except (TarOversizedError, ZipOversizedError) as problem:
        raise oversized(filename, str(problem)) from None
    except (TarFormatError, ZipLayoutError, BrokenStreamError) as problem:
        raise unreadable(filename, str(problem)) from None
    except OSError as problem:
        reason = printable(problem.strerror or str(problem), 150)
        raise Unavailable.because("not-unpacked", f"{printable(filename, 150)} cannot be unpacked: {reason}") from None
    return into


@contextlib.contextmanager
def _whole_or_nothing(into: str) -> Iterator[None]:
    """A new or empty folder, which is so again where what follows fails."""
    made = not os.path.isdir(into)
    os.makedirs(into, exist_ok=True)
    if os.listdir(into):
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
    try:
        yield
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        if not made:
            os.makedirs(into, exist_ok=True)
        raise


@contextlib.contextmanager
def _opened(file: BinaryIO, filename: str, into: str, limits: ArchiveLimits) -> Iterator[_Archive]:
    """The archive in a file, its layout checked."""
    form = form_of_archive(filename, file.read(HEAD_BYTES))
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if form is None:
        raise _BrokenError("its first bytes are not those of an archive of the form that its name says")
    if form is ArchiveForm.ZIP:
        check_zip(_reader(file), size, limits.members)
        with _reading():
            archive = zipfile.ZipFile(file)
        with archive:
            yield _Zip(archive, filename)
    elif form is ArchiveForm.TAR:
        yield _Tar(file, size, limits)
    else:
        # A file without a name, so that nothing is left behind even if the process is killed.
        with tempfile.TemporaryFile(dir=os.path.dirname(os.path.abspath(into))) as whole:
            # Beside the files there are headers, of some blocks for each.
            most = limits.most(size) + limits.members * 4 * tarfile.BLOCKSIZE
            unpacked = 0
            for piece in unpacked_chunks(file, form):
                unpacked += len(piece)
                if unpacked > most:
                    raise oversized(filename, f"its {size} bytes unpack to more than {most}")
                whole.write(piece)
            yield _Tar(whole, unpacked, limits)


def _reader(file: BinaryIO) -> Callable[[int, int], bytes]:
    """The bytes at an offset, fewer at the end."""

    def read(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    return read


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """What the standard library's readers raise for broken bytes is one error."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, struct.error) as problem:
        raise _BrokenError(str(problem)) from None
    except (ValueError, OverflowError, NotImplementedError, RuntimeError) as problem:
        raise _BrokenError(f"the standard library cannot read it: {problem}") from None


class _Tar:
    """A tar archive that lies unpacked in a file."""

    def __init__(self, file: BinaryIO, size: int, limits: ArchiveLimits) -> None:
        count = count_members(_reader(file), size, limits.members)
        file.seek(0)
        self._file = file
        self._places: list[int] = []
        self.members: list[ArchiveMember] = []
        self.times: list[float | None] = []
        # As pip opens it: names in UTF-8, whatever the locale; what is none is refused later.
        with _reading(), tarfile.open(fileobj=file, mode="r:", encoding="utf-8") as archive:
            while (member := archive.next()) is not None:
                self.members.append(_tar_member(member))
                self.times.append(member.mtime)
                self._places.append(member.offset_data)
                archive.members = []  # type: ignore[attr-defined]  # each keeps all that its headers say
        if len(self.members) != count:
            raise _BrokenError(f"it has {count} members, of which the standard library reads {len(self.members)}")

    def pieces(self, number: int) -> Iterator[bytes]:
        """The content of the file at a place."""
        at, left = self._places[number], self.members[number].size
        while left:
            self._file.seek(at)
            piece = self._file.read(min(_CHUNK, left))
            if not piece:
                raise _BrokenError("it ends within a file")
            yield piece
            at += len(piece)
            left -= len(piece)


def _tar_member(member: tarfile.TarInfo) -> ArchiveMember:
    if member.isdir():
        return ArchiveMember(member.name, MemberKind.FOLDER)
    if member.issym():
        return ArchiveMember(member.name, MemberKind.SYMLINK, target=member.linkname)
    if member.islnk():
        return ArchiveMember(member.name, MemberKind.HARDLINK, target=member.linkname)
    kind = MemberKind.FILE if member.isreg() else MemberKind.OTHER
    return ArchiveMember(member.name, kind, member.size, bool(member.mode & 0o111))


class _Zip:
    """A ZIP archive."""

    def __init__(self, archive: zipfile.ZipFile, filename: str) -> None:
        self._archive = archive
        self._infos = archive.infolist()
        self.members = [_zip_member(info, filename) for info in self._infos]
        self.times: list[float | None] = [None] * len(self.members)

    def pieces(self, number: int) -> Iterator[bytes]:
        """The content of the file at a place."""
        size = 0
        with _reading():
            content = self._archive.open(self._infos[number])
        with content:
            while piece := self._piece(content):
                size += len(piece)
                yield piece
        if size != self.members[number].size:
            raise _BrokenError(f"{self.members[number].name} has another size than the directory says")

    def _piece(self, content: IO[bytes]) -> bytes:
        with _reading():
            return content.read(_CHUNK)


def _zip_member(info: zipfile.ZipInfo, filename: str) -> ArchiveMember:
    """pip takes what ends in a slash for a folder, and everything else for a file, a symbolic link too."""
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    # The name as it stands there: `filename` has other separators for backslashes on Windows.
    name = info.orig_filename
    if name.endswith("/") and kind in (0, stat.S_IFDIR) and not info.file_size:
        return ArchiveMember(name, MemberKind.FOLDER)
    if kind == stat.S_IFLNK:
        raise unsafe(filename, "has a symbolic link in a ZIP archive, which is a file to pip", name)
    if kind not in (0, stat.S_IFREG) or name.endswith("/"):
        return ArchiveMember(name, MemberKind.OTHER)
    return ArchiveMember(name, MemberKind.FILE, info.file_size, stat.S_ISREG(mode) and bool(mode & 0o111))


def _write(archive: _Archive, planned: Sequence[UnpackedMember], into: str) -> None:
    """Files first, so that no file is ever written through a link; then links; the times of folders last."""
    for each in planned:
        path = _path(into, each)
        folder = path if each.kind is MemberKind.FOLDER else os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        if each.kind is MemberKind.FILE and each.again:
            _compare(path, archive.pieces(each.content), archive.members[each.number].name)
        elif each.kind is MemberKind.FILE:
            _write_file(path, archive.pieces(each.content), executable=each.executable)
            _set_time(path, archive.times[each.number])
    for each in planned:
        if each.kind is MemberKind.SYMLINK:
            os.symlink(each.target, _path(into, each))
    for each in sorted(planned, key=lambda one: one.path, reverse=True):
        if each.kind is MemberKind.FOLDER:
            _set_time(_path(into, each), archive.times[each.number])


def _path(into: str, member: UnpackedMember) -> str:
    return os.path.join(into, *member.path.split("/"))


def _write_file(path: str, pieces: Iterator[bytes], *, executable: bool) -> None:
    """A new file; where one is, whatever the reason, that is an error."""
    with open(path, "xb") as file:
        file.writelines(pieces)
    if executable:
        mode = stat.S_IMODE(os.stat(path).st_mode) | 0o111
        os.chmod(path, mode)  # pip: the permissions that new files get, and all execute bits


def _compare(path: str, pieces: Iterator[bytes], name: str) -> None:
    """A second member of one name has the content of the first."""
    with open(path, "rb") as file:
        if any(file.read(len(piece)) != piece for piece in pieces) or file.read(1):
            raise _BrokenError(f"it has two different members {name}")


def _set_time(path: str, time: float | None) -> None:
    """A time that this system cannot keep is no reason to fail; nothing depends on it."""
    if time is not None:
        with contextlib.suppress(OSError, OverflowError, ValueError):
            os.utime(path, (time, time))
