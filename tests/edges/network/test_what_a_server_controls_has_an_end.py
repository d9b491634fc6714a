"""A server cannot make a run wait for ever: a page has a time in all, a file a least rate, pauses one budget."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_http import PAGE, Client, everywhere

from safepip.edges.network import deadlines, limits
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.deadlines import Pauses, Rate, page_seconds, window_seconds
from safepip.edges.network.http import HttpError
from safepip.model.plan import Network
from support.fetching import PATH, World
from support.host import Host
from support.nowhere import NOWHERE
from support.replies import Reply, drip, status, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.replies import Fault, Request


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second for a page, and no long waits between attempts."""
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 0.5)
    monkeypatch.setattr(limits, "_FIRST_DELAY", 0.01)


@pytest.fixture
def client() -> Iterator[Client]:
    """A client that would try again often, each time with much patience, and has half a second in all."""
    with Client(Network(retries=1000, timeout=0.04)) as client:
        # What is measured here is the time in all: single reads may take longer.
        client.transport._limits.update(connect=30.0, read=30.0)
        yield client


def late(_request: Request, honest: Reply) -> Reply:
    time.sleep(0.2)
    return replace(honest, status=302, headers={"Location": "/page"})


#: What a server may do instead of giving an answer; none of these ends by itself.
ENDLESS: dict[str, Fault] = {
    "a body that comes and comes": drip(40),
    "a fault that never passes": status(503),
    "a pause, and another": status(429, Retry_After="0"),
    "redirects that take their time": late,
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ENDLESS.values(), ids=ENDLESS)
def test_a_page_has_a_time_in_all(host: Host, client: Client, fault: Fault) -> None:
    """Redirects, further attempts and pauses are parts of it: whatever the server does, it is over then."""
    host.paths["/page"] = Reply(200, PAGE)
    host.faults["/page"] = fault
    assert client.refusal(host.origin + "/page").kind in ("timeout", "redirect")


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as server:
        server.paths["/page"] = Reply(200, PAGE)
        yield server


@pytest.mark.usefixtures("impatient")
def test_a_part_of_a_file_has_a_time_in_all(host: Host, client: Client) -> None:
    """What is read of a wheel to know its metadata is a small text too."""
    host.faults["/page"] = status(503)
    with pytest.raises(HttpError) as caught:
        client.part(host.origin + "/page", suffix=10)
    assert caught.value.kind == "timeout"


def test_the_user_may_take_as_long_as_it_takes(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time in which somebody looks for a password is not the server's."""
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 1.0)
    host.faults["/page"] = times(1, status(401))

    def ask(_origin: str) -> tuple[str, str]:
        time.sleep(1.5)
        return "user", "password"

    credentials = Credentials({"HOME": NOWHERE, "PATH": ""}, ask)
    with Client(Network(retries=0, timeout=0.08), credentials) as client:
        client.transport._limits.update(connect=30.0, read=30.0)
        assert client.get(host.origin + "/page").body == PAGE


def test_a_turn_that_is_waited_for_does_not_count(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pages are asked for at once, each has its time from when it is asked for."""
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 10.0)
    host.delay = 0.05
    with Client(Network(retries=0)) as client:
        asked = [
            client.loop.submit(client.transport.get(host.origin + "/page", limit=1 << 20, allowed=everywhere))
            for _ in range(300)
        ]
        assert {answer.result().body for answer in asked} == {PAGE}


# ---------------------------------------------------------------------- files


def test_a_rate_is_measured_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fast at first may not become slow; what is slow enough is never too long."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def receive(rate: Rate, count: int, bytes_each: int) -> None:
        for _ in range(count):
            clock[0] += 1.0
            rate.advance(bytes_each)

    rate = Rate("https://h.example/x", 60.0)
    receive(rate, 100_000, deadlines.SLOWEST_BYTES_PER_SECOND)
    receive(rate, 60, 1 << 30)
    with pytest.raises(HttpError, match="too slowly"):
        receive(rate, 121, deadlines.SLOWEST_BYTES_PER_SECOND // 2)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.loop.run(made.transport.close())
    made.loop.close()
    made.host.close()


def test_a_file_that_asks_for_pause_after_pause_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many attempts there may be."""
    monkeypatch.setattr(deadlines, "ALL_PAUSES", 2.5)
    world.host.faults[PATH] = status(503, Retry_After="1")
    world.failure(retries=1000, resume_retries=1000)
    assert len(world.host.requests) == 3


# ---------------------------------------------------------------------- pauses


def test_pauses_are_counted_for_the_whole_run(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each attempt anew, nor for each page."""
    monkeypatch.setattr(deadlines, "ALL_PAUSES", 2.5)
    with Client(Network(retries=1000)) as client:
        for page, attempts in (("/one", 3), ("/two", 1)):
            host.requests.clear()
            host.paths[page] = Reply(200, PAGE)
            host.faults[page] = status(429, Retry_After="1")
            assert client.get(host.origin + page).status == 429
            assert len(host.requests) == attempts


def test_pauses_at_the_same_time_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest index that is asked for hundreds of pages at once may ask each request to wait for a while."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    pauses = Pauses()
    assert [pauses.next(0, "20") for _ in range(300)] == [20.0] * 300
    clock[0] += 20
    assert pauses.next(1, "20") == pauses.next(1, "20") == 20.0
    clock[0] += 20
    assert (pauses.next(2, "21"), pauses.next(2, "20")) == (None, 20.0)
    clock[0] += 20
    assert pauses.next(3, "1") is None
    assert Pauses().next(0, "31") is None
    assert Pauses().next(0, "9" * 400) is None


def test_the_limits_follow_from_the_timeout() -> None:
    """`--timeout` is 15 seconds unless somebody says otherwise; less does not mean that a page has to be small."""
    assert (page_seconds(15.0), page_seconds(1.0), page_seconds(60.0)) == (180.0, 60.0, 720.0)
    assert (window_seconds(15.0), window_seconds(1.0), window_seconds(60.0)) == (60.0, 60.0, 240.0)
