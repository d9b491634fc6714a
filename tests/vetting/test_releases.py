"""When a release began, which of its files came late, and the one honest late file that can be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.model.ages import DAY
from safepip.model.page import ProjectFile, ProjectPage
from safepip.vetting.releases import LATE_AFTER, file_version, is_late, release_of

if TYPE_CHECKING:
    from safepip.model.candidate import Candidate, ProjectCandidates

RANKS = TagRanks(
    [
        "cp314-cp314-linux_x86_64",
        *(f"cp3{minor}-abi3-linux_x86_64" for minor in (14, 13, 12, 11)),
        "py3-none-any",
    ]
)
START = 1_600_000_000.0
LATER = START + LATE_AFTER + 1


def file(name: str, uploaded: float | None = START) -> ProjectFile:
    return ProjectFile(name, f"https://files.example/{name}", upload_time=uploaded)


def available(*files: ProjectFile, ranks: TagRanks = RANKS) -> ProjectCandidates:
    return candidates_for(ProjectPage("acme", "https://public.example/acme/", files), ranks, PythonVersions("3.14.0"))


def only(*files: ProjectFile) -> Candidate:
    (candidate,) = available(*files).candidates
    return candidate


def late(candidate: Candidate) -> bool:
    return is_late(candidate.file.upload_time, candidate.released)


def test_a_project_is_born_with_its_first_file_of_whatever_kind_and_target() -> None:
    made = available(
        file("acme-2.0-py3-none-any.whl", START + 9), file("acme-1.0-cp27-cp27m-win32.whl"), file("acme-1.0.exe", 5.0)
    )
    assert made.born == 5.0
    assert available(file("acme-2.0-py3-none-any.whl", None)).born is None


def test_a_release_begins_with_its_source_archive_and_with_other_platforms_wheels() -> None:
    wheel = file("acme-1.0-py3-none-any.whl", LATER)
    assert not late(only(wheel))
    assert late(only(wheel, file("acme-1.0.tar.gz")))
    assert late(only(wheel, file("acme-1.0-cp27-cp27m-win32.whl")))
    assert not late(only(wheel, file("acme-0.9.tar.gz")))
    assert not late(only(wheel, file("acme-1.0.tar.gz", START + 1)))


def test_texts_that_mean_the_same_version_are_one_release() -> None:
    wheel = file("acme-1.0-py3-none-any.whl", LATER)
    assert late(only(wheel, file("acme-1.tar.gz")))
    assert late(only(wheel, file("acme-01.0.0-cp27-cp27m-win32.whl")))
    assert not late(only(wheel, file("acme-1.0.post1.tar.gz")))


def test_a_local_version_is_a_rebuild_of_its_public_one_and_belongs_to_its_release() -> None:
    """`demo==1.0` takes `1.0+more` before `1.0` (PEP 440), so it must not come to an old release unseen."""
    added = file("acme-1.0+more-py3-none-any.whl", LATER)
    assert late(only(added, file("acme-1.0.tar.gz")))
    assert late(only(added, file("acme-1+less-cp27-cp27m-win32.whl")))
    assert not late(only(added, file("acme-1.0.post1+more.tar.gz")))
    # An index of one build only, as those for one accelerator are, has a release of its own.
    assert not late(only(added))
    assert not late(only(added, file("acme-1.0+more-cp27-cp27m-win32.whl", LATER)))
    files, release = release_of("acme", Version("1.0"), [added, file("acme-1.0.tar.gz")])
    assert (len(files), release.first) == (2, START)
    assert release_of("acme", Version("1.0+more"), [added, file("acme-1.0.tar.gz")]) == (files, release)


def test_a_local_version_for_a_new_python_is_told_apart_as_any_other() -> None:
    assert excused("acme-1.0+more-cp314-cp314-linux_x86_64.whl", OLD)
    assert not excused("acme-1.0+more-cp314-cp314-linux_x86_64.whl", "acme-1.0-cp314-cp314-linux_x86_64.whl")
    both = TagRanks(["cp314-cp314-linux_x86_64", "cp313-cp313-linux_x86_64"])
    rebuilt = file("acme-1.0+more-cp314-cp314-linux_x86_64.whl", LATER)
    assert not any(c.for_new_python for c in available(file(OLD), rebuilt, ranks=both).candidates)


def test_without_a_date_nothing_is_late() -> None:
    wheel = file("acme-1.0-py3-none-any.whl", None)
    assert not late(only(wheel, file("acme-1.0.tar.gz")))
    assert not late(only(wheel, file("acme-1.0.tar.gz", None)))


def excused(name: str, *timely: str, uploaded: float = LATER) -> bool:
    files = (*map(file, timely), file(name, uploaded))
    return next(c.for_new_python for c in available(*files).candidates if c.file.filename == name)


NEW = "acme-1.0-cp314-cp314-linux_x86_64.whl"
OLD = "acme-1.0-cp313-cp313-linux_x86_64.whl"


def test_a_late_wheel_for_a_python_newer_than_all_timely_ones_is_told_apart() -> None:
    assert excused(NEW, OLD)
    assert excused(NEW, OLD, "acme-1.0.tar.gz", "acme-1.0-cp39-cp39-win32.whl")
    assert not excused(NEW, OLD, uploaded=START + 1)  # not late at all


def test_whatever_could_have_served_the_new_python_leaves_a_late_wheel_late() -> None:
    assert not excused(NEW, "acme-1.0.tar.gz")  # a source archive alone: no wheel was to be expected
    assert not excused(NEW, OLD, "acme-1.0-py3-none-any.whl")
    assert not excused(NEW, OLD, "acme-1.0-cp311-abi3-win32.whl")
    assert not excused(NEW, OLD, "acme-1.0-py2.py3-none-win32.whl")
    assert not excused(NEW, OLD, "acme-1.0-cp314-cp314-win32.whl")
    assert not excused("acme-1.0-py3-none-any.whl", OLD)
    assert not excused("acme-1.0-cp313-abi3-linux_x86_64.whl", OLD)
    assert not excused("acme-1.0-cp314.cp313-cp314-linux_x86_64.whl", OLD)


def test_a_late_wheel_beside_a_timely_one_that_the_target_can_install_is_late() -> None:
    assert not excused(NEW, OLD, "acme-1.0-1-cp314-cp314-linux_x86_64.whl")
    # A target that is described tag by tag may take wheels for an older Python.
    both = TagRanks(["cp314-cp314-linux_x86_64", "cp313-cp313-linux_x86_64"])
    assert not any(c.for_new_python for c in available(file(OLD), file(NEW, LATER), ranks=both).candidates)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(("1", "1.0", "2"))), min_size=1, max_size=12), st.data())
def test_the_order_of_a_page_changes_nothing_about_its_releases(rows: list[tuple[int, str]], data: Any) -> None:
    files = [
        file(f"acme-{text}-{number}-py3-none-any.whl", START + days * DAY) for number, (days, text) in enumerate(rows)
    ]
    shuffled = data.draw(st.permutations(files))
    reported = [{c.file.filename: c.released for c in available(*order).candidates} for order in (files, shuffled)]
    assert reported[0] == reported[1]
    for candidate in available(*files).candidates:
        assert candidate.released is not None
        assert candidate.released <= (candidate.file.upload_time or 0)


# --- hostile names ----------------------------------------------------------------------------------------------------


def test_a_name_that_no_file_system_takes_belongs_to_no_release() -> None:
    for name in ("acme-1.0-cp3" + "9" * 5000 + "-none-any.whl", "acme-" + "1" * 10_000 + ".tar.gz"):
        assert file_version("acme", name) is None
        mine, release = release_of("acme", Version("1.0"), [file(name), file("acme-1.0-py3-none-any.whl", LATER)])
        assert [f.filename for f in mine] == ["acme-1.0-py3-none-any.whl"]
        assert release.first == LATER


def test_a_name_full_of_dashes_is_not_tried_dash_by_dash() -> None:
    """Each dash may end the project's name, so a long name would be a square of work: it is not looked at."""
    short, long = "x" + "-x" * 50, "x" + "-x" * 5_000
    assert file_version(short, f"{short}-1.0.tar.gz") == "1.0"
    assert file_version(long, f"{long}-1.0.tar.gz") is None


def test_a_minor_with_more_digits_than_any_python_is_none() -> None:
    wheel = file(f"acme-1.0-cp3{'9' * 200}-none-any.whl")
    _, release = release_of("acme", Version("1.0"), [wheel, file(NEW, LATER)])
    assert release.newest is None
