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

from safepip import wheel_archive
from safepip.edges.archive import read_wheel_metadata
from safepip.wheel_archive import (
    TAIL_BYTES,
    ArchiveError,
    MissingRange,
    SparseBytes,
    metadata_from_parts,
    read_directory,
)
from support.wheels import build_wheel, make_wheel

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

BROKEN: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "not an archive": lambda: b"x" * 100,
    "no members": lambda: archive_of({}),
    "cut off": lambda: SIMPLE[:-1],
    "something behind": lambda: SIMPLE + b"\0",
    "something before": lambda: b"#!/bin/sh\n" + SIMPLE,
    "an archive comment": lambda: archive_of({METADATA: b""}, comment=b"hello"),
    "an end record in a comment": lambda: archive_of({METADATA: b""}, comment=SIMPLE[-22:]),
    "two archives in one file": lambda: SIMPLE + SIMPLE,
    "several disks": lambda: field(SIMPLE, END, 4, "<H", 1),
    "fewer members than said": lambda: field(field(SIMPLE, END, 8, "<H", 3), END, 10, "<H", 3),
    "more members than said": lambda: field(field(SIMPLE, END, 8, "<H", 1), END, 10, "<H", 1),
    "directory elsewhere": lambda: field(SIMPLE, END, 16, "<L", 0),
    "directory outside": lambda: field(SIMPLE, END, 12, "<L", 0xFFFFFFF0),
    "directory broken": lambda: patched(SIMPLE, DIRECTORY, b"PK\x01\x09", 1),
    "a newer format": lambda: field(SIMPLE, DIRECTORY, 6, "<B", 64),
    "a locator without its record": lambda: SIMPLE[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + SIMPLE[-22:],
    "two members of one name": lambda: patched(
        archive_of({METADATA: b"a", METADATA[:-1] + "B": b"b"}, zipfile.ZIP_STORED), b"METADATB", b"METADATA"
    ),
    "a name with NUL": lambda: patched(SIMPLE, b"acme/x.py", b"acme\0x.py"),
    "a name with a backslash": lambda: patched(SIMPLE, b"acme/x.py", b"acme\\x.py"),
    "a name that is no UTF-8": lambda: patched(archive_of({METADATA: b"", "é": b""}), "é".encode(), b"\xff\xfe"),
    "no .dist-info": lambda: archive_of({"acme/x.py": b""}),
    "two .dist-info": lambda: archive_of({METADATA: b"", "b-1.0.dist-info/METADATA": b""}),
    "two .dist-info in letter case": lambda: archive_of({METADATA: b"", "acme-1.0.DIST-INFO/METADATA": b""}),
    "a .dist-info that is a file": lambda: archive_of({METADATA: b"", "b-1.0.dist-info": b""}),
    "another project": lambda: archive_of({"other-1.0.dist-info/METADATA": b""}),
    "another version": lambda: archive_of({"acme-2.0.dist-info/METADATA": b""}),
    "no version": lambda: archive_of({"acme-x.dist-info/METADATA": b""}),
    "no METADATA": lambda: archive_of({"acme-1.0.dist-info/WHEEL": b""}),
    "two METADATA in letter case": lambda: archive_of({METADATA: b"", "acme-1.0.dist-info/metadata": b""}),
    "METADATA elsewhere": lambda: archive_of({"acme-1.0.dist-info/x/METADATA": b""}),
    "an encrypted member": lambda: field(SIMPLE, DIRECTORY, 8, "<H", 1),
    "a member packed otherwise": lambda: archive_of({METADATA: b"a"}, zipfile.ZIP_BZIP2),
    "a header outside": lambda: field(SIMPLE, DIRECTORY, 42, "<L", 0xFFFFFF),
    "a header that is none": lambda: field(SIMPLE, DIRECTORY, 42, "<L", 1),
    "a header with another name": lambda: patched(SIMPLE, b"METADATA", b"NETADATA", 1),
    "a header with another size": lambda: field(SIMPLE, LOCAL, 22, "<L", 3),
    "a header with another method": lambda: field(SIMPLE, LOCAL, 8, "<H", 8),
    "a header of no size": lambda: field(field(SIMPLE, LOCAL, 22, "<L", 0), LOCAL, 18, "<L", 0),
    "a wrong checksum": lambda: field(field(SIMPLE, DIRECTORY, 16, "<L", 7), LOCAL, 14, "<L", 7),
    "changed content": lambda: patched(SIMPLE, b"Name: acme", b"Name: evil"),
    "a member over the next": lambda: field(field(SIMPLE, DIRECTORY, 20, "<L", 60), LOCAL, 18, "<L", 60),
    "a long extra field over the next": lambda: field(SIMPLE, LOCAL, 28, "<H", 200),
    "a ZIP64 field that is missing": lambda: field(SIMPLE, DIRECTORY, 42, "<L", 0xFFFFFFFF),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """What is broken, ambiguous or not the wheel of that name is an error with a message fit for a terminal."""
    data = BROKEN[name]()
    with pytest.raises(ArchiveError) as raised:
        metadata_of(data)
    assert str(raised.value).isprintable()
    with pytest.raises(ArchiveError):
        fetched(data, FILENAME, 22)


def test_the_unbroken_archive_is_read() -> None:
    """What the broken ones were made from is read: each of them fails for its own reason."""
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
            patch.setattr(wheel_archive, limit, 1)
            with pytest.raises(ArchiveError, match="too many"):
                fetched(SIMPLE, FILENAME, 22)


@pytest.mark.parametrize(
    "filename", ["acme-1.0.zip", "acme.whl", "other-1.0-py3-none-any.whl", "acme-1.0.1-py3-none-any.whl"]
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
