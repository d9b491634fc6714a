"""HTTP within limits: redirects, credentials, retries, size and time.

`Transport.get` fetches a whole body into memory, `Transport.fetch_range` a part of one, `Transport.stream` gives a body
piece by piece, `Transport.end_or_whole` the end of one or, where the server does not do that, all of it piece by piece,
and `Transport.ask` posts a question that changes nothing. In each of them:

- A URL is https, or http to a loopback or trusted host. It has no user information.
- A redirect is followed by hand: at most 10, each target must satisfy `allowed`, https never leads to http.
- An `Authorization` header is made for each hop separately, from the credentials of that hop's origin; it is sent
  unasked where known, as pip does, and once more after a 401 where the keyring or the user knows better.
- A body is cut off at `limit` bytes, counted after decompression, and when its time is over (`edges.deadlines`).
- Failed connections, time-outs, broken bodies and the statuses 429, 500, 502, 503, 504 are tried again, with
  exponential delays and jitter, `Network.retries` times; Retry-After is honoured up to a bound.

The caller decides what a status means. An `Answer` may have any; only a failure without an answer is an `HttpError`.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from safepip import __version__
from safepip.edges.network.addresses import parse_address
from safepip.edges.network.attempts import Attempts
from safepip.edges.network.bodies import Answer, Body, Part
from safepip.edges.network.connections import Connections
from safepip.edges.network.deadlines import Rate, page_seconds, unhurried, window_seconds
from safepip.edges.network.httpx_connection import Proxy, RequestFailed
from safepip.edges.network.limits import (
    PATIENCE_SECONDS,
    Decoder,
    HttpError,
    byte_count,
    content_range,
    what_helps,
)
from safepip.edges.network.proxies import Proxies
from safepip.edges.network.tls import TlsProblem, Trust
from safepip.model.events import Requested, ignore
from safepip.model.finding import printable
from safepip.model.urls import DEFAULT_PORTS, UrlError, covered, is_near, is_secure, join, parse

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    from safepip.edges.network.addresses import Address
    from safepip.edges.network.connections import Response
    from safepip.edges.network.credentials import Credentials
    from safepip.edges.network.deadlines import Pauses
    from safepip.edges.network.httpx_connection import Headers
    from safepip.model.events import Tell
    from safepip.model.index import IndexUrl
    from safepip.model.plan import Network
    from safepip.model.urls import Located

__all__ = ["Answer", "Body", "HttpError", "Part", "Transport"]

USER_AGENT = f"safepip/{__version__}"

_MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERROR_BODY = 64 * 1024
_PAGE_CONNECTIONS, _FILE_CONNECTIONS = 24, 8


class Transport:
    """The network of a run. Use its coroutines on one `Loop` only. `environ` is the process's by default."""

    def __init__(
        self,
        network: Network,
        credentials: Credentials,
        environ: Mapping[str, str] | None = None,
        tell: Tell = ignore,
    ) -> None:
        environ = os.environ if environ is None else environ
        credentials.permit(keyring_provider=network.keyring_provider, no_input=network.no_input)
        self.tell = tell
        self._network = network
        self._credentials = credentials
        self._trust = Trust(network, environ)
        self._proxies = Proxies(network, credentials, environ)
        self._trusted = network.trusted_hosts
        self._connections: dict[tuple[str, str, int, bool], Connections] = {}
        self._limits = dict.fromkeys(("connect", "read", "write", "pool"), network.timeout)
        self._limits["pool"] = max(600.0, network.timeout)
        self._attempts = Attempts(network.retries, page_seconds(network.timeout), tell)
        self._window = window_seconds(network.timeout)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        limit: int,
        allowed: Callable[[str], bool],
        owner: IndexUrl | None = None,
    ) -> Answer:
        """Fetch `url` whole. `headers` are sent as they are, on redirects too; `limit` is in bytes.

        `allowed` is asked for the URL and for every redirect's target. `owner` is the index whose page or file it is,
        for its credentials. Raises `HttpError`.
        """
        extra = [(b"Accept-Encoding", b"gzip"), *_encoded(headers)]

        async def attempt() -> Answer:
            async with self._open(url, extra, allowed, owner, files=False) as (place, response):
                return await self._read(place, response, limit)

        return await self._attempts.make(url, self.shown(url), attempt)

    async def ask(
        self, url: str, question: bytes, *, headers: Mapping[str, str], limit: int, allowed: Callable[[str], bool]
    ) -> Answer:
        """Post a question and fetch the answer whole. As `get`, but that no redirect is followed."""
        length = (b"Content-Length", str(len(question)).encode())
        extra = [(b"Accept-Encoding", b"gzip"), length, *_encoded(headers)]

        async def attempt() -> Answer:
            async with self._open(url, extra, allowed, None, files=False, body=question) as (place, response):
                return await self._read(place, response, limit)

        return await self._attempts.make(url, self.shown(url), attempt)

    async def fetch_range(
        self,
        url: str,
        *,
        first: int | None = None,
        last: int | None = None,
        suffix: int | None = None,
        headers: Mapping[str, str] | None = None,
        allowed: Callable[[str], bool],
        owner: IndexUrl | None = None,
    ) -> Part:
        """Fetch bytes `first` to `last`, both included, or the last `suffix` bytes of a file (RFC 9110, 14).

        The answer is checked against the request: a part that is not the one asked for is an `HttpError`.
        """
        span = f"-{suffix}" if suffix is not None else f"{first}-{last}"
        extra = [*_of_range(span), *_encoded(headers)]
        limit = suffix if suffix is not None else (last or 0) - (first or 0) + 1

        async def attempt() -> Part:
            async with self._open(url, extra, allowed, owner, files=False) as (place, response):
                return await self._part(url, place, response, limit, first if suffix is None else None)

        return await self._attempts.make(url, self.shown(url), attempt)

    @asynccontextmanager
    async def end_or_whole(
        self, url: str, suffix: int, *, allowed: Callable[[str], bool], owner: IndexUrl | None = None
    ) -> AsyncIterator[Part | Body]:
        """The last `suffix` bytes of a file, as `fetch_range` has them. Where the server sends the whole file instead,
        which it may do (RFC 9110, 14.2), that is given as by `stream`, so that it need not be asked for twice.

        The time of a page counts until the head of such an answer is there. Raises `HttpError`.
        """
        extra = _of_range(f"-{suffix}")
        async with AsyncExitStack() as kept:

            async def attempt() -> Part | Body:
                async with AsyncExitStack() as opened:
                    exchange = self._open(url, extra, allowed, owner, files=False)
                    place, response = await opened.enter_async_context(exchange)
                    if response.status != 200:
                        return await self._part(url, place, response, suffix, None)
                    kept.push_async_exit(opened.pop_all())
                    return self._body(place, response)

            yield await self._attempts.make(url, self.shown(url), attempt)

    @asynccontextmanager
    async def stream(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allowed: Callable[[str], bool],
        owner: IndexUrl | None = None,
    ) -> AsyncIterator[Body]:
        """A large file's response, to be read piece by piece; nothing is tried again here.

        It travels over HTTP/1.1 connections of its own, which move more than twice as much for the same
        CPU as HTTP/2 does. No content encoding is undone: digests are those of the bytes as sent.
        """
        extra = [(b"Accept-Encoding", b"identity"), *_encoded(headers)]
        async with self._open(url, extra, allowed, owner, files=True) as (place, response):
            yield self._body(place, response)

    def pauses(self, url: str) -> Pauses:
        """What the origin of a URL has asked for in this run."""
        return self._attempts.pauses(url)

    async def close(self) -> None:
        """Close all connections."""
        for connections in self._connections.values():
            await connections.close()
        self._connections.clear()
        await asyncio.sleep(0)

    # ------------------------------------------------------------------ one exchange

    @asynccontextmanager
    async def _open(
        self,
        url: str,
        extra: Headers,
        allowed: Callable[[str], bool],
        owner: IndexUrl | None,
        *,
        files: bool,
        body: bytes = b"",
    ) -> AsyncIterator[tuple[Address, Response]]:
        """The response that `url` finally leads to, redirects and authorization seen to. A `body` goes nowhere else."""
        for _ in range(_MAX_REDIRECTS + 1):
            if not allowed(url):
                raise HttpError("redirect", f"{self.shown(url)} is not where this may be fetched from", url)
            place = parse_address(url, self.shown)
            if not is_secure(place, self._trusted):
                raise HttpError("insecure", f"{self.shown(url)} would be fetched without encryption", url)
            response = await self._authorized(place, extra, owner, files=files, body=body)
            try:
                location = response.first("location") if response.status in _REDIRECTS else None
                if location is None or body:
                    yield place, response
                    return
                await response.drain()
            finally:
                await response.close()
            url = self._follow(url, location, allowed)
        raise HttpError("redirect", f"{self.shown(url)} redirects more than {_MAX_REDIRECTS} times", url)

    def _follow(self, url: str, location: str, allowed: Callable[[str], bool]) -> str:
        """The URL that a redirect leads to, if it may."""
        try:
            target = join(url, location).partition("#")[0]
            place = parse(target)
        except UrlError:
            raise HttpError("redirect", f"{self.shown(url)} redirects to something that is not a URL", url) from None
        written = self.shown(url)
        if self._credentials.redact(url) != url:
            # It holds the value of a variable, which may be as short as a letter, and so may the server's answer.
            self._credentials.concealed.add(target, f"{written} (redirected)")
        stated = f"{written} redirects to {self.shown(target)}"
        if place.has_user_info:
            raise HttpError("redirect", f"{stated}, a URL with a user name or password in it", url)
        if place.scheme not in DEFAULT_PORTS:
            raise HttpError("redirect", f"{stated}, which is not a web address", url)
        if place.scheme == "http" and url.lower().startswith("https:") and not is_near(place, self._trusted):
            raise HttpError("redirect", f"{stated}, from an encrypted connection to a plain one", url)
        if not allowed(target):
            raise HttpError("redirect", f"{stated}, from where this may not be fetched", url)
        return target

    async def _authorized(
        self, place: Address, extra: Headers, owner: IndexUrl | None, *, files: bool, body: bytes
    ) -> Response:
        """Send with the credentials that are known, and once more after a 401 with those that can be looked up."""
        connections = self._connections_to(place, files=files)
        header = self._credentials.authorization(place.url, owner)
        response = await self._send(connections, place, extra, header, body)
        if response.status != 401:
            return response
        try:
            async with unhurried():
                better = await asyncio.to_thread(self._credentials.after_challenge, place.url, owner)
        except BaseException:
            await response.close()
            raise
        if better is None or better == header:
            self._credentials.refused(place.url, owner, sent=header is not None)
            return response
        await response.drain()
        await response.close()
        response = await self._send(connections, place, extra, better, body)
        if response.status == 401:
            self._credentials.refused(place.url, owner, sent=True)
            self._credentials.rejected(place.url)
        return response

    async def _send(
        self, connections: Connections, place: Address, extra: Headers, authorization: str | None, body: bytes
    ) -> Response:
        headers = [(b"Host", place.authority), (b"User-Agent", USER_AGENT.encode()), *extra]
        if authorization is not None:
            headers.append((b"Authorization", authorization.encode()))
        generation, began = self._trust.generation, time.monotonic()
        for again in (True, False):
            try:
                response = await connections.send(place.target, headers, self._limits, body)
            except TlsProblem as error:
                raise HttpError("tls", str(error), place.url, error.help) from error
            except RequestFailed as error:
                if not (again and error.unverified and self._trust.add_shipped_bundle(generation)):
                    raise self._explained(error, place) from error
            else:
                self.tell(Requested(self.shown(place.url), response.status, time.monotonic() - began))
                return response
        raise AssertionError("unreachable: the second round returns or raises")

    async def _part(self, url: str, place: Address, response: Response, limit: int, first: int | None) -> Part:
        """The part of `url` that was asked for, its end or what begins at `first`; without a body where none came."""
        lower = response.headers
        if response.status != 206:
            return Part(response.status, place.url, lower, 0, byte_count(lower.get("content-length")), b"")
        answer = await self._read(place, response, limit)
        start, size = content_range(lower.get("content-range", ""))
        end = start + len(answer.body)
        right = end == size and size - start <= limit if first is None else start == first
        if not right or not answer.body or (size is not None and end > size):
            raise HttpError("protocol", f"{self.shown(url)} sends a different part than asked for", url)
        return Part(206, place.url, lower, start, size, answer.body)

    def _body(self, place: Address, response: Response) -> Body:
        return Body(response.status, place.url, response.headers, response, Rate(self.shown(place.url), self._window))

    async def _read(self, place: Address, response: Response, limit: int) -> Answer:
        """The whole body, decoded, or `too-large` as soon as it is."""
        headers = response.headers
        if place.scheme == "https" and response.status < 300 and not response.has_an_end:
            # Anyone on the way can cut it off, and the rest would pass for all of it (RFC 9112, 9.8).
            raise HttpError("protocol", f"{self.shown(place.url)} does not say where its answer ends", place.url)
        if response.status >= 300:
            # safepip does not use the body of an error; a short one is read to keep the connection.
            limit = _ERROR_BODY
        decoder = Decoder(headers.get("content-encoding", ""), limit, self.shown(place.url))
        try:
            async for chunk in response.chunks():
                decoder.feed(chunk)
            body = decoder.end()
        except RequestFailed as error:
            raise self._explained(error, place) from error
        except HttpError:
            if response.status < 300:
                raise
            body = b""
        return Answer(response.status, place.url, headers, body)

    def _explained(self, error: RequestFailed, place: Address) -> HttpError:
        detail = printable(self._credentials.redact(str(error)))
        proxy = self._proxies.for_origin(place.scheme, place.host, place.port)
        way = f" by the proxy {self.shown(proxy)}" if proxy else ""
        message = f"{place.authority.decode()}{way}: {detail}"
        helps = what_helps(error.kind, unverified=error.unverified, proxied=bool(proxy))
        return HttpError(error.kind, message, place.url, helps, cut_off=error.cut_off)

    # ------------------------------------------------------------------ where to

    def _connections_to(self, place: Address, *, files: bool) -> Connections:
        key = (place.scheme, place.host, place.port, files)
        connections = self._connections.get(key)
        if connections is None:
            if self._network.offline:
                message = f"{self.shown(place.url)} cannot be asked: the run is offline"
                raise HttpError("offline", message, place.url, "run once without --offline, so that it is cached")
            proxy = self._proxies.for_origin(place.scheme, place.host, place.port)
            connections = self._connections[key] = Connections(
                (place.scheme, place.host, place.port),
                limit=_FILE_CONNECTIONS if files else _PAGE_CONNECTIONS,
                multiplex=not files,
                patience=max(PATIENCE_SECONDS, 2 * self._network.timeout),
                context=lambda: self._context(place, files=files),
                proxy=(lambda: self._proxy(proxy, files=files)) if proxy else None,
            )
        return connections

    def _proxy(self, url: str, *, files: bool) -> Proxy:
        """A proxy, which is believed for what it is itself, whichever host is behind it."""
        place = parse(url)
        context = self._context(place, files=files) if place.scheme == "https" else None
        return Proxy(url, self._credentials.proxy_auth(url), context)

    def _context(self, place: Located, *, files: bool) -> ssl.SSLContext:
        return self._trust.context(trusted=covered(place, self._trusted), files=files)

    def shown(self, url: str) -> str:
        """A URL as it may be shown: without control characters, without a secret, and without its query. A redirect, or
        a page, may lead to a URL that is signed: its query is as good as a password."""
        return printable(self._credentials.redact(url).partition("?")[0])


def _of_range(span: str) -> Headers:
    """The headers of a request for a part: of the bytes themselves (RFC 9110, 14.1.2)."""
    return [(b"Accept-Encoding", b"identity"), (b"Range", f"bytes={span}".encode())]


def _encoded(headers: Mapping[str, str] | None) -> Headers:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()] if headers else []
