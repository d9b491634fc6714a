"""One connection: a transport of httpx, and what its errors mean. The only file that imports httpx.

There is no `AsyncClient`, because each thing that it adds (redirects, cookies, netrc, authentication, the environment)
would have to be switched off; and a transport keeps one connection, because httpx's own choice among many costs CPU
that grows with their number. docs/adr/0022-httpx-transports.md has the figures.

httpcore, h2, h11 and anyio, on which httpx stands, are imported for their exceptions alone.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import sys
import time
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if PathFinder.find_spec("sniffio") is None:
    # httpcore tries to import this optional module for every request; a search that fails costs 0.3 ms.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None is Python's mark for "not there"

import anyio
import h2.exceptions
import h11
import httpcore
import httpx

from safepip.edges.network.long_bodies import length_of, read_long, says_its_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

Headers = list[tuple[bytes, bytes]]

KEEP_ALIVE_SECONDS = 60.0

#: In bytes and seconds: a piece of a body gets no larger where more comes, and is not waited for any longer.
_PIECE, _PIECE_SECONDS = 128 * 1024, 0.01

#: A request without a body.
_EMPTY = httpx.ByteStream(b"")
#: For plain connections: httpx would read a bundle of certificates for one that it is not given. It trusts none.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

#: What httpx, and the libraries under it, raise when a connection has ended.
_ENDINGS = (
    httpx.NetworkError,
    httpcore.NetworkError,
    httpcore.ConnectionNotAvailable,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
)
#: And what else they raise on what a peer does. The last three come from mistakes of these libraries on hostile input,
#: which must end a request and not the program.
_FAILURES = (
    *_ENDINGS,
    httpx.TransportError,
    httpcore.TimeoutException,
    EOFError,
    h2.exceptions.H2Error,
    h11.ProtocolError,
    ValueError,
    LookupError,
    RuntimeError,
)

for _name in ("httpx", "httpcore", "hpack", "h2"):
    # At debug level these log headers, and so credentials.
    logging.getLogger(_name).setLevel(logging.WARNING)


class RequestFailed(Exception):
    """A request failed below HTTP's meaning. `kind` is connection, timeout, tls or protocol.

    `unverified` says that a certificate was not trusted. `cut_off` says that a connection ended that carried other
    requests as well; such a request can be sent again at once (RFC 9113, 8.7). `alone` says that the server ended this
    request and not its connection. The message comes from the system or the peer.
    """

    def __init__(
        self, kind: str, message: str, *, unverified: bool = False, cut_off: bool = False, alone: bool = False
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.unverified = unverified
        self.cut_off = cut_off
        self.alone = alone


class Spent(Exception):
    """The one connection of a transport has ended while it was not in use."""


class Proxy(NamedTuple):
    """`url` has no user information; `auth` goes with it. `context` is for a proxy that is spoken to over TLS."""

    url: str
    auth: tuple[bytes, bytes] | None
    context: ssl.SSLContext | None


class Connection:
    """One connection to an origin, opened at the first request. After that has ended, no second one is opened.

    `context` is None for plain connections. With `settle` HTTP/2 is offered, and it hears the protocol that the TLS
    handshake agreed on (ALPN, RFC 7301), as soon as it is known; `shared` says that it is HTTP/2. `users` and
    `idle_since` are kept by its users.
    """

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None,
        proxy: Proxy | None = None,
        settle: Callable[[Connection, str | None], None] | None = None,
    ) -> None:
        self._origin = httpx.URL(scheme=scheme, host=host, port=port)
        # With HTTP/2 httpx goes on to a second connection while the first one ends under its requests: see `_trace`.
        most = 1 if settle is None else 2
        self._transport = httpx.AsyncHTTPTransport(
            verify=_NO_TLS if context is None else context,
            trust_env=False,
            http2=settle is not None,
            limits=httpx.Limits(
                max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEP_ALIVE_SECONDS
            ),
            proxy=None if proxy is None else _as_httpx_has_it(proxy),
        )
        self._settle = settle
        self._socket: _Socket | None = None
        self._opened = False
        self._handshaking = False
        self.used = False
        self.shared = False
        self.users = 0
        self.idle_since = 0.0

    async def send(
        self, target: bytes, headers: Headers, timeouts: dict[str, float], patience: float, body: bytes = b""
    ) -> Exchange:
        """Send a GET, with a body a POST, and wait for the head of its response, `patience` seconds in all.

        Raises `RequestFailed`; raises `Spent` where the connection had ended before: then nothing was sent.
        """
        extensions = {"timeout": timeouts, "trace": self._trace}
        stream = httpx.ByteStream(body) if body else _EMPTY
        method = "POST" if body else "GET"
        request = httpx.Request(method, self._origin, headers=headers, stream=stream, extensions=extensions)
        request.url = _Address(self._origin, target)
        try:
            async with asyncio.timeout(patience):
                response = await self._transport.handle_async_request(request)
        except _FAILURES as error:
            raise self.failure(error) from error
        self.used = True
        # A time limit on reads is not enough where something is read that is not part of the body: pings, and what else
        # travels over HTTP/2, or the lines between chunks. Elsewhere it does, and saves a timer for each piece.
        framed = self.shared or "transfer-encoding" in response.headers
        return Exchange(self, response, timeouts.get("read"), patience if framed else None)

    async def close(self) -> None:
        """Close it, whatever is under way."""
        await self._transport.aclose()

    def failure(self, error: Exception) -> RequestFailed:
        """What an error of httpx means."""
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return RequestFailed("tls", cause.verify_message or str(cause), unverified=True)
            if isinstance(cause, ssl.SSLError):
                return RequestFailed("tls", str(cause.reason or cause))
        text = next(filter(None, map(_text, reversed(causes))), type(error).__name__)
        if isinstance(error, (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)):
            return RequestFailed("timeout", self._what_took_too_long(error))
        if isinstance(error, httpx.ProxyError):
            return RequestFailed("connection", f"the proxy refused: {text}")
        if "disconnected" in text:  # before it answered
            return RequestFailed("connection", text, cut_off=self.shared)
        if isinstance(error, _ENDINGS) or "ConnectionTerminated" in text:
            during = " during the TLS handshake" if self._handshaking else ""
            told = (
                text if isinstance(causes[-1], (OSError, BaseExceptionGroup)) else f"the connection was closed{during}"
            )
            return RequestFailed("connection", told, cut_off=self.shared)
        alone = "StreamReset" in text
        return RequestFailed("protocol", text, cut_off=self.shared and not alone, alone=alone)

    def _what_took_too_long(self, error: Exception) -> str:
        if self._handshaking:
            return "the TLS handshake took too long"
        return "no connection in time" if isinstance(error, httpx.ConnectTimeout) else "no answer in time"

    async def _trace(self, event: str, details: dict[str, Any]) -> None:
        """Called by httpcore with each event: `connection.connect_tcp.complete` and the like."""
        if event == "connection.connect_tcp.started":
            if self._opened:
                raise Spent
            self._opened = True
        elif event == "connection.connect_tcp.complete":
            self._socket = details["return_value"]
        elif event.endswith(".start_tls.started"):
            self._handshaking = True
        elif event.endswith(".start_tls.complete"):
            self._handshaking = False
            if self._settle is not None:
                protocol = details["return_value"].get_extra_info("ssl_object").selected_alpn_protocol()
                self.shared = protocol == "h2"
                self._settle(self, protocol)
        elif event.endswith(".start_tls.failed") and self._socket is not None:
            # httpcore does so itself, except where the handshake was cancelled.
            await self._socket.aclose()


class Exchange:
    """A response whose head has come. Read `chunk` after `chunk` to the end or not, then `close` it, always."""

    def __init__(
        self, connection: Connection, response: httpx.Response, timeout: float | None, patience: float | None
    ) -> None:
        self._connection = connection
        self._stream = cast("httpx.AsyncByteStream", response.stream)
        self._chunks: AsyncIterator[bytes] = aiter(self._stream)
        self._patience = patience
        self._problem: RequestFailed | None = None
        self.status: int = response.status_code
        self.headers: Headers = response.headers.raw
        self.has_an_end = says_its_end(response.extensions, self.headers)
        length = length_of(self.status, response.extensions, self.headers)
        if length is not None:
            self._chunks = read_long(self._chunks, response.extensions["network_stream"], length, timeout)

    async def chunk(self) -> bytes | None:
        """The next piece of the body, transfer encoding removed, content encoding not; None at its end.

        Of what comes fast, such as the records of TLS, several are one piece. Raises `RequestFailed`.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._patience):
                begin = time.monotonic()
                while size < _PIECE and (not pieces or time.monotonic() - begin < _PIECE_SECONDS):
                    pieces.append(await anext(self._chunks))
                    size += len(pieces[-1])
        except StopAsyncIteration:
            pass
        except _FAILURES as error:
            # What has come is given first. Asked again, the stream is at its end; so the failure is kept.
            self._problem = self._connection.failure(error)
            self._problem.__cause__ = error
        if not pieces and self._problem is not None:
            raise self._problem
        return (pieces[0] if len(pieces) == 1 else b"".join(pieces)) if pieces else None

    async def close(self) -> None:
        """Over HTTP/1.1 this closes the connection as well, unless httpx has read the body to its end."""
        await self._stream.aclose()


class _Address(httpx.URL):
    """A URL whose path and query travel as they are: httpx itself would normalise them.

    httpcore's extension `target` is for this too, but it would also replace the target of the CONNECT to a proxy.
    """

    def __init__(self, origin: httpx.URL, target: bytes) -> None:
        super().__init__(origin)
        self._target = target

    @property
    def raw_path(self) -> bytes:
        return self._target


class _Socket(Protocol):
    """The stream that httpcore has opened."""

    async def aclose(self) -> None: ...


def _as_httpx_has_it(proxy: Proxy) -> httpx.Proxy:
    """Credentials need not be UTF-8, so that httpx, which would encode them, gets them as a header."""
    headers: Headers = []
    if proxy.auth is not None:
        headers.append((b"Proxy-Authorization", b"Basic " + base64.b64encode(b":".join(proxy.auth))))
    return httpx.Proxy(proxy.url, headers=headers, ssl_context=proxy.context)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it. httpcore gives the cause as an argument, and its pool takes `__cause__` away."""
    while error is not None:
        yield error
        first = error.args[0] if error.args else None
        error = error.__cause__ or (first if isinstance(first, BaseException) else None)


def _text(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(_text(one) for one in error.exceptions))
    return str(error)
