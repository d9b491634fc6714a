"""Which ids are names of one matter: the classes of the smallest equivalence that has every stated alias in it.

OSV, `aliases`: the same vulnerability under another id. That is symmetric and transitive, whether or not both records
say so, and also where two records meet only in a third id that has no record here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How many names a matter has at most; real ones have up to ten or so. Records of strangers could make one matter of
#: everything, and each of them would carry all the names. A larger class is not used: what it joins stays apart.
_MOST_NAMES = 1_000

#: In which order ids are preferred as the name of a matter; ids that begin otherwise come last.
_PREFERRED = ("MAL-", "PYSEC-", "GHSA-", "CVE-")


class AliasClasses:
    """Classes of ids, which grow as records are added; in nearly constant time for each id."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._sorted: dict[str, tuple[str, ...]] = {}

    def add(self, identity: str, aliases: Iterable[str]) -> None:
        """Make these ids names of one matter."""
        self._sorted.clear()
        top = self._top(identity)
        for alias in aliases:
            other = self._top(alias)
            if other == top:
                continue
            # The smaller class goes into the larger one, so that no id moves more than log n times.
            if len(self._members[other]) > len(self._members[top]):
                top, other = other, top
            self._above[other] = top
            self._members[top] += self._members.pop(other)

    def names(self, identity: str) -> tuple[str, ...]:
        """All names of the matter that this id names, the preferred one first; the id alone where there are too
        many."""
        top = self._top(identity)
        if len(self._members[top]) > _MOST_NAMES:
            return (identity,)
        if top not in self._sorted:
            self._sorted[top] = tuple(sorted(self._members[top], key=_preference))
        return self._sorted[top]

    def _top(self, identity: str) -> str:
        if identity not in self._above:
            self._above[identity] = identity
            self._members[identity] = [identity]
        top = identity
        while self._above[top] != top:
            top = self._above[top]
        while self._above[identity] != top:
            self._above[identity], identity = top, self._above[identity]
        return top


def _preference(identity: str) -> tuple[int, str]:
    for rank, prefix in enumerate(_PREFERRED):
        if identity.startswith(prefix):
            return rank, identity
    return len(_PREFERRED), identity
