"""The layout of a ZIP archive of source code, checked before the standard library reads it: there is one reading.

As `safepip.wheel.zip_format` for wheels, but for what tools write into archives of source code: a comment at the end
(`git archive` writes the commit there), and members whose sizes follow their content. The rules:

1. The end record is the only one within reach, and ends with the file. There is no ZIP64 one: an archive that needs it
   is larger than what is unpacked.
2. The central directory lies directly before it, and has as many members as it says.
3. From the first byte to the directory, the members lie one behind the other, without gaps, each with a header of its
   own that agrees with the directory's.
4. Members are stored or deflated, not encrypted; a name has neither NUL nor a second form in an extra field.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_END_MARK, _ENTRY_MARK, _LOCAL_MARK, _TRAILER_MARK = b"PK\5\6", b"PK\1\2", b"PK\3\4", b"PK\7\x08"

#: The longest comment, and the largest central directory that is read, in bytes.
_COMMENT = 0xFFFF
MAX_DIRECTORY = 32 * 1024 * 1024

#: What flags may be set: how hard deflate tried, sizes that follow the content, names in UTF-8.
_STREAMED, _UTF8 = 0x8, 0x800
_FLAGS = 0x6 | _STREAMED | _UTF8
_STORED, _DEFLATED = 0, 8

#: The extra field that gives the name a second time (Info-ZIP).
_UNICODE_PATH = 0x7075


class ZipLayoutError(Exception):
    """The archive breaks a rule. The message is a line of evidence."""


class ZipOversizedError(ZipLayoutError):
    """There are more members than are read."""


class _Entry(NamedTuple):
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    name: bytes
    offset: int


def check_zip(read: Callable[[int, int], bytes], size: int, most: int) -> None:
    """Check an archive of `size` bytes with at most `most` members.

    `read` gives the bytes at an offset, fewer at the end. Raises `ZipLayoutError`.
    """
    start = max(0, size - _END.size - _COMMENT)
    tail = read(start, size - start)
    at = tail.find(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise ZipLayoutError("it has no end record")
    _, disk, first, here, count, length, directory, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail) or tail.find(_END_MARK, at + 1) >= 0:
        raise ZipLayoutError("it has several end records, or something stands behind the end")
    if count > most or length > MAX_DIRECTORY:
        raise ZipOversizedError(f"it has {count} members in a directory of {length} bytes")
    if (disk, first, here) != (0, 0, count) or directory + length != start + at:
        raise ZipLayoutError("its directory does not lie where its end record says")
    offset = 0
    # A reader from the front sees the members in this order, one from the back in that of the directory.
    for entry in sorted(_entries(read(directory, length), count), key=lambda each: each.offset):
        if entry.offset != offset:
            raise ZipLayoutError(f"between its members, at {offset}, something stands that belongs to none")
        offset = _end_of(entry, read, directory)
    if offset != directory:
        raise ZipLayoutError(f"behind its members, at {offset}, something stands that belongs to none")


def _entries(directory: bytes, count: int) -> list[_Entry]:
    """What the central directory says of each member."""
    found: list[_Entry] = []
    at = 0
    while at < len(directory):
        if len(directory) - at < _ENTRY.size or directory[at : at + 4] != _ENTRY_MARK:
            raise ZipLayoutError("its directory is broken")
        fields = _ENTRY.unpack_from(directory, at)
        flags, method, _, _, checksum, packed, size, name_size, extra_size, comment_size = fields[5:15]
        offset = fields[-1]
        at += _ENTRY.size
        name = directory[at : at + name_size]
        _check_extra(directory[at + name_size : at + name_size + extra_size])
        at += name_size + extra_size + comment_size
        if at > len(directory):
            raise ZipLayoutError("its directory is broken")
        if b"\0" in name:
            raise ZipLayoutError("a member's name has NUL")
        if flags & ~_FLAGS or method not in (_STORED, _DEFLATED):
            raise ZipLayoutError("a member is encrypted, or packed in a way that few readers know")
        found.append(_Entry(flags, method, checksum, packed, size, name, offset))
    if len(found) != count:
        raise ZipLayoutError(f"it says that it has {count} members, and has {len(found)}")
    return found


def _check_extra(extra: bytes) -> None:
    """Extra fields: a mark, a length and a content each. What does not divide so is left to the reader."""
    at = 0
    while at + 4 <= len(extra):
        mark, length = struct.unpack_from("<2H", extra, at)
        if mark == _UNICODE_PATH:
            raise ZipLayoutError("a member has a second name in an extra field")
        at += 4 + length


def _end_of(entry: _Entry, read: Callable[[int, int], bytes], directory: int) -> int:
    """Where a member ends that begins with a header which agrees with the directory's."""
    header = read(entry.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != _LOCAL_MARK:
        raise ZipLayoutError(f"no header of a member stands at {entry.offset}")
    _, _, _, flags, method, _, _, checksum, packed, size, name_size, extra_size = _LOCAL.unpack(header)
    name = read(entry.offset + _LOCAL.size, name_size)
    stated, announced = (checksum, packed, size), (entry.checksum, entry.packed, entry.size)
    zip64 = packed == size == 0xFFFFFFFF and checksum in (0, entry.checksum)
    if (flags, method, name) != (entry.flags, entry.method, entry.name) or not (
        stated == announced or zip64 or (flags & _STREAMED and stated in ((0, 0, 0), (checksum, 0, 0)))
    ):
        raise ZipLayoutError(f"the header at {entry.offset} and the directory contradict each other")
    end: int = entry.offset + _LOCAL.size + name_size + extra_size + entry.packed
    if flags & _STREAMED:
        end += _trailer(read(end, 24), entry, eight=zip64)
    if end > directory:
        raise ZipLayoutError(f"the member at {entry.offset} reaches into the directory")
    return end


def _trailer(data: bytes, entry: _Entry, *, eight: bool) -> int:
    """How long what follows a streamed content is: a mark that may be left out, checksum and sizes, of 4 or 8 bytes."""
    for mark in (_TRAILER_MARK, b""):
        for size in ("Q", "L") if eight else ("L", "Q"):
            expected = mark + struct.pack(f"<L2{size}", entry.checksum, entry.packed, entry.size)
            if data.startswith(expected):
                return len(expected)
    raise ZipLayoutError(f"what follows the member at {entry.offset} contradicts the directory")
