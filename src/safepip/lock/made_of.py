"""Whether a lock was made of some requirements, as far as both tell, and for an environment.

A lock does not say what it was made of. Whoever changes it by other requirements would drop what these do not ask for,
so this is found out before: what no project of the lock depends on has been asked for, and what is asked for is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

from safepip.model.names import normalise
from safepip.model.requirement import counts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.pylock import Pylock

    from safepip.model.requirement import Requirement


def differences(lock: Pylock, requirements: Sequence[Requirement], environment: Mapping[str, str]) -> Iterator[str]:
    """Why a lock was not made of these requirements, a line each; none where it may have been."""
    there = {package.name for package in lock.packages}
    needed = {normalise(str(edge.get("name", ""))) for package in lock.packages for edge in package.dependencies or ()}
    asked = {requirement.name for requirement in requirements}
    if "" not in asked:  # the project of a folder is known only once its code is read
        yield from (f"the lock has {name}, which nothing asks for" for name in sorted(there - needed - asked))
    yield from lacking(there, requirements, environment)


def lacking(
    there: Collection[str], requirements: Sequence[Requirement], environment: Mapping[str, str]
) -> Iterator[str]:
    """What of the requirements that count in an environment is not among the names of a lock, a line each."""
    for requirement in requirements:
        if requirement.name and requirement.name not in there and counts(requirement, environment):
            yield f"{requirement.origin} asks for {requirement.name}, which the lock does not have"


def is_for(lock: Pylock, environment: Mapping[str, str]) -> bool:
    """Whether a lock was made for an environment, among others perhaps."""
    try:
        return not lock.environments or any(marker.evaluate(dict(environment)) for marker in lock.environments)
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False
