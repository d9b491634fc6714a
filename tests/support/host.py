"""A web server on loopback that answers as it is told, faults included, and remembers every request.

`Host` carries any number of `Site`s, each under a path prefix of its own, and single `paths`. It speaks
HTTP/1.1 with keep-alive, answers ranges and conditional requests, asks for a password where a site says so,
and applies `faults` by exact path. As a proxy for plain http it answers as if it were every host. It stops at
once when closed, however slow an answer is.
"""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, Self

from support.replies import Fault, Reply, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

# What a proxy is asked for (RFC 9112, section 3.2.2): the URL of the resource, not its path alone.
_ABSOLUTE = re.compile(r"^http://[^/]+")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


class Site(Protocol):
    """Something that answers under a path prefix; None for a path it does not know."""

    def answer(self, request: Request) -> Reply | None: ...


class Host:
    """One origin. Use it as a context manager, or call `close`.

    `requests` is the log in order of arrival, `connections` how many have carried them. `delay` is waited before each
    answer, in seconds. `faults` are by path without the query. With `tls` the origin is https.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.faults: dict[str, Fault] = {}
        self.paths: dict[str, Reply | Callable[[Request], Reply]] = {}
        self.sites: list[Site] = []
        self.delay = 0.0
        self.closing = threading.Event()
        self._server = _Server((address, 0), self, tls)
        self.port = int(self._server.server_address[1])
        scheme = "https" if tls else "http"
        self.origin = f"{scheme}://{address}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and end every answer under way. The port then refuses connections."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def respond(self, request: Request) -> Reply:
        """The reply to a request: a site's or a path's, with the fault of that path applied."""
        path = request.path.partition("?")[0]
        reply = self._honest(request, path)
        fault = self.faults.get(path)
        return fault(request, reply) if fault else reply

    def _honest(self, request: Request, path: str) -> Reply:
        fixed = self.paths.get(path)
        if fixed is not None:
            return fixed if isinstance(fixed, Reply) else fixed(request)
        for site in self.sites:
            reply = site.answer(request)
            if reply is not None:
                return reply
        return Reply(404, b"not here", {"Content-Type": "text/plain"})


def partial(request: Request, reply: Reply) -> Reply:
    """The part of a body that the request's Range asks for; the whole where it asks for none or for several.

    With `If-Range` the part is given only while the ETag is the same (RFC 9110, section 13.1.5).
    """
    asked = _RANGE.match(request.headers.get("range", ""))
    if not asked or asked.groups() == ("", "") or reply.status != 200:
        return reply
    condition = request.headers.get("if-range")
    if condition is not None and condition != reply.headers.get("ETag"):
        return reply
    size = len(reply.body)
    first, last = asked.groups()
    start, end = (int(first), int(last) if last else size - 1) if first else (max(0, size - int(last)), size - 1)
    end = min(end, size - 1)
    if start > end:
        return Reply(416, b"", {"Content-Range": f"bytes */{size}"})
    headers = {**reply.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
    return replace(reply, status=206, body=reply.body[start : end + 1], headers=headers)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], host: Host, tls: ssl.SSLContext | None) -> None:
        self.host = host
        self.tls = tls
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host's name that http.server does."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "loopback", int(self.server_address[1])

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Serve one connection; the TLS handshake is done here, in the connection's own thread."""
        assert isinstance(request, socket.socket)
        with contextlib.suppress(OSError):
            if self.tls:
                request.settimeout(10)
                request = self.tls.wrap_socket(request, server_side=True)
                request.settimeout(None)
            with request:
                self.host.connections += 1
                super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken pipes are what these tests are about; anything else is a fault of a test's own hook."""
        import sys
        import traceback

        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def _serve(self) -> None:
        host = self.server.host
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        path = _ABSOLUTE.sub("", self.path)
        request = Request(self.command, path, {name.lower(): value for name, value in self.headers.items()}, body)
        host.requests.append(request)
        if host.delay:
            host.closing.wait(host.delay)
        reply = host.respond(request)
        if host.closing.is_set() or reply.reset:
            self.close_connection = True
            return
        self._send(request, reply)

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - the base class calls these names

    def _send(self, request: Request, reply: Reply) -> None:
        host = self.server.host
        if reply.hang == -1 and host.closing.wait(reply.pause):
            self.close_connection = True
            return
        self._send_head(reply)
        if request.method == "HEAD":
            return
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        if reply.hang is not None and reply.hang >= 0:
            self._send_part(body[: reply.hang])
            body = body[reply.hang :]
            if host.closing.wait(reply.pause):
                self.close_connection = True
                return
        self._send_dripping(body, reply.rate) if reply.rate else self._send_part(body)
        self._send_endless(reply)
        if reply.cut is not None or reply.announced is not None or reply.endless:
            self.close_connection = True

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.announced is not None:
            self.send_header("Content-Length", str(reply.announced))
        elif reply.endless:
            self.send_header("Connection", "close")
        elif reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()

    def _send_part(self, part: bytes) -> None:
        self.wfile.write(part)
        self.wfile.flush()

    def _send_dripping(self, body: bytes, rate: float) -> None:
        step = max(1, int(rate / 20))
        for start in range(0, len(body), step):
            self._send_part(body[start : start + step])
            if self.server.host.closing.wait(step / rate):
                return

    def _send_endless(self, reply: Reply) -> None:
        sent = 0
        while reply.endless and sent < reply.endless_limit and not self.server.host.closing.is_set():
            self._send_part(reply.endless)
            sent += len(reply.endless)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the log is `Host.requests`."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int, seconds: float, alive: Callable[[], bool]) -> None:
    """Return once something accepts connections on the port. Raises `TimeoutError`, or `RuntimeError` if it died."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if not alive():
            raise RuntimeError("the server ended before it listened")
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} seconds")
