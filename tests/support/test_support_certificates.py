"""The certificates that the tests make are valid for their names and nobody else's."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from support.certificates import Authority
from support.index import IndexServer

if TYPE_CHECKING:
    from pathlib import Path


def fetch(url: str, authority: Authority) -> int:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with urllib.request.build_opener(*handlers).open(url, timeout=10) as answer:
        return int(answer.status)


def test_a_client_that_trusts_the_authority_reads_a_page(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with IndexServer(tls=authority.context()) as index:
        index.add("acme", "1.0")
        assert index.url.startswith("https://127.0.0.1:")
        assert fetch(index.url + "acme/", authority) == 200


def test_a_certificate_for_another_name_or_of_another_authority_is_not_accepted(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    for context in (authority.context("packages.acme.example"), stranger.context()):
        with IndexServer(tls=context) as index, pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(index.url + "acme/", authority)


def test_the_strict_checks_of_openssl_pass(tmp_path: Path) -> None:
    """Python 3.13 turns `VERIFY_X509_STRICT` on, which wants every extension that RFC 5280 does."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=str(authority.bundle))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server, client = authority.context(), ssl.MemoryBIO()
    backwards = ssl.MemoryBIO()
    ours = context.wrap_bio(client, backwards, server_hostname="localhost")
    theirs = server.wrap_bio(backwards, client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ours.version() == "TLSv1.3"
