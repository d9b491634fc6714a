"""Files from the network or the disk into the store, several at once, each hashed while it comes.

`fetch_all` takes what the store has, and fetches the rest:

- A file in the store is used where the index itself gives its digest, or is known to have delivered it. A file whose
  index is not asked (`unasked`) may come from nowhere else: no URL is followed, and no path.
- A file without a strong digest from the index or from the user is refused before anything is fetched,
  unless its index is declared to need none. All such files are reported together.
- A download is cut off at the first byte beyond the announced size.
- A broken download is resumed where it broke: Range, with If-Range where the server gave a validator (RFC 9110,
  13.1.5). A part is appended only when Content-Range continues what is there, and the digest of the whole decides in
  the end; a server that answers with the whole file is read from the beginning.
- At the first file that fails, the others are given up: nothing will be installed, and the reason is known.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from safepip.edges.disk.local_paths import local_path
from safepip.edges.disk.reading import open_regular
from safepip.edges.disk.store import size_mismatch
from safepip.edges.indexes.download_errors import about, failed, raise_all, refuse_unhashed
from safepip.edges.indexes.stored import refuse_absent, stored
from safepip.model.errors import Refused, SafepipError
from safepip.model.events import (
    ExchangeOver,
    Fetched,
    Fetching,
    FileDone,
    FromCache,
    Received,
    Retrying,
    Waiting,
    ignore,
)
from safepip.model.finding import printable
from safepip.model.urls import UrlError, is_file_url, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from safepip.edges.disk.store import Incoming, Store
    from safepip.edges.indexes.downloads import Download
    from safepip.edges.network.http import Body, Transport
    from safepip.edges.network.loop import Loop
    from safepip.model.events import Tell
    from safepip.model.evidence import VerifiedFile

#: How many files are downloaded at the same time.
CONCURRENT = 8
#: No file is larger than this, whatever the server says. The largest wheels in use have some 3 GB.
LARGEST_FILE = 8 << 30
_CHUNK = 1 << 20


def fetch_all(
    loop: Loop,
    transport: Callable[[], Transport],
    store: Store,
    wanted: Sequence[Download],
    tell: Tell = ignore,
    *,
    retries: int = 5,
    resume_retries: int = 5,
) -> list[VerifiedFile]:
    """All of `wanted`, in the same order, verified. Raises `Refused` or `Unavailable`.

    `tell` is told how far what comes over the network is. `transport` is called only when something has to come over
    the network. `retries` are for attempts that brought nothing, `resume_retries` for those that broke on the way
    (pip's two options).
    """
    refuse_unhashed(wanted)
    found = {place: file for place, it in enumerate(wanted) if (file := _from_disk(store, it, tell)) is not None}
    missing = {place: download for place, download in enumerate(wanted) if place not in found}
    refuse_absent(store, [download for download in missing.values() if download.unasked])
    if missing:
        fetcher = _Fetcher(transport(), store, tell, retries, resume_retries)
        found.update(zip(missing, _from_network(loop, fetcher, list(missing.values()), tell), strict=True))
    for place, download in enumerate(wanted):
        if download.sources and not download.unasked:
            store.deliveries.note(found[place], download.sources[0])
    return [found[place] for place in range(len(wanted))]


async def fetch_one(
    transport: Callable[[], Transport],
    store: Store,
    download: Download,
    *,
    retries: int,
    resume_retries: int,
    begun: Body | None = None,
) -> VerifiedFile:
    """One file of the network as `fetch_all` has it, for coroutines of the loop. `begun` is an answer that brings the
    file and has not been read yet: it is the first attempt, and whoever has opened it closes it.

    No thread may wait for the loop instead: asyncio has few, and the download may need one itself, to look up a host or
    to ask for a password.
    """
    import asyncio

    refuse_unhashed([download])
    file = await asyncio.to_thread(stored, store, download)
    if file is None:
        (file,) = await _Fetcher(transport(), store, ignore, retries, resume_retries, begun).fetch([download])
    if download.sources:
        store.deliveries.note(file, download.sources[0])
    return file


def _from_disk(store: Store, download: Download, tell: Tell) -> VerifiedFile | None:
    """A file that is in the store, or lies on this machine; None for any other."""
    file = stored(store, download)
    if file is not None:
        tell(FromCache(download.filename))
    if file is None and not download.unasked and is_file_url(download.url):
        file = _copy(store, download)
    if file is not None:
        download.ready(file)
    return file


def _from_network(loop: Loop, fetcher: _Fetcher, missing: list[Download], tell: Tell) -> list[VerifiedFile]:
    # No more comes than that, whatever an index or a lock says.
    sizes = [min(download.size, LARGEST_FILE) for download in missing if download.size is not None]
    tell(Fetching(len(missing), sum(sizes) if len(sizes) == len(missing) else None))
    try:
        return loop.run(fetcher.fetch(missing))
    finally:
        tell(Fetched())


def _copy(store: Store, download: Download) -> VerifiedFile:
    """A file of this machine, through the same verification as any other."""
    try:
        path = local_path(download.url)
        with open(open_regular(path), "rb", buffering=0) as source, store.incoming(_algorithms(download)) as incoming:
            while chunk := source.read(_CHUNK):
                incoming.write(chunk)
                _check_length(incoming, download)
            return _admit(incoming, download)
    except SafepipError as problem:
        raise about(problem, download, printable(download.url)) from problem
    except (OSError, ValueError, UrlError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise failed(download, f"{printable(download.url)} cannot be read: {reason}") from error


def _algorithms(download: Download) -> set[str]:
    return {digest.algorithm for digest in (*download.index_digests, *download.demand.digests())}


def _admit(incoming: Incoming, download: Download) -> VerifiedFile:
    return incoming.admit(
        download.filename, download.index_digests, download.demand, download.size, unhashed=download.hashes_optional
    )


def _check_length(incoming: Incoming, download: Download) -> None:
    if download.size is not None and incoming.size > download.size:
        raise size_mismatch(download.filename, download.size, incoming.size)
    if incoming.size > LARGEST_FILE:
        raise failed(download, f"{printable(download.filename)} is larger than any file that safepip fetches")


def _check_beginning(chunk: bytes, download: Download) -> None:
    """A wheel is a ZIP archive and begins as one: an answer that does not is not worth storing, however long it is.

    Checked only where no length is announced: elsewhere size and digest decide, and the disk is safe.
    """
    beginning = b"PK\x03\x04"
    if download.filename.endswith(".whl") and chunk and not beginning.startswith(chunk[:4]) and chunk[:4] != beginning:
        raise failed(download, f"{printable(download.filename)} cannot be fetched: the server does not send a wheel")


class _Fetcher:
    """The downloads of one `fetch_all`, on the loop. With `begun`, which is of the first one, there is no other."""

    def __init__(
        self,
        transport: Transport,
        store: Store,
        tell: Tell,
        retries: int,
        resume_retries: int,
        begun: Body | None = None,
    ) -> None:
        self._transport = transport
        self._store = store
        self._tell = tell
        self._patience = retries, resume_retries
        self._begun = begun

    async def fetch(self, wanted: list[Download]) -> list[VerifiedFile]:
        """All of them, or the errors of those that failed before the others were given up."""
        import asyncio

        gate = asyncio.Semaphore(CONCURRENT)

        async def one(download: Download) -> VerifiedFile:
            async with gate:
                file = await self._one(download)
            download.ready(file)
            return file

        # The largest first: what comes last should not be what takes longest.
        order = sorted(range(len(wanted)), key=lambda place: -(wanted[place].size or 0))
        tasks = {place: asyncio.create_task(one(wanted[place])) for place in order}
        try:
            await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        raise_all([task.exception() for task in tasks.values() if not task.cancelled()])
        return [tasks[place].result() for place in range(len(wanted))]

    async def _one(self, download: Download) -> VerifiedFile:
        self._tell(Waiting(id(download), self._transport.shown(download.url)))
        try:
            with self._store.incoming(_algorithms(download)) as incoming:
                transfer = _Transfer(self._transport, download, incoming, self._tell, self._begun)
                resumed = await transfer.run(*self._patience)
                if resumed and not incoming.holds(download.index_digests, download.demand):
                    # A file in parts may mix two versions of it; a whole one decides.
                    transfer.rewind()
                    await transfer.run(0, 0)
                return _admit(incoming, download)
        except SafepipError as problem:
            raise about(problem, download, self._transport.shown(download.url)) from problem
        finally:
            self._tell(ExchangeOver(id(download)))
            self._tell(FileDone())


class _Broken(Exception):
    """A download broke, or its answer says to try again, after `retry_after` if that is given."""

    def __init__(self, reason: str, retry_after: str | None = None, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint
        self.retry_after = retry_after


class _Transfer:
    """One file on its way, in as many parts as it takes; the first attempt reads `begun`, where that is given."""

    def __init__(
        self, transport: Transport, download: Download, incoming: Incoming, tell: Tell, begun: Body | None = None
    ) -> None:
        self._transport = transport
        self._download = download
        self._name = printable(download.filename)
        self._incoming = incoming
        self._tell = tell
        self._validator = ""
        self._begun = begun

    async def run(self, retries: int, resume_retries: int) -> bool:
        """Bring the whole file; whether it came in more than one part. Raises `SafepipError`."""
        import asyncio

        barren, broken, resumed = 0, 0, False
        while True:
            before = self._incoming.size
            try:
                await self._attempt()
            except _Broken as problem:
                if self._incoming.size > before:
                    broken += 1
                else:
                    barren += 1
                wait = self._transport.pauses(self._download.url).next(max(barren - 1, 0), problem.retry_after)
                if barren > retries or broken > resume_retries or wait is None:
                    message = f"{printable(self._download.filename)} cannot be fetched: {problem}"
                    raise failed(self._download, message, problem.hint) from problem
                resumed = resumed or self._incoming.size > 0
                advanced = self._incoming.size > before
                tried, most = (broken, resume_retries) if advanced else (barren, retries)
                shown = self._transport.shown(self._download.url)
                self._tell(Retrying(id(self._download), shown, str(problem), tried + 1, most + 1, wait))
                await asyncio.sleep(wait)
            else:
                return resumed

    def _advance(self, count: int) -> None:
        """So many bytes came, or have to come again."""
        self._tell(Received(id(self._download), count))

    def rewind(self) -> None:
        """Begin again with nothing."""
        self._advance(-self._incoming.size)
        self._incoming.restart()
        self._validator = ""

    async def _attempt(self) -> None:
        from safepip.edges.network.limits import RETRIED_KINDS, HttpError

        download, incoming = self._download, self._incoming
        headers = {}
        if incoming.size:
            headers["Range"] = f"bytes={incoming.size}-"
            if self._validator:
                headers["If-Range"] = self._validator
        try:
            async with self._opened(headers) as body:
                self._begin(body)
                async for chunk in body.chunks():
                    if incoming.size == 0 and download.size is None and "content-length" not in body.headers:
                        _check_beginning(chunk, download)
                    incoming.write(chunk)
                    self._advance(len(chunk))
                    _check_length(incoming, download)
        except HttpError as error:
            if error.kind in RETRIED_KINDS:
                raise _Broken(error.message, hint=error.help) from error
            message = f"{self._name} cannot be fetched: {error.message}"
            if error.kind in ("redirect", "insecure"):
                raise Refused.because(
                    "file-elsewhere",
                    message,
                    hint="ask its administrator why; a host that belongs to an index is declared with file-hosts",
                    origins=download.origins,
                    subject=download.subject,
                ) from error
            raise failed(download, message, error.help) from error
        if download.size is not None and incoming.size < download.size:
            raise _Broken("the server ended the file too early")

    def _opened(self, headers: dict[str, str]) -> AbstractAsyncContextManager[Body]:
        begun, self._begun = self._begun, None
        if begun is not None:
            return nullcontext(begun)
        download = self._download
        return self._transport.stream(download.url, headers=headers, allowed=download.allowed, owner=download.owner)

    def _begin(self, body: Body) -> None:
        """Judge the head of an answer: append to what is there, begin again, or fail."""
        from safepip.edges.network.limits import RETRIED_STATUSES, byte_count, content_range

        have, download = self._incoming.size, self._download
        if have and body.status in (206, 416):
            start, size = content_range(body.headers.get("content-range", "")) if body.status == 206 else (-1, None)
            if start == have and (size is None or download.size is None or size == download.size):
                return
            self.rewind()
            raise _Broken("the server sent a different part than the missing one")
        if body.status in RETRIED_STATUSES:
            raise _Broken(f"the server answers {body.status}", body.headers.get("retry-after"))
        if body.status != 200:
            host = parse(body.url).host
            raise failed(
                download, f"{printable(download.filename)} cannot be fetched: {printable(host)} answers {body.status}"
            )
        if have:
            self.rewind()
        length = byte_count(body.headers.get("content-length"))
        if None not in (length, download.size) and length != download.size and "content-encoding" not in body.headers:
            raise size_mismatch(download.filename, download.size or 0, length or 0)
        tag = body.headers.get("etag", "")
        self._validator = tag if tag.startswith('"') else body.headers.get("last-modified", "")
