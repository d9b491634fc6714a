"""Downloads end as the file that was promised or as an error, whatever the server does."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.indexes import fetch
from safepip.edges.indexes.fetch import fetch_all
from safepip.edges.network import deadlines, limits
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import Transport
from safepip.edges.network.long_bodies import LEAST
from safepip.model.digest import one_of
from safepip.model.errors import Refused, Unavailable
from safepip.model.events import Fetched, Fetching
from safepip.model.plan import Network
from safepip.reporting.activity import Activity
from support.fetching import DATA, NAME, PATH, World, digest
from support.host import Host, free_port
from support.replies import (
    Fault,
    Reply,
    after,
    drip,
    drop,
    honest,
    in_turn,
    redirect,
    reset,
    stall,
    status,
    swapped,
    times,
    zeros,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.evidence import VerifiedFile


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(limits, "_FIRST_DELAY", 0.01)
    made = World(tmp_path)
    yield made
    made.loop.run(made.transport.close())
    made.loop.close()
    made.host.close()


def content(file: VerifiedFile) -> bytes:
    return Path(file.path).read_bytes()


def test_a_file_is_fetched_once_and_then_comes_from_the_store(world: World) -> None:
    (file,) = world.fetch()
    assert content(file) == DATA
    assert world.progress.events[0] == Fetching(1, len(DATA))
    assert world.progress.events[-1] == Fetched()
    assert world.progress.counted == len(DATA)
    assert world.fetch() == [file]
    assert len(world.host.requests) == 1


def test_a_size_beyond_all_measure_is_told_as_that_of_the_largest_file(world: World) -> None:
    """A number of four thousand digits is a number in JSON and in TOML; none can be divided or shown as megabytes."""
    error = world.failure(world.download(size=10**4299), world.download(size=1))
    assert {problem.reference for problem in error.diagnostics} == {"size-mismatch"}
    told = world.progress.events[0]
    assert told == Fetching(2, fetch.LARGEST_FILE + 1)
    activity = Activity()
    activity.take(told, 0.0)
    assert activity.parts(1.0) == ("Fetching: 0/2 files, 0.0/8589.9 MB", "")


def test_many_files_come_in_the_order_they_were_wanted_in(world: World) -> None:
    wanted = []
    for number in range(30):
        data = b"%d" % number * 1000
        world.host.paths[f"/{number}"] = Reply(200, data)
        wanted.append(
            world.download(
                filename=f"f{number}.whl", url=f"{world.host.origin}/{number}", index_digests=(digest(data),), size=None
            )
        )
    files = world.fetch(*wanted)
    assert [file.filename for file in files] == [download.filename for download in wanted]
    assert [file.sha256 for file in files] == [download.index_digests[0] for download in wanted]


def test_nothing_is_connected_when_nothing_is_missing(world: World) -> None:
    world.fetch()

    def unexpected() -> Transport:
        raise AssertionError("a transport was made for nothing")

    fetch_all(world.loop, unexpected, world.store, [world.download()])


def test_each_file_is_told_of_when_it_is_there(world: World) -> None:
    """From the store and from the network; also where another one fails afterwards."""
    there: list[VerifiedFile] = []
    assert world.fetch(world.download(ready=there.append)) == there
    assert world.fetch(world.download(ready=there.append)) * 2 == there
    world.host.paths["/other"] = Reply(404)
    other = world.download(
        filename="o.whl", url=f"{world.host.origin}/other", index_digests=(digest(b"o"),), ready=there.append
    )
    with pytest.raises(Unavailable):
        world.fetch(world.download(ready=there.append), other)
    assert [file.filename for file in there] == [NAME] * 3


# ---------------------------------------------------------------------- broken downloads


@pytest.mark.parametrize("places", [(100_000,), (0,), (7, 100_000, 3)])
def test_a_broken_download_is_taken_up_where_it_broke(places: tuple[int, ...], world: World) -> None:
    world.host.faults[PATH] = in_turn(*map(drop, places), honest())
    (file,) = world.fetch()
    assert content(file) == DATA
    assert world.progress.counted == len(DATA)
    assert len(world.host.requests) == len(places) + 1


def test_the_missing_part_alone_is_asked_for_under_the_same_version(world: World) -> None:
    world.host.faults[PATH] = times(1, drop(100_000))
    world.fetch()
    assert world.ranges_asked == [None, "bytes=100000-"]
    assert world.host.requests[1].headers["if-range"] == '"v1"'


def test_a_large_file_is_taken_up_where_it_broke(world: World) -> None:
    """Its parts are read in the short way of long bodies, and the last one as any other."""
    data = bytes(range(251)) * ((2 * LEAST + 1_000_000) // 251)
    world.served = data
    world.host.faults[PATH] = in_turn(drop(1_000_000), drop(LEAST), honest())
    (file,) = world.fetch(world.download(index_digests=(digest(data),), size=len(data)))
    assert file.size == len(data) == world.progress.counted
    assert digest(content(file)) == digest(data)
    assert world.ranges_asked == [None, "bytes=1000000-", f"bytes={1_000_000 + LEAST}-"]


def test_a_server_that_will_not_resume_is_read_from_the_beginning(world: World) -> None:
    world.ranges = False
    world.host.faults[PATH] = times(1, drop(100_000))
    (file,) = world.fetch()
    assert content(file) == DATA
    assert world.progress.counted == len(DATA)


def test_a_file_that_changed_in_between_is_read_from_the_beginning(world: World) -> None:
    """Its validator is another one, so the server sends the whole; the digest decides whether that is right."""

    def change(request: Any, reply: Reply) -> Reply:
        world.headers = {"ETag": '"v2"'}
        return drop(100_000)(request, reply)

    world.served = bytes(len(DATA))
    world.host.faults[PATH] = times(1, change)
    assert world.failure().diagnostics[0].reference == "digest-mismatch"


@pytest.mark.parametrize("tagged", [True, False])
def test_parts_of_two_versions_are_never_put_together(tagged: bool, world: World) -> None:
    """A server that swaps the bytes between two parts: the pieced file fails its digest, a whole one is fetched."""
    if not tagged:
        world.headers = {}
    good, bad = DATA, bytes(len(DATA))
    world.served = bad

    def then_good(request: Any, reply: Reply) -> Reply:
        world.served = good
        return drop(100_000)(request, reply)

    world.host.faults[PATH] = times(1, then_good)
    (file,) = world.fetch()
    assert content(file) == DATA
    assert world.ranges_asked == [None, "bytes=100000-", None]


@pytest.mark.parametrize(
    "content_range",
    ["bytes 0-511999/512000", "bytes 100001-511999/512000", "bytes 100000-511999/512001", "nonsense", ""],
)
def test_a_part_that_does_not_continue_what_is_there_is_not_appended(content_range: str, world: World) -> None:
    headers = {"Content-Range": content_range} if content_range else {}
    world.host.faults[PATH] = in_turn(
        drop(100_000), lambda _request, reply: Reply(206, DATA[100_000:], headers), honest()
    )
    (file,) = world.fetch()
    assert content(file) == DATA
    assert world.ranges_asked == [None, "bytes=100000-", None]


def test_a_download_that_keeps_breaking_ends_as_an_error(world: World) -> None:
    world.ranges = False
    world.host.faults[PATH] = drop(1000)
    error = world.failure(resume_retries=2)
    assert isinstance(error, Unavailable)
    assert error.diagnostics[0].reference == "download-failed"
    assert len(world.host.requests) <= 6


@pytest.mark.parametrize("fault", [status(503), status(429), reset()])
def test_a_server_in_trouble_is_asked_again_and_not_for_ever(fault: Fault, world: World) -> None:
    world.host.faults[PATH] = fault
    assert world.failure(retries=2).diagnostics[0].reference == "download-failed"
    assert len(world.host.requests) in (3, 4)
    world.host.faults[PATH] = times(2, fault)
    assert content(world.fetch(retries=2)[0]) == DATA


@pytest.mark.parametrize("code", [401, 403, 404, 410, 206, 204])
def test_a_status_that_will_not_pass_is_an_error_at_once(code: int, world: World) -> None:
    world.host.faults[PATH] = status(code)
    error = world.failure()
    assert isinstance(error, Unavailable)
    assert str(code) in error.diagnostics[0].message
    assert len(world.host.requests) == 1


def test_a_refused_connection_is_an_error(world: World) -> None:
    error = world.failure(world.download(url=f"http://127.0.0.1:{free_port()}/x.whl"), retries=1)
    assert isinstance(error, Unavailable)


def test_a_stalled_download_ends_in_time(world: World) -> None:
    world.transport = Transport(Network(timeout=0.3), Credentials({}), {})
    world.host.faults[PATH] = stall(60, after=1000)
    start = time.monotonic()
    assert isinstance(world.failure(retries=1, resume_retries=1), Unavailable)
    assert time.monotonic() - start < 10


def test_a_download_that_drips_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LEAST_SECONDS", 0.2)
    world.transport = Transport(Network(timeout=0.05), Credentials({}), {})
    world.host.faults[PATH] = drip(400)
    assert isinstance(world.failure(retries=0, resume_retries=0), Unavailable)


# ---------------------------------------------------------------------- lies


def test_other_bytes_are_refused(world: World) -> None:
    world.host.faults[PATH] = swapped(bytes(len(DATA)))
    error = world.failure()
    assert isinstance(error, Refused)
    assert error.diagnostics[0].reference == "digest-mismatch"
    assert f"file has    {digest(bytes(len(DATA)))}" in error.diagnostics[0].context


def test_bytes_swapped_on_the_second_request_are_refused(world: World) -> None:
    world.host.faults[PATH] = after(1, swapped(bytes(len(DATA))))
    file = world.fetch()[0]
    os.unlink(file.path)
    assert world.failure().diagnostics[0].reference == "digest-mismatch"


@pytest.mark.parametrize("other", [DATA + b"x", DATA[:-1], b""])
def test_a_file_of_another_size_is_refused(other: bytes, world: World) -> None:
    world.served = other
    assert world.failure().diagnostics[0].reference == "size-mismatch"


def test_ten_gigabytes_of_zeros_are_cut_off_at_the_announced_size(world: World) -> None:
    world.host.faults[PATH] = zeros(10 << 30)
    error = world.failure()
    assert error.diagnostics[0].reference == "size-mismatch"
    assert world.progress.counted < len(DATA) + (1 << 20)


def test_without_an_announced_size_there_is_still_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LARGEST_FILE", 1 << 20)
    world.host.faults[PATH] = zeros(10 << 30)
    assert world.failure(world.download(size=None)).diagnostics[0].reference == "download-failed"
    assert world.progress.counted < 3 << 20


def test_a_redirect_to_where_files_may_not_come_from_is_refused(world: World) -> None:
    with Host() as elsewhere:
        elsewhere.paths["/x"] = Reply(200, DATA)
        world.host.faults[PATH] = redirect(elsewhere.origin + "/x")
        origin = world.host.origin
        error = world.failure(world.download(allowed=lambda url: url.startswith(origin)))
        assert isinstance(error, Refused)
        assert error.diagnostics[0].reference == "file-elsewhere"
        assert elsewhere.requests == []
        assert content(world.fetch()[0]) == DATA


def test_a_file_without_a_digest_is_refused_before_anything_is_asked_and_all_are_named(world: World) -> None:
    error = world.failure(
        world.download(index_digests=()),
        world.download(index_digests=(), filename="other-1-py3-none-any.whl"),
        world.download(),
    )
    assert isinstance(error, Refused)
    assert [d.reference for d in error.diagnostics] == ["unhashed-file", "unhashed-file"]
    assert world.host.requests == []


def test_the_users_digest_or_the_indexs_declaration_is_enough(world: World) -> None:
    assert content(world.fetch(world.download(index_digests=(), demand=one_of((digest(b"x"), digest()))))[0]) == DATA
    assert content(world.fetch(world.download(index_digests=(), hashes_optional=True))[0]) == DATA


def test_one_failure_ends_the_other_downloads(world: World) -> None:
    world.host.paths["/slow"] = Reply(200, DATA)
    world.host.faults["/slow"] = stall(60, after=10)
    world.host.faults[PATH] = swapped(bytes(len(DATA)))
    start = time.monotonic()
    slow = world.download(url=world.host.origin + "/slow", filename="slow-1-py3-none-any.whl")
    error = world.failure(slow, world.download())
    assert [d.reference for d in error.diagnostics] == ["digest-mismatch"]
    assert time.monotonic() - start < 4


# ---------------------------------------------------------------------- files of this machine


def test_a_local_file_is_verified_like_any_other(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a folder ä" / NAME
    path.parent.mkdir()
    path.write_bytes(DATA)
    download = world.download(url=path.as_uri())
    path.write_bytes(DATA + b"x")
    assert world.failure(download).diagnostics[0].reference == "size-mismatch"
    path.write_bytes(bytes(len(DATA)))
    assert world.failure(download).diagnostics[0].reference == "digest-mismatch"
    path.write_bytes(DATA)
    assert content(world.fetch(download)[0]) == DATA
    assert world.host.requests == []


def test_what_is_no_regular_file_is_an_error(world: World, tmp_path: Path) -> None:
    urls = [tmp_path.as_uri(), (tmp_path / "missing").as_uri(), "file://host.example/x.whl"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        urls.append((tmp_path / "pipe").as_uri())
    for url in urls:
        assert world.failure(world.download(url=url)).diagnostics[0].reference == "download-failed"
