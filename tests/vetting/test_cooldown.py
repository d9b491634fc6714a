"""Ages in the search: what is held back, for whom, until when, and what then becomes of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from safepip.model.ages import DAY, AgePolicy, Cooldown
from safepip.model.errors import Refused, ResolutionImpossible
from safepip.model.exemption import Exemption
from safepip.model.index import Index, IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile
from safepip.model.plan import Policy, Selection, UpgradeStrategy
from safepip.model.spans import day_and_time
from safepip.routing.table import build
from safepip.vetting.cooldown import AgeRules
from support.offers import NOW, PUBLIC, MemoryCatalog, chosen, decide, digest_of, index, limited
from support.universes import Release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.finding import Diagnostic
    from safepip.model.resolution import Resolution

HOUR = 3600.0
HERE = Origin(Source.PROJECT_CONFIG, "safepip.toml", 3)
OLD = Release("demo", "1.0", uploaded=NOW - 90 * DAY)
YOUNG = Release("demo", "2.0", uploaded=NOW - HOUR)


def cooldown(days: float = 3, moment: float | None = None) -> Cooldown:
    return Cooldown(days * DAY, moment, HERE)


def ages(*indexes: Index, stated: Cooldown | None = None, judged: dict[str, frozenset[str]] | None = None, **policy: Any
         ) -> AgeRules:  # fmt: skip
    return AgeRules(AgePolicy(**policy), stated, build(indexes or (PUBLIC,)), now=NOW, judged=judged or {})


def allowing(rule: str, project: str = "demo", **narrower: Any) -> Policy:
    return Policy(exemptions=(Exemption(project, rule, "looked at", HERE, **narrower),))


def refused(*arguments: Any, **options: Any) -> Diagnostic:
    with pytest.raises(Refused) as caught:
        decide(*arguments, **options)
    (found,) = caught.value.diagnostics
    return found


def reported(resolution: Resolution) -> str:
    (line,) = resolution.notices
    return line


# --- cooldown ------------------------------------------------------------------------------------------------


def test_an_older_version_is_taken_and_one_line_says_what_was_held_back_and_until_when() -> None:
    found = decide([OLD, YOUNG], "demo")
    assert chosen(found) == {"demo": "1.0"}
    until = day_and_time(NOW - HOUR + DAY)
    assert reported(found) == (
        f"cooldown: demo 2.0 is held back until {until} (cooldown P1D, safepip's defaults): demo 1.0 is taken"
    )


def test_a_pin_that_is_too_young_is_refused_with_the_moment_the_asker_and_the_line() -> None:
    problem = refused([OLD, YOUNG], "demo==2.0")
    assert problem.reference == "cooldown"
    assert problem.message == f"demo 2.0 is too young: it is held back until {day_and_time(NOW - HOUR + DAY)}"
    assert "required by requirements.txt:1" in problem.context
    assert f'rule = "cooldown"\nfile = "demo-2.0-py3-none-any.whl"\ndigest = "{digest_of(YOUNG)}"' in problem.hint


def test_what_allows_nothing_older_is_refused_whichever_way_it_is_said() -> None:
    assert refused([OLD, YOUNG], "demo>1").reference == "cooldown"
    assert refused([YOUNG], "demo").reference == "cooldown"
    assert refused([OLD, YOUNG], "demo", constraints=["demo>=2"]).reference == "cooldown"
    assert refused([OLD, YOUNG], "demo[x]==2.0").reference == "cooldown"


def test_all_that_is_too_young_is_told_together() -> None:
    with pytest.raises(Refused) as caught:
        decide([YOUNG, Release("other", "1", uploaded=NOW - 1)], "demo==2.0", "other")
    assert [d.subject for d in caught.value.diagnostics] == ["demo", "other"]


def test_the_search_goes_back_to_a_version_that_does_without() -> None:
    world = [YOUNG, Release("app", "2", requires=("demo==2.0",)), Release("app", "1")]
    assert chosen(decide(world, "app")) == {"app": "1"}


def test_where_only_a_young_version_serves_a_dependency_its_asker_is_named() -> None:
    problem = refused([OLD, YOUNG, Release("app", "2", requires=("demo==2.0",))], "app")
    assert (problem.reference, problem.subject) == ("cooldown", "demo")
    assert "required by app 2  <-  requirements.txt:1" in problem.context


def test_of_a_dead_end_that_age_has_nothing_to_do_with_age_is_not_the_reason() -> None:
    """What is held back is told where it would have done, and nowhere else."""
    world = [OLD, YOUNG, Release("app", "2", requires=("demo<1",)), Release("app", "1", requires=("demo==7",))]
    for words in (["app"], ["demo<2", "app==1"]):
        with pytest.raises(ResolutionImpossible) as caught:
            decide(world, *words)
        assert [d.reference for d in caught.value.diagnostics] == ["no-matching-version"]
        assert not [line for line in caught.value.diagnostics[0].context if "held back" in line]
    assert refused([*world, Release("app", "3", requires=("demo>1",))], "app==3").reference == "cooldown"


def test_a_file_is_taken_from_the_very_moment_at_which_it_is_old_enough() -> None:
    on_time, too_early = (Release("demo", "2.0", uploaded=NOW - DAY + late) for late in (0.0, 1.0))
    assert chosen(decide([OLD, on_time], "demo")) == {"demo": "2.0"}
    assert chosen(decide([OLD, too_early], "demo")) == {"demo": "1.0"}


def test_a_date_takes_only_what_was_there_before_it() -> None:
    moment = NOW - 30 * DAY
    world = [Release("demo", f"{n}.0", uploaded=moment + seconds) for n, seconds in enumerate((-1, 0, 1), 1)]
    found = decide(world, "demo", ages=ages(cooldown=cooldown(0, moment)))
    assert chosen(found) == {"demo": "1.0"}
    assert day_and_time(moment) in reported(found)
    assert "until" not in reported(found)


def test_nought_holds_nothing_back_not_even_what_comes_from_the_future() -> None:
    world = [OLD, Release("demo", "2.0", uploaded=NOW + 9 * DAY)]
    found = decide(world, "demo", ages=ages(stated=cooldown(0)))
    assert (chosen(found), found.notices) == ({"demo": "2.0"}, ())


def test_a_file_without_a_time_beside_others_with_one_counts_as_young() -> None:
    world = [OLD, Release("demo", "2.0", uploaded=None)]
    assert chosen(decide(world, "demo")) == {"demo": "1.0"}
    assert "no upload time" in refused(world, "demo==2.0").message
    assert chosen(decide(world, "demo", ages=ages(stated=cooldown(0)))) == {"demo": "2.0"}


def test_an_index_that_dates_nothing_is_a_notice_by_default_once_however_many_projects() -> None:
    world = [Release(name, "1", uploaded=None) for name in ("demo", "other")]
    found = decide(world, "demo", "other")
    assert reported(found) == (
        "the index public gives no upload times: the cooldown of a day cannot be checked for its files"
    )


@pytest.mark.parametrize("where", [{"stated": cooldown()}, {"cooldown": cooldown()},
                                   {"indexes": {"public": cooldown()}},
                                   {"projects": {"demo": cooldown()}}, {"cooldown": cooldown(0, NOW)}])  # fmt: skip
def test_an_index_that_dates_nothing_is_refused_where_the_cooldown_was_said(where: dict[str, Any]) -> None:
    problem = refused([Release("demo", "1", uploaded=None)], "demo", ages=ages(**where))
    assert (problem.reference, problem.message.partition(":")[0]) == (
        "cooldown",
        "the cooldown for demo cannot be checked",
    )


def test_a_yanked_version_that_is_young_is_not_what_is_told_of() -> None:
    found = decide([OLD, Release("demo", "2.0", uploaded=NOW - HOUR, yanked=True)], "demo")
    assert (chosen(found), found.notices) == ({"demo": "1.0"}, ())


def test_an_upgrade_that_is_held_back_is_told_and_what_is_installed_stays() -> None:
    found = decide([OLD, YOUNG], "demo", installed=[OLD], upgrade=UpgradeStrategy.EAGER)
    assert chosen(found) == {}
    assert "demo 2.0 is held back" in reported(found)


def test_a_version_that_stays_because_it_is_locked_is_told_nothing_of() -> None:
    found = decide([OLD, YOUNG], "demo", preferences={"demo": Version("1.0")})
    assert (chosen(found), found.notices) == ({"demo": "1.0"}, ())


def test_the_stricter_of_the_cooldown_and_uploaded_prior_to_holds() -> None:
    world = [Release("demo", "1", uploaded=NOW - 9 * DAY), Release("demo", "2", uploaded=NOW - 2 * DAY), YOUNG]
    earlier, later = (Selection(uploaded_before=NOW - days * DAY) for days in (5, 0))
    assert chosen(decide(world, "demo", selection=earlier)) == {"demo": "1"}
    assert chosen(decide(world, "demo", selection=later)) == {"demo": "2"}


# --- which cooldown holds --------------------------------------------------------------------------------------


ACME = index("acme", packages=("acme-*",))
SECOND = index("second")


def test_a_project_beats_its_index_and_that_the_general_setting() -> None:
    rules = ages(cooldown=cooldown(3), indexes={"public": cooldown(2)}, projects={"demo": cooldown(1)})
    assert rules.cooldown_of("demo") == cooldown(1)
    assert rules.cooldown_of("other") == cooldown(2)
    assert ages(cooldown=cooldown(3)).cooldown_of("demo") == cooldown(3)
    assert ages().cooldown_of("demo") == Cooldown()


def test_claimed_names_are_exempt_unless_their_index_or_the_project_says_a_cooldown() -> None:
    assert ages(PUBLIC, ACME, cooldown=cooldown(3)).cooldown_of("acme-core") is None
    assert ages(PUBLIC, ACME, cooldown=cooldown(3), stated=cooldown(4)).cooldown_of("acme-core") is None
    assert ages(PUBLIC, ACME, indexes={"acme": cooldown(2)}).cooldown_of("acme-core") == cooldown(2)
    assert ages(PUBLIC, ACME, projects={"acme-core": cooldown(2)}).cooldown_of("acme-core") == cooldown(2)
    assert ages(PUBLIC, ACME, indexes={"acme": cooldown(0)}).cooldown_of("acme-core") is None


def test_of_several_sources_the_strictest_holds() -> None:
    both = (index("first"), SECOND)
    assert ages(*both, indexes={"second": cooldown(2)}).cooldown_of("demo") == cooldown(2)
    assert ages(*both, cooldown=cooldown(3), indexes={"second": cooldown(0)}).cooldown_of("demo") == cooldown(3)


def test_a_mirror_is_one_source_with_its_original() -> None:
    mirror = Index("near", IndexUrl.parse("https://near.example/simple/"), mirror_of="public", origin=HERE)
    assert ages(PUBLIC, mirror, indexes={"near": cooldown(2)}).cooldown_of("demo") == cooldown(2)


def test_the_option_stands_for_the_general_setting_and_shortens_no_indexs() -> None:
    assert ages(stated=cooldown(0)).cooldown_of("demo") == cooldown(0)
    assert ages(stated=cooldown(0), indexes={"public": cooldown(2)}).cooldown_of("demo") == cooldown(2)
    assert ages(stated=cooldown(9), indexes={"public": cooldown(2)}).cooldown_of("demo") == cooldown(9)
    assert ages(stated=cooldown(9), projects={"demo": cooldown(0)}).cooldown_of("demo") == cooldown(0)


# --- late files ------------------------------------------------------------------------------------------------


def release(name: str, days: float, **fields: Any) -> Release:
    """A file of demo 1.0, uploaded so many days after the release began, less than ninety days ago."""
    return Release("demo", "1.0", tag=name, uploaded=NOW - 100 * DAY + days * DAY, **fields)


BEGINNING = release("", 0, sdist=True)
LATE = release("py3-none-any", 15)


def test_a_wheel_added_to_a_release_after_two_weeks_is_passed_over_and_told() -> None:
    before = Release("demo", "0.9", uploaded=NOW - 500 * DAY)
    found = decide([before, BEGINNING, LATE], "demo")
    assert chosen(found) == {"demo": "0.9"}
    assert reported(found).startswith(
        "late-file: demo-1.0-py3-none-any.whl came 15 days after the first file of its release"
    )
    assert chosen(decide([before, BEGINNING, release("py3-none-any", 14)], "demo")) == {"demo": "1.0"}


def test_where_nothing_else_fits_a_late_file_is_refused() -> None:
    problem = refused([BEGINNING, LATE], "demo")
    assert (problem.reference, problem.subject) == ("late-file", "demo")
    assert 'rule = "late-file"' in problem.hint


def test_a_timely_wheel_of_the_same_release_is_taken_in_place_of_a_late_one_that_fits_better() -> None:
    found = decide([release("py3-none-any", 0), release("py3-none-any", 60, build="1")], "demo")
    assert found.pins["demo"].candidate is not None
    assert found.pins["demo"].candidate.file.filename == "demo-1.0-py3-none-any.whl"
    assert "demo-1.0-1-py3-none-any.whl came 60 days" in reported(found)


@pytest.mark.parametrize(
    ("stated", "claimed", "exempt"),
    [
        (Source.MACHINE_POLICY, Source.PROJECT_CONFIG, False),
        (Source.MACHINE_POLICY, Source.USER_POLICY, False),
        (Source.USER_POLICY, Source.PROJECT_CONFIG, False),
        (Source.MACHINE_POLICY, Source.MACHINE_POLICY, True),
        (Source.USER_POLICY, Source.MACHINE_POLICY, True),
        (Source.PROJECT_CONFIG, Source.PROJECT_CONFIG, True),
    ],
)
def test_a_claim_takes_nothing_out_of_the_cooldown_of_a_higher_level(
    stated: Source, claimed: Source, exempt: bool
) -> None:
    claiming = index("acme", packages=("demo",))._replace(claim_origins=(Origin(claimed, "safepip.toml", 2),))
    general = Cooldown(3 * DAY, origin=Origin(stated, "policy.toml", 1))
    assert ages(PUBLIC, claiming, cooldown=general).cooldown_of("demo") == (None if exempt else general)


def test_nor_out_of_the_default_where_a_higher_level_forbids_exceptions() -> None:
    claiming = index("acme", packages=("demo",))
    above, beside = Origin(Source.USER_POLICY, "user.toml", 1), Origin(Source.PROJECT_CONFIG, "safepip.toml", 9)
    assert ages(PUBLIC, claiming, enforced=above).cooldown_of("demo") == Cooldown(origin=above)
    assert ages(PUBLIC, claiming, enforced=beside).cooldown_of("demo") is None


def test_no_cooldown_lets_a_late_file_in_and_a_claim_does() -> None:
    assert refused([BEGINNING, LATE], "demo", ages=ages(stated=cooldown(0))).reference == "late-file"
    own = index("acme", packages=("demo",))
    world = {"acme": [BEGINNING, LATE]}
    assert chosen(decide(world, "demo", indexes=[PUBLIC, own])) == {"demo": "1.0"}
    strict = ages(PUBLIC, own, indexes={"acme": cooldown(1)})
    assert refused(world, "demo", indexes=[PUBLIC, own], ages=strict).reference == "late-file"


# --- exceptions ------------------------------------------------------------------------------------------------


def test_a_line_of_policy_lets_a_file_in_and_is_told() -> None:
    found = decide([OLD, YOUNG], "demo", policy=allowing("cooldown"))
    assert chosen(found) == {"demo": "2.0"}
    assert reported(found).startswith("allowed: cooldown for demo 2.0: demo-2.0-py3-none-any.whl is held back until")
    assert [a.rule for a in found.pins["demo"].allowed] == ["cooldown"]
    assert chosen(decide([BEGINNING, LATE], "demo", policy=allowing("late-file"))) == {"demo": "1.0"}


def test_a_line_of_policy_is_for_its_rule_its_project_its_file_and_its_digest() -> None:
    digest = digest_of(YOUNG)
    for policy in (
        allowing("late-file"),
        allowing("cooldown", project="other"),
        allowing("cooldown", file="demo-2.0-1-py3-none-any.whl"),
        allowing("cooldown", digest=digest_of(OLD)),
    ):
        assert chosen(decide([OLD, YOUNG], "demo", policy=policy)) == {"demo": "1.0"}
    policy = allowing("cooldown", file="demo-2.0-py3-none-any.whl", digest=digest)
    assert chosen(decide([OLD, YOUNG], "demo", policy=policy)) == {"demo": "2.0"}


def test_what_was_judged_before_is_known_by_its_digest_and_not_by_its_version() -> None:
    judged = {"demo": frozenset({str(digest_of(YOUNG))})}
    assert chosen(decide([OLD, YOUNG], "demo", ages=ages(judged=judged))) == {"demo": "2.0"}
    other = Release("demo", "2.0", build="7", uploaded=NOW - HOUR)
    assert chosen(decide([OLD, other], "demo", ages=ages(judged=judged))) == {"demo": "1.0"}


def test_a_file_of_this_machine_is_exempt() -> None:
    rules = ages(cooldown=cooldown())
    files = [ProjectFile("demo-1.0-py3-none-any.whl", f"{scheme}/d.whl") for scheme in ("file://", "https://x.example")]
    assert rules.lockable("demo", Version("1.0"), files) == files[:1]


def test_only_files_that_could_be_installed_go_into_a_lock() -> None:
    rows = [("demo-1.0.tar.gz", -400.0), ("demo-1.0-cp311-cp311-win32.whl", -395.0), ("demo-1.00-cp39-cp39-w.whl", -2.),
            ("demo-1.0-cp312-cp312-win32.whl", -300.0), ("demo-2.0-py3-none-any.whl", -0.1)]  # fmt: skip
    files = [ProjectFile(name, f"https://x.example/{name}", upload_time=NOW + days * DAY) for name, days in rows]
    names = [file.filename for file in ages().lockable("demo", Version("1.0"), files)]
    assert names == [rows[0][0], rows[1][0], rows[3][0]]
    assert ages().lockable("demo", Version("2.0"), files) == []


# --- yanks -----------------------------------------------------------------------------------------------------

YANKED = Release("demo", "1.0", yanked="broken\x1b[2J")


def test_a_yanked_version_that_a_dependency_pins_is_refused_with_the_name_of_who_asks() -> None:
    problem = refused([YANKED, Release("app", "3", requires=("demo==1.0",))], "app")
    assert (problem.reference, problem.subject) == ("yanked", "demo")
    assert "required by app 3  <-  requirements.txt:1" in problem.context
    assert "\x1b" not in "".join(problem.context)


def test_nothing_of_a_yanked_version_that_is_refused_is_read() -> None:
    catalog = MemoryCatalog(build((PUBLIC,)), {"public": [YANKED, Release("app", "3", requires=("demo==1.0",))]})
    refused([], "app", catalog=catalog)
    assert catalog.metadata_read == ["app 3"]


@pytest.mark.parametrize(
    "way",
    [
        {"constraints": ["demo==1.0"]},
        {"constraints": [limited("demo", hashes=(digest_of(YANKED),))]},
        {"policy": allowing("yanked")},
    ],
)
def test_a_yanked_version_is_taken_where_the_user_or_policy_says_so(way: dict[str, Any]) -> None:
    world = [YANKED, Release("app", "3", requires=("demo==1.0",))]
    assert chosen(decide(world, "app", **way)) == {"app": "3", "demo": "1.0"}
    assert chosen(decide(world, "app", "demo===1.0")) == {"app": "3", "demo": "1.0"}


def test_a_users_range_is_no_pin_of_a_yanked_version() -> None:
    world = [YANKED, Release("app", "3", requires=("demo==1.0",))]
    assert refused(world, "app", constraints=["demo>=1"]).reference == "yanked"


def test_a_way_of_the_search_that_does_not_end_with_the_yanked_version_is_not_refused() -> None:
    world = [YANKED, Release("app", "2", requires=("demo==1.0", "lib==9")), Release("app", "1"), Release("lib", "1")]
    assert chosen(decide(world, "app")) == {"app": "1"}


# --- laws ------------------------------------------------------------------------------------------------------


worlds = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from([0.01, 0.5, 2.0, 20.0, 400.0]), st.booleans()), min_size=1, max_size=8
)


def answer(world: Sequence[Release], rules: AgeRules) -> str | None:
    try:
        return chosen(decide(world, "demo", ages=rules))["demo"]
    except (Refused, ResolutionImpossible):
        return None


@settings(max_examples=60)
@given(worlds, st.sampled_from([0.0, 0.1, 1.0, 30.0]), st.permutations(range(8)))
def test_nothing_younger_than_the_cooldown_is_chosen_and_the_order_of_the_page_changes_nothing(
    rows: list[tuple[int, float, bool]], days: float, order: list[int]
) -> None:
    world = [
        Release("demo", f"{version}.0", uploaded=NOW - age * DAY, sdist=sdist)
        for version, (_, age, sdist) in {row[0]: row for row in rows}.items()
    ]
    rules = ages(stated=cooldown(days))
    found = answer(world, rules)
    fitting = [r for r in world if not r.sdist and (NOW - (r.uploaded or 0)) >= days * DAY]
    assert found == (max((r.version for r in fitting), key=Version) if fitting else None)
    shuffled = [world[position] for position in order if position < len(world)]
    assert answer(shuffled, rules) == found


@settings(max_examples=40)
@given(worlds, st.sampled_from([0.0, 0.1, 1.0, 30.0]), st.sampled_from([0.0, 0.1, 1.0, 30.0]))
def test_a_longer_cooldown_never_lets_in_what_a_shorter_one_holds_back(
    rows: list[tuple[int, float, bool]], one: float, other: float
) -> None:
    files = [
        ProjectFile(f"demo-{v}.0-{n}-py3-none-any.whl", "https://x.example/d", upload_time=NOW - age * DAY)
        for n, (v, age, _) in enumerate(rows)
    ]
    short, long = (ages(stated=cooldown(days)) for days in sorted((one, other)))
    for version in {Version(f"{row[0]}.0") for row in rows}:
        kept = short.lockable("demo", version, files)
        assert all(file in kept for file in long.lockable("demo", version, files))
