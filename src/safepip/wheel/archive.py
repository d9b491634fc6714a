"""Reads one file out of a wheel, from as few of its bytes as possible, and only where the archive has one reading.

A ZIP archive can be read in more than one way: two end records, a directory that is not where the end record says, two
members of one name, a member whose own header contradicts the directory. A check of one reading is worth nothing when
pip installs another. So the rules of this room are strict; none of them was broken by any of 966 real wheels:

1. The archive ends with its end record: no comment, nothing behind it, one disk.
2. The central directory ends where the end record (or the ZIP64 records before it) begins, begins where it
   says, and holds exactly the number of members that it says.
3. Names are text without NUL and backslash; no name stands twice; a Unicode name that an extra field gives
   equals the name.
4. There is exactly one top-level `.dist-info` folder, whatever its letter case, and it is named for the wheel's
   project and version. There is exactly one METADATA in it.
5. The METADATA member is stored or deflated, not encrypted, lies within the archive and apart from the next
   member, agrees with its own header, and unpacks to its announced size and checksum.

`safepip.wheel.zip_format` checks rules 1 to 3. `safepip.wheel.content` walks the whole archive before any wheel is
handed over; this module reads only what the metadata needs.

The bytes come from a `ByteSource`. `SparseBytes` is one that knows parts of a file elsewhere, and raises
`MissingRange` for the others: the caller fetches that range, adds it and calls again. Reading a wheel
takes at most three ranges: its end (`TAIL_BYTES`, or all of a shorter file), its directory, its METADATA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.wheel_names import read_wheel_name
from safepip.wheel.metadata import MAX_METADATA_BYTES
from safepip.wheel.zip_format import (
    DEFLATED,
    KNOWN_FLAGS,
    LOCAL,
    LOCAL_MARK,
    MARK32,
    STORED,
    STREAMED,
    ArchiveError,
    MissingRange,
    OversizedArchive,
    open_directory,
)
from safepip.wheel.zip_walk import whole_content

if TYPE_CHECKING:
    from safepip.wheel.zip_format import ByteSource, Member

__all__ = [
    "TAIL_BYTES",
    "ArchiveError",
    "MissingRange",
    "SparseBytes",
    "dist_info_folder",
    "metadata_from",
    "metadata_from_parts",
    "read_directory",
    "read_member",
]

#: How many bytes of an archive's end to ask for first.
#: Measured on 1,014 real wheels: METADATA is there after 1.16 requests and 78 KB on average.
TAIL_BYTES = 64 * 1024


class SparseBytes:
    """Those parts of a file that are known, of a total size that is known. Parts may touch and overlap."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._parts: list[tuple[int, bytes]] = []

    def add(self, start: int, data: bytes) -> None:
        """Add the bytes from `start` on.

        Raises `ArchiveError` where they lie outside the file or contradict what is known: then the file
        changed between two requests.
        """
        if start < 0 or start + len(data) > self.size:
            raise ArchiveError("the server sent bytes from outside the file")
        apart = []
        for known, held in self._parts:
            low, high = max(start, known), min(start + len(data), known + len(held))
            if low > high:
                apart.append((known, held))
                continue
            if data[low - start : high - start] != held[low - known : high - known]:
                raise ArchiveError("the file changed while it was read")
            data = held[: max(0, start - known)] + data + held[max(0, start + len(data) - known) :]
            start = min(start, known)
        self._parts = sorted([*apart, (start, data)])

    def read(self, start: int, end: int) -> bytes:
        """The bytes, or `MissingRange` for those of them that are not known."""
        _within(start, end, self.size)
        for known, held in self._parts:
            if known <= start < known + len(held):
                if end <= known + len(held):
                    return held[start - known : end - known]
                raise MissingRange(known + len(held), end)
        if start == end:
            return b""
        later = [known for known, _ in self._parts if start < known < end]
        raise MissingRange(start, min(later, default=end))


def metadata_from(source: ByteSource, filename: str) -> bytes:
    """The METADATA of the wheel `filename`. Raises `ArchiveError`; `MissingRange` where `source` does."""
    start, members = open_directory(source)
    member = _find_metadata(members, filename)
    if member.size > MAX_METADATA_BYTES or member.packed > MAX_METADATA_BYTES:
        raise OversizedArchive(f"METADATA has {member.size} bytes; at most {MAX_METADATA_BYTES} are read")
    end = min((other.offset for other in members if other.offset > member.offset), default=start)
    return read_member(source, member, end)


def metadata_from_parts(parts: SparseBytes, filename: str) -> bytes:
    """As `metadata_from`, of the known parts of a file elsewhere."""
    return metadata_from(parts, filename)


def read_directory(source: ByteSource) -> list[Member]:
    """All members, in the directory's order. Raises `ArchiveError`; `MissingRange` where `source` does."""
    return open_directory(source)[1]


def dist_info_folder(members: list[Member], filename: str) -> str:
    """The one `.dist-info` folder of a wheel of this file name. Raises `ArchiveError`."""
    return _find_metadata(members, filename).name.partition("/")[0]


def _find_metadata(members: list[Member], filename: str) -> Member:
    """The METADATA member of a wheel of this file name."""
    tops = {member.name.split("/", 1)[0] for member in members}
    folders = sorted(top for top in tops if top.casefold().endswith(".dist-info"))
    if len(folders) != 1:
        found = printable(", ".join(folders), 200) if folders else "none"
        raise ArchiveError(f"a wheel must have exactly one .dist-info folder; found {found}")
    _check_folder(folders[0], filename)
    path = f"{folders[0]}/METADATA"
    folded = path.casefold()
    found_members = [member for member in members if member.name.casefold() == folded]
    if [member.name for member in found_members] != [path]:
        raise ArchiveError(f"a wheel must have exactly one {printable(path, 120)}; found {len(found_members)}")
    return found_members[0]


def _check_folder(folder: str, filename: str) -> None:
    """PEP 427: the folder is named `{distribution}-{version}.dist-info`, as the file name begins."""
    try:
        name, version, _, _ = read_wheel_name(filename)
    except ValueError:  # also a number longer than Python reads
        raise ArchiveError(f"{printable(filename, 120)} is not a wheel's file name") from None
    stated_name, _, stated_version = folder[: -len(".dist-info")].rpartition("-")
    try:
        agree = normalise(stated_name) == name and Version(stated_version) == version
    except ValueError:
        agree = False
    if not agree:
        raise ArchiveError(f"the wheel holds {printable(folder, 120)}, which is not what its file name says")


def read_member(source: ByteSource, member: Member, end: int) -> bytes:
    """A member's whole content; `end` is where the next member or the directory begins.

    The caller has checked that the announced size may be unpacked. Raises as `metadata_from`.
    """
    if member.flags & ~KNOWN_FLAGS or member.method not in (STORED, DEFLATED):
        raise ArchiveError(f"{printable(member.name, 120)} is encrypted or packed in a way that is not supported")
    # What lies between the header and the content (the header's extra field) has at most 65,535 bytes; a
    # range that ends with the next member costs no second request.
    longest = member.offset + LOCAL.size + len(member.raw_name) + 0xFFFF + member.packed
    block = source.read(member.offset, min(end, longest))
    if len(block) < LOCAL.size:
        raise ArchiveError("a member has no room for its own header")
    mark, _, flags, method, checksum, packed, size, name_size, extra_size = LOCAL.unpack_from(block)
    content = LOCAL.size + name_size + extra_size
    # With bit 3 the sizes and the checksum follow the content, and the header may have zeros.
    reported = (checksum, packed, size)
    agree = (
        reported == (member.checksum, member.packed, member.size)
        or (reported == (0, 0, 0) and flags & STREAMED != 0)
        or (MARK32 in (packed, size) and checksum == member.checksum)
    )
    if (
        mark != LOCAL_MARK
        or block[LOCAL.size : LOCAL.size + name_size] != member.raw_name
        or (flags, method) != (member.flags, member.method)
        or not agree
    ):
        raise ArchiveError(
            f"the archive's directory and the header of {printable(member.name, 120)} contradict each other"
        )
    if content + member.packed > len(block):
        raise ArchiveError(f"{printable(member.name, 120)} overlaps what follows it")
    return bytes(whole_content(member, block[content : content + member.packed]))


def _within(start: int, end: int, size: int) -> None:
    if not 0 <= start <= end <= size:
        raise ArchiveError("the archive refers to bytes outside itself")
