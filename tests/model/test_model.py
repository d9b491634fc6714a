"""Laws of the words of the domain: what can be built is sound, and what is shown cannot harm."""

from __future__ import annotations

import importlib
import pkgutil
import string
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import safepip.model
from safepip.model.digest import STRONG, WeakDigest, strong, strongest
from safepip.model.finding import printable
from safepip.model.index import Hashes, Index, IndexKind, IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.plan import NameSet
from safepip.model.urls import UrlError

_LABEL = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
_HOST = st.lists(_LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "example"]))
_SEGMENT = st.text(string.ascii_letters + string.digits + "-_+~", min_size=1, max_size=8)
_PATH = st.lists(_SEGMENT, max_size=3).map(lambda parts: "".join(f"/{part}" for part in parts))
_URL = st.builds(
    lambda scheme, host, port, path, slash: f"{scheme}://{host}{port}{path}{slash}",
    st.sampled_from(("https", "http", "HTTPS")),
    _HOST,
    st.sampled_from(("", ":443", ":80", ":8443")),
    _PATH,
    st.sampled_from(("", "/")),
)

# --- index URLs --------------------------------------------------------------------------------------------


@given(_URL)
def test_an_index_url_read_again_is_the_same(text: str) -> None:
    url = IndexUrl.parse(text)
    assert IndexUrl.parse(str(url)) == url


@given(_URL)
def test_an_index_contains_its_pages_and_not_what_lies_above_it(text: str) -> None:
    url = IndexUrl.parse(text)
    assert url.contains(url.page("acme-web"))
    assert url.contains(str(url))
    if url.path != "/":
        assert not url.contains(url.origin + "/")
        assert not url.contains(str(url)[:-1] + "x/")


@given(_URL, _URL)
def test_an_index_contains_nothing_of_another_origin(one: str, other: str) -> None:
    ours, theirs = IndexUrl.parse(one), IndexUrl.parse(other)
    assume(ours.origin != theirs.origin)
    assert not ours.contains(theirs.page("acme-web"))


@given(_URL, st.sampled_from(("..", ".", "%2e%2e", "%2E.", ".%2e", "%2e", "..;", "..;x=1", ".%2E%3b", ".;")), _SEGMENT)
def test_a_url_with_dot_segments_is_never_within_an_index(text: str, dots: str, name: str) -> None:
    url = IndexUrl.parse(text)
    assert not url.contains(f"{url}{dots}/{name}")
    assert not url.contains(f"{url}{name}/{dots}")
    with pytest.raises(UrlError):
        IndexUrl.parse(f"{url}{dots}/simple/")


@given(_HOST, st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_no_index_url_holds_a_credential_and_no_message_repeats_one(host: str, user: str, password: str) -> None:
    secret = quote(password, safe="") + "S3cret"
    for text in (
        f"https://{quote(user, safe='')}:{secret}@{host}/",
        f"https://{host}/?token={secret}",
        f"https://@{host}/",
    ):
        with pytest.raises(UrlError) as caught:
            IndexUrl.parse(text)
        assert "S3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "packages.example/simple/",
        "ftp://packages.example/",
        "https://",
        "https:///simple/",
        "https://packages.example/simple/#x",
        "https://packages.example:port/",
        "https://packages.example:99999/",
        "https://packages.example/a b/",
        "https://packages.example/\n/",
        "https://[::1/",
        "file://server/share/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_index_url_is_an_error(text: str) -> None:
    with pytest.raises(UrlError):
        IndexUrl.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_an_index_url_or_an_error(text: str) -> None:
    for prefix in ("", "https://", "https://acme.example/", "file:///"):
        try:
            url = IndexUrl.parse(prefix + text)
        except UrlError:
            continue
        assert url.path.endswith("/")
        assert "@" not in url.netloc
        assert all(ord(char) > 32 for char in str(url))


@given(st.text(max_size=40))
def test_containment_is_decided_for_any_text(text: str) -> None:
    url = IndexUrl.parse("https://acme.example/simple/")
    for candidate in (text, f"https://{text}", f"https://acme.example/simple/{text}"):
        if url.contains(candidate):
            assert candidate.lower().startswith(("https://acme.example/", "https://acme.example:443/"))


def test_default_ports_and_cases_are_one_origin() -> None:
    url = IndexUrl.parse("HTTPS://Acme.Example:443/Simple")
    assert str(url) == "https://acme.example/Simple/"
    assert url.contains("https://acme.example:443/Simple/x/")
    assert not url.contains("https://acme.example/simple/x/")
    assert not url.contains("http://acme.example/Simple/x/")
    assert str(IndexUrl.parse("https://[::1]:8443/")) == "https://[::1]:8443/"


def test_indexes_are_compared_by_what_they_are_and_not_by_where_that_is_written() -> None:
    """The same index in two files is one; what changes what may be taken from it makes another one of it."""
    one = Index("acme", IndexUrl.parse("https://pypi.acme.example/simple/"))
    place = Origin(Source.PROJECT_CONFIG, "safepip.toml", 3)
    written: dict[str, Any] = {"origin": place, "claim_origins": (place,), "location": "elsewhere"}
    for field, value in written.items():
        other = one._replace(**{field: value})
        assert one == other, field
        assert (one != other) is False, field
        assert hash(one) == hash(other), field
    differing: dict[str, Any] = {
        "name": "other",
        "url": IndexUrl.parse("https://other.example/simple/"),
        "kind": IndexKind.FIND_LINKS,
        "packages": ("acme-*",),
        "default": True,
        "file_hosts": ("files.example",),
        "hashes": Hashes.OPTIONAL,
        "mirror_of": "other",
    }
    assert {*differing, *written} == set(Index._fields)
    for field, value in differing.items():
        assert one != one._replace(**{field: value}), field
    assert one != tuple(one)


def test_a_page_is_asked_for_by_name_and_a_slash() -> None:
    assert IndexUrl.parse("https://acme.example/simple").page("acme-web") == "https://acme.example/simple/acme-web/"


# --- digests -----------------------------------------------------------------------------------------------

_HEX = st.text(string.hexdigits, max_size=130)


@given(st.sampled_from([*STRONG, "md5", "sha1", "SHA256", "sha224", "blake2b", ""]), _HEX | st.text(max_size=70))
def test_a_digest_is_strong_and_whole_or_is_not(algorithm: str, value: str) -> None:
    try:
        digest = strong(algorithm, value)
    except WeakDigest:
        right = STRONG.get(algorithm.lower()) == len(value) and set(value) <= set(string.hexdigits)
        assert not right
        return
    assert len(digest.hex) == STRONG[digest.algorithm]
    assert set(digest.hex) <= set("0123456789abcdef")
    assert strong(*str(digest).split(":")) == digest


@pytest.mark.parametrize("value", ["a" * 64 + "\n", "a" * 63 + "\u0661", "a" * 63 + "g", "", " " * 64])
def test_what_only_looks_like_a_digest_is_none(value: str) -> None:
    with pytest.raises(WeakDigest):
        strong("sha256", value)


def test_the_strongest_is_the_longest() -> None:
    short, long = strong("sha256", "a" * 64), strong("sha512", "b" * 128)
    assert strongest((short, long)) == strongest((long, short)) == long
    assert strongest(()) is None


# --- what is shown --------------------------------------------------------------------------------------------


@given(st.text(max_size=400), st.integers(1, 300))
def test_printable_text_has_no_control_characters_and_keeps_its_limit(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(char).startswith("C") for char in shown)
    assert printable(shown, limit) == shown


@given(st.text(string.ascii_letters + string.punctuation + " éß漢", max_size=200))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\x9b", "\u202e", "\u2066", "\u200b", "\ufeff", "\x7f", "\ud800"])
def test_what_can_rewrite_a_terminal_is_replaced(char: str) -> None:
    assert printable(f"a{char}b") == "a�b"


# --- origins ---------------------------------------------------------------------------------------------------

_ORIGIN = st.builds(
    Origin, st.sampled_from(list(Source)), st.text(string.ascii_letters, max_size=8), st.none() | st.integers(1)
)


@given(st.lists(_ORIGIN, min_size=1, max_size=5))
def test_a_chain_names_every_step_to_the_user_the_nearest_first(steps: list[Origin]) -> None:
    linked: Origin | None = None
    for step in steps:
        linked = Origin(step.source, step.where, step.line, linked)
    assert linked is not None
    assert linked.chain().split("  <-  ") == [str(step) for step in reversed(steps)]


def test_an_origin_is_its_place_and_line_or_else_its_kind() -> None:
    assert str(Origin(Source.FILE, "requirements.txt", 3)) == "requirements.txt:3"
    assert str(Origin(Source.ENVIRONMENT, "PIP_INDEX_URL")) == "PIP_INDEX_URL"
    assert str(Origin(Source.COMMAND_LINE)) == "the command line"


# --- what is in something --------------------------------------------------------------------------------------


def test_what_may_be_empty_cannot_be_asked_by_in() -> None:
    """A tuple looks among its fields: of a set of names it would deny each of its names."""
    names = [f"safepip.model.{found.name}" for found in pkgutil.iter_modules(safepip.model.__path__)]
    kinds = {kind for name in names for kind in vars(importlib.import_module(name)).values() if isinstance(kind, type)}
    sets = [kind for kind in kinds if issubclass(kind, tuple) and "__bool__" in vars(kind)]
    assert NameSet in sets
    for kind in sets:
        for value in (kind(), kind._make(kind())):  # type: ignore[attr-defined]  # of a named tuple
            with pytest.raises(TypeError):
                assert "acme" in value


def test_a_name_is_in_a_set_of_names() -> None:
    some, everything, nothing = NameSet(names=frozenset({"acme"})), NameSet(all=True), NameSet()
    assert [names.has("acme") for names in (some, everything, nothing)] == [True, True, False]
    assert [names.has("other") for names in (some, everything, nothing)] == [False, True, False]
    assert [bool(names) for names in (some, everything, nothing)] == [True, True, False]
