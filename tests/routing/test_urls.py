"""Which URLs count as an index's own: pages within its prefix, files from its origin or pinned by a digest."""

from __future__ import annotations

import pytest

from safepip.model.digest import strong
from safepip.model.index import Index, IndexUrl
from safepip.model.page import ProjectFile
from safepip.routing.urls import may_answer, may_serve

SHA = strong("sha256", "a" * 64)
TENANT = Index("t", IndexUrl.parse("https://host.example/registry/a/simple/"))


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example/registry/b/simple/x/",
        "https://host.example/registry/a/simple/../../b/simple/x/",
        "https://host.example/registry/a/simple/%2e%2e/%2e%2e/b/x/",
        "https://host.example/registry/a/simple/%2E%2e%2f../x/",
        "https://host.example/registry/a/simplex/",
        "http://host.example/registry/a/simple/x/",
        "https://host.example:8443/registry/a/simple/x/",
        "https://public.example/simple/x/",
        "https://host.example.evil.example/registry/a/simple/x/",
        "//host.example/registry/a/simple/x/",
        "https://[broken/registry/a/simple/x/",
    ],
)
def test_a_page_from_outside_the_prefix_is_no_answer(url: str) -> None:
    """One host serves many registries: the origin and the path prefix both count."""
    assert not may_answer(TENANT, url)


def test_a_page_within_the_prefix_is_an_answer() -> None:
    """The index's own pages, its default port included."""
    assert may_answer(TENANT, "https://host.example/registry/a/simple/x/")
    assert may_answer(TENANT, "https://HOST.example:443/registry/a/simple/x/index.html")


PAGE = "https://host.example/registry/a/simple/x/"


def listed(url: str, *, hashed: bool = False) -> ProjectFile:
    return ProjectFile("x-1-py3-none-any.whl", url, (SHA,) if hashed else ())


@pytest.mark.parametrize(
    ("url", "hashed", "allowed"),
    [
        ("https://host.example/elsewhere/x.whl", False, True),
        ("https://cdn.example/x.whl", False, False),
        ("https://cdn.example/x.whl", True, True),
        ("http://cdn.example/x.whl", True, False),
        ("http://host.example/x.whl", True, False),
        ("https://user@host.example/x.whl", True, False),
        ("file:///etc/passwd", True, False),
        ("ftp://host.example/x.whl", True, False),
    ],
)
def test_files_come_from_the_index_or_from_https_with_a_digest(url: str, hashed: bool, allowed: bool) -> None:
    """A host that nobody named may serve bytes only where they are pinned."""
    assert may_serve(TENANT, listed(url, hashed=hashed), PAGE) is allowed


def test_declared_file_hosts_may_serve_without_a_digest() -> None:
    """`file-hosts` widens the rule for the hosts it names, and for those only."""
    declared = Index("t", TENANT.url, file_hosts=("cdn.example", "store.example:8443"))
    assert may_serve(declared, listed("https://cdn.example/x.whl"), PAGE)
    assert may_serve(declared, listed("https://store.example:8443/x.whl"), PAGE)
    assert not may_serve(declared, listed("https://store.example/x.whl"), PAGE)
    assert not may_serve(declared, listed("http://cdn.example/x.whl", hashed=True), PAGE)


HERE, THERE = "http://127.0.0.1:8080/", "http://host.example/"


@pytest.mark.parametrize(
    ("page", "url", "trusted", "allowed"),
    [
        (HERE, "http://127.0.0.1:9090/x.whl", (), True),
        (HERE, "http://localhost/x.whl", (), True),
        (HERE, "http://cdn.example/x.whl", (), False),
        (HERE, "http://cdn.example/x.whl", ("cdn.example",), True),
        (THERE, "http://cdn.example/x.whl", ("host.example",), False),
        (THERE, "http://cdn.example/x.whl", ("host.example", "cdn.example"), True),
        (THERE, "http://127.0.0.1:9090/x.whl", ("host.example",), True),
        (THERE, "http://127.0.0.1:9090/x.whl", (), False),
        ("https://host.example/", "http://127.0.0.1:9090/x.whl", (), False),
        ("https://host.example/", "http://127.0.0.1:9090/x.whl", ("cdn.example",), False),
        ("https://host.example/", "http://127.0.0.1:9090/x.whl", ("host.example",), True),
        ("https://host.example/", "http://cdn.example/x.whl", ("host.example",), False),
    ],
)
def test_without_encryption_only_what_is_near_serves_for_what_is_near(
    page: str, url: str, trusted: tuple[str, ...], allowed: bool
) -> None:
    """This machine and trusted hosts may do so for each other, where a digest pins the file; no index elsewhere makes
    safepip ask a service of this machine."""
    index = Index("i", IndexUrl.parse(page))
    assert may_serve(index, listed(url, hashed=True), f"{page}x/", trusted) is allowed
    assert not may_serve(index, listed(url), f"{page}x/", trusted)


def test_only_web_addresses_are_fetched() -> None:
    """Whoever serves them."""
    declared = Index("t", TENANT.url, file_hosts=("cdn.example",))
    assert not may_serve(declared, listed("ftp://cdn.example/x.whl", hashed=True), PAGE)
    assert not may_serve(declared, listed("https://[cdn.example/x.whl", hashed=True), PAGE)


def test_a_file_url_is_followed_only_from_a_page_on_disk() -> None:
    """A page from the network cannot make safepip read this machine's files."""
    local = Index("l", IndexUrl.parse("file:///srv/simple/"))
    assert may_serve(local, listed("file:///srv/files/x.whl"), "file:///srv/simple/x/")
    assert not may_serve(TENANT, listed("file:///srv/files/x.whl", hashed=True), PAGE)
