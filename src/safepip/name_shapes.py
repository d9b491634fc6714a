"""What two names are compared by: forms of a name that squats share with the name that they imitate.

All functions take a normalised name (PEP 503), or words of one, and return text that only another such form is compared
with; none of it is ever shown or asked for. Two different names with one form resemble each other.
"""

from __future__ import annotations

from typing import NamedTuple

#: Words that only say that something is for Python.
LANGUAGE = frozenset({"python", "python2", "python3", "py", "py2", "py3"})

#: Letters and digits that look alike in some common typeface are one (`l`, `1`, `i`; `o`, `0`).
_GLYPHS = str.maketrans({"1": "l", "i": "l", "0": "o", "-": None})


def compact(name: str) -> str:
    """The name without separators: `setup-tools` and `setuptools` are one."""
    return name.replace("-", "")


def skeleton(name: str) -> str:
    """What the name looks like at a glance, without separators: `l`, `1` and `i` are one, `rn` is `m`."""
    return name.translate(_GLYPHS).replace("rn", "m").replace("vv", "w")


def core(name: str) -> str:
    """The name without what says that it is for Python: `python3-dateutil` and `python-dateutil` are one.

    Empty where nothing else is in the name.
    """
    return "-".join([word for word in name.split("-") if word not in LANGUAGE])


def in_order(name: str) -> str:
    """The words of the name in alphabetical order: `nmap-python` and `python-nmap` are one."""
    return "-".join(sorted(name.split("-")))


class Edit(NamedTuple):
    """The one change between two names: where it begins in the known one, and what stands there in each.

    `known` is empty for an insertion, `asked` for a deletion; both have two letters, reversed, for a transposition.
    """

    at: int
    known: str
    asked: str


def one_edit(asked: str, known: str) -> Edit | None:
    """The insertion, deletion, substitution or transposition of neighbours that makes `asked` of `known`, if one does.

    None for equal names too. Where several places would do (a doubled letter) it is the last of them.
    """
    difference = len(asked) - len(known)
    if asked == known or abs(difference) > 1:
        return None
    at = 0
    shorter = min(len(asked), len(known))
    while at < shorter and asked[at] == known[at]:
        at += 1
    if difference == 1:
        return Edit(at, "", asked[at]) if asked[at + 1 :] == known[at:] else None
    if difference == -1:
        return Edit(at, known[at], "") if asked[at:] == known[at + 1 :] else None
    if asked[at + 1 :] == known[at + 1 :]:
        return Edit(at, known[at], asked[at])
    if asked[at : at + 2] == known[at : at + 2][::-1] and asked[at + 2 :] == known[at + 2 :]:
        return Edit(at, known[at : at + 2], asked[at : at + 2])
    return None
