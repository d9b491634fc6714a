"""Gets a wheel's core metadata without the wheel where that is possible, and whole wheels that are named directly.

In this order: the copy kept by an earlier run; the sidecar that the index advertises (PEP 658), compared with the
digest given for it; the end of the archive by range requests; the whole wheel, which is verified as any download and
stays in the store. A sidecar with another digest than the index announced is refused.

What is read here only guides the resolution. Before a wheel is handed over, it is compared with the METADATA in the
wheel itself (`rules.metadata_mismatch`), so none of these ways has to be trusted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.disk.local_paths import local_path
from safepip.edges.indexes.listings import Listing, file_failed
from safepip.edges.indexes.page_cache import vouched
from safepip.edges.indexes.remote_wheels import RemoteWheels, must_be_there
from safepip.index.deliveries import direct_source
from safepip.model.candidate import Candidate
from safepip.model.errors import Refused, ResolutionImpossible
from safepip.model.events import ignore
from safepip.model.finding import printable
from safepip.model.page import ProjectFile
from safepip.model.urls import is_file_url, parse, stays_encrypted
from safepip.model.wheel_names import read_wheel_name
from safepip.resolution.catalog import UnsupportedWheel
from safepip.wheel.metadata import MetadataError, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.edges.disk.store import Store
    from safepip.edges.indexes.downloads import Download
    from safepip.edges.indexes.page_cache import PageCache
    from safepip.edges.network.http import Transport
    from safepip.edges.network.loop import Loop
    from safepip.index.candidates import TagRanks
    from safepip.model.digest import RequiredDigests
    from safepip.model.events import Tell
    from safepip.model.evidence import VerifiedFile
    from safepip.model.index import Index
    from safepip.model.origin import Origin
    from safepip.model.plan import Network
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata

#: The largest METADATA file that is read, in bytes. The largest one met on real indexes has some 300 kB.
MAX_METADATA = 10 * 1024 * 1024


class WheelReader:
    """See the module. `read` is a coroutine of the loop; `kept` and `direct` are called from other threads."""

    def __init__(
        self,
        loop: Loop,
        transport: Callable[[], Transport],
        cache: PageCache,
        store: Store,
        ranks: TagRanks,
        network: Network,
        tell: Tell = ignore,
    ) -> None:
        self._tell = tell
        self._loop = loop
        self._transport = transport
        self._cache = cache
        self._store = store
        self._ranks = ranks
        self._network = network
        self._remote = RemoteWheels(transport, store, network)

    def _fetch(self, wanted: Download) -> VerifiedFile:
        """One whole wheel, verified. Not to be called on the loop, which it waits for."""
        from safepip.edges.indexes.fetch import fetch_all

        network = self._network
        (wheel,) = fetch_all(
            self._loop,
            self._transport,
            self._store,
            [wanted],
            self._tell,
            retries=network.retries,
            resume_retries=network.resume_retries,
        )
        return wheel

    def kept(self, candidate: Candidate) -> CoreMetadata | None:
        """The metadata, where it is available without the network; else None. Raises `Refused` (`known-malware`)."""
        file = candidate.file
        self._store.objections.check(file.filename, *file.digests)
        # Where several sources list a file, no single one of them may decide what it requires.
        text = self._cache.load_metadata(file) if file.metadata or not candidate.age_statements else None
        cached = text is not None
        if text is None:
            wheel = self._stored(file)
            text = None if wheel is None else _from_archive(wheel.path, file.filename)
        if text is None and is_file_url(file.url):
            path = local_path(file.url)
            self._store.objections.check_unread(file.filename, path)
            text = _from_archive(path, file.filename)
        if text is None:
            return None
        try:
            return parse_metadata(text, verified=bool(vouched(text, file)), checked=cached)
        except MetadataError:
            return None  # it is read again, and an error is raised there

    def listing(self, index: Index, page_url: str) -> Listing:
        """Where the candidates of a page were listed."""
        return Listing(index, page_url, tuple(self._network.trusted_hosts))

    def _stored(self, file: ProjectFile) -> VerifiedFile | None:
        return self._store.get(file.filename, file.stated, size=file.size) if file.digests else None

    async def read(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        """The metadata, over the network. Raises `Unavailable`, `Refused` and `MetadataError`."""
        file = candidate.file
        self._store.objections.check(file.filename, *file.digests)
        if listing is None or is_file_url(file.url):
            # It was on this disk a moment ago, and could not be used.
            path = local_path(file.url) if is_file_url(file.url) else ""
            self._store.objections.check_unread(file.filename, path)
            return parse_metadata(must_be_there(path, file.filename), verified=False)
        listing.check(file)
        text = await self._sidecar(candidate, listing)
        if text is None:
            parts = not candidate.age_statements and self._store.objections.decided_by(file.digests)
            text = await self._remote.metadata(candidate, listing, parts=parts)
        metadata = parse_metadata(text, verified=bool(vouched(text, file)))
        self._cache.keep_metadata(file, text)
        return metadata

    async def _sidecar(self, candidate: Candidate, listing: Listing) -> bytes | None:
        """PEP 658: at the file's URL with `.metadata` appended. None where the index has none after all."""
        from safepip.edges.network.limits import HttpError

        file = candidate.file
        if file.metadata is None:
            return None
        allows = listing.allows(file)
        try:
            answer = await self._transport().get(
                file.url + ".metadata",
                limit=MAX_METADATA,
                allowed=lambda url: allows(url.removesuffix(".metadata")),
                owner=listing.index.url,
            )
        except HttpError as error:
            raise file_failed(candidate, listing, error) from None
        if answer.status != 200:
            return None
        if vouched(answer.body, file) is False:
            raise Refused.because(
                "sidecar-digest",
                f"the metadata of {candidate} is not what its index announced",
                context=(
                    file.filename,
                    *(f"announced {digest}" for digest in (*file.metadata, *file.metadata_checksums)),
                ),
                hint=f"tell the administrator of {listing.index.name}; nothing safe can be concluded from it",
                origins=(listing.index.origin,),
                subject=candidate.name,
            )
        return answer.body

    # --- wheels named directly ------------------------------------------------------------------------------------

    def direct(self, requirement: Requirement | Constraint, demand: RequiredDigests) -> Candidate:
        """Fetch and verify the wheel that the user names, of which all of the user's requirements together demand this.

        Raises `Refused`, `Unavailable`, `ResolutionImpossible`.
        """
        from safepip.edges.indexes.downloads import Download

        url = requirement.url
        assert url is not None
        filename = parse(url).filename
        candidate_of = _read_name(filename, self._ranks, requirement.origin)
        # A wheel that the user names needs no confirmation by an index; it is what was asked for, and its digest is
        # recorded.
        wanted = Download(
            filename,
            url,
            (),
            stays_encrypted(url),
            demand=demand,
            hashes_optional=True,
            sources=direct_source(url),
            subject=requirement.name,
            origins=(requirement.origin,),
        )
        wheel = self._fetch(wanted)
        _check_readable(wheel.path, filename, requirement)
        return candidate_of(ProjectFile(filename, url, (wheel.sha256,), size=wheel.size))


def _read_name(filename: str, ranks: TagRanks, asker: Origin) -> Callable[[ProjectFile], Candidate]:
    try:
        name, version, build, _ = read_wheel_name(filename)
    except ValueError:  # also a number longer than Python reads
        raise ResolutionImpossible.because(
            "invalid-wheel-name",
            f"{printable(filename)} is not a valid wheel filename",
            context=(f"required by {asker.chain()}",),
            subject=printable(filename),
        ) from None
    rank = ranks.best(*filename[:-4].split("-")[-3:])
    if rank is None:
        raise UnsupportedWheel.because(
            "unsupported-wheel",
            f"{printable(filename)} is not a supported wheel on this platform",
            context=(f"required by {asker.chain()}",),
            hint="name a wheel for this Python and platform, or the project without a URL",
            subject=name,
        )
    return lambda file: Candidate(name, version, file, rank, build)


def _check_readable(path: str, filename: str, requirement: Requirement | Constraint) -> None:
    """Raise `Refused` where the wheel at `path`, which the user has named, has no metadata that can be read."""
    from safepip.edges.disk.archive import ArchiveError, OversizedArchive, read_wheel_metadata

    try:
        read_wheel_metadata(path, filename)
    except ArchiveError as error:
        reference, message = (
            "unreadable-wheel",
            "is a broken or ambiguous archive: two readers could see different files in it",
        )
        if isinstance(error, OversizedArchive):
            reference, message = "oversized-wheel", "is larger than any real wheel"
        where = f"{printable(requirement.url or '')}: {printable(str(error))}"
        raise Refused.because(
            reference,
            f"{printable(filename)} {message}",
            context=(where, f"required by {requirement.origin.chain()}"),
            origins=(requirement.origin,),
            subject=requirement.name,
        ) from None


def _from_archive(path: str, filename: str) -> bytes | None:
    """The METADATA inside a wheel on this disk; None where the wheel has none that can be read."""
    from safepip.edges.disk.archive import ArchiveError, read_wheel_metadata

    if not os.path.isfile(path):
        return None
    try:
        return read_wheel_metadata(path, filename)
    except ArchiveError:
        return None
