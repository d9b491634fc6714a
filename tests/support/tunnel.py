"""A proxy on loopback that opens tunnels (CONNECT, RFC 9110, 9.3.6) and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


class Tunnel:
    """Use it as a context manager. `heads` are the requests as they came, each with its headers. `ports` are those of
    this machine that stand for hosts which are not really there. With `tls` it is spoken to over TLS."""

    def __init__(self, ports: Mapping[str, int] | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self._ports = ports or {}
        self.heads: list[bytes] = []
        tunnel = self

        class Handler(socketserver.StreamRequestHandler):
            rbufsize = 0

            def handle(self) -> None:
                with contextlib.suppress(OSError), _secured(self.request, tls) as client:
                    tunnel._serve(client)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = client.recv(1)
            if not byte:
                return
            head += byte
        self.heads.append(head)
        host, _, port = head.split(b" ", 2)[1].decode().rpartition(":")
        place = ("127.0.0.1", self._ports[host]) if host in self._ports else (host, int(port))
        with socket.create_connection(place) as target:
            client.sendall(b"HTTP/1.1 200 go on\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(target, client), daemon=True)
            back.start()
            _pass_on(client, target)
            back.join()


def _secured(client: socket.socket, tls: ssl.SSLContext | None) -> AbstractContextManager[socket.socket]:
    """The connection; what is plain is closed by the server that has it."""
    return contextlib.nullcontext(client) if tls is None else tls.wrap_socket(client, server_side=True)


def _pass_on(source: socket.socket, drain: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            drain.sendall(data)
    with contextlib.suppress(OSError):
        drain.shutdown(socket.SHUT_WR)
