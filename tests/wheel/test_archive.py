"""Wheels are read in one way only, within limits, and from as few bytes as possible."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.edges.disk.archive import read_wheel_metadata
from safepip.wheel import zip_format
from safepip.wheel.archive import (
    TAIL_BYTES,
    ArchiveError,
    MissingRange,
    SparseBytes,
    metadata_from_parts,
    read_directory,
)
from support.wheels import build_wheel, make_wheel
from support.zips import Part, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILENAME, WHEEL = build_wheel("acme", "1.0", requires=["b>1"])
METADATA = "acme-1.0.dist-info/METADATA"


def whole(data: bytes) -> SparseBytes:
    """A file of which every byte is known."""
    parts = SparseBytes(len(data))
    parts.add(0, data)
    return parts


def metadata_of(data: bytes, filename: str = FILENAME) -> bytes:
    """The METADATA of a wheel in memory."""
    return metadata_from_parts(whole(data), filename)


def with_zipfile(data: bytes) -> bytes:
    """The METADATA as pip's ZIP reader gives it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))


def archive_of(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """An archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
        archive.comment = comment
    return buffer.getvalue()


def fetched(data: bytes, filename: str, tail: int = TAIL_BYTES) -> tuple[bytes, int]:
    """METADATA as a caller gets it that asks for one range after the other, and how many it took."""
    parts = SparseBytes(len(data))
    first = max(0, len(data) - tail)
    parts.add(first, data[first:])
    for count in range(1, 10):
        try:
            return metadata_from_parts(parts, filename), count
        except MissingRange as missing:
            start, end = missing.start, missing.end
        assert start < end
        parts.add(start, data[start:end])
    raise AssertionError("it asks for ever more")


def test_metadata_is_read_from_a_file(tmp_path: Path) -> None:
    """The bytes are those that pip's reader gives."""
    path = make_wheel(tmp_path, "acme", "1.0", requires=["b>1"])
    assert read_wheel_metadata(str(path), path.name) == with_zipfile(path.read_bytes())


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_both_ways_of_packing_are_read(compression: int) -> None:
    """Stored and deflated members are read."""
    data = archive_of({METADATA: b"Name: acme\n" * 500}, compression)
    assert metadata_of(data) == b"Name: acme\n" * 500


def test_a_streamed_member_is_read() -> None:
    """A member whose sizes follow its content is read by the sizes of the directory."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(data)  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(METADATA, b"Name: acme\n")
    assert struct.unpack_from("<H", pipe.data, 6)[0] & 8
    assert metadata_of(pipe.data) == b"Name: acme\n"


def test_zip64_archives_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive with ZIP64 records and extra fields is read."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    data = archive_of({"acme/x.py": b"x" * 50, METADATA: b"Name: acme\n" * 9})
    assert b"PK\x06\x06" in data
    assert metadata_of(data) == b"Name: acme\n" * 9
    assert fetched(data, FILENAME, 30)[0] == b"Name: acme\n" * 9


@pytest.mark.parametrize("tail", [0, 1, 22, 100, 400, TAIL_BYTES])
def test_ranges_give_what_the_whole_file_gives(tail: int) -> None:
    """However little was fetched first, the result is that of the whole file."""
    assert fetched(WHEEL, FILENAME, tail)[0] == metadata_of(WHEEL)


def test_a_large_wheel_takes_at_most_three_ranges() -> None:
    """The end, the directory, METADATA; with METADATA before the directory, two."""
    many = {f"acme/module_{number:05}.py": bytes([number % 251]) * 100 for number in range(3000)}
    for members, most in (({**many, METADATA: b"Name: acme\n"}, 2), ({METADATA: b"Name: acme\n", **many}, 3)):
        data = archive_of(members, zipfile.ZIP_STORED)
        assert len(data) > 3 * TAIL_BYTES
        content, count = fetched(data, FILENAME)
        assert content == b"Name: acme\n"
        assert count == most


def patched(data: bytes, old: bytes, new: bytes, count: int = -1) -> bytes:
    """The archive with some bytes exchanged."""
    assert old in data
    return data.replace(old, new, count)


def field(data: bytes, mark: bytes, offset: int, form: str, value: int, which: int = 0) -> bytes:
    """The archive with one number changed in the record number `which` that begins with `mark`."""
    start = -1
    for _ in range(which + 1):
        start = data.index(mark, start + 1)
    changed = bytearray(data)
    struct.pack_into(form, changed, start + offset, value)
    return bytes(changed)


SIMPLE = archive_of({METADATA: b"Name: acme\n", "acme/x.py": b"x"}, zipfile.ZIP_STORED)
END, DIRECTORY, LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"


def zip64(**changes: int) -> bytes:
    """`SIMPLE` with ZIP64 records before its end record, some of their numbers changed."""
    head, end = SIMPLE[:-22], SIMPLE[-22:]
    _, _, _, _, count, size, start, _ = struct.unpack("<4s4H2LH", end)
    stated = {"length": 44, "disk": 0, "here": count, "count": count, "size": size, "start": start}
    stated |= {"locator_disk": 0, "place": len(head), "disks": 1} | changes
    numbers = [stated[name] for name in ("here", "count", "size", "start")]
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", stated["length"], 45, 45, stated["disk"], 0, *numbers)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", stated["locator_disk"], stated["place"], stated["disks"])
    return head + record + locator + end


def with_extra(extra: bytes, **changes: int) -> bytes:
    """An archive of METADATA alone, whose directory entry has this extra field and some numbers changed."""
    data = archive_of({METADATA: b"Name: acme\n"}, zipfile.ZIP_STORED)
    place = data.index(DIRECTORY)
    entry = bytearray(data[place:-22])
    for name, (offset, form) in {"packed": (20, "<L"), "size": (24, "<L"), "offset": (42, "<L")}.items():
        if name in changes:
            struct.pack_into(form, entry, offset, changes[name])
    struct.pack_into("<H", entry, 30, len(extra))
    body = bytes(entry) + extra
    return data[:place] + body + struct.pack("<4s4H2LH", END, 0, 0, 1, 1, len(body), place, 0)


def with_local_extra(length: int) -> bytes:
    """An archive of METADATA alone, whose own header claims an extra field."""
    return field(archive_of({METADATA: b"Name: acme\n"}, zipfile.ZIP_STORED), LOCAL, 28, "<H", length)


def deflated(packed: bytes, content: bytes) -> bytes:
    """An archive of METADATA alone that says that `packed` unpacks to `content`."""
    data = archive_of({METADATA: packed}, zipfile.ZIP_STORED)
    for mark, shift in ((LOCAL, 0), (DIRECTORY, 2)):
        data = field(data, mark, 8 + shift, "<H", 8)
        data = field(data, mark, 14 + shift, "<L", zlib.crc32(content))
        data = field(data, mark, 22 + shift, "<L", len(content))
    return data


ALL = 0xFFFFFFFF
PACKED = zlib.compress(b"Name: acme\n" * 9)[2:-4]

#: What is wrong, the archive, and how the message tells it.
BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "too short"),
    "not an archive": (lambda: b"x" * 100, "does not end"),
    "no members": (lambda: archive_of({}), "found none"),
    "cut off": (lambda: SIMPLE[:-1], "does not end"),
    "something behind": (lambda: SIMPLE + b"\0", "does not end"),
    "something before": (lambda: b"#!/bin/sh\n" + SIMPLE, "not where its end record"),
    "an archive comment": (lambda: archive_of({METADATA: b""}, comment=b"hello"), "does not end"),
    "an end record in a comment": (
        lambda: archive_of({METADATA: b""}, comment=SIMPLE[-22:]),
        "not where its end record",
    ),
    "a comment of no bytes": (lambda: field(SIMPLE, END, 20, "<H", 1), "does not end"),
    "two archives in one file": (lambda: SIMPLE + SIMPLE, "not where its end record"),
    "several disks": (lambda: field(SIMPLE, END, 4, "<H", 1), "several parts"),
    "a directory on another disk": (lambda: field(SIMPLE, END, 6, "<H", 1), "several parts"),
    "members on another disk": (lambda: field(SIMPLE, END, 8, "<H", 1), "several parts"),
    "fewer members than said": (
        lambda: field(field(SIMPLE, END, 8, "<H", 3), END, 10, "<H", 3),
        "has 2 members but says 3",
    ),
    "more members than said": (
        lambda: field(field(SIMPLE, END, 8, "<H", 1), END, 10, "<H", 1),
        "has 2 members but says 1",
    ),
    "directory elsewhere": (lambda: field(SIMPLE, END, 16, "<L", 0), "not where its end record"),
    "directory outside": (lambda: field(SIMPLE, END, 12, "<L", 0xFFFFFFF0), "not where its end record"),
    "directory broken": (lambda: patched(SIMPLE, DIRECTORY, b"PK\x01\x09", 1), "directory is broken"),
    "directory cut off": (lambda: field(SIMPLE, DIRECTORY, 32, "<H", 46, 1), "directory is broken"),
    "half a directory entry": (
        lambda: zip_of([Part(METADATA)], after_directory=DIRECTORY, end={"size": 46 + len(METADATA) + 4}),
        "directory is cut off",
    ),
    "a newer format": (lambda: field(SIMPLE, DIRECTORY, 6, "<B", 64), "directory is broken"),
    "a locator without its record": (
        lambda: SIMPLE[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + SIMPLE[-22:],
        "contradict each other",
    ),
    "a locator and nothing before": (
        lambda: struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + archive_of({}),
        "is not whole",
    ),
    "a ZIP64 record elsewhere": (lambda: zip64(place=0), "contradict each other"),
    "a longer ZIP64 record": (lambda: zip64(length=45), "contradict each other"),
    "a ZIP64 locator of several disks": (lambda: zip64(disks=2), "contradict each other"),
    "a ZIP64 locator of another disk": (lambda: zip64(locator_disk=1), "contradict each other"),
    "a ZIP64 record of another disk": (lambda: zip64(disk=1), "contradict each other"),
    "a ZIP64 record of fewer members": (lambda: zip64(count=1, here=1), "contradict each other"),
    "a ZIP64 record of another directory": (lambda: zip64(start=0), "contradict each other"),
    "a ZIP64 record of a newer format": (
        lambda: zip_of([Part(METADATA)], zip64=True, end64={"needed": 64}),
        "contradict each other",
    ),
    "a ZIP64 record instead of the end's numbers, of several disks": (
        lambda: zip_of([Part(METADATA)], zip64=True, end={"disk": 0xFFFF}, end64={"disk": 1}),
        "several parts",
    ),
    "a ZIP64 record instead of the end's numbers, of fewer members": (
        lambda: zip_of(
            [Part(METADATA), Part("x.py")],
            zip64=True,
            end={"count": 0xFFFF, "here": 0xFFFF},
            end64={"count": 1, "here": 1},
        ),
        "has 2 members but says 1",
    ),
    "two files of one name": (
        lambda: patched(archive_of({METADATA: b"", "acme/x.py": b"a", "acme/y.py": b"b"}), b"acme/y.py", b"acme/x.py"),
        "two members of one name",
    ),
    "a name with NUL": (lambda: patched(SIMPLE, b"acme/x.py", b"acme\0x.py"), "read differently"),
    "a name with a backslash": (lambda: patched(SIMPLE, b"acme/x.py", b"acme\\x.py"), "read differently"),
    "a name of no characters": (lambda: archive_of({METADATA: b"", "": b""}), "read differently"),
    "a name that is no UTF-8": (
        lambda: patched(archive_of({METADATA: b"", "é": b""}), "é".encode(), b"\xff\xfe"),
        "not UTF-8",
    ),
    "no .dist-info": (lambda: archive_of({"acme/x.py": b""}), "found none"),
    "two .dist-info": (lambda: archive_of({METADATA: b"", "b-1.0.dist-info/METADATA": b""}), "found acme-1.0"),
    "two .dist-info in letter case": (
        lambda: archive_of({METADATA: b"", "acme-1.0.DIST-INFO/METADATA": b""}),
        "found acme-1.0",
    ),
    "a .dist-info that is a file": (lambda: archive_of({METADATA: b"", "b-1.0.dist-info": b""}), "found acme-1.0"),
    "another project": (lambda: archive_of({"other-1.0.dist-info/METADATA": b""}), "not what its file name says"),
    "another version": (lambda: archive_of({"acme-2.0.dist-info/METADATA": b""}), "not what its file name says"),
    "a version of too many digits": (
        lambda: archive_of({f"acme-{'1' * 5000}.dist-info/METADATA": b""}),
        "not what its file name says",
    ),
    "no version": (lambda: archive_of({"acme-x.dist-info/METADATA": b""}), "not what its file name says"),
    "no METADATA": (lambda: archive_of({"acme-1.0.dist-info/WHEEL": b""}), "found 0"),
    "two METADATA in letter case": (
        lambda: archive_of({METADATA: b"", "acme-1.0.dist-info/metadata": b""}),
        "found 2",
    ),
    "METADATA in letter case": (lambda: archive_of({"acme-1.0.dist-info/metadata": b""}), "found 1"),
    "METADATA elsewhere": (lambda: archive_of({"acme-1.0.dist-info/x/METADATA": b""}), "found 0"),
    "an encrypted member": (
        lambda: field(field(SIMPLE, DIRECTORY, 8, "<H", 1), LOCAL, 6, "<H", 1),
        "encrypted or packed",
    ),
    "a member packed otherwise": (lambda: archive_of({METADATA: b"a"}, zipfile.ZIP_BZIP2), "encrypted or packed"),
    "a header outside": (lambda: field(SIMPLE, DIRECTORY, 42, "<L", 0xFFFFFF), "outside itself"),
    "no room for a header": (lambda: field(SIMPLE, DIRECTORY, 42, "<L", SIMPLE.index(DIRECTORY) - 8), "no room"),
    "a header that is none": (lambda: field(SIMPLE, DIRECTORY, 42, "<L", 1), "contradict each other"),
    "a header with another name": (lambda: patched(SIMPLE, b"METADATA", b"NETADATA", 1), "contradict each other"),
    "a header with another size": (lambda: field(SIMPLE, LOCAL, 22, "<L", 3), "contradict each other"),
    "a header with another method": (lambda: field(SIMPLE, LOCAL, 8, "<H", 8), "contradict each other"),
    "a header with other flags": (lambda: field(SIMPLE, LOCAL, 6, "<H", 2), "contradict each other"),
    "a header of no size": (
        lambda: field(field(field(SIMPLE, LOCAL, 22, "<L", 0), LOCAL, 18, "<L", 0), LOCAL, 14, "<L", 0),
        "contradict each other",
    ),
    "a wide header of another checksum": (
        lambda: field(field(SIMPLE, LOCAL, 22, "<L", ALL), LOCAL, 14, "<L", 1),
        "contradict each other",
    ),
    "a wrong checksum": (
        lambda: field(field(SIMPLE, DIRECTORY, 16, "<L", 7), LOCAL, 14, "<L", 7),
        "not have the size and checksum",
    ),
    "a wrong size": (
        lambda: field(field(SIMPLE, DIRECTORY, 24, "<L", 7), LOCAL, 22, "<L", 7),
        "not have the size and checksum",
    ),
    "changed content": (lambda: patched(SIMPLE, b"Name: acme", b"Name: evil"), "not have the size and checksum"),
    "content that is not deflated": (
        lambda: field(archive_of({METADATA: b"a" * 90}), b"METADATA", 8, "<B", 0xFF),
        "cannot be unpacked",
    ),
    "something behind the packed content": (lambda: deflated(PACKED + b"x", b"Name: acme\n" * 9), "does not end"),
    "packed content that is cut off": (lambda: deflated(PACKED[:-1], b"Name: acme\n" * 9), "does not end"),
    "a member over the next": (lambda: field(field(SIMPLE, DIRECTORY, 20, "<L", 60), LOCAL, 18, "<L", 60), "overlaps"),
    "a long extra field over the next": (lambda: with_local_extra(1), "overlaps"),
    "an extra field that is cut off": (lambda: with_extra(struct.pack("<HH", 9, 4) + b"xxx"), "extra field .* cut off"),
    "an extra field without an end": (lambda: with_extra(b"\t\0\0\0x"), "extra field .* cut off"),
    "an extra field that looks like an end": (
        lambda: with_extra(struct.pack("<HH", 9, 22) + SIMPLE[-22:]),
        "looks like an archive's end",
    ),
    "an end record twice": (lambda: field(SIMPLE, END, 12, "<4s", END), "does not end"),  # type: ignore[arg-type]
    "a member's comment": (lambda: zip_of([Part(METADATA, comment=b"x")]), "has a comment"),
    "a member on another disk": (lambda: zip_of([Part(METADATA, central={"disk": 1})]), "several parts"),
    "a ZIP64 field that nothing refers to": (
        lambda: with_extra(struct.pack("<HHQ", 1, 8, 11)),
        "does not hold what it must",
    ),
    "two ZIP64 fields": (
        lambda: with_extra(struct.pack("<HHQ", 1, 8, 11) * 2, size=ALL),
        "does not hold what it must",
    ),
    "a ZIP64 field with a rest": (
        lambda: with_extra(struct.pack("<HHQL", 1, 12, 11, 0), size=ALL),
        "does not hold what it must",
    ),
    "a ZIP64 field that is missing": (lambda: field(SIMPLE, DIRECTORY, 42, "<L", ALL), "does not hold what it must"),
    "a ZIP64 field that is too short": (
        lambda: with_extra(struct.pack("<HHQ", 1, 8, 11), packed=ALL, size=ALL),
        "does not hold what it must",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """What is broken, ambiguous or not the wheel of that name is an error, which says what is wrong."""
    make, message = BROKEN[name]
    data = make()
    with pytest.raises(ArchiveError, match=message) as raised:
        metadata_of(data)
    assert str(raised.value).isprintable()
    with pytest.raises(ArchiveError, match=message):
        fetched(data, FILENAME, 22)


@pytest.mark.parametrize(
    "changes", [{}, {"packed": ALL}, {"size": ALL}, {"offset": ALL}, {"packed": ALL, "size": ALL, "offset": ALL}]
)
def test_numbers_are_taken_from_the_zip64_field_where_the_directory_says_so(changes: dict[str, int]) -> None:
    """The field holds, in this order, the size, the packed size and the offset, each only where it is referred to."""
    stated = [value for name, value in (("size", 11), ("packed", 11), ("offset", 0)) if name in changes]
    wide = struct.pack(f"<HH{len(stated)}Q", 1, 8 * len(stated), *stated)
    other = struct.pack("<HHL", 9, 4, 0)
    data = with_extra(other + wide, **changes)
    assert metadata_of(data) == with_zipfile(data) == b"Name: acme\n"


def test_a_zip64_record_is_followed() -> None:
    """With a locator before the end record the ZIP64 record counts, as in pip."""
    assert metadata_of(zip64()) == with_zipfile(zip64()) == b"Name: acme\n"


def test_the_unbroken_archive_is_read() -> None:
    """What the broken ones were made from is read: each of them fails for its own reason."""
    assert metadata_of(deflated(PACKED, b"Name: acme\n" * 9)) == b"Name: acme\n" * 9
    assert metadata_of(SIMPLE) == b"Name: acme\n"


def test_a_second_name_is_refused() -> None:
    """A Unicode name in an extra field, which newer tools prefer, must equal the name."""
    for second, readable in ((METADATA.encode(), True), (b"acme-1.0.dist-info/OTHER", False)):
        entry = zipfile.ZipInfo(METADATA)
        content = b"\1" + struct.pack("<L", zlib.crc32(METADATA.encode())) + second
        entry.extra = struct.pack("<HH", 0x7075, len(content)) + content
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(entry, b"Name: acme\n")
        if readable:
            assert metadata_of(buffer.getvalue()) == b"Name: acme\n"
        else:
            with pytest.raises(ArchiveError, match="second name"):
                metadata_of(buffer.getvalue())


def test_a_bomb_is_not_unpacked() -> None:
    """A member that is larger than it says is unpacked no further than that; one that says it is refused unread."""
    bomb = archive_of({METADATA: bytes(30_000_000)})
    with pytest.raises(ArchiveError, match="at most"):
        metadata_of(bomb)
    for mark, offset in ((DIRECTORY, 24), (LOCAL, 22)):
        bomb = field(bomb, mark, offset, "<L", 100)
    with pytest.raises(ArchiveError, match="does not end"):
        metadata_of(bomb)


def test_a_directory_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to members and to the directory's size, checked before it is fetched."""
    for limit in ("MAX_MEMBERS", "MAX_DIRECTORY_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(zip_format, limit, 1)
            with pytest.raises(ArchiveError, match="too many"):
                fetched(SIMPLE, FILENAME, 22)


@pytest.mark.parametrize(
    "filename",
    [
        "acme-1.0.zip",
        "acme.whl",
        "other-1.0-py3-none-any.whl",
        "acme-1.0.1-py3-none-any.whl",
        f"acme-{'1' * 5000}-py3-none-any.whl",
    ],
    ids=range(5),
)
def test_the_file_name_must_be_that_of_the_wheel(filename: str) -> None:
    """Another name, another version and no wheel's name at all are refused."""
    with pytest.raises(ArchiveError):
        metadata_of(WHEEL, filename)


@pytest.mark.parametrize(
    ("folder", "filename"),
    [
        ("Acme_Web-1.0.dist-info", "acme_web-1.0-py3-none-any.whl"),
        ("acme.web-1.0.dist-info", "acme_web-1.0.0-py3-none-any.whl"),
        ("acme-web-1.0.dist-info", "acme_web-1.0-1-py3-none-any.whl"),
        ("acme_web-1.0+cpu.dist-info", "acme_web-1.0+cpu-py3-none-any.whl"),
    ],
)
def test_names_are_compared_normalised(folder: str, filename: str) -> None:
    """The folder's name and version are compared as a project's name and version, not as text."""
    assert metadata_of(archive_of({f"{folder}/METADATA": b"x"}), filename) == b"x"


def test_a_file_that_cannot_be_opened_is_an_archive_error(tmp_path: Path) -> None:
    """Missing files, folders and empty files are errors of this room."""
    (tmp_path / "empty").touch()
    for name in ("missing", "", "empty"):
        with pytest.raises(ArchiveError):
            read_wheel_metadata(str(tmp_path / name), FILENAME)


def test_the_directory_lists_every_member() -> None:
    """Names, sizes and checksums are those that zipfile gives."""
    with zipfile.ZipFile(io.BytesIO(WHEEL)) as archive:
        expected = [(info.filename, info.file_size, info.CRC, info.header_offset) for info in archive.infolist()]
    found = [(member.name, member.size, member.checksum, member.offset) for member in read_directory(whole(WHEEL))]
    assert found == expected


def test_contradicting_ranges_are_an_error() -> None:
    """A file that changes between two requests is not read."""
    parts = SparseBytes(10)
    parts.add(0, b"abcdef")
    parts.add(4, b"efg")
    with pytest.raises(ArchiveError, match="changed"):
        parts.add(5, b"XX")
    for start, data in ((-1, b"x"), (9, b"xx")):
        with pytest.raises(ArchiveError, match="outside"):
            parts.add(start, data)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=40), st.data())
def test_parts_read_as_the_whole(data: bytes, draw: st.DataObject) -> None:
    """Whatever ranges are added in whatever order, a read gives the file's bytes or asks for some that are missing."""
    parts = SparseBytes(len(data))
    spans = st.tuples(st.integers(0, len(data)), st.integers(0, len(data))).map(sorted)
    known: set[int] = set()
    for start, end in draw.draw(st.lists(spans, max_size=6)):
        parts.add(start, data[start:end])
        known |= set(range(start, end))
    start, end = draw.draw(spans)
    if known >= set(range(start, end)):
        assert parts.read(start, end) == data[start:end]
        return
    with pytest.raises(MissingRange) as raised:
        parts.read(start, end)
    assert start <= raised.value.start < raised.value.end <= end
    assert raised.value.start not in known


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_read_as_pip_would_or_not_at_all(draw: st.DataObject) -> None:
    """Nothing but `ArchiveError` leaves the room, and METADATA that does is what zipfile reads."""
    data = bytearray(draw.draw(st.sampled_from([SIMPLE, WHEEL])))
    for _ in range(draw.draw(st.integers(1, 4))):
        position = draw.draw(st.integers(0, len(data) - 1))
        data[position] = draw.draw(st.integers(0, 255))
    if draw.draw(st.booleans()):
        cut = draw.draw(st.integers(0, len(data)))
        del data[cut : cut + draw.draw(st.integers(0, 30))]
    with contextlib.suppress(ArchiveError):
        content = metadata_of(bytes(data))
        assert content == with_zipfile(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 120))
def test_bytes_of_any_shape_are_an_archive_error(data: bytes, tail: int) -> None:
    """Nothing but `ArchiveError` leaves the room, however the bytes arrive."""
    with pytest.raises(ArchiveError):
        fetched(data + SIMPLE[-22:], FILENAME, tail)
