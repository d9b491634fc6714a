"""Source code that no hash can be held against, where hashes are demanded.

pip: a folder and what version control checks out are not one file, so in hash-checking mode they are refused, and so is
everything editable. Stricter than pip, on purpose: a hash that is written for them is refused in any mode, because it
would be a demand that is never checked. A source archive is one file, and its hash holds as a wheel's does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic
from safepip.model.requirement import counts
from safepip.model.source import SourceKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.model.requirement import Constraint, Requirement, Statements


def check_hashable(statements: Statements, environment: Mapping[str, str], *, locked: bool = False) -> None:
    """Raise `Refused` (`unhashable-source`) with every such statement that counts in the target's environment.

    A constraint without a hash of its own is refused where its project is required beside it. `locked` says that
    hashes are not demanded but are about to be written.
    """
    found: list[Requirement | Constraint] = [
        each for each in statements.requirements if statements.require_hashes or _hashed(each)
    ]
    required = {each.name for each in found} if statements.require_hashes else set()
    found += (each for each in statements.constraints if _hashed(each) or each.name in required)
    hint = _LOCK_HINT if locked else _HINT
    problems = [_problem(each, hint) for each in found if _unhashable(each) and counts(each, environment)]
    if problems:
        raise Refused(*problems)


_HINT = "take a release of it from an index or a source archive, with its hash, or leave hashes out"
_LOCK_HINT = "a pylock.toml can hold it: safepip lock -o pylock.toml"


def _unhashable(statement: Requirement | Constraint) -> bool:
    source = statement.source
    return source is not None and (source.editable or source.kind is not SourceKind.ARCHIVE)


def _hashed(statement: Requirement | Constraint) -> bool:
    return bool(statement.hashes or statement.url_digests)


def _problem(statement: Requirement | Constraint, hint: str) -> Diagnostic:
    source = statement.source
    assert source is not None
    what = "a folder" if source.kind is SourceKind.DIRECTORY else "a checkout of version control"
    return Diagnostic(
        "unhashable-source",
        f"{statement.text} is {what}, and there is no single file whose hash could be checked",
        hint=hint,
        origins=(statement.origin,),
        subject=statement.name,
    )
