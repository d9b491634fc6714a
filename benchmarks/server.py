"""Serve the synthetic index at a settable distance: over HTTP/1.1 with keep-alive, and over TLS with HTTP/2 as well.

Distance is simulated as latency alone: an answer leaves `delay` after its request arrived, and the first one of a
connection `handshakes` times `delay` later still, for the packets that open a real connection. Bandwidth is not
limited. The bodies are ready in memory or sent by the kernel from disk, so that the server takes little of the
processor time it shares with the clients. What is answered stands in `content`.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from content import Index, Request
from http2_server import Http2Connection

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from content import Answer, Conditions

#: What is encrypted at once.
_PIECE = 256 * 1024


class Connection(asyncio.Protocol):
    """One client connection. Requests are answered in order; bodies of requests are not expected."""

    def __init__(self, index: Index, base: str) -> None:
        self._index, self._base, self._buffer = index, base, b""
        self._queue: asyncio.Queue[tuple[float, Request]] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the task that answers on this connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._loop = transport, asyncio.get_running_loop()
        conditions = self._index.conditions
        self._opened = self._loop.time() + conditions.handshakes * conditions.delay
        self._index.counts.connections += 1
        self._task = self._loop.create_task(self._work())

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in whole requests as they arrive."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
            self._queue.put_nowait((self._loop.time(), Request(method, path, headers)))

    def pause_writing(self) -> None:
        """The client reads more slowly than the server writes."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    async def _work(self) -> None:
        while True:
            arrived, request = await self._queue.get()
            answer = self._index.answer(request, self._base)
            leaves = max(arrived, self._opened) + self._index.conditions.delay
            if request.path.startswith("/-/"):
                leaves = 0.0
            if (wait := leaves - self._loop.time()) > 0:
                await asyncio.sleep(wait)
            with contextlib.suppress(ConnectionError):
                await self._send(answer, with_body=request.method != "HEAD")

    async def _send(self, answer: Answer, *, with_body: bool) -> None:
        body = answer.body
        length = len(body) if isinstance(body, bytes) else body[2]
        # A client that caches needs the date to know an answer's age (RFC 9110, section 6.6.1).
        date = email.utils.formatdate(usegmt=True)
        lines = [f"HTTP/1.1 {answer.status}", f"date: {date}", *(f"{key}: {value}" for key, value in answer.headers)]
        if not answer.status.startswith("304"):
            lines.append(f"content-length: {length}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if not with_body or not length:
            self._transport.write(head)
        elif isinstance(body, bytes):
            self._transport.write(head + body if length < 65536 else head)
            if length >= 65536:
                self._transport.write(body)
        else:
            self._transport.write(head)
            await self._send_file(*body)
        await self._writable.wait()

    async def _send_file(self, path: Path, start: int, count: int) -> None:
        with path.open("rb") as file:
            if self._transport.get_extra_info("ssl_object") is None:
                await self._loop.sendfile(self._transport, file, start, count)
                return
            # asyncio's own way over TLS asks another thread for each piece, which made the server the slower one.
            file.seek(start)
            while piece := file.read(min(_PIECE, count)):
                count -= len(piece)
                await self._writable.wait()
                self._transport.write(piece)


class Front(asyncio.Protocol):
    """A TLS connection, which goes to the protocol that its handshake has agreed on (RFC 7301)."""

    def __init__(self, index: Index, base: str) -> None:
        self._index, self._base = index, base

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand it over."""
        assert isinstance(transport, asyncio.Transport)
        agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        kind = Http2Connection if agreed == "h2" else Connection
        protocol = kind(self._index, self._base)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def serve(folder: Path, conditions: Conditions, tls: Path | None = None) -> None:
    """Serve until standard input closes; print `{"url": ...}` first.

    With a folder for `tls` also over TLS with a certificate made there: `secure_url`, and `bundle`, the file to trust.
    """
    asyncio.run(_serve(Index(folder, conditions), tls))


async def _serve(index: Index, tls: Path | None) -> None:
    servers = [await _listen("http", lambda base: Connection(index, base))]
    reported = {"url": servers[0][1] + "/simple/"}
    if tls is not None:
        context, bundle = _certified(tls)
        servers.append(await _listen("https", lambda base: Front(index, base), context))
        reported |= {"secure_url": servers[1][1] + "/simple/", "bundle": str(bundle)}
    print(json.dumps(reported), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server, _ in servers:
        server.close()


async def _listen(
    scheme: str, make: Callable[[str], asyncio.Protocol], context: ssl.SSLContext | None = None
) -> tuple[asyncio.Server, str]:
    """Listen on a free port of loopback; the server and its URL without a path."""
    base = ""
    server = await asyncio.get_running_loop().create_server(lambda: make(base), "127.0.0.1", 0, ssl=context)
    base = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return server, base


def _certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for HTTP/2 and HTTP/1.1, and the authority's certificate: made as the tests make theirs."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from support.certificates import Authority

    authority = Authority(folder, "safepip benchmarks")
    context = authority.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context, authority.bundle
