"""METADATA files: what resolution reads from them, and the form that pip's report gives them.

The file is a header of `Field: value` lines, an empty line, and the description (core metadata
specification; the format is that of e-mail, RFC 822). The `email` package is what pip reads it with, and
`safepip.wheel.metadata_as_pip` what the rules judge by; `split_headers` gives the same fields for the same bytes,
several times faster, and a test holds the two against each other. The rules, in the order in which they apply:

1. The bytes are UTF-8; any other bytes are an error, as in pip.
2. Lines end at LF, CR or CR LF, and nowhere else.
3. A line that begins with a space or tab continues the field before it; continuation lines are dedented together by
   what they share, as `importlib.metadata` does.
4. The header ends at the first line that is neither `Field:` nor a continuation. If that line is empty it
   separates, otherwise it belongs to the description.
5. Field names have no case. Of a field that may stand only once the first one counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.model.resolution import CoreMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The largest METADATA that is read; the largest real ones have one or two megabytes.
MAX_METADATA_BYTES = 16 * 1024 * 1024

#: The most characters that one requirement may have; the parser's time grows with them. And how many clauses: each
#: clause is checked against every version of a project.
MAX_REQUIREMENT = 16_384
MAX_CLAUSES = 256

#: The most requirements of one distribution; real ones have some thousands, those of their extras included.
MAX_REQUIREMENTS = 20_000

#: The most statements about one project, here and in the user's files: the search checks all of them against each
#: other.
MAX_OF_ONE = 1_000

#: A number with so many digits cannot be compared with any other: Python refuses to read it.
_ENDLESS_NUMBER = r"[0-9]{1000}"

#: Lines that are fields, continuations or a mailbox's envelope, each with its end but perhaps the last.
_HEADER = re.compile(r"(?:(?:[!-9;-~]*:|[ \t]|From )[^\n]*(?:\n|\Z))*")

#: Fields of the core metadata specification as they are written, and whether they may stand more than
#: once. pip's report has them in this order.
_FIELDS = (
    ("Metadata-Version", False),
    ("Name", False),
    ("Version", False),
    ("Dynamic", True),
    ("Platform", True),
    ("Supported-Platform", True),
    ("Summary", False),
    ("Description", False),
    ("Description-Content-Type", False),
    ("Keywords", False),
    ("Home-page", False),
    ("Download-URL", False),
    ("Author", False),
    ("Author-email", False),
    ("Maintainer", False),
    ("Maintainer-email", False),
    ("License", False),
    ("License-Expression", False),
    ("License-File", True),
    ("Classifier", True),
    ("Requires-Dist", True),
    ("Requires-Python", False),
    ("Requires-External", True),
    ("Project-URL", True),
    ("Provides-Extra", True),
    ("Provides-Dist", True),
    ("Obsoletes-Dist", True),
)

#: Lower-case form of the known fields: a look-up is cheaper than a match and a call of `lower`.
_LOWER = {name: name.lower() for name, _ in _FIELDS}

#: The fields that resolution does not look at.
_UNUSED = frozenset(_LOWER) - {"Name", "Version", "Requires-Python", "Requires-Dist", "Provides-Extra"}


class MetadataError(Exception):
    """A METADATA file that cannot be used. The message is one sentence without a full stop, for a terminal."""


def parse_metadata(text: bytes, *, verified: bool, checked: bool = False) -> CoreMetadata:
    """Read what resolution needs. `verified` says whether the bytes had a strong digest that matched.

    The name comes out normalised. A Requires-Python that is not a valid specifier counts as absent, as in pip; the
    other fields must be valid, or the version cannot be used. Raises `MetadataError`. `checked` says that an earlier
    run found every requirement valid, so that each is parsed only when it is wanted.
    """
    fields = split_headers(decoded(text, "the metadata"), skipped=_UNUSED)[0]
    return core_metadata(fields, text, verified=verified, checked=checked)


def core_metadata(
    headers: Iterable[tuple[str, str]], text: bytes, *, verified: bool, checked: bool = False
) -> CoreMetadata:
    """As `parse_metadata`, of fields that are read already, their names in lower case; `text` is the whole file."""
    fields = _collect(headers)
    name = _only(fields, "name")
    version = _only(fields, "version")
    if not is_name(name):
        raise MetadataError(f"the name is not valid: {printable(name, 100)}")
    try:
        parsed_version = _version(version)
    except ValueError:  # InvalidVersion is one, and so is a number longer than Python reads
        raise MetadataError(f"the version is not valid: {printable(version, 100)}") from None
    requires = Requires(tuple(fields.get("requires-dist", ())))
    if len(requires) > MAX_REQUIREMENTS:
        raise MetadataError(f"the metadata has {len(requires)} requirements; at most {MAX_REQUIREMENTS} are read")
    if not checked:
        # pip, too, skips a version with any requirement that is not valid.
        names = [each.name for each in requires]
        often, times = Counter(names).most_common(1)[0] if len(names) > MAX_OF_ONE else ("", 0)
        if times > MAX_OF_ONE:
            raise MetadataError(f"the metadata requires {printable(often, 60)} more than {MAX_OF_ONE} times")
    return CoreMetadata(
        name=normalise(name),
        version=parsed_version,
        requires_python=_requires_python(fields.get("requires-python")),
        requires=requires,
        provided_extras=frozenset(normalise(extra.strip()) for extra in fields.get("provides-extra", ())),
        text=text,
        verified=verified,
    )


#: A marker that ends in a condition on an extra; what stands before it is judged apart. No part of the text is scanned
#: twice: the text has no white space at its end.
_ON_EXTRA = re.compile(r"""[;\s()]extra\s*==\s*(?P<quote>['"])(?P<extra>[^'"]*)(?P=quote)\Z""")
_QUOTED = re.compile("'[^']*'|\"[^\"]*\"")
_PARENTHESES = re.compile(r"\([^()]*\)")
_DEEPEST = 100


class Requires(Sequence[Requirement]):
    """The `Requires-Dist` of a file, in order, each parsed when it is looked at.

    Most requirements of most projects belong to extras that were not asked for; `with_extras` skips these without
    parsing them.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(map(requirement, self._texts[index]))
        return requirement(self._texts[index])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Requires) and self._texts == other._texts:
            return True
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self._texts)

    def with_extras(self, extras: frozenset[str]) -> Iterator[Requirement]:
        """All but those that clearly count only with an extra that is not among `extras`, which are normalised."""
        for text in self._texts:
            extra = only_with_extra(text)
            if extra is None or extra in extras:
                yield requirement(text)


@lru_cache(maxsize=32_768)
def only_with_extra(text: str) -> str | None:
    """The extra without which a requirement cannot count, None where its text does not make that clear.

    It is clear from `extra == "x"` as the whole marker, or joined by `and` to conditions without an `or` of their own
    outside parentheses (PEP 508).
    """
    found = _ON_EXTRA.search(text.rstrip().removesuffix(")").rstrip())
    if found is None or not found["extra"]:
        return None
    _, semicolon, marker = text[: found.start() + 1].partition(";")
    # Within quotation marks nothing is a bracket, nor a word.
    marker = _QUOTED.sub("", marker)
    before, shorter = "", marker
    for _ in range(_DEEPEST):
        before, shorter = shorter, _PARENTHESES.sub("", shorter)
        if shorter == before:
            break
    else:
        return None
    words = before.replace("(", " ").replace(")", " ").split()
    if not semicolon or "or" in words or (words and words[-1] != "and"):
        return None
    return normalise(found["extra"])


def metadata_json(text: bytes) -> dict[str, Any]:
    """The whole file as pip's report shows it (the JSON form of PEP 566). Raises `MetadataError`.

    Keys are the known fields in lower case with underscores; fields that may repeat are lists; keywords are
    split at commas, or else at white space; the text after the header is the description.
    """
    headers, description = split_headers(decoded(text, "the metadata"))
    fields = _collect(headers)
    if description:
        # As importlib.metadata: the text is one more Description field, behind a header of that name.
        fields.setdefault("description", []).append(description)
    result: dict[str, Any] = {}
    for field, multiple in _FIELDS:
        values = fields.get(_LOWER[field])
        if values is None:
            continue
        key = _LOWER[field].replace("-", "_")
        if multiple:
            result[key] = values
        elif key == "keywords":
            words = values[0]
            result[key] = [word.strip() for word in words.split(",")] if "," in words else words.split()
        else:
            result[key] = values[0]
    if description:
        result["description"] = description
    return result


def split_headers(text: str, *, skipped: frozenset[str] = frozenset()) -> tuple[list[tuple[str, str]], str]:
    """The fields in order, with names in lower case, and the description.

    Fields whose name is written exactly as in `skipped` are left out, which costs less.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    head, body = _parts(text)
    fields: list[tuple[str, str]] = []
    name = ""
    value = ""
    for line in head.split("\n") if head else ():
        known, _, first = line.partition(":")
        if known in skipped:
            known = ""
        elif known in _LOWER:
            known = _LOWER[known]
        elif line[0] in " \t":
            # A continuation without a field before it is skipped.
            value += "\n" + line
            continue
        else:
            # The envelope line of a mailbox is not a field, and neither is a line that begins with a colon.
            known = "" if line.startswith("From ") else known.lower()
        if name:
            fields.append((name, _unfolded(value) if "\n" in value else value))
        name, value = known, first.lstrip(" \t")
    if name:
        fields.append((name, _unfolded(value) if "\n" in value else value))
    return fields, body


def _parts(text: str) -> tuple[str, str]:
    """The header's lines without the last line's end, and the description without the line that separates them."""
    if text[:1] == "\n":
        return "", text[1:]
    head, separator, body = text.partition("\n\n")
    if "\nFrom " in head or _HEADER.fullmatch(head) is None:
        return _torn(text)
    if not separator and head[-1:] == "\n":
        head = head[:-1]
    return head, body


def _torn(text: str) -> tuple[str, str]:
    """As `_parts`, for a text whose header may end at something other than an empty line."""
    end = envelope = 0
    for line in text.split("\n"):
        if not line or not _HEADER.fullmatch(line):
            break
        # An envelope that is the header's last line, and not its only one, belongs to the description.
        envelope = end if line.startswith("From ") else 0
        end += len(line) + 1
    body = text[end:].removeprefix("\n")
    if envelope:
        return text[: envelope - 1], text[envelope:end] + body
    return text[: end - 1] if text[end - 1 : end] == "\n" else text[:end], body


def _unfolded(value: str) -> str:
    """The value of a field with continuation lines, indented by what the lines share."""
    from textwrap import dedent

    return dedent(" " * 8 + value)


def decoded(text: bytes, what: str) -> str:
    """The text of METADATA or of a file beside it; `what` names it in messages. Raises `MetadataError`."""
    if len(text) > MAX_METADATA_BYTES:
        raise MetadataError(f"{what} has {len(text)} bytes; at most {MAX_METADATA_BYTES} are read")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise MetadataError(f"{what} is not UTF-8") from None


def _collect(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name, []).append(value)
    return fields


def _only(fields: dict[str, list[str]], name: str) -> str:
    values = fields.get(name)
    if not values:
        raise MetadataError(f"the metadata has no {name}")
    return values[0].strip()


def _requires_python(values: list[str] | None) -> str | None:
    if not values or not _is_specifier(values[0]):
        return None
    if has_endless_number(values[0]):
        raise MetadataError("Requires-Python has a number that is too long to be read")
    return values[0].strip() or None


def has_endless_number(text: str) -> bool:
    """Whether a specifier or marker has a number that parses and then cannot be compared."""
    return len(text) >= 1000 and re.search(_ENDLESS_NUMBER, text) is not None


@lru_cache(maxsize=4096)
def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


@lru_cache(maxsize=8192)
def _version(text: str) -> Version:
    return Version(text)


@lru_cache(maxsize=32_768)
def requirement(text: str) -> Requirement:
    """One Requires-Dist, parsed once a run and shared: callers may not change it. Raises `MetadataError`."""
    # A folded field may begin or end with white space, which pip strips before it parses.
    text = text.strip()
    if len(text) > MAX_REQUIREMENT:
        raise MetadataError(f"a requirement has {len(text)} characters; at most {MAX_REQUIREMENT} are read")
    if has_endless_number(text):
        raise MetadataError(f"a requirement has a number that is too long to be read: {printable(text, 60)}")
    try:
        found = Requirement(text)
    except InvalidRequirement:
        raise MetadataError(f"not a valid requirement: {printable(text, 200)}") from None
    except RecursionError:
        raise MetadataError(f"a requirement is nested too deeply: {printable(text, 60)}") from None
    if len(found.specifier) > MAX_CLAUSES:
        raise MetadataError(f"a requirement has more than {MAX_CLAUSES} clauses: {printable(text, 60)}")
    return found
