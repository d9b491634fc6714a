"""Law: no dead end and no refusal is told of a page that was kept from an earlier run and not asked for in this one.

Where everything goes well a kept page is used for as long as it is fresh, and nobody is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.resolution import resolver as resolution
from safepip.resolution.search import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.resolution.nodes import ResolverRequirement
    from safepip.resolution.provider import Provider
    from support.index import IndexServer
    from support.inside import Done, Inside


@pytest.fixture
def kept(index: IndexServer, run: Inside) -> IndexServer:
    """An index without Cache-Control, of which an earlier run has read the pages."""
    index.add("demo", "1.0")
    index.add("app", "1.0", requires=["demo"])
    assert dry(run, index, "app").code == 0
    index.requests.clear()
    return index


def dry(run: Inside, index: IndexServer, *words: str) -> Done:
    return run("install", "--dry-run", "--ignore-installed", "--cooldown", "0", "-i", index.url, *words)


def pages(index: IndexServer) -> list[str]:
    return [path for path in index.paths_asked() if path.startswith(index.prefix)]


def test_what_was_published_a_minute_ago_is_found(kept: IndexServer, run: Inside) -> None:
    """Asked for by the user; the page is asked for once more, and no other."""
    kept.add("demo", "2.0")
    done = dry(run, kept, "demo==2.0")
    assert (done.code, "demo-2.0" in done.out) == (0, True), done.err
    assert pages(kept) == [kept.page_path("demo")]


def test_what_a_distribution_requires_is_found(kept: IndexServer, run: Inside) -> None:
    """A new version of one project requires a new one of another: both were published since."""
    kept.add("demo", "2.0")
    kept.add("app", "2.0", requires=["demo==2.0"])
    assert dry(run, kept, "app==2.0").code == 0
    assert sorted(pages(kept)) == [kept.page_path("app"), kept.page_path("demo")]


def test_what_an_older_requirement_leaves_out_is_found(kept: IndexServer, run: Inside) -> None:
    """A conflict that a new version of whoever asks would settle is a conflict of old pages."""
    kept.add("demo", "2.0")
    kept.add("app", "1.1", requires=["demo>=2"])
    kept.projects["app"].files[0].requires_python = ">=3.99"
    done = dry(run, kept, "app", "demo>=2")
    assert (done.code, "demo-2.0" in done.out) == (0, True), done.err


def test_a_file_of_a_hash_is_found(kept: IndexServer, run: Inside) -> None:
    served = kept.add("demo", "1.0", build="2")
    digest = served.listed_hashes()["sha256"]
    (run.folder / "r.txt").write_text(f"demo==1.0 --hash=sha256:{digest}\n")
    done = dry(run, kept, "-r", "r.txt")
    assert (done.code, "demo-1.0" in done.out) == (0, True), done.err


def test_a_project_that_is_out_of_quarantine_is_found(index: IndexServer, run: Inside) -> None:
    """Not only what is missing: whatever a page says against its project is asked once more."""
    index.add("demo", "1.0")
    index.project("demo").status = "quarantined"
    assert "error: quarantined" in dry(run, index, "demo").err
    index.project("demo").status = None
    assert dry(run, index, "demo").code == 0


@pytest.mark.parametrize("etags", [True, False])
def test_what_is_not_there_is_asked_for_once_and_then_told(kept: IndexServer, run: Inside, etags: bool) -> None:
    kept.etags = etags
    dry(run, kept, "demo", "--refresh-package", "demo")
    kept.requests.clear()
    done = dry(run, kept, "demo==3.0")
    assert (done.code, "error: no-matching-version" in done.err) == (1, True), done.err
    assert pages(kept) == [kept.page_path("demo")]
    assert ("if-none-match" in kept.requests[0].headers) is etags
    assert kept.requests[0].headers["cache-control"] == "max-age=0"  # no cache in between answers either


@pytest.mark.parametrize("etags", [True, False])
def test_a_page_that_says_the_same_is_no_other(
    kept: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch, etags: bool
) -> None:
    """Nothing is searched for, nor read, twice for it."""
    kept.etags = etags
    kept.add("bad", "1.0", metadata="Metadata-Version: 2.1\nName: bad\nVersion: 1.0\nRequires-Dist: !!\n")
    assert dry(run, kept, "bad==1.0").code == 1
    kept.requests.clear()
    done = dry(run, kept, "bad==1.0")
    assert done.err.count("metadata that cannot be used") == 1, done.err
    assert len(kept.paths_asked()) == len(set(kept.paths_asked())) == 2
    searched: list[object] = []

    def counted(provider: Provider, roots: Sequence[ResolverRequirement]) -> object:
        searched.append(roots)
        return search(provider, roots)

    monkeypatch.setattr(resolution, "search", counted)
    assert dry(run, kept, "demo==3.0").code == 1
    assert len(searched) == 1


def test_what_is_still_wrong_on_another_page_is_told_once(index: IndexServer, run: Inside) -> None:
    index.add("bad", "1.0", metadata="Metadata-Version: 2.1\nName: bad\nVersion: 1.0\nRequires-Dist: !!\n")
    assert dry(run, index, "bad<2").code == 1
    index.add("bad", "2.0")
    done = dry(run, index, "bad<2")
    assert (done.code, done.err.count("metadata that cannot be used")) == (1, 1), done.err


def test_a_page_that_was_asked_for_in_this_run_is_not_asked_for_again(index: IndexServer, run: Inside) -> None:
    index.add("demo", "1.0")
    assert dry(run, index, "demo==2.0").code == 1
    assert pages(index) == [index.page_path("demo")]


def test_while_all_goes_well_nobody_is_asked(kept: IndexServer, run: Inside) -> None:
    kept.add("demo", "2.0")
    done = dry(run, kept, "demo")
    assert ("demo-1.0" in done.out, pages(kept)) == (True, [])


def test_an_index_that_is_down_changes_nothing(kept: IndexServer, run: Inside) -> None:
    """What is known is told, and of when it is; offline nobody is asked at all."""
    for words in (("--offline",), ("--retries", "0")):
        done = dry(run, kept, "demo==3.0", *words)
        assert (done.code, "error: no-matching-version" in done.err) == (1, True), done.err
        kept.close()


def test_a_name_that_is_refused_by_itself_is_still_asked_of_nobody(kept: IndexServer, run: Inside) -> None:
    done = dry(run, kept, "reqeusts", "demo==3.0")
    assert "error: look-alike" in done.err
    assert kept.mentions("reqeusts") == []


def test_a_lock_finds_it_for_each_environment(kept: IndexServer, run: Inside) -> None:
    """The first environment is content with the kept page, which the second one shares."""
    kept.add("demo", "2.0")
    (run.folder / "r.txt").write_text('demo\ndemo==2.0; sys_platform == "win32"\n')
    where = ("--universal", "--environment", "linux-x86_64:3.11", "--environment", "windows-amd64:3.11")
    assert run("lock", "-r", "r.txt", *where, "--cooldown", "0", "-i", kept.url, "-o", "-").code == 0
    kept.add("demo", "3.0")
    (run.folder / "r.txt").write_text('demo\ndemo==3.0; sys_platform == "win32"\n')
    done = run("lock", "-r", "r.txt", *where, "--cooldown", "0", "-i", kept.url, "-o", "-")
    assert (done.code, 'version = "3.0"' in done.out) == (0, True), done.err


def test_a_locked_file_is_looked_for_on_todays_page(kept: IndexServer, run: Inside) -> None:
    """Somebody else has locked what was published since: no lock differs from what its index lists today."""
    kept.add("demo", "2.0")
    done = run("lock", "demo==2.0", "--no-cache-dir", "--cooldown", "0", "-i", kept.url)
    assert done.code == 0, done.err
    done = run("install", "--dry-run", "--ignore-installed", "-i", kept.url, "-r", "pylock.toml")
    assert (done.code, "demo-2.0" in done.out) == (0, True), done.err
