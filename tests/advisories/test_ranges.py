"""Ranges: OSV's evaluation in the order of PEP 440, and the laws that it keeps."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import Version

from safepip.advisories.ranges import affects, contains, is_listed
from safepip.model.advisories import Affected, Event
from support.advisories import events


def walk(*pairs: str) -> tuple[Event, ...]:
    return tuple(Event(kind, version) for each in events(*pairs) for kind, version in each.items())


@pytest.mark.parametrize(
    ("pairs", "inside", "outside"),
    [
        (("introduced 0",), "0.dev0 0 1!0 2024.1", ""),
        (("introduced 0", "fixed 2.0"), "0.0.1.dev1 1.9 2.0rc1 2.0.dev3", "2.0 2.0.0 2.0.post1 1!0.1"),
        (("introduced 1.0", "last_affected 2.0"), "1.0 1 2.0 2.0.0 2.0+local.7", "1.0rc1 2.0.post1 2.0.1"),
        (("introduced 1!1.0", "fixed 1!2.0"), "1!1.5", "1.5 99 1!2"),
        (("introduced 1", "fixed 2", "introduced 3", "fixed 4"), "1 1.9 3.0 3.5", "0.9 2 2.9 4 5"),
        (("introduced 1", "fixed 2", "introduced 2", "fixed 3"), "1 2 2.5", "0 3"),
        (("introduced 1.0", "last_affected 1.0"), "1.0 1.0+cpu", "1.0.post1 0.9 1.1"),
        (("introduced 0", "limit 2.0"), "1.0 2.0rc1", "2.0 3"),
        (("introduced 0", "limit *"), "1.0 2.0 9", ""),
        (("introduced 0", "limit 2.0", "limit 3.0"), "1 2.5", "3"),
        (("introduced 0", "fixed 2.0+patched.1"), "2.0 2.0+patched.0 1", "2.0+patched.1 2.0+patched.2 2.1"),
        (("introduced 0", "fixed 2.0"), "1.9+cu118", "2.0+cu118"),
    ],
)
def test_a_range_is_walked_in_the_order_of_versions(pairs: tuple[str, ...], inside: str, outside: str) -> None:
    """Epochs, pre-, post- and development releases and local versions included."""
    for text in inside.split():
        assert contains(walk(*pairs), Version(text)), text
    for text in outside.split():
        assert not contains(walk(*pairs), Version(text)), text


def test_a_listed_version_is_meant_however_it_is_written() -> None:
    """And with it its local builds; what PEP 440 refuses is compared as it is written."""
    listed = ("1.0.0", "2004a", "0.2.0-n653", "3.0+cpu")
    for text in ("1.0", "1", "v1.0.0", "1.0+cu118", "2004a", "0.2.0-n653", "3.0+cpu"):
        assert is_listed(listed, text), text
    for text in ("1.0.1", "1.0.post1", "2004b", "0.2.0-N653", "3.0", "3.0+cuda"):
        assert not is_listed(listed, text), text


@pytest.mark.parametrize(
    ("affected", "version", "answer"),
    [
        (Affected((), (walk("introduced 0", "fixed 2019-09-12x"),)), "1.0", None),
        (Affected(("0.9",), (walk("introduced 0", "fixed 2019-09-12x"),)), "1.0", False),
        (Affected(("1.0",), (walk("introduced 0", "fixed 2019-09-12x"),)), "1.0", True),
        (Affected((), (walk("introduced 0", "fixed x y"), walk("introduced 0", "fixed 2"))), "1.0", True),
        (Affected((), (walk("introduced 0", "fixed x y"), walk("introduced 0", "fixed 2"))), "3.0", None),
        (Affected((), (walk("introduced 0", "fixed 2"),)), "final", None),
        (Affected((), (walk("introduced 0"),)), "final", True),
        (Affected(("final",), ()), "final", True),
        (Affected(("0.9",), ()), "final", False),
        (Affected(("0.9",), (walk("introduced 0", "fixed 2"),)), "final", None),
        (Affected(("0.9",), (walk("introduced 0", "fixed 2"),)), "1.0-custom_build", None),
    ],
)
def test_what_cannot_be_ordered_is_not_guessed(affected: Affected, version: str, answer: bool | None) -> None:
    """Where it is a bound, the list decides if there is one; else nothing is said."""
    assert affects(affected, version) is answer


VERSIONS = st.builds(
    lambda epoch, release, suffix, local: f"{epoch}{'.'.join(map(str, release))}{suffix}{local}",
    st.sampled_from(["", "", "1!"]),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.sampled_from(["", "", "a1", "rc1", ".post1", ".dev1"]),
    st.sampled_from(["", "", "+l.1"]),
)
EVENTS = st.lists(
    st.builds(Event, st.sampled_from(["introduced", "fixed", "last_affected", "limit"]), st.just("0") | VERSIONS),
    max_size=6,
)


@given(EVENTS, st.lists(VERSIONS, max_size=3), VERSIONS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_repair_never_adds_a_finding(steps: list[Event], fixes: list[str], version: str) -> None:
    """Wherever it is."""
    more = [*steps, *(Event("fixed", fix) for fix in fixes)]
    assert not contains(more, Version(version)) or contains(steps, Version(version))


@given(st.data(), EVENTS, VERSIONS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_and_duplication_of_events_change_nothing(data: st.DataObject, steps: list[Event], version: str) -> None:
    """A range is a set of events."""
    more = data.draw(st.permutations([*steps, *data.draw(st.lists(st.sampled_from(steps)))] if steps else []))
    assert contains(more, Version(version)) == contains(steps, Version(version))


@given(EVENTS, VERSIONS, VERSIONS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_one_more_introduction_never_takes_a_finding_away(steps: list[Event], start: str, version: str) -> None:
    """The other direction of the law on repairs."""
    assert not contains(steps, Version(version)) or contains([*steps, Event("introduced", start)], Version(version))


@given(EVENTS, VERSIONS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_version_and_its_other_spellings_have_one_answer(steps: list[Event], version: str) -> None:
    """PEP 440 normalises them."""
    affected = Affected((), (tuple(steps),))
    assert affects(affected, version) == affects(affected, str(Version(version))) == affects(affected, f"V{version}")
