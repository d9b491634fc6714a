"""Archives that are two things at once, or whose end says something else than their beginning."""

from __future__ import annotations

import struct

from hostile.attack import (
    HARMLESS,
    INIT,
    METADATA,
    Offer,
    offer,
    parts,
    stopped_by,
    wheel,
)
from support.wheels import metadata_text
from support.zips import (
    DEFLATED,
    Part,
    central_header,
    deflated,
    end_record,
    local_header,
    zip_of,
)

_SCRIPT = b"#!/bin/sh\nexit 0\n"


@stopped_by("unreadable-wheel")
def shell_script_in_front() -> Offer:
    """Whoever runs the file runs a shell script; pip finds a wheel behind it."""
    return offer(zip_of(parts(), prefix=_SCRIPT))


@stopped_by("unreadable-wheel")
def shell_script_in_front_with_the_old_offsets() -> Offer:
    """The same with offsets that count from the archive's beginning, which readers put right in different ways."""
    return offer(zip_of(parts(), prefix=_SCRIPT, shift=-len(_SCRIPT)))


@stopped_by("unreadable-wheel")
def linux_program_in_front() -> Offer:
    """The file begins as an ELF program does, so that it can be run once somebody marks it executable."""
    return offer(zip_of(parts(), prefix=b"\x7fELF\x02\x01\x01" + bytes(57)))


@stopped_by("unreadable-wheel")
def windows_program_in_front() -> Offer:
    """The file begins as a Windows program does, so that renaming it is enough to run it."""
    return offer(zip_of(parts(), prefix=b"MZ" + bytes(58) + b"\x40\x00\x00\x00PE\x00\x00"))


@stopped_by("unreadable-wheel")
def document_in_front() -> Offer:
    """A scanner that goes by the first bytes sees a PDF document and looks for no Python in it."""
    return offer(zip_of(parts(), prefix=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n"))


@stopped_by("unreadable-wheel")
def bytes_behind_the_end() -> Offer:
    """Bytes follow the end record, which belong to no member and which no reader of the wheel shows."""
    return offer(zip_of(parts(), suffix=b"\nimport safepip_payload_marker\n"))


@stopped_by("unreadable-wheel")
def archive_comment() -> Offer:
    """The archive's comment carries a payload outside every member and every digest of RECORD."""
    return offer(zip_of(parts(), comment=HARMLESS.encode()))


@stopped_by("unreadable-wheel")
def second_end_in_the_comment() -> Offer:
    """The comment holds a directory and an end record of its own: one reader takes the outer archive, pip the inner."""
    shown, meant = parts(), parts({INIT: HARMLESS})
    body, listed = _two_bodies(shown, meant)
    place = len(body) + len(listed[0]) + 22
    inner = listed[1] + _end(listed[1], len(meant), place)
    outer = end_record({"count": len(shown), "size": len(listed[0]), "start": len(body)}, inner, {})
    return offer(body + listed[0] + outer)


@stopped_by("unreadable-wheel")
def two_archives_end_to_end() -> Offer:
    """Two whole wheels stand end to end: who reads from the front checks the first, pip installs the second."""
    return offer(wheel() + wheel({INIT: HARMLESS}))


@stopped_by("unreadable-wheel")
def end_record_points_at_another_directory() -> Offer:
    """There are two directories of one length; the end record points at one, pip takes the one in front of it."""
    shown, meant = parts(), parts({INIT: "x = 1\n" * 3})
    body, _ = _two_bodies(shown, meant)
    offsets = _offsets([*shown, *meant])
    gap = sum(map(len, (central_header(part, 0) for part in shown)))
    first = b"".join(central_header(part, at) for part, at in zip(shown, offsets, strict=False))
    # pip's zipfile moves every offset by the distance between where the directory is said to be and where it is.
    second = b"".join(central_header(part, at - gap) for part, at in zip(meant, offsets[len(shown) :], strict=True))
    return offer(body + first + second + _end(second, len(meant), len(body)))


@stopped_by("unreadable-wheel")
def end_record_counts_too_few() -> Offer:
    """The end record counts fewer members than the directory holds, and readers that count stop before the last."""
    members = parts()
    return offer(zip_of(members, end={"count": len(members) - 1, "here": len(members) - 1}))


@stopped_by("unreadable-wheel")
def one_of_several_disks() -> Offer:
    """The end record says that the archive is the second disk of two, so that a strict reader gives up on it."""
    return offer(zip_of(parts(), end={"disk": 1, "start_disk": 1}))


@stopped_by("unreadable-wheel")
def wide_end_contradicts_the_short_one() -> Offer:
    """The ZIP64 end record and the ordinary one name different numbers of members, and readers take either."""
    return offer(zip_of(parts(), zip64=True, end={"count": 1, "here": 1}))


@stopped_by("unreadable-wheel")
def wide_end_names_another_directory() -> Offer:
    """The ordinary end record names one directory, the ZIP64 one another: pip follows the second."""
    shown, meant = parts(), parts({INIT: HARMLESS})
    body, listed = _two_bodies(shown, meant)
    stated: dict[str, int | bytes] = {"count": len(shown), "size": len(listed[0]), "start": len(body)}
    wide = zip_of([], zip64=True, end64={"here": len(meant), "count": len(meant), "size": len(listed[1])})
    place = len(body) + len(listed[0]) + len(listed[1])
    record = struct.pack("<4sQ2H2L4Q", *struct.unpack("<4sQ2H2L3Q", wide[:48]), place - len(listed[1]))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1)
    return offer(body + listed[0] + listed[1] + record + locator + end_record(stated, b"", {}))


@stopped_by("unreadable-wheel")
def cut_off() -> Offer:
    """The archive's last bytes are missing, so that a reader has to guess what it held."""
    return offer(wheel()[:-30])


@stopped_by("unreadable-wheel")
def no_archive_at_all() -> Offer:
    """The index serves a web page under a wheel's name."""
    return offer(b"<!DOCTYPE html><title>Sign in</title>" * 10)


@stopped_by("unreadable-wheel")
def bytes_between_members() -> Offer:
    """Bytes lie between two members, where only a reader that walks the file finds them."""
    members = parts()
    return offer(zip_of([members[0], *(Part(p.name, p.content, before=_SCRIPT) for p in members[1:2]), *members[2:]]))


@stopped_by("unreadable-wheel")
def bytes_before_the_directory() -> Offer:
    """Bytes lie between the last member and the directory."""
    return offer(zip_of(parts(), between=_SCRIPT))


@stopped_by("unreadable-wheel")
def bytes_behind_the_directory() -> Offer:
    """Bytes lie between the directory and the end record."""
    return offer(zip_of(parts(), after_directory=_SCRIPT))


@stopped_by("unreadable-wheel")
def member_outside_the_directory() -> Offer:
    """A member is in the file and not in its directory: who unpacks while reading gets it, who lists does not."""
    return offer(zip_of([*parts(), Part("widget/hidden.py", HARMLESS.encode(), listed=False)]))


@stopped_by("unreadable-wheel")
def metadata_twice() -> Offer:
    """METADATA is there twice; the first has no dependency, the second, which pip reads, has one."""
    members = parts(metadata=metadata_text("widget", "1.0", requires=["victim"]))
    first = Part(METADATA, metadata_text("widget", "1.0").encode())
    return offer(zip_of([first, *members]))


@stopped_by("unreadable-wheel")
def module_twice() -> Offer:
    """A module is there twice; a scanner reads the first, pip installs the second."""
    return offer(zip_of([Part(INIT, b"x = 1\n"), *parts({INIT: HARMLESS})]))


@stopped_by("unreadable-wheel")
def one_content_under_two_names() -> Offer:
    """Two members of the directory share one content, the simplest of the bombs that overlap."""
    members = parts({"widget/twin.py": "__version__ = '1.0'\n"})
    return offer(zip_of([Part(p.name, p.content, present=p.name != "widget/twin.py") for p in members]))


@stopped_by("unreadable-wheel")
def quoted_overlap() -> Offer:
    """A member's content quotes the header of the next, so that both unpack the same bytes: the brick of a bomb."""
    inner = Part("widget/inner.txt", b"0" * 1000, DEFLATED)
    quoted = local_header(inner)
    packed = struct.pack("<BHH", 0, len(quoted), 0xFFFF ^ len(quoted)) + quoted + deflated(inner.content)
    outer = Part("widget/outer.txt", quoted + inner.content, DEFLATED, packed=packed)
    members = parts({inner.name: inner.content, outer.name: outer.content})  # type: ignore[dict-item]
    others = [part for part in members if part.name not in (inner.name, outer.name)]
    place = len(local_header(outer)) + 5
    hidden = Part(inner.name, inner.content, DEFLATED, present=False, central={"offset": place})
    return offer(zip_of([outer, hidden, *others]))


@stopped_by("unreadable-wheel")
def header_missing() -> Offer:
    """The directory lists a member where the file has no header, so what is there depends on the reader."""
    members = parts({"widget/ghost.py": HARMLESS})
    return offer(
        zip_of([Part(p.name, p.content, central={"offset": 7}) if p.name == "widget/ghost.py" else p for p in members])
    )


def _two_bodies(shown: list[Part], meant: list[Part]) -> tuple[bytes, tuple[bytes, bytes]]:
    """The members of two archives in one file, and the directory of each."""
    everything = [*shown, *meant]
    offsets = _offsets(everything)
    listed = [central_header(part, at) for part, at in zip(everything, offsets, strict=True)]
    body = b"".join(local_header(part) + part.data for part in everything)
    return body, (b"".join(listed[: len(shown)]), b"".join(listed[len(shown) :]))


def _offsets(members: list[Part]) -> list[int]:
    found, at = [], 0
    for part in members:
        found.append(at)
        at += len(local_header(part)) + len(part.data)
    return found


def _end(directory: bytes, count: int, start: int) -> bytes:
    return end_record({"count": count, "size": len(directory), "start": start}, b"", {})
