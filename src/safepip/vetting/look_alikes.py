"""Names that resemble well-known ones: pure, offline, and by the name alone.

A known name resembles nothing. Any other name is compared with the known ones. What counts as a resemblance depends on
how popular the known one is, because honest names are often similar too: the more popular a name is, the more an
imitation of it pays, and the more of the names that are similar to it are imitations. From the head of the list down:

- *foremost* names, and those that indexes claim: every kind of resemblance, any edit of letters included;
- *popular* ones: of the edits those that are slips more often than they are other names (`_SHORTEST`), of affixes those
  that Linux distributions give, words that say nothing, and `python` written together with the name;
- *guarded* ones: other separators, look-alike letters, the order of words;
- all others: only edits within a long word, and transposed or doubled letters in one of middling length.

Resemblance to a claimed or a popular name is *strong*, but for the kinds that are common between honest names: a digit
(`psycopg2`), a plural or `python` where the name is not foremost, words that say nothing, a standard module.

These limits were found by measuring (benchmarks/look_alikes.py). What follows from a strong and from a weak resemblance
is decided elsewhere (names.py): here nothing is refused, no index is asked, no list is opened.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.vetting.import_names import DISTRIBUTIONS, IMPORT_NAMES, module_meant
from safepip.vetting.name_shapes import (
    LANGUAGE,
    Slip,
    compact,
    core,
    has_more_digits,
    in_order,
    one_edit,
    skeleton,
    skeleton_in_letters,
    slip,
    unglued,
    without_empty_words,
    word_at,
)
from safepip.vetting.standard_names import BACKPORTS, STANDARD_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: So many names from the head of a list are very popular, unless the caller says otherwise.
POPULAR = 1_000

#: The foremost are one in so many of the popular ones; guarded are so many times as many.
_FOREMOST, _GUARDED = 10, 2

#: The shortest form, in characters, by which two names are compared other than by an edit.
_SHORTEST_FORM = 4

#: The shortest name to which a word is found glued.
_SHORTEST_GLUED = 6

#: The shortest name or word, in characters, of which an edit is a resemblance; a large one for never. First the name as
#: a whole, for the foremost; then the word that is changed, for the popular ones and for all others.
_NEVER = 1_000
_SHORTEST = {
    Slip.HAND: (4, 4, 7),
    Slip.KEY: (6, 6, 10),
    Slip.LETTER: (6, 9, 10),
    Slip.PLURAL: (6, 6, _NEVER),
    Slip.END: (6, _NEVER, _NEVER),
    Slip.DIGIT: (6, _NEVER, _NEVER),
}

#: From which ratio of `difflib` on two names are like each other, for a guess.
_NEAR = 0.8

#: Files that requirements are installed *from*: with a separator or `-r` forgotten they are read as names of projects.
_FILES = ("requirements", "constraints")
_ENDINGS = ("txt", "in")


class Resemblance(NamedTuple):
    """That `name` resembles `known`, both normalised, and how.

    `kind` is `separator`, `homoglyph`, `order`, `affix`, `edit`, `import-name` (`known` is the project that has the
    module that is named), `standard-library` (`known` is the module) or `requirements-file` (`known` is the file that
    was probably meant). Where the claim of an index is a pattern, `known` is that pattern (`acme-*`).
    """

    name: str
    known: str
    kind: str
    strong: bool


class UnusableNames(ValueError):
    """A text that is not a list of names. `line` counts from 1; None where the line is not known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class KnownNames:
    """Well-known and claimed names, and what resembles them.

    `names` are project names, most popular first, of which the first `popular` are very popular. `own` are names that
    indexes claim: exact ones, and the stems of patterns with their last separator (`acme-` or `acme-*`).
    Tables are built when the first name is asked that is not known; an answer then costs some ten microseconds.
    """

    def __init__(self, names: Sequence[str], own: Iterable[str] = (), *, popular: int = POPULAR) -> None:
        claimed = sorted({normalise(name.removesuffix("*")) for name in own})
        self._stems = tuple(name for name in claimed if name.endswith("-"))
        #: Position by name; claimed names have the lowest, so that they are the first answer.
        self._ranks = {name: rank for rank, name in enumerate(name for name in claimed if not name.endswith("-"))}
        first = len(self._ranks)
        for name in (*_normalised(names), *sorted(BACKPORTS)):
            self._ranks.setdefault(name, len(self._ranks))
        self._foremost = first + -(-popular // _FOREMOST)
        self._popular = first + popular
        self._guarded = first + popular * _GUARDED
        self._answers: dict[str, Resemblance | None] = {}
        self._forms: dict[Callable[[str], str], dict[str, str]] = {}
        self._by_length: dict[int, list[str]] = {}
        self._halves: dict[int, tuple[dict[str, list[str]], dict[str, list[str]]]] = {}

    def __contains__(self, name: str) -> bool:
        name = normalise(name)
        return name in self._ranks or name.startswith(self._stems)

    def resemblance(self, name: str) -> Resemblance | None:
        """What a name resembles, strongly if it can be. None for a known name and where it resembles nothing."""
        name = normalise(name)
        if name in self:
            return None
        try:
            return self._answers[name]
        except KeyError:
            pass
        if not self._forms:
            self._build()
        found = self._answers[name] = self._best(name)
        return found

    def nearest(self, name: str) -> str | None:
        """The known name that a name is most like: a guess at what a person meant, for which nothing is refused. It is
        looser than a resemblance, and takes some ten milliseconds. None for a known name."""
        if name in self:
            return None
        from difflib import get_close_matches

        near = get_close_matches(normalise(name), self._ranks, 1, _NEAR)
        return near[0] if near else None

    def _best(self, name: str) -> Resemblance | None:
        weak: Resemblance | None = None
        for found in self._alike(name):
            if found.strong:
                return found
            weak = weak or found
        return weak

    def _alike(self, name: str) -> Iterator[Resemblance]:
        """Every name that a name resembles, in the order in which they are reported."""
        if (project := IMPORT_NAMES.get(module_meant(name))) in self._ranks:
            yield Resemblance(name, project, "import-name", strong=False)
        if file := _file_meant(name):
            yield Resemblance(name, file, "requirements-file", strong=True)
        for stem in self._stems:
            if kind := _kind_of_stem(name, stem):
                yield Resemblance(name, f"{stem}*", kind, strong=True)
        for kind, form in (("separator", compact), ("homoglyph", skeleton), ("order", in_order)):
            known = self._of_form(form, name)
            if known is None and form is skeleton and has_more_digits(name):
                known = self._forms[skeleton].get(skeleton_in_letters(name))
            if known is not None:
                yield Resemblance(name, known, kind, self._ranks[known] < self._popular)
        yield from self._affixed(name)
        yield from self._edited(name)
        module = name.replace("-", "_")
        if module in STANDARD_NAMES:
            yield Resemblance(name, module, "standard-library", strong=False)

    def _of_form(self, form: Callable[[str], str], name: str) -> str | None:
        """The most popular guarded name that has the same form as `name`."""
        shape = form(name)
        return self._forms[form].get(shape) if len(shape) >= _SHORTEST_FORM else None

    def _affixed(self, name: str) -> Iterator[Resemblance]:
        """Names that differ by what says that they are for Python, or by words that say nothing."""
        known = self._of_form(core, name)
        if known is not None:
            # `python3-redis`, as Linux distributions call things; `redis-py`, and `dotenv` for `python-dotenv`.
            missing = LANGUAGE.isdisjoint(name.split("-"))
            foremost = self._ranks[known] < self._foremost
            if foremost or (self._ranks[known] < self._popular and name.startswith(DISTRIBUTIONS)):
                yield Resemblance(name, known, "affix", strong=foremost and not missing)
        rest = without_empty_words(name)
        if rest != name:
            known = rest if rest in self._ranks else self._of_form(core, rest)
            if known is not None and len(rest) >= _SHORTEST_FORM and self._ranks[known] < self._popular:
                yield Resemblance(name, known, "affix", strong=False)
        for rest, word in unglued(name):
            if len(rest) >= _SHORTEST_GLUED and self._ranks.get(rest, self._popular) < self._popular:
                foremost = self._ranks[rest] < self._foremost
                yield Resemblance(name, rest, "affix", strong=foremost and word in LANGUAGE)

    def _edited(self, name: str) -> Iterator[Resemblance]:
        """Names that one edit leads to, the most popular first."""
        for known in sorted(self._near(name), key=self._ranks.__getitem__):
            edit = one_edit(name, known)
            if edit is None or (kind := slip(edit, known)) is None:
                continue
            foremost, popular, other = _SHORTEST[kind]
            rank, word = self._ranks[known], len(word_at(known, edit.at))
            if rank < self._foremost and len(known) >= foremost:
                yield Resemblance(name, known, "edit", strong=kind is not Slip.DIGIT)
            elif word >= (popular if rank < self._popular else other):
                yield Resemblance(name, known, "edit", strong=rank < self._popular and kind is not Slip.PLURAL)

    def _near(self, name: str) -> set[str]:
        """Known names that share a half with the name, and the one with the letters around the middle transposed.

        One edit leaves one half of a name as it was, unless it transposes the two letters around the middle.
        """
        found: set[str] = set()
        for length in (len(name) - 1, len(name), len(name) + 1):
            heads, tails = self._halves_of(length)
            half = length // 2
            found.update(heads.get(name[:half], ()), tails.get(name[half - length :], ()))
        half = len(name) // 2
        swapped = name[: half - 1] + name[half] + name[half - 1] + name[half + 1 :] if half else name
        if swapped in self._ranks:
            found.add(swapped)
        return found

    def _halves_of(self, length: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The known names of one length by their first and by their second half, made when first asked for."""
        try:
            return self._halves[length]
        except KeyError:
            heads: dict[str, list[str]] = {}
            tails: dict[str, list[str]] = {}
            for name in self._by_length.get(length, ()):
                heads.setdefault(name[: length // 2], []).append(name)
                tails.setdefault(name[length // 2 :], []).append(name)
            return self._halves.setdefault(length, (heads, tails))

    def _build(self) -> None:
        """Tables of the forms of all guarded names, and all names by length.

        Guesses are judged in a thread of their own, so no table may be visible before all of them are made.
        """
        guarded = list(islice(self._ranks, self._guarded))
        forms: dict[Callable[[str], str], dict[str, str]] = {}
        for form in (compact, skeleton, in_order, core):
            table = forms[form] = {}
            for name in guarded:
                table.setdefault(form(name), name)
        shortest = min(min(lengths) for lengths in _SHORTEST.values())
        by_length: dict[int, list[str]] = {}
        for name in self._ranks:
            if len(name) >= shortest:
                by_length.setdefault(len(name), []).append(name)
        self._by_length = by_length
        self._forms = forms  # last: a thread that sees it takes the rest for made


def _normalised(names: Sequence[str]) -> list[str]:
    """Many names in the form of PEP 503, in one go: no name has a line break."""
    return normalise("\n".join(names)).split("\n") if names else []


def _file_meant(name: str) -> str | None:
    """The file that a name is shaped like: `requirements-txt`, `requirementstxt`, `requirements-dev-txt`.

    The ending is a word, or follows the file's own word at once: `requirements-plugin` ends in `in` by chance.
    """
    rest, _, ending = name.rpartition("-")
    if ending in _ENDINGS:
        stem = compact(rest)
        meant = next((file for file in _FILES if stem.startswith(file.removesuffix("s")) or one_edit(stem, file)), None)
        return f"{meant}.{ending}" if meant else None
    for ending in _ENDINGS if not rest else ():
        stem = name.removesuffix(ending)
        for file in _FILES:
            # One letter more, or another one, at the end is not a slip here: it belongs to the ending
            # (`requirementsbin`).
            begins = stem.startswith(file.removesuffix("s"))
            if stem != name and (stem in (file, file.removesuffix("s")) or (not begins and one_edit(stem, file))):
                return f"{file}.{ending}"
    return None


def _kind_of_stem(name: str, stem: str) -> str | None:
    """The kind in which the first words of a name resemble the stem of a pattern (`acme-`)."""
    wanted = stem.removesuffix("-")
    # A form has at least half the letters that it is made of (`rn`): words beyond twice the stem's cannot belong to it.
    most = 2 * len(wanted)
    words = name.split("-", most + 1)
    for count in range(1, len(words)):
        head = "-".join(words[:count])
        if len(compact(head)) > most:
            break
        if compact(head) == compact(wanted):
            return "separator"
        if len(wanted) >= _SHORTEST_FORM and skeleton_in_letters(head) == skeleton_in_letters(wanted):
            return "homoglyph"
        edit = one_edit(head, wanted)
        if edit and (kind := slip(edit, wanted)) and len(wanted) >= _SHORTEST[kind][0]:
            return "edit"
    return None


def read_names(text: str) -> tuple[str, ...]:
    """The names of a list, normalised, each once, most popular first. Raises `UnusableNames`.

    The list is text (one name a line; empty lines, and what follows a `#`, do not count), or JSON: the form in which
    data sets of the most downloaded projects are published (`{"rows": [{"project": ..., "download_count": ...}]}`), or
    an array of names.
    """
    if text.lstrip()[:1] in ("{", "["):
        found: list[tuple[str, int | None]] = [(name, None) for name in _from_json(text)]
    else:
        lines = enumerate(text.splitlines(), 1)
        stripped = ((line.partition("#")[0].strip(), number) for number, line in lines)
        found = [(name, number) for name, number in stripped if name]
    for name, number in found:
        if not is_name(name):
            raise UnusableNames(f"{printable(name)} is not a valid project name", number)
    if not found:
        raise UnusableNames("it contains no name")
    return tuple(dict.fromkeys(_normalised([name for name, _ in found])))


def _from_json(text: str) -> list[str]:
    import json

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnusableNames(f"it begins like JSON, and is not valid JSON: {error.msg}", error.lineno) from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of too many digits
        raise UnusableNames("it begins like JSON, and is nested too deeply or has a number that is too long") from error
    if isinstance(data, dict):
        return _from_rows(data.get("rows"))
    names = [name for name in data if isinstance(name, str)]
    if len(names) < len(data):
        raise UnusableNames("an array must contain names and nothing else")
    return names


def _from_rows(rows: object) -> list[str]:
    """The projects of the published data set, by downloads where they are given."""
    if not isinstance(rows, list):
        raise UnusableNames('it has no "rows"')
    counted = []
    for position, row in enumerate(rows, 1):
        name = row.get("project") if isinstance(row, dict) else None
        count = row.get("download_count", 0) if isinstance(row, dict) else 0
        if not isinstance(name, str) or not isinstance(count, int):
            raise UnusableNames(f'row {position} has no "project", or a "download_count" that is not a whole number')
        counted.append((name, count))
    counted.sort(key=lambda item: -item[1])
    return [name for name, _ in counted]
