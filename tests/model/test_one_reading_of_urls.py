"""What a URL is, and of what parts, is decided in one place; what is none is an error that shows nothing of it."""

from __future__ import annotations

import ast
import ntpath
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.edges.network.addresses import parse_address
from safepip.edges.network.limits import HttpError
from safepip.model.index import IndexUrl
from safepip.model.urls import (
    Host,
    Url,
    UrlError,
    covered,
    file_path,
    file_url,
    in_ascii,
    is_file_url,
    is_loopback,
    is_secure,
    is_url,
    is_web,
    join,
    origin_of,
    parse,
    port_of,
    read_host,
    scheme_of,
    segment,
    shown,
)
from support.source_tree import FILES, imports_of, module_of

SECRET = "s3cr3t-value"

URLS = [
    "https://h.example/x", "HTTPS://h.example/x", "https:/h.example/x", "https:h.example", "https:", "http:", "  https://h.example/",
    "\thttps://h.example/", "\nhttps://h.example/", "ht\ttps://h.example/", "\u00a0https://h.example/", "\ufeffhttps://h.example/",
    "\u200bhttps:/h.example/", "file:///x", "FILE:x", "file:x", "ftp://h.example/", "s3://bucket/x", "foo:bar", "git+https://h.example/x",
    "://h.example/x", "'https://h.example/x'", "a b://h.example/x",
]  # fmt: skip
PATHS = [
    "x",
    "./https://h.example"[:8],
    "./foo:bar",
    "/foo:bar",
    "C:\\folder",
    "c:/folder",
    "C://folder",
    "C:x",
    "",
    ".",
    "~/x",
    "a/b:c",
]


@pytest.mark.parametrize("text", URLS)
def test_text_with_a_scheme_is_a_url(text: str) -> None:
    """In any case, with one slash or none, and whatever stands before it that no reader sees."""
    assert is_url(text)


@pytest.mark.parametrize("text", PATHS)
def test_text_without_a_scheme_is_none(text: str) -> None:
    """A drive of Windows is no scheme, and a colon behind the first separator belongs to a path."""
    assert not is_url(text)
    assert scheme_of(text) == ""


BROKEN = [
    word.replace("@@", SECRET)
    for word in [
        "https://[@@/x", "https://[@@]/x", "https://h.example:@@/x", "https://h.example:99999/x", "https://h.example:-1/x",
        "https://@@\u2100.example/x", "https://@@ .example/", "https://h.example\\@@/",
        f"https://{'a' * 64}@@\u00e9.example/",
        "https:/@@/x", "https:@@", "https:///@@", "https://user:@@@/x", "https://h.example/@@\n", "https://${@@}/",
        " https://h.example/@@", "https://h.example/%00@@", "file://@@/share/x", "@@", "https://[v1.@@]/", "https://[::1/",
        "https://::1/x", "https://h.example%40@@/",
    ]
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_what_cannot_be_read_is_one_error_that_shows_nothing(text: str) -> None:
    """`urllib`'s own errors repeat host and port; ours is no `ValueError` and repeats nothing."""
    with pytest.raises(UrlError) as caught:
        parse(text)
    assert not isinstance(caught.value, ValueError)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(st.one_of(st.text(), st.text().map(lambda text: "https://" + text), st.text().map(lambda text: "file:" + text)))
def test_no_text_at_all_is_any_other_error(text: str) -> None:
    """Whoever reads a URL has one error to think of, and what was read can be written and read again."""
    for read in (
        parse,
        IndexUrl.parse,
        in_ascii,
        lambda word: join(word, word),
        lambda word: join("https://h.example/", word),
    ):
        try:
            read(text)
        except UrlError:
            continue
    origin_of(text), is_web(text), is_file_url(text), shown(text)
    try:
        url = parse(text)
    except UrlError:
        return
    if not url.has_user_info and (url.host or url.scheme == "file"):
        assert parse(str(url))[:4] == url[:4]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTPS://H.Example:443/A?q#f", Url("https", "h.example", None, "/A", "q", "f")),
        ("http://h.example:8080", Url("http", "h.example", 8080, "")),
        ("https://u:p@h.example/", Url("https", "h.example", None, "/", has_user_info=True)),
        ("https://[2001:DB8:0::1]:444/", Url("https", "2001:db8::1", 444, "/")),
        ("https://b\u00fccher.example/", Url("https", "xn--bcher-kva.example", None, "/")),
        ("https://evil\u3002example/", Url("https", "evil.example", None, "/")),
        ("file://localhost/x", Url("file", "", None, "/x")),
        ("git+https://h.example:443/x", Url("git+https", "h.example", None, "/x")),
    ],
)
def test_one_url_has_one_reading(text: str, url: Url) -> None:
    """Spellings of one place are one: case, default port, IDNA, forms of an address."""
    assert parse(text) == url


def test_an_origin_is_scheme_host_and_port() -> None:
    """As credentials and indexes compare it."""
    assert origin_of("HTTPS://user@H.example:443/x") == "https://h.example"
    assert origin_of("git+https://h.example/x") == "https://h.example"
    assert origin_of("http://[::0001]:80/") == "http://[::1]"
    assert origin_of("file:///x") is origin_of("x") is origin_of("https://[/") is None
    assert port_of(parse("https://h.example/")) == 443
    assert port_of(parse("https://h.example:0/")) == 0


def test_a_url_is_shown_without_what_it_may_hide() -> None:
    """Also where it is none: user information, query and fragment are left out of messages."""
    for text in (
        f"https://u:{SECRET}@h/x",
        f"https://h/x?{SECRET}",
        f"https://h/x#{SECRET}",
        f"u:{SECRET}@h/x",
        f"https:/u:{SECRET}@h",
    ):
        assert SECRET not in shown(text)


def test_the_name_of_a_file_is_one_segment() -> None:
    """A separator that is percent-encoded would make a path of it."""
    assert parse("https://h.example/a/b%20c.whl?q#f").filename == "b c.whl"
    for path in ("a%2F..%2Fb.whl", "a%5Cb.whl", ""):
        assert parse(f"https://h.example/{path}").filename == ""
    assert segment("a b/c\udcff") == "a%20b%2Fc%FF"


@pytest.mark.parametrize("path", ["/a", "/a b/\u00e4~%", "/a\\b", "/a\udcff", "/a:b", "//a", "/\udc80#?"])
def test_a_path_of_posix_survives_its_url(path: str) -> None:
    """Bytes beyond UTF-8 too."""
    assert file_path(file_url(path), windows=False) == path
    if path.isprintable() and not path.startswith("//"):
        assert file_url(path) == PurePosixPath(path).as_uri()


@pytest.mark.parametrize("path", ["C:\\", "C:\\a b\\\u00e4", "c:\\x#y", "\\\\server\\share\\x"])
def test_a_path_of_windows_survives_its_url(path: str) -> None:
    """A drive, and a share, which has no authority of its own."""
    assert file_path(file_url(path), windows=True) == ntpath.normpath(path)
    if not path.startswith("\\\\"):
        assert file_url(path) == PureWindowsPath(path).as_uri()


@pytest.mark.parametrize("url", ["file://server/share/x", "https://h.example/x", "/x", "file:///a%00b"])
@pytest.mark.parametrize("windows", [False, True])
def test_no_other_url_names_a_path(url: str, windows: bool) -> None:
    """A share that a URL names would be asked with the user's own password."""
    with pytest.raises(UrlError):
        file_path(url, windows=windows)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    """Plain http may be spoken with it."""
    place = Url("http", host, 8080, "/")
    assert is_loopback(host)
    assert is_secure(place, ())


@pytest.mark.parametrize(
    "host", ["127.0.0.1.example", "127.1", "localhost.example", "10.0.0.1", "::2", "", "0.0.0.0", "127.999.0.1"]
)
def test_no_other_machine_is(host: str) -> None:
    """Not by a name that begins like its address."""
    assert not is_loopback(host)
    assert not is_secure(Url("http", host, None, "/"), ("other.example",))


def test_a_host_covers_its_ports() -> None:
    """With a port that one, without all of them; the port of a scheme need not be written."""
    assert read_host("H.example") == Host("h.example", None)
    assert read_host("[2001:DB8:0::1]:8080") == Host("2001:db8::1", 8080)
    for wrong in (
        "",
        "h.example:0",
        "h.example:65536",
        "https://h.example",
        "h.example/x",
        "u@h.example",
        "[::1",
        "[:::]",
        "*",
    ):
        assert read_host(wrong) is None
    place = parse("https://h.example/x")
    assert covered(place, ["h.example"])
    assert covered(place, ["other.example", "H.EXAMPLE:443"])
    assert not covered(place, ["h.example:8443", "example", "not a host"])


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_urls_are_taken_apart_in_one_file(path: Path) -> None:
    """No other file has `urllib` read a URL (quoting a text is no reading), and none has an expression of its own."""
    if module_of(path) == "safepip.model.urls":
        return
    text = path.read_text("utf-8")
    found = {name for name, _ in imports_of(ast.parse(text)) if name.startswith("urllib.parse")}
    assert found <= {"urllib.parse", "urllib.parse.quote", "urllib.parse.quote_plus", "urllib.parse.unquote"}
    readers = ("urlsplit(", "urlparse(", "urljoin(", "urlunsplit(", "url2pathname", "pathname2url")
    for own in (*readers, "(https?|file):", '"http": 80', '"file://" +'):
        assert own not in text


def test_user_information_is_seen_beyond_ascii_too() -> None:
    """What goes over the wire is made of the same reading."""
    with pytest.raises(HttpError) as caught:
        parse_address("https://u:p@b\u00fccher.example/\u00e9", lambda _url: "it")
    assert caught.value.kind == "insecure"
    place = parse_address("https://b\u00fccher.example:443/\u00e9?\u00fc", lambda _url: "it")
    assert (place.host, place.port, place.target) == ("xn--bcher-kva.example", 443, b"/%C3%A9?%C3%BC")
    assert place.authority == b"xn--bcher-kva.example"
