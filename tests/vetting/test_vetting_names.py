"""The rules on names: what is refused by the name alone, what by its age, what is told, and what overrules them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from safepip.model.ages import DAY, AgePolicy
from safepip.model.candidate import Candidate, ProjectCandidates
from safepip.model.exemption import Exemption
from safepip.model.index import Index, IndexKind, IndexUrl
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.page import ProjectFile
from safepip.model.plan import Policy
from safepip.model.spans import day_and_time
from safepip.routing.table import build
from safepip.vetting.look_alikes import KnownNames
from safepip.vetting.names import YOUNG, NameRules, NamesOfRun, NameVerdict
from support.offers import PUBLIC, index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = 1_900_000_000.0
OLD = NOW - 1_000 * DAY

#: One very popular name; the one behind it is known, and no more.
KNOWN = ("python-dateutil", "colorama", "flask-appbuilder")
ACME = index("acme", packages=("acme-*", "billing-core"))
POLICY = Origin(Source.PROJECT_CONFIG, "safepip.toml", 3)


def rules(
    *,
    known: Sequence[str] = KNOWN,
    popular: int = 2,
    indexes: Any = (PUBLIC,),
    policy: Policy = Policy(),  # noqa: B008 - cannot be changed
    why_too_young: Callable[[str, float], str] = lambda _name, _uploaded: "",
    **run: Any,
) -> NameRules:
    """The rules of a run at `NOW`; the other fields are those of `NamesOfRun`."""
    table = build(indexes)
    own = [*table.exact, *(claim.key for claim in table.prefixes)]
    names = KnownNames(known, own, popular=popular)
    return NameRules(lambda: names, table, policy, NamesOfRun(**run), now=NOW, why_too_young=why_too_young)


def new_project(seconds: float = 7 * DAY, origin: Origin = BUILT_IN) -> Policy:
    """A policy that says how old a project has to be."""
    return Policy(ages=AgePolicy(new_project=seconds, new_project_origin=origin))


def available(name: str, born: float | None = OLD, url: str = "https://public.example/files/") -> ProjectCandidates:
    """A project with one wheel."""
    file = ProjectFile(f"{name}-1.0-py3-none-any.whl", url + name, upload_time=born)
    return ProjectCandidates(name, (Candidate(name, Version("1.0"), file, 0),), files=1, born=born)


def line(project: str, rule: str = "look-alike") -> Exemption:
    return Exemption(project, rule, "looked at", POLICY)


def judged(names: NameRules, name: str, born: float | None = OLD, **keywords: Any) -> NameVerdict:
    """What both questions together come to."""
    first = names.by_name(name)
    if first.refusal is not None:
        return first
    second = names.by_candidates(name, available(name, born, **keywords))
    return second._replace(allowed=first.allowed + second.allowed)


def reference(verdict: NameVerdict) -> str | None:
    return None if verdict.refusal is None else verdict.refusal.reference


STRONG, WEAK = "python3-dateutil", "flask-appbilder"


# --- look-alikes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [frozenset(), frozenset({STRONG})])
def test_a_strong_resemblance_is_refused_by_the_name_alone_whoever_asks(asked: frozenset[str]) -> None:
    names = rules(asked=asked)
    verdict = names.by_name(STRONG)
    assert verdict.refusal is not None
    assert verdict.refusal.reference == "look-alike"
    assert "resembles python-dateutil" in verdict.refusal.message
    assert f'project = "{STRONG}"\nrule = "look-alike"' in verdict.refusal.hint
    assert f"--allow-name {STRONG}" in verdict.refusal.hint
    assert not names.permit(STRONG)


def test_a_weak_resemblance_of_what_the_user_asks_for_is_refused_by_the_name_alone() -> None:
    names = rules(asked={WEAK})
    verdict = names.by_name(WEAK)
    assert reference(verdict) == "look-alike"
    assert verdict.refusal is not None
    assert verdict.refusal.hint.startswith("did you mean flask-appbuilder?")


def test_a_weak_resemblance_of_a_dependency_is_refused_while_young_and_told_afterwards() -> None:
    names = rules()
    assert names.by_name(WEAK) == NameVerdict()
    assert reference(judged(names, WEAK, NOW - YOUNG + 1)) == "look-alike"
    reported = judged(names, WEAK, NOW - YOUNG)
    assert reported.refusal is None
    assert "resembles flask-appbuilder" in reported.notice
    assert names.permit(WEAK, available(WEAK, OLD))
    assert not names.permit(WEAK, available(WEAK, NOW - DAY))


def test_a_project_of_unknown_age_is_taken_to_be_young_unless_its_files_are_on_this_machine() -> None:
    assert reference(judged(rules(), WEAK, None)) == "look-alike"
    here = judged(rules(), WEAK, None, url="file:///wheels/")
    assert here.refusal is None
    assert here.notice


def test_a_project_that_is_nowhere_is_not_refused_for_its_age() -> None:
    assert rules().by_candidates(WEAK, ProjectCandidates(WEAK, ())).refusal is None


def test_a_file_uploaded_in_the_future_makes_a_project_young() -> None:
    assert reference(judged(rules(), WEAK, NOW + 400 * DAY)) == "look-alike"
    assert reference(judged(rules(asked={"plain"}), "plain", NOW + 1e18)) == "new-project"


@pytest.mark.parametrize("name", ["python-dateutil", "colorama", "something-else-entirely"])
def test_a_known_name_and_one_that_resembles_none_are_not_refused(name: str) -> None:
    assert judged(rules(asked={name}), name) == NameVerdict()
    assert judged(rules(), name, None) == NameVerdict()


def test_names_that_an_index_claims_are_known_and_what_resembles_them_is_refused() -> None:
    names = rules(indexes=(PUBLIC, ACME), asked={"acme-dateutil3"})
    assert judged(names, "acme-dateutil3", NOW - 1) == NameVerdict()
    assert judged(names, "billing-core", None) == NameVerdict()
    verdict = names.by_name("billing-cor")
    assert verdict.refusal is not None
    assert "billing-core is claimed by the index acme" in verdict.refusal.context
    verdict = names.by_name("ac-me-tools")
    assert verdict.refusal is not None
    assert "acme-* is claimed by the index acme" in verdict.refusal.context
    assert rules().by_name("ac-me-tools") == rules().by_name("billing-cor") == NameVerdict()


def test_what_stands_in_the_lock_or_is_pinned_by_hash_was_judged_before() -> None:
    names = rules(already_decided={STRONG, "plain"}, asked={STRONG, "plain"})
    assert judged(names, STRONG, None) == NameVerdict()
    assert judged(names, "plain", NOW - 1) == NameVerdict()


def test_where_only_folders_of_this_machine_are_asked_no_stranger_chose_the_name() -> None:
    """An index that is copied to this machine has the names of strangers, and so has any further source."""
    folder = Index("folder", IndexUrl.parse("file:///wheels/"), IndexKind.FIND_LINKS, origin=POLICY)
    copied = Index("copied", IndexUrl.parse("file:///simple/"), default=True, origin=POLICY)
    remote = Index("remote", IndexUrl.parse("https://remote.example/"), IndexKind.FIND_LINKS, origin=POLICY)
    asked = {STRONG, "plain"}
    own = rules(indexes=(folder,), asked=asked)
    assert judged(own, STRONG, None) == judged(own, "plain", NOW) == NameVerdict()
    assert judged(rules(indexes=(folder, ACME), asked=asked), STRONG, None) == NameVerdict()
    for indexes in ((copied,), (remote,), (folder, PUBLIC), (folder, remote), (ACME,)):
        assert reference(rules(indexes=indexes, asked=asked).by_name(STRONG)) == "look-alike"
    above = Origin(Source.MACHINE_POLICY, "/policy.toml", 1)
    held = rules(indexes=(folder,), asked=asked, policy=Policy(enforced={"look-alike": above}))
    assert reference(held.by_name(STRONG)) == "look-alike"


def test_the_list_is_read_once_and_only_when_a_name_needs_it() -> None:
    reads = []

    def known() -> KnownNames:
        reads.append(1)
        return KnownNames(KNOWN)

    names = NameRules(known, build((PUBLIC, ACME)), Policy(), NamesOfRun(already_decided={"locked"}), now=NOW)
    names.by_name("acme-app"), names.by_name("locked")
    assert not reads
    for _ in range(2):
        names.by_name("plain"), names.by_name(STRONG)
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("requirements-txt", "write -r before its name: -r requirements.txt"),
        ("json", "There is nothing to install: import json"),
        ("cookielib", "Python no longer has it"),
        ("imp", "Python no longer has it"),
        ("distutils", "Python no longer has it"),
    ],
)
def test_a_files_or_a_modules_name_is_answered_with_what_was_probably_meant(name: str, says: str) -> None:
    verdict = rules(asked={name}).by_name(name)
    assert verdict.refusal is not None
    assert says in verdict.refusal.hint
    assert ("import " in verdict.refusal.hint) == (name == "json")


def test_a_former_module_is_not_said_to_come_with_python() -> None:
    verdict = rules(asked={"imp"}).by_name("imp")
    assert verdict.refusal is not None
    assert verdict.refusal.message.startswith("imp is, or was, a module of Python's standard library, and ")


# --- new projects ----------------------------------------------------------------------------------------------------


def test_a_project_that_the_user_asks_for_must_be_older_than_policy_says() -> None:
    names = rules(asked={"plain"}, policy=new_project(7 * DAY))
    verdict = judged(names, "plain", NOW - 7 * DAY + 1)
    assert reference(verdict) == "new-project"
    assert judged(names, "plain", NOW - 7 * DAY) == NameVerdict()
    assert judged(rules(asked={"plain"}, policy=new_project(0.0)), "plain", NOW) == NameVerdict()
    assert not names.permit("plain", available("plain", NOW - DAY))
    assert names.permit("plain")


def test_the_age_under_which_a_project_is_new_is_told_with_who_says_it() -> None:
    for origin, says in ((BUILT_IN, "safepip's defaults"), (POLICY, "safepip.toml:3")):
        verdict = judged(rules(asked={"plain"}, policy=new_project(origin=origin)), "plain", NOW - DAY)
        assert verdict.refusal is not None
        assert verdict.refusal.context[1] == f"a project is new for 7 days ({says})"


def test_moments_are_written_as_the_rules_on_ages_write_them() -> None:
    verdict = judged(rules(asked={"plain"}), "plain", NOW - DAY)
    assert verdict.refusal is not None
    assert verdict.refusal.context[0] == f"its first file was uploaded at {day_and_time(NOW - DAY)}"


def test_where_the_first_file_is_held_back_too_the_hint_says_that_the_name_is_not_enough() -> None:
    asked = []

    def why_too_young(name: str, uploaded: float) -> str:
        asked.append((name, uploaded))
        return "is held back until Tuesday"

    verdict = judged(rules(asked={"plain"}, why_too_young=why_too_young), "plain", NOW - DAY / 5)
    assert verdict.refusal is not None
    line = "to allow the name is not enough yet: its first file is held back until Tuesday"
    assert line in verdict.refusal.hint.splitlines()
    assert asked == [("plain", NOW - DAY / 5)]
    verdict = judged(rules(asked={"plain"}), "plain", NOW - DAY / 5)
    assert verdict.refusal is not None
    assert "not enough" not in verdict.refusal.hint


def test_a_new_project_that_a_distribution_requires_is_the_cooldowns_matter() -> None:
    assert judged(rules(), "plain", NOW - 1) == NameVerdict()


def test_a_well_known_project_that_begins_anew_is_new() -> None:
    assert reference(judged(rules(asked={"colorama"}), "colorama", NOW - DAY)) == "new-project"


def test_where_nothing_is_dated_nothing_is_new() -> None:
    assert judged(rules(asked={"plain"}), "plain", None) == NameVerdict()


# --- what overrules them ---------------------------------------------------------------------------------------------


def test_a_line_of_policy_overrules_its_own_rule_for_its_own_project_and_is_told() -> None:
    names = rules(asked={STRONG}, policy=Policy(exemptions=(line(STRONG),)))
    (allowed,) = names.by_name(STRONG).allowed
    assert (allowed.rule, allowed.exemption) == ("look-alike", line(STRONG))
    assert names.permit(STRONG)
    assert reference(judged(names, STRONG, NOW - DAY)) == "new-project"
    for other in (line(STRONG, "new-project"), line("python2-dateutil")):
        assert reference(rules(policy=Policy(exemptions=(other,))).by_name(STRONG)) == "look-alike"


def test_an_option_overrules_both_rules_for_one_run_and_is_told() -> None:
    stated = Origin(Source.ENVIRONMENT, "PIP_ALLOW_NAME")
    names = rules(asked={STRONG}, allowed={STRONG}, allowed_at=stated)
    verdict = judged(names, STRONG, NOW - DAY)
    assert verdict.refusal is None
    assert [a.rule for a in verdict.allowed] == ["look-alike", "new-project"]
    assert verdict.allowed[0].line("x 1.0").endswith("(reason: allowed for this run, PIP_ALLOW_NAME)")


def test_what_is_allowed_and_needs_no_allowance_is_not_told() -> None:
    policy = Policy(exemptions=(line("plain"), line("plain", "new-project"), line(WEAK)))
    assert judged(rules(asked={"plain"}, policy=policy), "plain") == NameVerdict()
    assert judged(rules(policy=policy), WEAK) == NameVerdict()


# --- laws ------------------------------------------------------------------------------------------------------------

PARTS = st.sampled_from(["python", "python3", "py", "date", "dateutil", "color", "colorama", "colour", "flask", "app"])
NAMES = st.one_of(
    st.lists(PARTS, min_size=1, max_size=3).map("-".join),
    st.sampled_from([STRONG, WEAK, "colourama", "json", "requirements-txt", *KNOWN]),
    st.from_regex(r"[a-z][a-z0-9]{2,9}", fullmatch=True),
)
BORN = st.one_of(st.none(), st.floats(0, 200).map(lambda days: NOW - days * DAY))
LAWS = settings(max_examples=150, deadline=None)


@LAWS
@given(NAMES, BORN, st.booleans(), st.booleans(), st.lists(NAMES, max_size=5))
def test_a_name_on_the_allow_list_is_never_refused_by_these_rules(
    name: str, born: float | None, direct: bool, by_option: bool, known: list[str]
) -> None:
    lines = [] if by_option else [line(name), line(name, "new-project")]
    names = rules(
        known=known,
        asked={name} if direct else set(),
        policy=Policy(exemptions=tuple(lines)),
        allowed={name} if by_option else set(),
    )
    assert judged(names, name, born).refusal is None
    assert names.permit(name, available(name, born))


@LAWS
@given(NAMES, BORN, st.booleans(), st.lists(NAMES, max_size=5), st.integers(0, 5))
def test_adding_a_well_known_name_never_makes_that_name_refused(
    name: str, born: float | None, direct: bool, known: list[str], place: int
) -> None:
    asked = {name} if direct else set()
    before = judged(rules(known=known, asked=asked), name, born)
    after = judged(rules(known=[*known[:place], name, *known[place:]], asked=asked), name, born)
    assert reference(after) != "look-alike"
    assert after.refusal is None or reference(before) is not None
    assert not after.notice


@LAWS
@given(NAMES, BORN, st.booleans(), st.lists(NAMES, max_size=5, unique=True))
def test_what_may_be_guessed_at_is_what_is_not_refused(
    name: str, born: float | None, direct: bool, known: list[str]
) -> None:
    names = rules(known=known, asked={name} if direct else set())
    assert names.permit(name) == (names.by_name(name).refusal is None)
    assert names.permit(name, available(name, born)) == (judged(names, name, born).refusal is None)


@LAWS
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True), st.lists(NAMES, max_size=5), st.randoms())
def test_the_order_in_which_names_are_judged_changes_no_verdict(
    asked: list[str], known: list[str], random: Any
) -> None:
    shuffled = list(asked)
    random.shuffle(shuffled)
    first, second = rules(known=known, asked=set(asked)), rules(known=known, asked=set(asked))
    one = {name: judged(first, name) for name in asked}
    other = {name: judged(second, name) for name in shuffled}
    assert one == other


def test_a_claim_settles_nothing_where_a_higher_level_forbids_exceptions() -> None:
    """Else a line below would be the exception that is forbidden."""
    claiming = index("mine", packages=("python3-dateutil", "fresh"))
    above, beside = Origin(Source.USER_POLICY, "user.toml", 1), Origin(Source.PROJECT_CONFIG, "safepip.toml", 9)
    for enforced, found in ((above, ("look-alike", "new-project")), (beside, (None, None))):
        names = NameRules(
            lambda: KnownNames(KNOWN, popular=2),
            build((PUBLIC, claiming)),
            Policy(enforced={"look-alike": enforced, "new-project": enforced}),
            NamesOfRun(asked={"python3-dateutil", "fresh"}),
            now=NOW,
        )
        young = NOW - DAY
        assert (reference(judged(names, "python3-dateutil")), reference(judged(names, "fresh", young))) == found


def test_an_age_that_policy_demands_must_be_known() -> None:
    """The default is nobody's demand; files on this machine have no stranger's age."""
    asked = {"fresh"}
    assert reference(judged(rules(asked=asked), "fresh", None)) is None
    names = rules(asked=asked, policy=new_project(origin=POLICY))
    assert reference(judged(names, "fresh", None)) == "new-project"
    assert reference(judged(names, "fresh", None, url="file:///srv/")) is None
    assert names.by_candidates("fresh", ProjectCandidates("fresh", ())).refusal is None
