"""Mutates wheels and holds safepip's reading of each against zipfile's and against a plain walk of the headers.

As a program it runs as long as it is told, and ends with 1 and the archive's seed at the first finding:

    python tests/fuzz_archives.py --executions 200000 [--seed 0] [--seconds 600]

`tests/wheel/test_fuzz_archives.py` runs a few hundred of the same. What is asserted for every archive:

1. Only `ArchiveError` is raised, with a message fit for a terminal.
2. No more is read than three times the archive, and no more is unpacked or kept than the limits say. The program sets
   a limit to its address space beside, and to the processor's time of each archive.
3. What is accepted is read by zipfile, and by walking the headers from byte 0, to the same names, sizes, checksums,
   contents and executable bits, and METADATA read by itself is the same.

The walk here is written apart from safepip's on purpose, as simply as it can be.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import stat
import struct
import sys
import time
import unicodedata
import zipfile
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from safepip.wheel.archive import metadata_from
from safepip.wheel.content import MAX_TEXTS_BYTES, content_from
from safepip.wheel.zip_format import ArchiveError
from support.wheels import build_wheel
from support.zips import DEFLATED, FOLDER, LINK, REGULAR, STORED, Part, extra_field, parts_of, unicode_path, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from safepip.model.wheel import WheelContent

FILENAME = "acme-1.0-py3-none-any.whl"

#: Numbers that fields of formats are sensitive to.
NUMBERS = (0, 1, 2, 3, 8, 9, 12, 14, 20, 45, 63, 64, 99, 0x7F, 0x800, 0x7075, 0xFF, 0xFFFE, 0xFFFF, 1 << 31)
WIDE = (*NUMBERS, 0xFFFFFFFE, 0xFFFFFFFF, 0x06054B50, 0x04034B50)

#: The fields of each record: its mark, and offset and form of each number in it.
FIELDS: dict[bytes, tuple[tuple[int, str], ...]] = {
    b"PK\x03\x04": tuple(zip((4, 6, 8, 10, 12, 14, 18, 22, 26, 28), "HHHHHLLLHH", strict=True)),
    b"PK\x01\x02": tuple(
        zip(
            (4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 30, 32, 34, 36, 38, 42),
            ("H", "H", "H", "H", "H", "H", "L", "L", "L", "H", "H", "H", "H", "H", "L", "L"),
            strict=True,
        )
    ),
    b"PK\x05\x06": tuple(zip((4, 6, 8, 10, 12, 16, 20), "HHHHLLH", strict=True)),
    b"PK\x06\x06": tuple(zip((4, 12, 14, 16, 20, 24, 32, 40, 48), "QHHLLQQQQ", strict=True)),
    b"PK\x06\x07": tuple(zip((4, 8, 16), "LQL", strict=True)),
}
MARKS = (*FIELDS, b"PK\x07\x08")


class Counted:
    """A source in memory that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)
        self.taken = 0

    def read(self, start: int, end: int) -> bytes:
        if not 0 <= start <= end <= self.size:
            raise ArchiveError("the archive refers to bytes outside itself")
        self.taken += end - start
        return self._data[start:end]


class Header(NamedTuple):
    """A member as its own header has it, with its unpacked content."""

    name: bytes
    flags: int
    method: int
    checksum: int
    size: int
    content: bytes


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each extra field."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _decoded(name: bytes, flags: int) -> str:
    return name.decode("utf-8" if flags & 0x800 else "cp437")


def headers_of(data: bytes) -> tuple[list[Header], int]:
    """All members from byte 0 on, as long as one follows the other, and where the last one ends."""
    position, found = 0, []
    while data[position : position + 4] == b"PK\x03\x04":
        _, flags, method, _, _, checksum, packed, size, name_size, extra_size = struct.unpack_from(
            "<5H3L2H", data, position + 4
        )
        position += 30
        name = data[position : position + name_size]
        extra = data[position + name_size : position + name_size + extra_size]
        position += name_size + extra_size
        for kind, value in extra_fields(extra):
            if kind == 1 and len(value) >= 16:
                size, packed = struct.unpack_from("<2Q", value)
            assert kind != 0x7075 or value[5:].decode() == _decoded(name, flags), "a header gives a second name"
        content = data[position : position + packed]
        if method == DEFLATED:
            content = zlib.decompress(content, -15)
        found.append(Header(name, flags, method, checksum, size, content))
        position += packed
    return found, position


def examine(data: bytes) -> bool:
    """Whether the archive was accepted. Raises `AssertionError` for whatever may not be."""
    source = Counted(data)
    content, message = None, ""
    try:
        content = content_from(source, FILENAME)
    except ArchiveError as error:
        message = str(error)
    kinds = set(map(unicodedata.category, message))
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}, "the message is not fit for a terminal"
    # The end, the directory, RECORD in advance, and each byte once; windows of a large archive may overlap a little.
    assert source.taken <= 3 * len(data) + 1000, f"{source.taken} bytes were read of {len(data)}"
    try:
        metadata = metadata_from(Counted(data), FILENAME)
    except ArchiveError:
        assert content is None, "METADATA cannot be read of an archive that was accepted"
        metadata = b""
    if content is None:
        return False
    assert metadata == content.info("METADATA")
    assert sum(map(len, content.texts.values())) <= MAX_TEXTS_BYTES
    _compare_with_zipfile(data, content)
    _compare_with_headers(data, content)
    return True


def _compare_with_zipfile(data: bytes, content: WheelContent) -> None:
    """zipfile, and so pip, sees the same files in the same order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        assert [i.filename for i in infos if not i.is_dir()] == list(content.entries), "zipfile sees other files"
        assert [i.filename for i in infos if i.is_dir()] == [entry.path for entry in content.folders]
        assert not archive.comment
        for info in infos:
            text = archive.read(info)
            if info.is_dir():
                assert not text
                continue
            entry = content.entries[info.filename]
            mode = info.external_attr >> 16
            assert entry.size == len(text) == info.file_size
            assert entry.digest == hashlib.new(entry.algorithm, text).digest(), "zipfile reads another content"
            assert entry.executable == bool(stat.S_ISREG(mode) and mode & 0o111)
            assert content.texts.get(info.filename, text) == text
            assert bool(entry.special) >= (stat.S_IFMT(mode) not in (0, stat.S_IFREG))


def _compare_with_headers(data: bytes, content: WheelContent) -> None:
    """Whoever reads from the front sees the same files, and nothing is between them and the directory."""
    headers, end = headers_of(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert end == archive.start_dir, "between the members and the directory is something"
        listed = {info.orig_filename: info for info in archive.infolist()}
    assert len(headers) == len(listed) == len(content.entries) + len(content.folders)
    for header in headers:
        info = listed.pop(_decoded(header.name, header.flags))
        # Newer versions of zipfile, and other programs, prefer a name that stands in an extra field.
        names = [value[5:].decode() for kind, value in extra_fields(info.extra) if kind == 0x7075]
        assert names in ([], [info.orig_filename]), "the directory gives a second name"
        assert (header.flags, header.method) == (info.flag_bits, info.compress_type)
        assert (header.checksum, header.size) == (info.CRC, info.file_size)
        assert zlib.crc32(header.content) == info.CRC, "the headers lead to another content"
        assert len(header.content) == info.file_size


# --- mutations ----------------------------------------------------------------------------------------------------


@cache
def seeds() -> tuple[tuple[Part, ...], ...]:
    """Wheels to begin with: stored, deflated, with ZIP64 fields, with extra fields, with folders, and large ones."""
    plain = parts_of(build_wheel("acme", "1.0", scripts={"acme": "acme:main"}, files={"acme-hook.pth": "x"})[1])
    nested = zip_of([Part("inner.py", b"1"), Part("second.py", b"2")])
    text = b"".join(b"line %d\n" % number for number in range(60_000))
    other = parts_of(
        build_wheel("acme", "1.0", files={"acme/ünïcode.py": "1", "acme/nested.zip": nested, "acme/x y.py": ""})[1]
    )
    record = next(part for part in plain if str(part.name).endswith("RECORD"))
    strong = [
        replace(part, content=b"acme/__init__.py,sha512=xyz,1\n" + record.content) if part == record else part
        for part in plain
    ]
    stamp = extra_field(0x5455, b"\x01abcd")
    return (
        tuple(plain),
        tuple(replace(part, method=DEFLATED) for part in plain),
        tuple(replace(part, zip64=True, zip64_offset=index % 2 == 0) for index, part in enumerate(plain)),
        tuple(replace(part, extra=stamp, method=DEFLATED) for part in other),
        (Part("acme/", mode=FOLDER | 0o755), *other, Part("acme/empty/", mode=FOLDER | 0o755)),
        tuple(replace(part, method=DEFLATED) for part in strong),
        (*(replace(part, method=DEFLATED) for part in plain), Part("acme/large.txt", text, DEFLATED)),
        (Part("acme/large.txt", text * 3), *plain),
    )


def mutated(chance: random.Random) -> bytes:
    """A wheel, changed in its structure, in its records or in its bytes, a few times."""
    # The last two are large, and take a hundred times as long.
    choices = seeds()
    parts = list(choices[-chance.randint(1, 2)] if chance.random() < 0.02 else chance.choice(choices[:-2]))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        chance.choice(STRUCTURAL)(chance, parts)
    data = zip_of(parts, **(_around(chance) if chance.random() < 0.3 else {}), zip64=chance.random() < 0.2)  # type: ignore[arg-type]
    changed = bytearray(data)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        chance.choice(BINARY)(chance, changed)
    return bytes(changed)


def _number(chance: random.Random, form: str, around: int) -> int:
    """A value for a field: one that formats are sensitive to, one near the old value, or any."""
    bits = 8 * struct.calcsize(f"<{form}")
    value = chance.choice((chance.choice(WIDE), around + chance.randint(-3, 3), chance.getrandbits(bits)))
    return value % (1 << bits)


def _around(chance: random.Random) -> dict[str, object]:
    """What may stand around members and directory."""
    some = chance.choice((b"", b"\0", b"PK\x05\x06" + bytes(18), b"PK\x03\x04", b"#!/bin/sh\n", b"x" * 70_000))
    choices: Sequence[dict[str, object]] = (
        {"prefix": some},
        {"between": some},
        {"after_directory": some},
        {"comment": some[:60_000]},
        {"suffix": some},
        {"shift": chance.randint(-40, 40)},
        {"prefix": some, "shift": -len(some)},
        {"end": {chance.choice(("disk", "here", "count", "comment_size")): chance.choice(NUMBERS) & 0xFFFF}},
        {"end": {"count": 0xFFFF, "here": 0xFFFF, "size": 0xFFFFFFFF, "start": 0xFFFFFFFF}},
        {"end64": {chance.choice(("disk", "here", "count", "length", "needed")): chance.choice(NUMBERS) & 0xFFFF}},
        {"locator": {chance.choice(("disk", "place", "disks")): chance.choice(NUMBERS)}},
    )
    return chance.choice(choices)


def _shuffle(chance: random.Random, parts: list[Part]) -> None:
    chance.shuffle(parts)


def _duplicate(chance: random.Random, parts: list[Part]) -> None:
    parts.insert(chance.randrange(len(parts)), chance.choice(parts))


def _remove(chance: random.Random, parts: list[Part]) -> None:
    if len(parts) > 1:
        parts.pop(chance.randrange(len(parts)))


def _splice(chance: random.Random, parts: list[Part]) -> None:
    parts += chance.sample(chance.choice(seeds()[:-2]), 1)


def _change(chance: random.Random, parts: list[Part]) -> None:
    """Exchange one field of one member, in both headers or in one."""
    index = chance.randrange(len(parts))
    part = parts[index]
    name = str(part.name)
    key = chance.choice(("flags", "method", "checksum", "packed", "size", "name_size", "extra_size", "needed", "time"))
    value = chance.choice(NUMBERS) & 0xFFFF
    extra = chance.choice(
        (
            extra_field(1, bytes(chance.choice((0, 4, 8, 16, 24)))),
            unicode_path(chance.choice((name, "other.py")), part.raw_name),
            extra_field(0xCAFE, chance.choice((b"", b"PK\x05\x06" + bytes(18)))),
            extra_field(0x5455, b"abc", chance.choice((2, 3, 9))),
            b"\0" * chance.randint(1, 5),
        )
    )
    changes: Sequence[dict[str, object]] = (
        {"local": {key: value}},
        {"central": {key: value}},
        {"local": {key: value}, "central": {key: value}},
        {"central": {"attributes": chance.choice((0x10, 0x20, 0x81A40000, 0xA1FF0000, chance.getrandbits(32)))}},
        {"central": {chance.choice(("disk", "internal", "made_by")): value}},
        {"local": {"name": chance.choice((b"other.py", part.raw_name.upper(), part.raw_name + b"x"))}},
        {"name": chance.choice((name.upper(), f"/{name}", f"../{name}", name + "/", "é.py", "\x00", "a" * 300))},
        {"name": chance.choice((b"\xff", b"caf\xe9.py", part.raw_name + b"\0.txt"))},
        {"name": "é.py".encode(), "flags": chance.choice((0, 0x800))},
        {"method": chance.choice((STORED, DEFLATED, 12, 99))},
        {"flags": 1 << chance.randrange(16)},
        {"mode": chance.choice((LINK | 0o777, FOLDER, REGULAR | 0o755, 0o755, 0))},
        {"descriptor": chance.choice(("signed", "bare", "wide"))},
        {"zip64": chance.random() < 0.7, "zip64_offset": chance.random() < 0.5},
        {"extra": extra},
        {"local_extra": extra},
        {"central_extra": extra},
        {"comment": b"hello"},
        {"content": part.content + b"PK\x03\x04"},
        {"packed": part.data + chance.choice((b"", b"\0", part.data))},
        {"packed": part.data[: chance.randint(0, len(part.data))]},
        {"before": chance.choice((b"x", b"PK\x03\x04" + bytes(26)))},
        {"after": chance.choice((b"x", b"PK\x07\x08" + bytes(12)))},
        {"listed": False},
        {"present": False},
    )
    parts[index] = replace(part, **chance.choice(changes))  # type: ignore[arg-type]


def _flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _byte(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.getrandbits(8)


def _record(chance: random.Random, data: bytearray) -> None:
    """Another number in a field of a record, at least of what looks like one."""
    mark = chance.choice(tuple(FIELDS))
    places = _places(data, mark)
    if places:
        offset, form = chance.choice(FIELDS[mark])
        place = chance.choice(places) + offset
        if place + struct.calcsize(f"<{form}") <= len(data):
            (old,) = struct.unpack_from(f"<{form}", data, place)
            struct.pack_into(f"<{form}", data, place, _number(chance, form, old))


def _both(chance: random.Random, data: bytearray) -> None:
    """The same number in the header and in the directory's entry of one member."""
    local, central = _places(data, b"PK\x03\x04"), _places(data, b"PK\x01\x02")
    index = chance.randrange(min(len(local), len(central)) or 1)
    if index < min(len(local), len(central)):
        offset, form = chance.choice(((6, "H"), (8, "H"), (14, "L"), (18, "L"), (22, "L"), (26, "H"), (28, "H")))
        (old,) = struct.unpack_from(f"<{form}", bytes(data).ljust(local[index] + 40, b"\0"), local[index] + offset)
        value = _number(chance, form, old)
        for place in (local[index] + offset, central[index] + offset + 2):
            if place + 4 <= len(data):
                struct.pack_into(f"<{form}", data, place, value)


def _places(data: bytearray, mark: bytes) -> list[int]:
    found: list[int] = []
    place = data.find(mark)
    while place >= 0 and len(found) < 100:
        found.append(place)
        place = data.find(mark, place + 1)
    return found


def _cut(chance: random.Random, data: bytearray) -> None:
    start = chance.randint(0, len(data))
    del data[start : start + chance.choice((1, 2, 22, chance.randint(0, len(data))))]


def _insert(chance: random.Random, data: bytearray) -> None:
    start = chance.randint(0, len(data))
    some = chance.choice((chance.randbytes(chance.randint(1, 30)), chance.choice(MARKS), bytes(22)))
    data[start:start] = some


def _repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randint(0, len(data))
    data[start:start] = data[start : start + chance.randint(1, 200)]


def _move(chance: random.Random, data: bytearray) -> None:
    start, length = chance.randint(0, len(data)), chance.randint(1, 100)
    taken = data[start : start + length]
    del data[start : start + length]
    place = chance.randint(0, len(data))
    data[place:place] = taken


STRUCTURAL: tuple[Callable[[random.Random, list[Part]], None], ...] = (
    _shuffle,
    _duplicate,
    _remove,
    _splice,
    _change,
    _change,
    _change,
    _change,
)
BINARY: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip,
    _byte,
    _record,
    _record,
    _record,
    _both,
    _both,
    _cut,
    _insert,
    _repeat,
    _move,
)


def archive(seed: int) -> bytes:
    """The mutated wheel of this seed, the same on every run. One in some thousand cannot be written; it is empty."""
    try:
        return mutated(random.Random(seed))
    except struct.error:
        return b""


# --- the long run -------------------------------------------------------------------------------------------------


def main() -> int:
    """Run until the executions or the seconds are used up, or something is found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--executions", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each archive has its own")
    parser.add_argument("--most-seconds", type=float, default=5.0, help="of the processor, for one archive")
    options = parser.parse_args()
    try:
        import resource
    except ImportError:
        print("no limit to the memory on this system")
    else:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    begun, accepted, longest, executions = time.monotonic(), 0, 0.0, 0
    for seed in range(options.seed, options.seed + options.executions):
        data = archive(seed)
        before = time.process_time()
        try:
            accepted += examine(data)
        except BaseException:
            print(f"finding: seed {seed}", file=sys.stderr)
            raise
        executions += 1
        longest = max(longest, time.process_time() - before)
        assert longest <= options.most_seconds, f"seed {seed} took {longest:.1f} s"
        if time.monotonic() - begun > options.seconds:
            break
    print(f"{executions} archives, {accepted} accepted, nothing found; the slowest took {longest:.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
