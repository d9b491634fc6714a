"""The bundle: all sources of a configuration as one SQLite database, which audits and installs ask without a network.

    <cache>/advisories-1/<key>.json         which bundle belongs to these sources; replaced in one step
    <cache>/advisories-1/<sha256>.sqlite    the bundle; its name is the digest of its bytes

The key is the digest of the sources' names and places, so that configurations with other sources do not meet. A bundle
is read whole, hashed, and only then opened, from memory: what is asked is what was hashed. Whatever is wrong with it
is `advisories-unavailable`, and never an empty answer.

Tables: `meta` has one row, JSON (`form`, `built`, `sources`); `projects` has by normalised name what
`safepip.advisories.database` packs, under the empty name what concerns every project; `malicious` has by sha256 the id
of the record that names a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
import threading
import zlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.advisories.database import EVERY_PROJECT, FORM, SourceSummary, records_of
from safepip.advisories.plain_json import read_json
from safepip.edges.disk.private_files import make_private_folder
from safepip.edges.disk.reading import read_regular
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.model.spans import day_and_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.advisories.database import AdvisoryGathering
    from safepip.model.advisories import ProjectRecords
    from safepip.model.advisory_policy import AdvisorySource

_FOLDER = "advisories-1"
_LARGEST = 1 << 30
_UPDATE = "make it: safepip audit --update"

#: How far a clock may be behind the one by which a bundle, or a record, was dated, in seconds.
_CLOCKS = 600.0
_DAY = 86_400.0

_TABLES = (
    "CREATE TABLE meta (data TEXT NOT NULL)",
    "CREATE TABLE projects (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE malicious (sha256 TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID",
)


class BundleFacts(NamedTuple):
    """What a bundle is: when it was built, in seconds since the epoch, and of what."""

    built: float
    sources: tuple[SourceSummary, ...]


# --- writing -------------------------------------------------------------------------------------------------------


def files_among(sources: Iterable[AdvisorySource]) -> list[AdvisorySource]:
    """The sources that a bundle is made of; servers are asked when it matters."""
    return [source for source in sources if not source.is_server]


def write_bundle(root: str, sources: Sequence[AdvisorySource], gathering: AdvisoryGathering, facts: BundleFacts) -> str:
    """Put the bundle of these sources in place; its path. Until the last step the one before stays in use.

    Raises `Unavailable` (`store-unwritable`).
    """
    content = _database(gathering, facts)
    digest = hashlib.sha256(content).hexdigest()
    folder = os.path.join(root, _FOLDER)
    try:
        make_private_folder(folder)
        path = os.path.join(folder, f"{digest}.sqlite")
        before = _named(folder, sources)
        _replace(path, content)
        _replace(_pointer(folder, sources), json.dumps({"form": FORM, "sha256": digest}).encode())
        if before not in (None, digest) and before not in _used(folder):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, f"{before}.sqlite"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable.because(
            "store-unwritable", f"the bundle of advisories cannot be written to {printable(folder)}: {reason}"
        ) from None
    return path


def _database(gathering: AdvisoryGathering, facts: BundleFacts) -> bytes:
    meta = {"form": FORM, "built": facts.built, "sources": [list(source) for source in facts.sources]}
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(";\n".join(_TABLES))
        database.execute("INSERT INTO meta VALUES (?)", (json.dumps(meta),))
        database.executemany("INSERT INTO projects VALUES (?, ?)", gathering.projects())
        database.executemany("INSERT INTO malicious VALUES (?, ?)", gathering.digests())
        database.commit()
        return bytes(database.serialize())


def _replace(path: str, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _pointer(folder: str, sources: Iterable[AdvisorySource]) -> str:
    places = json.dumps([(source.name, source.place) for source in files_among(sources)])
    return os.path.join(folder, f"{hashlib.sha256(places.encode('utf-8', 'surrogatepass')).hexdigest()}.json")


def _named(folder: str, sources: Iterable[AdvisorySource]) -> str | None:
    """The digest of the bundle in use; None where there is none."""
    return _digest_in(_pointer(folder, sources))


def _used(folder: str) -> set[str | None]:
    """The digests of all bundles in use: two configurations may share one."""
    return {_digest_in(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(".json")}


def _digest_in(pointer: str) -> str | None:
    try:
        data = json.loads(read_regular(pointer, 10_000))
        digest = data["sha256"] if data["form"] == FORM else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return digest if isinstance(digest, str) and digest.isalnum() else None


# --- reading -------------------------------------------------------------------------------------------------------


class Bundle:
    """A bundle, hashed and opened. `doubts` say why it verifies nothing although it can be read.

    The search and its guesses ask at the same time, and are answered in turn: from Python 3.12 on, threads that use one
    connection at once get the answers to each other's questions.
    """

    def __init__(self, database: sqlite3.Connection, facts: BundleFacts, doubts: tuple[str, ...]) -> None:
        self._database = database
        self._turn = threading.Lock()
        self.facts = facts
        self.doubts = doubts

    def records(self, name: str) -> ProjectRecords:
        """What is known of a project, by its normalised name. Raises `Unavailable` (`advisories-unavailable`)."""
        try:
            rows = self._ask("SELECT name, data FROM projects WHERE name IN (?, ?)", name, EVERY_PROJECT)
            return records_of(name, dict(rows))
        except _BROKEN as error:
            raise _unavailable(f"it is broken: {error}") from None

    def malicious(self, sha256: str) -> str | None:
        """The id of the record that names a file with this digest as malicious. Raises as `records`."""
        try:
            rows = self._ask("SELECT record FROM malicious WHERE sha256 = ?", sha256)
        except sqlite3.Error as error:
            raise _unavailable(f"it is broken: {error}") from None
        return str(rows[0][0]) if rows else None

    @cached_property
    def names_files(self) -> bool:
        """Whether there is any malicious file that `malicious` would know. Raises as `records`."""
        try:
            return bool(self._ask("SELECT 1 FROM malicious LIMIT 1"))
        except sqlite3.Error as error:
            raise _unavailable(f"it is broken: {error}") from None

    def _ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._database.execute(question, values).fetchall()

    def close(self) -> None:
        """Let go of its memory."""
        self._database.close()


#: What asking a database, and unpacking what it has, raise where it is not as this program writes it.
_BROKEN = (sqlite3.Error, zlib.error, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def has_bundle(root: str, sources: Sequence[AdvisorySource]) -> bool:
    """Whether a bundle of these sources was built, usable or not."""
    return os.path.lexists(_pointer(os.path.join(root, _FOLDER), sources))


def open_bundle(root: str, sources: Sequence[AdvisorySource], now: float) -> Bundle:
    """The bundle of these sources. `now` is in seconds since the epoch. Raises `Unavailable`
    (`advisories-unavailable`)."""
    folder = os.path.join(root, _FOLDER)
    digest = _named(folder, sources)
    if digest is None:
        raise _unavailable("there is none for the configured sources")
    try:
        content = read_regular(os.path.join(folder, f"{digest}.sqlite"), _LARGEST)
    except OSError as error:
        raise _unavailable(f"it cannot be read: {error.strerror or type(error).__name__}") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise _unavailable("its bytes are not those that were written")
    database = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        database.deserialize(content)
        facts = _facts(database)
    except _BROKEN as error:
        database.close()
        raise _unavailable(f"it is broken: {error}") from None
    return Bundle(database, facts, tuple(_doubts(facts, sources, now)))


def _facts(database: sqlite3.Connection) -> BundleFacts:
    # Tables alone, and as they were made: to ask a view is to run what it says.
    if {text for (text,) in database.execute("SELECT sql FROM sqlite_master")} != set(_TABLES):
        raise ValueError("its tables are others")
    data = read_json(database.execute("SELECT data FROM meta").fetchone()[0].encode())
    if data["form"] != FORM:
        raise ValueError(f"its form is {data['form']!r}")
    return BundleFacts(float(data["built"]), tuple(_source(*source) for source in data["sources"]))


def _source(name: str, place: str, records: int, newest: float, digest: str) -> SourceSummary:
    return SourceSummary(str(name), str(place), int(records), float(newest), str(digest))


def _doubts(facts: BundleFacts, sources: Sequence[AdvisorySource], now: float) -> Iterable[str]:
    if facts.built > now + _CLOCKS:
        yield f"the bundle of advisories was made at {day_and_time(facts.built)}, which is in the future"
    newest = {source.name: source.newest for source in facts.sources}
    for source in files_among(sources):
        date = newest.get(source.name, 0.0)
        if date > now + _DAY:
            yield f"{source.name} has a record of {day_and_time(date)}, which is in the future"
        elif source.max_age is not None and now - date > source.max_age:
            yield f"the newest record of {source.name} is of {day_and_time(date)}, which is older than its max-age"


def _unavailable(reason: str) -> Unavailable:
    return Unavailable.because(
        "advisories-unavailable", f"the bundle of advisories cannot be used: {printable(reason)}", hint=_UPDATE
    )
