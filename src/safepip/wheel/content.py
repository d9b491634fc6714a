"""The whole content of a wheel: every member is unpacked and hashed once, but for those of a sound one; few are kept.

`safepip.wheel.zip_format` and `safepip.wheel.zip_walk` decide what of the archive is believed. RECORD is read before
all others, because it names the algorithm by which each file is hashed. Its rows are judged in `safepip.rules.judging`,
not here: a RECORD that cannot be read is ignored here.

Of a wheel with the very same bytes an earlier run may have found that every member unpacks to what its row in RECORD
says (`safepip.edges.disk.sound_wheels`). Then that is not computed a second time where every file will be compared with
its row once pip has installed it. Everything else is done as for any wheel: both readings of the archive are made and
compared, with every name, size and limit, and unpacked is what is kept, what may declare a namespace, and what the
comparison leaves out: byte code, which pip makes anew, and scripts, in which it puts its interpreter.
"""

from __future__ import annotations

import hashlib
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

from safepip.model.digest import STRONG
from safepip.model.finding import printable
from safepip.model.wheel import Entry, WheelContent
from safepip.wheel.archive import dist_info_folder, read_member
from safepip.wheel.editable_loaders import LONGEST as LONGEST_LOADER
from safepip.wheel.editable_loaders import may_be_loader
from safepip.wheel.metadata import MAX_METADATA_BYTES
from safepip.wheel.namespaces import LONGEST, way_of_declaring
from safepip.wheel.record import RecordError, parse_record
from safepip.wheel.zip_format import ArchiveError, OversizedArchive, open_directory
from safepip.wheel.zip_walk import check_limits, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.wheel.zip_format import ByteSource, Member

#: The largest RECORD that is read; one of 100,000 files has about 12 MB.
MAX_RECORD_BYTES = 32 * 1024 * 1024

#: The largest of the other texts, and all texts of a wheel together, RECORD included. Of 966 real wheels
#: none has a text of more than 50 kB besides METADATA and RECORD.
MAX_TEXT_BYTES = 1024 * 1024
MAX_TEXTS_BYTES = 64 * 1024 * 1024

#: What is kept of the `.dist-info` folder, and how large it may be.
_KEPT_INFO = {
    "METADATA": MAX_METADATA_BYTES,
    "RECORD": MAX_RECORD_BYTES,
    "WHEEL": MAX_TEXT_BYTES,
    "entry_points.txt": MAX_TEXT_BYTES,
    "direct_url.json": MAX_TEXT_BYTES,
}
#: What pip takes requirements from where METADATA has none (`wheel.metadata_as_pip`); in any letters.
_BESIDE_METADATA = "requires.txt"
_KEPT_SUFFIXES = (".pth", ".start")

_ALGORITHMS: Mapping[str, Callable[[], hashlib._Hash]] = {"sha384": hashlib.sha384, "sha512": hashlib.sha512}

#: Attributes of DOS by which a member is something other than a file: a volume's name, a folder, a device, a link of
#: Windows.
_DOS_SPECIAL = {0x08: "a volume's name", 0x10: "a folder", 0x40: "a device", 0x400: "a link"}
_DOS_FOLDER = 0x10
_UNIX_SPECIAL = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
}


def content_from(source: ByteSource, filename: str, *, sound: bool = False) -> WheelContent:
    """Read everything; of a wheel that is known to be `sound` what is described above. Raises `ArchiveError` for an
    archive that is broken or ambiguous."""
    start, members = open_directory(source)
    check_limits(members, source.size)
    info = dist_info_folder(members, filename)
    kept = _kept(members, info)
    record = _record(source, start, members, f"{info}/RECORD")
    closed = _closed(members, kept, record) if sound else {}
    algorithms = _algorithms(record)
    found: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    for member, pieces in walk(source, start, members, closed):
        name = member.name
        if name in closed:
            found[name] = _entry(member, *closed[name])
            continue
        algorithm = algorithms.get(name, "sha256")
        hashed = _ALGORITHMS.get(algorithm, hashlib.sha256)()
        namespace = ""
        if name in kept:
            texts[name] = text = b"".join(pieces)
            hashed.update(text)
        elif member.size <= LONGEST and name.endswith("/__init__.py"):
            text = b"".join(pieces)
            hashed.update(text)
            namespace = way_of_declaring(text)
        else:
            for piece in pieces:
                hashed.update(piece)
        found[name] = _entry(member, algorithm, hashed.digest(), namespace)
    ordered = [found[member.name] for member in members]
    return WheelContent(
        filename,
        info,
        {entry.path: entry for entry in ordered if not entry.path.endswith("/")},
        texts,
        tuple(entry for entry in ordered if entry.path.endswith("/")),
    )


def _kept(members: Sequence[Member], info: str) -> frozenset[str]:
    """The names of the members whose contents are kept. Raises `OversizedArchive` where that is too much."""
    limits = {f"{info}/{name}": limit for name, limit in _KEPT_INFO.items()}
    beside = f"{info}/{_BESIDE_METADATA}".casefold()
    kept = [
        member
        for member in members
        if member.name in limits
        or _may_run(member.name)
        or _is_read_by_zsh(member.name)
        or (member.size <= LONGEST_LOADER and may_be_loader(member.name))
        or (len(member.name) == len(beside) and member.name.casefold() == beside)
    ]
    for member in kept:
        limit = limits.get(member.name, MAX_TEXT_BYTES)
        if member.size > limit:
            raise OversizedArchive(f"{printable(member.name, 120)} has {member.size} bytes; at most {limit} are read")
    total = sum(member.size for member in kept)
    if total > MAX_TEXTS_BYTES:
        raise OversizedArchive(f"the wheel's own texts have {total} bytes; at most {MAX_TEXTS_BYTES} are read")
    return frozenset(member.name for member in kept)


def _may_run(name: str) -> bool:
    """Whether a file could run when Python starts, by its name and place; in a package a `.pth` is data."""
    folder, _, file = name.casefold().rpartition("/")
    if not file.endswith(_KEPT_SUFFIXES):
        return False
    in_data = folder.partition("/")[0].endswith(".data")
    return not folder or in_data or folder.rpartition("/")[2] in ("site-packages", "dist-packages")


def _is_read_by_zsh(name: str) -> bool:
    """Whether a file may be a completion for zsh, whose first line says for which commands it is."""
    return name.rpartition("/")[0].casefold().endswith(("/zsh/site-functions", "/zsh/vendor-completions"))


def _record(source: ByteSource, start: int, members: Sequence[Member], record: str) -> bytes:
    """The bytes of RECORD; empty where there is none."""
    member = next((member for member in members if member.name == record), None)
    if member is None:
        return b""
    end = min((other.offset for other in members if other.offset > member.offset), default=start)
    return read_member(source, member, end)


def _algorithms(record: bytes) -> Mapping[str, str]:
    """For each file whose row in RECORD has another strong digest than sha256, which one."""
    # Nearly every RECORD has only sha256. An algorithm whose name is not in the bytes is in no row.
    if not any(algorithm.encode() in record for algorithm in _ALGORITHMS):
        return {}
    try:
        return {row.path: row.algorithm for row in parse_record(record) if row.algorithm in _ALGORITHMS}
    except RecordError:
        return {}


def _closed(members: Sequence[Member], kept: frozenset[str], record: bytes) -> Mapping[str, tuple[str, bytes]]:
    """The members of a sound wheel that need not be unpacked, with the algorithm and the digest of their rows."""
    try:
        rows = {row.path: row for row in parse_record(record)}
    except RecordError:
        return {}
    closed = {}
    for member in members:
        name, row = member.name, rows.get(member.name)
        if row is None or row.digest is None or row.size not in (None, member.size):
            continue
        if 2 * len(row.digest) != STRONG.get(row.algorithm):
            continue
        if name in kept or name.endswith((".pyc", "/")) or ".data/scripts/" in name:
            continue
        if not (member.size <= LONGEST and name.endswith("/__init__.py")):
            closed[name] = row.algorithm, row.digest
    return closed


def _entry(member: Member, algorithm: str, digest: bytes, namespace: str = "") -> Entry:
    folder = member.name.endswith("/")
    if folder and member.size:
        raise ArchiveError(f"the folder {printable(member.name, 120)} has content")
    executable, special = _kind(member.attributes, folder=folder)
    return Entry(member.name, member.size, algorithm, digest, executable, special, namespace)


@lru_cache(maxsize=64)
def _kind(attributes: int, *, folder: bool) -> tuple[bool, str]:
    """Whether a member is executable, and what the archive says that it is besides what its name says.

    The upper half of the attributes is read as a Unix mode and the lower as DOS's attributes, whatever system the
    archive says it was packed on: programs differ in whether they look at that.
    """
    mode = attributes >> 16
    # pip gives a file the executable bit where the archive has it for the owner, the group or others.
    executable = bool(stat.S_ISREG(mode) and mode & 0o111)
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFDIR if folder else stat.S_IFREG):
        return executable, _UNIX_SPECIAL.get(kind, "a file of a kind that does not exist")
    dos = (name for bit, name in _DOS_SPECIAL.items() if attributes & bit and not (folder and bit == _DOS_FOLDER))
    return executable, next(dos, "")
