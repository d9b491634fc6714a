"""Aliases are an equivalence: reflexive, symmetric, transitive, and no larger than what was stated."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safepip.advisories.aliases import _MOST_NAMES, AliasClasses

IDS = st.integers(0, 12).map(lambda number: f"CVE-{number}")
PAIRS = st.lists(st.tuples(IDS, st.lists(IDS, max_size=3)), max_size=12)


def classes(pairs: list[tuple[str, list[str]]]) -> AliasClasses:
    made = AliasClasses()
    for identity, aliases in pairs:
        made.add(identity, aliases)
    return made


def test_two_records_that_meet_in_a_third_id_are_one_matter() -> None:
    """Also where that id has no record."""
    made = classes([("GHSA-1", ["CVE-1"]), ("PYSEC-1", ["CVE-1"]), ("GHSA-2", ["CVE-2"])])
    assert made.names("GHSA-1") == made.names("PYSEC-1") == ("PYSEC-1", "GHSA-1", "CVE-1")
    assert made.names("CVE-2") == ("GHSA-2", "CVE-2")


def test_a_matter_is_named_by_what_says_most() -> None:
    """Malice first, then the Python advisory database."""
    made = classes([("X-1", ["CVE-1", "GHSA-1", "MAL-1", "PYSEC-1"])])
    assert made.names("X-1") == ("MAL-1", "PYSEC-1", "GHSA-1", "CVE-1", "X-1")


@given(PAIRS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_aliases_are_an_equivalence(pairs: list[tuple[str, list[str]]]) -> None:
    """The classes are disjoint, each id is in its own, and what was stated is in one."""
    made = classes(pairs)
    ids = {identity for first, others in pairs for identity in (first, *others)}
    for identity in ids:
        names = made.names(identity)
        assert identity in names
        assert all(made.names(name) == names for name in names)
    for identity, aliases in pairs:
        assert set(aliases) <= set(made.names(identity))


@given(PAIRS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_one_that_no_chain_of_aliases_joins(pairs: list[tuple[str, list[str]]]) -> None:
    """Against a search over the stated pairs, which shares no code."""
    made = classes(pairs)
    edges = [{identity, alias} for identity, aliases in pairs for alias in (*aliases, identity)]
    for start, _ in pairs:
        reached = {start}
        while any(edge & reached and not edge <= reached for edge in edges):
            reached |= {name for edge in edges if edge & reached for name in edge}
        assert set(made.names(start)) == reached


@given(st.data(), PAIRS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_and_duplication_of_records_change_nothing(
    data: st.DataObject, pairs: list[tuple[str, list[str]]]
) -> None:
    """Nor does it which of two records names the other."""
    other = classes(data.draw(st.permutations(pairs * 2)))
    made = classes(pairs)
    assert all(made.names(identity) == other.names(identity) for identity, _ in pairs)


def test_a_class_of_more_names_than_any_matter_has_joins_nothing() -> None:
    """Records of strangers could make one matter of everything, and each would carry all the names."""
    classes = AliasClasses()
    for number in range(_MOST_NAMES - 1):
        classes.add(f"GHSA-{number}", ["CVE-1"])
    assert len(classes.names("GHSA-5")) == _MOST_NAMES
    classes.add("GHSA-one-more", ["CVE-1"])
    assert classes.names("GHSA-5") == ("GHSA-5",)
    assert classes.names("CVE-1") == ("CVE-1",)
