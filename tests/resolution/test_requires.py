"""Requirements that only count with an extra are passed over without parsing, and no others are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment

from safepip.wheel.metadata import Requires, only_with_extra, parse_metadata, requirement

CONDITIONS = st.sampled_from(
    [
        'python_version >= "3"',
        "python_version < '3'",
        'os_name == "posix"',
        'extra == "a"',
        "extra == 'B_b'",
        "extra=='c'",
        'extra == ""',
        'platform_version != "("',
        "platform_version != ')'",
        "platform_version != '\"'",
        'platform_version != "; or "',
    ]
)
MARKERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map(lambda marker: f"({marker})"),
    ),
    max_leaves=5,
)
EXTRAS = st.frozensets(st.sampled_from(["a", "b-b", "c"]))


def counts(text: str, extras: frozenset[str]) -> bool:
    marker = requirement(text).marker
    assert marker is not None
    environment = {key: str(value) for key, value in default_environment().items()}
    return any(marker.evaluate({**environment, "extra": extra}) for extra in extras or ("",))


@given(MARKERS, EXTRAS)
def test_passing_over_never_loses_a_requirement_that_counts(marker: str, extras: frozenset[str]) -> None:
    """Whatever counts with some extras is among what is given for them."""
    text = f"x>=1 ; {marker}"
    if counts(text, extras):
        assert list(Requires((text,)).with_extras(extras)) == [requirement(text)]


@pytest.mark.parametrize(
    ("marker", "extra"),
    [
        ('extra == "test"', "test"),
        ("extra == 'Test_All'", "test-all"),
        ('(extra == "a")', "a"),
        ('python_version < "3" and extra == "a"', "a"),
        ('(os_name == "nt" or os_name == "posix") and extra == "a"', "a"),
        ('os_name == "nt" or extra == "a"', None),
        ('os_name == "nt" or os_name == "posix" and extra == "a"', None),
        ('(os_name == "nt") or (extra == "a")', None),
        ('extra == "a" and os_name == "nt"', None),
        ('os_name == "nt"', None),
        ('os_name == "or" and extra != "a"', None),
        ('os_name == "or" and extra == "a"', "a"),
        ('extra == ""', None),
        ('os_name != "(" or os_name > ")" and extra == "a"', None),
        ('os_name != "(" and os_name > ")" and extra == "a"', "a"),
    ],
)
def test_the_extra_is_told_where_it_is_plain(marker: str, extra: str | None) -> None:
    """Only a marker that cannot hold without the extra names it."""
    assert only_with_extra(f"x ; {marker}") == extra


def test_most_requirements_of_extras_are_never_parsed() -> None:
    """What nobody asked for costs nothing; asked for, it is there."""
    requirement.cache_clear()
    text = b"Metadata-Version: 2.1\nName: x\nVersion: 1\nRequires-Dist: y\nRequires-Dist: z ; extra == 'all'\n"
    metadata = parse_metadata(text, verified=True, checked=True)
    assert [str(r) for r in metadata.requires.with_extras(frozenset())] == ["y"]
    assert requirement.cache_info().currsize == 1
    assert [r.name for r in metadata.requires.with_extras(frozenset({"all"}))] == ["y", "z"]
