"""The one form of a requirement: two that mean the same have the same, however their backends have written them.

Backends write one requirement in many ways: `a>=1,<2` and `A (<2,>=1)`, `x and extra == "y"` and `extra == 'y' and x`,
with more parentheses or fewer. PEP 508 gives them one meaning. What is equal only by arithmetic (`~=1.2` and
`>=1.2,==1.*`) counts as different.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from safepip.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from packaging.markers import Marker
    from packaging.requirements import Requirement

#: What a marker consists of, as packaging writes it: texts in quotes, parentheses, words and operators.
_PIECE = re.compile(r""""[^"]*"|'[^']*'|[()]|[^\s()"']+""")


def form_of(requirement: Requirement) -> Hashable:
    """The form of a requirement, equal for all that mean the same."""
    return (
        normalise(requirement.name),
        frozenset(map(normalise, requirement.extras)),
        frozenset(requirement.specifier),
        requirement.url or "",
        _marker_form(requirement.marker) if requirement.marker else "",
    )


def _marker_form(marker: Marker) -> Hashable:
    """Conditions joined by `and` and `or` as sets, so that order and needless parentheses do not count.

    Each open parenthesis is a level of `levels`: the alternatives of `or`, each a list of what `and` joins.
    """
    levels: list[list[list[Any]]] = [[[]]]
    condition: list[str] = []
    for piece in _pieces(str(marker)):
        if piece == "(":
            levels.append([[]])
        elif piece in (")", "and", "or"):
            if condition:
                levels[-1][-1].append(_condition(condition))
                condition = []
            if piece == ")":
                inner = _joined(levels.pop())
                levels[-1][-1].append(inner)
            elif piece == "or":
                levels[-1].append([])
        else:
            condition.append(piece)
    form: Hashable = _joined(levels.pop())
    return form


def _pieces(text: str) -> Iterator[str]:
    yield from (found[0] for found in _PIECE.finditer(text))
    # As if all of it stood in parentheses that are closed here, so that the last condition is no special case.
    yield "and"


def _condition(pieces: list[str]) -> tuple[str, ...]:
    """One comparison; the name of an extra is normalised, as PEP 685 compares it."""
    values = [piece[1:-1] if piece[0] in "\"'" else piece for piece in pieces]
    if "extra" in pieces:
        values = [normalise(value) for value in values]
    return tuple(values)


def _joined(alternatives: list[list[Any]]) -> Any:
    """`or` over `and`, where a set of one is what it holds, and sets within sets of the same kind are one set."""
    return _set("or", [_set("and", parts) for parts in alternatives])


def _set(kind: str, parts: list[Any]) -> Any:
    flat: set[Any] = set()
    for part in parts:
        flat |= part[1] if part[0] == kind and isinstance(part[1], frozenset) else {part}
    return flat.pop() if len(flat) == 1 else (kind, frozenset(flat))
