"""Events come to one line: what is done now, how far it is, and which index is not well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.model.events import (
    Doing,
    Event,
    ExchangeOver,
    Fetched,
    Fetching,
    FileDone,
    Installing,
    OtherSpeaks,
    Received,
    Requested,
    Resolving,
    Retrying,
    Waiting,
)
from safepip.reporting.activity import Activity, fitted
from safepip.reporting.event_lines import line_of, verbosity_of

PAGE = "https://packages.example/simple/demo/"


def after(*events: Event | float) -> str:
    """The line after these events, however long; a number is so many seconds later."""
    return "; ".join(filter(None, parts_of(*events)))


def parts_of(*events: Event | float) -> tuple[str, str]:
    """Its two parts."""
    activity, now = Activity(), 1000.0
    for event in events:
        if isinstance(event, float):
            now += event
        else:
            activity.take(event, now)
    return activity.parts(now)


@pytest.mark.parametrize(
    ("events", "line"),
    [
        ([], ""),
        ([Resolving("a")], "Resolving: 1 project, a"),
        ([Resolving("a"), Resolving("b"), Resolving("a")], "Resolving: 2 projects, a"),
        ([Resolving("a"), 2.9], "Resolving: 1 project, a"),
        ([Resolving("a"), 2.0, Resolving("b"), 2.0], "Resolving: 2 projects, b, 4 s"),
        ([Doing("Building", "demo 1.0"), 61.0], "Building: demo 1.0, 61 s"),
        ([Fetching(3, 5_000_000)], "Fetching: 0/3 files, 0.0/5.0 MB"),
        ([Fetching(1, None), 1.0, Received(1, 2_500_000)], "Fetching: 0/1 file, 2.5 MB, 2.5 MB/s"),
        ([Fetching(2, 9_000_000), 1.0, Received(1, 10**6), FileDone()], "Fetching: 1/2 files, 1.0/9.0 MB, 1.0 MB/s"),
        ([Fetching(2, 4), Fetched()], "Checking: 2 files"),
        ([Installing(3, lambda: 2)], "Installing: 2/3 distributions"),
        ([Installing(1, lambda: 0), OtherSpeaks()], ""),
    ],
)  # fmt: skip
def test_the_line_says_what_is_done_and_how_far_it_is(events: list[Event | float], line: str) -> None:
    assert after(*events) == line


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """Not of all: a link that has become slow shows it."""
    quick: list[Event | float] = [Fetching(1, None), 1.0, Received(1, 50_000_000)]
    slow: list[Event | float] = [event for _ in range(12) for event in (1.0, Received(1, 100_000))]
    assert after(*quick).endswith("50.0 MB/s")
    assert after(*quick, *slow).endswith("0.1 MB/s")


def test_bytes_that_come_again_are_counted_once() -> None:
    assert "2.0 MB" in after(Fetching(1, None), Received(1, 2_000_000), Received(1, -2_000_000), Received(1, 2_000_000))


@pytest.mark.parametrize(
    ("events", "trouble"),
    [
        ([Waiting(1, PAGE), 2.9], ""),
        ([Waiting(1, PAGE), 5.0], "; packages.example has sent nothing for 5 s"),
        ([Waiting(1, PAGE), 5.0, ExchangeOver(1)], ""),
        ([Waiting(1, PAGE), 5.0, Received(1, 10), 1.0], ""),
        ([Waiting(1, "https://old.example/"), 2.0, Waiting(2, PAGE), 3.0], "; old.example has sent nothing for 5 s"),
        ([Retrying(1, PAGE, "status 503", 2, 6, 0.5)], "; packages.example: status 503, attempt 2 of 6"),
        (
            [Retrying(1, PAGE, "packages.example: connection refused", 2, 6, 0.5)],
            "; packages.example: connection refused, attempt 2 of 6",
        ),
        (
            [Retrying(1, PAGE, "status 503", 2, 6, 0.5), Retrying(2, PAGE, "status 500", 3, 6, 0.5)],
            "; packages.example: status 500, attempt 3 of 6 (and 1 more)",
        ),
        ([Retrying(1, PAGE, "status 503", 2, 6, 0.5), ExchangeOver(1)], ""),
        ([Retrying(1, PAGE, "broken", 2, 6, 0.5), Received(1, 1)], ""),
    ],
)
def test_an_index_that_is_not_well_is_named_while_it_is_not(events: list[Event | float], trouble: str) -> None:
    line = after(Doing("Testing", "it"), *events)
    assert line[len("Testing: it") :].lstrip(", 0123456789s") == trouble


texts = st.text(max_size=80)
events = st.one_of(
    st.builds(Resolving, texts),
    st.builds(Doing, st.just("Doing"), texts),
    st.builds(Fetching, st.integers(0, 9), st.none() | st.integers(0, 10**12)),
    st.builds(Received, st.integers(0, 3), st.integers(-(10**9), 10**9)),
    st.builds(FileDone),
    st.builds(Fetched),
    st.builds(OtherSpeaks),
    st.builds(Waiting, st.integers(0, 3), texts),
    st.builds(ExchangeOver, st.integers(0, 3)),
    st.builds(Retrying, st.integers(0, 3), texts, texts, st.integers(1, 9), st.integers(1, 9), st.floats(0, 9)),
    st.floats(0, 100),
)


def test_what_is_told_cannot_steer_a_terminal() -> None:
    assert fitted(*parts_of(Resolving("a\x1b[2J\r\n")), 80) == "Resolving: 1 project, a?[2J  "


def test_what_is_done_is_cut_before_what_went_wrong() -> None:
    told: list[Event | float] = [Resolving("a" * 30), Retrying(1, PAGE, "the server answers 503", 2, 6, 0.5)]
    wrong = "; packages.example: the server answers 503, attempt 2 of 6"
    assert fitted(*parts_of(*told), 79) == "Resolving: 1 proje..." + wrong
    assert fitted(*parts_of(*told), 120) == f"Resolving: 1 project, {'a' * 30}{wrong}"
    assert fitted(*parts_of(*told), 60) == ("Resolving: 1 proj..." + wrong)[:57] + "..."


@given(st.lists(events, max_size=30), st.integers(0, 130))
def test_whatever_is_told_makes_one_printable_line_that_fits(told: list[Event | float], width: int) -> None:
    """In any order, and whatever an index says."""
    line = fitted(*parts_of(*told), width)
    assert len(line) <= width
    assert line == "" or (line.isascii() and line.isprintable())


def test_the_log_has_requests_and_attempts() -> None:
    """Requests with -vv, what went wrong with -v; what can steer a terminal is taken out."""
    assert line_of(Requested(PAGE, 200, 0.123)) == f"GET {PAGE}: 200, 0.12 s"
    assert verbosity_of(Requested(PAGE, 200, 0.1)) == 2
    retrying = Retrying(1, PAGE, "status 503\x1b[2J", 2, 6, 0.5)
    assert line_of(retrying) == "packages.example: status 503�[2J, attempt 2 of 6, in 0.5 s"
    assert verbosity_of(retrying) == 1
    assert line_of(Resolving("demo")) is None
