"""Over HTTP/2 all requests of an origin share one connection, and its loss is no more than a delay."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network import http, limits
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import Answer, HttpError, Transport
from safepip.edges.network.loop import Loop
from safepip.model.plan import Network
from support.host import Host
from support.http2 import Http2Host
from support.nowhere import NOWHERE
from support.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.certificates import Authority


@pytest.fixture
def host(authority: Authority) -> Iterator[Http2Host]:
    with Http2Host(authority.context()) as server:
        for number in range(40):
            server.pages[f"/{number}"] = b"%d" % number * 5000
        yield server


@pytest.fixture
def network(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setattr(limits, "_FIRST_DELAY", 0.01)
    return Network(retries=3, timeout=5, cert=str(authority.bundle))


async def get_all(transport: Transport, origin: str, numbers: range) -> list[Answer | BaseException]:
    gets = [transport.get(f"{origin}/{n}", limit=1 << 20, allowed=lambda _: True) for n in numbers]
    return await asyncio.gather(*gets, return_exceptions=True)


def fetch(network: Network, origin: str, numbers: range) -> list[Answer | BaseException]:
    async def run() -> list[Answer | BaseException]:
        transport = Transport(network, Credentials({"HOME": NOWHERE, "PATH": ""}), {})
        try:
            return await get_all(transport, origin, numbers) + await get_all(transport, origin, numbers[:3])
        finally:
            await transport.close()

    with Loop() as loop:
        return loop.run(run())


def bodies(answers: list[Answer | BaseException]) -> list[bytes]:
    return [answer.body if isinstance(answer, Answer) else repr(answer).encode() for answer in answers]


def expected(numbers: range) -> list[bytes]:
    return [b"%d" % n * 5000 for n in (*numbers, *numbers[:3])]


def test_all_requests_share_one_connection(host: Http2Host, network: Network) -> None:
    assert bodies(fetch(network, host.origin, range(40))) == expected(range(40))
    assert host.connections == 1
    assert len(host.requests) == 43


def test_no_log_holds_a_header(host: Http2Host, network: Network, caplog: pytest.LogCaptureFixture) -> None:
    """At debug level the HTTP/2 libraries would log every header, credentials included."""
    caplog.set_level(logging.DEBUG)
    fetch(network, host.origin, range(2))
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert names.isdisjoint({"hpack", "h2", "httpcore", "httpx"})


def test_a_connection_that_the_server_ends_is_replaced(host: Http2Host, network: Network) -> None:
    host.goaway_after = 7
    assert bodies(fetch(network, host.origin, range(20))) == expected(range(20))
    assert host.connections > 1


@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_request_fails_where_connections_end_and_are_closed_at_once(
    rounds: int, host: Http2Host, authority: Authority
) -> None:
    """After seven requests each, with whatever was under way on them (RFC 9113, 8.7), at the retries of a user."""
    host.goaway_after = 7
    for _ in range(rounds):
        before = host.connections
        answers = fetch(Network(cert=str(authority.bundle)), host.origin, range(20))
        assert bodies(answers) == expected(range(20))
        assert host.connections - before > 1


def test_a_stream_that_is_reset_fails_alone(host: Http2Host, network: Network) -> None:
    host.reset = {"/3"}
    answers = fetch(network, host.origin, range(6))
    assert [isinstance(answer, HttpError) for answer in answers[:6]] == [n == 3 for n in range(6)]
    assert host.connections == 1
    assert host.requests.count("/3") == 4


def test_pings_without_end_are_no_answer(
    host: Http2Host, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ping is something to read, so no single read times out; the body that does not come does."""
    monkeypatch.setattr(http, "PATIENCE_SECONDS", 0.5)
    host.pinging = {"/1"}
    quick = Network(retries=0, timeout=0.2, cert=str(authority.bundle))
    start = time.monotonic()
    answers = fetch(quick, host.origin, range(1, 2))
    assert {answer.kind for answer in answers if isinstance(answer, HttpError)} == {"timeout"}
    assert time.monotonic() - start < 5


def test_a_server_that_ends_every_connection_is_given_up(host: Http2Host, network: Network) -> None:
    host.goaway_after = 0
    answers = fetch(network, host.origin, range(5))
    assert all(isinstance(answer, HttpError) for answer in answers)


def test_a_server_that_speaks_only_http1_gets_several_connections(authority: Authority, network: Network) -> None:
    with Host(tls=authority.context()) as old:
        for number in range(20):
            old.paths[f"/{number}"] = Reply(200, b"%d" % number * 5000)
        assert bodies(fetch(network, old.origin, range(20))) == expected(range(20))


def test_a_dead_host_costs_one_time_out_and_not_one_a_request(network: Network, authority: Authority) -> None:
    """Nothing answers the handshake: all requests of the origin fail together."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quick = Network(retries=0, timeout=0.5, cert=str(authority.bundle))
        start = time.monotonic()
        answers = fetch(quick, f"https://127.0.0.1:{silent.getsockname()[1]}", range(20))
        assert time.monotonic() - start < 3
    assert {answer.kind for answer in answers if isinstance(answer, HttpError)} == {"timeout"}
