"""Names that resemble well-known ones: pure, offline, and by the name alone.

A name that is known resembles nothing. Any other is compared with the known ones by the forms in `name_shapes`, and the
first that fits, in this order, is the answer; among several known names of one form, one that an index claims goes
before all, and then the more popular one.

Whether a resemblance is *strong* depends on whom it is to (a claimed name, or one of the most popular) and on its kind.
What becomes of a strong and of a weak one is decided elsewhere (name_rules.py): here nothing is refused, no index is
asked, and no list is read from anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.name_shapes import compact, core, in_order, one_edit, skeleton
from safepip.routing import normalise
from safepip.standard_names import STANDARD_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: As many names from the head of a list are very popular, where nobody says otherwise.
POPULAR = 1_000

#: The shortest name, in characters, to which one edit is a resemblance. Shorter ones have honest neighbours.
SHORTEST_EDITED = 6

#: The shortest form that counts for the other kinds.
SHORTEST = 4

#: Files that are installed *from*. With a separator or `-r` forgotten they are read as names of projects.
_FILES = (
    "requirements",
    "requirement",
    "constraints",
    "pyproject",
    "pylock",
    "setup",
    "pipfile",
    "poetry",
    "environment",
)
_ENDINGS = ("txt", "toml", "cfg", "lock", "yml", "yaml")


class Resemblance(NamedTuple):
    """That `name` resembles `known`, both normalised, and how.

    `kind` is `homoglyph`, `separator`, `affix`, `order`, `edit`, `standard-library` (`known` is the module) or
    `requirements-file` (`known` is the file that was probably meant). Where the claim
    of an index is a pattern, `known` is that pattern (`acme-*`).
    """

    name: str
    known: str
    kind: str
    strong: bool


class UnusableNames(ValueError):
    """A list of names that is none. `line` counts from 1; None where no line can be told."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class KnownNames:
    """Well-known and claimed names, and what resembles them.

    `names` are project names, most popular first, of which the first `popular` are very popular. `own` are names that
    indexes claim: exact ones, and the stems of patterns with their last separator (`acme-` or `acme-*`).
    Tables are built when the first name is asked that is not known.
    """

    def __init__(self, names: Sequence[str], own: Iterable[str] = (), *, popular: int = POPULAR) -> None:
        claimed = [normalise(name.removesuffix("*")) for name in own]
        self._stems = tuple(sorted({name for name in claimed if name.endswith("-")}))
        #: Position by name; claimed names have the lowest, so that they are the first answer.
        self._ranks: dict[str, int] = {}
        for name in sorted({name for name in claimed if not name.endswith("-")}):
            self._ranks[name] = len(self._ranks)
        self._popular = len(self._ranks) + popular
        for name in names:
            self._ranks.setdefault(normalise(name), len(self._ranks))
        self._forms: tuple[dict[str, str], ...] | None = None
        self._halves: dict[tuple[int, str, str], list[str]] = {}

    def __contains__(self, name: str) -> bool:
        name = normalise(name)
        return name in self._ranks or name.startswith(self._stems)

    def resemblance(self, name: str) -> Resemblance | None:
        """What a name resembles. None for a known name and for one that resembles none."""
        name = normalise(name)
        if name in self:
            return None
        if self._forms is None:
            self._build()
        found = next(self._alike(name), None)
        if found is None:
            return None
        kind, known = found
        strong = kind == "requirements-file" or (kind != "standard-library" and self._is_popular(known))
        return Resemblance(name, known, kind, strong)

    def _is_popular(self, known: str) -> bool:
        return known.endswith("*") or self._ranks[known] < self._popular

    def _alike(self, name: str) -> Iterator[tuple[str, str]]:
        """Kinds with the known name, in the order of the kinds."""
        if file := _file_meant(name):
            yield "requirements-file", file
        for kind, form, table in zip(
            ("separator", "homoglyph", "order", "affix"), _FORMS, self._forms or (), strict=True
        ):
            shape = form(name)
            if len(shape) >= SHORTEST and (known := table.get(shape)):
                yield kind, known
        if (edited := self._edited(name)) is not None:
            yield "edit", edited
        if name.replace("-", "_") in STANDARD_NAMES:
            yield "standard-library", name
        for stem in self._stems:
            if (resembling := _resembles_stem(name, stem)) is not None:
                yield resembling, f"{stem}*"

    def _edited(self, name: str) -> str | None:
        """The most popular known name that one edit leads to."""
        best: str | None = None
        for known in self._near(name):
            if one_edit(name, known) and (best is None or self._ranks[known] < self._ranks[best]):
                best = known
        return best

    def _near(self, name: str) -> Iterator[str]:
        """Known names that share a half with the name, and those with the letters around the middle transposed.

        One edit leaves one half of a name as it was, unless it transposes the two letters around the middle.
        """
        for length in (len(name) - 1, len(name), len(name) + 1):
            half = length // 2
            yield from self._halves.get((length, name[:half], ""), ())
            yield from self._halves.get((length, "", name[half - length :]), ())
        half = len(name) // 2
        swapped = name[: half - 1] + name[half] + name[half - 1] + name[half + 1 :] if half else name
        if swapped in self._ranks and len(swapped) >= SHORTEST_EDITED:
            yield swapped

    def _build(self) -> None:
        tables: tuple[dict[str, str], ...] = tuple({} for _ in _FORMS)
        for name in self._ranks:
            for form, table in zip(_FORMS, tables, strict=True):
                table.setdefault(form(name), name)
            length, half = len(name), len(name) // 2
            if length >= SHORTEST_EDITED:
                self._halves.setdefault((length, name[:half], ""), []).append(name)
                self._halves.setdefault((length, "", name[half:]), []).append(name)
        self._forms = tables


_FORMS = (compact, skeleton, in_order, core)


def _file_meant(name: str) -> str | None:
    """The file that a name is shaped like: `requirements-txt`, `requirementstxt`, `requirements-dev-txt`."""
    shape = compact(name)
    ending = next((e for e in _ENDINGS if shape.endswith(e)), None)
    if ending is None:
        return None
    stem = shape.removesuffix(ending)
    for file in _FILES:
        if stem.startswith(file) or one_edit(stem, file):
            return f"{file}.{ending}"
    return None


def _resembles_stem(name: str, stem: str) -> str | None:
    """The kind in which the first words of a name resemble the stem of a pattern (`acme-`)."""
    words = name.split("-")
    wanted = stem.removesuffix("-")
    for count in range(1, len(words)):
        head = "-".join(words[:count])
        if compact(head) == compact(wanted):
            return "separator"
        if len(wanted) >= SHORTEST and skeleton(head) == skeleton(wanted):
            return "homoglyph"
        if len(wanted) >= SHORTEST_EDITED and one_edit(head, wanted):
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
        if not _is_name(name):
            raise UnusableNames(f"{printable(name)} is no name of a project", number)
    if not found:
        raise UnusableNames("there is no name in it")
    return tuple(dict.fromkeys(normalise(name) for name, _ in found))


def _from_json(text: str) -> list[str]:
    import json

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnusableNames(f"it begins like JSON and is none: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise UnusableNames("it is nested too deeply") from error
    if isinstance(data, dict):
        return _from_rows(data.get("rows"))
    names = [name for name in data if isinstance(name, str)]
    if len(names) < len(data):
        raise UnusableNames("an array has to hold names and nothing else")
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
            raise UnusableNames(f'row {position} has no "project", or a "download_count" that is no whole number')
        counted.append((name, count))
    counted.sort(key=lambda item: -item[1])
    return [name for name, _ in counted]


def _is_name(text: str) -> bool:
    """Whether this is a valid name of a project (core metadata, Name)."""
    shape = text.replace("-", "").replace("_", "").replace(".", "")
    return shape.isascii() and shape.isalnum() and text[0] not in "-_." and text[-1] not in "-_."
