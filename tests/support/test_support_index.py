"""The index in memory is one that pip installs from, and its faults are what pip sees."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from support import replies
from support.index import JSON, PLAIN_HTML, IndexServer
from support.wheels import sha256

if TYPE_CHECKING:
    from support.environment import Environment, Runner

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(url, headers={key.replace("_", "-"): value for key, value in headers.items()})
    try:
        with _OPENER.open(request, timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


@pytest.mark.parametrize("content_type", [JSON, PLAIN_HTML])
def test_pip_installs_from_the_index_in_either_format(
    index: IndexServer, runner: Runner, target: Environment, content_type: str
) -> None:
    index.formats = (content_type,)
    index.add("acme-app", "1.0", requires=["acme-core"])
    index.add("acme-core", "2.0")
    done = runner.pip("--python", target.python, "install", "-i", index.url, "acme-app")
    assert done.returncode == 0, done.stderr
    assert target.installed() == {"acme-app": "1.0", "acme-core": "2.0"}
    assert any(path.endswith(".metadata") for path in index.paths_asked())


def test_two_prefixes_of_one_host_are_two_indexes(index: IndexServer) -> None:
    other = index.mount("/team/simple/")
    other.add("acme", "1.0")
    assert get(index.url + "acme/")[0] == 404
    status, body, _ = get(other.url + "acme/", Accept=JSON)
    assert status == 200
    assert json.loads(body)["files"][0]["url"] == "../../files/acme-1.0-py3-none-any.whl"
    assert get(f"{index.host.origin}/team/files/acme-1.0-py3-none-any.whl")[0] == 200


def test_ranges_and_conditional_requests_are_answered(index: IndexServer) -> None:
    index.etags = True
    data = index.add("acme", "1.0").data
    url = f"{index.host.origin}/files/acme-1.0-py3-none-any.whl"
    _, whole, headers = get(url)
    assert whole == data
    assert get(url, Range="bytes=-10")[:2] == (206, data[-10:])
    assert get(url, Range="bytes=5-9")[:2] == (206, data[5:10])
    assert get(url, Range="bytes=5-", If_Range=headers["ETag"])[:2] == (206, data[5:])
    assert get(url, Range="bytes=5-", If_Range='"other"')[0] == 200
    assert get(url, Range=f"bytes={len(data)}-")[0] == 416
    assert get(url, If_None_Match=headers["ETag"])[0] == 304


def test_a_password_is_asked_for_pages_and_files(index: IndexServer) -> None:
    index.auth = ("user", "p@ss")
    index.add("acme", "1.0")
    assert get(index.url + "acme/")[0] == 401
    assert get(index.url + "acme/", Authorization="Basic dXNlcjpwQHNz")[0] == 200
    assert index.credentialed_url.startswith("http://user:p%40ss@127.0.0.1:")


def test_faults_come_in_turn(index: IndexServer) -> None:
    index.add("acme", "1.0")
    index.fault("acme", replies.in_turn(replies.status(503), replies.honest(), replies.login_page()))
    statuses = [get(index.url + "acme/") for _ in range(4)]
    assert [status for status, _, _ in statuses] == [503, 200, 200, 200]
    assert [b"Sign in" in body for _, body, _ in statuses] == [False, False, True, True]


def test_a_dropped_answer_ends_before_its_length(index: IndexServer) -> None:
    served = index.add("acme", "1.0")
    index.file_fault(served.filename, replies.drop(after=20))
    with socket.create_connection(("127.0.0.1", index.host.port)) as wire:
        wire.sendall(f"GET {index.file_path(served.filename)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b"".join(iter(lambda: wire.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(served.data)}".encode() in head
    assert body == served.data[:20]


def test_an_endless_answer_goes_on_until_the_reader_leaves(index: IndexServer) -> None:
    index.fault("acme", replies.zeros(1 << 33))
    with socket.create_connection(("127.0.0.1", index.host.port)) as wire:
        wire.sendall(b"GET /simple/acme/ HTTP/1.1\r\nHost: x\r\n\r\n")
        seen = 0
        while seen < 10_000_000:
            seen += len(wire.recv(1 << 20))


def test_closing_does_not_wait_for_a_stalled_answer() -> None:
    start = time.monotonic()
    with IndexServer() as index, socket.create_connection(("127.0.0.1", index.host.port)) as wire:
        index.fault("acme", replies.stall(600))
        wire.sendall(b"GET /simple/acme/ HTTP/1.1\r\nHost: x\r\n\r\n")
        while not index.requests:
            time.sleep(0.01)
    assert time.monotonic() - start < 20


def test_the_page_says_what_the_file_says(index: IndexServer) -> None:
    served = index.add("acme", "1.0", requires_python=">=3.8", file={"yanked": "broken & <old>"})
    index.project("acme").status = "archived"
    page = json.loads(get(index.url + "acme/", Accept=JSON)[1])
    assert page["project-status"] == {"status": "archived"}
    assert page["files"][0]["hashes"] == {"sha256": sha256(served.data)}
    assert page["files"][0]["size"] == len(served.data)
    assert served.sidecar is not None
    assert page["files"][0]["core-metadata"] == {"sha256": sha256(served.sidecar)}
    text = get(index.url + "acme/", Accept=PLAIN_HTML)[1].decode()
    assert 'data-requires-python="&gt;=3.8"' in text
    assert 'data-yanked="broken &amp; &lt;old&gt;"' in text
    assert index.mentions("acme")
    assert not index.mentions("other")
