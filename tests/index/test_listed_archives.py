"""Source archives of a page: which of them are candidates, by which name, and that they are made when looked at."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.mirrors import merged, with_common_releases
from safepip.index.same_files import as_one
from safepip.model.ages import DAY
from safepip.model.candidate import SOURCE_RANK, SourceArchives
from safepip.model.digest import strong
from safepip.model.errors import Refused
from safepip.model.names import ARCHIVE_ENDINGS
from safepip.model.page import ProjectFile, ProjectPage
from support.offers import PUBLIC
from support.offers import index as declared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.candidate import Candidate, ProjectCandidates

RANKS = TagRanks(["cp311-cp311-linux_x86_64", "py3-none-any"])
START = 1_600_000_000.0


def file(filename: str, letter: str = "a", **fields: Any) -> ProjectFile:
    return ProjectFile(filename, f"https://files.example/{filename}", (strong("sha256", letter * 64),), **fields)


def available(*files: ProjectFile | str, python: str = "3.11.7", ignore: bool = False) -> ProjectCandidates:
    entries = tuple(file(entry) if isinstance(entry, str) else entry for entry in files)
    page = ProjectPage("acme-core", "https://public.example/simple/acme-core/", entries)
    return candidates_for(page, RANKS, PythonVersions(python, ignore=ignore))


def names(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.file.filename for candidate in candidates]


def test_every_form_that_pip_unpacks_is_a_candidate_and_not_a_wheel() -> None:
    made = available(*(f"acme_core-1.{number}{ending}" for number, ending in enumerate(ARCHIVE_ENDINGS)))
    assert len(made.sources) == len(ARCHIVE_ENDINGS)
    assert all((c.tag_rank, c.is_wheel, c.build) == (SOURCE_RANK, False, ()) for c in made.sources)
    assert made.candidates == ()


@pytest.mark.parametrize(
    "filename",
    [
        "acme_core-1.0.tar.Z",
        "acme_core-1.0.7z",
        "acme_core-1.0.egg",
        "acme_core-1.0.TAR.GZ",
        "acme_core-1.0.tar.tgz",
        "acme_core-1.0.tar.gz.zip",
        "acme_core.tar.gz",
        "acme_core-.tar.gz",
        "acme_corex-1.0.tar.gz",
        "acme-1.0.tar.gz",
        "acme_core-one.tar.gz",
        "acme_core-1.0-py3.tar.gz",
        "acme_core-1.0-py3.9.tar.gz",
        f"acme_core-1.0+{'x' * 300}.tar.gz",
    ],
)
def test_what_pip_would_not_take_for_an_archive_of_the_project_is_none(filename: str) -> None:
    assert names(available(filename).sources) == []


def test_the_best_comes_first_by_version_and_of_equals_the_one_listed_last() -> None:
    listed = ["acme_core-1.0.zip", "acme-core-2.tar.gz", "Acme.Core-10.0.tar.gz", "acme-core-1.tar.gz"]
    assert names(available(*listed).sources) == [listed[2], listed[1], listed[3], listed[0]]


def test_an_archive_whose_page_excludes_the_target_python_is_none_and_its_version_says_so() -> None:
    entries = [file("acme_core-1.0.tar.gz", requires_python=">=3.12"), file("acme_core-0.9.tar.gz")]
    made = available(*entries)
    assert names(made.sources) == ["acme_core-0.9.tar.gz"]
    assert [(r.reason, r.detail, r.has_archive) for r in made.rejected] == [
        ("sdist-only", "for Python >=3.12", False),
        ("sdist-only", "", True),
    ]
    assert names(available(*entries, ignore=True).sources) == ["acme_core-1.0.tar.gz", "acme_core-0.9.tar.gz"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_version_of_two_spellings_has_an_archive_if_either_has(order: tuple[int, int]) -> None:
    entries = [file("acme_core-1.0.tar.gz", requires_python=">=4"), file("acme_core-1.0.0.tar.gz")]
    (rejected,) = available(*(entries[position] for position in order)).rejected
    assert (rejected.has_archive, rejected.reason) == (True, "sdist-only")
    beside = available(entries[1], "acme_core-1.0-cp27-cp27m-win32.whl").rejected
    assert [(r.reason, r.has_archive) for r in beside] == [("platform", True)]


def test_an_archive_belongs_to_its_release_by_the_rules_on_ages() -> None:
    late = file("acme_core-1.0.tar.gz", upload_time=START + 100 * DAY)
    made = available(file("acme_core-1.0-cp27-cp27m-win32.whl", upload_time=START), late)
    (archive,) = made.sources
    assert (archive.released, archive.for_new_python) == (START, False)


def test_archives_are_made_when_they_are_looked_at_and_once() -> None:
    made: list[int] = []

    def make() -> list[Candidate]:
        made.append(1)
        return list(available("acme_core-1.0.tar.gz", "acme_core-2.0.tar.gz").sources)

    archives = SourceArchives(make)
    assert made == []
    first = archives[0]
    assert (len(archives), archives[:1], next(iter(archives))) == (2, (first,), first)
    assert first in archives
    assert made == [1]


def test_two_threads_that_look_at_once_see_the_same_objects() -> None:
    together = Barrier(2, timeout=30)
    seen: list[tuple[Candidate, ...]] = []

    def make() -> Sequence[Candidate]:
        together.wait()
        return available("acme_core-1.0.tar.gz").sources

    archives = SourceArchives(make)
    threads = [Thread(target=lambda: seen.append(tuple(archives))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 2
    assert seen[0][0] is seen[1][0]


# --- several pages ----------------------------------------------------------------------------------------------------


def family(*pages: Sequence[ProjectFile]) -> ProjectCandidates:
    """The candidates of an index and its mirrors."""
    all_available = with_common_releases([available(*files) for files in pages])
    indexes = [PUBLIC, *(declared(f"mirror{number}") for number in range(1, len(pages)))]
    return merged("acme-core", list(zip(indexes, all_available, strict=True)))


def test_archives_of_a_mirror_count_and_a_release_begins_on_whichever_page_is_first() -> None:
    one, two = file("acme_core-1.0.tar.gz", upload_time=START), file("acme_core-2.0.zip", upload_time=START)
    late = file("acme_core-1.0.zip", upload_time=START + 100 * DAY)
    for pages in ([[one], [late, two]], [[late, two], [one]], [[one, late, two], []], [[], [one, late, two]]):
        found = family(*pages)
        assert names(found.sources) in (
            ["acme_core-2.0.zip", "acme_core-1.0.tar.gz", "acme_core-1.0.zip"],
            ["acme_core-2.0.zip", "acme_core-1.0.zip", "acme_core-1.0.tar.gz"],
        )
        assert {c.released for c in found.sources} == {START}
        assert [(str(r.version), r.has_archive) for r in found.rejected] == [("2.0", True), ("1.0", True)]


def test_a_version_with_a_wheel_on_any_page_of_the_family_is_not_rejected() -> None:
    found = family([file("acme_core-1.0.tar.gz")], [file("acme_core-1.0-py3-none-any.whl")])
    assert (names(found.candidates), found.rejected) == (["acme_core-1.0-py3-none-any.whl"], ())
    assert names(found.sources) == ["acme_core-1.0.tar.gz"]


def test_a_mirror_with_other_bytes_for_an_archive_is_refused_where_archives_are_looked_at() -> None:
    found = family([file("acme_core-1.0.tar.gz", "a")], [file("acme_core-1.0.tar.gz", "b")])
    with pytest.raises(Refused) as caught:
        list(found.sources)
    assert caught.value.diagnostics[0].reference == "mirror-differs"


def test_an_archive_keeps_its_identity_where_nothing_about_it_changes() -> None:
    pages = [available(file("acme_core-1.0.tar.gz", upload_time=START)), available()]
    before = list(pages[0].sources)
    assert [a is b for a, b in zip(before, with_common_releases(pages)[0].sources, strict=True)] == [True]


WORDS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 300).map(lambda days: START - days * DAY),
        st.booleans(),
        st.sampled_from([None, ">=3.8", ">=3.12"]),
    ),
    min_size=3,
    max_size=3,
)
FILES = ("acme_core-1.0.tar.gz", "acme_core-1.0.zip", "acme_core-2.0-py3-none-any.whl")


def said(words: list[tuple[float | None, bool, str | None]]) -> ProjectCandidates:
    """A page on which each file is said to be of a moment, yanked or not, and for some Pythons."""
    return available(
        *(
            file(name, upload_time=moment, yanked="bad" if yanked else None, requires_python=python)
            for name, (moment, yanked, python) in zip(FILES, words, strict=True)
        )
    )


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS)
def test_of_two_sources_with_the_same_files_the_strictest_word_on_an_archive_counts(
    ours: list[tuple[float | None, bool, str | None]], theirs: list[tuple[float | None, bool, str | None]]
) -> None:
    one, other = said(ours), said(theirs)
    both = as_one([one, other])
    assert set(names(both.sources)) == set(names(one.sources)) & set(names(other.sources))
    for archive in both.sources:
        words = [next(c for c in page.sources if names([c]) == names([archive])) for page in (one, other)]
        assert (archive.file.yanked is not None) == any(c.file.yanked is not None for c in words)
        assert [statement.uploaded for statement in archive.age_statements] == [c.file.upload_time for c in words]
        moments = [c.file.upload_time for c in words if c.file.upload_time is not None]
        assert archive.file.upload_time == max(moments, default=None)
    assert {r.version for r in both.rejected if r.has_archive} >= {
        c.version for c in both.sources if c.version not in {wheel.version for wheel in both.candidates}
    }


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*FILES, "acme_core-2.0.tar.gz", "acme_core-1.tar.gz", "acme_core-3.0rc1.tgz"]), unique=True
    ),
    st.randoms(use_true_random=False),
)
def test_but_for_equals_the_order_of_the_page_does_not_count(listed: list[str], chance: Any) -> None:
    shuffled = list(listed)
    chance.shuffle(shuffled)
    one, other = available(*listed), available(*shuffled)
    assert sorted(names(one.sources)) == sorted(names(other.sources))
    assert [c.version for c in one.sources] == [c.version for c in other.sources]
    assert one.rejected == other.rejected
