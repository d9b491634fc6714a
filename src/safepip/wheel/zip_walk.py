"""Walks a whole archive from its first byte to its last, and unpacks each member on the way.

Some programs read an archive by its central directory, others from the front, header by header. An archive that shows
one list of files to the first and another to the second can make a scanner judge something other than what is
installed. So both readings are made here and have to agree:

1. The first header stands at byte 0. Each member's content ends where the next header begins, the last one's where the
   directory begins. Every byte belongs to a member.
2. Every header belongs to exactly one entry of the directory, and gives the same name (byte for byte), flags, method,
   checksum and sizes. The order may differ.
3. Sizes and checksum are in the header. Readers can disagree about those that follow the content (bit 3); none of 966
   real wheels has them.
4. Members are stored or deflated, and not encrypted. The packed content ends where the header says. Where it is
   unpacked, it has exactly its announced size and checksum; whoever leaves that out knows it of the same bytes.
5. Limits hold before anything is unpacked, by the directory's numbers, and again while unpacking.

Time is linear in the archive's size and its content's; the memory needed is some MiB, whatever the archive says.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from safepip.model.finding import printable
from safepip.wheel.zip_format import (
    DEFLATED,
    KNOWN_FLAGS,
    LOCAL,
    LOCAL_MARK,
    NEWEST,
    STORED,
    STREAMED,
    ArchiveError,
    OversizedArchive,
    local_sizes,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from safepip.wheel.zip_format import ByteSource, Member

#: How much is read, and how much is unpacked, at once.
CHUNK_BYTES = 256 * 1024
WINDOW_BYTES = 1024 * 1024
#: The same where most contents are passed over: most of what is read would be.
HEADERS_WINDOW_BYTES = 16 * 1024

#: The most that a wheel unpacks to. The largest of 966 real ones has 1.3 GB; indexes that have no limit of their own
#: hold some of several times that.
MAX_UNPACKED_BYTES = 64 * 1024**3

#: How many times its own size an archive may have when unpacked, and a member how many times its packed size, once
#: that is more than `FREE_BYTES`. Deflate reaches 1,032. Of 966 real wheels none has more than 18 on the whole;
#: single members reach 1,016 (tensors of zeros), the largest of which has 2.6 MB.
MAX_RATIO = 100
MAX_MEMBER_RATIO = 200
FREE_BYTES = 256 * 1024**2


def check_limits(members: Sequence[Member], archive_bytes: int) -> None:
    """Raise `OversizedArchive` for an archive that would unpack to too much, by the sizes that it announces."""
    total = sum(member.size for member in members)
    if total > MAX_UNPACKED_BYTES:
        raise OversizedArchive(f"the archive unpacks to {total} bytes; at most {MAX_UNPACKED_BYTES} are read")
    if total > FREE_BYTES and total > MAX_RATIO * archive_bytes:
        raise OversizedArchive(
            f"the archive of {archive_bytes} bytes unpacks to {total}, more than {MAX_RATIO} times as much"
        )
    for member in members:
        if member.size > FREE_BYTES and member.size > MAX_MEMBER_RATIO * member.packed:
            raise OversizedArchive(
                f"{_shown(member)} unpacks from {member.packed} bytes to {member.size}, "
                f"more than {MAX_MEMBER_RATIO} times as much"
            )


def walk(
    source: ByteSource, start: int, members: Sequence[Member], closed: Collection[str] = ()
) -> Iterator[tuple[Member, Iterable[bytes | memoryview]]]:
    """Every member in the order of the file, with its content in pieces.

    `start` is where the directory begins, `members` are its entries; `check_limits` has passed them. Each member's
    pieces must be used up before the next member is asked for: only after the last piece is it certain that the content
    is what was announced. Those whose names are in `closed` are not unpacked and have no pieces: of them only the
    header is read. Raises `ArchiveError`.
    """
    ahead = _ReadAhead(source, start, HEADERS_WINDOW_BYTES if closed else WINDOW_BYTES)
    expected = {member.offset: member for member in members}
    position = 0
    for _ in members:
        member = expected.pop(position, None)
        if member is None and position == start:
            raise ArchiveError("the archive's directory has more members than there are before it, one after the other")
        if member is None:
            raise ArchiveError(f"the data at byte {position} of the archive is in no entry of its directory")
        begin = _content_begin(ahead, position, start, member)
        position = begin + member.packed
        if member.name in closed:
            yield member, ()
        elif member.size <= CHUNK_BYTES and member.packed <= CHUNK_BYTES:
            yield member, (whole_content(member, ahead.take(begin, position)),)
        else:
            yield member, _unpacked(member, ahead.chunks(begin, position))
    if position != start:
        raise ArchiveError(f"the data at byte {position} of the archive is in no entry of its directory")


class _ReadAhead:
    """A source that is read from the front, in large pieces, up to `end`."""

    def __init__(self, source: ByteSource, end: int, window: int) -> None:
        self._source = source
        self._end = end
        self._size = window
        self._first = self._last = 0
        self._window = memoryview(b"")

    def take(self, start: int, end: int) -> memoryview:
        """The bytes from `start` to `end`, fewer where the archive has no more before its directory."""
        if start < self._first or end > self._last:
            self._first, self._last = start, min(max(end, start + self._size), self._end)
            self._window = memoryview(self._source.read(start, self._last))
        return self._window[start - self._first : end - self._first]

    def chunks(self, start: int, end: int) -> Iterator[memoryview]:
        """The bytes from `start` to `end`, in pieces of at most `CHUNK_BYTES`."""
        for position in range(start, end, CHUNK_BYTES):
            yield self.take(position, min(position + CHUNK_BYTES, end))


def _content_begin(ahead: _ReadAhead, position: int, end: int, member: Member) -> int:
    """Where the content begins, after a header that agrees with the directory. The directory begins at `end`."""
    if member.flags & STREAMED:
        raise ArchiveError(f"the sizes of {_shown(member)} follow its content, where they can be mistaken")
    if member.flags & ~KNOWN_FLAGS or member.method not in (STORED, DEFLATED):
        raise ArchiveError(f"{_shown(member)} is encrypted or packed in a way that is not supported")
    name_size = len(member.raw_name)
    named = position + LOCAL.size
    head = ahead.take(position, named + name_size)
    if len(head) < LOCAL.size + name_size:
        raise ArchiveError(f"{_shown(member)} has no room for its own header")
    mark, needed, flags, method, checksum, packed, size, stated_name_size, extra_size = LOCAL.unpack_from(head)
    begin: int = named + stated_name_size + extra_size
    stated = mark, flags, method, checksum, stated_name_size, bytes(head[LOCAL.size :])
    if stated != (LOCAL_MARK, member.flags, member.method, member.checksum, name_size, member.raw_name):
        raise _contradiction(member)
    if begin + member.packed > end:
        raise ArchiveError(f"{_shown(member)} overlaps what follows it")
    if extra_size:
        packed, size = local_sizes(bytes(ahead.take(begin - extra_size, begin)), member.name, packed, size)
    # 4.4.5: stored content is as long as the file.
    if (packed, size) != (member.packed, member.size) or needed > NEWEST or (method == STORED and packed != size):
        raise _contradiction(member)
    return begin


def whole_content(member: Member, data: bytes | memoryview) -> bytes | memoryview:
    """The content that `data` unpacks to, of its announced size and checksum; nothing beyond that is unpacked.

    The caller has checked that the announced size may be held in memory. Raises `ArchiveError`.
    """
    if member.method == DEFLATED:
        unpacker = zlib.decompressobj(-15)
        try:
            # One byte more than announced shows that a member is too long, and stops a zip bomb.
            data = unpacker.decompress(data, member.size + 1)
        except zlib.error:
            raise ArchiveError(f"{_shown(member)} cannot be unpacked") from None
        if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
            raise _no_end(member)
    if len(data) != member.size or zlib.crc32(data) != member.checksum:
        raise _not_announced(member)
    return data


def _unpacked(member: Member, chunks: Iterable[memoryview]) -> Iterator[bytes | memoryview]:
    """The content in pieces, of exactly its announced size and checksum. Nothing beyond that size is unpacked."""
    left, checksum = member.size, 0
    for piece in chunks if member.method == STORED else _inflated(member, chunks):
        left -= len(piece)
        if left < 0:
            break
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if left or checksum != member.checksum:
        raise _not_announced(member)


def _inflated(member: Member, chunks: Iterable[memoryview]) -> Iterator[bytes]:
    """A deflated content in pieces, at most one byte more than announced: that byte shows that it is too long."""
    unpacker = zlib.decompressobj(-15)
    left = member.size + 1
    try:
        for chunk in chunks:
            rest: bytes | memoryview = chunk
            while rest:
                if unpacker.eof or not left:
                    raise _no_end(member)
                piece = unpacker.decompress(rest, min(left, CHUNK_BYTES))
                rest = unpacker.unconsumed_tail
                left -= len(piece)
                yield piece
        # All was read, and what it unpacks to was perhaps more than one piece.
        while not unpacker.eof:
            piece = unpacker.decompress(b"", min(left, CHUNK_BYTES)) if left else b""
            if not piece:
                raise _no_end(member)
            left -= len(piece)
            yield piece
    except zlib.error:
        raise ArchiveError(f"{_shown(member)} cannot be unpacked") from None
    if unpacker.unused_data:
        raise _no_end(member)


def _shown(member: Member) -> str:
    return printable(member.name, 120)


def _contradiction(member: Member) -> ArchiveError:
    return ArchiveError(f"the archive's directory and the header of {_shown(member)} contradict each other")


def _no_end(member: Member) -> ArchiveError:
    return ArchiveError(f"{_shown(member)} does not end where it should")


def _not_announced(member: Member) -> ArchiveError:
    return ArchiveError(f"{_shown(member)} does not have the size and checksum that the archive says")
