"""Connections: what is sent over them is what was meant, and one that is given up leaves no socket behind."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.connections import Connections
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import Transport
from safepip.edges.network.httpx_connection import RequestFailed
from safepip.edges.network.loop import Loop
from safepip.model.plan import Network
from support.host import Host, free_port
from support.http2 import Http2Host
from support.nowhere import NOWHERE
from support.replies import Reply
from support.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.certificates import Authority

TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), 5.0)

#: What a parser of URLs would write in another way.
TARGET = b"/a/../b//c/%7e/%C3%a4/x;y=1?q=%2b&r='\"|{}"


def to(port: int, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Connections:
    """Connections to this machine; encrypted ones try HTTP/2 first."""
    return Connections(
        ("https" if context else "http", host, port),
        limit=8,
        multiplex=True,
        patience=10.0,
        context=lambda: context or ssl.create_default_context(),
    )


async def get(connections: Connections, target: bytes = b"/page") -> bytes:
    """One whole response."""
    response = await connections.send(target, [(b"Host", b"h.example")], TIMEOUTS)
    try:
        return b"".join([chunk async for chunk in response.chunks()])
    finally:
        await response.close()


def cancel_all(make: Callable[[], Connections], after: list[float]) -> int:
    """Begin a request for each of these times, on connections of its own, and cancel it then, in seconds or, where
    negative, turns of the loop. How many failed or ended before that.
    """

    async def one(when: float) -> bool:
        connections = make()
        task = asyncio.create_task(get(connections))
        if when < 0:
            for _ in range(int(-when)):
                await asyncio.sleep(0)
        else:
            await asyncio.wait((task,), timeout=when)
        early = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, RequestFailed):
            await task
        await connections.close()
        return early

    async def run() -> int:
        ended = 0
        for start in range(0, len(after), 50):
            ended += sum(await asyncio.gather(*map(one, after[start : start + 50])))
        for _ in range(5):
            await asyncio.sleep(0)
        return ended

    return asyncio.run(run())


@pytest.mark.usefixtures("no_socket_left")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cancelled_connection_leaves_no_socket_open(host: str) -> None:
    """Where "localhost" has two addresses, they race."""
    with Host() as server:
        server.paths["/page"] = Reply(200, b"page")
        # The address is looked up in a thread, which takes as many turns as it takes.
        times = [*(-float(turns) for turns in range(150)), *(0.0005 * step for step in range(100)), 60.0]
        ended = cancel_all(lambda: to(server.port, host=host), times)
        assert 1 <= ended < len(times)
        assert len(server.requests) >= ended


@pytest.mark.usefixtures("no_socket_left")
def test_cancelled_handshakes_leave_no_socket_open(authority: Authority) -> None:
    """400 of them: half with a server that never answers, half with one that does, at any moment."""
    context = ssl.create_default_context(cafile=str(authority.bundle))
    with socket.create_server(("127.0.0.1", 0), backlog=256) as silent:
        assert cancel_all(lambda: to(silent.getsockname()[1], context), [0.05] * 200) == 0
    chance = random.Random(8)
    with Http2Host(authority.context()) as server:
        port = int(server.origin.rpartition(":")[2])
        # The last one is not cancelled, so that one has been served however slow the machine is.
        assert cancel_all(lambda: to(port, context), [*(chance.uniform(0, 0.2) for _ in range(200)), 60.0])
        assert server.connections > 0


def test_more_kept_connections_than_one_may_have_been_closed_meanwhile() -> None:
    """The server closes all that are idle; the next request goes over a new one, and is no further attempt."""

    async def run() -> None:
        served: list[asyncio.StreamWriter] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            served.append(writer)
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while await reader.readuntil(b"\r\n\r\n"):
                    await asyncio.sleep(0.05)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        connections = to(server.sockets[0].getsockname()[1])
        assert await asyncio.gather(*(get(connections) for _ in range(6))) == [b"ok"] * 6
        assert len(served) == 6
        for writer in served:
            writer.close()
        await asyncio.sleep(0.05)
        assert await get(connections) == b"ok"
        assert len(served) == 7
        await connections.close()
        server.close()
        served[-1].close()
        await asyncio.sleep(0.05)

    asyncio.run(run())


def test_a_host_that_refuses_at_every_address_is_told_with_all_of_them() -> None:
    """httpx itself says no more than that all attempts failed."""

    async def run() -> None:
        async def look_up(_host: str, port: int, **_options: object) -> list[object]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", port)) for n in (1, 2)]

        asyncio.get_running_loop().getaddrinfo = look_up  # type: ignore[assignment,method-assign]  # a name server's part
        with pytest.raises(RequestFailed) as caught:
            await get(to(free_port(), host="two.example"))
        assert caught.value.kind == "connection"
        assert all(address in str(caught.value) for address in ("127.0.0.1", "127.0.0.2"))

    asyncio.run(run())


# ---------------------------------------------------------------------- what is sent


def test_a_target_travels_as_it_is(authority: Authority) -> None:
    """Over HTTP/1.1 and over HTTP/2."""

    async def run(connections: Connections) -> None:
        await get(connections, TARGET)
        await connections.close()

    with Host() as plain:
        asyncio.run(run(to(plain.port)))
        assert [request.path.encode() for request in plain.requests] == [TARGET]
    context = ssl.create_default_context(cafile=str(authority.bundle))
    with Http2Host(authority.context()) as server:
        asyncio.run(run(to(int(server.origin.rpartition(":")[2]), context)))
        assert [path.encode() for path in server.requests] == [TARGET]


def through(proxy: str, url: str, *, bundle: str | None = None, trusted: tuple[str, ...] = ()) -> bytes:
    """A page that comes by a proxy."""
    with Loop() as loop:
        network = Network(retries=0, timeout=5, cert=bundle, proxy=proxy, trusted_hosts=trusted)
        transport = Transport(network, Credentials({"HOME": NOWHERE, "PATH": ""}), {})
        answer = loop.run(transport.get(url, limit=1 << 20, allowed=lambda _: True))
        loop.run(transport.close())
        return answer.body


def test_an_encrypted_connection_goes_through_the_proxy_as_a_tunnel(authority: Authority) -> None:
    """The proxy learns host and port, and gets its own credentials, byte for byte; the rest is for the server alone."""
    with Tunnel() as proxy, Host(tls=authority.context()) as host:
        host.paths["/a/../page"] = Reply(200, b"from behind the proxy")
        url = f"{host.origin}/a/../page?x=1"
        named = f"us%C3%A9r:%FFword@127.0.0.1:{proxy.port}"
        assert through(named, url, bundle=str(authority.bundle)) == b"from behind the proxy"
        (head,) = proxy.heads
        lines = head.split(b"\r\n")
        assert lines[0] == f"CONNECT 127.0.0.1:{host.port} HTTP/1.1".encode()
        assert b"Proxy-Authorization: Basic dXPDqXI6/3dvcmQ=" in lines
        assert b"page" not in head
        (request,) = host.requests
        assert request.path == "/a/../page?x=1"
        assert "proxy-authorization" not in request.headers


def test_a_plain_request_goes_to_the_proxy_with_its_whole_url() -> None:
    """As it is, too (RFC 9112, 3.2.2)."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        seen: list[bytes] = []

        def serve() -> None:
            with proxy.accept()[0] as client:
                seen.append(client.recv(65536))
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                time.sleep(0.2)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://index.example{TARGET.decode()}"
        body = through(f"http://127.0.0.1:{proxy.getsockname()[1]}", url, trusted=("index.example",))
        thread.join()
    assert body == b"ok"
    assert seen[0].split(b"\r\n")[0] == b"GET http://index.example" + TARGET + b" HTTP/1.1"
