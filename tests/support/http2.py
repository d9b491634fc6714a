"""A small HTTP/2 server over TLS on loopback, for what only HTTP/2 can show: many requests on one connection.

It answers GET from `pages`, 404 otherwise. `goaway_after` closes each connection after that many requests,
as servers do when they restart; `reset` are paths whose stream is reset instead of answered;
`pinging` ones get the head of an answer and then pings without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, WindowUpdated
from h2.exceptions import ProtocolError

if TYPE_CHECKING:
    import ssl


class Http2Host:
    """Use it as a context manager. `requests` are the paths asked for; `connections` counts handshakes."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2"])
        self.pages: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.connections = 0
        self.delay = 0.0
        self.goaway_after: int | None = None
        self.reset: set[str] = set()
        self.pinging: set[str] = set()
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        self.origin = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_details: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        session = _Session(self, writer)
        with contextlib.suppress(OSError, ProtocolError, asyncio.CancelledError):
            session.begin()
            while data := await reader.read(65536):
                if not await session.receive(data):
                    break
        writer.transport.abort()


class _Session:
    """One connection."""

    def __init__(self, host: Http2Host, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._writer = writer
        self._h2 = H2Connection(H2Configuration(client_side=False))
        self._left: dict[int, bytes] = {}
        self._served = 0

    def begin(self) -> None:
        self._h2.initiate_connection()
        self._flush()

    async def receive(self, data: bytes) -> bool:
        """Answer what came; False at the connection's end."""
        limit = self._host.goaway_after
        for event in self._h2.receive_data(data):
            if isinstance(event, RequestReceived):
                # With a limit of 0 none is answered, even if it comes in one piece with the connection's first words.
                if limit != 0:
                    await self._answer(event)
            elif isinstance(event, WindowUpdated):
                for stream in list(self._left):
                    self._send(stream)
            elif isinstance(event, DataReceived):
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            elif isinstance(event, ConnectionTerminated):
                return False
        self._flush()
        if limit is not None and self._served >= limit:
            self._h2.close_connection()
            self._flush()
            return False
        return True

    async def _answer(self, event: RequestReceived) -> None:
        headers = dict(event.headers or [])
        path = headers[b":path"].decode()
        self._host.requests.append(path)
        self._served += 1
        if self._host.delay:
            await asyncio.sleep(self._host.delay)
        if path in self._host.reset:
            self._h2.reset_stream(event.stream_id)
            return
        body = self._host.pages.get(path)
        status = "404" if body is None else "200"
        self._h2.send_headers(event.stream_id, [(":status", status), ("content-length", str(len(body or b"")))])
        while path in self._host.pinging:
            self._h2.ping(b"are you?")
            self._flush()
            await asyncio.sleep(0.02)
        self._left[event.stream_id] = body or b""
        self._send(event.stream_id)

    def _send(self, stream: int) -> None:
        """As much as flow control lets through."""
        data = self._left[stream]
        while data:
            room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size, len(data))
            if room <= 0:
                break
            self._h2.send_data(stream, data[:room])
            data = data[room:]
        if data:
            self._left[stream] = data
        else:
            self._h2.end_stream(stream)
            del self._left[stream]

    def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())
