"""Pages become shelves, and shelves candidates: pip's order, and why the other files fell.

The order is held against pip's own `CandidateEvaluator` on files made by chance.
"""

from __future__ import annotations

import gc
import json
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags

from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.finder import Finder, is_pinned
from safepip.index.json_form import read_json
from safepip.index.page_files import RegularFiles
from safepip.model.digest import Digest, RequiredDigests, one_of, strong
from safepip.model.errors import Refused, Unavailable
from safepip.model.page import ProjectFile, ProjectPage, Status
from safepip.model.plan import NameSet, Selection
from safepip.model.wheel_names import read_wheel_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.candidate import Candidate, ProjectCandidates

TAGS = tuple(sys_tags())
RANKS = TagRanks(map(str, TAGS))
BEST = TAGS[0]
PYTHONS = PythonVersions("3.11.7")
ANY = SpecifierSet()


def file(filename: str, **fields: Any) -> ProjectFile:
    return ProjectFile(filename, f"https://files.example/{filename}", **fields)


def available(*files: ProjectFile | str, name: str = "acme-core", status: Status = Status.ACTIVE) -> ProjectCandidates:
    entries = tuple(file(entry) if isinstance(entry, str) else entry for entry in files)
    return candidates_for(
        ProjectPage(name, "https://public.example/simple/acme-core/", entries, status), RANKS, PYTHONS
    )


def versions(candidates: Sequence[Candidate]) -> list[str]:
    return [str(candidate.version) for candidate in candidates]


def digest(letter: str) -> Digest:
    return strong("sha256", letter * 64)


# --- shelves -------------------------------------------------------------------------------------------------


def test_the_best_comes_first_by_version_then_tag_then_build() -> None:
    names = [
        "acme_core-1.0-py3-none-any.whl",
        "acme_core-1.0-2-py3-none-any.whl",
        f"acme_core-1.0-{BEST}.whl",
        "acme_core-1.0-10-py3-none-any.whl",
        "acme_core-1!0.1-py3-none-any.whl",
        "acme_core-1.1-py3-none-any.whl",
    ]
    ordered = [c.file.filename for c in available(*names).candidates]
    assert ordered == [names[4], names[5], names[2], names[3], names[1], names[0]]


def test_of_equal_files_the_one_listed_last_is_first() -> None:
    one, other = "acme_core-1.0-py3-none-any.whl", "Acme.Core-1.0-py3-none-any.whl"
    assert [c.file.filename for c in available(one, other).candidates] == [other, one]


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl",
        "acme_core-1.0-py3-none.whl",
        "acme_core-not_a_version-py3-none-any.whl",
        "acme_core-1.0-x1-py3-none-any.whl",
        "acme_core-1.0-py3-none-any.exe",
        "acme_corex-1.0.tar.gz",
        "acme-core.tar.gz",
        "-1.0-py3-none-any.whl",
        "",
    ],
)
def test_files_of_others_and_of_no_known_form_leave_no_trace(filename: str) -> None:
    made = available(filename)
    assert (made.candidates, made.rejected, made.files) == ((), (), 1)


_NAME_PARTS = (
    st.sampled_from(["acme_core", "Acme.Core", "acme", "acme_core_", "", "acme core", "acmé_core", "acme__core"]),
    st.sampled_from(
        ["1.0", " 1.0", "1.0 ", "1", "01.0", "1.0.dev1", "1!2+local.1", "v1", "", "x", "1.0\n", "1_0", "0"]
    ),
    st.sampled_from(["", "1-", "10x-", "x1-", "-", "1-2-", "01-"]),
    st.sampled_from(
        [BEST, "py3-none-any", "PY3-none-any", "py2.py3-none-any", "py3-none", "py3.-none-any", "cp27-x-y"]
    ),
    st.sampled_from([".whl", ".whl", ".WHL", ".whl.whl", ""]),
)


@settings(max_examples=500, deadline=None)
@given(st.builds("{}-{}-{}{}{}".format, *_NAME_PARTS) | st.text(alphabet="-acme_or10.pynwhl ", max_size=30))
def test_a_name_that_is_read_by_parts_is_read_as_a_whole(filename: str) -> None:
    """What repeats on a page is read once, and gives what the name of each wheel gives by itself."""
    found = [(c.version, c.build) for c in available(filename).candidates]
    try:
        project, version, build, tags = read_wheel_name(filename)
    except ValueError:
        assert found == []
        return
    fits = project == "acme-core" and any(
        RANKS.best(tag.interpreter, tag.abi, tag.platform) is not None for tag in tags
    )
    assert found == ([(version, build)] if fits else [])


def test_a_page_is_let_go_as_soon_as_its_candidates_are_made() -> None:
    """A long page takes many times its size in memory; nothing is to keep it until there is a collection."""
    names = ["acme_core-1.0-py3-none-any.whl", "acme-core-1.0.tar.gz", "acme_core-2.0-cp27-cp27m-win32.whl"]
    listed = [{"filename": n, "url": f"https://files.example/{n}", "hashes": {"sha256": "a" * 64}} for n in names]
    page = read_json("acme-core", json.dumps({"files": listed}).encode(), "https://public.example/simple/acme-core/")
    assert isinstance(page.files, RegularFiles)
    gc.disable()
    try:
        kept = weakref.ref(page.files)
        made = candidates_for(page, RANKS, PYTHONS)
        del page
        assert kept() is None
    finally:
        gc.enable()
    assert [str(candidate.version) for candidate in (*made.candidates, *made.sources)] == ["1.0", "1.0"]


def test_a_version_without_a_candidate_says_how_far_its_best_file_got() -> None:
    made = available(
        "acme-core-1.0.tar.gz",
        "acme-core-2.0.zip",
        "acme_core-2.0-cp27-cp27m-win32.whl",
        "acme_core-3.0-cp27-cp27m-win32.whl",
        file("acme_core-3.0-py3-none-any.whl", requires_python=">=3.50"),
        "acme-core-4.0.tar.gz",
        "acme_core-4.0-py3-none-any.whl",
        "acme-core-5.tar.gz",
        "acme_core-5.0-py3-none-any.whl",
    )
    assert [(str(f.version), f.reason, f.detail) for f in made.rejected] == [
        ("3.0", "requires-python", ">=3.50"),
        ("2.0", "platform", "cp27-cp27m-win32"),
        ("1.0", "sdist-only", ""),
    ]


def test_a_requires_python_that_cannot_be_read_admits_every_python() -> None:
    assert versions(available(file("acme_core-1.0-py3-none-any.whl", requires_python="three")).candidates) == ["1.0"]


def test_a_compressed_tag_set_counts_by_its_best_tag() -> None:
    ranks = TagRanks(["cp311-cp311-linux_x86_64", "py3-none-any"])
    assert ranks.best("py2.py3", "none", "any") == 1
    assert ranks.best("py3.CP311", "none.cp311", "any.linux_x86_64") == 0
    assert ranks.best("cp311", "none", "any") is None


# --- the finder -----------------------------------------------------------------------------------------------


def test_specifiers_decide_on_prereleases_as_packaging_does() -> None:
    made = available(*(f"acme_core-{v}-py3-none-any.whl" for v in ("1.0", "2.0rc1", "2.1.dev1")))
    finder = Finder(Selection())
    assert versions(finder.applicable(made, ANY)) == ["1.0"]
    assert versions(finder.applicable(made, SpecifierSet(">=2.0rc1"))) == ["2.1.dev1", "2.0rc1"]
    assert versions(finder.applicable(made, SpecifierSet(">1"))) == ["2.1.dev1", "2.0rc1"]
    assert versions(Finder(Selection(only_final=NameSet(all=True))).applicable(made, SpecifierSet(">1"))) == []


def test_an_exact_name_beats_all_in_options_on_releases_and_formats() -> None:
    everything, core = NameSet(all=True), NameSet(names=frozenset({"acme-core"}))
    assert Selection(only_final=everything, all_releases=core).allows_prereleases("acme-core") is True
    assert Selection(only_final=core, all_releases=everything).allows_prereleases("acme-core") is False
    made = available("acme_core-1.0-py3-none-any.whl")
    assert Finder(Selection(no_binary=everything)).usable(made) == ()
    assert versions(Finder(Selection(no_binary=everything, only_binary=core)).usable(made)) == ["1.0"]


def test_a_yanked_file_is_a_candidate_only_where_all_are_and_the_version_is_pinned() -> None:
    good, bad = file("acme_core-1.0-py3-none-any.whl"), file("acme_core-2.0-py3-none-any.whl", yanked="")
    finder = Finder(Selection())
    assert versions(finder.applicable(available(good, bad), ANY)) == ["1.0"]
    assert versions(finder.applicable(available(good, bad), SpecifierSet("==2.0"))) == ["2.0"]
    assert versions(Finder(Selection()).applicable(available(bad), ANY)) == []
    assert versions(Finder(Selection()).applicable(available(bad), SpecifierSet("==2.*"))) == []
    assert versions(Finder(Selection()).applicable(available(bad), SpecifierSet("===2.0"))) == ["2.0"]


@pytest.mark.parametrize(
    ("text", "pinned"),
    [("==1.0", True), ("===1.0", True), ("==1.*", False), (">=1,==1.0", True), ("~=1.0", False), ("", False)],
)
def test_pinned_means_one_version(text: str, pinned: bool) -> None:
    assert is_pinned(SpecifierSet(text)) is pinned


def test_an_allowed_hash_comes_before_none_and_another_is_out() -> None:
    made = available(
        file("acme_core-3.0-py3-none-any.whl", digests=(digest("c"),)),
        file("acme_core-2.0-py3-none-any.whl"),
        file("acme_core-1.0-py3-none-any.whl", digests=(digest("a"),)),
    )
    assert versions(Finder(Selection()).applicable(made, ANY, one_of({digest("a")}))) == ["1.0", "2.0"]


def test_files_that_all_have_other_hashes_are_refused_and_absent_ones_are_not() -> None:
    made = available(file("acme_core-3.0-py3-none-any.whl", digests=(digest("c"),)))
    with pytest.raises(Refused) as caught:
        Finder(Selection()).applicable(made, ANY, one_of({digest("a")}))
    assert caught.value.diagnostics[0].reference == "hash-mismatch"
    assert Finder(Selection()).applicable(made, SpecifierSet("<1"), one_of({digest("a")})) == []


def test_uploaded_prior_to_is_exclusive_exempts_local_files_and_needs_dates() -> None:
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp()
    finder = Finder(Selection(uploaded_before=noon))
    dated = available(
        file("acme_core-1.0-py3-none-any.whl", upload_time=noon - 1),
        file("acme_core-2.0-py3-none-any.whl", upload_time=noon),
        ProjectFile("acme_core-0.5-py3-none-any.whl", "file:///wheels/acme_core-0.5-py3-none-any.whl"),
    )
    assert versions(finder.usable(dated)) == ["1.0", "0.5"]
    with pytest.raises(Unavailable) as caught:
        Finder(Selection(uploaded_before=noon)).usable(available("acme_core-1.0-py3-none-any.whl"))
    assert caught.value.diagnostics[0].reference == "undated-file"


def test_a_newer_source_archive_is_told_of_only_if_it_would_have_been_chosen() -> None:
    made = available(
        "acme_core-1.0-py3-none-any.whl",
        "acme-core-2.0.tar.gz",
        file("acme-core-3.0.tar.gz", yanked="broken"),
        "acme-core-4.0rc1.tar.gz",
        "acme_core-5.0-cp27-cp27m-win32.whl",
    )
    finder, (only,) = Finder(Selection()), made.candidates
    newer = finder.newer_without_wheel(made, only.version, ANY)
    assert newer is not None
    assert str(newer.version) == "2.0"
    assert finder.newer_without_wheel(made, only.version, SpecifierSet("<2")) is None
    undated = Finder(Selection(uploaded_before=0.0))
    assert undated.newer_without_wheel(made, only.version, ANY) is None


# --- against pip ------------------------------------------------------------------------------------------------

_WHEELS = st.builds(
    lambda version, build, tag: "-".join(filter(None, ("acme_core", version, build, tag))) + ".whl",
    st.sampled_from(("1.0", "1.0.post1", "2.0rc1", "2.0", "2", "1!0.5", "3.0a1", "1.0+local", "0.9.dev1")),
    st.sampled_from(("", "", "1", "2a", "10")),
    st.sampled_from(("py3-none-any", "py2.py3-none-any", str(BEST), "py30-none-any", "cp27-cp27m-win32", "py3-none")),
)
_FILES = st.lists(st.tuples(_WHEELS, st.booleans(), st.sampled_from("abc-")), max_size=12)
_SPECIFIERS = st.sampled_from(("", ">=1", "<2", "==2.0", "==1.*", ">=2.0rc1", "~=1.0", "===2.0", "!=1.0"))


@settings(max_examples=200, deadline=None)
@given(_FILES, _SPECIFIERS, st.sampled_from((None, True, False)), st.booleans())
def test_the_order_of_candidates_is_pips(
    files: list[tuple[str, bool, str]],
    specifier: str,
    prereleases: bool | None,
    hashed: bool,
) -> None:
    entries = [
        file(name, yanked="" if yanked else None, digests=() if letter == "-" else (digest(letter),))
        for name, yanked, letter in files
    ]
    allowed = one_of({digest("a"), digest("b")} if hashed else ())
    everything, nothing = NameSet(all=True), NameSet()
    selection = Selection(
        all_releases=everything if prereleases else nothing, only_final=everything if prereleases is False else nothing
    )
    try:
        ours = Finder(selection).applicable(available(*entries), SpecifierSet(specifier), allowed)
    except Refused:
        ours = []
    theirs = _as_pip_orders(entries, specifier, prereleases, ("a" * 64, "b" * 64) if hashed else ())
    if allowed:
        # pip offers a file with a wrong hash where no right one is there, and fails when it has it; so do we, before.
        theirs = [name for name in theirs if _may_be(entries, name, allowed)]
        if not any(allowed.names(c.file.stated) for c in ours):
            return
    assert [c.file.filename for c in ours] == theirs


def _may_be(entries: list[ProjectFile], name: str, allowed: RequiredDigests) -> bool:
    return any(not allowed.excludes(e.stated) for e in entries if e.filename == name)


def _as_pip_orders(
    entries: list[ProjectFile],
    specifier: str,
    prereleases: bool | None,
    hashes: tuple[str, ...],
) -> list[str]:
    from pip._internal.index.package_finder import CandidateEvaluator, LinkEvaluator, LinkType
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.link import Link, LinkHash
    from pip._internal.models.release_control import ReleaseControl
    from pip._internal.models.target_python import TargetPython
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.specifiers import SpecifierSet as PipSpecifierSet

    evaluator = LinkEvaluator("acme-core", "acme-core", frozenset({"binary"}), TargetPython(), allow_yanked=True)  # type: ignore[arg-type]
    control = ReleaseControl({":all:"} if prereleases else set(), {":all:"} if prereleases is False else set())
    candidates = []
    for entry in entries:
        links = {d.algorithm: d.hex for d in entry.digests}
        link = Link(entry.url, yanked_reason=entry.yanked, hashes=links)
        assert LinkHash is not None
        kind, version = evaluator.evaluate_link(link)
        if kind is LinkType.candidate:
            candidates.append(InstallationCandidate("acme-core", version, link))
    chooser = CandidateEvaluator.create(
        "acme-core",
        release_control=control,
        specifier=PipSpecifierSet(specifier),
        hashes=Hashes({"sha256": list(hashes)}) if hashes else None,
    )
    found = chooser.get_applicable_candidates(candidates)
    # The rule on yanked files stands in pip's resolver.
    all_yanked = all(candidate.link.is_yanked for candidate in found)
    keep_yanked = all_yanked and is_pinned(SpecifierSet(specifier))
    return [c.link.filename for c in reversed(found) if keep_yanked or not c.link.is_yanked]
