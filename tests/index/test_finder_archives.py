"""When a source archive is a candidate, and in which place: held against pip's own finder on pages made by chance."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags
from packaging.version import Version

from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.finder import Finder, is_pinned
from safepip.model.ages import DAY, AgePolicy
from safepip.model.candidate import SourceArchives
from safepip.model.digest import ANY_BYTES, one_of, strong
from safepip.model.errors import Refused, Unavailable
from safepip.model.page import ProjectFile, ProjectPage
from safepip.model.plan import NameSet, Selection
from safepip.routing.table import build
from safepip.vetting.cooldown import AgeRules
from support.offers import NOW, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.candidate import Candidate, ProjectCandidates
    from safepip.model.digest import Digest, RequiredDigests

TAGS = tuple(sys_tags())
RANKS = TagRanks(map(str, TAGS))
BEST = TAGS[0]
PYTHON = ".".join(map(str, sys.version_info[:3]))
PYTHONS = PythonVersions(PYTHON)
ANY = SpecifierSet()
ALL, NONE, CORE = NameSet(all=True), NameSet(), NameSet(names=frozenset({"acme-core"}))
WHEEL, SDIST = "acme_core-{}-py3-none-any.whl", "acme_core-{}.tar.gz"


def approved(_name: str) -> bool:
    return True


def digest(letter: str) -> Digest:
    return strong("sha256", letter * 64)


def file(filename: str, **fields: Any) -> ProjectFile:
    return ProjectFile(filename, f"https://files.example/{filename}", **fields)


def available(*files: ProjectFile | str) -> ProjectCandidates:
    entries = tuple(file(entry) if isinstance(entry, str) else entry for entry in files)
    return candidates_for(ProjectPage("acme-core", "https://public.example/simple/acme-core/", entries), RANKS, PYTHONS)


def names(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.file.filename for candidate in candidates]


def found(
    files: Sequence[ProjectFile | str],
    specifier: str = "",
    hashes: RequiredDigests = ANY_BYTES,
    ages: AgeRules | None = None,
    **selection: Any,
) -> list[str]:
    """What is offered of a page where the build is approved."""
    finder = Finder(Selection(**selection), ages, approved)
    return names(list(finder.applicable(available(*files), SpecifierSet(specifier), hashes)))


BOTH = [WHEEL.format("1.0"), SDIST.format("1.0"), SDIST.format("2.0")]


def test_without_approval_no_archive_is_offered_and_nothing_looks_at_one() -> None:
    def make() -> list[Candidate]:
        raise AssertionError("an archive was looked at")

    page = available(*BOTH)._replace(sources=SourceArchives(make))
    finder = Finder(Selection(), AgeRules(AgePolicy(), None, build([PUBLIC]), now=NOW))
    assert names(list(finder.applicable(page, ANY))) == BOTH[:1]
    assert names(finder.usable(page)) == names(finder.offered(page)) == BOTH[:1]
    assert finder.considered(page) is page
    assert finder.held(page, ANY) == []
    assert finder.passed_over(page, Version("1.0"), page.candidates[0], ANY) is None
    newer = finder.newer_without_wheel(page, Version("1.0"), ANY)
    assert newer is not None
    assert str(newer.version) == "2.0"


def test_approval_is_asked_once_for_each_project() -> None:
    asked: list[str] = []

    def approve(name: str) -> bool:
        asked.append(name)
        return True

    finder = Finder(Selection(), builds=approve)
    for _ in range(3):
        assert names(list(finder.applicable(available(*BOTH), ANY))) == [BOTH[2], *BOTH[:2]]
    assert asked == ["acme-core"]


def test_approval_is_not_asked_for_what_no_archive_can_change() -> None:
    """To answer may mean to look for a fence."""

    def approve(name: str) -> bool:
        raise AssertionError(f"asked for {name}")

    for made, selection in (
        (available(*BOTH[:2]), Selection()),
        (available(BOTH[0]), Selection()),
        (available(*BOTH), Selection(only_binary=ALL)),
        (available(*BOTH), Selection(prefer_binary=True)),
    ):
        finder = Finder(selection, AgeRules(AgePolicy(), None, build([PUBLIC]), now=NOW), approve)
        first = finder.applicable(made, ANY)[0]
        assert names([first]) == [BOTH[0]]
        assert finder.held(made, ANY) == []
        if not selection.prefer_binary:
            assert finder.passed_over(made, first.version, first, SpecifierSet("<2")) is None
            assert finder.newer_without_wheel(made, first.version, SpecifierSet("<2")) is None


def test_of_one_version_the_wheel_comes_first_and_a_newer_archive_before_it() -> None:
    assert found(BOTH) == [SDIST.format("2.0"), WHEEL.format("1.0"), SDIST.format("1.0")]
    assert found(BOTH, "<2") == [WHEEL.format("1.0"), SDIST.format("1.0")]


def test_options_say_which_kind_may_be_chosen() -> None:
    assert found(BOTH, no_binary=ALL) == found(BOTH, no_binary=CORE) == [SDIST.format("2.0"), SDIST.format("1.0")]
    assert found(BOTH, only_binary=ALL) == found(BOTH, only_binary=CORE) == [WHEEL.format("1.0")]
    assert found(BOTH, only_binary=ALL, no_binary=CORE) == found(BOTH, no_binary=CORE)
    assert found(BOTH, no_binary=ALL, only_binary=CORE) == found(BOTH, only_binary=CORE)
    assert found(BOTH, prefer_binary=True) == [WHEEL.format("1.0"), SDIST.format("2.0"), SDIST.format("1.0")]
    assert found(BOTH, ">=2", prefer_binary=True) == [SDIST.format("2.0")]


def test_a_hash_that_only_the_archive_has_selects_it() -> None:
    files = [file(WHEEL.format("1.0"), digests=(digest("a"),)), file(SDIST.format("1.0"), digests=(digest("b"),))]
    assert found(files, "==1.0", one_of({digest("b")})) == [SDIST.format("1.0")]
    assert found(files, "==1.0", one_of({digest("b")}), prefer_binary=True) == [SDIST.format("1.0")]
    assert found(files, "==1.0", one_of({digest("a"), digest("b")})) == [WHEEL.format("1.0"), SDIST.format("1.0")]
    with pytest.raises(Refused) as caught:
        found(files, "==1.0", one_of({digest("c")}))
    assert caught.value.diagnostics[0].reference == "hash-mismatch"


def test_the_first_candidate_is_known_without_the_archives_where_none_can_come_before_it() -> None:
    looked: list[int] = []
    page = available(SDIST.format("0.9"), *BOTH, SDIST.format("3.0rc1"))
    archives = list(page.sources)

    def make() -> list[Candidate]:
        looked.append(1)
        return archives

    page = page._replace(sources=SourceArchives(make))
    finder = Finder(Selection(), AgeRules(AgePolicy(), None, build([PUBLIC]), now=NOW), approved)
    for specifier in ("<2", "==1.0", "~=1.0", "!=2.0"):
        some = finder.applicable(page, SpecifierSet(specifier))
        assert (bool(some), some[0]) == (True, page.candidates[0])
        assert finder.held(page, SpecifierSet(specifier)) == []
        assert finder.passed_over(page, Version("1.0"), some[0], SpecifierSet(specifier)) is None
    assert looked == []
    some = finder.applicable(page, SpecifierSet("<2"))
    assert (len(some), names(some[1:]), looked) == (3, [SDIST.format("1.0"), SDIST.format("0.9")], [1])
    assert names(list(finder.applicable(page, SpecifierSet(">=1.0rc1"))))[0] == SDIST.format("3.0rc1")


def test_an_archive_comes_first_where_a_newer_wheel_of_its_version_may_not_be_chosen() -> None:
    """The wheel is yanked or too young; the archive of the same version is neither."""
    ages = AgeRules(AgePolicy(), None, build([PUBLIC]), now=NOW)
    old = NOW - 9 * DAY
    for newer in (
        file(WHEEL.format("2.0"), yanked="broken", upload_time=old),
        file(WHEEL.format("2.0"), upload_time=NOW - 60.0),
    ):
        files = [newer, file(SDIST.format("2.0"), upload_time=old), file(WHEEL.format("1.0"), upload_time=old)]
        finder, page = Finder(Selection(), ages, approved), available(*files)
        assert names([finder.applicable(page, ANY)[0]]) == [SDIST.format("2.0")]
        assert found(files, ages=ages) == [SDIST.format("2.0"), WHEEL.format("1.0")]


def test_a_final_release_that_only_an_archive_has_excludes_prereleases() -> None:
    files = [WHEEL.format("2.0rc1"), SDIST.format("1.0")]
    assert found(files) == [SDIST.format("1.0")]
    assert found(files, all_releases=ALL) == [WHEEL.format("2.0rc1"), SDIST.format("1.0")]
    assert found(files, ">=2.0rc1") == [WHEEL.format("2.0rc1")]
    assert found(files, prefer_binary=True) == [SDIST.format("1.0")]


def test_an_archive_is_held_back_and_told_of_as_any_file_is() -> None:
    ages = AgeRules(AgePolicy(), None, build([PUBLIC]), now=NOW)
    old, young = NOW - 100 * DAY, NOW - 60.0
    files = [file(WHEEL.format("1.0"), upload_time=old), file(SDIST.format("2.0"), upload_time=young)]
    assert found(files, ages=ages) == [WHEEL.format("1.0")]
    finder, page = Finder(Selection(), ages, approved), available(*files)
    held = finder.passed_over(page, Version("1.0"), page.candidates[0], ANY)
    assert held is not None
    assert names([held.candidate]) == [SDIST.format("2.0")]
    assert [names([h.candidate]) for h in finder.held(page, SpecifierSet(">=2"))] == [[SDIST.format("2.0")]]
    assert finder.held_candidate(page, held.candidate) == held
    late = [file(WHEEL.format("1.0"), upload_time=old), file(SDIST.format("1.0"), upload_time=old + 50 * DAY)]
    assert found(late, ages=ages, no_binary=ALL) == []
    # The wheel came late and the archive in time.
    turned = [file(SDIST.format("1.0"), upload_time=old), file(WHEEL.format("1.0"), upload_time=old + 50 * DAY)]
    assert found(turned, ages=ages) == [SDIST.format("1.0")]


def test_an_archive_that_was_chosen_is_compared_with_what_was_held_back_before_it() -> None:
    ages = AgeRules(AgePolicy(), None, build([PUBLIC]), now=NOW)
    files = [file(SDIST.format("1.0"), upload_time=NOW - 9 * DAY), file(WHEEL.format("2.0"), upload_time=NOW - 60.0)]
    finder, page = Finder(Selection(), ages, approved), available(*files)
    (chosen,) = finder.applicable(page, ANY)
    held = finder.passed_over(page, chosen.version, chosen, ANY)
    assert held is not None
    assert names([held.candidate]) == [WHEEL.format("2.0")]


def test_a_date_holds_for_archives_too() -> None:
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp()
    files = [file(SDIST.format("1.0"), upload_time=noon - 1), file(SDIST.format("2.0"), upload_time=noon)]
    assert found(files, uploaded_before=noon) == [SDIST.format("1.0")]
    with pytest.raises(Unavailable) as caught:
        found([SDIST.format("1.0")], uploaded_before=noon)
    assert caught.value.diagnostics[0].reference == "undated-file"


def test_where_archives_may_be_chosen_none_is_told_of_as_passed_over() -> None:
    finder, page = Finder(Selection(), builds=approved), available(*BOTH)
    assert finder.newer_without_wheel(page, Version("1.0"), ANY) is None
    assert [str(r.version) for r in page.rejected] == ["2.0"]
    assert finder.considered(page).rejected == ()
    assert finder.considered(finder.considered(page)) is finder.considered(page)


# --- against pip ------------------------------------------------------------------------------------------------------

_VERSIONS = st.sampled_from(("1.0", "1.0.post1", "2.0rc1", "2.0", "2", "1!0.5", "3.0a1", "1.0+local", "0.9.dev1"))
_WHEELS = st.builds(
    lambda version, build, tag: "-".join(filter(None, ("acme_core", version, build, tag))) + ".whl",
    _VERSIONS,
    st.sampled_from(("", "", "1", "2a", "10")),
    st.sampled_from(("py3-none-any", str(BEST), "py30-none-any", "cp27-cp27m-win32", "py3-none")),
)
_ARCHIVES = st.builds(
    lambda name, version, ending: f"{name}-{version}{ending}",
    st.sampled_from(("acme_core", "acme-core", "Acme.Core", "acme", "acme-core-extra")),
    st.one_of(_VERSIONS, st.sampled_from(("one", "", "1.0-py3", "1.0-2", "3.0"))),
    st.sampled_from(
        (".tar.gz", ".zip", ".tar.bz2", ".tlz", ".tar.lz", ".tar.lzma", ".TAR.gz", ".egg", ".tar.Z", ".tar")
    ),
)


class Row(NamedTuple):
    """A file of a page."""

    filename: str
    yanked: bool
    letter: str
    requires_python: str | None


_ROWS = st.lists(
    st.builds(
        Row,
        st.one_of(_WHEELS, _ARCHIVES),
        st.sampled_from((False, False, True)),
        st.sampled_from("abc-"),
        st.sampled_from((None, None, ">=3.8", ">=4", "three")),
    ),
    max_size=12,
)
_SPECIFIERS = st.sampled_from(
    ("", ">=1", "<2", "==2.0", "==1.*", ">=2.0rc1", "~=1.0", "===2.0", "!=1.0", ">2", "<1.0", "==1.0+local")
)


class Options(NamedTuple):
    """What pip's options say of the one project."""

    prereleases: bool | None
    no_binary: NameSet
    only_binary: NameSet
    prefer_binary: bool
    ignore_requires_python: bool

    def selection(self) -> Selection:
        return Selection(
            no_binary=self.no_binary,
            only_binary=self.only_binary,
            prefer_binary=self.prefer_binary,
            all_releases=ALL if self.prereleases else NONE,
            only_final=ALL if self.prereleases is False else NONE,
            ignore_requires_python=self.ignore_requires_python,
        )


_FORMATS = st.sampled_from(
    ((NONE, NONE), (NONE, NONE), (ALL, NONE), (NONE, ALL), (CORE, ALL), (ALL, CORE), (CORE, NONE))
)
_OPTIONS = st.builds(
    lambda prereleases, formats, prefer, ignore: Options(prereleases, formats[0], formats[1], prefer, ignore),
    st.sampled_from((None, None, True, False)),
    _FORMATS,
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=500, deadline=None)
@given(_ROWS, _SPECIFIERS, _OPTIONS, st.booleans())
def test_with_approval_the_order_is_pips(rows: list[Row], specifier: str, options: Options, hashed: bool) -> None:
    """And the first candidate alone is the first of them all."""
    rows = list({row.filename: row for row in rows}.values())
    entries = [
        file(
            row.filename,
            yanked="" if row.yanked else None,
            digests=() if row.letter == "-" else (digest(row.letter),),
            requires_python=row.requires_python,
        )
        for row in rows
    ]
    page = ProjectPage("acme-core", "https://public.example/simple/acme-core/", tuple(entries))
    made = candidates_for(page, RANKS, PythonVersions(PYTHON, ignore=options.ignore_requires_python))
    allowed = one_of({digest("a"), digest("b")} if hashed else ())
    try:
        offered = Finder(options.selection(), builds=approved).applicable(made, SpecifierSet(specifier), allowed)
        first = offered[0] if offered else None
        ours = list(offered)
    except Refused:
        first, ours = None, []
    assert first is (ours[0] if ours else None)
    theirs = _as_pip_orders(entries, specifier, options, ("a" * 64, "b" * 64) if hashed else ())
    if allowed:
        # pip offers a file with a wrong hash where no right one is there, and fails when it has it; so do we, before.
        excluded = {entry.filename for entry in entries if allowed.excludes(entry.stated)}
        theirs = [name for name in theirs if name not in excluded]
        if not any(allowed.names(c.file.stated) for c in ours):
            return
    assert names(ours) == theirs


@settings(max_examples=300, deadline=None)
@given(_ROWS, _SPECIFIERS, _OPTIONS, st.booleans(), st.randoms(use_true_random=False))
def test_nothing_but_equals_depends_on_the_order_of_the_page(
    rows: list[Row], specifier: str, options: Options, approve: bool, chance: Any
) -> None:
    """And without approval no archive is among what is offered."""

    def offered(listed: Sequence[Row]) -> list[tuple[Version, int, object, bool]]:
        entries = [file(r.filename, yanked="" if r.yanked else None, requires_python=r.requires_python) for r in listed]
        finder = Finder(options.selection(), builds=lambda _name: approve)
        chosen = finder.applicable(available(*entries), SpecifierSet(specifier))
        assert approve or all(c.is_wheel for c in chosen)
        return [(c.version, c.tag_rank, c.build, c.is_wheel) for c in chosen]

    rows = list({row.filename: row for row in rows}.values())
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert offered(rows) == offered(shuffled)


def _as_pip_orders(entries: list[ProjectFile], specifier: str, options: Options, hashes: tuple[str, ...]) -> list[str]:
    """The candidates of pip's PackageFinder, best first."""
    from pip._internal.index.package_finder import CandidatePreferences, LinkEvaluator, PackageFinder
    from pip._internal.models.format_control import FormatControl
    from pip._internal.models.link import Link
    from pip._internal.models.release_control import ReleaseControl
    from pip._internal.models.target_python import TargetPython
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.specifiers import SpecifierSet as PipSpecifierSet

    def words(names: NameSet) -> set[str]:
        return {*names.names, *([":all:"] if names.all else [])}

    wanted = options.prereleases
    control = ReleaseControl({":all:"} if wanted else set(), {":all:"} if wanted is False else set())
    finder = PackageFinder(
        link_collector=None,  # type: ignore[arg-type]  # nothing is fetched: the links are given below
        target_python=TargetPython(),
        allow_yanked=True,
        format_control=FormatControl(words(options.no_binary), words(options.only_binary)),
        candidate_prefs=CandidatePreferences(prefer_binary=options.prefer_binary, release_control=control),
        ignore_requires_python=options.ignore_requires_python,
    )
    links = [
        Link(
            entry.url,
            yanked_reason=entry.yanked,
            hashes={d.algorithm: d.hex for d in entry.digests},
            requires_python=entry.requires_python,
        )
        for entry in entries
    ]
    evaluator: LinkEvaluator = finder.make_link_evaluator("acme-core")
    chooser = finder.make_candidate_evaluator(
        "acme-core", PipSpecifierSet(specifier), Hashes({"sha256": list(hashes)}) if hashes else None
    )
    chosen = chooser.get_applicable_candidates(finder.evaluate_links(evaluator, links))
    # The rule on yanked files stands in pip's resolver.
    all_yanked = all(candidate.link.is_yanked for candidate in chosen)
    keep_yanked = all_yanked and is_pinned(SpecifierSet(specifier))
    return [c.link.filename for c in reversed(chosen) if keep_yanked or not c.link.is_yanked]
