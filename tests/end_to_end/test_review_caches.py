"""What is kept between runs is no way around a rule: not under another trust, another index, or another's digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.indexes.page_cache import PageCache
from safepip.index.freshness import LONGEST_FRESHNESS
from safepip.model.digest import strong
from support.kept_pages import PAGE, PRINT, Clock, a_file, a_shelf
from support.offers import PUBLIC
from support.runs import shown
from support.wheels import build_wheel, metadata_text, sha256

if TYPE_CHECKING:
    from safepip.model.page import ProjectFile
    from support.certificates import Authority
    from support.environment import Runner
    from support.index import IndexServer


def test_what_an_unverified_host_said_is_not_believed_by_a_run_that_verifies(
    runner: Runner, tls_index: IndexServer, authority: Authority
) -> None:
    """Somebody answers in the index's place while certificates are not checked; later they are."""
    tls_index.add("app", "1.0")
    forged = tls_index.add("app", "99.0")
    tls_index.cache_control = "max-age=86400"
    host = tls_index.url.split("/")[2]
    words = ("install", "--dry-run", "--ignore-installed", "-i", tls_index.url, "app")
    first = runner.inside(*words, "--trusted-host", host)
    assert "Would install app-99.0" in first.stdout, shown(first)
    tls_index.project("app").files.remove(forged)
    second = runner.inside(*words, "--cert", str(authority.bundle))
    assert "Would install app-1.0" in second.stdout, shown(second)


def test_an_index_that_lists_another_ones_digest_says_nothing_of_its_metadata(
    runner: Runner, two_indexes: tuple[IndexServer, IndexServer]
) -> None:
    """The public index names the internal wheel's digest and says that it needs another Python."""
    internal, public = two_indexes
    internal.sidecars = internal.ranges = False
    internal.add("app", "1.0")
    filename, data = build_wheel("app", "2.0")
    internal.add_wheel("app", filename, data, version="2.0")
    lie = metadata_text("app", "2.0", requires_python="<3").encode()
    public.add_file(
        "app", filename, b"anything", hashes={"sha256": sha256(data)}, sidecar=lie, sidecar_hashes={}, size=-1
    )
    words = ("install", "--dry-run", "--ignore-installed", "app", "-i")
    runner.inside(*words, public.url)
    done = runner.inside(*words, internal.url)
    assert "Would install app-2.0" in done.stdout, shown(done)


def test_a_kept_shelf_is_fresh_for_a_day_at_most_whatever_it_says_itself(tmp_path: Path) -> None:
    clock = Clock()
    cache = PageCache(str(tmp_path), PRINT, clock)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    path = Path(cache._candidates_path(PUBLIC, "acme-web"))
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.dumps({**json.loads(first), "until": 1e300}).encode() + b"\n" + rest)
    clock.time += LONGEST_FRESHNESS
    kept = cache.load(PUBLIC, "acme-web")
    assert kept is not None
    assert not cache.is_fresh(kept)


@pytest.mark.parametrize(
    ("field", "value"),
    [(0, 7), (1, None), (2, [["sha256", "../" * 20 + "etcx"]]), (3, ["x"]), (4, {}), (6, "12")],
)
def test_a_field_of_the_wrong_kind_is_a_miss(tmp_path: Path, field: int, value: object) -> None:
    """A digest that is a path would lead the store out of its folder."""
    cache = PageCache(str(tmp_path), PRINT)
    cache.keep(PUBLIC, a_shelf(), PAGE, {})
    path = Path(cache._candidates_path(PUBLIC, "acme-web"))
    first, rest = path.read_bytes().split(b"\n", 1)
    content = json.loads(first)
    content["candidates"][0][5][field] = value
    path.write_bytes(json.dumps(content).encode() + b"\n" + rest)
    assert cache.load(PUBLIC, "acme-web") is None


def test_metadata_is_kept_for_one_url_whatever_its_query(tmp_path: Path) -> None:
    cache = PageCache(str(tmp_path), PRINT)
    file: ProjectFile = a_file()
    cache.keep_metadata(file, b"text")
    assert cache.load_metadata(file._replace(url=f"{file.url}?signature=2")) == b"text"
    assert cache.load_metadata(file._replace(url="https://elsewhere.example/x.whl")) is None


def test_contradicting_hashes_of_a_wheel_named_directly_admit_nothing(
    runner: Runner, index: IndexServer, tmp_path: Path
) -> None:
    """The constraint demands other bytes than those of the requirement."""
    filename, data = build_wheel("app", "1.0")
    (tmp_path / filename).write_bytes(data)
    digest = strong("sha256", sha256(data))
    requirements, constraints = tmp_path / "r.txt", tmp_path / "c.txt"
    requirements.write_text(f"app @ {(tmp_path / filename).as_uri()} --hash={digest}\n")
    constraints.write_text(f"app==1.0 --hash=sha256:{'0' * 64}\n")
    done = runner.inside(
        "download", "-i", index.url, "-r", requirements, "-c", constraints, "-d", tmp_path / "downloads"
    )
    assert done.returncode == 20, shown(done)
    assert "hash-mismatch" in done.stderr, shown(done)
