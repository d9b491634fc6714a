"""Archives of source code: honest ones are unpacked as pip unpacks them, hostile ones are refused and leave nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from safepip.build.archive_members import ArchiveLimits
from safepip.edges.builder.archives import unpack
from safepip.model.errors import Refused, SafepipError, Unavailable
from support.source_archives import PROJECT, TIME, Entry, tar_of, tar_of_files, zip_of_files

if TYPE_CHECKING:
    from pathlib import Path

LINKS = os.name == "posix"
FOLDER, SYMLINK, HARDLINK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def _unpacked(tmp_path: Path, name: str, data: bytes, limits: ArchiveLimits | None = None) -> Path:
    """The folder of the project. Whatever happens, nothing lies beside it."""
    source = tmp_path / "archives"
    source.mkdir(exist_ok=True)
    (source / "given").write_bytes(data)
    into = tmp_path / "work" / "project"
    into.parent.mkdir(exist_ok=True)
    try:
        folder = unpack(str(source / "given"), name, str(into), limits)
    except SafepipError:
        assert os.listdir(into.parent) == []
        raise
    assert os.listdir(into.parent) == ["project"]
    assert folder == str(into)
    return into


def _tree(folder: Path) -> dict[str, object]:
    """What there is: files with content, permissions and time, links with their targets, folders with permissions."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name, status = path.relative_to(folder).as_posix(), path.lstat()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = status.st_mode
        else:
            found[name] = (path.read_bytes(), status.st_mode, status.st_mtime)
    return found


def _refusal(tmp_path: Path, name: str, data: bytes, limits: ArchiveLimits | None = None) -> str:
    """The reference and the words of a refusal."""
    with pytest.raises(Refused) as caught:
        _unpacked(tmp_path, name, data, limits)
    (diagnostic,) = caught.value.diagnostics
    words = " ".join((diagnostic.reference, diagnostic.message, *diagnostic.context))
    assert words.isprintable()
    return words


# ------------------------------------------------------------------------------------ honest archives

_ENTRIES = [
    Entry("tool-1.0", kind=FOLDER, mode=0o700),
    Entry("tool-1.0/setup.py", b"print()", mode=0o755),
    Entry("tool-1.0/only-others", b"#!", mode=0o601),
    Entry("tool-1.0/src", kind=FOLDER, mode=0o555),
    Entry("tool-1.0/src/" + "long" * 50 + ".py", b"y" * 700_000, mode=0o4755),
    Entry("tool-1.0/src/émile \N{SNOWMAN}.py", b"", mode=0),
    Entry("tool-1.0/a/b/c", b"deep", mode=0o444),
    Entry("tool-1.0/setup-copy.py", kind=HARDLINK, target="tool-1.0/setup.py"),
    Entry("tool-1.0/src", kind=FOLDER),
    Entry("tool-1.0/a/b/c", b"deep", mode=0o444),
]
_LINKED = [
    Entry("tool-1.0/link", kind=SYMLINK, target="a/b/c"),
    Entry("tool-1.0/a/up", kind=SYMLINK, target="../src"),
    Entry("tool-1.0/dangling", kind=SYMLINK, target="nothing"),
]
_FLAT = [Entry("setup.py", b"1"), Entry("src/x.py", b"2"), Entry("docs", kind=FOLDER)]
_DOTTED = [Entry(".", kind=FOLDER), Entry("./setup.py", b"1"), Entry("./src/x.py", b"2")]
_OLD = [entry for entry in _ENTRIES if "é" not in entry.name]

HONEST = {
    "tool-1.0.tar.gz": tar_of(_ENTRIES + (_LINKED if LINKS else []), "gz"),
    "tool.tgz": tar_of(_OLD, "gz", tarfile.GNU_FORMAT),
    "tool.TAR.GZ": tar_of([e for e in _OLD if "long" not in e.name], "gz", tarfile.USTAR_FORMAT),
    "tool.tar": tar_of(_ENTRIES),
    "tool.tar.bz2": tar_of(_ENTRIES, "bz2"),
    "tool.tbz": tar_of(_FLAT, "bz2"),
    "tool.tar.xz": tar_of(_ENTRIES, "xz"),
    "tool.txz": tar_of(_DOTTED, "xz"),
    "tool.tlz": lzma.compress(tar_of(_ENTRIES), lzma.FORMAT_ALONE),
    "tool.tar.lzma": lzma.compress(tar_of(_ENTRIES), lzma.FORMAT_ALONE),
    "flat.tar.gz": tar_of(_FLAT, "gz"),
    "dotted.tar.gz": tar_of(_DOTTED, "gz"),
    "two-streams.tar.gz": (lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:]) + bytes(9))(
        tar_of(_FLAT)
    ),
    "two-streams.tar.bz2": (lambda data: bz2.compress(data[:700]) + bz2.compress(data[700:]))(tar_of(_FLAT)),
    "no-end.tar": tar_of(_FLAT, form=tarfile.USTAR_FORMAT)[: 512 * 5],
    "tool.zip": zip_of_files(PROJECT.items(), 0o100755),
    "stored.zip": zip_of_files(PROJECT.items(), 0o100644, zipfile.ZIP_STORED),
    "no-modes.zip": zip_of_files([("tool-1.0/", b""), *PROJECT.items(), ("tool-1.0/docs/", b"")]),
    "flat.zip": zip_of_files([("setup.py", b"1"), ("src/é.py", b"2")]),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_archive_is_unpacked_as_pip_unpacks_it(tmp_path: Path, name: str) -> None:
    """Names, contents, permissions, links, and the times that pip keeps."""
    (tmp_path / name).write_bytes(HONEST[name])
    script = "import sys; from pip._internal.utils.unpacking import unpack_file; unpack_file(*sys.argv[1:])"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / name), str(tmp_path / "pip")], check=True)
    ours, pips = _tree(_unpacked(tmp_path, name, HONEST[name])), _tree(tmp_path / "pip")
    if name.endswith(".zip"):  # both have the time at which they were unpacked
        ours, pips = ({path: value[:2] if isinstance(value, tuple) else value for path, value in tree.items()}
                      for tree in (ours, pips))  # fmt: skip
    assert ours == pips
    assert len(ours) > 2


def test_times_owners_and_permissions(tmp_path: Path) -> None:
    """Those of files and folders are kept to the fraction, no owner is taken over, and no bit that raises rights."""
    folder = _unpacked(tmp_path, "tool-1.0.tar.gz", HONEST["tool-1.0.tar.gz"])
    assert (folder / "setup.py").stat().st_mtime == TIME
    assert (folder / "src").stat().st_mtime == TIME
    for path in folder.rglob("*"):
        status = path.lstat()
        assert status.st_uid == os.getuid()
        assert not status.st_mode & 0o7000
    assert (folder / "setup.py").stat().st_mode & 0o111 == 0o111
    assert not (folder / "a/b/c").stat().st_mode & 0o111


def test_a_hard_link_becomes_a_copy(tmp_path: Path) -> None:
    """To write to the one does not change the other."""
    folder = _unpacked(tmp_path, "tool-1.0.tar.gz", HONEST["tool-1.0.tar.gz"])
    (folder / "setup-copy.py").write_text("other")
    assert (folder / "setup.py").read_text() == "print()"


def test_a_file_does_not_link_to_itself(tmp_path: Path) -> None:
    """Where pip unpacks it, the file's permissions depend on the version of Python."""
    entries = [Entry("t/x", b"x", mode=0o4711), Entry("t/x", kind=HARDLINK, target="t/x", mode=0o755)]
    (tmp_path / "x.tar").write_bytes(tar_of(entries))
    with pytest.raises(Refused, match="from a file to itself"):
        unpack(str(tmp_path / "x.tar"), "x.tar", str(tmp_path / "into"))


def test_a_folder_that_is_there_has_to_be_empty(tmp_path: Path) -> None:
    """What lies in it stays; an empty one is empty again after a failure."""
    (tmp_path / "x.tar").write_bytes(tar_of(_FLAT))
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    (full / "mine").write_text("x")
    with pytest.raises(Unavailable, match="not-unpacked"):
        unpack(str(tmp_path / "x.tar"), "x.tar", str(full))
    assert os.listdir(full) == ["mine"]
    with pytest.raises(Refused):
        unpack(str(tmp_path / "x.tar"), "x.zip", str(empty))
    assert os.listdir(empty) == []
    assert unpack(str(tmp_path / "x.tar"), "x.tar", str(empty)) == str(empty)


def test_what_the_disk_does_not_take_leaves_nothing(tmp_path: Path) -> None:
    """The archive itself is not there."""
    with pytest.raises(Unavailable, match=r"not-unpacked: x\.tar cannot be unpacked: No such file"):
        unpack(str(tmp_path / "none"), "x.tar", str(tmp_path / "into"))
    assert os.listdir(tmp_path) == []


# ----------------------------------------------------------------------------------- hostile members


def _hostile(*entries: Entry) -> bytes:
    return tar_of([Entry("tool-1.0/setup.py", b"x"), *entries], "gz")


UNSAFE = {
    "climbs": ("climbs", [Entry("tool-1.0/../../evil", b"x")]),
    "climbs to the root": ("climbs", [Entry("tool-1.0/..", kind=FOLDER)]),
    "climbs first": ("climbs", [Entry("../evil", b"x")]),
    "absolute": ("absolute", [Entry("/tmp/evil", b"x")]),
    "drive": ("drive", [Entry("tool-1.0/C:evil", b"x")]),
    "drive first": ("drive", [Entry("C:/evil", b"x")]),
    "backslash": ("backslash", [Entry("tool-1.0/..\\evil", b"x")]),
    "empty component": ("empty component", [Entry("tool-1.0//evil", b"x")]),
    "dot": ("climbs", [Entry("tool-1.0/./evil", b"x")]),
    "some dotted": ("begins with './'", [Entry("./evil", b"x")]),
    "long component": ("255 bytes", [Entry("tool-1.0/" + "x" * 256, b"x")]),
    "long path": ("1024 bytes", [Entry("tool-1.0/" + "x/" * 600, b"x")]),
    "case": ("one file", [Entry("tool-1.0/SETUP.py", b"x")]),
    "case of a folder": ("one file", [Entry("tool-1.0/a/x", b"x"), Entry("tool-1.0/A/y", b"x")]),
    "case of the top": ("one file", [Entry("Tool-1.0/y", b"x")]),
    "Unicode": ("one file", [Entry("tool-1.0/\xe9", b"x"), Entry("tool-1.0/e\u0301", b"x")]),
    "a file is a folder": ("at once", [Entry("tool-1.0/setup.py/x", b"x")]),
    "a folder is a file": ("at once", [Entry("tool-1.0/a/x", b"x"), Entry("tool-1.0/a", b"x")]),
    "a folder entry is a file": ("at once", [Entry("tool-1.0/setup.py", kind=FOLDER)]),
    "link out": ("outside", [Entry("tool-1.0/l", kind=SYMLINK, target="../x")]),
    "link out, later": ("outside", [Entry("tool-1.0/a/l", kind=SYMLINK, target="b/../../../x")]),
    "absolute link": ("absolute", [Entry("tool-1.0/l", kind=SYMLINK, target="/etc/passwd")]),
    "drive link": ("drive", [Entry("tool-1.0/l", kind=SYMLINK, target="c:\\x".replace("\\", "/"))]),
    "backslash link": ("backslash", [Entry("tool-1.0/l", kind=SYMLINK, target="..\\..\\x")]),
    "link to a link": (
        "another link",
        [Entry("tool-1.0/l", kind=SYMLINK, target="setup.py"), Entry("tool-1.0/m", kind=SYMLINK, target="l")],
    ),
    "link through a link that comes later": (
        "another link",
        [Entry("tool-1.0/m", kind=SYMLINK, target="L/../../x"), Entry("tool-1.0/l", kind=SYMLINK, target="a/b")],
    ),
    "link to itself": ("another link", [Entry("tool-1.0/l", kind=SYMLINK, target="l")]),
    "below a link": ("at once", [Entry("tool-1.0/l", kind=SYMLINK, target="a"), Entry("tool-1.0/l/x", b"x")]),
    "link at the place of a folder": (
        "at once",
        [Entry("tool-1.0/a/x", b"x"), Entry("tool-1.0/a", kind=SYMLINK, target="b")],
    ),
    "link at the place of a file": ("at once", [Entry("tool-1.0/setup.py", kind=SYMLINK, target="b")]),
    "hard link out": ("hard link", [Entry("tool-1.0/h", kind=HARDLINK, target="../../etc/passwd")]),
    "hard link to what comes later": (
        "hard link",
        [Entry("tool-1.0/h", kind=HARDLINK, target="tool-1.0/z"), Entry("tool-1.0/z", b"x")],
    ),
    "hard link to a link": (
        "hard link",
        [Entry("tool-1.0/l", kind=SYMLINK, target="a"), Entry("tool-1.0/h", kind=HARDLINK, target="tool-1.0/l")],
    ),
    "hard link to a folder": (
        "hard link",
        [Entry("tool-1.0/d", kind=FOLDER), Entry("tool-1.0/h", kind=HARDLINK, target="tool-1.0/d")],
    ),
    "pipe": ("neither", [Entry("tool-1.0/p", kind=tarfile.FIFOTYPE)]),
    "device": ("neither", [Entry("tool-1.0/p", kind=tarfile.CHRTYPE)]),
    "block device": ("neither", [Entry("tool-1.0/p", kind=tarfile.BLKTYPE)]),
    "terminal": ("climbs", [Entry("tool-1.0/../\x1b[31m", b"x")]),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSAFE)
def test_a_member_that_leads_elsewhere_is_refused(tmp_path: Path, case: str) -> None:
    """Before anything is written, and with words that can be shown."""
    words, entries = UNSAFE[case]
    refusal = _refusal(tmp_path, "tool-1.0.tar.gz", _hostile(*entries))
    assert refusal.startswith("unsafe-archive tool-1.0.tar.gz has ")
    assert words in refusal


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """It has as many readings as there are encodings."""
    data = tar_of([Entry("t/\udcff", b"x"), Entry("t/b")], form=tarfile.USTAR_FORMAT)
    assert "is not UTF-8" in _refusal(tmp_path, "t.tar", data)


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644, 0o040755])
def test_a_zip_member_that_is_no_file_is_refused(tmp_path: Path, mode: int) -> None:
    """A link, a pipe, a device, a folder without a slash: files to pip, and not to other readers."""
    data = zip_of_files([("tool-1.0/x", b"../../etc/passwd")], mode)
    assert _refusal(tmp_path, "tool-1.0.zip", data).startswith("unsafe-archive tool-1.0.zip has ")


@pytest.mark.parametrize("name", ["../x", "/x", "a\\..\\..\\x", "C:/x", "a//x", "a/./x"])
def test_a_zip_member_that_climbs_is_refused(tmp_path: Path, name: str) -> None:
    """As in a tar archive."""
    data = zip_of_files([("a/setup.py", b""), (name, b"x")])
    assert _refusal(tmp_path, "a.zip", data).startswith("unsafe-archive")


# ------------------------------------------------------------------------------------- two readings


def _patched(data: bytes, at: int, new: bytes, *, checksum: bool = True) -> bytes:
    """A tar archive with other bytes in a header, whose checksum is made right."""
    start = at // 512 * 512
    data = data[:at] + new + data[at + len(new) :]
    if checksum:
        header = data[start : start + 512]
        total = sum(header[:148]) + 256 + sum(header[156:])
        data = data[: start + 148] + b"%06o\0 " % total + data[start + 156 :]
    return data


_TWO = tar_of([Entry("t/a", b"x" * 600), Entry("t/b", b"y")], form=tarfile.USTAR_FORMAT)
_PAXED = tar_of([Entry("t/a", b"x" * 1024, pax=(("size", "1024"), ("comment", "c"))), Entry("t/b", b"y")])
_END = 512 * 5


def _pax(records: bytes, kind: bytes = b"x") -> bytes:
    """An archive of one file with a pax header of these bytes, whatever they are."""
    header = _patched(bytes(512), 0, b"PaxHeader")
    header = _patched(_patched(_patched(header, 124, b"%011o\0" % len(records)), 156, kind), 257, b"ustar\x0000")
    return header + records + bytes(-len(records) % 512) + _TWO


def test_the_archives_that_are_changed_below_are_honest(tmp_path: Path) -> None:
    """So that what is refused is refused for its change."""
    for data in (_TWO, _PAXED, _pax(b"11 a=bbbbb\n"), _pax(b"11 a=bbbbb\n" * 2, b"g"), _patched(_TWO, 0, b"t/z")):
        assert len(_tree(_unpacked(tmp_path, "t.tar", data))) == 2
        shutil.rmtree(tmp_path / "work")


AMBIGUOUS = {
    "behind the end": _TWO + b"x",
    "an archive behind the end": _TWO + tar_of([Entry("t/evil", b"x")]),
    "something between the blocks of the end": _TWO[: _END + 512] + tar_of([Entry("t/evil", b"x")]),
    "a header with a wrong checksum": _patched(_TWO, 512 * 3, b"t/z", checksum=False),
    "a number that is none": _patched(_TWO, 512 * 3 + 124, b"0000000000z\0"),
    "a mode that is none": _patched(_TWO, 512 * 3 + 100, b"000064z\0"),
    "cut within a file": _TWO[: 512 * 2],
    "cut within a header": _TWO[: 512 * 3 + 100],
    "a folder with content": _patched(_TWO, 156, b"5"),
    "a link with content": _patched(_TWO, 156, b"1"),
    "a sparse file": _patched(_TWO, 156, b"S"),
    "an unknown kind": _patched(_TWO, 156, b"Z"),
    "a label": _patched(_TWO, 156, b"V"),
    "two sizes": _PAXED.replace(b"13 size=1024\n", b"13 size=9999\n"),
    "another size first": _patched(_PAXED, 1024 + 124, b"%011o\0" % 512),
    "not records": _pax(b"5 a=b\n"),
    "a record that is too long": _pax(b"99 a=bbbbb\n"),
    "a record of no length": _pax(b"0 a=b\n"),
    "a record without a value": _pax(b"9 abcdef\n"),
    "many records": _pax(b"6 a=b\n" * 65),
    "an encoding": _pax(b"21 hdrcharset=BINARY\n"),
    "an encoding within a value": _pax(b"34 comment=111 hdrcharset=BINARY\n\n"),
    "many digits": _pax(b"52 comment=" + b"1" * 40 + b"\n"),
    "a sparse map": _pax(b"22 GNU.sparse.map=1,2\n"),
    "two pax headers": _pax(b"6 a=b\n")[:1024] + _pax(b"6 a=b\n"),
    "a path for all": _pax(b"12 path=t/c\n", b"g"),
    "pax and GNU": _pax(b"6 a=b\n")[:1024] + tar_of([Entry("t/" + "x" * 150, b"")], form=tarfile.GNU_FORMAT),
    "a header without a member": _TWO[:_END] + _pax(b"6 a=b\n")[:1024] + bytes(1024),
    "nothing": bytes(1024),
    "two contents": tar_of([Entry("t/a", b"x"), Entry("t/b", b""), Entry("t/a", b"y")]),
    "two sizes of one name": tar_of([Entry("t/a", b"x"), Entry("t/b", b""), Entry("t/a", b"xx")]),
    "two permissions": tar_of([Entry("t/a", b"x"), Entry("t/b", b""), Entry("t/a", b"x", mode=0o755)]),
    "two targets": tar_of([Entry("t/b"), *(Entry("t/a", kind=SYMLINK, target=target) for target in ("b", "c"))]),
    "one file": tar_of([Entry("setup.py", b"x")]),
}  # fmt: skip


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_an_archive_with_two_readings_is_refused(tmp_path: Path, case: str) -> None:
    """Also where pip would take it."""
    refusal = _refusal(tmp_path, "t.tar", AMBIGUOUS[case])
    assert refusal.startswith("unreadable-archive t.tar is a broken or ambiguous archive")


_ZIP = zip_of_files([("t/a", b"x" * 100), ("t/b", b"y")])
_DIRECTORY = _ZIP.index(b"PK\1\2")


def _changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


AMBIGUOUS_ZIPS = {
    "before": b"#!/bin/sh\n" + _ZIP,
    "behind": _ZIP + b"x",
    "two ends": _ZIP + _ZIP,
    "an end in the comment": _ZIP[:-2] + struct.pack("<H", 22) + _ZIP[-22:],
    "another name in the header": _ZIP.replace(b"t/b", b"t/c", 1),
    "another size in the header": _changed(_ZIP, 22, struct.pack("<L", 99)),
    "another size in the directory": _changed(_ZIP, _DIRECTORY + 24, struct.pack("<L", 99)),
    "another checksum": _changed(_changed(_ZIP, 14, b"1234"), _DIRECTORY + 16, b"1234"),
    "encrypted": _changed(_changed(_ZIP, 6, b"\1"), _DIRECTORY + 8, b"\1"),
    "packed by bzip2": zip_of_files([("t/a", b"x" * 100)], packing=zipfile.ZIP_BZIP2),
    "hidden between": _ZIP[: _ZIP.index(b"PK\3\4", 4)] + b"PK\3\4" + _ZIP[_ZIP.index(b"PK\3\4", 4) :],
    "fewer members": _changed(_ZIP, len(_ZIP) - 14, struct.pack("<2H", 1, 1)),
    "no members": zip_of_files([]),
    "the same name twice": (lambda data: data.replace(b"t/b", b"t/a"))(_ZIP),
    "cut": _ZIP[:-30],
    "a folder with content": zip_of_files([("t/a", b""), ("t/d/", b"x")]),
}  # fmt: skip


@pytest.mark.parametrize("case", AMBIGUOUS_ZIPS)
def test_a_zip_archive_with_two_readings_is_refused(tmp_path: Path, case: str) -> None:
    """Of the front and of the back."""
    refusal = _refusal(tmp_path, "t.zip", AMBIGUOUS_ZIPS[case])
    assert refusal.startswith(("unreadable-archive", "unsafe-archive"))
    assert refusal.startswith("unsafe") == (case == "a folder with content")


def test_a_zip_archive_as_git_writes_it_is_read(tmp_path: Path) -> None:
    """With a comment at its end, and with sizes behind the contents, as a writer to a pipe leaves them."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    made = Pipe()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t/a", b"x" * 100)
        archive.writestr("t/b", b"y")
        archive.comment = b"0123456789" * 4
    assert set(_tree(_unpacked(tmp_path, "t.zip", made.getvalue()))) == {"a", "b"}


_GZ = tar_of(_FLAT, "gz")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.zip", _GZ),
        ("x.tar.gz", _ZIP),
        ("x.tar", _GZ),
        ("x.tar.gz", tar_of(_FLAT)),
        ("x.tar.xz", _GZ),
        ("x.tar.bz2", tar_of(_FLAT, "xz")),
        ("x.tar.lz", b"LZIP\1" + bytes(600)),
        ("x", b"#!/bin/sh"),
        ("x", b""),
        ("x.tar", b""),
        ("x.tar.gz", _GZ[:-1]),
        ("x.tar.gz", _GZ[:-8] + b"12345678"),
        ("x.tar.gz", _GZ + b"x"),
        ("x.tar.gz", _GZ + _ZIP),
        ("x.tar.gz", _GZ[:40] + b"\xff" + _GZ[41:]),
        ("x.tar.bz2", tar_of(_FLAT, "bz2") + b"x"),
        ("x.tar.xz", tar_of(_FLAT, "xz")[:-1]),
        ("x.tar.gz", gzip.compress(b"") * 10_001),
        ("x.tar.gz", gzip.compress(b"no archive at all, but long enough for a block" * 20)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_name_and_bytes_have_to_agree_and_nothing_may_follow(tmp_path: Path, name: str, data: bytes) -> None:
    """pip takes some of these by the name, some by the bytes, and never looks behind the end."""
    assert _refusal(tmp_path, name, data).startswith("unreadable-archive")


@pytest.mark.parametrize("data", [_GZ, tar_of(_FLAT, "xz"), tar_of(_FLAT), zip_of_files(PROJECT.items())])
def test_without_an_ending_the_bytes_decide(tmp_path: Path, data: bytes) -> None:
    """A URL may end in anything."""
    assert len(_tree(_unpacked(tmp_path, "download", data))) >= 3


# ------------------------------------------------------------------------------------------- bombs

SMALL = ArchiveLimits(members=10, unpacked=200_000, free=10_000, ratio=5, depth=5)


@pytest.mark.parametrize(
    ("name", "data", "limits"),
    [
        ("x.tar", tar_of([Entry(f"t/{n}") for n in range(11)]), SMALL),
        ("x.zip", zip_of_files([(f"t/{n}", b"") for n in range(11)]), SMALL),
        ("x.tar.gz", tar_of_files({"t/a": bytes(50_000), "t/b": b""}), SMALL),
        ("x.zip", zip_of_files([("t/a", bytes(50_000))]), SMALL),
        ("x.tar", tar_of([Entry("t/a", b"x" * 300_000), Entry("t/b")]), SMALL),
        ("x.tar", tar_of([Entry("t/a/b/c/d/e", b"")]), SMALL),
        ("x.zip", zip_of_files([("t/a/b/c/d/e", b"")]), SMALL),
        (
            "x.tar",
            tar_of(
                [Entry("t/a", b"x" * 50_000)] + [Entry(f"t/{n}", kind=HARDLINK, target="t/a") for n in range(8)]
            ),
            SMALL,
        ),
        ("x.tar.gz", gzip.compress(bytes(5_000_000)), SMALL),
        ("x.tar.xz", lzma.compress(bytes(5_000_000)), SMALL),
        ("x.tar.bz2", bz2.compress(bytes(5_000_000)), SMALL),
        ("x.tar", _patched(_pax(b"6 a=b\n"), 124, b"%011o\0" % 65_537), None),
        ("x.tar", _patched(_pax(b"6 a=b\n"), 124, b"\x80" + bytes(3) + b"\x7f" * 8), None),
    ],
)  # fmt: skip
def test_a_bomb_is_refused_before_it_goes_off(
    tmp_path: Path, name: str, data: bytes, limits: ArchiveLimits | None
) -> None:
    """Members, bytes, what they are packed into, depth, hard links, headers."""
    assert _refusal(tmp_path, name, data, limits).startswith("oversized-archive")


def test_no_file_is_held_in_memory(tmp_path: Path) -> None:
    """A file is unpacked in a process that may not have as much more memory."""
    resource = pytest.importorskip("resource", reason="this system has no limits on memory")
    assert resource.RLIMIT_AS
    content = bytes(64 * 1024 * 1024)
    for name, data in (
        ("x.tar.gz", tar_of_files({"t/a": content, "t/b": b""})),
        ("x.zip", zip_of_files([("t/a", content)])),
    ):
        (tmp_path / name).write_bytes(data)
        script = (
            "import resource, sys; from safepip.edges.builder.archives import unpack\n"
            "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
            "resource.setrlimit(resource.RLIMIT_AS, (now + 24 * 1024 * 1024,) * 2)\n"
            "unpack(sys.argv[1], sys.argv[2], sys.argv[3])\n"
        )
        if not os.path.exists("/proc/self/statm"):
            pytest.skip("this system does not tell how much memory a process has")
        into = tmp_path / f"{name}.d"
        subprocess.run([sys.executable, "-c", script, str(tmp_path / name), name, str(into)], check=True)
        assert (into / "a").stat().st_size == len(content)
