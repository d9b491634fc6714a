"""An index and its mirrors are one source: what is late on one page is late, whichever page it is taken from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.mirrors import disagreement, merged, with_common_releases
from safepip.model.ages import DAY
from safepip.model.digest import strong
from safepip.model.page import ProjectFile, ProjectPage
from safepip.vetting.releases import is_late
from support.index import IndexServer
from support.offers import PUBLIC
from support.offers import index as declared
from support.runs import references
from support.uploads import add, days_ago
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.model.candidate import ProjectCandidates
    from support.inside import Inside

RANKS = TagRanks(["cp314-cp314-linux_x86_64", "py3-none-any"])
START = 1_600_000_000.0
LATER = START + 100 * DAY
MIRROR = declared("mirror")
PURE = "acme-1.0-py3-none-any.whl"
OLD, NEW = (f"acme-1.0-cp3{minor}-cp3{minor}-linux_x86_64.whl" for minor in (13, 14))


def page(files: Mapping[str, float | None]) -> ProjectCandidates:
    """A page's shelf; `files` are upload times by name."""
    listed = [ProjectFile(name, f"https://files.example/{name}", upload_time=moment) for name, moment in files.items()]
    return candidates_for(
        ProjectPage("acme", "https://public.example/acme/", tuple(listed)), RANKS, PythonVersions("3.14.0")
    )


def verdicts(*pages: Mapping[str, float | None]) -> dict[str, str]:
    """What becomes of each candidate of an index and its mirrors, by name."""
    all_available = with_common_releases([page(files) for files in pages])
    whole = merged("acme", [(PUBLIC, all_available[0]), *((MIRROR, available) for available in all_available[1:])])
    return {
        c.file.filename: ("honest" if c.for_new_python else "late")
        if is_late(c.file.upload_time, c.released)
        else "in time"
        for c in whole.candidates
    }


@pytest.mark.parametrize("beginning", [PURE, "acme-1.0.tar.gz", "acme-1-cp39-cp39-win32.whl", "acme-1.0+x.tar.gz"])
def test_a_release_begins_on_whichever_page_of_the_family_is_first(beginning: str) -> None:
    late = "acme-1.0-7-py3-none-any.whl"
    for pages in ([{beginning: START}, {late: LATER}], [{late: LATER}, {beginning: START}]):
        assert verdicts(*pages)[late] == "late"
    assert verdicts({"acme-0.9.tar.gz": START}, {late: LATER}) == {late: "in time"}
    assert verdicts({beginning: None}, {late: LATER})[late] == "in time"


def test_a_release_begins_with_a_file_that_fits_less_than_another_of_its_page() -> None:
    """Of a version without a candidate a page keeps one file's fate only."""
    first = {"acme-1.0-cp39-cp39-win32.whl": LATER, "acme-1.0.tar.gz": START}
    assert verdicts(first, {PURE: LATER}) == {PURE: "late"}


def test_a_wheel_for_a_new_python_stays_honest_where_the_pages_agree() -> None:
    whole = {OLD: START, NEW: LATER}
    assert verdicts(whole, whole) == {NEW: "honest"}
    assert verdicts(whole, {OLD: START}) == {NEW: "honest"}  # a mirror that lags
    assert verdicts(whole, {OLD: LATER, NEW: LATER}) == {NEW: "honest"}  # a mirror with times of its own


def test_a_mirror_that_hides_what_came_in_time_makes_no_late_wheel_honest() -> None:
    for beginning in ({PURE: START}, {"acme-1.0-py3-none-win32.whl": START, NEW: LATER}, {"acme-1.tar.gz": START - 1}):
        assert verdicts(beginning, {OLD: START, NEW: LATER})[NEW] == "late"


def test_a_candidate_of_which_nothing_changes_stays_the_same_object() -> None:
    """What was fetched for it on a guess is kept by the object."""
    all_available = [page({PURE: START}), page({PURE: START, "acme-2.0-py3-none-any.whl": LATER})]
    for before, after in zip(all_available, with_common_releases(all_available), strict=True):
        assert all(a is b for a, b in zip(before.candidates, after.candidates, strict=True))


ROWS = st.lists(
    st.tuples(
        st.sampled_from(("0", "1", "2")),
        st.sampled_from(("cp313-cp313-linux_x86_64", "cp314-cp314-linux_x86_64", "py3-none-any")),
        st.integers(0, 40),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=150)
@given(ROWS)
def test_a_file_that_is_late_on_a_page_of_everything_is_late_however_mirrors_divide_it(
    rows: list[tuple[str, str, int, bool]],
) -> None:
    every = {f"acme-1.0-{build}-{tag}.whl": START + days * DAY for build, tag, days, _ in rows}
    own = {f"acme-1.0-{build}-{tag}.whl": START + days * DAY for build, tag, days, mine in rows if mine}
    rest = {name: moment for name, moment in every.items() if name not in own}
    late = {name for name, verdict in verdicts(every).items() if verdict == "late"}
    assert late <= {name for name, verdict in verdicts(own, rest).items() if verdict == "late"}


# --- from the command line -------------------------------------------------------------------------------------


@pytest.fixture
def mirror(index: IndexServer, run: Inside) -> Iterator[IndexServer]:
    """A mirror of the index, which is the default."""
    with IndexServer() as server:
        (run.folder / "safepip.toml").write_text(
            f'[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n'
            f'[[index]]\nname = "near"\nurl = "{server.url}"\nmirror-of = "public"\n'
        )
        yield server


def test_a_late_file_does_not_come_in_by_way_of_a_mirror(index: IndexServer, mirror: IndexServer, run: Inside) -> None:
    timely = add(index, "demo", "1.0", 400)
    late = f"demo-1.0-cp3{sys.version_info[1]}-none-any.whl"
    mirror.add_file("demo", late, build_wheel("demo", "1.0")[1], upload_time=days_ago(5))
    done = run("download", "-d", "out", "--no-cache-dir", "demo==1.0")
    assert done.code == 0, done.err
    assert [path.name for path in (run.folder / "out").iterdir()] == [timely.filename]
    assert f"late-file: {late} came 395 days" in done.err
    assert not [path for path in mirror.paths_asked() if late in path]


def test_a_release_that_is_only_late_is_refused_whichever_page_has_it(
    index: IndexServer, mirror: IndexServer, run: Inside
) -> None:
    index.add_sdist("demo", "1.0", file={"upload_time": days_ago(400)})
    add(mirror, "demo", "1.0", 5)
    done = run("lock", "demo", "--only-binary", "demo", "--no-cache-dir", "-o", "-")
    assert (done.code, references(done.err)) == (20, ["late-file"]), done.err
    add(index, "demo", "1.0", 390)
    add(mirror, "demo", "1.0", 5, tag="cp311-cp311-win32")
    done = run("lock", "demo", "--no-cache-dir", "-o", "-")
    assert done.code == 0, done.err
    assert "py3-none-any" in done.out
    assert "win32" not in done.out


def test_an_undated_file_of_a_mirror_counts_as_young_in_a_lock_too(
    index: IndexServer, mirror: IndexServer, run: Inside
) -> None:
    add(index, "demo", "1.0", 400)
    add(index, "demo", "1.0", 400, tag="cp311-cp311-win_arm64")
    add(mirror, "demo", "1.0", 400, tag="cp311-cp311-win32", file={"upload_time": None})
    done = run("lock", "demo", "--no-cache-dir", "-o", "-")
    assert done.code == 0, done.err
    assert "win_arm64" in done.out
    assert "win32" not in done.out


def test_a_file_that_is_held_back_as_the_index_dates_it_is_not_locked_as_a_mirror_dates_it(
    index: IndexServer, mirror: IndexServer, run: Inside
) -> None:
    for server, days in ((index, 0.1), (mirror, 399.0)):
        add(server, "demo", "1.0", 400)
        add(server, "demo", "1.0", days, tag="cp311-cp311-win32")
    done = run("lock", "demo", "--no-cache-dir", "-o", "-")
    assert done.code == 0, done.err
    assert "win32" not in done.out


def test_a_mirror_with_other_bytes_disagrees() -> None:
    """The same file name with another digest of the same algorithm is a difference; no common one is not."""
    ours = ProjectFile("x", "https://h.example/x", (strong("sha256", "a" * 64),))
    other = ProjectFile("x", "https://m.example/x", (strong("sha256", "b" * 64),))
    longer = ProjectFile("x", "https://m.example/x", (strong("sha512", "b" * 128),))
    assert disagreement(ours, other)
    assert not disagreement(ours, ours._replace(url="https://m.example/x"))
    assert not disagreement(ours, longer)
