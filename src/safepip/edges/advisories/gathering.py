"""From the configured folders and archives to a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.database import AdvisoryGathering, SourceSummary
from safepip.advisories.osv import RecordReading, read_record
from safepip.edges.advisories.bundle import BundleFacts, files_among, write_bundle
from safepip.edges.advisories.records import NotARecord, RunningDigest, parse, read_archive, read_files, unreadable
from safepip.model.advisories import Unreadable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from safepip.edges.advisories.records import SourceFile
    from safepip.model.advisory_policy import AdvisorySource


def update(
    root: str, sources: Sequence[AdvisorySource], fetch: Callable[[str], bytes], now: float
) -> tuple[BundleFacts, str]:
    """Read all sources and put their bundle below the cache folder `root`; what it is, and its path.

    `fetch` gives the archive at a URL. Raises `Unavailable` (`advisories-unreadable`, `store-unwritable`) and what
    `fetch` raises; the bundle before stays then.
    """
    gathering = AdvisoryGathering()
    read = [_read(source, gathering, fetch, now) for source in files_among(sources)]
    facts = BundleFacts(now, tuple(read))
    return facts, write_bundle(root, sources, gathering, facts)


def _read(
    source: AdvisorySource, gathering: AdvisoryGathering, fetch: Callable[[str], bytes], now: float
) -> SourceSummary:
    digest, count, ours, newest = RunningDigest(), 0, False, 0.0
    for file in _files(source, fetch):
        digest.add(file)
        count += 1
        reading = read_file(file, now)
        ours = ours or reading.ours
        newest = max(newest, reading.modified)
        gathering.add(reading, source.name)
    if not ours:
        raise unreadable(
            source.place, "none of its records is about PyPI", "take the part of the database that is about PyPI"
        )
    return SourceSummary(source.name, source.place, count, newest, digest.hex())


def _files(source: AdvisorySource, fetch: Callable[[str], bytes]) -> Iterator[SourceFile]:
    return read_archive(fetch(source.url), source.url) if source.url else read_files(source.path)


def read_file(file: SourceFile, now: float) -> RecordReading:
    """What came of one file, at a moment in seconds since the epoch. What is no record could be about any project."""
    try:
        return read_record(parse(file), file.name, now)
    except NotARecord as problem:
        return RecordReading(None, 0.0, {None: Unreadable(printable(file.name, 100), str(problem))})
