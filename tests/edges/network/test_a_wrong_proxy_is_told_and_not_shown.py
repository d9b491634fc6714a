"""A proxy's URL that cannot be used is an error that says where it was said, and shows no piece of it.

And one with a password of any characters is used, as it is written by whoever percent-encodes it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from safepip.edges.network.credentials import Credentials
from safepip.edges.network.proxies import Proxies, read_proxy
from safepip.model.errors import UsageError
from safepip.model.plan import Network
from safepip.model.urls import UrlError
from support.pairs import pairs

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

#: Pieces of a password, each of which gives the whole away.
PIECES = ("cana", "ryp", "0rd")

WRONG = [
    "http://user:cana/ryp@proxy.example:3128", "http://user:cana?ryp@proxy.example:3128",
    "http://user:cana#ryp@proxy.example",
    "http://user:cana ryp@proxy.example:3128", "user:cana/ryp@proxy.example:3128", "user:cana ryp@proxy.example",
    "http://user:cana\tryp@proxy.example", "http:/user:canaryp@proxy.example:3128",
    "http:user:canaryp@proxy.example:3128",
    "http://user:canaryp@proxy.example:99999", "http://user:canaryp@proxy.example:port",
    "http://user:canaryp@", "user:canaryp@",
    "http://user:canaryp@[proxy", "http://user:canaryp@[::1", "http://user:canaryp@pro xy:3128",
    "http://user:canaryp@pr\u2100.example",
    f"http://user:canaryp@{'x' * 64}\u00e9.example", "socks5://user:canaryp@proxy.example:1080",
    "ftp://user:canaryp@proxy.example",
    "http://user:canaryp", "canaryp", "http://canaryp:passw0rd", "http://[canaryp]:3128", "://user:canaryp@proxy.example",
    "http://",
    "http://user:cana@ry/p@proxy.example:3128", "http://user:c\u00e4na/ryp@proxy.example",
    "http://user:canaryp\u00e9@", "\u00e9://canaryp",
]  # fmt: skip
#: What a host is called cannot be told from what is a secret by mistake: these are hosts.
HOSTS = {"canaryp"}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_used_is_one_error(text: str) -> None:
    """And no other, whatever the text."""
    if text in HOSTS:
        assert read_proxy(text, Credentials({})) == f"http://{text}"
        return
    with pytest.raises(UrlError) as caught:
        read_proxy(text, Credentials({}))
    assert [piece for piece in PIECES if piece in str(caught.value)] == []


@pytest.fixture
def far(index: IndexServer) -> tuple[str, ...]:
    """The words of a run that has to go through a proxy."""
    index.add("app", "1.0")
    return (
        "lock", "-o", "-", "--no-cache-dir", "--no-input", "--retries=0", "--timeout=2",
        "-i", "http://packages.acme.example/simple/",
        "--trusted-host", "packages.acme.example", "app",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"), pairs(WRONG, ["--proxy", "PIP_PROXY", "pip.conf", "HTTP_PROXY", "http_proxy", "ALL_PROXY"])
)
def test_it_is_told_with_its_place_and_without_itself(
    text: str, place: str, far: tuple[str, ...], run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every entrance, without a traceback; nothing is asked past the proxy."""
    words = far
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if place == "--proxy":
        words = (*far, "--proxy", text)
    elif place == "pip.conf":
        (run.folder / "pip.conf").write_text(f"[global]\nproxy = {text}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", "pip.conf")
    else:
        monkeypatch.setenv(place, text)
    done = run(*words)
    assert done.code in (1, 2), done.out
    assert "Traceback" not in done.err
    assert done.err.startswith("error: ")
    if text not in HOSTS:
        stated = done.out + done.err
        assert [piece for piece in PIECES if piece in stated] == [], stated
        assert done.code == 2
        assert {"pip.conf": "pip.conf", "--proxy": "--proxy"}.get(place, place) in done.err


def test_a_variable_that_is_not_used_is_no_error(
    index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing goes through it."""
    index.add("app", "1.0")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:cana/ryp@proxy.example")
    monkeypatch.setenv("HTTP_PROXY", "http://user:cana/ryp@proxy.example")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    done = run("lock", "-o", "-", "--no-cache-dir", "-i", index.url, "app")
    assert done.code == 0, done.err
    monkeypatch.delenv("NO_PROXY")
    assert run("lock", "-o", "-", "--no-cache-dir", "-i", index.url, "--no-proxy-env", "app").code == 0


PASSWORDS = ["p\u00e4ssw\u00f6rt", "pass/wort?#@:%", "pass wort", "\u79d8\u5bc6", "p\udcffss"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_of_any_characters_opens_the_proxy(
    password: str, far: tuple[str, ...], index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Percent-encoded, and raw where that leaves it a URL; it is sent as UTF-8 and shown nowhere."""
    netloc = index.host.origin.partition("://")[2]
    forms = [quote(password, safe="", errors="surrogateescape")]
    forms += [password] if password.isalpha() or "\udcff" in password else []
    token = base64.b64encode(b"b\xc3\xa9:" + password.encode("utf-8", "surrogateescape")).decode()
    for form in forms:
        index.requests.clear()
        monkeypatch.setenv("HTTP_PROXY", f"http://b\u00e9:{form}@{netloc}")
        done = run(*far)
        assert done.code == 0, done.err
        assert {request.headers.get("proxy-authorization") for request in index.requests} == {f"Basic {token}"}
        assert [word for word in (password, form, token) if word in done.out + done.err] == []


def test_a_host_beyond_ascii_is_asked_by_its_wire_name() -> None:
    """IDNA, as for any other URL."""
    credentials = Credentials({})
    assert read_proxy("http://u:p4ss@b\u00fccher.example:3128/", credentials) == "http://xn--bcher-kva.example:3128"
    assert credentials.proxy_auth("http://xn--bcher-kva.example:3128") == (b"u", b"p4ss")


def test_nothing_said_is_no_proxy() -> None:
    """Empty, or blanks."""
    for environ in ({}, {"HTTP_PROXY": ""}, {"HTTP_PROXY": "  "}):
        assert Proxies(Network(), Credentials({}), environ).for_origin("http", "far.example", 80) is None
    with pytest.raises(UsageError):
        Proxies(Network(), Credentials({}), {"HTTP_PROXY": "http://"}).for_origin("http", "far.example", 80)
