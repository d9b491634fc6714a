"""Records gathered into a database: by project, with the aliases of all sources made one, and malicious digests.

`AdvisoryGathering` takes records one by one and keeps what is needed of them, packed, so that tens of thousands fit
into memory. A project is packed as one JSON text, compressed; `unpack` reads it back. The form is this program's own
and belongs to `FORM`: a database of another form is not read.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.advisories.aliases import AliasClasses
from safepip.advisories.osv import malware_name
from safepip.model.advisories import Affected, Event, KnownRecord, ProjectRecords, Rating, Severity, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.advisories.osv import Record, RecordReading

#: The form of what is packed here and of the tables that it is kept in.
FORM = 3

_ENCODER = json.JSONEncoder(separators=(",", ":"))

#: How hard zlib tries: at its default it takes twice the time for a tenth less.
_LEVEL = 1

#: More than any project unpacks to: some of the largest have 500 records.
_LARGEST_PROJECT = 256 << 20

#: The name under which records are kept that cannot be used for any project. No project can have it.
EVERY_PROJECT = ""


class SourceSummary(NamedTuple):
    """What came of one source. `newest` is the newest `modified` in it, in seconds since the epoch."""

    name: str
    place: str
    records: int = 0
    newest: float = 0.0
    digest: str = ""


class AdvisoryGathering:
    """Takes records and gives the database that they make. What was added in which order changes nothing."""

    def __init__(self) -> None:
        self._classes = AliasClasses()
        self._kept: dict[str, list[tuple[str, bytes]]] = {}
        self._unreadable: dict[str, set[Unreadable]] = {}
        self._digests: dict[str, str] = {}

    def add(self, reading: RecordReading, source: str) -> None:
        """Take in what came of one record of a source."""
        for name, fault in reading.unreadable.items():
            self._unreadable.setdefault(name or EVERY_PROJECT, set()).add(fault._replace(source=source))
        for digest, called in reading.digests.items():
            self._name_file(digest, called)
        record = reading.record
        if record is None:
            return
        self._classes.add(record.id, record.aliases)
        for name in record.affected:
            self._kept.setdefault(name, []).append((record.id, _packed(record, name)))
        if record.malicious:
            for digest in record.digests:
                self._name_file(digest, malware_name((record.id, *record.aliases)))

    def _name_file(self, digest: str, record: str) -> None:
        self._digests[digest] = min(record, self._digests.get(digest, record))

    def projects(self) -> Iterator[tuple[str, bytes]]:
        """Each name with what is known of the project, packed."""
        for name in sorted(self._kept.keys() | self._unreadable.keys()):
            records = sorted({(self._classes.names(identity), text) for identity, text in self._kept.get(name, ())})
            known = ",".join(f"[{json.dumps(ids)},{text.decode()}]" for ids, text in records)
            faults = json.dumps(sorted(self._unreadable.get(name, ())))
            yield name, zlib.compress(f'{{"known":[{known}],"unreadable":{faults}}}'.encode(), _LEVEL)

    def digests(self) -> Iterator[tuple[str, str]]:
        """Each sha256 of a malicious file, with the id of a record that names it."""
        return iter(sorted(self._digests.items()))


def _packed(record: Record, name: str) -> bytes:
    # Versions are most of it, and have no line breaks. Named tuples are lists to JSON, and a severity is its number.
    affected = [("\n".join(versions), ranges) for versions, ranges in record.affected[name]]
    data = [affected, record.severity[name], record.malicious, record.summary, record.ratings[name]]
    return _ENCODER.encode(data).encode()


def unpack(data: bytes) -> ProjectRecords:
    """What is known of a project, of what `projects` gave. Raises what unpacking and reading JSON raise for anything
    else."""
    opened = zlib.decompressobj()
    text = opened.decompress(data, _LARGEST_PROJECT)
    if not opened.eof or opened.unused_data:
        raise ValueError("a project's records do not end where they should")
    read: dict[str, Any] = json.loads(text)
    return ProjectRecords(
        tuple(_known(ids, *rest) for ids, rest in read["known"]),
        tuple(Unreadable(*fault) for fault in read["unreadable"]),
    )


def _known(
    ids: list[str], affected: list[Any], severity: int, malicious: object, summary: str, rated: list[Any]
) -> KnownRecord:
    return KnownRecord(
        tuple(ids),
        tuple(
            Affected(
                tuple(filter(None, versions.split("\n"))),
                tuple(tuple(Event(*event) for event in events) for events in ranges),
            )
            for versions, ranges in affected
        ),
        Severity(severity),
        bool(malicious),
        summary,
        tuple(Rating(str(vector), float(score), Severity(level)) for vector, score, level in rated),
    )


def records_of(name: str, packed: Mapping[str, bytes]) -> ProjectRecords:
    """What is known of a project, with the records that cannot be used for any. `packed` has what there is of both."""
    own, every = (unpack(packed[key]) if key in packed else ProjectRecords() for key in (name, EVERY_PROJECT))
    return ProjectRecords(own.known, (*own.unreadable, *every.unreadable))
