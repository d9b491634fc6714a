"""The end of a file is asked for, and a server that sends all of it instead is read as a download is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network import deadlines, limits
from safepip.edges.network.bodies import Body
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import HttpError, Transport
from safepip.edges.network.loop import Loop
from safepip.model.plan import Network
from support.host import Host, partial
from support.http2 import Http2Host
from support.nowhere import NOWHERE
from support.replies import Reply, drip, redirect, status, times

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any, TypeVar

    from support.certificates import Authority

    T = TypeVar("T")

DATA = bytes(range(256)) * 4000


@pytest.fixture
def host() -> Iterator[Host]:
    """It has a file, which it can give in parts, and once more without ranges."""
    with Host() as server:
        server.paths["/parts"] = lambda request: partial(request, Reply(200, DATA))
        server.paths["/whole"] = Reply(200, DATA)
        yield server


def on_the_network(work: Callable[[Transport], Coroutine[Any, Any, T]], **settings: Any) -> T:
    """What the work gives, on a loop and a network of its own."""

    async def run() -> T:
        network = Network(**{"retries": 0, "timeout": 5, **settings})
        transport = Transport(network, Credentials({"HOME": NOWHERE, "PATH": ""}), {})
        try:
            return await work(transport)
        finally:
            await transport.close()

    with Loop() as loop:
        return loop.run(run())


async def end(transport: Transport, url: str, suffix: int = 1000) -> tuple[int, bytes]:
    """The status, and what came."""
    async with transport.end_or_whole(url, suffix, allowed=lambda _url: True) as answer:
        if isinstance(answer, Body):
            return answer.status, b"".join([chunk async for chunk in answer.chunks()])
        return answer.status, answer.body


@pytest.mark.parametrize(
    ("path", "expected"), [("/parts", (206, DATA[-1000:])), ("/whole", (200, DATA)), ("/none", (404, b""))]
)
def test_what_comes_is_told_apart(path: str, expected: tuple[int, bytes], host: Host) -> None:
    """The end, the whole, or neither; each with one request for the end."""
    assert on_the_network(lambda transport: end(transport, host.origin + path)) == expected
    assert [request.headers["range"] for request in host.requests] == ["bytes=-1000"]
    assert host.requests[0].headers["accept-encoding"] == "identity"


def test_what_may_pass_is_tried_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with any small request."""
    monkeypatch.setattr(limits, "_FIRST_DELAY", 0.01)
    host.faults["/whole"] = times(2, status(503))
    assert on_the_network(lambda transport: end(transport, host.origin + "/whole"), retries=2) == (200, DATA)


def test_a_whole_that_is_not_read_leaves_the_network_as_it_was(host: Host, no_socket_left: None) -> None:
    """Its connection is closed, and the next request has another one."""

    async def leave_and_ask(transport: Transport) -> tuple[int, bytes]:
        async with transport.end_or_whole(host.origin + "/whole", 1000, allowed=lambda _url: True) as answer:
            assert isinstance(answer, Body)
        return await end(transport, host.origin + "/parts")

    assert on_the_network(leave_and_ask) == (206, DATA[-1000:])


def test_a_whole_takes_as_long_as_it_takes(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that a page has counts to the head of the answer and no further."""
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 0.4)
    monkeypatch.setattr(deadlines, "PAGE_TIMEOUTS", 0)
    monkeypatch.setattr(deadlines, "WINDOW_TIMEOUTS", 12)
    host.faults["/whole"] = drip(len(DATA) / 0.8)
    assert on_the_network(lambda transport: end(transport, host.origin + "/whole")) == (200, DATA)
    host.faults["/parts"] = drip(1000 / 0.8)
    with pytest.raises(HttpError) as caught:
        on_the_network(lambda transport: end(transport, host.origin + "/parts"))
    assert caught.value.kind == "timeout"


def test_no_message_has_where_a_redirect_leads(host: Host) -> None:
    """Such a URL may be signed, and whoever has that has the file."""
    host.faults["/parts"] = redirect("/signed?signature=CANARY")
    host.paths["/signed"] = Reply(206, b"other", {"Content-Range": "bytes 0-4/1024"})
    with pytest.raises(HttpError) as caught:
        on_the_network(lambda transport: end(transport, host.origin + "/parts"))
    assert ("/parts sends a different part" in caught.value.message, "CANARY" in caught.value.message) == (True, False)


def test_wholes_and_others_share_one_connection(authority: Authority) -> None:
    """Over HTTP/2, where each stream and the connection have windows, long bodies are read beside each other."""
    with Http2Host(authority.context()) as host:
        host.pages = {f"/{number}": bytes([number]) * 3_000_000 for number in range(6)}

        async def all_at_once(transport: Transport) -> list[tuple[int, bytes]]:
            return await asyncio.gather(*(end(transport, host.origin + path) for path in host.pages))

        found = on_the_network(all_at_once, cert=str(authority.bundle))
        assert [code for code, _ in found] == [200] * 6
        assert [body for _, body in found] == list(host.pages.values())
        assert host.connections == 1
