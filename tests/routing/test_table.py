"""Routing: which index may answer for a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.config.level import read_level
from safepip.config.merging import merge
from safepip.model.digest import strong
from safepip.model.errors import UnusableInput, UsageError
from safepip.model.index import Index, IndexUrl
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.route import Observation, Presence, Route, RoutingRule, Survey
from safepip.routing.ambiguities import explain_ambiguities
from safepip.routing.table import (
    Ambiguity,
    RoutingTable,
    build,
    decide_route,
    project_name,
)

SHA = strong("sha256", "a" * 64)
HERE = Origin(Source.PROJECT_CONFIG, "safepip.toml", 3)


def index(name: str, *packages: str, default: bool = False, mirror_of: str | None = None, url: str = "") -> Index:
    address = IndexUrl.parse(url or f"https://{name}.example/simple/")
    return Index(name, address, packages=packages, default=default, mirror_of=mirror_of, origin=HERE)


PUBLIC = index("public", default=True)


def routed(table: RoutingTable, name: str) -> tuple[str, RoutingRule]:
    route = table.route(name)
    assert isinstance(route, Route)
    assert route.index is not None
    return route.index.name, route.rule


def test_an_exact_claim_goes_to_its_index() -> None:
    """A claimed name is asked of the index that claims it."""
    table = build([index("acme", "billing"), PUBLIC])
    assert routed(table, "billing") == ("acme", RoutingRule.EXACT_CLAIM)
    assert routed(table, "requests") == ("public", RoutingRule.DEFAULT)


@pytest.mark.parametrize("name", ["acme", "acmefoo", "acme-", "my-acme-web"])
def test_a_pattern_does_not_claim_what_only_looks_alike(name: str) -> None:
    """`acme-*` claims neither `acme` nor `acmefoo`."""
    assert routed(build([index("acme", "acme-*"), PUBLIC]), name)[0] == "public"


def test_an_exact_claim_beats_a_pattern_and_a_longer_pattern_a_shorter_one() -> None:
    """The most specific claim decides, whatever the order of the tables."""
    indexes = [index("a", "acme-*"), index("b", "acme-web-*"), index("c", "acme-web-core"), PUBLIC]
    for order in (indexes, indexes[::-1]):
        table = build(order)
        assert routed(table, "acme-x")[0] == "a"
        assert routed(table, "acme-web-x")[0] == "b"
        assert routed(table, "acme-web-core")[0] == "c"


@pytest.mark.parametrize("pattern", ["Acme.*", "ACME_*", "acme-*", "acme--*"])
def test_patterns_are_normalised_first(pattern: str) -> None:
    """Spelling a claim differently does not change what it claims."""
    assert routed(build([index("acme", pattern), PUBLIC]), "acme-web")[0] == "acme"


@pytest.mark.parametrize("pattern", ["", "*", "acme*", "a*b", "acme-*-x", "-acme", "acme-**", "ac me", "-*"])
def test_anything_else_is_no_claim(pattern: str) -> None:
    """A claim is a name or a prefix that ends in `-*`."""
    with pytest.raises(UsageError) as caught:
        build([index("acme", pattern), PUBLIC])
    assert caught.value.diagnostics[0].reference == "bad-claim"


def test_the_same_claim_on_two_indexes_names_both_lines() -> None:
    """Whoever wrote it twice is shown where."""
    one = Index("one", IndexUrl.parse("https://one.example/"), packages=("x",), origin=Origin(Source.FILE, "a.toml", 2))
    two = Index("two", IndexUrl.parse("https://two.example/"), packages=("X",), origin=Origin(Source.FILE, "b.toml", 5))
    with pytest.raises(UsageError) as caught:
        build([one, two])
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.reference == "conflicting-claims"
    assert "a.toml:2" in diagnostic.context[0]
    assert "b.toml:5" in diagnostic.context[1]


def test_one_index_at_most_is_the_default() -> None:
    """Two defaults are a contradiction."""
    with pytest.raises(UsageError) as caught:
        build([PUBLIC, index("other", default=True)])
    assert caught.value.diagnostics[0].reference == "two-defaults"


def test_all_contradictions_are_reported_together() -> None:
    """The user is not sent from one error to the next."""
    with pytest.raises(UsageError) as caught:
        build(
            [index("a", "x", "b*d"), index("b", "x"), PUBLIC, index("c", default=True), index("m", mirror_of="nobody")]
        )
    found = {d.reference for d in caught.value.diagnostics}
    assert found == {"conflicting-claims", "bad-claim", "two-defaults", "bad-mirror"}


@pytest.mark.parametrize(
    "mirror",
    [
        index("m", mirror_of="m"),
        index("m", "x", mirror_of="public"),
        index("m", mirror_of="other"),
        index("m", mirror_of="public", default=True),
    ],
)
def test_a_mirror_stands_for_an_index_of_its_own_and_claims_nothing(mirror: Index) -> None:
    """A mirror is no index of its own."""
    with pytest.raises(UsageError) as caught:
        build([index("public"), index("other", mirror_of="public"), mirror])
    assert [d.reference for d in caught.value.diagnostics] == ["bad-mirror"]


def test_two_indexes_of_one_name_are_a_contradiction_and_both_places_are_named() -> None:
    """A claim, a mirror or a credential says which index it means by the name."""
    one = Index("acme", IndexUrl.parse("https://one.example/"), origin=Origin(Source.FILE, "a.toml", 2))
    two = Index("acme", IndexUrl.parse("https://two.example/"), origin=Origin(Source.FILE, "b.toml", 5))
    with pytest.raises(UsageError) as caught:
        build([one, two])
    assert [(d.reference, d.context) for d in caught.value.diagnostics] == [
        ("duplicate-index", ("a.toml:2", "b.toml:5"))
    ]
    build([one, one])


def test_an_index_with_claims_is_no_source_of_unclaimed_names() -> None:
    """An internal index is asked for what it owns, and nothing else decides by its answers."""
    table = build([index("acme", "acme-*"), PUBLIC])
    assert table.sources == (PUBLIC,)


def test_a_default_index_with_claims_has_the_unclaimed_names_too() -> None:
    """A claim on it protects a name against other sources, and takes nothing else away."""
    table = build([index("public", "mine-*", default=True), index("other", "acme-*")])
    assert routed(table, "requests") == ("public", RoutingRule.DEFAULT)


def test_several_unclaimed_sources_are_surveyed() -> None:
    """With an extra index the name alone does not decide, so every source is asked."""
    extra = index("extra")
    survey = build([PUBLIC, extra]).route("requests")
    assert survey == Survey("requests", (PUBLIC, extra))


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?", fullmatch=True)


@given(NAMES, st.sampled_from(["-", "_", ".", "--", "-_."]), NAMES)
def test_spelling_never_changes_a_route(left: str, separator: str, right: str) -> None:
    """Every spelling of a name has one normal form, which alone is routed."""
    spelled = left + separator + right
    assert normalise(spelled.upper()) == normalise(spelled) == normalise(normalise(spelled))


# --- surveys ------------------------------------------------------------------------------------------------

ONE, TWO, THREE = (index(n) for n in ("one", "two", "three"))
SURVEY = Survey("x", (ONE, TWO, THREE))
PRESENCES = st.sampled_from(list(Presence))


def answers(*presences: Presence) -> list[Observation]:
    return [Observation(i, p, newest="1.0") for i, p in zip(SURVEY.sources, presences, strict=True)]


@given(PRESENCES, PRESENCES, PRESENCES)
def test_a_name_is_settled_only_where_one_has_it_and_all_others_said_no(a: Presence, b: Presence, c: Presence) -> None:
    """Present in exactly one and absent in all others, or absent everywhere; otherwise refused."""
    verdict = decide_route(SURVEY, answers(a, b, c))
    presences = [a, b, c]
    if presences.count(Presence.PRESENT) == 1 and presences.count(Presence.ABSENT) == 2:
        assert isinstance(verdict, Route)
        assert verdict.index is SURVEY.sources[presences.index(Presence.PRESENT)]
        assert verdict.rule is RoutingRule.ONLY_OFFER
    elif presences.count(Presence.ABSENT) == 3:
        assert isinstance(verdict, Route)
        assert verdict.index is SURVEY.sources[0]
    else:
        assert isinstance(verdict, Ambiguity)


@given(PRESENCES, PRESENCES, PRESENCES, st.permutations(range(3)))
def test_the_order_of_indexes_never_settles_a_name(a: Presence, b: Presence, c: Presence, order: list[int]) -> None:
    """No index wins by being named first."""
    straight = decide_route(SURVEY, answers(a, b, c))
    shuffled = decide_route(Survey("x", tuple(SURVEY.sources[i] for i in order)), [answers(a, b, c)[i] for i in order])
    assert isinstance(straight, Route) == isinstance(shuffled, Route)
    if isinstance(straight, Route) and isinstance(shuffled, Route) and Presence.PRESENT in (a, b, c):
        assert straight.index == shuffled.index


def test_a_survey_is_not_settled_by_some_of_the_answers() -> None:
    """A source that was not asked is a bug, not an absence."""
    with pytest.raises(ValueError, match="all its sources"):
        decide_route(SURVEY, answers(Presence.ABSENT, Presence.PRESENT, Presence.ABSENT)[:2])


def test_files_pinned_by_hash_may_come_from_any_source() -> None:
    """A full hash pins the bytes, so that the source no longer matters, even if one of them is down."""
    verdict = decide_route(SURVEY, answers(Presence.PRESENT, Presence.PRESENT, Presence.UNKNOWN), pinned_by_hash=True)
    assert isinstance(verdict, Route)
    assert verdict.rule is RoutingRule.HASH


@given(PRESENCES, PRESENCES, PRESENCES)
def test_a_hash_is_worth_nothing_where_no_source_has_the_name(a: Presence, b: Presence, c: Presence) -> None:
    """Then the name is decided as without it."""
    if Presence.PRESENT not in (a, b, c):
        assert decide_route(SURVEY, answers(a, b, c), pinned_by_hash=True) == decide_route(SURVEY, answers(a, b, c))


def test_all_ambiguous_names_share_one_block_of_toml() -> None:
    """One paste declares the run's sources, and asks of each whether it owns each of the names."""
    acme = index("acme")
    both = (Observation(PUBLIC, Presence.PRESENT, "99.0"), Observation(acme, Presence.PRESENT, "1.4"))
    diagnostics = explain_ambiguities([Ambiguity("acme-web", both), Ambiguity("acme-utils", both)])
    assert [d.reference for d in diagnostics] == ["ambiguous-index"] * 2
    assert diagnostics[0].hint == ""
    hint = diagnostics[1].hint
    asked = 'packages = ["acme-utils?", "acme-web?"]'
    assert f'name = "acme"\nurl = "https://acme.example/simple/"\n{asked}' in hint
    assert f'name = "public"\nurl = "https://public.example/simple/"\n{asked}\ndefault = true' in hint


def test_no_owner_is_proposed() -> None:
    """Whoever offers the name, wherever the index was named and whatever it is the default of."""
    named = Index("i", IndexUrl.parse("https://i.example/"), default=True, origin=Origin(Source.COMMAND_LINE, "-i"))
    for answers_given in (
        (Observation(named, Presence.PRESENT, "1.0"), Observation(ONE, Presence.PRESENT, "99.0")),
        (Observation(PUBLIC, Presence.PRESENT, "99.0"), Observation(ONE, Presence.UNKNOWN, problem="down")),
        (Observation(PUBLIC, Presence.PRESENT), Observation(ONE, Presence.PRESENT), Observation(TWO, Presence.PRESENT)),
    ):
        (diagnostic,) = explain_ambiguities([Ambiguity("x", answers_given)])
        assert '"x"' not in diagnostic.hint
        assert diagnostic.hint.count('packages = ["x?"]') == len(answers_given)


def test_the_block_declares_pips_own_default_too() -> None:
    """With a configuration in force only declared indexes are asked, so without it the rest would have no source."""
    built_in = Index("default", IndexUrl.parse("https://public.example/simple/"), default=True)
    acme = index("acme", "acme-*")
    both = (Observation(built_in, Presence.PRESENT, "99.0"), Observation(acme, Presence.PRESENT, "1.4"))
    (diagnostic,) = explain_ambiguities([Ambiguity("billing", both)])
    block = diagnostic.hint.partition("\n")[2]
    with pytest.raises(UsageError, match="not decided yet which index owns billing"):
        read_level(block, "safepip.toml", Source.PROJECT_CONFIG)
    block = block.replace('["billing?"]', "[]").replace("billing?", "billing")
    level = read_level(block, "safepip.toml", Source.PROJECT_CONFIG)
    assert level is not None
    declared = merge([level], lambda: "https://public.example/simple/")
    table = build(declared.indexes)
    assert routed(table, "billing") == ("acme", RoutingRule.EXACT_CLAIM)
    assert routed(table, "acme-web") == ("acme", RoutingRule.PREFIX_CLAIM)
    assert routed(table, "requests") == ("default", RoutingRule.DEFAULT)


def test_an_index_that_gave_no_answer_is_named() -> None:
    """An unknown answer is its own refusal, with the reason."""
    stated = (Observation(PUBLIC, Presence.ABSENT), Observation(ONE, Presence.UNKNOWN, problem="status \x1b[31m503"))
    (diagnostic,) = explain_ambiguities([Ambiguity("x", stated)])
    assert diagnostic.reference == "unanswered-index"
    assert "one" in diagnostic.message
    assert "503" in diagnostic.context[0]
    assert "\x1b" not in diagnostic.context[0]


# --- arguments that are names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hint"), [("acme==1", "acme"), ("acme[x]", "acme"), ("acme utils", "acme"), ("./acme", ""), ("", "")]
)
def test_an_argument_that_is_more_than_a_name_is_told_and_not_routed(text: str, hint: str) -> None:
    """Taken for a name it would be shown as claimed by nobody."""
    with pytest.raises(UnusableInput) as caught:
        project_name(text)
    assert caught.value.diagnostics[0].reference == "invalid-requirement"
    assert caught.value.diagnostics[0].hint == (f"give the name alone: {hint}" if hint else "")
    assert project_name("Acme.Utils") == "acme-utils"
