"""What is for this machine alone goes to no proxy without encryption, and a proxy proves by its own certificate who it
is, whatever host is asked through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import HttpError, Transport
from safepip.edges.network.loop import Loop
from safepip.edges.network.proxies import Proxies
from safepip.model.plan import Network
from support.certificates import Authority
from support.host import Host
from support.nowhere import NOWHERE
from support.replies import Reply
from support.tunnel import Tunnel

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside

PROXY = "http://proxy.example:3128"
SECRET = "canary-0f-the-index"
#: All ways to name a proxy: the option, and the variables.
NAMED: list[tuple[Network, dict[str, str]]] = [
    (Network(proxy=PROXY), {}),
    (Network(), {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY}),
    (Network(), {"ALL_PROXY": PROXY, "NO_PROXY": "other.example"}),
]


@pytest.mark.parametrize(("network", "environ"), NAMED)
def test_plain_http_to_this_machine_goes_to_this_machine(network: Network, environ: dict[str, str]) -> None:
    """Plain http may be spoken with it because nobody listens; a proxy would be asked over the network."""
    proxies = Proxies(network, Credentials({}), environ)
    for host in ("localhost", "127.0.0.1", "127.8.9.10", "::1"):
        assert proxies.for_origin("http", host, 3141) is None
        assert proxies.for_origin("https", host, 3141) == PROXY  # encrypted up to the index itself
    for host in ("index.example", "localhost.example", "10.0.0.1", "::2"):
        assert proxies.for_origin("http", host, 3141) == PROXY


def test_neither_a_page_nor_a_credential_comes_from_there(
    index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("app", "1.0")
    index.auth = ("user", SECRET)
    with Host() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(variable, proxy.origin)
        monkeypatch.delenv("NO_PROXY")
        done = run("lock", "-o", "-", "--no-cache-dir", "-i", index.credentialed_url, "app")
        assert done.code == 0, done.err
        assert proxy.requests == []


def through(proxy: str, url: str, bundle: Path, *trusted: str) -> bytes:
    """A page that comes by a proxy. Raises `HttpError`."""
    with Loop() as loop:
        network = Network(retries=0, timeout=5, cert=str(bundle), proxy=proxy, trusted_hosts=trusted)
        transport = Transport(network, Credentials({"HOME": NOWHERE, "PATH": ""}), {})
        try:
            return loop.run(transport.get(url, limit=1 << 20, allowed=lambda _: True)).body
        finally:
            loop.run(transport.close())


@pytest.mark.parametrize("trusted", [(), ("index.example",), ("index.example:443",)])
def test_a_host_that_is_trusted_vouches_for_no_proxy(
    trusted: tuple[str, ...], authority: Authority, tmp_path: Path
) -> None:
    """Whoever answers in its place would get the credential of the proxy."""
    stranger = Authority(tmp_path, "a stranger")
    with Tunnel(tls=stranger.context()) as proxy:
        with pytest.raises(HttpError) as caught:
            through(
                f"https://user:{SECRET}@127.0.0.1:{proxy.port}", "https://index.example/", authority.bundle, *trusted
            )
        assert caught.value.kind == "tls"
        assert proxy.heads == []


def test_a_proxy_that_is_trusted_vouches_for_no_host(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "a stranger")
    with Host(tls=stranger.context("index.example")) as host, Tunnel({"index.example": host.port}) as tunnel:
        host.paths["/"] = Reply(200, b"a page")
        with pytest.raises(HttpError) as caught:
            through(f"http://localhost:{tunnel.port}", "https://index.example/", authority.bundle, "localhost")
        assert caught.value.kind == "tls"
        assert host.requests == []


def test_a_proxy_may_be_trusted_itself(authority: Authority, tmp_path: Path) -> None:
    """Without a certificate that anybody knows, as any host."""
    stranger = Authority(tmp_path, "a stranger")
    with (
        Host(tls=authority.context("index.example")) as host,
        Tunnel({"index.example": host.port}, tls=stranger.context()) as proxy,
    ):
        host.paths["/"] = Reply(200, b"a page")
        url = f"https://localhost:{proxy.port}"
        assert through(url, "https://index.example/", authority.bundle, f"localhost:{proxy.port}") == b"a page"
