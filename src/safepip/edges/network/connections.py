"""The connections to one origin: which of them carries the next request.

Over HTTP/1.1 a connection carries one request at a time, and the last one used is the first one reused. Over HTTP/2 one
connection carries all. The first TLS handshake decides which of the two it is; requests that come meanwhile wait for
that and no longer, and if the first connection fails, they fail with it, so that a dead host costs one time-out, not
many. A connection that has failed is never used again.

Nothing here knows of redirects, credentials or limits: see `safepip.edges.network.http`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from safepip.edges.network.httpx_connection import KEEP_ALIVE_SECONDS, Connection, RequestFailed, Spent

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

    from safepip.edges.network.httpx_connection import Exchange, Headers, Proxy

#: How many kept connections may turn out to be closed before a request is given up.
_ROUNDS = 4
_DRAINED, _DRAIN_SECONDS = 64 * 1024, 3.0


class Response:
    """A response whose head has come. Read `chunks` to the end or not, then `close` it, always."""

    def __init__(self, connections: Connections, connection: Connection, exchange: Exchange) -> None:
        self._connections = connections
        self._connection = connection
        self._exchange = exchange
        self._whole = False
        self.status = exchange.status
        self.has_an_end = exchange.has_an_end
        """Whether its body says where it ends, so that a cut is seen."""
        self.headers: dict[str, str] = {}
        """Names are in lower case; of repeated ones the values are joined by a comma (RFC 9110, 5.3)."""
        for key, value in exchange.headers:
            name, text = key.decode("latin-1").lower(), value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]}, {text}" if name in self.headers else text

    def first(self, name: str) -> str | None:
        """The first value of a header that is not a list."""
        raw = name.encode()
        return next((value.decode("latin-1") for key, value in self._exchange.headers if key.lower() == raw), None)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, transfer encoding removed, content encoding not. Raises `RequestFailed`."""
        try:
            while (chunk := await self._exchange.chunk()) is not None:
                yield chunk
        except RequestFailed as problem:
            self._connections.failed(self._connection, problem)
            raise
        self._whole = True

    async def drain(self) -> None:
        """Read a body that is not wanted, if it is short, so that its connection can be used again."""
        left = _DRAINED
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for chunk in self.chunks():
                    left -= len(chunk)
                    if left < 0:
                        return
        except (RequestFailed, TimeoutError):
            return  # the connection is closed with the response, which is all this is about

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, and close it otherwise."""
        try:
            await self._exchange.close()
        finally:
            await self._connections.give_back(self._connection, whole=self._whole)


class Connections:
    """The connections to one origin: a scheme, a host and a port.

    `limit` is how many there may be while each carries one request. `multiplex` asks for HTTP/2 where the server speaks
    it, which takes TLS. `patience` bounds the seconds until the head of a response is there, however it drips, and
    between two pieces of its body. `context` is called for each new connection, and so is `proxy`, where one is used.
    """

    def __init__(
        self,
        origin: tuple[str, str, int],
        *,
        limit: int,
        multiplex: bool,
        patience: float,
        context: Callable[[], ssl.SSLContext],
        proxy: Callable[[], Proxy] | None = None,
    ) -> None:
        self._origin = origin
        self._tls = origin[0] == "https"
        self._multiplex = multiplex and self._tls and proxy is None
        self._context = context
        self._patience = patience
        self._proxy = proxy
        self._gate = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._shared: Connection | None = None
        self._first: asyncio.Future[RequestFailed | None] | None = None

    async def send(self, target: bytes, headers: Headers, timeouts: dict[str, float], body: bytes = b"") -> Response:
        """Send a GET, with a body a POST, and wait for the head of its response. Raises `RequestFailed`."""
        rounds = 0
        while rounds < _ROUNDS:
            connection = await self._take()
            kept = connection.used
            try:
                exchange = await connection.send(target, headers, timeouts, self._patience, body)
                return Response(self, connection, exchange)
            except Spent:
                rounds += connection.shared
                await self._drop(connection, RequestFailed("connection", "the connection was closed"))
            except RequestFailed as problem:
                rounds += 1
                await self._drop(connection, problem)
                # RFC 9112, 9.3.1: a kept connection may have been closed just now. A GET is simply sent again, and
                # so is a POST: safepip's are questions, which change nothing.
                if connection.shared or not (kept and problem.kind == "connection"):
                    raise
            except BaseException:
                await self._drop(connection, None)
                raise
        raise RequestFailed("connection", "the server closes every connection before it answers")

    def failed(self, connection: Connection, problem: RequestFailed) -> None:
        """A request failed. The failure of one stream need not be that of a shared connection."""
        if connection is self._shared and not problem.alone:
            self._shared = None

    async def give_back(self, connection: Connection, *, whole: bool) -> None:
        """A response is finished; `whole` says that its body was read to the end."""
        connection.users -= 1
        if connection.shared:
            connection.idle_since = time.monotonic()
            if connection is not self._shared and not connection.users:
                await connection.close()
            return
        try:
            if whole:
                self._idle.append(connection)
            else:
                await connection.close()
        finally:
            self._gate.release()

    async def close(self) -> None:
        """Close every connection that is not in use."""
        for connection in (*self._idle, *((self._shared,) if self._shared else ())):
            await connection.close()
        self._idle.clear()
        self._shared = None

    async def _take(self) -> Connection:
        """A connection to use now."""
        connection = (await self._take_shared() if self._multiplex else None) or await self._take_one()
        connection.users += 1
        return connection

    async def _take_one(self) -> Connection:
        """One that carries nothing else, as soon as it is its turn."""
        await self._gate.acquire()
        try:
            return self._idle.pop() if self._idle else self._connect()
        except BaseException:
            self._gate.release()
            raise

    async def _take_shared(self) -> Connection | None:
        """The HTTP/2 connection, or None where the server has turned out to speak HTTP/1.1."""
        while self._multiplex:
            shared = self._shared
            if shared is not None:
                if shared.users or time.monotonic() - shared.idle_since < KEEP_ALIVE_SECONDS:
                    return shared
                self._shared = None
                await shared.close()
            elif self._first is None:
                return await self._take_first()
            else:
                first = self._first
                await asyncio.wait((first,))
                outcome = first.result()
                if isinstance(outcome, RequestFailed):
                    raise RequestFailed(outcome.kind, str(outcome), unverified=outcome.unverified)
        return None

    async def _take_first(self) -> Connection:
        """A connection for whose handshake all others wait."""
        self._first = asyncio.get_running_loop().create_future()
        try:
            return await self._take_one()
        except BaseException:
            self._first.set_result(None)
            self._first = None
            raise

    def _connect(self) -> Connection:
        """A new connection; it connects at its first request."""
        return Connection(
            *self._origin,
            context=self._context() if self._tls else None,
            proxy=None if self._proxy is None else self._proxy(),
            settle=self._settle if self._multiplex else None,
        )

    def _settle(self, connection: Connection, protocol: str | None) -> None:
        """The first handshake has ended: it decides how all further requests travel."""
        first, self._first = self._first, None
        if first is None:
            return
        if protocol == "h2":
            self._shared = connection
            self._gate.release()
        else:
            self._multiplex = False
        first.set_result(None)

    async def _drop(self, connection: Connection, problem: RequestFailed | None) -> None:
        """A request ended without a response."""
        if problem is not None:
            self.failed(connection, problem)
        if not connection.shared and self._multiplex and self._first is not None:
            first, self._first = self._first, None
            first.set_result(problem)
        await self.give_back(connection, whole=False)
