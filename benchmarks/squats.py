"""Names that imitate others: made by the classes of change that the literature describes, and those that were found.

The classes are those by which squats have been generated and classified in public: one edit, doubled letters,
neighbouring keys, letters that look alike, separators, the order of words, versions (M. Taylor and others, "SpellBound:
Defending Against Package Typosquatting", 2020, and PyPI's own check of new names, which follows it); affixes, plurals,
words added and left out (S. Neupane and others, "Beyond Typosquatting: An In-depth Look at Package Confusion", 2023).

What is made here is text. No index is ever asked for any of it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_ALIKE = (("l", "1"), ("l", "i"), ("i", "1"), ("o", "0"), ("m", "rn"), ("w", "vv"))
_FOR_LETTERS = (("e", "3"), ("a", "4"), ("s", "5"), ("t", "7"), ("b", "8"), ("g", "9"))
_LANGUAGE = ("python-{}", "python3-{}", "py-{}", "{}-python", "{}-python3", "{}-py", "py{}", "python{}")
_EMPTY = ("{}-lib", "{}-utils", "{}-tools", "{}-sdk", "{}-api", "{}-cli", "{}-dev", "{}-plus", "{}-official", "{}lib")


def _neighbours(letter: str) -> str:
    """The keys around one on an American keyboard, whose rows are shifted by half a key."""
    for number, row in enumerate(_ROWS):
        at = row.find(letter)
        if at >= 0:
            beside = row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
            above = _ROWS[number - 1][at : at + 2] if number else ""
            below = _ROWS[number + 1][max(at - 1, 0) : at + 1] if number < 3 else ""
            return beside + above + below
    return ""


def _deletion(name: str) -> Iterator[str]:
    yield from (name[:at] + name[at + 1 :] for at in range(len(name)))


def _insertion(name: str) -> Iterator[str]:
    yield from (name[:at] + letter + name[at:] for at in range(len(name) + 1) for letter in _LETTERS)


def _substitution(name: str) -> Iterator[str]:
    yield from (name[:at] + letter + name[at + 1 :] for at in range(len(name)) for letter in _LETTERS)


def _transposition(name: str) -> Iterator[str]:
    yield from (name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1))


def _doubled(name: str) -> Iterator[str]:
    yield from (name[:at] + name[at] + name[at:] for at in range(len(name)))


def _key_beside(name: str) -> Iterator[str]:
    for at, letter in enumerate(name):
        yield from (name[:at] + key + name[at + 1 :] for key in _neighbours(letter))


def _glyph(name: str) -> Iterator[str]:
    for one, other in (*_ALIKE, *((b, a) for a, b in _ALIKE)):
        yield from _one_for_other(name, one, other)


def _digit_for_letter(name: str) -> Iterator[str]:
    for letter, digit in _FOR_LETTERS:
        yield from (text for text in _one_for_other(name, letter, digit) if not text.endswith(digit))


def _one_for_other(name: str, one: str, other: str) -> Iterator[str]:
    parts = name.split(one)
    for at in range(1, len(parts)):
        yield one.join(parts[:at]) + other + one.join(parts[at:])


def _separator(name: str) -> Iterator[str]:
    for at, letter in enumerate(name):
        if letter == "-":
            yield name[:at] + name[at + 1 :]
        elif 1 < at < len(name) - 1 and name[at - 1] != "-":
            yield name[:at] + "-" + name[at:]


def _order(name: str) -> Iterator[str]:
    words = name.split("-")
    if len(words) > 1:
        yield "-".join(reversed(words))
        yield "-".join([*words[1:], words[0]])
        yield "-".join([words[-1], *words[:-1]])


def _version(name: str) -> Iterator[str]:
    bare = name.rstrip("0123456789").rstrip("-")
    yield bare
    yield from (f"{bare}{number}" for number in range(2, 10))


def _plural(name: str) -> Iterator[str]:
    yield name.removesuffix("s") if name.endswith("s") else f"{name}s"


def _language(name: str) -> Iterator[str]:
    bare = name.removeprefix("python-").removesuffix("-python").removeprefix("py-").removesuffix("-py")
    yield bare
    yield from (form.format(bare) for form in _LANGUAGE)


def _word_added(name: str) -> Iterator[str]:
    yield from (form.format(name) for form in _EMPTY)


def _word_left_out(name: str) -> Iterator[str]:
    words = name.split("-")
    if len(words) > 1:
        yield from ("-".join(words[:at] + words[at + 1 :]) for at in range(len(words)))


#: Every class, the ones that the rule is made for first.
CLASSES: dict[str, Callable[[str], Iterator[str]]] = {
    "deletion": _deletion,
    "insertion": _insertion,
    "substitution": _substitution,
    "transposition": _transposition,
    "letter doubled": _doubled,
    "neighbouring key": _key_beside,
    "look-alike glyph": _glyph,
    "separator": _separator,
    "order of words": _order,
    "language affix": _language,
    "plural": _plural,
    "version": _version,
    "word added": _word_added,
    "word left out": _word_left_out,
    "digit for letter": _digit_for_letter,
}


def imitations(names: list[str], known: set[str], each: int = 4) -> dict[str, list[tuple[str, str]]]:
    """Up to `each` imitations by class of every name, with the name; the same ones on every run.

    None is a known name itself, and none appears twice in a class.
    """
    chance = random.Random(5)
    made: dict[str, list[tuple[str, str]]] = {}
    for label, change in CLASSES.items():
        seen: set[str] = set()
        for name in names:
            possible = sorted({text for text in change(name) if _usable(text)} - known - seen)
            chosen = possible if len(possible) <= each else chance.sample(possible, each)
            seen.update(chosen)
            made.setdefault(label, []).extend((text, name) for text in chosen)
    return made


def _usable(text: str) -> bool:
    return len(text) > 1 and "--" not in text and text[0] != "-" and text[-1] != "-"


#: Squats that were found on PyPI and told of in public, with the project that each imitated: those that are a slip of
#: the hand, of the eye or of memory. Collected from the reports named.
SLIPS: dict[str, tuple[tuple[str, str], ...]] = {
    "SK-CSIRT, 2017": (
        ("acqusition", "acquisition"),
        ("crypt", "crypto"),
        ("pwd", "pwdhash"),
        ("setup-tools", "setuptools"),
        ("urlib3", "urllib3"),
        ("urllib", "urllib3"),
    ),
    "imitators of Django and others, 2018": (
        ("diango", "django"),
        ("djago", "django"),
        ("dajngo", "django"),
        ("djanga", "django"),
        ("colourama", "colorama"),
        ("openvc", "opencv-python"),
        ("virtualnv", "virtualenv"),
    ),
    "a thief of keys, December 2019": (
        ("python3-dateutil", "python-dateutil"),
        ("jeIlyfish", "jellyfish"),
    ),
    "twelve popular packages, August 2022": (
        ("gesnim", "gensim"),
        ("kears", "keras"),
        ("tensorfolw", "tensorflow"),
        ("seabron", "seaborn"),
        ("tqmd", "tqdm"),
        ("lxlm", "lxml"),
        ("mokc", "mock"),
        ("ipaddres", "ipaddress"),
        ("ipadress", "ipaddress"),
        ("falsk", "flask"),
        ("douctils", "docutils"),
        ("inda", "idna"),
    ),
    "single ones, 2020 to 2025": (
        ("request", "requests"),
        ("mitmproxy2", "mitmproxy"),
        ("pymafka", "pykafka"),
        ("colorsama", "colorama"),
        ("pystyte", "pystyle"),
        ("fabrice", "fabric"),
        ("termncolor", "termcolor"),
        ("requirements-txt", "a file"),
    ),
}

#: The same for those that put words to a name, leave some out, or are made up after it.
MADE_UP: dict[str, tuple[tuple[str, str], ...]] = {
    "SK-CSIRT, 2017": (
        ("apidev-coop", "apidev-coop-cms"),
        ("bzip", "bz2file"),
        ("django-server", "django-server-guardian-api"),
        ("telnet", "telnetsrvlib"),
    ),
    "miners, 2021": (
        ("mplatlib", "matplotlib"),
        ("matplatlib-plus", "matplotlib"),
    ),
    "imitators of requests, 2022 to 2024": (
        ("ultrarequests", "requests"),
        ("requests-httpx", "requests"),
        ("requestspro", "requests"),
        ("request-plus", "requests"),
        ("requests-darwin-lite", "requests"),
    ),
    "single ones, 2022 to 2025": (
        ("pyurllib", "urllib3"),
        ("pycryptoenv", "pycrypto"),
        ("pycryptoconf", "pycrypto"),
        ("crytic-compilers", "crytic-compile"),
        ("bitcoinlib-dev", "bitcoinlib"),
        ("bitcoinlibdbfix", "bitcoinlib"),
    ),
}
