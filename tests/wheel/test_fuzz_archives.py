"""The short run of the fuzzing harness: whatever is accepted is read by zipfile and from the front to the same."""

from __future__ import annotations

import pytest

from fuzz_archives import FILENAME, archive, examine, headers_of, seeds
from support.zips import Part, zip_of

#: How many archives a run of the tests looks at; the same ones each time.
EXECUTIONS = 600


@pytest.mark.parametrize("number", range(len(seeds())))
def test_what_the_mutations_begin_with_is_accepted(number: int) -> None:
    """Each seed is a wheel in order, so that what is refused is refused for its mutation."""
    assert examine(zip_of(seeds()[number])), FILENAME
    assert examine(zip_of(seeds()[number], zip64=True))


def test_a_mutated_wheel_is_read_in_one_way_or_not_at_all() -> None:
    """Only `ArchiveError` leaves the room, and what is accepted is what zipfile and a walk of the headers see."""
    accepted = sum(examine(archive(seed)) for seed in range(EXECUTIONS))
    assert EXECUTIONS * 0.05 < accepted < EXECUTIONS * 0.6, f"{accepted} were accepted: the mutations test little"


def test_the_walk_that_is_compared_with_finds_what_is_hidden() -> None:
    """The harness's own walk sees members that the directory does not have, and stops at a gap."""
    parts = [Part("a.py", b"1"), Part("hidden.py", b"2", listed=False), Part("b.py", b"3", before=b"gap")]
    headers, end = headers_of(zip_of(parts))
    assert [header.name for header in headers] == [b"a.py", b"hidden.py"]
    assert zip_of(parts)[end : end + 3] == b"gap"
