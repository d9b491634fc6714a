"""TOML that safepip writes reads back as what it was, and shows on a terminal as what it says."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.text.toml_writing import toml_string, toml_value

VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # the strategy adds the zone
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_reads_back(value: Any) -> None:
    """Whatever TOML has a form for comes back as it was, from one printable line."""
    written = toml_value(value)
    assert written.isprintable()
    assert tomllib.loads(f"x = {written}\n") == {"x": value}


@given(st.text(st.characters(codec=None)))
def test_a_string_is_printable_whatever_it_holds(text: str) -> None:
    """What turns a line round is escaped; what is no character at all becomes U+FFFD."""
    written = toml_string(text)
    assert written.isprintable()
    expected = "".join("\ufffd" if 0xD800 <= ord(char) <= 0xDFFF else char for char in text)
    assert tomllib.loads(f"x = {written}\n") == {"x": expected}


def test_a_time_is_written_in_utc() -> None:
    """The same moment gives the same bytes wherever it was told."""
    moment = datetime(2024, 5, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    assert toml_value(moment) == "2024-05-01T00:00:00Z"


@pytest.mark.parametrize("value", [None, 1.5, b"x", datetime(2024, 1, 1)])  # noqa: DTZ001  # without a zone on purpose
def test_what_has_no_form_is_an_error(value: object) -> None:
    """A time without its zone is no moment."""
    with pytest.raises(TypeError, match="has no form in TOML"):
        toml_value(value)
