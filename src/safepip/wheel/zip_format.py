"""The records of a ZIP archive, read strictly: its end, its directory, and the header of each member.

The layout is that of the ZIP application note (APPNOTE 6.3). Where it leaves a choice, or where programs are known to
differ, an archive that makes use of it is refused (`ArchiveError`), so that zipfile, and so pip, reads the same as this
module. The rules stand above the branches; none of 966 real wheels broke one. Nothing is unpacked here.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, Protocol

from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The largest directory that is read; one of 100,000 members has about 12 MB.
MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
MAX_MEMBERS = 200_000

#: How many bytes more than the directory are asked for, where it is not there yet.
_SLACK_BYTES = 16 * 1024

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
# The writer's version, the upper byte of the version needed, times and internal attributes are skipped.
_MEMBER = struct.Struct("<4s2xBxHH4x3L4H2x2L")
LOCAL = struct.Struct("<4sBxHH4x3L2H")
_EXTRA = struct.Struct("<HH")

LOCAL_MARK = b"PK\x03\x04"
_END_MARK = b"PK\x05\x06"

STORED, DEFLATED = 0, 8
#: Bits 1 and 2 say how hard the packer tried, bit 3 that sizes follow the content, bit 11 that the name is UTF-8.
#: All others (encryption, patches, masked headers, reserved) change how the rest is to be read.
STREAMED, _UTF8 = 0x8, 0x800
KNOWN_FLAGS = 0x6 | STREAMED | _UTF8
_ZIP64_EXTRA, _UNICODE_EXTRA = 0x0001, 0x7075
#: In place of a number: the ZIP64 field or record has it.
MARK16, MARK32 = 0xFFFF, 0xFFFFFFFF
#: zipfile, and so pip, reads archives up to version 6.3.
NEWEST = 63


class ArchiveError(Exception):
    """An archive that is broken, or ambiguous: two readers could see different files. The message is one sentence, for
    a terminal."""


class OversizedArchive(ArchiveError):
    """An archive that is larger than the limits, or would be when unpacked."""


class MissingRange(Exception):
    """Bytes `start` up to but without `end` are needed. Not an error: a request to the caller, which has the source."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"bytes {start} to {end} are not there yet")
        self.start = start
        self.end = end


class ByteSource(Protocol):
    """A file's bytes. `read` gives exactly the bytes from `start` up to but without `end`."""

    @property
    def size(self) -> int:
        """How long the whole file is, in bytes."""

    def read(self, start: int, end: int) -> bytes:
        """Raises `ArchiveError` where the file has no such bytes, `MissingRange` where they are not there yet."""


class Member(NamedTuple):
    """A file or folder of an archive as the central directory has it.

    `offset` is where its own header begins. `attributes` are the external ones: a Unix mode in the upper half, the
    attributes of DOS in the lower.
    """

    name: str
    raw_name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    offset: int
    attributes: int


_new_member = tuple.__new__


def open_directory(source: ByteSource) -> tuple[int, list[Member]]:
    """Where the central directory begins, and all members in its order.

    Raises `ArchiveError`; `MissingRange` where `source` does.
    """
    start, end, count = _extent(source)
    if end - start > MAX_DIRECTORY_BYTES or count > MAX_MEMBERS:
        raise OversizedArchive(f"the archive's directory has {count} members in {end - start} bytes, too many to read")
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


def _extent(source: ByteSource) -> tuple[int, int, int]:
    """Where the central directory begins and ends, and how many members it says it has."""
    end = source.size - _END.size
    if end < 0:
        raise ArchiveError("the file is too short to be a ZIP archive")
    # One read for all three records: MissingRange then asks for no more than one range.
    first = max(0, end - _LOCATOR64.size - _END64.size)
    tail = source.read(first, source.size)
    mark, *stated, comment = _END.unpack_from(tail, end - first)
    # Programs search for the last such mark; it may not stand in the record itself a second time.
    if mark != _END_MARK or comment or tail.rfind(_END_MARK) != end - first:
        raise ArchiveError("the file does not end as a ZIP archive without a comment must")
    # zipfile, and so pip, follows the ZIP64 records wherever a locator stands before the end record, whether or
    # not the end record refers to them.
    at = end - first - _LOCATOR64.size
    if at >= 0 and tail[at : at + 4] == b"PK\x06\x07":
        wide = _wide_end(tail, at, first)
        end = first + at - _END64.size
        # 4.4.1.4: a number that the ZIP64 record replaces is all ones. Programs that do not read it must see the same.
        for plain, number, all_ones in zip(stated, wide, (MARK16,) * 4 + (MARK32,) * 2, strict=True):
            if plain not in (number, all_ones):
                raise ArchiveError("the archive's end record and its ZIP64 record contradict each other")
        stated = wide
    disk, start_disk, here, count, size, start = stated
    if disk or start_disk or here != count:
        raise ArchiveError("the archive is one of several parts")
    if start + size != end:
        raise ArchiveError("the archive's directory is not where its end record says")
    return start, end, count


def _wide_end(tail: bytes, at: int, first: int) -> list[int]:
    """The numbers of the ZIP64 end record, which stands before its locator at `tail[at]`; `tail` begins at `first`."""
    place = at - _END64.size
    if place < 0:
        raise ArchiveError("the archive's ZIP64 record is not whole")
    _, locator_disk, stated_place, disks = _LOCATOR64.unpack_from(tail, at)
    mark, length, _, needed, *wide = _END64.unpack_from(tail, place)
    if (
        mark != b"PK\x06\x06"
        # 4.3.14.1: the length leaves out the first twelve bytes. A longer record holds data that is not read here.
        or length != _END64.size - 12
        or stated_place != first + place
        or locator_disk
        or disks > 1
        or needed & 0xFF > NEWEST
    ):
        raise ArchiveError("the archive's ZIP64 records contradict each other")
    return wide


def _members(data: bytes) -> Iterator[Member]:
    position = 0
    while position < len(data):
        if position + _MEMBER.size > len(data):
            raise ArchiveError("the archive's directory is cut off")
        (
            mark, needed, flags, method, checksum, packed, size,
            name_size, extra_size, comment_size, disk, attributes, offset,
        ) = _MEMBER.unpack_from(data, position)  # fmt: skip
        start = position + _MEMBER.size
        name_end = start + name_size
        position = name_end + extra_size + comment_size
        if mark != b"PK\x01\x02" or position > len(data) or needed > NEWEST:
            raise ArchiveError("the archive's directory is broken")
        raw_name = data[start:name_end]
        name = _decoded(raw_name, flags)
        if comment_size:
            raise ArchiveError(f"{printable(name, 120)} has a comment")
        if extra_size or packed == MARK32 or size == MARK32 or offset == MARK32:
            packed, size, offset = _extras(data[name_end:position], name, packed, size, offset)
        if disk:
            raise ArchiveError("the archive is one of several parts")
        yield _new_member(Member, (name, raw_name, flags, method, checksum, packed, size, offset, attributes))


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
    """Packed size, size and offset of a member in the directory, where it refers to its ZIP64 field from there."""
    # Programs that search from the directory's begin would take it for the archive's end.
    if _END_MARK in extra:
        raise ArchiveError(f"the extra field of {printable(name, 120)} looks like an archive's end")
    wide = _wide_numbers(extra, name)
    # 4.5.3: the field has the size, the packed size and the offset, each only where the number itself is all ones.
    # Some programs take what they find, referred to or not: so there must be neither more nor less.
    marked = [number == MARK32 for number in (size, packed, offset)]
    if wide is None and not any(marked):
        return packed, size, offset
    if wide is None or len(wide) != sum(marked):
        raise ArchiveError(f"the ZIP64 field of {printable(name, 120)} does not hold what it must")
    numbers = iter(wide)
    size, packed, offset = (
        next(numbers) if is_marked else number for number, is_marked in zip((size, packed, offset), marked, strict=True)
    )
    return packed, size, offset


def local_sizes(extra: bytes, name: str, packed: int, size: int) -> tuple[int, int]:
    """Packed size and size as a member's own header has them, its ZIP64 field included. Raises `ArchiveError`."""
    wide = _wide_numbers(extra, name) if extra else None
    if wide is None:
        if MARK32 in (packed, size):
            raise ArchiveError(f"the header of {printable(name, 120)} refers to a ZIP64 field that is not there")
        return packed, size
    # 4.5.3: in a member's own header the field holds both sizes. The numbers themselves are all ones, or the same.
    if len(wide) != 2 or size not in (wide[0], MARK32) or packed not in (wide[1], MARK32):
        raise ArchiveError(f"the ZIP64 field of {printable(name, 120)} does not hold what it must")
    return wide[1], wide[0]


def _wide_numbers(extra: bytes, name: str) -> tuple[int, ...] | None:
    """The numbers of the ZIP64 extra field, None where there is none. All other fields are checked on the way."""
    position, found, named = 0, None, False
    while position < len(extra):
        if position + _EXTRA.size > len(extra):
            raise ArchiveError(f"an extra field of {printable(name, 120)} is cut off")
        kind, length = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size
        content = extra[position : position + length]
        position += length
        if len(content) != length:
            raise ArchiveError(f"an extra field of {printable(name, 120)} is cut off")
        if kind == _UNICODE_EXTRA:
            # 4.6.9: a name that newer programs prefer to the one in the header. One that is the same does no harm.
            if named or content[5:] != name.encode():
                raise ArchiveError(f"the member {printable(name, 100)!r} has a second name")
            named = True
        elif kind == _ZIP64_EXTRA:
            if found is not None or length % 8:
                raise ArchiveError(f"the ZIP64 field of {printable(name, 120)} does not hold what it must")
            found = struct.unpack(f"<{length // 8}Q", content)
    return found
