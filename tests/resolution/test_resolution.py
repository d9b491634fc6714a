"""What is decided, in worlds in memory: pip's rules one by one, what is refused, and how a dead end is explained.

That pip itself decides the same is tested with the real pip in test_same_choices.
"""

from __future__ import annotations

from typing import Any

import pytest

from safepip.model.errors import Refused, SafepipError
from safepip.model.plan import NameSet, Policy, Selection, UpgradeStrategy
from safepip.model.route import RoutingRule
from safepip.resolution.dependencies import Markers
from safepip.routing.table import build
from support.offers import (
    MARKERS,
    MemoryCatalog,
    asked,
    chosen,
    decide,
    digest_of,
    filename_of,
    index,
    limited,
)
from support.universes import Release


def a(version: str = "1.0", **fields: Any) -> Release:
    return Release("a", version, **fields)


def b(version: str = "1.0", **fields: Any) -> Release:
    return Release("b", version, **fields)


def c(version: str = "1.0", **fields: Any) -> Release:
    return Release("c", version, **fields)


def refused(*arguments: Any, **keywords: Any) -> SafepipError:
    """The error that a decision ends in."""
    with pytest.raises(SafepipError) as caught:
        decide(*arguments, **keywords)
    return caught.value


def references(error: SafepipError) -> list[str]:
    return [diagnostic.reference for diagnostic in error.diagnostics]


# --- versions ----------------------------------------------------------------------------------------------


def test_the_newest_version_that_fits_is_chosen() -> None:
    releases = [a("1.0"), a("1.5"), a("2.0")]
    assert chosen(decide(releases, "a")) == {"a": "2.0"}
    assert chosen(decide(releases, "a<2")) == {"a": "1.5"}
    assert chosen(decide(releases, "a", constraints=["a!=2.0"])) == {"a": "1.5"}


def test_a_prerelease_is_for_those_who_ask_or_have_nothing_else() -> None:
    releases = [a("1.0"), a("2.0rc1")]
    assert chosen(decide(releases, "a")) == {"a": "1.0"}
    assert chosen(decide(releases, "a>=2.0rc1")) == {"a": "2.0rc1"}
    assert chosen(decide([a("2.0rc1")], "a")) == {"a": "2.0rc1"}
    everywhere, nowhere = NameSet(all=True), NameSet(names=frozenset({"a"}))
    assert chosen(decide(releases, "a", selection=Selection(all_releases=everywhere))) == {"a": "2.0rc1"}
    only_final = Selection(all_releases=everywhere, only_final=nowhere)
    assert chosen(decide(releases, "a", selection=only_final)) == {"a": "1.0"}
    assert references(refused([a("2.0rc1")], "a", selection=only_final)) == ["no-matching-version"]


def test_a_yanked_version_is_for_those_who_pin_it_and_says_why() -> None:
    releases = [a("1.0"), a("2.0", yanked="eats files\x1b[2J")]
    assert chosen(decide(releases, "a")) == {"a": "1.0"}
    assert references(refused([a("2.0", yanked=True)], "a>=1")) == ["no-matching-version"]
    pinned = decide(releases, "a==2.0")
    assert chosen(pinned) == {"a": "2.0"}
    assert pinned.notices == ("a 2.0 is yanked. Reason for being yanked: eats files�[2J",)


def test_a_version_for_another_python_is_passed_over_wherever_that_is_said() -> None:
    on_the_page, in_the_metadata = (
        a("2.0", requires_python=">=3.99"),
        a("3.0", requires_python="<3", hidden_python=True),
    )
    assert chosen(decide([a("1.0"), on_the_page, in_the_metadata], "a")) == {"a": "1.0"}
    ignoring = Selection(ignore_requires_python=True)
    assert chosen(decide([a("1.0"), in_the_metadata], "a", selection=ignoring)) == {"a": "3.0"}


def test_metadata_that_cannot_be_used_passes_its_version_over() -> None:
    broken = a("2.0", requires=("this is none",))
    resolution = decide([a("1.0"), broken], "a")
    assert chosen(resolution) == {"a": "1.0"}
    assert [n for n in resolution.notices if "a 2.0" in n and "this is none" in n]


def test_a_project_without_usable_metadata_is_as_good_as_absent() -> None:
    """The version that requires it is given up, not merely the project, as pip never sees a candidate of it."""
    releases = [a("1.0"), a("2.0", requires=("b",)), b("1.0", requires=("this is none",))]
    assert chosen(decide(releases, "a")) == {"a": "1.0"}
    error = refused(releases, "a==2.0")
    assert references(error) == ["no-matching-version"]
    assert any("metadata that cannot be used" in line for line in error.diagnostics[0].context)


def test_a_wheel_that_calls_itself_otherwise_is_passed_over_for_another_of_its_version() -> None:
    class Liar(MemoryCatalog):
        def metadata(self, candidate: Any) -> Any:
            if candidate.build:
                return super().metadata(self.candidates_for("b", ()).available.candidates[0])
            return super().metadata(candidate)

    releases = [a("2.0", build="1"), a("2.0"), a("1.0"), b("2.0")]
    resolution = decide(releases, "a", catalog=Liar(build([index(default=True)]), {"public": releases}))
    assert chosen(resolution) == {"a": "2.0"}
    assert resolution.pins["a"].candidate is not None
    assert not resolution.pins["a"].candidate.build


# --- dependencies --------------------------------------------------------------------------------------------


def test_dependencies_are_chosen_with_their_graph_and_who_asked() -> None:
    resolution = decide([a(requires=("b<2",)), b("1.0", requires=("c",)), b("2.0"), c("1.0")], "a")
    assert chosen(resolution) == {"a": "1.0", "b": "1.0", "c": "1.0"}
    pins = resolution.pins
    assert (pins["a"].requires, pins["b"].requires, pins["c"].requires) == (("b",), ("c",), ())
    assert (pins["a"].requested, pins["b"].requested) == (True, False)
    assert pins["c"].required_by[0].chain() == "b 1.0  <-  a 1.0  <-  requirements.txt:1"
    assert pins["c"].route.rule is RoutingRule.DEFAULT


def test_an_older_version_is_taken_where_the_newest_conflicts() -> None:
    releases = [a("1.0", requires=("c<2",)), a("2.0", requires=("c>=2",)), b(requires=("c<2",)), c("1.0"), c("2.0")]
    assert chosen(decide(releases, "a", "b")) == {"a": "1.0", "b": "1.0", "c": "1.0"}


def test_extras_bring_their_requirements_and_unknown_ones_a_notice() -> None:
    releases = [a(extras={"Big.Data": ["b"], "x": ["c; python_version < '3'"]}), b(), c()]
    assert chosen(decide(releases, "a")) == {"a": "1.0"}
    resolution = decide(releases, "a[big_data,x]>=1")
    assert chosen(resolution) == {"a": "1.0", "b": "1.0"}
    assert resolution.pins["a"].extras == {"big-data", "x"}
    assert resolution.pins["a"].requires == ("b",)
    assert decide(releases, "a[y]").notices == ("a 1.0 does not provide the extra 'y'",)


def test_markers_are_those_of_the_target() -> None:
    releases = [a(requires=("b; sys_platform == 'linux'", "c; sys_platform == 'win32'")), b(), c()]
    assert chosen(decide(releases, "a", "c; python_version < '3'")) == {"a": "1.0", "b": "1.0"}


def test_an_extra_that_a_marker_asks_about_is_never_undefined() -> None:
    from packaging.requirements import Requirement

    markers = Markers(MARKERS)
    odd = Requirement("b; extra == 'x' or sys_platform == 'linux'")
    assert markers.hold(odd, frozenset())
    assert not markers.hold(Requirement("b; extra == 'x'"), frozenset())
    assert markers.hold(Requirement("b; extra == 'X_Y'"), frozenset({"x-y"}))


def test_only_deps_leaves_out_what_was_asked_for_and_no_deps_the_rest() -> None:
    releases = [a(requires=("b",)), b(requires=("c",)), c()]
    assert chosen(decide(releases, "a", only_deps=True)) == {"b": "1.0", "c": "1.0"}
    assert chosen(decide(releases, "a", no_deps=True)) == {"a": "1.0"}


def test_a_circle_of_projects_that_were_given_up_neither_hangs_nor_crashes() -> None:
    """resolvelib 1.2.1, and pip with it, follows such a circle for ever when it writes down its result."""
    releases = [
        a("2.0", requires=("b", "c==2.0")),
        a("1.0"),
        b("1.0", requires=("d", "c==1.0")),
        Release("d", "1.0", requires=("e",)),
        Release("e", "1.0", requires=("d",)),
        c("1.0"),
        c("2.0"),
    ]
    assert chosen(decide(releases, "a")) == {"a": "1.0"}


# --- what is installed ---------------------------------------------------------------------------------------


def test_what_is_installed_and_fits_is_kept_and_no_index_is_asked() -> None:
    catalog = MemoryCatalog(build([index(default=True)]), {"public": [a("2.0"), b("2.0")]})
    resolution = decide((), "a", installed=[a("1.0", requires=("b",)), b("1.0")], catalog=catalog)
    assert (chosen(resolution), catalog.asked) == ({}, [])
    assert resolution.pins["a"].route.rule is RoutingRule.INSTALLED
    assert set(resolution.pins) == {"a", "b"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        ({"upgrade": UpgradeStrategy.ONLY_IF_NEEDED}, {"a": "2.0"}),
        ({"upgrade": UpgradeStrategy.EAGER}, {"a": "2.0", "b": "2.0"}),
        ({"force_reinstall": True}, {"a": "2.0", "b": "2.0"}),
        ({"ignore_installed": True}, {"a": "2.0", "b": "2.0"}),
    ],
    ids=["plain", "only-if-needed", "eager", "force-reinstall", "ignore-installed"],
)
def test_upgrades_go_as_far_as_the_strategy_says(settings: dict[str, Any], expected: dict[str, str]) -> None:
    releases = [a("1.0", requires=("b",)), a("2.0", requires=("b",)), b("1.0"), b("2.0")]
    resolution = decide(releases, "a", installed=[a("1.0", requires=("b",)), b("1.0")], **settings)
    assert chosen(resolution) == expected


def test_the_same_version_is_installed_again_only_by_force() -> None:
    again = decide([a("1.0")], "a", installed=[a("1.0")], force_reinstall=True)
    assert chosen(again) == {"a": "1.0"}
    assert again.pins["a"].replaces is not None
    assert chosen(decide([a("1.0")], "a", installed=[a("1.0")], upgrade=UpgradeStrategy.EAGER)) == {}


def test_what_is_installed_and_does_not_fit_makes_way() -> None:
    resolution = decide([a("2.0")], "a>=2", installed=[a("1.0")])
    assert chosen(resolution) == {"a": "2.0"}
    assert resolution.pins["a"].replaces is not None


def test_an_installed_version_newer_than_all_on_the_index_stays_under_upgrade() -> None:
    assert chosen(decide([a("1.0")], "a", installed=[a("9.0")], upgrade=UpgradeStrategy.EAGER)) == {}


# --- constraints and hashes ------------------------------------------------------------------------------------


def test_constraints_limit_and_do_not_ask() -> None:
    releases = [a("1.0"), a("2.0", requires=("b",)), b("1.0"), b("2.0"), c("1.0")]
    resolution = decide(releases, "a", constraints=["b<2", "b>=1", "c==1.0", "a<9; python_version < '3'"])
    assert chosen(resolution) == {"a": "2.0", "b": "1.0"}


def test_the_file_with_the_users_hash_is_chosen_even_if_older() -> None:
    releases = [a("1.0"), a("2.0")]
    resolution = decide(releases, asked("a", hashes=(digest_of(releases[0]),)))
    assert chosen(resolution) == {"a": "1.0"}


def test_a_file_without_the_users_hash_is_refused() -> None:
    error = refused([a("1.0")], asked("a==1.0", hashes=(digest_of(b()),)))
    assert isinstance(error, Refused)
    assert references(error) == ["hash-mismatch"]


def test_two_statements_that_allow_no_common_hash_are_refused() -> None:
    one, other = a("1.0"), a("2.0")
    error = refused(
        [one, other], asked("a", hashes=(digest_of(one),)), constraints=[limited("a", hashes=(digest_of(other),))]
    )
    assert references(error) == ["hash-mismatch"]


def test_hash_checking_mode_names_all_that_have_no_hash() -> None:
    releases = [a(requires=("b", "c")), b(), c()]
    mine = asked("a==1.0", hashes=(digest_of(releases[0]),))
    error = refused(releases, mine, require_hashes=True)
    assert isinstance(error, Refused)
    assert [(d.reference, d.subject) for d in error.diagnostics] == [("missing-hash", "b"), ("missing-hash", "c")]
    assert f"b==1.0 --hash={digest_of(releases[1])}" in error.diagnostics[0].hint
    limits = [limited(f"{r.name}==1.0", hashes=(digest_of(r),)) for r in releases[1:]]
    assert len(chosen(decide(releases, mine, constraints=limits, require_hashes=True))) == 3


# --- wheels named directly --------------------------------------------------------------------------------------


def url_of(release: Release) -> str:
    return f"https://files.example/{filename_of(release)}"


def test_a_wheel_by_url_is_taken_whatever_the_index_has() -> None:
    releases = [a("1.0", requires=("b",), extras={"x": ["c"]}), a("2.0"), b(requires=("a>=1",)), c()]
    resolution = decide(releases, f"a[x] @ {url_of(releases[0])}")
    assert chosen(resolution) == {"a": "1.0", "b": "1.0", "c": "1.0"}
    assert resolution.pins["a"].direct_url == url_of(releases[0])
    assert resolution.pins["a"].route.rule is RoutingRule.DIRECT


def test_a_constraint_by_url_holds_for_names_and_against_other_urls() -> None:
    releases = [a("1.0"), a("2.0")]
    limit = [f"a @ {url_of(releases[0])}"]
    assert decide(releases, "a", constraints=limit).pins["a"].direct_url == url_of(releases[0])
    error = refused(releases, f"a @ {url_of(releases[1])}", constraints=limit)
    assert references(error) == ["resolution-impossible"]
    assert any(url_of(releases[0]) in line for line in error.diagnostics[0].context)


def test_a_claimed_name_is_not_satisfied_by_a_url_unless_the_policy_says_so() -> None:
    acme = index("acme", packages=("a",))
    line = f"a @ {url_of(a())}"
    error = refused([a()], line, f"b @ {url_of(b())}", indexes=[index(default=True), acme])
    assert [(d.reference, d.subject) for d in error.diagnostics] == [("claimed-name", "a")]
    allowed = Policy(allow_direct=frozenset({"a"}))
    assert chosen(decide([a()], line, indexes=[index(default=True), acme], policy=allowed)) == {"a": "1.0"}


def test_a_distribution_may_not_choose_urls_unless_the_user_named_the_very_same() -> None:
    there = url_of(b())
    releases = [a(requires=(f"b @ {there}", "c @ https://elsewhere.example/c-1.0-py3-none-any.whl")), b(), c()]
    error = refused(releases, "a")
    assert [(d.reference, d.subject) for d in error.diagnostics] == [
        ("direct-reference", "b"),
        ("direct-reference", "c"),
    ]
    assert error.diagnostics[0].hint.endswith(f": b @ {there}")
    only_b = [a(requires=(f"b @ {there}",)), b()]
    assert chosen(decide(only_b, "a", f"b @ {there}")) == {"a": "1.0", "b": "1.0"}


@pytest.mark.parametrize(
    "path",
    [
        "$(touch${IFS}x)",
        "`touch${IFS}x`",
        "a&b",
        "a;b",
        "${TOKEN}",
        "a'b",
        'a"b',
        "a|b",
        "a>b",
        "a\\b",
        "a(b",
        "%TOKEN%",
    ],
)
def test_a_hint_repeats_no_url_that_a_shell_would_act_on(path: str) -> None:
    """The author of a distribution has written it, and a hint is there to be pasted. As evidence it is shown."""
    url = f"https://elsewhere.example/{path}/c-1.0-py3-none-any.whl"
    (found,) = refused([a(requires=(f"c @ {url}",))], "a").diagnostics
    assert found.context[0] == url
    assert "elsewhere" not in found.hint
