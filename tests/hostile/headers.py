"""Members of which the directory says one thing and their own header another, and ways of packing that pip reads."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from hostile.attack import HARMLESS, INIT, Offer, offer, parts, stopped_by, wheel
from support.zips import (
    DEFLATED,
    ENCRYPTED,
    STREAMED,
    changed,
    deflated,
    extra_field,
    unicode_path,
    zip_of,
)

_TEXT = b"__version__ = '1.0'\n"


@stopped_by("unreadable-wheel")
def header_with_another_name() -> Offer:
    """The directory calls a member by one name and its own header by another."""
    return offer(zip_of(changed(parts(), INIT, local={"name": b"sitecustomize.py"})))


@stopped_by("unreadable-wheel")
def header_with_another_size() -> Offer:
    """A reader that walks the file takes a size from the header that leads it past the next member."""
    return offer(zip_of(changed(parts(), INIT, local={"packed": 4000, "size": 4000})))


@stopped_by("unreadable-wheel")
def header_with_another_checksum() -> Offer:
    """Header and directory name different checksums, so each reader can be told what it wants to hear."""
    return offer(zip_of(changed(parts(), INIT, local={"checksum": 1})))


@stopped_by("unreadable-wheel")
def header_with_another_method() -> Offer:
    """The header says deflated, the directory stored: the bytes mean two things."""
    return offer(zip_of(changed(parts(), INIT, local={"method": DEFLATED})))


@stopped_by("unreadable-wheel")
def header_with_another_flag() -> Offer:
    """The header alone says encrypted, which makes a scanner skip what pip installs."""
    return offer(zip_of(changed(parts(), INIT, local={"flags": ENCRYPTED})))


@stopped_by("unreadable-wheel")
def encrypted() -> Offer:
    """The content is encrypted, so nothing can look at it before it is on the disk."""
    return offer(zip_of(changed(parts(), INIT, flags=ENCRYPTED)))


@stopped_by("unreadable-wheel")
def wrong_checksum() -> Offer:
    """Both headers name a checksum that the content has not."""
    return offer(zip_of(changed(parts(), INIT, local={"checksum": 1}, central={"checksum": 1})))


@stopped_by("unreadable-wheel")
def shorter_than_its_content() -> Offer:
    """Both headers name a size at which the content goes on: what is checked ends before what is unpacked."""
    lie = {"size": 20}
    long = {"content": _TEXT + HARMLESS.encode(), "packed": deflated(_TEXT + HARMLESS.encode())}
    return offer(zip_of(changed(parts(), INIT, method=DEFLATED, local=lie, central=lie, **long)))


@stopped_by("unreadable-wheel")
def bytes_behind_a_deflated_content() -> Offer:
    """Behind the end of the packed stream the member goes on; whoever unpacks never sees it."""
    return offer(zip_of(changed(parts(), INIT, method=DEFLATED, packed=deflated(_TEXT) + HARMLESS.encode())))


@stopped_by("unreadable-wheel")
def packed_by_bzip2() -> Offer:
    """The members are packed in a way that the wheel's readers know and most scanners do not."""
    return offer(_repacked(zipfile.ZIP_BZIP2))


@stopped_by("unreadable-wheel")
def packed_by_lzma() -> Offer:
    """As with bzip2: pip unpacks LZMA, many other readers of archives skip it."""
    return offer(_repacked(zipfile.ZIP_LZMA))


@stopped_by("unreadable-wheel")
def packed_by_zstandard() -> Offer:
    """Zstandard, which only the newest Python unpacks: one wheel is two things on two machines."""
    return offer(zip_of(changed(parts(), INIT, method=93, packed=b"\x28\xb5\x2f\xfd" + bytes(20))))


@stopped_by("unreadable-wheel")
def descriptor_lies() -> Offer:
    """The sizes behind the content are not those of the directory, and readers of a stream believe them."""
    lie = struct.pack("<4s3L", b"PK\x07\x08", 1, 2, 3)
    zeros = {"checksum": 0, "packed": 0, "size": 0}
    return offer(zip_of(changed(parts(), INIT, flags=STREAMED, local=zeros, after=lie)))


@stopped_by("unreadable-wheel")
def descriptor_missing() -> Offer:
    """The header announces sizes behind the content, and none are there."""
    zeros = {"checksum": 0, "packed": 0, "size": 0}
    return offer(zip_of(changed(parts(), INIT, flags=STREAMED, local=zeros)))


@stopped_by("unreadable-wheel")
def unicode_name_in_an_extra_field() -> Offer:
    """An extra field gives the member another name, which some readers prefer."""
    return offer(zip_of(changed(parts(), INIT, extra=unicode_path("sitecustomize.py", INIT.encode()))))


@stopped_by("unreadable-wheel")
def wide_sizes_beside_ordinary_ones() -> Offer:
    """A ZIP64 field gives sizes to a member that has ordinary ones, and contradicts them."""
    wide = extra_field(1, struct.pack("<2Q", 7, 7))
    return offer(zip_of(changed(parts(), INIT, central_extra=wide)))


@stopped_by("unreadable-wheel")
def wide_sizes_twice() -> Offer:
    """Two ZIP64 fields give different sizes; one reader takes the first and another the last."""
    second = extra_field(1, struct.pack("<2Q", 7, 7))
    return offer(zip_of(changed(parts(), INIT, zip64=True, central_extra=second)))


@stopped_by("unreadable-wheel")
def wide_sizes_differ_in_the_header() -> Offer:
    """The ZIP64 sizes of the header are not those of the directory."""
    other = {"extra": extra_field(1, struct.pack("<2Q", 7, 7))}
    return offer(zip_of(changed(parts(), INIT, zip64=True, local=other)))


@stopped_by("unreadable-wheel")
def extra_field_cut_off() -> Offer:
    """An extra field says that it is longer than it is, and swallows what follows it in some readers."""
    return offer(zip_of(changed(parts(), INIT, central_extra=extra_field(0x5455, b"\x01", 900))))


@stopped_by("unreadable-wheel")
def member_on_another_disk() -> Offer:
    """The directory says that the member lies on a second disk."""
    return offer(zip_of(changed(parts(), INIT, central={"disk": 1})))


@stopped_by("unreadable-wheel")
def sizes_that_run_into_the_next_member() -> Offer:
    """A stored member's size takes in the header and content of the next one, which is there twice, therefore."""
    members = parts()
    whole = zip_of(members)
    start = whole.index(_TEXT)
    long = whole[start : start + len(_TEXT) + 40]
    lie = {"packed": len(long), "size": len(long), "checksum": zlib.crc32(long)}
    return offer(zip_of(changed(members, INIT, local=lie, central=lie)))


def _repacked(method: int) -> bytes:
    """The ordinary wheel in another packing, by Python's own library."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel())) as source, zipfile.ZipFile(buffer, "w", method) as target:
        for info in source.infolist():
            target.writestr(zipfile.ZipInfo(info.filename), source.read(info), method)
    return buffer.getvalue()
