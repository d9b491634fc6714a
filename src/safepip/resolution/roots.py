"""From the user's requirements to the roots of the search. What they limit is read in `limits`.

A wheel that is named by URL or path is fetched here, before the search begins, and required as that very candidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.requirement import counts, required_digests
from safepip.resolution.limits import needs
from safepip.resolution.nodes import ANY_VERSION, ExactRequirement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.model.requirement import Statements
    from safepip.resolution.nodes import ResolverRequirement
    from safepip.resolution.provider import Provider


def collect_roots(
    statements: Statements, environment: Mapping[str, str], provider: Provider
) -> list[ResolverRequirement]:
    """The user's requirements for the resolver; wheels named directly are fetched, and required as they are."""
    roots: list[ResolverRequirement] = []
    for requirement in statements.requirements:
        if not counts(requirement, environment):
            continue
        if requirement.url is not None:
            choice = provider.direct_candidate(requirement)
            roots.append(ExactRequirement(choice, ANY_VERSION, requirement.origin, text=requirement.text))
            if requirement.extras:
                with_extras = provider.with_extras(choice, requirement.extras)
                roots.append(ExactRequirement(with_extras, ANY_VERSION, requirement.origin, text=requirement.text))
            continue
        demand = required_digests(requirement)
        text = requirement.text or requirement.name
        roots.extend(
            needs(requirement.name, requirement.extras, requirement.specifier, requirement.origin, demand, text)
        )
    roots.sort(key=lambda need: bool(need.extras))
    return roots
