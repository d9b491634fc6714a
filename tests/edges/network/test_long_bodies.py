"""A large body is read in a shorter way than others, and keeps every promise that they keep."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safepip.edges.network import long_bodies
from safepip.edges.network.connections import Connections
from safepip.edges.network.httpx_connection import Proxy, RequestFailed
from safepip.edges.network.long_bodies import LEAST, length_of
from support.host import Host
from support.http2 import Http2Host
from support.replies import Reply, drop, lie_about_length, stall
from support.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safepip.edges.network.connections import Response
    from support.certificates import Authority

DATA = random.Random(3).randbytes(LEAST + 12_345)
SMALL = b"small" * 1000
#: What may come before a response (RFC 8297), and the response.
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(DATA)


def to(port: int, context: ssl.SSLContext | None, *, proxy: str | None = None, multiplex: bool = False) -> Connections:
    """Connections to this machine."""
    return Connections(
        ("https" if context else "http", "127.0.0.1", port),
        limit=1,
        multiplex=multiplex,
        patience=20.0,
        context=lambda: context or ssl.create_default_context(),
        proxy=None if proxy is None else lambda: Proxy(proxy, None, None),
    )


class Bytes(NamedTuple):
    """Many bytes, told in short where they are compared."""

    size: int
    digest: str

    @classmethod
    def of(cls, *pieces: bytes) -> Bytes:
        return cls(sum(map(len, pieces)), hashlib.sha256(b"".join(pieces)).hexdigest())


class Got(NamedTuple):
    """What of a body has come, and why no more did."""

    body: Bytes
    problem: RequestFailed | None = None

    @property
    def kind(self) -> str:
        return "" if self.problem is None else self.problem.kind


WHOLE, LITTLE = Got(Bytes.of(DATA)), Got(Bytes.of(SMALL))


async def send(connections: Connections, target: str, *, read_seconds: float = 10.0) -> Response:
    timeouts = {"connect": 10.0, "read": read_seconds, "write": 10.0, "pool": 10.0}
    return await connections.send(target.encode(), [(b"Host", b"h.example")], timeouts)


async def get(connections: Connections, target: str = "/large", *, read_seconds: float = 10.0) -> Got:
    response = await send(connections, target, read_seconds=read_seconds)
    pieces: list[bytes] = []
    problem = None
    try:
        async for piece in response.chunks():
            pieces.append(piece)  # noqa: PERF401  # a comprehension would lose what came before a failure
    except RequestFailed as failure:
        problem = failure
    finally:
        await response.close()
    return Got(Bytes.of(*pieces), problem)


class Way:
    """A host with a large file and a small one, and connections that lead there."""

    def __init__(self, host: Host, make: Callable[[], Connections]) -> None:
        self.host = host
        self.make = make

    def get(self, *targets: str, read_seconds: float = 10.0) -> list[Got]:
        """What these bring, one after the other over the same `Connections`."""

        async def run() -> list[Got]:
            connections = self.make()
            try:
                return [await get(connections, target, read_seconds=read_seconds) for target in targets]
            finally:
                await connections.close()

        return asyncio.run(run())


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.bundle))


@pytest.fixture(params=["plain", "TLS", "TLS 1.2", "tunnel"])
def way(request: pytest.FixtureRequest, authority: Authority, trusting: ssl.SSLContext) -> Iterator[Way]:
    with contextlib.ExitStack() as stack:
        secure = request.param != "plain"
        host = stack.enter_context(Host(tls=authority.context() if secure else None))
        host.paths["/large"] = Reply(200, DATA)
        host.paths["/small"] = Reply(200, SMALL)
        if request.param == "TLS 1.2":
            trusting.maximum_version = ssl.TLSVersion.TLSv1_2
        tunnel = stack.enter_context(Tunnel()) if request.param == "tunnel" else None
        proxy = None if tunnel is None else f"http://127.0.0.1:{tunnel.port}"
        yield Way(host, lambda: to(host.port, trusting if secure else None, proxy=proxy))


@pytest.fixture(params=["the short way", "as any other"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test says holds in both ways."""
    if request.param == "as any other":
        monkeypatch.setattr(long_bodies, "LEAST", 1 << 40)


# ---------------------------------------------------------------------- what is read


def test_a_large_body_comes_whole_and_ends_its_connection(way: Way) -> None:
    assert way.get("/large", "/large") == [WHOLE] * 2
    assert way.host.connections == 2


def test_a_small_body_keeps_its_connection(way: Way) -> None:
    way.host.paths["/less"] = Reply(200, DATA[: LEAST - 1])
    way.host.paths["/part"] = Reply(206, SMALL, {"Content-Range": f"bytes 0-{len(SMALL) - 1}/{len(DATA)}"})
    less = Got(Bytes.of(DATA[: LEAST - 1]))
    assert way.get("/small", "/less", "/part", "/small") == [LITTLE, less, LITTLE, LITTLE]
    assert way.host.connections == 1


def test_a_length_without_a_body_is_no_body(way: Way) -> None:
    """RFC 9110, 8.6: it is what a GET without conditions would have brought."""
    way.host.paths["/same"] = Reply(304, b"", {"Content-Length": str(len(DATA))})
    assert way.get("/same", "/small") == [Got(Bytes.of()), LITTLE]
    assert way.host.connections == 1


def test_what_goes_beyond_the_length_is_not_read(way: Way) -> None:
    way.host.faults["/large"] = lie_about_length(-1000)
    assert way.get("/large", "/small") == [Got(Bytes.of(DATA[:-1000])), LITTLE]


def test_over_http2_a_large_body_shares_its_connection(authority: Authority, trusting: ssl.SSLContext) -> None:
    with Http2Host(authority.context()) as host:
        host.pages["/large"], host.pages["/small"] = DATA, SMALL
        port = int(host.origin.rpartition(":")[2])

        async def run() -> list[Got]:
            connections = to(port, trusting, multiplex=True)
            try:
                return [await get(connections, "/large"), await get(connections, "/small")]
            finally:
                await connections.close()

        assert asyncio.run(run()) == [WHOLE, LITTLE]
        assert host.connections == 1


LENGTH = (b"Content-Length", b"%d" % LEAST)


@pytest.mark.parametrize(
    ("status", "version", "headers", "expected"),
    [
        (200, b"HTTP/1.1", [LENGTH], LEAST),
        (206, b"HTTP/1.0", [(b"X", b"y"), (b"content-LENGTH", b"%d" % (LEAST + 1))], LEAST + 1),
        (200, b"HTTP/1.1", [(b"Content-Length", b"%d" % (LEAST - 1))], None),
        (200, b"HTTP/1.1", [], None),
        (200, b"HTTP/1.1", [LENGTH, LENGTH], None),
        (200, b"HTTP/1.1", [LENGTH, (b"transfer-Encoding", b"chunked")], None),
        (200, b"HTTP/1.1", [(b"Content-Length", b"+%d" % LEAST)], None),
        (200, b"HTTP/1.1", [(b"Content-Length", b"9" * 5000)], None),
        (200, b"HTTP/2", [LENGTH], None),
        (304, b"HTTP/1.1", [LENGTH], None),
        (404, b"HTTP/1.1", [LENGTH], None),
    ],
)
def test_which_bodies_are_read_the_short_way(
    status: int, version: bytes, headers: list[tuple[bytes, bytes]], expected: int | None
) -> None:
    assert length_of(status, {"http_version": version, "network_stream": None}, headers) == expected
    assert length_of(status, {"http_version": version}, headers) is None


# ---------------------------------------------------------------------- how it comes


@contextlib.contextmanager
def answering(context: ssl.SSLContext | None, answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection and one request: its port. `answer` does with the connection what it likes."""

    def serve() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as plain:
            plain.settimeout(20)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context.wrap_socket(plain, server_side=True) if context else plain as client:
                asked = b""
                while not asked.endswith(b"\r\n\r\n"):
                    asked += client.recv(65536)
                answer(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)
    assert not thread.is_alive()


@pytest.fixture(params=["plain", "TLS"])
def secure(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "TLS")


def answered(authority: Authority, answer: Callable[[socket.socket], None], *, secure: bool) -> Got:
    """What comes of a server that answers like this."""
    trusting = ssl.create_default_context(cafile=str(authority.bundle)) if secure else None

    async def run(port: int) -> Got:
        connections = to(port, trusting)
        try:
            return await get(connections)
        finally:
            await connections.close()

    with answering(authority.context() if secure else None, answer) as port:
        return asyncio.run(run(port))


@pytest.mark.parametrize(
    "ends",
    [
        (len(HEAD) + 1,),
        (len(HEAD),),
        (len(HEAD) - 1,),
        (len(HEAD) + 16_384, len(HEAD) + 16_385),
        (),
        tuple(range(1000, 4_000_000, 7919)),
        (len(HEAD) + len(DATA) - 1,),
    ],
    ids=[
        "a byte with the head",
        "the head alone",
        "two parts of the head",
        "16 kB",
        "at once",
        "bits",
        "the last byte",
    ],
)
def test_nothing_is_lost_or_read_twice_however_it_is_cut(
    ends: tuple[int, ...], authority: Authority, *, secure: bool
) -> None:
    """What came with the head lies in another place than the rest."""
    whole = EARLY + HEAD + DATA

    def answer(client: socket.socket) -> None:
        start = 0
        for place, end in enumerate((*(len(EARLY) + end for end in ends), len(whole))):
            client.sendall(whole[start:end])
            start = end
            if place < 2:
                threading.Event().wait(0.05)

    assert answered(authority, answer, secure=secure) == WHOLE


# ---------------------------------------------------------------------- how it fails


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("place", [0, 100_000, 5_000_000, len(DATA) - 1])
def test_a_body_that_ends_early_is_told_after_what_has_come(place: int, way: Way) -> None:
    way.host.faults["/large"] = drop(place)
    got, after = way.get("/large", "/small")
    assert (got.body, got.kind) == (Bytes.of(DATA[:place]), "protocol")
    assert str(place) in str(got.problem)
    assert str(len(DATA)) in str(got.problem)
    assert after == LITTLE


@pytest.mark.usefixtures("either")
def test_the_end_of_tls_is_no_end_of_a_body(authority: Authority) -> None:
    """An alert that says "close" (RFC 8446, 6.1) is as early as any other end."""

    def answer(client: socket.socket) -> None:
        client.sendall(HEAD + DATA[:5_000_000])
        assert isinstance(client, ssl.SSLSocket)
        with contextlib.suppress(OSError):
            client.unwrap()

    got = answered(authority, answer, secure=True)
    assert (got.body, got.kind) == (Bytes.of(DATA[:5_000_000]), "protocol")


@pytest.mark.usefixtures("either")
def test_a_connection_that_breaks_is_told(authority: Authority, *, secure: bool) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(HEAD + DATA[:5_000_000])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    got = answered(authority, answer, secure=secure)
    assert got.body == Bytes.of(DATA[: got.body.size])
    assert (got.kind, "reset" in str(got.problem)) == ("connection", True)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("at", ["a record of its own", "with others"])
def test_a_record_that_was_tampered_with_is_told_after_what_has_come(at: str, authority: Authority) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(HEAD + DATA[:5_000_000])
        if at == "a record of its own":
            threading.Event().wait(0.2)
        os.write(client.fileno(), b"\x17\x03\x03\x00\x40" + bytes(64))
        with contextlib.suppress(OSError):
            client.recv(1)

    got = answered(authority, answer, secure=True)
    assert (got.body, got.kind) == (Bytes.of(DATA[:5_000_000]), "tls")


@pytest.mark.usually("the short way-TLS-*", "as any other-plain-*", "the short way-tunnel-*")
@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("place", [0, 5_000_000])
def test_a_body_that_stops_coming_is_given_up_in_time(place: int, way: Way) -> None:
    way.host.faults["/large"] = stall(60, place)
    got, after = way.get("/large", "/small", read_seconds=0.5)
    assert (got.body, got.kind) == (Bytes.of(DATA[:place]), "timeout")
    assert after == LITTLE


# ---------------------------------------------------------------------- how it is given up


@pytest.mark.usually("the short way-TLS-*", "as any other-plain-*", "the short way-tunnel-*")
@pytest.mark.usefixtures("either", "no_socket_left")
@pytest.mark.parametrize("pieces", [0, 20])
def test_it_may_be_closed_in_the_middle(pieces: int, way: Way) -> None:
    async def run() -> None:
        connections = way.make()
        response = await send(connections, "/large")
        chunks = response.chunks()
        for _ in range(pieces):
            assert await anext(chunks)
        await response.close()
        assert await get(connections, "/small") == LITTLE
        await connections.close()

    asyncio.run(run())
    assert way.host.connections == 2


@pytest.mark.usually("the short way-TLS-*", "as any other-plain-*", "the short way-tunnel-*")
@pytest.mark.usefixtures("either", "no_socket_left")
@pytest.mark.parametrize("place", [0, 5_000_000])
def test_it_may_be_cancelled_while_it_is_waited_for(place: int, way: Way) -> None:
    way.host.faults["/large"] = stall(60, place)

    async def run() -> None:
        connections = way.make()
        for when in (0.0, 0.01, 0.3):
            task = asyncio.create_task(get(connections))
            await asyncio.wait((task,), timeout=when)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await get(connections, "/small") == LITTLE
        await connections.close()

    asyncio.run(run())
