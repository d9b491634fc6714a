"""Builds ZIP archives field by field, so that a test can make every archive that a ZIP library would not.

A `Part` is one member. Untouched it is written as an ordinary tool would; each of its fields can be set apart from
the others, and `local` and `central` overrule single numbers in only one of the two headers, which is how archives
are made that two programs read differently. `zip_of` writes parts one behind the other, then the central
directory, then the end records, with whatever a test wants before, between and behind them.

    parts = parts_of(build_wheel("acme", "1.0")[1])             # an ordinary wheel, its RECORD right
    zip_of(parts)                                               # ... and an ordinary archive of it
    zip_of(changed(parts, "acme/__init__.py", mode=0o120777))   # a symbolic link
    zip_of([*parts, Part("acme/__init__.py", b"other")])        # a name twice
    zip_of(changed(parts, METADATA, local={"size": 1}))         # the header says one size, the directory another
    zip_of(changed(parts, METADATA, descriptor="signed"))       # sizes behind the content
    zip_of([*parts, Part("hidden.py", b"1", listed=False)])     # a member that the directory does not list
    zip_of(parts, prefix=b"#!/bin/sh\\n", comment=b"hello", zip64=True, end={"count": 9})

The layout is that of the ZIP application note (sections 4.3.6 to 4.3.16). Names of fields in `local`, `central`,
`end`, `end64` and `locator` are those of the functions' own docstrings. Numbers that do not fit raise `struct.error`.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STORED, DEFLATED = 0, 8
ENCRYPTED, STREAMED, UTF8 = 0x1, 0x8, 0x800
UNIX, WINDOWS = 3, 0
ALL16, ALL32 = 0xFFFF, 0xFFFFFFFF

#: Kinds of file in the upper half of the external attributes, to be joined with permissions.
REGULAR, FOLDER, LINK, FIFO, SOCKET, DEVICE, BLOCK = (
    0o100000,
    0o040000,
    0o120000,
    0o010000,
    0o140000,
    0o020000,
    0o060000,
)

LOCAL_MARK, DESCRIPTOR_MARK, CENTRAL_MARK = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
END_MARK, END64_MARK, LOCATOR_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"

#: 1980-01-01 00:00:00, the first moment that the format knows.
_DATE = 0x21


@dataclass(frozen=True, slots=True)
class Part:
    """One member of an archive to be.

    `content` is packed by `method`, unless `packed` gives the packed bytes themselves. `flags` are the general
    purpose bits; bit 11 (UTF-8) is added for a name that is not ASCII and given as text, bit 3 for a `descriptor`.
    `mode` and `system` become the external attributes and the system that made the entry; `attributes` overrules
    the mode with all 32 bits. `extra` goes into both headers, `local_extra` and `central_extra` into one. `zip64`
    writes the sizes (and `zip64_offset` the offset) into a ZIP64 extra field and marks in their place.
    `descriptor` is one of "", "signed", "bare", "wide" (8-byte sizes), with zeros in the local header.
    `comment` is the member's own. `before` and `after` are bytes around it that belong to nobody. `listed` tells
    whether the directory has it, `present` whether its header and content are there (a member that is not present
    points at the offset 0, or where `central["offset"]` says).

    `local` and `central` overrule fields of one header: mark, needed, flags, method, time, date, checksum, packed,
    size, name (bytes), name_size, extra (bytes), extra_size; `central` also made_by, comment (bytes), comment_size,
    disk, internal, attributes, offset.
    """

    name: str | bytes
    content: bytes = b""
    method: int = STORED
    flags: int = 0
    mode: int = REGULAR | 0o644
    system: int = UNIX
    attributes: int | None = None
    packed: bytes | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    central_extra: bytes = b""
    comment: bytes = b""
    descriptor: str = ""
    zip64: bool = False
    zip64_offset: bool = False
    before: bytes = b""
    after: bytes = b""
    listed: bool = True
    present: bool = True
    local: Mapping[str, int | bytes] = field(default_factory=dict)
    central: Mapping[str, int | bytes] = field(default_factory=dict)

    @property
    def raw_name(self) -> bytes:
        """The name as it is written."""
        return self.name.encode() if isinstance(self.name, str) else self.name

    @property
    def data(self) -> bytes:
        """The packed content."""
        if self.packed is not None:
            return self.packed
        return deflated(self.content) if self.method == DEFLATED else self.content

    @property
    def bits(self) -> int:
        """The general purpose flags, with those that follow from other fields."""
        named = UTF8 if isinstance(self.name, str) and not self.name.isascii() else 0
        return self.flags | named | (STREAMED if self.descriptor else 0)


# Tests build one wheel many times, with something else about it each time.
@lru_cache(64)
def deflated(content: bytes, level: int = 9) -> bytes:
    """`content` as a raw deflate stream."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def extra_field(kind: int, content: bytes, length: int | None = None) -> bytes:
    """One extra field; `length` where it lies about its own."""
    return struct.pack("<HH", kind, len(content) if length is None else length) + content


def unicode_path(name: str, raw_name: bytes) -> bytes:
    """The extra field 0x7075, by which some tools replace a member's name."""
    return extra_field(0x7075, struct.pack("<BL", 1, zlib.crc32(raw_name)) + name.encode())


def parts_of(archive: bytes) -> list[Part]:
    """The members of an ordinary archive, in its order, as parts."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return [
            Part(info.filename, opened.read(info), info.compress_type, mode=info.external_attr >> 16)
            for info in opened.infolist()
        ]


def changed(parts: Iterable[Part], name: str, **changes: object) -> list[Part]:
    """The parts, with fields of the one of this name exchanged. It has to be there."""
    found = list(parts)
    assert any(part.name == name for part in found), f"no part is called {name}"
    return [replace(part, **changes) if part.name == name else part for part in found]  # type: ignore[arg-type]


def zip_of(
    parts: Sequence[Part],
    *,
    prefix: bytes = b"",
    order: Sequence[int] | None = None,
    between: bytes = b"",
    after_directory: bytes = b"",
    comment: bytes = b"",
    suffix: bytes = b"",
    zip64: bool = False,
    shift: int | None = None,
    end: Mapping[str, int | bytes] | None = None,
    end64: Mapping[str, int | bytes] | None = None,
    locator: Mapping[str, int | bytes] | None = None,
) -> bytes:
    """The archive of these parts.

    `prefix` stands before everything, `between` before the directory, `after_directory` behind it, `suffix` behind
    the end record. Offsets are those of the file as it is, or moved by `shift`. `order` are the indexes of the parts
    in the directory's order. `zip64` writes the ZIP64 end record and its locator too. The mappings overrule fields:

    - `end`: mark, disk, start_disk, here, count, size, start, comment_size;
    - `end64`: mark, length, made_by, needed, disk, start_disk, here, count, size, start, rest (bytes);
    - `locator`: mark, disk, place, disks.
    """
    body = bytearray(prefix)
    offsets: list[int] = []
    for part in parts:
        body += part.before
        offsets.append(len(body) if part.present else 0)
        if part.present:
            body += local_header(part) + part.data + data_descriptor(part)
        body += part.after
    body += between
    chosen = [index for index in (order if order is not None else range(len(parts))) if parts[index].listed]
    directory = b"".join(central_header(parts[index], offsets[index] + (shift or 0)) for index in chosen)
    stated: dict[str, int | bytes] = {"count": len(chosen), "size": len(directory), "start": len(body) + (shift or 0)}
    body += directory + after_directory
    if zip64:
        body += end64_records(stated, len(body), end64 or {}, locator or {})
    return bytes(body) + end_record(stated, comment, end or {}) + suffix


def local_header(part: Part) -> bytes:
    """4.3.7: the header before the content."""
    data, streamed = part.data, bool(part.descriptor)
    extra = part.extra + part.local_extra
    packed, size = (0, 0) if streamed else (len(data), len(part.content))
    if part.zip64:
        extra = extra_field(1, struct.pack("<2Q", size, packed)) + extra
        packed = size = ALL32
    stated: dict[str, int | bytes] = {
        "mark": LOCAL_MARK,
        "needed": 45 if part.zip64 else 20,
        "flags": part.bits,
        "method": part.method,
        "time": 0,
        "date": _DATE,
        "checksum": 0 if streamed else zlib.crc32(part.content),
        "packed": packed,
        "size": size,
        "name": part.raw_name,
        "extra": extra,
    }
    stated = {**stated, **part.local}
    name, extra = _bytes(stated["name"]), _bytes(stated["extra"])
    numbers = [stated[key] for key in ("needed", "flags", "method", "time", "date", "checksum", "packed", "size")]
    lengths = stated.get("name_size", len(name)), stated.get("extra_size", len(extra))
    return struct.pack("<4s5H3L2H", stated["mark"], *numbers, *lengths) + name + extra


def data_descriptor(part: Part) -> bytes:
    """4.3.9: sizes and checksum behind the content."""
    if not part.descriptor:
        return b""
    form = "<L2Q" if part.descriptor == "wide" else "<3L"
    numbers = struct.pack(form, zlib.crc32(part.content), len(part.data), len(part.content))
    return numbers if part.descriptor == "bare" else DESCRIPTOR_MARK + numbers


def central_header(part: Part, offset: int) -> bytes:
    """4.3.12: the member's entry in the directory."""
    data = part.data
    wide: list[int] = []
    packed, size = len(data), len(part.content)
    if part.zip64:
        wide += [size, packed]
        packed = size = ALL32
    if part.zip64_offset:
        wide.append(offset)
        offset = ALL32
    zip64 = extra_field(1, struct.pack(f"<{len(wide)}Q", *wide)) if wide else b""
    attributes = part.mode << 16 if part.attributes is None else part.attributes
    stated: dict[str, int | bytes] = {
        "mark": CENTRAL_MARK,
        "made_by": part.system << 8 | 20,
        "needed": 45 if wide else 20,
        "flags": part.bits,
        "method": part.method,
        "time": 0,
        "date": _DATE,
        "checksum": zlib.crc32(part.content),
        "packed": packed,
        "size": size,
        "disk": 0,
        "internal": 0,
        "attributes": attributes,
        "offset": offset,
        "name": part.raw_name,
        "extra": zip64 + part.extra + part.central_extra,
        "comment": part.comment,
    }
    stated = {**stated, **part.central}
    name, extra, comment = (_bytes(stated[key]) for key in ("name", "extra", "comment"))
    first = ("made_by", "needed", "flags", "method", "time", "date", "checksum", "packed", "size")
    lengths = [
        stated.get(f"{key}_size", len(value))
        for key, value in zip(("name", "extra", "comment"), (name, extra, comment), strict=True)
    ]
    last = [stated[key] for key in ("disk", "internal", "attributes", "offset")]
    head = struct.pack("<4s6H3L5H2L", stated["mark"], *(stated[key] for key in first), *lengths, *last)
    return head + name + extra + comment


def end64_records(
    stated: Mapping[str, int | bytes], place: int, end64: Mapping[str, int | bytes], locator: Mapping[str, int | bytes]
) -> bytes:
    """4.3.14 and 4.3.15: the ZIP64 end record, which begins at `place`, and its locator."""
    count = stated["count"]
    wide: dict[str, int | bytes] = {"mark": END64_MARK, "length": 44, "made_by": UNIX << 8 | 45, "needed": 45}
    wide |= {
        "disk": 0,
        "start_disk": 0,
        "here": count,
        "count": count,
        "size": stated["size"],
        "start": stated["start"],
    }
    wide |= {"rest": b"", **end64}
    record = struct.pack("<4sQ2H2L4Q", *(value for key, value in wide.items() if key != "rest")) + _bytes(wide["rest"])
    where: dict[str, int | bytes] = {"mark": LOCATOR_MARK, "disk": 0, "place": place, "disks": 1, **locator}
    return record + struct.pack("<4sLQL", *where.values())


def end_record(stated: Mapping[str, int | bytes], comment: bytes, end: Mapping[str, int | bytes]) -> bytes:
    """4.3.16: the last record, with the archive's comment."""
    last: dict[str, int | bytes] = {"mark": END_MARK, "disk": 0, "start_disk": 0, "here": stated["count"]}
    last |= {
        "count": stated["count"],
        "size": stated["size"],
        "start": stated["start"],
        "comment_size": len(comment),
        **end,
    }
    return struct.pack("<4s4H2LH", *last.values()) + comment


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value
