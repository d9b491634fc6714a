"""Connections that speak HTTP/1.1 and HTTP/2. Besides `streams`, the only file that imports the HTTP library.

The library is httpcore, the part of httpx that speaks HTTP (h11 and h2 underneath). Its connection objects are
used directly: an `httpx.AsyncClient` spends 3 ms of CPU on a small GET over one of 16 connections, nearly all of
it in bookkeeping that grows with the number of connections; this file spends 0.5 ms.

A `Lanes` holds the connections to one origin. Over HTTP/1.1 a connection carries one request at a time,
and the last one used is the first one reused. Over HTTP/2 one connection carries all. Which of the two
it is, the first TLS handshake tells; requests that come meanwhile wait for that and no longer, and if
the first connection fails, they fail with it, so that a dead host costs one time-out, not many.

Nothing here knows of redirects, retries, credentials or limits: see `safepip.edges.network.http`.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Protocol, cast

if PathFinder.find_spec("sniffio") is None:
    # httpcore tries to import this optional module for every request; a search that fails costs 0.3 ms.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None is Python's mark for "not there"

import h2.exceptions
import httpcore

from safepip.edges.network.streams import Backend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

Headers = list[tuple[bytes, bytes]]

_KEEP_ALIVE_SECONDS = 60.0

_ROUNDS = 4
_DRAINED, _DRAIN_SECONDS = 64 * 1024, 3.0

#: What httpcore and its parsers raise on what a peer does. The last three are their own slips on hostile
#: input, which must end a request and not the program.
_FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    h2.exceptions.H2Error,
    OSError,
    ValueError,
    LookupError,
    RuntimeError,
)

for _name in ("httpcore", "hpack", "h2"):
    # At debug level these log headers, and so credentials.
    logging.getLogger(_name).setLevel(logging.WARNING)


class WireError(Exception):
    """A request failed below HTTP's meaning. `kind` is connection, timeout, tls or protocol.

    `unverified` tells that a certificate was not believed. The message comes from the system or the peer.
    """

    def __init__(self, kind: str, message: str, *, unverified: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.unverified = unverified


def _translate(error: Exception) -> WireError:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return WireError("tls", cause.verify_message or str(cause), unverified=True)
    if isinstance(cause, ssl.SSLError):
        return WireError("tls", str(cause.reason or cause))
    text = str(error) or type(error).__name__
    if isinstance(error, (httpcore.TimeoutException, TimeoutError)):
        return WireError("timeout", text)
    if isinstance(error, httpcore.ProxyError):
        return WireError("connection", f"the proxy refused: {text}")
    if isinstance(error, (httpcore.NetworkError, OSError)) or "disconnected" in text:
        # "Server disconnected": it closed before it answered, which is the connection's fault.
        return WireError("connection", text)
    return WireError("protocol", text)


class Connection(Protocol):
    """What `Lanes` needs of a connection; httpcore's and `_Proxied` have it."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response: ...
    async def aclose(self) -> None: ...
    def is_available(self) -> bool: ...
    def is_idle(self) -> bool: ...
    def is_closed(self) -> bool: ...
    def has_expired(self) -> bool: ...


class _Proxied:
    """One connection through a proxy: httpcore's proxy pool of size one, which reopens it when needed."""

    def __init__(self, pool: httpcore.AsyncHTTPProxy) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        return await self._pool.handle_async_request(request)

    async def aclose(self) -> None:
        await self._pool.aclose()

    def is_available(self) -> bool:
        return True

    def is_idle(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def has_expired(self) -> bool:
        return False


class Reply:
    """A response whose head has come. Read `chunks` to the end or not, then `close` it, always."""

    def __init__(self, lanes: Lanes, connection: Connection, response: httpcore.Response) -> None:
        self._lanes = lanes
        self._connection = connection
        self._response = response
        self.status: int = response.status
        self.raw_headers: Sequence[tuple[bytes, bytes]] = response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, transfer encoding removed, content encoding not. Raises `WireError`."""
        stream = aiter(cast("AsyncIterator[bytes]", self._response.stream))
        try:
            while True:
                # A time limit on reads alone does not do: HTTP/2 pings or a crawling chunk header are reads, too.
                async with asyncio.timeout(self._lanes.patience):
                    chunk = await anext(stream)
                yield chunk
        except StopAsyncIteration:
            return
        except httpcore.ConnectionNotAvailable as error:
            raise WireError("connection", "the server closed the connection") from error
        except _FAILURES as error:
            raise _translate(error) from error

    async def drain(self) -> None:
        """Read a body that nobody wants, if it is short, so that its connection can be used again."""
        left = _DRAINED
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for chunk in self.chunks():
                    left -= len(chunk)
                    if left < 0:
                        return
        except (WireError, TimeoutError):
            return  # the connection is closed with the reply, which is all this is about

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, and close it otherwise."""
        try:
            await self._response.aclose()
        finally:
            await self._lanes.give_back(self._connection)


class Lanes:
    """The connections to one origin. `limit` is how many there may be while each carries one request.

    `multiplex` asks for HTTP/2 where the server speaks it, which takes TLS. `patience` bounds the seconds
    until the head of a response is there, however it drips, and between two pieces of its body. `context`
    is called for each new connection. `proxy` is a URL without user information; `proxy_auth` what goes
    with it.
    """

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        *,
        limit: int,
        multiplex: bool,
        patience: float,
        context: Callable[[], ssl.SSLContext],
        proxy: str | None = None,
        proxy_auth: tuple[bytes, bytes] | None = None,
    ) -> None:
        self._origin = httpcore.Origin(scheme.encode(), host.encode("ascii"), port)
        self._tls = scheme == "https"
        self._multiplex = multiplex and self._tls and proxy is None
        self._context = context
        self.patience = patience
        self._proxy, self._proxy_auth = proxy, proxy_auth
        self._gate = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._shared: Connection | None = None
        self._first: asyncio.Future[WireError | None] | None = None

    async def send(self, target: bytes, headers: Headers, limits: dict[str, float]) -> Reply:
        """Send a GET and wait for the head of its response. Raises `WireError`."""
        url = httpcore.URL(scheme=self._origin.scheme, host=self._origin.host, port=self._origin.port, target=target)
        for _ in range(_ROUNDS):
            connection, reused = await self._take()
            try:
                request = httpcore.Request("GET", url, headers=headers, extensions={"timeout": limits})
                async with asyncio.timeout(self.patience):
                    return Reply(self, connection, await connection.handle_async_request(request))
            except httpcore.ConnectionNotAvailable:
                await self._drop(connection, None)
            except _FAILURES as error:
                problem = _translate(error)
                await self._drop(connection, problem)
                # RFC 9112, 9.3.1: a kept connection may have been closed just now; a GET is simply sent again.
                if not (reused and problem.kind == "connection"):
                    raise problem from error
            except BaseException:
                await self._drop(connection, None)
                raise
        raise WireError("connection", "the server closes every connection before it answers")

    async def give_back(self, connection: Connection) -> None:
        """A response is finished with."""
        if connection is self._shared:
            return
        if connection.is_idle() and not connection.is_closed():
            self._idle.append(connection)
        else:
            await connection.aclose()
        self._gate.release()

    async def close(self) -> None:
        """Close every connection that is not in use."""
        for connection in (*self._idle, *((self._shared,) if self._shared else ())):
            await connection.aclose()
        self._idle.clear()
        self._shared = None

    async def _take(self) -> tuple[Connection, bool]:
        """A connection to use now, and whether it has been used before."""
        if self._multiplex:
            shared = await self._take_shared()
            if shared is not None:
                return shared
        await self._gate.acquire()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed() and not connection.has_expired():
                return connection, True
            await connection.aclose()
        return self._connect(), False

    async def _take_shared(self) -> tuple[Connection, bool] | None:
        """The HTTP/2 connection, or None where the server has turned out to speak HTTP/1.1."""
        while self._multiplex:
            if self._shared is not None:
                if self._shared.is_available() and not self._shared.has_expired():
                    return self._shared, True
                # Its other requests may still be reading; the connection closes itself after the last.
                self._shared = None
            if self._first is None:
                self._first = asyncio.get_running_loop().create_future()
                try:
                    await self._gate.acquire()
                    return self._connect(), False
                except BaseException:
                    self._first.set_result(None)
                    self._first = None
                    raise
            first = self._first
            await asyncio.wait((first,))
            outcome = first.result()
            if isinstance(outcome, WireError):
                raise WireError(outcome.kind, str(outcome), unverified=outcome.unverified)
        return None

    def _connect(self) -> Connection:
        """A new connection object; it connects at its first request."""
        if self._proxy is not None:
            return _Proxied(
                httpcore.AsyncHTTPProxy(
                    self._proxy,
                    proxy_auth=self._proxy_auth,
                    ssl_context=self._context(),
                    proxy_ssl_context=self._context() if self._proxy.startswith("https:") else None,
                    max_connections=1,
                    keepalive_expiry=_KEEP_ALIVE_SECONDS,
                    network_backend=Backend(lambda _: None),
                )
            )
        made: list[httpcore.AsyncHTTPConnection] = []
        connection = httpcore.AsyncHTTPConnection(
            self._origin,
            ssl_context=self._context() if self._tls else None,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            http2=self._multiplex,
            network_backend=Backend(lambda protocol: self._settle(made[0], protocol)),
        )
        made.append(connection)
        return connection

    def _settle(self, connection: Connection, protocol: str | None) -> None:
        """The first handshake has ended: it tells how all further requests travel."""
        first, self._first = self._first, None
        if first is None:
            return
        if protocol == "h2":
            self._shared = connection
            self._gate.release()
        else:
            self._multiplex = False
        first.set_result(None)

    async def _drop(self, connection: Connection, problem: WireError | None) -> None:
        """A request failed. One stream's failure need not be that of a shared connection."""
        if connection is self._shared:
            if not connection.is_available():
                self._shared = None
            return
        if self._multiplex and self._first is not None:
            first, self._first = self._first, None
            first.set_result(problem)
        await connection.aclose()
        self._gate.release()
