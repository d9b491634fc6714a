"""What the records of a project say of one of its versions: one finding for each matter, with the versions that fix it.

Records that share a name are one matter (`aliases`), and the matter is what the worst of them says: it affects the
version if one of them does, it has the highest severity that is known, and it is malicious if one says so. A version
fixes it that is named as its repair and is not affected by any of its records.

Nothing is clean by accident: a record that cannot be read, and one that cannot be compared with this version, is a
reason why the version is not verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.aliases import AliasClasses
from safepip.advisories.ranges import affects, fixes, read_version
from safepip.advisories.severity import worst_first
from safepip.model.advisories import Judgement, KnownRecord, Severity, Unverified, Vulnerability

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.version import Version

    from safepip.model.advisories import ProjectRecords, Unreadable

#: How many repairs are looked at, the lowest first: each is compared with all that is known.
_MOST_REPAIRS = 100


def judge(version: str, records: ProjectRecords) -> Judgement:
    """What is known of a version, as it is written in its metadata or a lock."""
    unverified = [_unread(fault) for fault in records.unreadable]
    found = []
    for group in _matters(records.known):
        answers = [is_affected(record, version) for record in group]
        if True in answers:
            found.append(_vulnerability(group, version))
        elif None in answers:
            names = group[0].ids
            malicious = any(record.malicious for record in group)
            reason = f"{names[0]} cannot be compared with the version {version}"
            unverified.append(Unverified(names, reason, malicious))
    found.sort(key=lambda matter: (-matter.severity.counted, matter.id))
    return Judgement(tuple(found), tuple(dict.fromkeys(unverified)), _smallest(found, records.known))


def _unread(fault: Unreadable) -> Unverified:
    if not fault.record:
        return Unverified((), fault.reason)
    return Unverified((fault.record,), f"{fault.record} cannot be read: {fault.reason}")


def _matters(known: Sequence[KnownRecord]) -> list[list[KnownRecord]]:
    """The records by what they are about, each with all names of its matter. Records of a bundle and of a server meet
    here first."""
    classes = AliasClasses()
    for record in known:
        classes.add(record.ids[0], record.ids[1:])
    matters: dict[tuple[str, ...], list[KnownRecord]] = {}
    for record in known:
        names = classes.names(record.ids[0])
        matters.setdefault(names, []).append(record._replace(ids=names))
    return list(matters.values())


def is_affected(record: KnownRecord, version: str) -> bool | None:
    """Whether a record is about a version; None where that cannot be said."""
    answers = [affects(affected, version) for affected in record.affected]
    return True if True in answers else None if None in answers else False


def _vulnerability(group: Sequence[KnownRecord], version: str) -> Vulnerability:
    names = group[0].ids
    stated = (fix for record in group for affected in record.affected for fix in fixes(affected.ranges))
    return Vulnerability(
        names[0],
        names[1:],
        max((record.severity for record in group), default=Severity.UNKNOWN),
        tuple(fix for fix in later(stated, version)[:_MOST_REPAIRS] if not _is_touched(group, fix)),
        any(record.malicious for record in group),
        next((record.summary for record in group if record.summary), ""),
        worst_first(rating for record in group for rating in record.ratings),
    )


def later(versions: Iterable[str], than: str) -> list[str]:
    """Those of these versions that come after one, each once, the lowest first. What cannot be ordered is left out."""
    start = read_version(than)
    found: dict[Version, str] = {}
    for text in versions:
        version = read_version(text)
        if version is not None and (start is None or version > start):
            found.setdefault(version, text)
    return [found[version] for version in sorted(found)]


def _smallest(found: Sequence[Vulnerability], known: Sequence[KnownRecord]) -> str | None:
    """The lowest repair of any of these matters that nothing known affects."""
    stated = sorted({fix for matter in found for fix in matter.fixed}, key=_order)
    return next((fix for fix in stated[:_MOST_REPAIRS] if not _is_touched(known, fix)), None)


def _is_touched(records: Sequence[KnownRecord], version: str) -> bool:
    """Whether a version is affected by one of these records, or may be."""
    return any(is_affected(record, version) is not False for record in records)


def _order(text: str) -> Version:
    version = read_version(text)
    assert version is not None
    return version
