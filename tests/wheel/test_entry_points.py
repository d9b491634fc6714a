"""`entry_points.txt` is read as `importlib.metadata` reads it, and what is not plain is told."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import Distribution
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.wheel.entry_points import EntryPoint, is_callable, parse

if TYPE_CHECKING:
    from os import PathLike


class OneFile(Distribution):
    """A distribution that consists of its `entry_points.txt`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        """As `Distribution.read_text`."""
        return self._text if filename == "entry_points.txt" else None

    def locate_file(self, path: str | PathLike[str]) -> PathLike[str]:  # type: ignore[override]
        """Nothing asks for it."""
        raise NotImplementedError


def by_importlib(text: str) -> list[tuple[str, str, str]] | None:
    """Group, name and value of every entry point, None where reading it fails."""
    try:
        return [(entry.group, entry.name, entry.value) for entry in OneFile(text).entry_points]
    except (TypeError, ValueError):
        return None


WORDS = ("[console_scripts]", "[gui_scripts]", "[[x]]", "b = c:d", "\r\n", "\n[x]\n", "p = q.r:s [x]", "[a = b]")
PIECES = st.sampled_from([*"[]=a#;: \t\n\n\x0b\x0c\x1c\x85\u2028\xa0é\ufeff", *WORDS])


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=14).map("".join))
@example("[console_scripts]\na = b:c\na = b:c\n")
@example("a = b\n[x]\nc = d\n")
@example("[x]\nnothing\n")
def test_every_entry_is_one_of_importlib_metadata(text: str) -> None:
    """What importlib cannot read has a problem, and whatever has none is the same in both."""
    read = parse(text.encode())
    expected = by_importlib(text)
    if expected is None:
        assert read.problems
    else:
        assert [tuple(entry) for entry in read.entries] == expected


@given(st.binary(max_size=40))
def test_every_content_is_read_and_none_raises(data: bytes) -> None:
    """What is not UTF-8 has a problem; what could be guessed is given all the same."""
    read = parse(data)
    try:
        data.decode()
    except UnicodeDecodeError:
        assert read.problems


def test_a_wheel_without_the_file_has_no_entry_points() -> None:
    """None and empty are the same."""
    assert parse(None) == parse(b"") == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "a = b:c\n[console_scripts]\n",
        "[console_scripts]\na\n",
        "[other]\na: b\n",
        "[console_scripts]\na = b:c\na = b:d\n",
        "[console_scripts]\na = b:c\n[gui_scripts]\na = b:c\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_a_problem(text: str) -> None:
    """Two readers would make two scripts of it, or one would fail."""
    assert len(parse(text.encode()).problems) == 1


def test_what_is_said_twice_in_the_same_words_is_no_problem() -> None:
    """Nor are equal names in groups of which nothing is made."""
    text = b"[console_scripts]\na = b:c\na=b:c\n[x]\na = 1\na = 2\n[console_scripts]\nd = e:f\n"
    assert not parse(text).problems
    assert parse(text).scripts == (
        EntryPoint("console_scripts", "a", "b:c"),
        EntryPoint("console_scripts", "a", "b:c"),
        EntryPoint("console_scripts", "d", "e:f"),
    )


_SPECIFICATION = st.lists(
    st.sampled_from(["p", "q.r", ":", ".", " ", "[", "]", "x", ",", "=1", "-", "é", "\t", "p:m"]), max_size=8
)


@settings(max_examples=400)
@given(_SPECIFICATION.map("".join).map(str.strip))
@example("p.q:r.s [x, y]")
@example("p:m [x-y]")
@example("p : m")
def test_a_callable_is_one_that_pip_makes_a_script_of(value: str) -> None:
    """Held against pip's own script maker: whatever is callable here it takes whole, and makes of it what it says."""
    maker: Any = import_module("pip._vendor.distlib.util")
    if is_callable(value):
        entry = maker.get_export_entry(f"name = {value}")
        module, _, function = value.partition("[")[0].strip().partition(":")
        assert (entry.name, entry.prefix, entry.suffix) == ("name", module, function)


@pytest.mark.parametrize("value", ["p:m", "p.q:r.s", "p:m[x]", "p:m [x, y=1]", "_p1:_m"])
def test_the_usual_callables_are_callable(value: str) -> None:
    """With a dot, with extras, with an underscore."""
    assert is_callable(value)


@pytest.mark.parametrize(
    "value", ["", "p", "p:", ":m", "p : m", "p:m:n", "p-q:m", "p:m()", "p:m x", "p:m []", "p:m\n", "p:m [x"]
)
def test_what_pip_stumbles_over_is_not_callable(value: str) -> None:
    """It would raise when files are already written, or make a script of a part of it."""
    assert not is_callable(value)
