"""Reads one file out of a wheel, from as few of its bytes as possible, and from one reading of it only.

A ZIP archive can be read in more than one way: two end records, a directory that is not where the end record
says, two members of one name, a member whose own header contradicts the directory. Whoever decides on one
reading while pip installs another has decided nothing. So the rules of this room are strict; none of
them was broken by any of 966 real wheels:

1. The archive ends with its end record: no comment, nothing behind it, one disk.
2. The central directory ends where the end record (or the ZIP64 records before it) begins, begins where it
   says, and holds exactly the number of members that it says.
3. Names are text without NUL and backslash; no name stands twice; a Unicode name that an extra field gives
   equals the name.
4. There is exactly one top-level `.dist-info` folder, whatever its letter case, and it is named for the wheel's
   project and version. There is exactly one METADATA in it.
5. The METADATA member is stored or deflated, not encrypted, lies within the archive and apart from the next
   member, agrees with its own header, and unpacks to its announced size and checksum.

The whole content of a wheel is judged in `safepip.rules`; here is only what the metadata needs.

The bytes come from a `Source`. `SparseBytes` is one that knows parts of a file elsewhere, and raises
`MissingRange` for the others: the caller fetches that range, adds it and calls again. Reading a wheel
takes at most three ranges: its end (`TAIL_BYTES`, or all of a shorter file), its directory, its METADATA.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from safepip.core_metadata import MAX_METADATA_BYTES
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How many bytes of an archive's end to ask for first, and how much more than the directory after that.
#: Measured on 1,014 real wheels: METADATA is there after 1.16 requests and 78 KB on average.
TAIL_BYTES = 64 * 1024
_SLACK_BYTES = 16 * 1024

#: The largest directory that is read; one of 100,000 members has about 12 MB.
MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
MAX_MEMBERS = 200_000

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
# Times, attributes and the writer's version are skipped.
_MEMBER = struct.Struct("<4s2xBxHH4x3L3H8xL")
_LOCAL = struct.Struct("<4s2xHH4x3L2H")
_EXTRA = struct.Struct("<HH")

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_STREAMED = 0x8
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8
_ZIP64_EXTRA, _UNICODE_EXTRA = 0x0001, 0x7075
_MARK = 0xFFFFFFFF


class ArchiveError(Exception):
    """An archive that cannot be read, or not in one way only. The message is one sentence, for a terminal."""


class MissingRange(Exception):
    """Bytes `start` up to but without `end` are needed. No error: a request to whoever has the source."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"bytes {start} to {end} are not there yet")
        self.start = start
        self.end = end


class Source(Protocol):
    """A file's bytes. `read` gives exactly the bytes from `start` up to but without `end`."""

    @property
    def size(self) -> int:
        """How long the whole file is, in bytes."""

    def read(self, start: int, end: int) -> bytes:
        """Raises `ArchiveError` where the file has no such bytes, `MissingRange` where they are not there yet."""


class SparseBytes:
    """Those parts of a file that are known, of a total size that is known. Parts may touch and overlap."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._parts: list[tuple[int, bytes]] = []

    def add(self, start: int, data: bytes) -> None:
        """Learn the bytes from `start` on.

        Raises `ArchiveError` where they lie outside the file or contradict what is known: then the file
        changed between two requests.
        """
        if start < 0 or start + len(data) > self.size:
            raise ArchiveError("the server sent bytes from outside the file")
        apart = []
        for known, held in self._parts:
            low, high = max(start, known), min(start + len(data), known + len(held))
            if low > high:
                apart.append((known, held))
                continue
            if data[low - start : high - start] != held[low - known : high - known]:
                raise ArchiveError("the file changed while it was read")
            data = held[: max(0, start - known)] + data + held[max(0, start + len(data) - known) :]
            start = min(start, known)
        self._parts = sorted([*apart, (start, data)])

    def read(self, start: int, end: int) -> bytes:
        """The bytes, or `MissingRange` for those of them that are not known."""
        _within(start, end, self.size)
        for known, held in self._parts:
            if known <= start < known + len(held):
                if end <= known + len(held):
                    return held[start - known : end - known]
                raise MissingRange(known + len(held), end)
        if start == end:
            return b""
        later = [known for known, _ in self._parts if start < known < end]
        raise MissingRange(start, min(later, default=end))


class Member(NamedTuple):
    """A file of an archive as the central directory has it. `offset` is where its own header begins."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    offset: int


_new_member = tuple.__new__


def metadata_from(source: Source, filename: str) -> bytes:
    """The METADATA of the wheel `filename`. Raises `ArchiveError`; `MissingRange` where `source` does."""
    start, members = _directory(source)
    member = _find_metadata(members, filename)
    if member.size > MAX_METADATA_BYTES or member.packed > MAX_METADATA_BYTES:
        raise ArchiveError(f"METADATA has {member.size} bytes; at most {MAX_METADATA_BYTES} are read")
    end = min((other.offset for other in members if other.offset > member.offset), default=start)
    return _unpack(source, member, end)


def metadata_from_parts(parts: SparseBytes, filename: str) -> bytes:
    """As `metadata_from`, of the known parts of a file elsewhere."""
    return metadata_from(parts, filename)


def read_directory(source: Source) -> list[Member]:
    """All members, in the directory's order. Raises `ArchiveError`; `MissingRange` where `source` does."""
    return _directory(source)[1]


def _directory(source: Source) -> tuple[int, list[Member]]:
    """Where the central directory begins, and its members."""
    start, end, count = _extent(source)
    if end - start > MAX_DIRECTORY_BYTES or count > MAX_MEMBERS:
        raise ArchiveError(f"the archive's directory has {count} members in {end - start} bytes, too many to read")
    try:
        data = source.read(start, end)
    except MissingRange as missing:
        # Most tools put the .dist-info last, with METADATA and a RECORD that grows with the directory.
        raise MissingRange(max(0, missing.start - _SLACK_BYTES - (end - start) // 2), missing.end) from None
    members = list(_members(data))
    if len(members) != count:
        raise ArchiveError(f"the archive has {len(members)} members but says {count}")
    if len({member.name for member in members}) != count:
        raise ArchiveError("the archive has two members of one name")
    return start, members


def _extent(source: Source) -> tuple[int, int, int]:
    """Where the central directory begins and ends, and how many members it says it has."""
    end = source.size - _END.size
    if end < 0:
        raise ArchiveError("the file is too short to be a ZIP archive")
    # One read for all three records: MissingRange then asks for no more than one range.
    first = max(0, end - _LOCATOR64.size - _END64.size)
    tail = source.read(first, source.size)
    mark, disk, start_disk, here, count, size, start, comment = _END.unpack_from(tail, end - first)
    if mark != b"PK\x05\x06" or comment:
        raise ArchiveError("the file does not end as a ZIP archive without a comment does")
    # zipfile, and so pip, follows the ZIP64 records wherever a locator stands before the end record, whether or
    # not the end record refers to them.
    at = end - first - _LOCATOR64.size
    if at >= 0 and tail[at : at + 4] == b"PK\x06\x07":
        at -= _END64.size
        if at < 0:
            raise ArchiveError("the archive's ZIP64 record is not whole")
        _, locator_disk, place, disks = _LOCATOR64.unpack_from(tail, at + _END64.size)
        mark, length, _, _, disk, start_disk, here, count, size, start = _END64.unpack_from(tail, at)
        end = first + at
        if mark != b"PK\x06\x06" or length != _END64.size - 12 or place != end or locator_disk or disks > 1:
            raise ArchiveError("the archive's ZIP64 records contradict each other")
    if disk or start_disk or here != count:
        raise ArchiveError("the archive is one of several parts")
    if start + size != end:
        raise ArchiveError("the archive's directory is not where its end record says")
    return start, end, count


def _members(data: bytes) -> Iterator[Member]:
    position = 0
    while position < len(data):
        if position + _MEMBER.size > len(data):
            raise ArchiveError("the archive's directory is cut off")
        mark, needed, flags, method, checksum, packed, size, name_size, extra_size, comment_size, offset = (
            _MEMBER.unpack_from(data, position)
        )
        name_end = position + _MEMBER.size + name_size
        position, start = name_end + extra_size + comment_size, position + _MEMBER.size
        # zipfile, and so pip, reads archives up to version 6.3.
        if mark != b"PK\x01\x02" or position > len(data) or needed > 63:
            raise ArchiveError("the archive's directory is broken")
        raw_name = data[start:name_end]
        name = _decoded(raw_name, flags)
        if extra_size:
            packed, size, offset = _extras(data[name_end : name_end + extra_size], name, packed, size, offset)
        yield _new_member(Member, (name, raw_name, flags, method, checksum, packed, size, offset))


def _decoded(raw_name: bytes, flags: int) -> str:
    # ZIP application note, appendix D: UTF-8 where bit 11 is set, code page 437 otherwise.
    try:
        name = raw_name.decode("ascii" if raw_name.isascii() else "utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise ArchiveError("a member's name is not UTF-8") from None
    if not name or "\0" in name or "\\" in name:
        raise ArchiveError(
            f"a member has the name {printable(name, 100)!r}, which is read differently by different tools"
        )
    return name


def _extras(extra: bytes, name: str, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset, taken from the ZIP64 extra field where the directory refers to it."""
    position = 0
    while position + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size
        content = extra[position : position + length]
        position += length
        if len(content) != length:
            raise ArchiveError("a member's extra field is cut off")
        if kind == _UNICODE_EXTRA and content[5:] != name.encode():
            raise ArchiveError(f"the member {printable(name, 100)!r} has a second name")
        if kind == _ZIP64_EXTRA:
            wide = [content[index : index + 8] for index in range(0, length - 7, 8)]
            numbers = [int.from_bytes(value, "little") for value in wide]
            try:
                size = numbers.pop(0) if size == _MARK else size
                packed = numbers.pop(0) if packed == _MARK else packed
                offset = numbers.pop(0) if offset == _MARK else offset
            except IndexError:
                raise ArchiveError("a member's ZIP64 extra field is too short") from None
    return packed, size, offset


def read_members(source: Source) -> Iterator[tuple[Member, bytes]]:
    """All members in the directory's order, each with its content. Raises as `metadata_from`."""
    start, members = _directory(source)
    offsets = sorted(member.offset for member in members)
    ends = dict(zip(offsets, [*offsets[1:], start], strict=True))
    for member in members:
        yield member, _unpack(source, member, ends[member.offset])


def dist_info_folder(members: list[Member], filename: str) -> str:
    """The one `.dist-info` folder of a wheel of this file name. Raises `ArchiveError`."""
    return _find_metadata(members, filename).name.partition("/")[0]


def _find_metadata(members: list[Member], filename: str) -> Member:
    """The METADATA member of a wheel of this file name."""
    tops = {member.name.split("/", 1)[0] for member in members}
    folders = sorted(top for top in tops if top.lower().endswith(".dist-info"))
    if len(folders) != 1:
        found = printable(", ".join(folders), 200) if folders else "none"
        raise ArchiveError(f"a wheel has exactly one .dist-info folder; found {found}")
    _check_folder(folders[0], filename)
    path = f"{folders[0]}/METADATA"
    found_members = [member for member in members if member.name.lower() == path.lower()]
    if [member.name for member in found_members] != [path]:
        raise ArchiveError(f"a wheel has exactly one {printable(path, 120)}; found {len(found_members)}")
    return found_members[0]


def _check_folder(folder: str, filename: str) -> None:
    """PEP 427: the folder is named `{distribution}-{version}.dist-info`, as the file name begins."""
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        raise ArchiveError(f"{printable(filename, 120)} is no wheel's file name") from None
    said_name, _, said_version = folder[: -len(".dist-info")].rpartition("-")
    try:
        agree = canonicalize_name(said_name) == name and Version(said_version) == version
    except InvalidVersion:
        agree = False
    if not agree:
        raise ArchiveError(f"the wheel holds {printable(folder, 120)}, which is not what its file name says")


def _unpack(source: Source, member: Member, end: int) -> bytes:
    """A member's content; `end` is where the next member or the directory begins."""
    if member.flags & _ENCRYPTED or member.method not in (_STORED, _DEFLATED):
        raise ArchiveError(f"{printable(member.name, 120)} is encrypted or packed in a way that is not read")
    # What lies between the header and the content (the header's extra field) has at most 65,535 bytes; a
    # range that ends with the next member costs no second request.
    longest = member.offset + _LOCAL.size + len(member.raw_name) + 0xFFFF + member.packed
    block = source.read(member.offset, min(end, longest))
    if len(block) < _LOCAL.size:
        raise ArchiveError("a member has no room for its own header")
    mark, flags, method, checksum, packed, size, name_size, extra_size = _LOCAL.unpack_from(block)
    content = _LOCAL.size + name_size + extra_size
    # With bit 3 the sizes and the checksum follow the content, and the header may have zeros.
    told = (checksum, packed, size)
    agree = (
        told == (member.checksum, member.packed, member.size)
        or (told == (0, 0, 0) and flags & _STREAMED != 0)
        or (_MARK in (packed, size) and checksum == member.checksum)
    )
    if (
        mark != b"PK\x03\x04"
        or block[_LOCAL.size : _LOCAL.size + name_size] != member.raw_name
        or (flags, method) != (member.flags, member.method)
        or not agree
    ):
        raise ArchiveError(
            f"the archive's directory and the header of {printable(member.name, 120)} contradict each other"
        )
    if content + member.packed > len(block):
        raise ArchiveError(f"{printable(member.name, 120)} overlaps what follows it")
    return _inflated(member, block[content : content + member.packed])


def _inflated(member: Member, data: bytes) -> bytes:
    """The content of its announced size and checksum; nothing beyond that size is unpacked."""
    if member.method == _DEFLATED:
        unpacker = zlib.decompressobj(-15)
        try:
            # One byte more than announced tells a member that is too long, and no bomb gets further.
            data = unpacker.decompress(data, member.size + 1)
        except zlib.error:
            raise ArchiveError(f"{printable(member.name, 120)} cannot be unpacked") from None
        if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
            raise ArchiveError(f"{printable(member.name, 120)} does not end where it should")
    if len(data) != member.size or zlib.crc32(data) != member.checksum:
        raise ArchiveError(f"{printable(member.name, 120)} has not the size and checksum that the archive says")
    return data


def _within(start: int, end: int, size: int) -> None:
    if not 0 <= start <= end <= size:
        raise ArchiveError("the archive refers to bytes outside itself")
