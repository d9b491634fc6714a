"""How two texts differ, as `diff -u` shows it.

Finding the fewest changes takes, for a text made to be slow, a time that grows with the square of its lines. So the
lines that two texts begin and end with in common are left out first; where much is left, the lines that only one of the
two has are shown without the lines around them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: So many pairs of lines are compared at most.
_MOST_PAIRS = 4_000_000


def difference(before: str, after: str, old: str, new: str) -> list[str]:
    """The lines of a unified difference; `old` and `new` are what the texts are called."""
    from difflib import unified_diff

    one, other = before.splitlines(), after.splitlines()
    head = _alike(one, other)
    tail = _alike(one[head:][::-1], other[head:][::-1])
    if (len(one) - head - tail) * (len(other) - head - tail) <= _MOST_PAIRS:
        return list(unified_diff(one, other, old, new, lineterm=""))
    return [f"--- {old}", f"+++ {new}", *_only(one, other, "-"), *_only(other, one, "+")]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines at the beginning are the same."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _only(lines: Sequence[str], others: Sequence[str], mark: str) -> Iterator[str]:
    """The lines that the others have less often, in their order."""
    more = Counter(lines) - Counter(others)
    for line in lines:
        if more[line] > 0:
            more[line] -= 1
            yield f"{mark}{line}"
