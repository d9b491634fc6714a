"""What is wrong with the user's own requirements, each by itself, where a search has failed.

resolvelib ends a search at the first requirement for which there is nothing to choose, often before it has looked at
the user's others. Those are looked at here, so that a name which does not exist hides neither a second one nor a
look-alike. Their pages were asked for when the search began; of a name that is refused none is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused, Unavailable
from safepip.resolution.conflicts import dead_ends
from safepip.resolution.nodes import ANY_VERSION, ExactRequirement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.errors import SafepipError
    from safepip.model.finding import Diagnostic
    from safepip.resolution.catalog import Catalog
    from safepip.resolution.limits import Limits
    from safepip.resolution.nodes import ResolverRequirement
    from safepip.resolution.provider import Provider


def own_problems(
    roots: Sequence[ResolverRequirement], provider: Provider, limits: Limits, catalog: Catalog
) -> list[Diagnostic]:
    """What cannot be had of what the user requires. The provider keeps what is refused, with its other refusals."""
    found: list[Diagnostic] = []
    for project, needs in _by_project(roots).items():
        specifier = ANY_VERSION
        for need in needs:
            specifier &= need.specifier
        if limits.names_wheel(project) or provider.keepable(project, frozenset(), specifier) is not None:
            continue
        limit = limits.constraints.get(project)
        hashes = ANY_BYTES if limit is None else limit.hashes
        for need in needs:
            hashes = hashes.and_(need.hashes)
        try:
            provider.judged.check_held(project, needs, limit, hashes)
            found += dead_ends([(need, None) for need in needs], provider, limits, catalog)
        except Refused as refusal:
            provider.refuse(project, refusal)
        except Unavailable as failure:
            found += failure.diagnostics
    return found


def with_others(failure: SafepipError, others: Sequence[Diagnostic]) -> SafepipError:
    """The same failure, and what else is wrong with other projects."""
    told = {diagnostic.subject for diagnostic in failure.diagnostics}
    return type(failure)(*failure.diagnostics, *(other for other in others if other.subject not in told))


def _by_project(roots: Sequence[ResolverRequirement]) -> dict[str, list[ResolverRequirement]]:
    """The requirements on each project; without those that name its wheel."""
    named = {root.project for root in roots if isinstance(root, ExactRequirement)}
    found: dict[str, list[ResolverRequirement]] = {}
    for root in roots:
        if root.project not in named:
            found.setdefault(root.project, []).append(root)
    return found
