"""Sockets and TLS for httpcore, straight over asyncio's transports.

httpcore's own backend goes through anyio; this one does the same for asyncio alone, at less than half the CPU a
read. It keeps back-pressure (a reader that stops reading stops the peer), gives each read and write its time
limit, and reports the protocol that a TLS handshake agreed on (ALPN, RFC 7301) the moment it is known.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import httpcore
from aiohappyeyeballs import start_connection

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

_HAPPY_EYEBALLS_SECONDS = 0.25
_BUFFER_HIGH = 1 << 20
_BUFFER_LOW = 1 << 18


class Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A TCP or TLS connection over asyncio's transports, with a time limit for each read and write."""

    def __init__(self, on_alpn: Callable[[str | None], None]) -> None:
        self._on_alpn = on_alpn
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._ended = False
        self._halted = False
        self._stuck = False
        self._error: BaseException | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > _BUFFER_HIGH and not self._halted and self._transport is not None:
            self._halted = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._stuck = True

    def resume_writing(self) -> None:
        self._stuck = False
        _wake(self._writer)

    # httpcore's side

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's signature
        if not self._chunks and not self._ended:
            self._reader = self._loop.create_future()
            await self._wait(self._reader, timeout, httpcore.ReadTimeout)
        if not self._chunks:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            return b""
        data = self._chunks.popleft()
        if len(data) > max_bytes:
            self._chunks.appendleft(data[max_bytes:])
            data = data[:max_bytes]
        self._buffered -= len(data)
        if self._halted and self._buffered < _BUFFER_LOW and self._transport is not None:
            self._halted = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's signature
        if not buffer or self._transport is None:
            return
        if self._ended and self._error is not None:
            raise httpcore.WriteError(str(self._error)) from self._error
        self._transport.write(buffer)
        if self._stuck:
            self._writer = self._loop.create_future()
            await self._wait(self._writer, timeout, httpcore.WriteTimeout)

    async def aclose(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        assert self._transport is not None
        try:
            async with asyncio.timeout(timeout):
                upgraded = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            self._transport.abort()
            raise httpcore.ConnectTimeout("the TLS handshake took too long") from error
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._transport.abort()
            raise httpcore.ConnectError(str(error) or "the connection was closed during the TLS handshake") from error
        except BaseException:
            self._transport.abort()
            raise
        if upgraded is None:
            raise httpcore.ConnectError("the connection was closed during the TLS handshake")
        self._transport = upgraded
        self._on_alpn(self.get_extra_info("ssl_object").selected_alpn_protocol())
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._ended or bool(self._chunks)
        return None if self._transport is None else self._transport.get_extra_info(info)

    async def _wait(self, future: asyncio.Future[None], limit: float | None, failure: type[Exception]) -> None:
        timer = None if limit is None else self._loop.call_later(limit, _expire, future, failure)
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _expire(future: asyncio.Future[None], failure: type[Exception]) -> None:
    if not future.done():
        future.set_exception(failure("no answer in time"))


class Backend(httpcore.AsyncNetworkBackend):
    """Opens streams. `on_alpn` hears the protocol of each finished TLS handshake."""

    def __init__(self, on_alpn: Callable[[str | None], None]) -> None:
        self._on_alpn = on_alpn

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                # The race of asyncio's own `create_connection` loses the winner's socket when it is cancelled just
                # then (seen with Python 3.11.7); this one, the race of RFC 8305 as well, does not.
                connected = await start_connection(
                    addresses, happy_eyeballs_delay=_HAPPY_EYEBALLS_SECONDS, interleave=1
                )
                _, stream = await loop.create_connection(lambda: Stream(self._on_alpn), sock=connected)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("no connection in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return stream
