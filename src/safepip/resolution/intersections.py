"""What several specifiers allow together, each combination made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.resolution.nodes import ANY_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.specifiers import SpecifierSet


class Intersections:
    """Remembers what it has made: a search asks for the same combinations again and again."""

    def __init__(self) -> None:
        self._made: dict[frozenset[str], SpecifierSet] = {}

    def of(self, specifiers: Sequence[SpecifierSet]) -> SpecifierSet:
        """What all of them allow together."""
        texts = {str(s): s for s in specifiers if len(s)}
        if len(texts) < 2:
            return next(iter(texts.values()), ANY_VERSION)
        key = frozenset(texts)
        try:
            return self._made[key]
        except KeyError:
            pass
        merged = ANY_VERSION
        for specifier in texts.values():
            merged &= specifier
        self._made[key] = merged
        return merged
