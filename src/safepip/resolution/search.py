"""The search itself, by resolvelib, and what it found as a graph.

resolvelib's own last step follows the parents of every project back to the user, one call within another, and never
comes to an end where two projects that were dropped on the way require each other (resolvelib 1.2.1, and pip with
it). Here the graph is walked the other way, from the user down: what is reached is the result.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resolvelib.reporters import BaseReporter
from resolvelib.resolvers import Resolution as _Resolution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from resolvelib.resolvers import Criterion

    from safepip.resolution.nodes import ResolverCandidate, ResolverRequirement
    from safepip.resolution.provider import Provider

_Criterion: TypeAlias = "Criterion[ResolverRequirement, ResolverCandidate]"

#: pip's bound on the rounds of one search.
MOST_ROUNDS = 200_000


class SearchResult(NamedTuple):
    """The answer: the candidate for each identifier that is needed, in the order in which they were chosen.

    `criteria` are, for each identifier, the requirements on it; `children` the identifiers that the candidate of one
    requires, with None for the user.
    """

    mapping: Mapping[str, ResolverCandidate]
    criteria: Mapping[str, Criterion[ResolverRequirement, ResolverCandidate]]
    children: Mapping[str | None, AbstractSet[str]]


class _Search(_Resolution["ResolverRequirement", "ResolverCandidate", str]):
    """resolvelib's search, which asks of every identifier, twice a round, whether its candidate still satisfies all
    requirements. A criterion never changes ("externally immutable"), so the last answer holds as long as criterion and
    candidate are the same objects. Were this method no longer called, the search would take longer and end the same.
    """

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, BaseReporter())
        self._answers: dict[str, tuple[_Criterion, ResolverCandidate, bool]] = {}

    def _is_current_pin_satisfying(self, name: str, criterion: _Criterion) -> bool:
        candidate = self._states[-1].mapping.get(name)
        if candidate is None:
            return False
        known = self._answers.get(name)
        if known is not None and known[0] is criterion and known[1] is candidate:
            return known[2]
        satisfied = super()._is_current_pin_satisfying(name, criterion)
        self._answers[name] = criterion, candidate, satisfied
        return satisfied


def search(provider: Provider, roots: Iterable[ResolverRequirement]) -> SearchResult:
    """Search. Raises resolvelib's `ResolutionImpossible` and `ResolutionTooDeep`, and what the provider raises."""
    state = _Search(provider).resolve(roots, max_rounds=MOST_ROUNDS)
    return reached(state.mapping, state.criteria)


def reached(mapping: Mapping[str, ResolverCandidate], criteria: Mapping[str, Any]) -> SearchResult:
    """The part of a search's last state to which the user's requirements lead; the rest is left from abandoned ones."""
    identifiers: defaultdict[int, list[str]] = defaultdict(list)
    for identifier, choice in mapping.items():
        identifiers[id(choice)].append(identifier)
    children: defaultdict[str | None, set[str]] = defaultdict(set)
    for identifier, criterion in criteria.items():
        for parent in criterion.iter_parent():
            for above in [None] if parent is None else identifiers[id(parent)]:
                children[above].add(identifier)
    needed: set[str] = set()
    ahead = list(children[None])
    while ahead:
        identifier = ahead.pop()
        if identifier not in needed:
            needed.add(identifier)
            ahead.extend(children[identifier])
    return SearchResult({i: choice for i, choice in mapping.items() if i in needed}, criteria, children)
