"""Two indexes that list the very same files of a name are one source of it, and of each file the stricter word counts.

What becomes of each way in which they may differ is in `scenarios/unclaimed_3_same_files.toml` too, through pip.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.page_files import columns_of
from safepip.index.same_files import as_one, contents_of
from safepip.model.ages import DAY, AgePolicy, Cooldown
from safepip.model.digest import strong
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile, ProjectPage, Status
from safepip.routing.table import build
from safepip.vetting.cooldown import AgeRules
from support.host import partial
from support.index import HTML
from support.offers import PUBLIC
from support.replies import Reply, status
from support.runs import references
from support.uploads import days_ago
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from safepip.model.candidate import ProjectCandidates
    from support.index import Index, IndexServer
    from support.inside import Done, Inside

RANKS = TagRanks(["cp311-cp311-linux_x86_64", "py3-none-any"])
NOW = 1_700_000_000.0
SHA = strong("sha256", "a" * 64)


def fingerprint(page: ProjectPage) -> str:
    """What stands for the files of a page."""
    return contents_of(page, columns_of(page.files))


@pytest.fixture
def pair(two_indexes: tuple[IndexServer, IndexServer]) -> tuple[IndexServer, IndexServer]:
    """Two indexes with the same two versions of a project."""
    for index in two_indexes:
        index.cache_control = "no-cache"
        for version in ("1.0", "2.0"):
            index.add("free-lib", version)
    return two_indexes


def bring(run: Inside, pair: tuple[Index, Index], *words: str) -> Done:
    """Download the project from both indexes."""
    shutil.rmtree(run.folder / "out", ignore_errors=True)
    return run("download", "-d", "out", "-i", pair[0].url, "--extra-index-url", pair[1].url, "free-lib", *words)


def brought(run: Inside) -> list[str]:
    """The versions that came."""
    return sorted(path.name.split("-")[1] for path in (run.folder / "out").glob("*"))


def test_the_first_source_is_named_and_asked_for_the_file(pair: tuple[IndexServer, IndexServer], run: Inside) -> None:
    """By the order of the configuration alone, whichever answers first."""
    for first, second in (pair, pair[::-1]):
        for index in pair:
            index.requests.clear()
        done = run("install", "--dry-run", "--report", "r.json", "-i", first.url, "--extra-index-url", second.url, "free-lib")  # fmt: skip  # noqa: E501
        assert done.code == 0, done.err
        (item,) = json.loads((run.folder / "r.json").read_text())["install"]
        assert item["safepip"]["index_url"] == first.url
        assert item["safepip"]["rule"] == "offered by several sources with the very same files"
        assert item["download_info"]["url"].startswith(first.host.origin)
        assert bring(run, (first, second), "--no-cache-dir").code == 0
        assert not [path for path in second.paths_asked() if path.endswith(".whl")]


def test_what_they_say_in_another_form_is_the_same(pair: tuple[IndexServer, IndexServer], run: Inside) -> None:
    """Another order, HTML, other places of the files, no sizes; and from the cache of an earlier run."""
    pair[1].formats = (HTML,)
    pair[1].project("free-lib").files.reverse()
    for file in pair[1].project("free-lib").files:
        file.size, file.sidecar = -1, None
    for index in pair:
        index.cache_control = "max-age=600"
    for _ in range(2):
        assert bring(run, pair).code == 0
        assert brought(run) == ["2.0"]
    assert len([path for path in pair[0].paths_asked() if path.endswith("/free-lib/")]) == 1


@pytest.mark.usually("1-*", "0-*[37]")
@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.add("free-lib", "2.0", build="1"),
        lambda index: index.add_sdist("free-lib", "2.0"),
        lambda index: index.add_file("free-lib", "free-lib-2.0.exe", b"MZ"),
        lambda index: index.add_file("free-lib", "read me.txt", b"?"),
        lambda index: index.project("free-lib").files.pop(),
        lambda index: index.project("free-lib").files.append(index.project("free-lib").files[0]),
        lambda index: index.project("free-lib").files.clear(),
        lambda index: setattr(index.project("free-lib").files[0], "hashes", {"sha256": "0" * 64}),
        lambda index: setattr(index.project("free-lib").files[0], "hashes", {"md5": "0" * 32}),
        lambda index: setattr(index.project("free-lib").files[0], "hashes", {}),
        lambda index: setattr(index.project("free-lib").files[0], "url", "ftp://files.example/x.whl"),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_one_difference_and_they_are_two(
    pair: tuple[IndexServer, IndexServer], run: Inside, change: object, which: int
) -> None:
    """In files of whatever kind, version and platform, on either side."""
    assert bring(run, pair).code == 0
    change(pair[which])  # type: ignore[operator]
    done = bring(run, pair, "free-lib==2.0")
    assert (done.code, references(done.err)) == (20, ["ambiguous-index"]), done.err


def test_an_entry_that_cannot_be_used_may_be_a_file_more() -> None:
    """A page with one is the same as no other, not even as another with one."""
    file = ProjectFile("free_lib-1.0-py3-none-any.whl", "https://one.example/free_lib-1.0-py3-none-any.whl", (SHA,))
    page = ProjectPage("free-lib", "https://one.example/simple/free-lib/", (file,))
    assert fingerprint(page)
    assert not fingerprint(page._replace(dropped=1))
    assert not fingerprint(page._replace(files=(file, file)))


@pytest.mark.parametrize("code", [404, 500])
def test_a_third_source_that_gives_no_answer_leaves_it_open(
    pair: tuple[IndexServer, IndexServer], run: Inside, code: int
) -> None:
    """What it has may be another file; that it has none is an answer."""
    third = pair[0].mount("/third/simple/")
    third.host.faults[third.page_path("free-lib")] = status(code)
    done = bring(run, pair, "--extra-index-url", third.url, "--retries", "0")
    assert (done.code, brought(run)) == ((0, ["2.0"]) if code == 404 else (20, [])), done.err


@pytest.mark.parametrize("which", [0, 1])
def test_the_stricter_word_counts(pair: tuple[IndexServer, IndexServer], run: Inside, which: int) -> None:
    """Yanked by either, young by either, for the Pythons of both; in whatever order."""
    file = pair[which].project("free-lib").files[1]
    for field, value in (("yanked", "broken"), ("upload_time", days_ago(0)), ("requires_python", ">=3.99")):
        before = getattr(file, field)
        setattr(file, field, value)
        done = bring(run, pair)
        assert (done.code, brought(run)) == (0, ["1.0"]), done.err
        setattr(file, field, before)
        assert bring(run, pair).code == 0
        assert brought(run) == ["2.0"]
    pair[which].project("free-lib").status = "quarantined"
    assert references(bring(run, pair).err) == ["quarantined"]


@pytest.mark.parametrize("which", [0, 1])
def test_an_added_date_does_not_stand_for_a_missing_one(
    pair: tuple[IndexServer, IndexServer], run: Inside, which: int
) -> None:
    """A cooldown that was said holds for what one of them does not date; the default, which is not held for an index
    without dates, is held by the dates of the other."""
    for file in pair[which].project("free-lib").files:
        file.upload_time = None
    assert bring(run, pair).code == 0
    assert references(bring(run, pair, "--cooldown", "2d").err) == ["cooldown"]
    pair[1 - which].project("free-lib").files[1].upload_time = days_ago(0)
    assert bring(run, pair).code == 0
    assert brought(run) == ["1.0"]
    pair[which].project("free-lib").files[0].upload_time = days_ago(30)
    assert bring(run, pair).code == 0
    assert brought(run) == ["1.0"]
    pair[1 - which].project("free-lib").files[1].upload_time = days_ago(30)
    assert bring(run, pair).code == 0
    assert brought(run) == ["1.0"], "beside a dated file an undated one is young"


def test_a_lock_names_the_first_and_holds_what_both_admit(pair: tuple[IndexServer, IndexServer], run: Inside) -> None:
    """And is installed from as any other; it cannot be made anew once they are not the same."""
    for index in pair:
        index.add("free-lib", "2.0", tag="cp39-cp39-win_arm64")
    pair[1].project("free-lib").files[-1].upload_time = days_ago(0)
    where = ("-i", pair[0].url, "--extra-index-url", pair[1].url, "--no-cache-dir")
    assert run("lock", "free-lib", *where).code == 0
    (package,) = tomllib.loads((run.folder / "pylock.toml").read_text())["packages"]
    assert package["index"] == pair[0].url
    assert [wheel["name"] for wheel in package["wheels"]] == ["free_lib-2.0-py3-none-any.whl"]
    assert run("download", "-d", "out", "-r", "pylock.toml", *where).code == 0
    pair[1].add("free-lib", "3.0")
    assert run("download", "-d", "out", "-r", "pylock.toml", *where).code == 0, "its bytes are pinned by the lock"
    assert references(run("lock", "free-lib", "-U", *where).err) == ["ambiguous-index"]


def test_a_folder_of_this_machine_does_not_stand_for_an_index(index: IndexServer, run: Inside) -> None:
    """Its files are exempt from the rules on ages, so it could make an index's file as old as one likes."""
    file = index.add("free-lib", "1.0", file={"upload_time": days_ago(0)})
    folders = [run.folder / name / "free-lib" for name in ("one", "two")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / file.filename).write_bytes(file.data)
        link = f'<a href="{file.filename}#sha256={sha256(file.data)}">x</a>'
        (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")
    one, two = (folder.parent.as_uri() + "/" for folder in folders)
    for first, second in ((one, index.url), (index.url, one)):
        done = run("download", "-d", "out", "-i", first, "--extra-index-url", second, "free-lib")
        assert references(done.err) == ["ambiguous-index"], done.err
    assert run("download", "-d", "out", "-i", one, "--extra-index-url", two, "free-lib").code == 0


# --- the law, for all words of both ----------------------------------------------------------------------------------

MOMENTS = st.none() | st.integers(0, 300).map(lambda days: NOW - days * DAY)
WORDS = st.lists(st.tuples(MOMENTS, st.booleans(), st.sampled_from([None, ">=3.8", ">=3.12"])), min_size=3, max_size=3)
NAMES = ("acme-1.0-py3-none-any.whl", "acme-1.0-cp311-cp311-linux_x86_64.whl", "acme-2.0-py3-none-any.whl")


def shelf_of(words: list[tuple[float | None, bool, str | None]]) -> ProjectCandidates:
    """A page on which each file is said to be of a moment, yanked or not, and for some Pythons."""
    files = [
        ProjectFile(
            name,
            f"https://files.example/{name}",
            (SHA,),
            requires_python=python,
            yanked="bad" if yanked else None,
            upload_time=moment,
        )
        for name, (moment, yanked, python) in zip(NAMES, words, strict=True)
    ]
    page = ProjectPage("acme", "https://index.example/acme/", tuple(files))
    assert fingerprint(page)
    return candidates_for(page, RANKS, PythonVersions("3.11.0"))


@settings(max_examples=600, deadline=None)
@given(WORDS, WORDS, st.sampled_from([None, 0.0, 3 * DAY, 100 * DAY]))
def test_whatever_is_taken_from_both_would_be_taken_from_each(
    ours: list[tuple[float | None, bool, str | None]],
    theirs: list[tuple[float | None, bool, str | None]],
    stated: float | None,
) -> None:
    """So the added source can make nothing older, less yanked or fit for more Pythons; and the order does not count."""
    cooldown = None if stated is None else Cooldown(stated, origin=Origin(Source.COMMAND_LINE))
    rules = AgeRules(AgePolicy(), cooldown, build([PUBLIC]), now=NOW)

    def taken(available: ProjectCandidates) -> set[str]:
        usable, _ = rules.sift(available, available.candidates)
        return {candidate.file.filename for candidate in usable if candidate.file.yanked is None}

    one, other = shelf_of(ours), shelf_of(theirs)
    both = taken(as_one([one, other]))
    assert both == taken(as_one([other, one])) == taken(one) & taken(other)
    assert taken(as_one([one, one])) == taken(one)


def test_the_worst_status_and_the_youngest_beginning_count() -> None:
    one = shelf_of([(NOW - 9 * DAY, False, None)] * 3)
    other = one._replace(born=NOW - DAY, status=Status.QUARANTINED, status_reason="bad")
    for pair in ([one, other], [other, one]):
        both = as_one(pair)
        assert (both.born, both.status, both.status_reason) == (NOW - DAY, Status.QUARANTINED, "bad")
        assert not both.undated
    assert as_one([one, one._replace(born=None)]).undated


# --- what a wheel requires -------------------------------------------------------------------------------------------


def _lying(index: IndexServer, how: str, version: str) -> None:
    """Have an index say that the wheel requires another project, in one of the ways in which metadata comes."""
    index.add("free-lib-more", "1.0")
    (file,) = [file for file in index.project("free-lib").files if f"-{version}-" in file.filename]
    assert file.sidecar is not None
    reported = file.sidecar + b"Requires-Dist: free-lib-more\n"
    if how == "range":
        _, lie = build_wheel("free-lib", version, metadata=reported)
        file.sidecar = None
        # Whole it is honest, and in parts it is not.
        index.file_fault(
            file.filename, lambda ask, reply: partial(ask, Reply(200, lie)) if "range" in ask.headers else reply
        )
    else:
        file.sidecar, file.sidecar_hashes = reported, {} if how == "unproven" else None


@pytest.mark.parametrize("how", ["sidecar", "unproven", "range"])
@pytest.mark.parametrize("honest", ["sidecar", "unproven", "none"])
def test_no_single_source_says_what_a_wheel_requires(
    pair: tuple[IndexServer, IndexServer], run: Inside, how: str, honest: str
) -> None:
    """Else the one that is first could write a project of its own into a lock, which any installation believes."""
    lying, other = pair
    _lying(lying, how, "2.0")
    for file in other.project("free-lib").files:
        file.advertised, file.sidecar_hashes = honest != "none", {} if honest == "unproven" else None
    for first, second in (pair, pair[::-1]):
        done = run("lock", "-o", "-", "free-lib", "-i", first.url, "--extra-index-url", second.url)
        assert done.code == 0, done.err
        locked = {package["name"]: package["version"] for package in tomllib.loads(done.out)["packages"]}
        assert locked == {"free-lib": "2.0"}


def test_a_sidecar_on_which_they_agree_spares_the_wheel(pair: tuple[IndexServer, IndexServer], run: Inside) -> None:
    done = run("lock", "-o", "-", "free-lib", "-i", pair[0].url, "--extra-index-url", pair[1].url)
    assert done.code == 0, done.err
    assert not [path for index in pair for path in index.paths_asked() if path.endswith(".whl")]
