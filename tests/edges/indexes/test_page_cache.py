"""What is remembered of indexes: as it was, no longer than allowed, and nothing of a file that was tampered with."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safepip.edges.indexes.page_cache import PageCache, fingerprint, vouched
from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.freshness import DEFAULT_FRESHNESS, LONGEST_FRESHNESS, freshness
from safepip.model.digest import STRONG
from safepip.model.errors import Unavailable
from safepip.model.page import ProjectPage
from support.kept_pages import PAGE, PRINT, Clock, a_file, a_shelf, an_archive, digest_of
from support.offers import TARGET, index

if TYPE_CHECKING:
    from safepip.model.candidate import ProjectCandidates

PUBLIC = index(default=True)


def comparable(available: ProjectCandidates) -> tuple[Any, ...]:
    """A shelf without the identity of its candidates."""
    rows = [
        (c.name, c.version, c.file, c.tag_rank, c.build, c.released, c.for_new_python)
        for c in (*available.candidates, *available.sources)
    ]
    return (
        rows,
        len(available.sources),
        available.rejected,
        available.status,
        available.status_reason,
        available.files,
        available.name,
        available.born,
    )


def test_a_shelf_comes_back_as_it_was(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {"etag": '"1"', "last-modified": "today"})
    kept = PageCache(str(tmp_path), PRINT).load(PUBLIC, "acme-web")
    assert kept is not None
    assert comparable(kept.available) == comparable(a_shelf())
    assert (kept.url, kept.validators()) == (PAGE, {"if-none-match": '"1"', "if-modified-since": "today"})


def test_archives_that_nothing_looked_at_are_kept_as_they_were_and_renewed_so(tmp_path: Path) -> None:
    page = ProjectPage(
        "acme-web", PAGE, (*(an_archive(version) for version in ("1.0", "none", "2.0", "1.0.0")), a_file())
    )
    made = candidates_for(page, TagRanks(TARGET.tags), PythonVersions(TARGET.version))
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep(PUBLIC, made, PAGE, {})
    path = Path(cache._candidates_path(PUBLIC, "acme-web"))
    first = path.read_bytes().partition(b"\n")[2]
    kept = cache.load(PUBLIC, "acme-web")
    assert kept is not None
    cache.renew(PUBLIC, kept, {})
    assert path.read_bytes().partition(b"\n")[2] == first
    assert comparable(kept.available) == comparable(made)
    assert [c.file.filename for c in kept.available.sources] == [
        "acme_web-2.0.tar.gz",
        "acme_web-1.0.0.tar.gz",
        "acme_web-1.0.tar.gz",
    ]


def test_a_project_without_archives_has_an_empty_line_of_them(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep(PUBLIC, a_shelf()._replace(sources=()), PAGE, {})
    kept = cache.load(PUBLIC, "acme-web")
    assert kept is not None
    assert kept.available.sources == ()


def test_archives_that_cannot_be_read_end_the_run_where_they_are_looked_at(
    spoilt: tuple[PageCache, Path, dict[str, Any]],
) -> None:
    cache, path, good = spoilt
    wheel = json.dumps([["1.0", 1.5, a_file()]]).encode()
    for line in (wheel, b"null", b"[[]]", b'[["1.0",1,["a"]]]', b"[" * 100_000, b"\xff" * 3):
        path.write_bytes(whole_of(good, line))
        kept = cache.load(PUBLIC, "acme-web")
        assert kept is not None
        with pytest.raises(Unavailable) as caught:
            list(kept.available.sources)
        assert caught.value.diagnostics[0].reference == "unreadable-file"
    path.write_bytes(json.dumps({**good, "archives": 1}).encode() + b"\n[]")
    assert cache.load(PUBLIC, "acme-web") is None


def test_a_shelf_is_kept_for_one_index_one_project_and_one_target(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    assert cache.load(index("acme"), "acme-web") is None
    assert cache.load(PUBLIC, "acme-webs") is None
    assert PageCache(str(tmp_path), fingerprint(TARGET, ignore_requires_python=True)).load(PUBLIC, "acme-web") is None


def test_without_a_folder_nothing_is_kept() -> None:
    cache = PageCache(None, PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    cache.keep_metadata(a_file(), b"text")
    assert cache.load(PUBLIC, "acme-web") is None
    assert cache.load_metadata(a_file()) is None


def test_a_shelf_is_fresh_for_as_long_as_allowed_and_not_before_it_was_fetched(tmp_path: Path) -> None:
    clock = Clock()
    cache = PageCache(str(tmp_path), PRINT, clock)
    cache.keep(PUBLIC, a_shelf(), PAGE, {"cache-control": "public, max-age=60"})
    kept = cache.load(PUBLIC, "acme-web")
    assert kept is not None
    fresh = {}
    for moment in (-1.0, 0.0, 59.9, 60.0):
        clock.time = 1_000_000.0 + moment
        fresh[moment] = cache.is_fresh(kept)
    assert fresh == {-1.0: False, 0.0: True, 59.9: True, 60.0: False}
    for headers, seconds in (
        ({}, 60.0),
        ({"cache-control": "no-cache"}, 0.0),
        ({}, 0.0),
        ({"cache-control": "public"}, DEFAULT_FRESHNESS),
        ({"age": "100"}, DEFAULT_FRESHNESS),
        ({"cache-control": "max-age=7"}, 7.0),
    ):
        cache.renew(PUBLIC, kept, headers)
        kept = cache.load(PUBLIC, "acme-web")
        assert kept is not None
        assert kept.fresh_until == 1_000_060.0 + seconds
        assert cache.is_fresh(kept) == (seconds > 0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, DEFAULT_FRESHNESS),
        ("max-age=60", 60.0),
        ('private, MAX-AGE="5"', 5.0),
        ("max-age=99999999999", LONGEST_FRESHNESS),
        ("max-age=60, no-cache", 0.0),
        ("no-store", 0.0),
        ("max-age=-1", 0.0),
        ("max-age=\xb2", 0.0),
        ("max-age", 0.0),
        ("max-age=5, max-age=50", 5.0),
        ("s-maxage=5, public", DEFAULT_FRESHNESS),
    ],
)
def test_freshness_is_what_the_index_says_within_a_day(value: str | None, seconds: float) -> None:
    assert freshness({} if value is None else {"cache-control": value}) == seconds


@pytest.mark.parametrize(
    ("age", "control", "seconds"),
    [
        ("50", "max-age=60", 10.0),
        (" 60 ", "max-age=60", 0.0),
        ("86400", "max-age=60", 0.0),
        ("100", None, DEFAULT_FRESHNESS - 100),
        ("86400", "max-age=172800", LONGEST_FRESHNESS),
        ("-5", "max-age=60", 60.0),
        ("x", "max-age=60", 60.0),
        ("9" * 5000, f"max-age={'9' * 5000}", 0.0),
    ],
)
def test_what_a_page_has_spent_in_caches_on_the_way_counts(age: str, control: str | None, seconds: float) -> None:
    """A cache that gives it for a day says so, and the index has allowed a day in all."""
    headers = {"age": age} if control is None else {"age": age, "cache-control": control}
    assert freshness(headers) == seconds


_NUMBER = st.text(max_size=60) | st.integers().map(str)


@given(_NUMBER, _NUMBER)
def test_freshness_is_always_between_nothing_and_a_day(value: str, age: str) -> None:
    for control in (value, f"max-age={value}"):
        assert 0.0 <= freshness({"cache-control": control, "age": age}) <= LONGEST_FRESHNESS


def test_what_an_index_says_may_not_be_stored_is_not_kept(tmp_path: Path) -> None:
    """Neither its candidates nor the list of its files, and no answer that they are still the same."""
    cache = PageCache(str(tmp_path), PRINT)
    never = {"cache-control": "private, no-store"}
    cache.keep(PUBLIC, a_shelf(), PAGE, never)
    assert cache.keep_listing(PUBLIC, "acme-web", b"page", [a_file()], never) == ""
    assert list(tmp_path.iterdir()) == []
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    kept = cache.load(PUBLIC, "acme-web")
    assert kept is not None
    cache.renew(PUBLIC, kept._replace(url="elsewhere"), never)
    again = cache.load(PUBLIC, "acme-web")
    assert again is not None
    assert again.url == PAGE


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[PageCache, Path, dict[str, Any]]:
    """A cache, the file of its only shelf, and what is in it."""
    cache = PageCache(str(tmp_path_factory.mktemp("cache")), PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    path = Path(cache._candidates_path(PUBLIC, "acme-web"))
    return cache, path, json.loads(path.read_bytes().partition(b"\n")[0])


def whole_of(head: dict[str, Any], archives: bytes = b"[]") -> bytes:
    """A kept file with this head."""
    return json.dumps({**head, "archives": len(archives)}).encode() + b"\n" + archives


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_spoilt_file_is_a_miss_or_a_shelf_and_never_a_crash(
    data: st.DataObject, spoilt: tuple[PageCache, Path, dict[str, Any]]
) -> None:
    cache, path, good = spoilt
    kind = data.draw(st.sampled_from(("bytes", "json", "field", "cut", "archives")))
    whole = whole_of(good)
    if kind == "bytes":
        path.write_bytes(data.draw(st.binary(max_size=60)))
    elif kind == "json":
        path.write_text(json.dumps(data.draw(_JSON)), encoding="utf-8")
    elif kind == "cut":
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    elif kind == "archives":
        path.write_bytes(whole_of(good, json.dumps(data.draw(_JSON)).encode()))
    else:
        changed = {**good, data.draw(st.sampled_from(sorted(good))): data.draw(_JSON)}
        path.write_bytes(json.dumps(changed).encode() + whole[whole.index(b"\n") :])
    kept = cache.load(PUBLIC, "acme-web")
    if kept is not None:
        assert cache.is_fresh(kept) in (True, False)
        assert kept.validators().keys() <= {"if-none-match", "if-modified-since"}
        with contextlib.suppress(Unavailable):
            assert all(not candidate.is_wheel for candidate in kept.available.sources)


def test_a_file_nested_beyond_measure_is_a_miss(spoilt: tuple[PageCache, Path, dict[str, Any]]) -> None:
    cache, path, _ = spoilt
    path.write_text("[" * 100_000, encoding="utf-8")
    assert cache.load(PUBLIC, "acme-web") is None


@pytest.mark.parametrize("digest", [["md5", "0" * 32], ["sha256", "0" * 32], ["sha999", "0" * 64], ["sha256"]])
def test_a_weak_digest_in_the_cache_is_a_miss(
    digest: list[str], spoilt: tuple[PageCache, Path, dict[str, Any]]
) -> None:
    cache, path, good = spoilt
    changed = json.loads(json.dumps(good))
    changed["candidates"][0][5][2] = [digest]
    path.write_bytes(whole_of(changed))
    assert cache.load(PUBLIC, "acme-web") is None
    assert STRONG["sha256"] == 64


@pytest.mark.parametrize("text", ["\u2603", "\xe9", '"1"\r\nAccept: text/html', "\x00", "a" * 100_000, "\ud800"])
def test_a_validator_that_no_header_can_hold_is_not_sent(
    text: str, spoilt: tuple[PageCache, Path, dict[str, Any]]
) -> None:
    """The page is asked for anew, where else each run would fail until the file is deleted."""
    cache, path, good = spoilt
    path.write_bytes(whole_of({**good, "etag": text, "modified": "today"}))
    kept = cache.load(PUBLIC, "acme-web")
    assert kept is not None
    assert kept.validators() == {"if-modified-since": "today"}


def test_another_form_is_a_miss(spoilt: tuple[PageCache, Path, dict[str, Any]]) -> None:
    cache, path, good = spoilt
    path.write_bytes(whole_of({**good, "form": good["form"] + 1}))
    assert cache.load(PUBLIC, "acme-web") is None
    path.write_bytes(whole_of(good))
    assert cache.load(PUBLIC, "acme-web") is not None


def test_metadata_is_kept_by_the_digest_of_its_wheel(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep_metadata(a_file(), b"text")
    assert cache.load_metadata(a_file()) == b"text"
    assert cache.load_metadata(a_file(digests=(digest_of(b"other"),))) is None
    cache.keep_metadata(a_file(digests=()), b"text")
    assert cache.load_metadata(a_file(digests=())) is None


def test_kept_metadata_that_its_sidecars_digest_disowns_is_a_miss(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep_metadata(a_file(), b"tampered")
    assert cache.load_metadata(a_file(metadata=(digest_of(b"text"),))) is None


def test_vouching_is_true_false_or_unknown() -> None:
    assert vouched(b"text", a_file(metadata=(digest_of(b"text"),))) is True
    assert vouched(b"other", a_file(metadata=(digest_of(b"text"),))) is False
    assert vouched(b"text", a_file(metadata=())) is None
    assert vouched(b"text", a_file()) is None


def test_a_root_that_is_a_file_is_no_error(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.write_text("")
    cache = PageCache(str(root), PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    assert cache.load(PUBLIC, "acme-web") is None


def test_nothing_is_left_beside_the_file_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["acme-web.json"]
    if os.name != "nt":
        assert files[0].stat().st_mode & 0o077 == 0
