"""Forms by which two names are compared: a squatting name shares a form with the name that it imitates.

All functions take a normalised name (PEP 503), or words of one, and return text that is only compared with other such
forms; it is never shown, and no index is asked for it. Two different names with one form resemble each other.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words that only say that something is for Python.
LANGUAGE = frozenset({"python", "python2", "python3", "py", "py2", "py3"})

#: Words that say nothing of what something does, and promise the same again, or better.
EMPTY = frozenset(
    {
        "dev", "fix", "fixed", "free", "latest", "lib", "libs", "module", "new", "next",
        "official", "package", "plus", "pro", "real", "secure", "update", "updated",
    }
)  # fmt: skip

#: Letters and digits that look alike in some common typeface.
_GLYPHS = (("1", "l"), ("i", "l"), ("0", "o"), ("rn", "m"), ("vv", "w"))

#: Digits that are written for letters: `r3quests`.
_FOR_LETTERS = str.maketrans("345789", "eastbg")


def compact(name: str) -> str:
    """The name without separators: `setup-tools` and `setuptools` are one."""
    return name.replace("-", "")


def skeleton(name: str) -> str:
    """What the name looks like at a glance, without separators: `l`, `1` and `i` are one, so are `rn` and `m`, `3` and
    `e`. At the end a digit mostly stands for itself: `json5` and `jsons` are two."""
    stem = _without_last_digits(compact(name))
    return _glanced_at(stem.translate(_FOR_LETTERS) + compact(name)[len(stem) :])


def skeleton_in_letters(name: str) -> str:
    """The same with digits for letters at the end, too: for what is only the beginning of a name (`acm3-utils`)."""
    return _glanced_at(compact(name).translate(_FOR_LETTERS))


def has_more_digits(name: str) -> bool:
    """Whether there is a digit before those at the end: then these may be written for letters as well (`requ3st5`)."""
    shape = compact(name)
    stem = _without_last_digits(shape)
    return stem != shape and not stem.isalpha()


def _without_last_digits(shape: str) -> str:
    return shape.rstrip("345789")


def _glanced_at(shape: str) -> str:
    for one, other in _GLYPHS:
        shape = shape.replace(one, other)
    return shape


def core(name: str) -> str:
    """The name without what says that it is for Python: `python3-dateutil` and `python-dateutil` are one.

    Empty where nothing else is in the name.
    """
    if "-" not in name:
        return "" if name in LANGUAGE else name
    return "-".join([word for word in name.split("-") if word not in LANGUAGE])


def without_empty_words(name: str) -> str:
    """The name without words that say nothing: `requests-latest` is `requests`."""
    return "-".join([word for word in name.split("-") if word not in EMPTY])


def unglued(name: str) -> Iterator[tuple[str, str]]:
    """The rest of a name without a word of `EMPTY` or `LANGUAGE` at its beginning or end, and the word: `requestspro`.

    `py` and its like are not among them: names of honest wrappers begin or end with it.
    """
    for word in sorted(EMPTY | LANGUAGE - {"py", "py2", "py3"}):
        if name.startswith(word):
            yield name.removeprefix(word), word
        if name.endswith(word):
            yield name.removesuffix(word), word


def in_order(name: str) -> str:
    """The words of the name in alphabetical order: `nmap-python` and `python-nmap` are one."""
    return "-".join(sorted(name.split("-"))) if "-" in name else name


class Edit(NamedTuple):
    """The one change between two names: where it begins in the known one, and what stands there in each.

    `known` is empty for an insertion, `asked` for an omission; both have two letters, reversed, for a transposition.
    """

    at: int
    known: str
    asked: str


def one_edit(asked: str, known: str) -> Edit | None:
    """The insertion, omission, substitution or transposition of neighbours that makes `asked` of `known`, if one does.

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


class Slip(Enum):
    """What kind of slip one edit is. Some are hardly ever the difference between two honest names, some often."""

    #: Two neighbours transposed, or a letter that is doubled or no longer doubled.
    HAND = "hand"
    #: A letter within the name left out, a neighbouring key hit beside or in place of one, a vowel taken for another.
    KEY = "key"
    #: Any other letter put within the name, or in the place of one.
    LETTER = "letter"
    #: One `s` more or less at the end.
    PLURAL = "plural"
    #: The first letter, or any other letter more or less at the end: `c` or `g` before the name of what is wrapped.
    END = "end"
    #: A digit, as versions and successors have one.
    DIGIT = "digit"


_VOWELS = frozenset("aeiouy")
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def _beside(key: str) -> str:
    """The keys around one on an American keyboard, each row shifted by half a key against the one above."""
    for number, row in enumerate(_ROWS):
        at = row.find(key)
        if at < 0:
            continue
        above = _ROWS[number - 1][at : at + 2] if number else ""
        below = _ROWS[number + 1][max(at - 1, 0) : at + 1] if number + 1 < len(_ROWS) else ""
        return row[max(at - 1, 0) : at + 2] + above + below
    return ""


def slip(edit: Edit, known: str) -> Slip | None:
    """What kind of slip an edit of `known` is. None for one of a separator, which is not an edit of letters."""
    changed = edit.known + edit.asked
    around = known[max(edit.at - 1, 0) : edit.at] + known[edit.at + len(edit.known) :][:1]
    if "-" in changed:
        return None
    if any(character.isdigit() for character in changed):
        return Slip.DIGIT
    if len(edit.known) == 2 or (len(changed) == 1 and changed in around):
        return Slip.HAND
    substituted = bool(edit.known and edit.asked)
    if edit.at == 0 or (edit.at + len(edit.known) >= len(known) and not substituted):
        return Slip.PLURAL if edit.at and changed == "s" else Slip.END
    if not edit.asked or (substituted and _VOWELS.issuperset(changed)):
        return Slip.KEY
    meant = edit.known or around
    return Slip.KEY if any(edit.asked in _beside(key) for key in meant) else Slip.LETTER


def word_at(name: str, at: int) -> str:
    """The word of a name in which a position lies."""
    begin = name.rfind("-", 0, at) + 1
    end = name.find("-", at)
    return name[begin:] if end < 0 else name[begin:end]
