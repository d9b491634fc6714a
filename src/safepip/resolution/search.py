"""The search itself, by resolvelib, and what it found as a graph.

resolvelib's own last step follows the parents of every project back to the user, one call within another, and never
comes to an end where two projects that were dropped on the way require each other (resolvelib 1.2.1, and pip with
it). Here the graph is walked the other way, from the user down: what is reached is the result.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from resolvelib.reporters import BaseReporter
from resolvelib.resolvers import Resolution as _Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from resolvelib.resolvers import Criterion

    from safepip.resolution.nodes import ResolverCandidate, ResolverRequirement
    from safepip.resolution.provider import Provider

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


def search(provider: Provider, roots: Iterable[ResolverRequirement]) -> SearchResult:
    """Search. Raises resolvelib's `ResolutionImpossible` and `ResolutionTooDeep`, and what the provider raises."""
    running: _Search[ResolverRequirement, ResolverCandidate, str] = _Search(provider, BaseReporter())
    state = running.resolve(roots, max_rounds=MOST_ROUNDS)
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
