"""HTTP within limits, against a server that does what it likes."""

from __future__ import annotations

import gzip
import logging
import time
import tracemalloc
import zlib
from base64 import b64decode
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

from safepip.edges.network import limits, tls
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import Answer, HttpError, Part, Transport
from safepip.edges.network.loop import Loop
from safepip.edges.network.proxies import Proxies
from safepip.model.errors import UsageError
from safepip.model.events import ExchangeOver, Requested, Retrying, Waiting
from safepip.model.plan import Network
from safepip.model.urls import stays_encrypted
from support.host import Host, free_port, partial
from support.nowhere import NOWHERE
from support.replies import (
    Fault,
    Reply,
    Request,
    drop,
    honest,
    in_turn,
    lie_about_length,
    redirect,
    reset,
    stall,
    status,
    times,
    zeros,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safepip.model.events import Event
    from support.certificates import Authority

CANARY = "c4nary-0f-the-c0al-mine"
PAGE = b"a page of an index\n" * 100


def everywhere(_url: str) -> bool:
    return True


class Client:
    """A transport on a loop of its own."""

    def __init__(self, network: Network | None = None, credentials: Credentials | None = None, **environ: str) -> None:
        self.loop = Loop()
        self.credentials = credentials or Credentials({"HOME": NOWHERE, "PATH": ""})
        self.told: list[Event] = []
        settings = network or Network(retries=0, timeout=5)
        self.transport = Transport(settings, self.credentials, environ, self.told.append)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.loop.run(self.transport.close())
        self.loop.close()

    def get(
        self, url: str, *, limit: int = 1 << 20, allowed: Callable[[str], bool] = everywhere, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.loop.run(self.transport.get(url, headers=named, limit=limit, allowed=allowed))

    def refusal(self, url: str, **options: Any) -> HttpError:
        with pytest.raises(HttpError) as caught:
            self.get(url, **options)
        return caught.value

    def part(self, url: str, **span: Any) -> Part:
        return self.loop.run(self.transport.fetch_range(url, **span, allowed=everywhere))


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as server:
        server.paths["/page"] = Reply(200, PAGE, {"Content-Type": "text/html", "X-Twice": "one"})
        yield server


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as transport:
        yield transport


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without long waits."""
    monkeypatch.setattr(limits, "_FIRST_DELAY", 0.01)


def test_each_request_is_told_without_what_may_be_secret(host: Host, client: Client) -> None:
    """A redirect may lead to a signed URL, and who has that has the file."""
    host.paths["/file"] = Reply(302, b"", {"Location": f"{host.origin}/page?signature={CANARY}"})
    client.get(host.origin + "/file")
    requested = [event for event in client.told if isinstance(event, Requested)]
    assert [(event.url, event.status) for event in requested] == [
        (f"{host.origin}/file", 302),
        (f"{host.origin}/page", 200),
    ]
    assert CANARY not in str(client.told)


def test_each_attempt_that_failed_is_told_with_the_next(host: Host, quick: None) -> None:
    host.faults["/page"] = times(2, status(503))
    with Client(Network(retries=3, timeout=5)) as client:
        client.get(host.origin + "/page")
        retried = [event for event in client.told if isinstance(event, Retrying)]
    assert [(e.reason, e.attempt, e.attempts) for e in retried] == [("status 503", 2, 4), ("status 503", 3, 4)]
    assert type(client.told[0]) is Waiting
    assert client.told[-1] == ExchangeOver(client.told[0].key)


def test_an_answer_has_status_url_lower_case_headers_and_body(host: Host, client: Client) -> None:
    answer = client.get(host.origin + "/page?q=1#part", Accept="text/html")
    assert (answer.status, answer.body, answer.headers["x-twice"]) == (200, PAGE, "one")
    assert host.requests[0].path == "/page?q=1"
    assert host.requests[0].headers["user-agent"].startswith("safepip/")
    assert host.requests[0].headers["accept"] == "text/html"


@pytest.mark.parametrize("code", [304, 401, 403, 404, 410, 500, 503])
def test_any_status_is_an_answer(code: int, host: Host, client: Client) -> None:
    host.faults["/page"] = status(code)
    assert client.get(host.origin + "/page").status == code


def test_connections_are_kept_and_a_closed_one_is_replaced_without_a_retry(host: Host, client: Client) -> None:
    for _ in range(3):
        assert client.get(host.origin + "/page").body == PAGE
    host.faults["/page"] = in_turn(reset(), honest())  # the kept connection is closed instead of answering
    assert client.get(host.origin + "/page").body == PAGE
    assert len(host.requests) == 5


# ---------------------------------------------------------------------- redirects


def test_redirects_are_followed_and_the_final_url_is_told(host: Host, client: Client) -> None:
    host.faults["/a"] = redirect("/b", 301)
    host.faults["/b"] = redirect(f"{host.origin}/page#x", 308)
    answer = client.get(host.origin + "/a")
    assert (answer.url, answer.body) == (host.origin + "/page", PAGE)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_to_where_nothing_may_come_from_is_not_followed(code: int, host: Host, client: Client) -> None:
    with Host() as elsewhere:
        host.faults["/a"] = redirect(elsewhere.origin + "/page", code)
        error = client.refusal(host.origin + "/a", allowed=lambda url: url.startswith(host.origin))
        assert error.kind == "redirect"
        assert host.origin + "/a" in error.message
        assert elsewhere.origin in error.message
        assert elsewhere.requests == []


def test_the_first_url_is_judged_as_well(host: Host, client: Client) -> None:
    assert client.refusal(host.origin + "/page", allowed=lambda _: False).kind == "redirect"
    assert host.requests == []


def test_endless_redirects_end(host: Host, client: Client) -> None:
    host.faults["/a"] = lambda request, _: Reply(302, b"", {"Location": request.path + "x"})
    for length in range(1, 30):
        host.faults["/a" + "x" * length] = host.faults["/a"]
    assert client.refusal(host.origin + "/a").kind == "redirect"
    assert len(host.requests) == 11


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://host.example/x", "http://[broken/", f"http://user:{CANARY}@127.0.0.1/x", "//a:b@c/"],
)
def test_a_redirect_to_no_web_address_or_with_user_information_is_refused(
    location: str, host: Host, client: Client
) -> None:
    host.faults["/a"] = redirect(location)
    error = client.refusal(host.origin + "/a")
    assert error.kind == "redirect"
    assert CANARY not in error.message


def test_https_never_leads_to_http(authority: Authority, host: Host) -> None:
    with Host(tls=authority.context()) as secure, Client(Network(retries=0, cert=str(authority.bundle))) as client:
        secure.faults["/a"] = redirect(host.origin.replace("127.0.0.1", "far.example") + "/page")
        assert client.refusal(secure.origin + "/a").kind == "redirect"
        # To this machine whoever asks decides: the files of an index that is on it may come from there.
        secure.faults["/a"] = redirect(host.origin + "/page")
        start = secure.origin + "/a"
        assert client.refusal(start, allowed=stays_encrypted(start)).kind == "redirect"
        assert host.requests == []
        assert client.get(start).url == host.origin + "/page"


# ---------------------------------------------------------------------- credentials


def protected(request: Request, reply: Reply) -> Reply:
    header = request.headers.get("authorization", "")
    expected = f"user:{CANARY}"
    given = b64decode(header.removeprefix("Basic ")).decode() if header else ""
    return reply if given == expected else Reply(401, b"who are you?", {"WWW-Authenticate": "Basic"})


def test_a_credential_is_sent_unasked_and_only_to_its_origin(host: Host) -> None:
    with Host() as elsewhere, Client() as client:
        elsewhere.paths["/page"] = Reply(200, PAGE)
        client.credentials.absorb(host.origin.replace("://", f"://user:{CANARY}@") + "/")
        host.faults["/page"] = protected
        host.faults["/away"] = redirect(elsewhere.origin + "/page")
        assert client.get(host.origin + "/page").status == 200
        assert client.get(host.origin + "/away").status == 200
        assert all("authorization" in request.headers for request in host.requests)
        assert [request.headers.get("authorization") for request in elsewhere.requests] == [None]


def test_after_a_401_the_user_is_asked_once_and_the_answer_kept(host: Host) -> None:
    asked = []

    def ask(origin: str) -> tuple[str, str]:
        asked.append(origin)
        return "user", CANARY

    host.faults["/page"] = protected
    with Client(credentials=Credentials({"HOME": NOWHERE, "PATH": ""}, ask)) as client:
        assert client.get(host.origin + "/page").status == 200
        assert client.get(host.origin + "/page").status == 200
    assert asked == [host.origin]
    assert ["authorization" in request.headers for request in host.requests] == [False, True, True]


def test_a_wrong_password_is_tried_once_and_no_more(host: Host) -> None:
    credentials = Credentials({"HOME": NOWHERE, "PATH": ""}, lambda _: ("user", "wrong-password"))
    host.faults["/page"] = protected
    with Client(credentials=credentials) as client:
        assert client.get(host.origin + "/page").status == 401
        assert len(host.requests) == 2
        assert client.get(host.origin + "/page").status == 401
        assert ["authorization" in request.headers for request in host.requests] == [False, True, False]


def test_a_url_with_user_information_is_never_asked(host: Host, client: Client) -> None:
    error = client.refusal(host.origin.replace("://", f"://user:{CANARY}@") + "/page")
    assert error.kind == "insecure"
    assert CANARY not in error.message
    assert host.requests == []


# ---------------------------------------------------------------------- limits


@pytest.mark.parametrize("size", [len(PAGE) - 1, 0])
def test_a_body_over_the_limit_is_cut_off(size: int, host: Host, client: Client) -> None:
    assert client.refusal(host.origin + "/page", limit=size).kind == "too-large"
    assert client.get(host.origin + "/page", limit=len(PAGE)).body == PAGE


def test_endless_zeros_are_read_no_further_than_the_limit(host: Host, client: Client) -> None:
    host.faults["/page"] = zeros(10 << 30)
    start = time.monotonic()
    assert client.refusal(host.origin + "/page", limit=1 << 20).kind == "too-large"
    assert time.monotonic() - start < 5


def compressed(data: bytes, encoding: str = "gzip") -> Fault:
    return lambda _request, _honest: Reply(200, data, {"Content-Encoding": encoding})


def test_gzip_is_undone_and_other_encodings_are_not_accepted(host: Host, client: Client) -> None:
    host.faults["/page"] = compressed(gzip.compress(PAGE))
    assert client.get(host.origin + "/page", limit=len(PAGE)).body == PAGE
    assert host.requests[0].headers["accept-encoding"] == "gzip"
    host.faults["/page"] = compressed(zlib.compress(PAGE), "deflate")
    assert client.get(host.origin + "/page").body == PAGE
    for encoding in ("br", "gzip, gzip", "zstd"):
        host.faults["/page"] = compressed(PAGE, encoding)
        assert client.refusal(host.origin + "/page").kind == "protocol"


def test_a_gzip_bomb_costs_its_limit_and_no_more(host: Host, client: Client) -> None:
    bomb = gzip.compress(bytes(100 << 20), compresslevel=9)
    host.faults["/page"] = compressed(bomb)
    tracemalloc.start()
    try:
        assert client.refusal(host.origin + "/page", limit=1 << 20).kind == "too-large"
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [b"not gzip at all", gzip.compress(PAGE, mtime=0)[:-9], gzip.compress(PAGE, mtime=0)[:30]],
    ids=["not gzip", "no end", "a beginning"],
)
def test_broken_gzip_is_no_answer(data: bytes, host: Host, client: Client) -> None:
    host.faults["/page"] = compressed(data)
    assert client.refusal(host.origin + "/page").kind == "protocol"


def test_a_body_shorter_than_announced_is_no_answer(host: Host, client: Client) -> None:
    for fault in (drop(10), lie_about_length(7)):
        host.faults["/page"] = fault
        assert client.refusal(host.origin + "/page").kind in ("connection", "protocol")


def test_a_stalled_answer_and_a_stalled_body_end_in_time() -> None:
    with Host() as host, Client(Network(retries=0, timeout=0.3)) as client:
        host.paths["/page"] = Reply(200, PAGE)
        for fault in (stall(30), stall(30, after=5)):
            host.faults["/page"] = fault
            start = time.monotonic()
            assert client.refusal(host.origin + "/page").kind == "timeout"
            assert time.monotonic() - start < 5


# ---------------------------------------------------------------------- retries


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", [status(500), status(502), status(503), status(504), status(429), reset(), drop(3)])
def test_what_may_pass_is_tried_again(fault: Fault, host: Host) -> None:
    host.faults["/page"] = times(2, fault)
    with Client(Network(retries=2)) as client:
        assert client.get(host.origin + "/page").body == PAGE
    assert len(host.requests) == 3


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 501])
def test_what_will_not_pass_is_not_tried_again(code: int, host: Host) -> None:
    host.faults["/page"] = status(code)
    with Client(Network(retries=3)) as client:
        assert client.get(host.origin + "/page").status == code
    assert len(host.requests) == 1


@pytest.mark.usefixtures("quick")
def test_retries_end(host: Host) -> None:
    host.faults["/page"] = status(503)
    with Client(Network(retries=2)) as client:
        assert client.get(host.origin + "/page").status == 503
    assert len(host.requests) == 3


@pytest.mark.usefixtures("quick")
def test_retry_after_is_waited_for_within_reason(host: Host) -> None:
    with Client(Network(retries=1)) as client:
        host.faults["/page"] = times(1, status(429, Retry_After="1"))
        start = time.monotonic()
        assert client.get(host.origin + "/page").status == 200
        assert time.monotonic() - start >= 1
        host.faults["/page"] = times(1, status(503, Retry_After="86400"))
        assert client.get(host.origin + "/page").status == 503


def test_a_refused_connection_is_an_error_of_its_kind(client: Client) -> None:
    assert client.refusal(f"http://127.0.0.1:{free_port()}/").kind == "connection"


# ---------------------------------------------------------------------- TLS and plain http


def test_plain_http_is_for_loopback_and_trusted_hosts_only(client: Client) -> None:
    assert client.refusal("http://host.example/simple/").kind == "insecure"
    assert client.refusal("http://127.0.0.1.host.example/").kind == "insecure"
    with Client(Network(retries=0, trusted_hosts=("Host.Example:8080",), timeout=0.5)) as trusting:
        assert trusting.refusal("http://host.example:8080/").kind in ("connection", "timeout")
        assert trusting.refusal("http://host.example/").kind == "insecure"


def test_a_certificate_of_an_unknown_authority_is_not_believed(authority: Authority) -> None:
    with Host(tls=authority.context()) as host:
        host.paths["/page"] = Reply(200, PAGE)
        with Client() as client:
            assert client.refusal(host.origin + "/page").kind == "tls"
        assert host.requests == []
        for options in (
            Network(retries=0, cert=str(authority.bundle)),
            Network(retries=0, trusted_hosts=("127.0.0.1",)),
            Network(retries=0, trusted_hosts=(f"127.0.0.1:{host.port}",)),
        ):
            with Client(options) as client:
                assert client.get(host.origin + "/page").body == PAGE
        with Client(Network(retries=0, trusted_hosts=("127.0.0.1:1",))) as client:
            assert client.refusal(host.origin + "/page").kind == "tls"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_may_name_a_bundle(variable: str, authority: Authority) -> None:
    with Host(tls=authority.context()) as host:
        host.paths["/page"] = Reply(200, PAGE)
        with Client(None, None, **{variable: str(authority.bundle)}) as client:
            assert client.get(host.origin + "/page").body == PAGE
        if variable != "SSL_CERT_FILE":
            ignoring = Network(retries=0, no_proxy_env=True)
            with Client(ignoring, None, **{variable: str(authority.bundle)}) as client:
                assert client.refusal(host.origin + "/page").kind == "tls"


def test_a_bundle_that_cannot_be_read_is_named(authority: Authority) -> None:
    with Host(tls=authority.context()) as host, Client(Network(retries=0, cert=NOWHERE)) as client:
        error = client.refusal(host.origin + "/page")
        assert error.kind == "tls"
        assert NOWHERE in error.message


@pytest.mark.parametrize(("platform", "contexts"), [("linux", 1), ("darwin", 2), ("win32", 2)])
def test_files_have_a_context_of_their_own_where_handshakes_begin_in_threads(
    platform: str, contexts: int, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page offers just before its handshake would else be withdrawn by a file. Both believe the same."""
    monkeypatch.setattr(tls, "sys", SimpleNamespace(platform=platform))
    trust = tls.Trust(Network(cert=str(authority.bundle)), {})
    pages = trust.context(trusted=False, files=False)

    def believed(context: Any) -> int:
        return len(getattr(context, "_ctx", context).get_ca_certs())  # truststore's own one tells nothing

    few = believed(pages)
    assert trust.add_shipped_bundle(0)
    files = trust.context(trusted=False, files=True)
    assert len({id(pages), id(files)}) == contexts
    assert believed(pages) == believed(files) > few


def test_a_certificate_for_another_name_is_not_believed(authority: Authority) -> None:
    context = authority.context("other.example")
    with Host(tls=context) as host, Client(Network(retries=0, cert=str(authority.bundle))) as client:
        host.paths["/page"] = Reply(200, PAGE)
        error = client.refusal(host.origin + "/page")
        assert error.kind == "tls"


# ---------------------------------------------------------------------- proxies


def test_requests_go_through_the_proxy_that_is_named_with_its_own_credential(host: Host) -> None:
    network = Network(retries=0, proxy=f"user:{CANARY}@127.0.0.1:{host.port}", trusted_hosts=("index.example",))
    with Client(network) as client:
        assert client.get("http://index.example/page").body == PAGE
    assert host.requests[0].headers["host"] == "index.example"
    assert b64decode(host.requests[0].headers["proxy-authorization"].split()[1]).decode() == f"user:{CANARY}"
    assert "authorization" not in host.requests[0].headers


@pytest.mark.parametrize(
    ("environ", "network", "proxied"),
    [
        ({"http_proxy": "{}"}, {}, True),
        ({"HTTP_PROXY": "{}"}, {}, True),
        ({"all_proxy": "{}"}, {}, True),
        ({"https_proxy": "{}"}, {}, False),
        ({"http_proxy": "{}", "no_proxy": "other.example, 192.0.2.7"}, {}, False),
        ({"http_proxy": "{}", "NO_PROXY": "192.0.2.0/24"}, {}, False),
        ({"http_proxy": "{}", "no_proxy": "*"}, {}, False),
        ({"http_proxy": "{}", "no_proxy": "2.0.2.7,host.example"}, {}, True),
        ({"http_proxy": "{}"}, {"no_proxy_env": True}, False),
        ({"http_proxy": "{}"}, {"proxy": ""}, False),
        ({"HTTP_PROXY": "{}", "REQUEST_METHOD": "GET"}, {}, False),
    ],
)
def test_the_environment_decides_about_proxies_as_in_pip(
    environ: dict[str, str], network: dict[str, Any], proxied: bool
) -> None:
    proxy = "http://proxy.example:3128"
    variables = {name: value.format(proxy) for name, value in environ.items()}
    proxies = Proxies(Network(**network), Credentials({}), variables)
    assert proxies.for_origin("http", "192.0.2.7", 80) == (proxy if proxied else None)


def test_a_proxy_that_cannot_be_used_is_an_error_and_not_passed_by() -> None:
    far = "http://index.example/page"
    with Client(_by(f"http://127.0.0.1:{free_port()}")) as client:
        assert client.refusal(far).kind == "connection"
    with Client(_by("socks5://127.0.0.1:1")) as client, pytest.raises(UsageError) as caught:
        client.get(far)
    assert caught.value.diagnostics[0].reference == "bad-variable"


def _by(proxy: str) -> Network:
    return Network(retries=0, proxy=proxy, trusted_hosts=("index.example",))


def test_an_offline_run_asks_nobody(host: Host) -> None:
    with Client(Network(offline=True)) as client:
        assert client.refusal(host.origin + "/page").kind == "offline"
    assert host.requests == []


# ---------------------------------------------------------------------- ranges


@pytest.fixture
def ranged(host: Host) -> Host:
    host.paths["/file"] = lambda request: partial(request, Reply(200, bytes(range(256)) * 10, {"ETag": '"a"'}))
    return host


def test_a_part_is_what_was_asked_for(ranged: Host, client: Client) -> None:
    part = client.part(ranged.origin + "/file", suffix=100)
    assert (part.status, part.start, part.size, len(part.body)) == (206, 2460, 2560, 100)
    part = client.part(ranged.origin + "/file", first=10, last=19)
    assert (part.start, part.body) == (10, bytes(range(10, 20)))
    part = client.part(ranged.origin + "/file", suffix=10_000)
    assert (part.start, len(part.body)) == (0, 2560)


def test_a_server_without_ranges_is_told_apart_and_its_file_not_read(host: Host, client: Client) -> None:
    part = client.part(host.origin + "/page", suffix=100)
    assert (part.status, part.size, part.body) == (200, len(PAGE), b"")
    assert client.part(host.origin + "/missing", suffix=100).status == 404


@pytest.mark.parametrize(
    ("content_range", "body"),
    [
        ("bytes 0-9/2560", b"0123456789"),
        ("bytes 10-19/2560", b"012345678"),
        ("bytes 10-19/2560", b"0123456789x"),
        ("bytes 10-19/15", b"0123456789"),
        ("bytes */2560", b"0123456789"),
        ("", b"0123456789"),
        ("bytes 10-19/2560", b""),
    ],
)
def test_another_part_than_asked_for_is_no_answer(content_range: str, body: bytes, host: Host, client: Client) -> None:
    host.paths["/file"] = Reply(206, body, {"Content-Range": content_range} if content_range else {})
    if body == b"012345678":  # shorter is allowed: the file may end there; the caller sees how much came
        assert client.part(host.origin + "/file", first=10, last=19).body == body
        return
    with pytest.raises(HttpError):
        client.part(host.origin + "/file", first=10, last=19)


# ---------------------------------------------------------------------- what a URL can do


def test_a_url_cannot_smuggle_a_header_or_another_host(host: Host, client: Client) -> None:
    for bad in ("/page\r\nX-Evil: 1", "/page\tx", "/pa\x00ge"):
        assert client.refusal(host.origin + bad).kind == "protocol"
    for bad in ("http://127.0.0.1\\@evil.example/", "gopher://127.0.0.1/", "http:///page", "http://[::1/", "page"):
        assert client.refusal(bad).kind in ("protocol", "insecure")
    assert host.requests == []


def test_a_url_beyond_ascii_is_encoded(host: Host, client: Client) -> None:
    host.paths["/p%C3%A4ge%20x"] = Reply(200, PAGE)
    assert client.get(host.origin + "/päge x").body == PAGE


def test_no_message_holds_a_secret(host: Host) -> None:
    """A server that throws the credential back in redirects and statuses gets it into no message."""
    with Client() as client:
        client.credentials.absorb(host.origin.replace("://", f"://user:{CANARY}@") + "/")
        host.faults["/page"] = redirect(f"ftp://x.example/{CANARY}")
        assert CANARY not in client.refusal(host.origin + "/page").message


def test_no_log_of_a_library_holds_a_credential(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """At debug level the HTTP library would log every header."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger().debug("the log is on")
    with Client() as client:
        client.credentials.absorb(host.origin.replace("://", f"://user:{CANARY}@") + "/")
        host.faults["/page"] = protected
        assert client.get(host.origin + "/page").status == 200
        token = (client.credentials.authorization(host.origin) or "").removeprefix("Basic ")
    assert "the log is on" in caplog.text
    assert token
    assert token not in caplog.text
    assert CANARY not in caplog.text
