"""The whole content of a wheel: every member is unpacked and hashed, few are kept.

What of the archive is believed is decided in `safepip.wheel_archive`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safepip.model.wheel import Entry, WheelContent
from safepip.wheel_archive import Source, dist_info_folder, read_members

if TYPE_CHECKING:
    from safepip.wheel_archive import Member

_KEPT_INFO = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "direct_url.json")


def content_from(source: Source, filename: str) -> WheelContent:
    """Read everything. Raises `ArchiveError` for an archive that is not read in one way only."""
    entries: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    members: list[Member] = []
    info = ""
    for member, data in read_members(source):
        members.append(member)
        if member.name.endswith("/"):
            continue
        entries[member.name] = Entry(member.name, len(data), "sha256", hashlib.sha256(data).digest())
        if member.name.endswith((".pth", ".start", *(f".dist-info/{name}" for name in _KEPT_INFO))):
            texts[member.name] = data
    info = dist_info_folder(members, filename)
    return WheelContent(filename, info, entries, texts)
