"""METADATA out of a wheel that is elsewhere: out of its end, by range requests, or out of the whole wheel.

A server that does not answer ranges sends the whole wheel (RFC 9110, 14.2 allows it; devpi does so). Then that is read
to its end: it goes into the store as any download, verified, and is not asked for again. The other wheels of its origin
are asked for whole from then on, as long as the run lasts.

As many whole wheels come at the same time as for an installation. So where it is not known yet what an origin does, a
question for the end of a wheel waits for its turn, too. Where it is known and a whole wheel comes all the same, a short
one is read; a long one is left, and asked for again in its turn, since a body that waits may hold up its connection.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from safepip.edges.indexes.listings import file_failed
from safepip.index.deliveries import sources
from safepip.model.finding import printable
from safepip.model.index import Hashes
from safepip.model.urls import origin_of
from safepip.wheel.metadata import MetadataError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from safepip.edges.disk.store import Store
    from safepip.edges.indexes.listings import Listing
    from safepip.edges.network.bodies import Body, Part
    from safepip.edges.network.http import Transport
    from safepip.model.candidate import Candidate
    from safepip.model.plan import Network

#: 206 Partial Content (RFC 9110).
_PARTIAL = 206
#: Two are usual: the end of the archive, and METADATA where it lies before that.
_MOST_RANGES = 6


class RemoteWheels:
    """The wheels of a run whose indexes have no metadata files. Its coroutines are of one loop."""

    def __init__(self, transport: Callable[[], Transport], store: Store, network: Network) -> None:
        self._transport = transport
        self._store = store
        self._network = network
        self._turns: asyncio.Semaphore | None = None
        self._answers_ranges: dict[str, bool] = {}
        """By the origin of a file's URL; only what has been seen in this run."""

    async def metadata(self, candidate: Candidate, listing: Listing, *, parts: bool) -> bytes:
        """METADATA as it stands in the wheel. With `parts` a part of the wheel is enough, where the server gives that.

        Raises `Unavailable`, `Refused` and `MetadataError`.
        """
        origin, text = origin_of(candidate.file.url) or "", None
        if parts and self._answers_ranges.get(origin, True):
            known = origin in self._answers_ranges
            async with nullcontext() if known else self._turn():
                if self._answers_ranges.get(origin, True):
                    text = await self._by_parts(candidate, listing, in_turn=not known)
        if text is None:
            async with self._turn():
                text = await self._whole(candidate, listing)
        return text

    def _turn(self) -> asyncio.Semaphore:
        import asyncio

        from safepip.edges.indexes.fetch import CONCURRENT

        if self._turns is None:
            self._turns = asyncio.Semaphore(CONCURRENT)
        return self._turns

    async def _by_parts(self, candidate: Candidate, listing: Listing, *, in_turn: bool) -> bytes | None:
        """From the end of the wheel, or from the whole one where that comes instead. None where it has to be asked for
        as a whole: for an unusual archive, and where the server could not be asked."""
        from safepip.edges.disk.archive import TAIL_BYTES, ArchiveError
        from safepip.edges.network.bodies import Body
        from safepip.edges.network.limits import HttpError, byte_count

        file, origin = candidate.file, origin_of(candidate.file.url) or ""
        ask = self._transport().end_or_whole
        try:
            async with ask(file.url, TAIL_BYTES, allowed=listing.allows(file), owner=listing.index.url) as answer:
                if isinstance(answer, Body):
                    size = byte_count(answer.headers.get("content-length"))
                    # All of a file that is no longer than what was asked for says nothing of ranges.
                    short = size is not None and size <= TAIL_BYTES
                    if not short:
                        self._answers_ranges[origin] = False
                    return await self._whole(candidate, listing, answer) if short or in_turn else None
            if answer.status != _PARTIAL or answer.size is None:
                return None
            self._answers_ranges[origin] = True
            return await self._from_end(candidate, listing, answer, answer.size)
        except ArchiveError:
            return None  # reading the whole wheel will show the error
        except HttpError as error:
            if error.kind in ("redirect", "insecure"):
                raise file_failed(candidate, listing, error) from None
        return None

    async def _from_end(self, candidate: Candidate, listing: Listing, end: Part, size: int) -> bytes | None:
        """From the end of a wheel of that size, and what more of it is needed. Raises `ArchiveError`, `HttpError`."""
        from safepip.edges.disk.archive import MissingRange, SparseBytes, metadata_from_parts

        file, owner = candidate.file, listing.index.url
        known = SparseBytes(size)
        known.add(end.start, end.body)
        for _ in range(_MOST_RANGES):
            try:
                return metadata_from_parts(known, file.filename)
            except MissingRange as missing:
                first, last = missing.start, missing.end - 1
                part = await self._transport().fetch_range(
                    file.url, first=first, last=last, allowed=listing.allows(file), owner=owner
                )
                if part.status != _PARTIAL or part.size != size:
                    return None
                known.add(part.start, part.body)
        return None

    async def _whole(self, candidate: Candidate, listing: Listing, begun: Body | None = None) -> bytes:
        """From the whole wheel, verified and kept. `begun` is an answer that has it."""
        from safepip.edges.indexes.downloads import Download
        from safepip.edges.indexes.fetch import fetch_one

        file, network = candidate.file, self._network
        wanted = Download(
            file.filename,
            file.url,
            file.stated,
            listing.allows(file),
            size=file.size,
            hashes_optional=listing.index.hashes is Hashes.OPTIONAL,
            owner=listing.index.url,
            sources=sources((listing.index,), network.trusted_hosts),
            subject=candidate.name,
        )
        wheel = await fetch_one(
            self._transport,
            self._store,
            wanted,
            retries=network.retries,
            resume_retries=network.resume_retries,
            begun=begun,
        )
        return must_be_there(wheel.path, file.filename)


def must_be_there(path: str, filename: str) -> bytes:
    """The METADATA inside a wheel on this disk. Raises `MetadataError`, which says what is wrong with the wheel."""
    from safepip.edges.disk.archive import ArchiveError, read_wheel_metadata

    try:
        return read_wheel_metadata(path, filename)
    except ArchiveError as error:
        reason = printable(str(error)).removeprefix("the wheel cannot be read: ")
        raise MetadataError(f"the wheel cannot be read: {reason}") from None
