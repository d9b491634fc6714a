"""The blocks of a tar archive, walked before the standard library reads them, so that there is one reading only.

`tarfile` ends at the first header that it does not understand, as if the archive ended there, believes the size that a
pax header gives and not the member's own, and takes the time of its length squared for some pax headers
(CVE-2024-6232). Other readers do otherwise: in 2025 one of them took file content for headers, where the two sizes
differ (CVE-2025-62518). The rules; no archive that today's tools write for a project breaks them:

1. Each header has its checksum; its numbers are octal, or binary as GNU tar writes them.
2. What is not a file has no content, so that all readers go on at the same place.
3. A pax header (`x`, for the next member; `g`, for all that come) consists of whole records (POSIX, "pax Header
   Block"), and has at most `MAX_HEADER` bytes. It gives no other size than the member's header, nothing about sparse
   files, no encoding, and no number of `len(_RUN)` digits; `g` gives neither path, link nor size.
4. A long name (`L`, `K`, GNU tar) has at most `MAX_HEADER` bytes. A member has one header of each kind at most, and
   not those of both pax and GNU tar.
5. Behind the first block of zeros, and behind the last member, there is nothing but zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 512

#: The most bytes of a pax header or a long name, and the most records of one. Real ones have some hundred bytes.
MAX_HEADER = 64 * 1024
MAX_RECORDS = 64

#: The most bytes of all such headers together.
MAX_HEADERS = 64 * 1024 * 1024

#: Every digit as a zero, and all else as a space. Long runs of digits are what some readers take so long for.
_AS_ZEROS = bytes(ord("0") if chr(value).isdecimal() and value < 128 else ord(" ") for value in range(256))
_RUN = b"0" * 32

#: Files, in the three ways to write that; and what else is a member: links, devices, folders, pipes.
_FILES = frozenset(b"0\x007")
_OTHERS = frozenset(b"123456")

#: The headers that belong to the next member, and the one that belongs to all.
_EXTENDED = frozenset(b"xLK")

_CHUNK = 1024 * 1024


class TarFormatError(Exception):
    """The archive breaks a rule. The message is a line of evidence."""


class TarOversizedError(TarFormatError):
    """There are more members, or larger headers, than are read."""


def count_members(read: Callable[[int, int], bytes], size: int, most: int) -> int:
    """How many members an archive of `size` bytes has, at most `most`.

    `read` gives the bytes at an offset, fewer at the end. Raises `TarFormatError`.
    """
    offset = count = headers = 0
    before: dict[int, dict[bytes, bytes]] = {}
    while offset < size:
        header = read(offset, BLOCK)
        if not any(header):
            break
        kind, stated = _header(header, offset)
        offset += BLOCK
        if kind in _EXTENDED or kind == ord("g"):
            headers += stated
            if stated > MAX_HEADER or headers > MAX_HEADERS:
                raise TarOversizedError(f"it has a header of {stated} bytes, and {headers} bytes of such headers")
            content = _within(read(offset, stated), stated, offset)
            _note(kind, content, before, offset)
        else:
            count += 1
            if count > most:
                raise TarOversizedError(f"it has more than {most} members")
            _check_member(kind, stated, before, offset)
            before = {}
        offset += -(-stated // BLOCK) * BLOCK
    _check_end(read, offset, size)
    if before:
        raise TarFormatError("it ends with a header without a member")
    return count


def _header(block: bytes, offset: int) -> tuple[int, int]:
    """The kind and the stated size of a header. Raises `TarFormatError`."""
    if len(block) < BLOCK:
        raise TarFormatError(f"it ends within the header at {offset}")
    # POSIX: the sum of all bytes, with those of the sum itself taken as spaces.
    if _number(block[148:156], offset) != sum(block[:148]) + 8 * ord(" ") + sum(block[156:]):
        raise TarFormatError(f"the header at {offset} does not have its checksum")
    return block[156], _number(block[124:136], offset)


def _number(field: bytes, offset: int) -> int:
    """Octal digits that end at a space or NUL, or a binary number behind the byte 0x80."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.lstrip(b" ").split(b"\0", 1)[0].rstrip(b" ")
    if not all(digit in b"01234567" for digit in digits):
        raise TarFormatError(f"the header at {offset} has a number that is none")
    return int(digits or b"0", 8)


def _note(kind: int, content: bytes, before: dict[int, dict[bytes, bytes]], offset: int) -> None:
    """A header that says more about the next member, or about all: what it says, by its kind."""
    if kind == ord("g"):
        records = dict(_records(content, offset))
        if before or not records.keys().isdisjoint((b"path", b"linkpath", b"size")):
            raise TarFormatError(f"the header for all members at {offset} says more than it may")
        return
    both = (kind == ord("x") and before) or (kind != ord("x") and ord("x") in before)
    if kind in before or both:
        raise TarFormatError(f"a member has several headers that say more of it, at {offset}")
    before[kind] = dict(_records(content, offset)) if kind == ord("x") else {}


def _records(content: bytes, offset: int) -> Iterator[tuple[bytes, bytes]]:
    """Keyword and value of each record: `LENGTH KEYWORD=VALUE` and a line feed, where the length counts all of it."""
    if b"hdrcharset" in content or _RUN in content.translate(_AS_ZEROS):
        raise TarFormatError(f"the pax header at {offset} gives an encoding, or a number of many digits")
    at = number = 0
    while at < len(content):
        number += 1
        space = content.find(b" ", at, at + 8)
        digits = content[at:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() and not digits.startswith(b"0") else 0
        record = content[at : at + length]
        keyword, equals, value = record[len(digits) + 1 :].partition(b"=")
        if not keyword or not equals or len(record) != length or not record.endswith(b"\n") or number > MAX_RECORDS:
            raise TarFormatError(f"the pax header at {offset} does not consist of whole records")
        if keyword.startswith(b"GNU.sparse"):
            raise TarFormatError(f"the pax header at {offset} tells of a sparse file")
        yield keyword, value[:-1]
        at += length


def _check_member(kind: int, stated: int, before: dict[int, dict[bytes, bytes]], offset: int) -> None:
    if kind not in _FILES and kind not in _OTHERS:
        raise TarFormatError(f"a member at {offset} is of a kind that readers treat differently")
    if kind in _OTHERS and stated:
        raise TarFormatError(f"a member at {offset} is not a file, and has content")
    size = before.get(ord("x"), {}).get(b"size")
    if size is not None and (not size.isdigit() or len(size) > 20 or int(size) != stated):
        raise TarFormatError(f"the headers of the member at {offset} give two sizes")


def _within(content: bytes, stated: int, offset: int) -> bytes:
    if len(content) < stated:
        raise TarFormatError(f"it ends within the header at {offset}")
    return content


def _check_end(read: Callable[[int, int], bytes], offset: int, size: int) -> None:
    """Whether the last member is whole, and nothing but zeros is behind it."""
    if offset > size:
        raise TarFormatError("it ends within a member")
    while offset < size:
        if any(read(offset, _CHUNK)):
            raise TarFormatError("something stands behind its end")
        offset += _CHUNK
