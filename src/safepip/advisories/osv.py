"""One OSV record: parsed JSON or YAML in, what it says of PyPI's projects out.

Source: the OSV schema, 1.x. What is read, and how strictly:

- `id` and `modified` are required. `schema_version` begins with `1.` where it is there: another one may mean otherwise.
  `aliases` is a list of texts; `related` and `upstream` make nothing the same.
- A record with a `withdrawn` moment says nothing from then on, whatever else is in it. Until then it counts.
- Of `affected` the entries of the ecosystem `PyPI` count, and no others: not an entry without a package, which is about
  a repository, and not another ecosystem. Something that is PyPI in all but its writing (`pypi`, `PyPI:suffix`, `pip`)
  is an error of the record, and so is a name that is none (`demo[extra]`, an invisible letter, a dash that is no
  hyphen): it may be meant for the project whose name it nearly is, or for any, where it is nearly none.
- `versions` is a list of texts. A range has a `type` and `events`; each event has exactly one of `introduced`, `fixed`,
  `last_affected` and `limit`; one event at least is `introduced`, and `fixed` and `last_affected` exclude each other.
- GIT ranges speak of commits, which no installed distribution tells; SEMVER is for ecosystems whose versions are
  Semantic Versions, and PyPI's are not. Of both the schema wants the versions listed, so an entry with nothing but such
  ranges is an error, as is one with neither versions nor ranges: it would affect nothing. A SEMVER range beside others
  is one, too, where no versions are listed: it speaks of versions that the others may leave out.
- `database_specific.indicators.package_integrity` of an entry, or of the record, lists digests of malicious files.

A record with an error is not used in part. It is `unreadable` for the projects that it names, and for every project
(`None`) where it is not even known which these are: a mistake in a database must not look like a clean project. Of a
malicious record with an error the digests that can be read count all the same: to use them only refuses more.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.advisories.severity import ratings_of, severity_of, worst_first
from safepip.model.advisories import MALWARE_ID, Affected, Event, Rating, Severity, Unreadable
from safepip.model.digest import STRONG, WeakDigest, strong
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS = ("introduced", "fixed", "last_affected", "limit")
_RANGE_TYPES = ("ECOSYSTEM", "SEMVER", "GIT")
_LONGEST_ID = 200
_LONGEST_VERSION = 200

#: How many items a list has at most. The longest real ones have a few thousand, the versions of a nightly build.
_MOST = 20_000

#: How many vectors of CVSS a record has at most, in all. Real ones have up to four; some take a millisecond to score.
_MOST_VECTORS = 1_000

#: Other names of the one ecosystem, which say what is meant and are wrong (OSV, "Defined ecosystems").
_OTHER_NAMES = frozenset({"pypi", "pip", "python"})

#: What no name has in it, and what people write behind one.
_BESIDE_A_NAME = re.compile(r"[\x00-\x20\x7f\[\]()<>=!~;@,/\\]")


class Malformed(ValueError):
    """A record is not as the schema says; the text is what is wrong with it."""


class Record(NamedTuple):
    """What a record says. `affected`, `severity` and `ratings` are by normalised project name; `modified` is in seconds
    since the epoch. `digests` are the sha256 of malicious files."""

    id: str
    aliases: tuple[str, ...]
    modified: float
    affected: dict[str, tuple[Affected, ...]]
    severity: dict[str, Severity]
    malicious: bool
    summary: str
    digests: tuple[str, ...]
    ratings: dict[str, tuple[Rating, ...]]


class RecordReading(NamedTuple):
    """What came of a record: `record` is None where it is withdrawn, or malformed. `unreadable` are the projects about
    which it cannot be used; None among them means every project. `digests` are those of malicious files that a
    malformed record names, each with what the record is called; `ours` says whether it is about PyPI at all."""

    record: Record | None
    modified: float = 0.0
    unreadable: dict[str | None, Unreadable] = {}  # noqa: RUF012 - a named tuple's default, which nothing changes
    digests: dict[str, str] = {}  # noqa: RUF012 - as above
    ours: bool = True


def read_record(data: Any, where: str, now: float) -> RecordReading:
    """Read one record; `where` names it in messages until its id is known, `now` is in seconds since the epoch. Never
    raises."""
    shown = printable(where, 100)
    if not isinstance(data, dict):
        return RecordReading(None, 0.0, {None: Unreadable(shown, "it is not an object")})
    try:
        shown = printable(_id(data), 100)
        _check_schema(data)
        modified = moment(data.get("modified"), "modified")
        if data.get("withdrawn") is not None and moment(data["withdrawn"], "withdrawn") <= now:
            return RecordReading(None, modified, ours=bool(_names(data)))
        record = _record(data, modified)
        return RecordReading(record, modified, ours=bool(record.affected or record.digests))
    except Malformed as problem:
        unreadable = dict.fromkeys(_names(data), Unreadable(shown, str(problem)))
        return RecordReading(None, 0.0, unreadable, dict.fromkeys(*_readable_digests(data)), bool(unreadable))


def _check_schema(data: dict[str, Any]) -> None:
    version = data.get("schema_version", "1.")
    if not (isinstance(version, str) and version.startswith("1.")):
        raise Malformed("its schema_version is not 1")


def moment(value: Any, key: str) -> float:
    """A moment of RFC 3339, in seconds since the epoch. Raises `Malformed`."""
    try:
        read = datetime.fromisoformat(value if isinstance(value, str) else "")
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{key} is not a moment") from None


def _record(data: dict[str, Any], modified: float) -> Record:
    affected: dict[str, tuple[Affected, ...]] = {}
    severity: dict[str, Severity] = {}
    digests: dict[str, None] = {}
    ratings: dict[str, dict[Rating, None]] = {}
    general_vectors = _vectors(data, _MOST_VECTORS)
    left, every = _MOST_VECTORS - len(general_vectors), ratings_of(general_vectors)
    unrated: set[str] = set()
    general = severity_of(every, _table(data, "database_specific").get("severity"))
    identity = _id(data)
    aliases = tuple(_texts(data, "aliases", _LONGEST_ID))
    for entry in _list(data, "affected"):
        name = _project(entry)
        if name is None:
            continue
        vectors = _vectors(entry, left)
        left -= len(vectors)
        rated = ratings_of(vectors)
        own = severity_of(rated, _table(entry, "database_specific").get("severity"))
        digests.update(dict.fromkeys(_digests(entry)))
        affected[name] = (*affected.get(name, ()), _affected(entry))
        severity[name] = max(severity.get(name, Severity.UNKNOWN), own or general)
        ratings.setdefault(name, {}).update(dict.fromkeys(rated))
        if not rated:
            unrated.add(name)
    if affected or digests:
        digests.update(dict.fromkeys(_digests(data)))
    summary = data.get("summary", "")
    return Record(
        identity,
        aliases,
        modified,
        affected,
        severity,
        bool(malware_name((identity, *aliases))),
        printable(summary, 200) if isinstance(summary, str) else "",
        tuple(digests),
        {name: worst_first((*found, *(every if name in unrated else ()))) for name, found in ratings.items()},
    )


def _vectors(data: dict[str, Any], most: int) -> list[Any]:
    """What `severity` lists, at most so many items; nothing where it is no list. Raises `Malformed`."""
    value = data.get("severity")
    if not isinstance(value, list):
        return []
    if len(value) > most:
        raise Malformed(f"severity has more than {_MOST_VECTORS} items")
    return value


def _affected(entry: dict[str, Any]) -> Affected:
    versions = tuple(_texts(entry, "versions", _LONGEST_VERSION))
    stated = _list(entry, "ranges")
    ranges = tuple(filter(None, map(_range, stated)))
    if not versions and (not ranges or any(data["type"] == "SEMVER" for data in stated)):
        raise Malformed("an affected entry says no versions that can be compared")
    return Affected(versions, ranges)


def _range(data: Any) -> tuple[Event, ...]:
    """The events of a range of versions; none of a range of another kind."""
    if not isinstance(data, dict) or data.get("type") not in _RANGE_TYPES:
        raise Malformed("a range has no known type")
    events = tuple(map(_event, _list(data, "events")))
    kinds = {event.kind for event in events}
    if "introduced" not in kinds:
        raise Malformed("a range is never introduced")
    if {"fixed", "last_affected"} <= kinds:
        raise Malformed("a range has both fixed and last_affected")
    return events if data["type"] == "ECOSYSTEM" else ()


def _event(data: Any) -> Event:
    if not isinstance(data, dict) or len(data) != 1:
        raise Malformed("an event does not have exactly one key")
    ((kind, version),) = data.items()
    if kind not in KINDS or not _is_text(version, _LONGEST_VERSION):
        raise Malformed("an event is not introduced, fixed, last_affected or limit with a version")
    return Event(kind, version)


def _project(entry: Any) -> str | None:
    """The normalised name of the PyPI project that an entry is about; None where it is about something else."""
    if not isinstance(entry, dict):
        raise Malformed("an affected entry is not an object")
    package = entry.get("package")
    if package is None:
        return None
    if not isinstance(package, dict) or not isinstance(package.get("ecosystem"), str):
        raise Malformed("an affected package has no ecosystem")
    ecosystem: str = package["ecosystem"]
    if not _is_ours(ecosystem):
        return None
    if ecosystem != "PyPI":
        raise Malformed(f"the ecosystem is written {printable(ecosystem, 40)!r}, and not PyPI")
    name = package.get("name")
    if not isinstance(name, str):
        raise Malformed("an affected package has no name")
    if not is_name(name):
        raise Malformed("the name of a package is not a name alone")
    return normalise(name)


def _meant(name: str) -> str | None:
    """The project that is meant by a name which is none, or not spelt as one, as far as that can be told: without what
    cannot be seen, what stands beside it and what no name begins or ends with, in plain letters and hyphens. None where
    that is no name either."""
    plain = "".join(map(_plain, unicodedata.normalize("NFKC", name)))
    stem = _BESIDE_A_NAME.split(plain.strip(), maxsplit=1)[0].strip("-._")
    return normalise(stem) if is_name(stem) else None


def _plain(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace():
        return " "
    return "-" if category == "Pd" or letter == "\N{MINUS SIGN}" else "" if category[0] == "C" else letter


def _is_ours(ecosystem: str) -> bool:
    """Whether it is PyPI, however it is written."""
    return ecosystem.partition(":")[0].strip().casefold() in _OTHER_NAMES


def _names(data: Any) -> set[str | None]:
    """The projects that a malformed record is about, as far as it tells; None for what it does not tell."""
    entries = data.get("affected") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return {None}
    found: set[str | None] = set()
    for entry in entries:
        package = entry.get("package") if isinstance(entry, dict) else entry
        if package is None and isinstance(entry, dict):
            continue
        name = package.get("name") if isinstance(package, dict) else None
        ecosystem = package.get("ecosystem") if isinstance(package, dict) else None
        if isinstance(ecosystem, str) and not _is_ours(ecosystem):
            continue
        if not isinstance(name, str) or not isinstance(ecosystem, str):
            found.add(None)
        else:
            found.add(_meant(name))
    return found


def malware_name(names: Iterable[Any]) -> str:
    """The first of these names that is one of malware; empty where none is. It is what a record with that name is known
    by where its digests are: its own id may be of another database."""
    return next((name for name in names if isinstance(name, str) and name.startswith(MALWARE_ID)), "")


def _readable_digests(data: dict[str, Any]) -> tuple[list[str], str]:
    """What can be read of `_digests` in a malformed record that is malicious, and what that is known by."""
    aliases = data.get("aliases")
    name = malware_name((data.get("id"), *(aliases if isinstance(aliases, list) else ())))
    return (list(_each_readable(data)) if name else []), printable(name, 100)


def _each_readable(data: dict[str, Any]) -> Iterator[str]:
    entries = data.get("affected")
    for part in (data, *(entries if isinstance(entries, list) else ())):
        try:
            yield from _digests(part) if isinstance(part, dict) else ()
        except Malformed:
            continue


def _digests(entry: dict[str, Any]) -> Iterator[str]:
    """The sha256 of the malicious files that an entry names. Digests of members (`evidence_files`) are none of files.

    Weaker digests are passed over: another file can be made to have them.
    """
    indicators = _table(_table(entry, "database_specific"), "indicators")
    for file in _list(indicators, "package_integrity") if indicators else ():
        hashes = file.get("hashes") if isinstance(file, dict) else None
        if not isinstance(hashes, dict):
            raise Malformed("an entry of package_integrity has no hashes")
        value = hashes.get("sha256")
        if value is None:
            continue
        try:
            yield strong("sha256", value if isinstance(value, str) else "").hex
        except WeakDigest:
            raise Malformed(f"a sha256 of package_integrity does not have {STRONG['sha256']} digits") from None


def _id(data: dict[str, Any]) -> str:
    value = data.get("id")
    if not _is_text(value, _LONGEST_ID):
        raise Malformed("it has no id")
    return str(value)


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{key} is not a list")
    if len(value) > _MOST:
        raise Malformed(f"{key} has more than {_MOST} items")
    return value


def _texts(data: dict[str, Any], key: str, limit: int) -> Iterable[str]:
    values = _list(data, key)
    # As `_is_text` for each, at once: most of what a record has are the versions that it lists.
    try:
        short = "".join(values).isprintable() and all(values) and max(map(len, values), default=0) <= limit
    except TypeError:
        short = False
    if not short:
        raise Malformed(f"{key} has something that is not a short text")
    return values


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{key} is not an object")
    return value
