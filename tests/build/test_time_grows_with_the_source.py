"""The time that a source's own texts take grows with their length, as `tests/laws/` holds it for all other texts."""

from __future__ import annotations

import contextlib
import gzip
import io

import pytest

from safepip.build import static_metadata
from safepip.build.archive_forms import ArchiveForm
from safepip.build.archive_members import ArchiveLimits, ArchiveMember, MemberKind, plan_unpacking
from safepip.build.build_system import read_build_system
from safepip.build.tar_format import TarFormatError, count_members
from safepip.build.zip_layout import ZipLayoutError, check_zip
from safepip.edges.builder.decompressing import unpacked_chunks
from safepip.wheel.metadata import parse_metadata
from support.foreign_texts import Growing, _all, _bytes, _each, _nested, _times
from support.growth import check_growth
from support.source_archives import Entry, tar_of, zip_of_files

FILE, LINK, HARD = MemberKind.FILE, MemberKind.SYMLINK, MemberKind.HARDLINK

_SYSTEM = "[build-system]\nrequires = ["

_PROJECT = (
    "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n[project]\nname='x'\nversion='1'\n"
)


def _pax(records: bytes) -> bytes:
    """A pax header, with its checksum."""
    block = bytearray(b"x".ljust(124, b"\0") + b"%011o\0" % len(records) + bytes(12) + b" " * 8 + b"x" + bytes(355))
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + records + bytes(-len(records) % 512)


def _compare(lines: str) -> None:
    """With itself, so that all of it is looked at."""
    one, other = (
        parse_metadata(f"Metadata-Version: 2.2\nName: x\nVersion: 1\n{lines}".encode(), verified=True) for _ in "12"
    )
    static_metadata.same_requirements(one, other)


GROWING = [
    *_all(
        "build system",
        lambda text: read_build_system(text, has_setup_py=True, shown="x"),
        _each("'p{}',", _SYSTEM, "]"),
        _each("!={},", _SYSTEM + "'p", "']"),
        _nested("(", ")", "os_name=='a'", _SYSTEM + '"p;', '"]'),
        _times("a/", _SYSTEM + "]\nbackend-path = ['", "']"),
        _times("../", _SYSTEM + "]\nbackend-path = ['a/", "']"),
        _each("'p{}',", _SYSTEM + "]\nbackend-path = [", "]"),
        _times("a.", _SYSTEM + "]\nbuild-backend = '", "'"),
        _nested("[", "]", "", "build-system = "),
        size=60,
    ),
    *_all(
        "pyproject",
        static_metadata.from_pyproject,
        _each("'p{}',", _PROJECT + "dependencies = [", "]"),
        _each("!={},", _PROJECT + "dependencies = ['p", "']"),
        _each("!={},", _PROJECT + "requires-python = '", "'"),
        _each("e{} = ['x']\n", _PROJECT + "[project.optional-dependencies]\n"),
        _each("'p{}; os_name>\"3\"',", _PROJECT + "[project.optional-dependencies]\ne = [", "]"),
        _nested("(", ")", "os_name=='a'", _PROJECT + 'dependencies = ["p;', '"]'),
        _each("os_name=='{}' or ", _PROJECT + '[project.optional-dependencies]\ne = ["p;', "os_name=='a'\"]"),
        _each("'d{}',", _PROJECT + "dynamic = [", "]"),
        _each("'hatchling>={}',", "[project]\nname='x'\nversion='1'\n" + _SYSTEM, "]\nbuild-backend='hatchling.build'"),
        size=60,
    ),
    *_all(
        "PKG-INFO",
        static_metadata.from_pkg_info,
        *(
            _bytes(_each(unit, "Metadata-Version: 2.2\nName: x\nVersion: 1\n"))
            for unit in ("Dynamic: d{}\n", "Requires-Dist: y{}\n", "Name: x\n", " x\n", "Provides-Extra: e{}\n")
        ),
        size=100,
    ),
    *_all(
        "members of an archive",
        lambda members: plan_unpacking(members, "x.tar", 1, ArchiveLimits()),
        lambda size: [ArchiveMember(f"t/{n}", FILE) for n in range(size)],
        lambda size: [ArchiveMember(f"t/{n}", FILE) for n in range(size)] * 2,
        lambda size: [ArchiveMember(f"t/a{n}/" + "b/" * 90 + "c", FILE) for n in range(size)],
        lambda size: [ArchiveMember("t/" + "b/" * 90 + f"c{n}", FILE) for n in range(size)],
        lambda size: [ArchiveMember("t/a", FILE), *(ArchiveMember(f"t/{n}", HARD, target="t/a") for n in range(size))],
        lambda size: [ArchiveMember(f"t/{n}", LINK, target="a/../" * 60 + "b") for n in range(size)],
        lambda size: [ArchiveMember("t/" + "e\u0301\u0316" * size, FILE), ArchiveMember("t/x", FILE)],
        size=30,
    ),
    *_all(
        "tar",
        lambda data: count_members(lambda at, length: data[at : at + length], len(data), 100_000),
        lambda size: tar_of([Entry(f"t/{n}", b"x") for n in range(size)]),
        lambda size: _pax(b"".join(b"7 %02d=x\n" % (n % 64) for n in range(min(size, 64)))) * size,
        lambda size: _pax(b"%d a=%s\n" % (9 + 10 * size, (b"1" * 9 + b" ") * size)),
        lambda size: _pax(b" " * size * 10),
        lambda size: bytes(512 * size),
        size=40,
    ),
    *_all(
        "zip",
        lambda data: check_zip(lambda at, length: data[at : at + length], len(data), 65_535),
        lambda size: zip_of_files((f"t/{n}", b"x") for n in range(size)),
        lambda size: zip_of_files((f"t/{n}", b"x") for n in range(size))[:-22] + b"PK\5\6" * size,
        lambda size: b"PK\5\6" * size,
        size=40,
    ),
    *_all(
        "streams",
        lambda data: [*unpacked_chunks(io.BytesIO(data), ArchiveForm.GZIP)],
        lambda size: gzip.compress(b"x") * size,
        lambda size: gzip.compress(bytes(10_000 * size)),
        lambda size: gzip.compress(b"x") + bytes(10_000 * size),
        size=50,
    ),
    *_all(
        "two metadata",
        _compare,
        _each("Requires-Dist: y{}\n"),
        _each("Provides-Extra: y{}\n"),
        _each("os_name=='{}' and ", "Requires-Dist: y;", "os_name=='a'"),
        _each("(os_name=='{}' or ", "Requires-Dist: y;", "os_name=='a'"),
        _nested("(os_name=='a' and (os_name=='b' or ", "))", "os_name=='c'", "Requires-Dist: y;"),
        _nested("(", ")", "os_name=='c'", "Requires-Dist: y;"),
        _each("!={},", "Requires-Dist: y"),
        _each("!={},", "Requires-Python: "),
        size=20,
    ),
]


@pytest.mark.parametrize("growing", GROWING, ids=[growing.name for growing in GROWING])
def test_sixteen_times_the_text_takes_about_sixteen_times_as_long(growing: Growing) -> None:
    """The square would be 256 times."""

    def work(text: object) -> None:
        with contextlib.suppress(TarFormatError, ZipLayoutError):
            growing.work(text)

    check_growth(work, growing.make, growing.size, min(growing.size, 100))
