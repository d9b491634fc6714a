"""One HTTP/2 connection to the synthetic index (RFC 9113): every stream is answered at its own time.

The distance is that of `server`: an answer leaves `delay` after its request arrived, and not before the packets that
open a real connection would have come, which over TLS are one round trip more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from content import Request
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, RequestReceived, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError

if TYPE_CHECKING:
    from content import Answer, Index


class Http2Connection(asyncio.Protocol):
    """Answers GET and HEAD. Bodies of requests are not expected."""

    def __init__(self, index: Index, base: str) -> None:
        self._index, self._base = index, base
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._left: dict[int, memoryview] = {}
        self._asked: set[int] = set()
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the connection's first words."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._loop = transport, asyncio.get_running_loop()
        conditions = self._index.conditions
        self._opened = self._loop.time() + (conditions.handshakes + 1) * conditions.delay
        self._index.counts.connections += 1
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._asked.clear()
        self._left.clear()

    def data_received(self, data: bytes) -> None:
        """Take in requests and room for answers."""
        try:
            events = self._h2.receive_data(data)
        except ProtocolError:
            self._transport.close()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._take(event)
            elif isinstance(event, StreamReset):
                self._asked.discard(event.stream_id)
                self._left.pop(event.stream_id, None)
            elif isinstance(event, WindowUpdated):
                self._send_more()
            elif isinstance(event, ConnectionTerminated):
                self._transport.close()
        self._flush()

    def pause_writing(self) -> None:
        """The client reads more slowly than the server writes."""
        self._paused = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        self._send_more()
        self._flush()

    def _take(self, event: RequestReceived) -> None:
        headers = {str(name): str(value) for name, value in event.headers}
        request = Request(headers.pop(":method"), headers.pop(":path"), headers)
        answer = self._index.answer(request, self._base)
        leaves = max(self._loop.time(), self._opened) + self._index.conditions.delay
        self._asked.add(event.stream_id)
        self._loop.call_at(leaves, self._begin, event.stream_id, answer, request.method)

    def _begin(self, stream: int, answer: Answer, method: str) -> None:
        """Send an answer's head, and as much of the body as there is room for."""
        if stream not in self._asked:
            return
        self._asked.discard(stream)
        body = answer.read()
        head = [(":status", answer.status[:3]), *answer.headers]
        if not answer.status.startswith("304"):
            head.append(("content-length", str(len(body))))
        if method == "HEAD" or not body:
            self._h2.send_headers(stream, head, end_stream=True)
        else:
            self._h2.send_headers(stream, head)
            self._left[stream] = memoryview(body)
            self._send(stream)
        self._flush()

    def _send_more(self) -> None:
        for stream in list(self._left):
            self._send(stream)

    def _send(self, stream: int) -> None:
        """As much as flow control and the transport's buffer let through."""
        left = self._left[stream]
        while left and not self._paused:
            room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size, len(left))
            if room <= 0:
                break
            self._h2.send_data(stream, bytes(left[:room]), end_stream=room == len(left))
            left = left[room:]
            self._flush()
        if left:
            self._left[stream] = left
        else:
            del self._left[stream]

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._transport.write(data)
