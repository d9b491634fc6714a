"""Between which versions all that a specifier admits must lie, so that a long page need not be looked through.

A search that tries hundreds of versions asks for each of them what another specifier leaves of a page with thousands.
The page is in order, so the two ends of the part that counts are found by halving, and the specifier itself decides on
what is between them. A bound may be wider than the specifier, and is never narrower (PEP 440):

| clause | least | greatest |
|---|---|---|
| `>=V`, `>V` | V | |
| `<=V`, `<V` | | V |
| `==V` | V without its local label | the same |
| `==V.*` | the first development release of V | that of the next series |
| `~=V` | V | the first development release of the series after V's |
| `!=V`, `===V` | | |

A version's local label counts for no clause but `==`, so the greatest version is compared without it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.specifiers import Specifier, SpecifierSet

    from safepip.model.candidate import Candidate

#: A page of fewer candidates is looked through in less time than the bounds are found.
_SHORT = 32


def within(candidates: Sequence[Candidate], specifier: SpecifierSet) -> Sequence[Candidate]:
    """Those of candidates in descending order of their versions that a specifier may admit, and maybe more."""
    if len(candidates) < _SHORT:
        return candidates
    least, greatest = bounds(specifier)
    places = range(len(candidates))
    first, end = 0, len(candidates)
    if greatest is not None:
        first = bisect_left(places, True, key=lambda place: _public(candidates[place].version) <= greatest)
    if least is not None:
        end = bisect_left(places, True, lo=first, key=lambda place: candidates[place].version < least)
    return candidates[first:end]


def bounds(specifier: SpecifierSet) -> tuple[Version | None, Version | None]:
    """The least and the greatest version that a specifier may admit, both included; None for no bound."""
    least: Version | None = None
    greatest: Version | None = None
    for clause in specifier:
        low, high = _of(clause)
        if low is not None and (least is None or low > least):
            least = low
        if high is not None and (greatest is None or high < greatest):
            greatest = high
    return least, greatest


def _of(clause: Specifier) -> tuple[Version | None, Version | None]:
    """The bounds of one clause."""
    operator, text = clause.operator, clause.version
    if operator in ("!=", "==="):
        return None, None
    if text.endswith(".*"):
        series = Version(text.removesuffix(".*"))
        return _beginning(series.epoch, series.release), _behind(series.epoch, series.release)
    version = _public(Version(text))
    match operator:
        case ">=" | ">":
            return version, None
        case "<=" | "<":
            return None, version
        case "~=":
            return version, _behind(version.epoch, version.release[:-1])
        case "==":
            return version, version
    return None, None  # an operator that is not known today bounds nothing


def _beginning(epoch: int, release: tuple[int, ...]) -> Version:
    """The first version of a series: nothing sorts before `dev0` of its release."""
    return Version(f"{epoch}!{'.'.join(map(str, release))}.dev0")


def _behind(epoch: int, release: tuple[int, ...]) -> Version:
    """The first version behind a series."""
    return _beginning(epoch, (*release[:-1], release[-1] + 1))


def _public(version: Version) -> Version:
    """A version without its local label."""
    return version if version.local is None else Version(version.public)
