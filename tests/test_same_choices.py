"""safepip chooses what pip chooses: many small universes, made by chance and by hand, are put before both.

The real pip decides in a process of its own (`support.rivals`). A universe is the same for the same seed, so that
a difference can be looked at again: `make_universe(seed)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.rivals import Rivals
from support.universes import Release, Universe, make_universe

if TYPE_CHECKING:
    from pathlib import Path

    from support.rivals import Verdict

#: Universes a test. Each test starts both programs once.
BATCH = 40


@pytest.mark.parametrize("first", range(0, 4 * BATCH, BATCH))
def test_in_universes_made_by_chance_safepip_chooses_what_pip_chooses(first: int, tmp_path: Path) -> None:
    with Rivals(tmp_path) as rivals:
        verdicts = rivals.play([make_universe(seed) for seed in range(first, first + BATCH)])
    assert_agreement(verdicts)
    # The universes are worth playing: most have an answer, some have none, and pip has a say in nearly all.
    answered = [verdict for verdict in verdicts if verdict.chosen["safepip"] is not None]
    assert BATCH / 2 < len(answered) < BATCH
    assert sum(not verdict.pip_has_a_say for verdict in verdicts) <= BATCH / 10


def assert_agreement(verdicts: list[Verdict]) -> None:
    """Raise `AssertionError` with every universe in which the two differ."""
    differing = [str(verdict) for verdict in verdicts if not verdict.agree]
    assert not differing, "\n\n".join(differing)
