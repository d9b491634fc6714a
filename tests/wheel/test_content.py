"""A wheel's whole archive is walked from both ends, within limits, and every file in it is hashed once."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import stat
import struct
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.archive import ArchiveError, OversizedArchive
from safepip.wheel import content as wheel_content
from safepip.wheel import zip_format, zip_walk
from safepip.wheel.content import content_from
from safepip.wheel.zip_walk import CHUNK_BYTES, WINDOW_BYTES
from support.clearing import Bytes, content_of
from support.wheels import build_wheel
from support.zips import (
    ALL32,
    BLOCK,
    DEFLATED,
    DEVICE,
    FIFO,
    FOLDER,
    LINK,
    REGULAR,
    SOCKET,
    STORED,
    WINDOWS,
    Part,
    changed,
    deflated,
    extra_field,
    parts_of,
    unicode_path,
    zip_of,
)

if TYPE_CHECKING:
    from safepip.model.wheel import WheelContent

FILENAME, WHEEL = build_wheel("acme", "1.0", scripts={"acme": "acme:main"}, files={"hook.pth": "import acme\n"})
INFO = "acme-1.0.dist-info"
MODULE = "acme/__init__.py"
PARTS = parts_of(WHEEL)
SIZE = len(PARTS[0].content)


def read(parts: list[Part], *, sound: bool = False, **around: object) -> WheelContent:
    """The content of the archive of these parts. Raises `ArchiveError`."""
    return content_of(FILENAME, zip_of(parts, **around), sound=sound)  # type: ignore[arg-type]


def with_zipfile(data: bytes) -> dict[str, bytes]:
    """All files as zipfile, and so pip, reads them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def test_every_file_is_read_as_pip_reads_it() -> None:
    """Paths, order, sizes and digests are those of what zipfile gives."""
    expected = with_zipfile(WHEEL)
    content = content_of(FILENAME, WHEEL)
    assert (content.filename, content.dist_info) == (FILENAME, INFO)
    assert [(e.path, e.size, e.algorithm, e.digest) for e in content.entries.values()] == [
        (path, len(text), "sha256", hashlib.sha256(text).digest()) for path, text in expected.items()
    ]
    assert all(entry.path == path for path, entry in content.entries.items())


def test_the_texts_that_rules_read_are_kept_and_no_others() -> None:
    """Kept are five files of the wheel's own .dist-info, and what could be a start-up hook by where it lies."""
    files = {
        f"{INFO}/direct_url.json": "{}",
        f"{INFO}/INSTALLER": "x",
        "vendored/other-1.0.dist-info/METADATA": "x",
        "acme-1.0.data/purelib/deep/a.pth": "a",
        "b.start": "b",
        "C.PTH": "c",
        "acme/env/Lib/Site-Packages/d.pth": "d",
        "acme/weights.pth": "x",
        "acme/site-packages/deep/e.pth": "x",
    }
    content = content_of(*build_wheel("acme", "1.0", files=files, scripts={"acme": "acme:main"}))
    kept = {"acme-1.0.data/purelib/deep/a.pth", "b.start", "C.PTH", "acme/env/Lib/Site-Packages/d.pth"}
    kept |= {f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "direct_url.json")}
    assert set(content.texts) == kept
    assert content.texts["b.start"] == b"b"
    assert content.info("direct_url.json") == b"{}"
    assert content.info("INSTALLER") is None


FORMS: dict[str, list[Part]] = {
    "deflated": [replace(part, method=DEFLATED) for part in PARTS],
    "ZIP64 sizes": [replace(part, zip64=True) for part in PARTS],
    "ZIP64 sizes and offsets": [replace(part, zip64=True, zip64_offset=True) for part in PARTS],
    "ZIP64 sizes in the header alone": changed(
        PARTS,
        MODULE,
        local={"packed": ALL32, "size": ALL32},
        local_extra=extra_field(1, struct.pack("<2Q", SIZE, SIZE)),
    ),
    "other extra fields": [
        replace(part, local_extra=extra_field(0x5455, b"\x03abcdefgh"), central_extra=extra_field(0x5455, b"\x03abcd"))
        for part in PARTS
    ],
    "the name again as Unicode": changed(PARTS, MODULE, extra=unicode_path(MODULE, MODULE.encode())),
    "folders": [Part("acme/", mode=FOLDER | 0o755, attributes=FOLDER << 16 | 0x10), *PARTS],
    "a packed folder": [Part("acme/", method=DEFLATED, mode=FOLDER), *PARTS],
    "no Unix mode": [replace(part, attributes=0x20, system=WINDOWS) for part in PARTS],
    "hints for the packer": changed(PARTS, MODULE, method=DEFLATED, flags=0x6),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_that_real_wheels_have_is_read(name: str) -> None:
    """However members are packed, their content is what zipfile reads."""
    data = zip_of(FORMS[name])
    content = content_of(FILENAME, data)
    found = {path: entry.digest for path, entry in content.entries.items()}
    assert found == {path: hashlib.sha256(text).digest() for path, text in with_zipfile(data).items()}
    assert [entry.path for entry in content.folders] == [
        part.name for part in FORMS[name] if str(part.name).endswith("/")
    ]
    assert not any(entry.special for entry in (*content.entries.values(), *content.folders))


def test_the_order_of_the_directory_may_be_another() -> None:
    """Entries come in the directory's order, which is the one in which pip goes through them."""
    order = list(range(len(PARTS)))[::-1]
    content = read(PARTS, order=order)
    assert list(content.entries) == [PARTS[index].name for index in order]
    assert content.entries == content_of(FILENAME, WHEEL).entries


def test_zip64_records_are_read() -> None:
    """An archive with ZIP64 records is read, whether its end record refers to them or repeats them."""
    expected = content_of(FILENAME, WHEEL)
    assert read(PARTS, zip64=True) == expected
    marks = {"count": 0xFFFF, "here": 0xFFFF, "size": ALL32, "start": ALL32}
    assert read(PARTS, zip64=True, end=marks) == expected


@pytest.mark.parametrize("method", [STORED, DEFLATED])
@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("base", [CHUNK_BYTES, WINDOW_BYTES, 3 * WINDOW_BYTES])
def test_large_members_are_read_in_pieces(base: int, extra: int, method: int) -> None:
    """Files around the limits of pieces and windows have the size, checksum and digest of the whole."""
    text = random.Random(0).randbytes(base + extra)
    data = zip_of([Part("acme/first.bin", text, method), *PARTS, Part("acme/last.bin", text, method)])
    content = content_of(FILENAME, data)
    for path in ("acme/first.bin", "acme/last.bin"):
        assert content.entries[path].size == len(text)
        assert content.entries[path].digest == hashlib.sha256(text).digest()


#: A member that is read in several pieces, because it does not pack.
BIG = Part("acme/big.bin", random.Random(1).randbytes(2 * CHUNK_BYTES), DEFLATED)

#: A stored member that is itself an archive: a header within its content.
NEST = Part("nest.zip", zip_of([Part("evil.py", b"evil")]))


def both(parts: list[Part], name: str, **stated: int) -> list[Part]:
    """The parts, with the same untrue numbers in both headers of one."""
    return changed(parts, name, local=stated, central=stated)


def locally(**stated: int | bytes) -> list[Part]:
    """The parts, with another number in one header alone."""
    return changed(PARTS, MODULE, local=stated)


#: What is wrong, the archive's parts and what is around them, and how the message tells it.
BROKEN: dict[str, tuple[list[Part], dict[str, object], str]] = {
    "a prefix with offsets that count it": (PARTS, {"prefix": b"#!/bin/sh\n"}, "byte 0 .* in no entry"),
    "a prefix that is an archive": (PARTS, {"prefix": zip_of([Part("evil.py")])}, "byte 0 .* in no entry"),
    "a prefix with offsets that do not": (PARTS, {"prefix": b"MZ", "shift": -2}, "not where its end record says"),
    "a gap between members": (changed(PARTS, MODULE, after=b"\0"), {}, "in no entry"),
    "a gap before the directory": (PARTS, {"between": b"\0"}, "in no entry"),
    "a signature block before the directory": (PARTS, {"between": b"APK Sig Block 42"}, "in no entry"),
    "bytes behind the directory": (PARTS, {"after_directory": b"\0"}, "not where its end record says"),
    "bytes behind the end": (PARTS, {"suffix": b"\0"}, "does not end"),
    "an archive comment": (PARTS, {"comment": b"x"}, "does not end"),
    "an archive in the comment": (PARTS, {"comment": zip_of(PARTS)}, "not where its end record says"),
    "a member's comment": (changed(PARTS, MODULE, comment=b"x"), {}, "has a comment"),
    "a member that the directory does not have": ([*PARTS, Part("evil.py", listed=False)], {}, "in no entry"),
    "a hidden member first": ([Part("evil.py", listed=False), *PARTS], {}, "byte 0 .* in no entry"),
    "a second header of one name": ([*PARTS, Part(MODULE, b"evil", listed=False)], {}, "in no entry"),
    "one header for two entries": (
        [*PARTS, Part("evil.py", present=False)],
        {},
        "contradict each other",
    ),
    "a header within another's content": (
        [NEST, *PARTS, Part("evil.py", b"evil", present=False, central={"offset": 30 + len(str(NEST.name))})],
        {},
        "more members than there are before it",
    ),
    "a name twice": ([*PARTS, Part(MODULE, b"evil")], {}, "two members of one name"),
    "a name twice, by two encodings": (
        [*PARTS, Part("é.py"), Part("é.py".encode("cp437"))],
        {},
        "two members of one name",
    ),
    "another name in the header": (locally(name=b"acme/evil__.py"), {}, "contradict each other"),
    "a longer name in the header": (locally(name_size=17), {}, "contradict each other"),
    "another letter case in the header": (locally(name=b"ACME/__init__.py"), {}, "contradict each other"),
    "another encoding in the header": (
        [*PARTS, Part("é.py", local={"flags": 0})],
        {},
        "contradict each other",
    ),
    "another method in the header": (locally(method=DEFLATED), {}, "contradict each other"),
    "other flags in the header": (locally(flags=2), {}, "contradict each other"),
    "another checksum in the header": (locally(checksum=1), {}, "contradict each other"),
    "another size in the header": (locally(size=1), {}, "contradict each other"),
    "another packed size in the header": (locally(packed=1), {}, "contradict each other"),
    "a mark that is none": (locally(mark=b"PK\x03\x05"), {}, "contradict each other"),
    "a newer format": (locally(needed=64), {}, "contradict each other"),
    "no sizes in the header": (locally(checksum=0, packed=0, size=0), {}, "contradict each other"),
    "sizes behind the content": (changed(PARTS, MODULE, descriptor="signed"), {}, "follow its content"),
    "sizes behind the content, packed": (
        changed(PARTS, MODULE, descriptor="bare", method=DEFLATED),
        {},
        "follow its content",
    ),
    "encryption": (changed(PARTS, MODULE, flags=1), {}, "encrypted or packed"),
    "strong encryption": (changed(PARTS, MODULE, flags=0x41), {}, "encrypted or packed"),
    "a masked header": (changed(PARTS, MODULE, flags=0x2000), {}, "encrypted or packed"),
    "a patch": (changed(PARTS, MODULE, flags=0x20), {}, "encrypted or packed"),
    "bzip2": (changed(PARTS, MODULE, method=12), {}, "encrypted or packed"),
    "lzma": (changed(PARTS, MODULE, method=14), {}, "encrypted or packed"),
    "zstandard": (changed(PARTS, MODULE, method=93), {}, "encrypted or packed"),
    "two sizes of stored content": (both(PARTS, MODULE, size=SIZE - 1), {}, "contradict each other"),
    "a member over the next": (both(PARTS, MODULE, packed=40, size=40), {}, "in no entry|not have the size"),
    "the last member over the directory": (
        both([*PARTS, Part("last.py")], "last.py", packed=20, size=20),
        {},
        "overlaps",
    ),
    "an extra field over the directory": (
        changed([*PARTS, Part("last.py")], "last.py", local={"extra_size": 65000}),
        {},
        "overlaps",
    ),
    "RECORD over the directory": (both(PARTS, f"{INFO}/RECORD", packed=9999, size=9999), {}, "overlaps"),
    "a wrong checksum": (both(PARTS, MODULE, checksum=1), {}, "not have the size and checksum"),
    "a wrong checksum of a large member": (
        both([*PARTS, BIG], "acme/big.bin", checksum=1),
        {},
        "not have the size and checksum",
    ),
    "a large stored member with a wrong checksum": (
        both([*PARTS, replace(BIG, method=STORED)], "acme/big.bin", checksum=1),
        {},
        "not have the size and checksum",
    ),
    "content that is not deflated": (changed(PARTS, MODULE, method=DEFLATED, packed=b"\xff"), {}, "cannot be unpacked"),
    "content that is cut off": (
        changed(PARTS, MODULE, method=DEFLATED, packed=deflated(b"x" * 22)[:-1], content=b"x" * 22),
        {},
        "does not end",
    ),
    "something behind the packed content": (
        changed(PARTS, MODULE, method=DEFLATED, packed=deflated(b"") + b"evil", content=b""),
        {},
        "does not end",
    ),
    "a second packed content": (
        changed(PARTS, MODULE, method=DEFLATED, packed=deflated(b"") * 2, content=b""),
        {},
        "does not end",
    ),
    "more content than said": (both(FORMS["deflated"], MODULE, size=5), {}, "does not end"),
    "less content than said": (both(FORMS["deflated"], MODULE, size=50), {}, "not have the size and checksum"),
    "a large member that is not deflated": (
        [*PARTS, replace(BIG, packed=b"\xff" * 2 * CHUNK_BYTES)],
        {},
        "cannot be unpacked",
    ),
    "a large member with more content than said": (
        both([*PARTS, BIG], "acme/big.bin", size=CHUNK_BYTES + 1),
        {},
        "does not end|not have the size",
    ),
    "a large member with one byte more than said": (
        both([*PARTS, BIG], "acme/big.bin", size=2 * CHUNK_BYTES - 1),
        {},
        "not have the size and checksum",
    ),
    "a large member with less content than said": (
        both([*PARTS, BIG], "acme/big.bin", size=9 * CHUNK_BYTES),
        {},
        "not have the size and checksum",
    ),
    "a large member that is cut off": (
        [*PARTS, replace(BIG, packed=BIG.data[:-1])],
        {},
        "does not end",
    ),
    "something behind a large member's packed content": (
        [*PARTS, replace(BIG, packed=BIG.data + b"evil")],
        {},
        "does not end",
    ),
    "much behind a large member's packed content": (
        [*PARTS, replace(BIG, packed=BIG.data + bytes(CHUNK_BYTES))],
        {},
        "does not end",
    ),
    "a folder with content": ([Part("acme/", b"evil"), *PARTS], {}, "has content"),
    "a second name in the directory": (
        changed(PARTS, MODULE, central_extra=unicode_path("evil.py", MODULE.encode())),
        {},
        "second name",
    ),
    "a second name in the header": (
        changed(PARTS, MODULE, local_extra=unicode_path("evil.py", MODULE.encode())),
        {},
        "second name",
    ),
    "two second names": (
        changed(PARTS, MODULE, extra=unicode_path(MODULE, MODULE.encode()) * 2),
        {},
        "second name",
    ),
    "other ZIP64 sizes in the header": (
        changed(PARTS, MODULE, local_extra=extra_field(1, struct.pack("<2Q", 1, 1))),
        {},
        "ZIP64 field .* does not hold",
    ),
    "another ZIP64 size in the header": (
        changed(PARTS, MODULE, local={"packed": ALL32}, local_extra=extra_field(1, struct.pack("<2Q", 1, SIZE))),
        {},
        "ZIP64 field .* does not hold",
    ),
    "another ZIP64 packed size in the header": (
        changed(PARTS, MODULE, local={"size": ALL32}, local_extra=extra_field(1, struct.pack("<2Q", SIZE, 1))),
        {},
        "ZIP64 field .* does not hold",
    ),
    "hidden ZIP64 sizes in the header": (
        changed(PARTS, MODULE, local={"size": ALL32}, local_extra=extra_field(1, struct.pack("<2Q", 9, SIZE))),
        {},
        "contradict each other",
    ),
    "one ZIP64 size in the header": (
        changed(PARTS, MODULE, local={"size": ALL32}, local_extra=extra_field(1, struct.pack("<Q", SIZE))),
        {},
        "ZIP64 field .* does not hold",
    ),
    "two ZIP64 fields in the header": (
        changed(PARTS, MODULE, zip64=True, local_extra=extra_field(1, struct.pack("<2Q", 9, 9))),
        {},
        "ZIP64 field .* does not hold",
    ),
    "a header that refers to no ZIP64 field": (locally(size=ALL32, packed=ALL32), {}, "contradict each other"),
    "an extra field of the header that is cut off": (
        changed(PARTS, MODULE, local_extra=extra_field(9, b"abc", 4)),
        {},
        "extra field .* cut off",
    ),
    "an end record in an extra field": (
        changed(PARTS, MODULE, central_extra=extra_field(9, b"PK\x05\x06" + bytes(18))),
        {},
        "looks like an archive's end",
    ),
    "another count in the ZIP64 record": (PARTS, {"zip64": True, "end64": {"count": 1}}, "contradict each other"),
    "another directory in the ZIP64 record": (PARTS, {"zip64": True, "end64": {"start": 1}}, "contradict each other"),
    "a longer ZIP64 record": (
        PARTS,
        {"zip64": True, "end64": {"length": 52, "rest": bytes(8)}},
        "contradict each other",
    ),
}


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_reads_differently_from_the_front_is_refused(name: str, *, sound: bool) -> None:
    """What contradicts itself, hides something or is not what it says is an error, which says what is wrong."""
    parts, around, message = BROKEN[name]
    with pytest.raises(ArchiveError, match=message) as raised:
        read(parts, sound=sound, **around)
    assert str(raised.value).isprintable()


def test_what_the_broken_archives_are_made_of_is_read() -> None:
    """Each of them fails for its own reason."""
    assert read([*PARTS, BIG]).entries["acme/big.bin"].digest == hashlib.sha256(BIG.content).digest()
    assert PARTS[0].name == MODULE


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_file_is_hashed_by_the_algorithm_of_its_row(algorithm: str) -> None:
    """Strong algorithms are those of RECORD."""
    digest = hashlib.new(algorithm, b"x").digest()
    value = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    record = f"{MODULE},{algorithm}={value},1\n{INFO}/RECORD,,\n"
    content = content_of(*build_wheel("acme", "1.0", files={MODULE: "x", f"{INFO}/RECORD": record}))
    assert (content.entries[MODULE].algorithm, content.entries[MODULE].digest) == (algorithm, digest)
    assert content.entries[f"{INFO}/METADATA"].algorithm == "sha256"


@pytest.mark.parametrize("record", ["a,md5=aa,1\n", "a,sha1=sha512,1\n", '"sha512', "\xff,sha512=x,1,2,3", ""])
def test_without_a_strong_algorithm_a_file_is_hashed_by_sha256(record: str) -> None:
    """A weak algorithm, no row, and a RECORD that cannot be read leave sha256."""
    content = content_of(*build_wheel("acme", "1.0", files={"a": "x", f"{INFO}/RECORD": record}))
    assert {entry.algorithm for entry in content.entries.values()} == {"sha256"}


def test_a_wheel_without_record_is_read() -> None:
    """What is missing in it is a rule's to say."""
    assert f"{INFO}/RECORD" not in read([part for part in PARTS if part.name != f"{INFO}/RECORD"]).entries


@pytest.mark.parametrize(
    ("mode", "executable"),
    [(REGULAR | 0o755, True), (REGULAR | 0o010, True), (REGULAR | 0o644, False), (0o755, False), (0, False)],
)
def test_a_file_is_executable_where_pip_makes_it_so(mode: int, executable: bool) -> None:
    """pip asks for a regular file with an executable bit for anybody."""
    assert read(changed(PARTS, MODULE, mode=mode)).entries[MODULE].executable is executable
    assert executable is bool(stat.S_ISREG(mode) and mode & 0o111)


@pytest.mark.parametrize(
    ("attributes", "special"),
    [
        (LINK << 16, "a symbolic link"),
        ((LINK | 0o777) << 16, "a symbolic link"),
        (FIFO << 16, "a pipe"),
        (SOCKET << 16, "a socket"),
        (DEVICE << 16, "a device"),
        (BLOCK << 16, "a device"),
        (FOLDER << 16, "a folder"),
        (0o170000 << 16, "a file of a kind that does not exist"),
        (REGULAR << 16 | 0x10, "a folder"),
        (0x08, "a volume's name"),
        (0x400, "a link"),
        (REGULAR << 16 | 0x21, ""),
        (0, ""),
    ],
)
@pytest.mark.parametrize("system", [WINDOWS, 3, 19])
def test_what_a_member_is_besides_a_file_is_told(attributes: int, special: str, system: int) -> None:
    """The kind is read from the attributes, whatever system is said to have written them."""
    content = read(changed(PARTS, MODULE, attributes=attributes, system=system))
    assert content.entries[MODULE].special == special


def test_a_folder_that_is_something_else_is_told() -> None:
    """A name with a slash at the end is a folder, or special."""
    content = read(
        [Part("a/", mode=LINK), Part("b/", mode=REGULAR), Part("c/", mode=FOLDER), Part("d/", mode=0), *PARTS]
    )
    assert [entry.special for entry in content.folders] == ["a symbolic link", "a file", "", ""]


# --- limits -------------------------------------------------------------------------------------------------------


class Counted(Bytes):
    """Bytes that know how many of them were read."""

    taken = 0

    def read(self, start: int, end: int) -> bytes:
        self.taken += end - start
        return super().read(start, end)


def zeros(length: int) -> bytes:
    """That many zeros, deflated, made without having them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1024 * 1024)
    return b"".join([packer.compress(piece) for _ in range(length >> 20)]) + packer.flush()


def checksum_of_zeros(length: int) -> int:
    checksum = 0
    for _ in range(length >> 20):
        checksum = zlib.crc32(bytes(1 << 20), checksum)
    return checksum


def bomb(length: int, stated: int | None = None) -> Part:
    """A member that unpacks to so many zeros, and perhaps says something else."""
    numbers = {"size": length if stated is None else stated, "checksum": checksum_of_zeros(length)}
    return Part("acme/zeros.bin", b"", DEFLATED, packed=zeros(length), local=numbers, central=numbers)


def claim(length: int, name: str = "acme/zeros.bin") -> Part:
    """A member that says that it unpacks to so much."""
    return Part(name, b"", DEFLATED, local={"size": length}, central={"size": length})


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """One large member, and many small ones, by what the directory says."""
    for parts in ([claim(512 << 20)], [claim(16 << 20, f"acme/{number}.bin") for number in range(20)]):
        source = Counted(zip_of([*PARTS, *parts]))
        with pytest.raises(OversizedArchive, match="times as much"):
            content_from(source, FILENAME)
        assert source.taken < 10_000


def test_a_bomb_beside_much_that_is_stored_is_refused() -> None:
    """A member is held against its own packed size too."""
    filler = Part("acme/filler.bin", bytes(6 << 20))
    with pytest.raises(OversizedArchive, match=r"zeros\.bin unpacks from"):
        read([*PARTS, filler, claim(320 << 20)])


def test_a_bomb_that_says_less_is_unpacked_no_further() -> None:
    """What is unpacked ends with the announced size, in pieces."""
    data = zip_of([*PARTS, bomb(64 << 20, stated=CHUNK_BYTES + 5)])
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="not have the size and checksum"):
            content_of(FILENAME, data)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_content() -> None:
    """A file of 64 MiB is hashed in pieces, deflated or stored."""
    for part in (bomb(64 << 20), Part("acme/zeros.bin", bytes(64 << 20))):
        source = Counted(zip_of([*PARTS, part]))
        tracemalloc.start()
        try:
            content = content_from(source, FILENAME)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
        assert content.entries["acme/zeros.bin"].size == 64 << 20
        assert source.taken < 2 * source.size


def test_every_byte_is_read_about_once() -> None:
    """The work is linear: many members cost no more reading than their bytes, the directory and RECORD."""
    parts = [*PARTS, *(Part(f"acme/m{number}.py", b"x" * (number % 3000)) for number in range(3000))]
    source = Counted(zip_of(parts))
    content_from(source, FILENAME)
    assert source.taken < 1.2 * source.size


def test_an_archive_that_unpacks_to_more_than_any_disk_is_refused() -> None:
    """Sizes of ZIP64 are added up before anything is unpacked."""
    stated = extra_field(1, struct.pack("<Q", 1 << 62))
    huge = Part("acme/huge.bin", b"x", central={"size": ALL32}, central_extra=stated)
    with pytest.raises(OversizedArchive, match="at most 68719476736"):
        read([*PARTS, huge])


@pytest.mark.parametrize(
    ("module", "limit", "message"),
    [
        (zip_format, "MAX_MEMBERS", "too many"),
        (zip_format, "MAX_DIRECTORY_BYTES", "too many"),
        (zip_walk, "MAX_UNPACKED_BYTES", "at most 1 are read"),
        (wheel_content, "MAX_TEXTS_BYTES", "at most 1 are read"),
        (wheel_content, "MAX_TEXT_BYTES", "hook.pth has 12 bytes; at most 1 are read"),
    ],
)
def test_each_limit_is_held(module: object, limit: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members, directory, content and texts have limits, and what is over them is told from what is broken."""
    monkeypatch.setattr(module, limit, 1)
    with pytest.raises(OversizedArchive, match=message):
        content_of(FILENAME, WHEEL)


@pytest.mark.parametrize("name", [f"{INFO}/WHEEL", f"{INFO}/entry_points.txt", "x.pth", "x.start"])
def test_a_text_without_end_is_not_kept(name: str) -> None:
    """A megabyte is enough for every text but METADATA and RECORD."""
    text = b"x" * (1 << 20)
    assert read([*(part for part in PARTS if part.name != name), Part(name, text)]).texts[name] == text
    with pytest.raises(OversizedArchive, match="at most 1048576 are read"):
        read([*(part for part in PARTS if part.name != name), Part(name, text + b"x")])


def test_weights_of_a_network_may_be_large() -> None:
    """They too are called .pth, but lie in a package, where Python does not look for start-up files."""
    weights = b"x" * ((1 << 20) + 1)
    content = read([*PARTS, Part("acme/weights.pth", weights)])
    assert content.entries["acme/weights.pth"].size == len(weights)
