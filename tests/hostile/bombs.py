"""Archives that are small to fetch and large to unpack."""

from __future__ import annotations

import struct
import zlib

from hostile.attack import METADATA, NAME, RECORD, VERSION, WHEEL, Offer, offer, offer_parts, parts, stopped_by
from hostile.attack import digest_of as digest
from support.wheels import metadata_text
from support.zips import DEFLATED, Part, changed, end_record, zip_of

_MEGABYTE = 1 << 20


@stopped_by("oversized-wheel")
def one_member_of_zeros() -> Offer:
    """A member of 270 MB of zeros is packed into 270 KB, and fills a disk or the memory of a scanner."""
    return offer_parts(_zeros("widget/zeros.bin", 270))


@stopped_by("oversized-wheel")
def many_members_of_zeros() -> Offer:
    """No member is large; together they are a thousand times the size of the file."""
    return offer_parts(*(_zeros(f"widget/zeros-{number}.bin", 10) for number in range(27)))


@stopped_by("oversized-wheel")
def members_without_end() -> Offer:
    """There are more members than any file system folder is made for, all of them empty."""
    return offer(_empty_members(200_001))


@stopped_by("oversized-wheel")
def metadata_without_end() -> Offer:
    """METADATA has 17 MB, and whatever reads it whole needs many times that."""
    text = metadata_text(NAME, VERSION, metadata_extra="Keywords: x\n" + "Classifier: y\n" * (17 * _MEGABYTE // 14))
    return offer(zip_of(_packed(METADATA, text.encode())))


@stopped_by("oversized-wheel")
def wheel_file_without_end() -> Offer:
    """WHEEL has two megabytes of tags, each of which stands for many when it is expanded."""
    text = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n" + "Tag: py3-none-any\n" * (2 * _MEGABYTE // 18)
    return offer(zip_of(_packed(WHEEL, text.encode())))


@stopped_by("oversized-wheel")
def size_beyond_the_file() -> Offer:
    """A member says that it has four gigabytes, and a reader that believes it makes room for them."""
    lie = {"packed": 0xFFFFFFFE, "size": 0xFFFFFFFE}
    return offer(zip_of(changed(parts(), METADATA, local=lie, central=lie)))


def _packed(name: str, content: bytes) -> list[Part]:
    """The ordinary wheel with this content of one of its files, deflated, and RECORD right."""
    return [Part(part.name, part.content, DEFLATED) for part in parts({name: content})]


def _zeros(name: str, megabytes: int) -> Part:
    """A member of zeros, deflated: one packed megabyte over and over, which is quicker than packing them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = packer.compress(bytes(_MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return Part(name, bytes(megabytes * _MEGABYTE), DEFLATED, packed=one * megabytes + packer.flush())


def _empty_members(count: int) -> bytes:
    """The ordinary wheel and this many empty files, put together by hand, as each costs two hundred bytes anyway."""
    names = [f"widget/{number:06}.txt" for number in range(count)]
    row = f",{digest(b'')},0\n"
    before = parts()[-1].content.decode()
    members = changed(parts(), RECORD, content=("".join(name + row for name in names) + before).encode())
    body = bytearray(zip_of(members))
    # The directory of the ordinary members is put behind the others' bodies.
    size, start = struct.unpack_from("<2L", body, len(body) - 10)
    directory = bytearray(body[start : start + size])
    del body[start:]
    length = len(names[0])
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0x21, 0, 0, 0, length, 0)
    central = struct.pack(
        "<4s6H3L5HL", b"PK\x01\x02", 3 << 8 | 20, 20, 0, 0, 0, 0x21, 0, 0, 0, length, 0, 0, 0, 0, 0o100644 << 16
    )
    for name in names:
        encoded = name.encode()
        directory += central + struct.pack("<L", len(body)) + encoded
        body += local + encoded
    total = count + len(members)
    stated: dict[str, int | bytes] = {"count": total & 0xFFFF, "size": len(directory), "start": len(body)}
    wide = zip_of([], zip64=True, end64={"here": total, "count": total, "size": len(directory), "start": len(body)})
    # The records of an empty archive: 56 bytes of the wide one, 20 of its locator.
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body) + len(directory), 1)
    stated["count"] = 0xFFFF
    return bytes(body + directory) + wide[:56] + locator + end_record(stated, b"", {})
