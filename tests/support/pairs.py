"""Cases that are pairs: each value is met by default, and the whole product of both is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def pairs(ones: Iterable[object], others: Iterable[object], *, every: int = 4) -> list[pytest.ParameterSet]:
    """All pairs of a value and another one, for two parameters. By default one in `every` runs, and each value in some.

    Raises `AssertionError` where there are too few values for that.
    """
    first, second = list(ones), list(others)
    assert min(len(first), len(second)) >= every or max(len(first), len(second)) < every
    return [
        pytest.param(one, other, id=f"{one}-{other}", marks=[] if (at + place) % every == 0 else [pytest.mark.slow])
        for at, one in enumerate(first)
        for place, other in enumerate(second)
    ]
