"""The records of a source, one by one: a folder or a zip archive of OSV files, in JSON or YAML.

A source is data of strangers, so it is read within bounds: how many files, how large each is and all of them are, how
deep folders lie. What is over a bound, and a file or archive that cannot be read, ends the reading: half a source would
look like a whole one. In a folder, names that begin with a dot are passed over (`.git`), and links are not followed.

YAML is read without its types and without aliases: texts, lists and tables are all that a record has, a version such as
`1.10` stays the text that it is, and a few lines of aliases could stand for a text of any length. That needs PyYAML,
which safepip does without otherwise.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.advisories.plain_json import NotPlain, read_json
from safepip.edges.disk.reading import open_regular, read_regular
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: All of OSV has some 20,000 records of PyPI, the largest of less than 1 MB.
MOST_RECORDS = 1_000_000
LARGEST_RECORD = 8 << 20
LARGEST_SOURCE = 4 << 30
LARGEST_ARCHIVE = 512 << 20
_DEEPEST = 32

_JSON, _YAML = (".json",), (".yaml", ".yml")
_WITHOUT_YAML = "install safepip with it: safepip[yaml]; a single file has none, so name records in JSON for that"

#: How deep lists and tables of YAML lie at most. A record needs seven.
_DEEPEST_YAML = 32

#: How members are packed. Others (bzip2, LZMA) occur in no database, and an LZMA member says how much memory it takes.
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class SourceFile(NamedTuple):
    """One file of a source. `name` is its path there."""

    name: str
    content: bytes


class NotARecord(ValueError):
    """A file is not JSON, or not YAML, that all readers read alike; the text says why."""


def read_files(path: str) -> Iterator[SourceFile]:
    """The record files of a folder or of a zip archive. Raises `Unavailable` (`advisories-unreadable`)."""
    try:
        if os.path.isdir(path):
            yield from _bounded(_in_folder(path), path)
        else:
            with open(open_regular(path), "rb") as file:
                yield from _bounded(_in_archive(file), path)
    except _ARCHIVE_ERRORS as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        raise unreadable(path, reason) from None


def read_archive(content: bytes, place: str) -> Iterator[SourceFile]:
    """The record files of a zip archive in memory, fetched from `place`. Raises as `read_files`."""
    try:
        yield from _bounded(_in_archive(io.BytesIO(content)), place)
    except _ARCHIVE_ERRORS as error:
        raise unreadable(place, str(error) or type(error).__name__) from None


#: What opening, unpacking and decrypting raise; `RuntimeError` is zipfile's word for an encrypted file. What follows it
#: comes of names without a letter, and of offsets beyond every file.
_ARCHIVE_ERRORS = (
    *(OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError),
    *(LookupError, OverflowError),
)


def unreadable(place: str, reason: str, hint: str = "") -> Unavailable:
    """The error that a source cannot be read; nothing was made of it."""
    message = f"the source of advisories {printable(place)} cannot be read: {printable(reason)}"
    return Unavailable.because("advisories-unreadable", message, hint=hint)


def _in_folder(path: str, below: str = "", depth: int = 0) -> Iterator[SourceFile]:
    if depth > _DEEPEST:
        raise ValueError(f"folders lie deeper than {_DEEPEST}")
    with os.scandir(os.path.join(path, below)) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_symlink() and (_is_record(entry.name) or entry.is_dir()):
            raise ValueError(f"{printable(name, 100)} is a link, and links are not followed")
        if entry.is_dir(follow_symlinks=False):
            yield from _in_folder(path, name, depth + 1)
        elif _is_record(entry.name):
            # A pipe or a device is an error here.
            yield SourceFile(name, _content(entry.path, name))


def _is_record(name: str) -> bool:
    return name.lower().endswith((*_JSON, *_YAML))


def _content(path: str, name: str) -> bytes:
    try:
        return read_regular(path, LARGEST_RECORD)
    except OSError as error:
        raise ValueError(f"{printable(name, 100)}: {error.strerror or type(error).__name__}") from None


def _in_archive(file: Any) -> Iterator[SourceFile]:
    with zipfile.ZipFile(file) as archive:
        names = archive.infolist()
        if len(names) > MOST_RECORDS:
            raise ValueError(f"it has more than {MOST_RECORDS} files")
        for member in sorted(names, key=lambda member: member.filename):
            if member.is_dir() or not _is_record(member.filename):
                continue
            _check_member(member)
            with archive.open(member) as opened:
                # What an archive says of sizes is not believed: no more than the bound is ever unpacked.
                content = opened.read(LARGEST_RECORD + 1)
            if len(content) > LARGEST_RECORD:
                raise ValueError(f"{printable(member.filename, 100)} is larger than any record")
            yield SourceFile(member.filename, content)


def _check_member(member: zipfile.ZipInfo) -> None:
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"{printable(member.filename, 100)} is a link, and links are not followed")
    if member.compress_type not in _PACKED:
        raise ValueError(f"{printable(member.filename, 100)} is neither stored nor deflated")


def _bounded(files: Iterator[SourceFile], place: str) -> Iterator[SourceFile]:
    count, size = 0, 0
    for file in files:
        count += 1
        size += len(file.content)
        if count > MOST_RECORDS:
            raise ValueError(f"it has more than {MOST_RECORDS} files")
        if size > LARGEST_SOURCE:
            raise ValueError(f"its files are together larger than {LARGEST_SOURCE >> 30} GB")
        yield file
    if not count:
        raise unreadable(place, "it has no records", "name the folder or archive that has the .json or .yaml files")


def parse(file: SourceFile) -> Any:
    """What is in a file. Raises `NotARecord`, and `Unavailable` (`advisories-unreadable`) for YAML without PyYAML."""
    try:
        return read_json(file.content) if file.name.lower().endswith(_JSON) else _yaml(file)
    except NotPlain as problem:
        raise NotARecord(str(problem)) from problem


def _yaml(file: SourceFile) -> Any:
    try:
        import yaml
    except ImportError:
        raise unreadable(file.name, "it is YAML, and PyYAML is not installed", _WITHOUT_YAML) from None
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        _check_events(yaml, yaml.parse(file.content, Loader=loader))
        return _built(yaml.compose(file.content, Loader=loader))
    except NotPlain:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise NotPlain("it is not plain YAML") from problem


def _built(node: Any) -> Any:
    """The texts, lists and tables that a tree of YAML stands for. `_check_events` has bounded its depth."""
    if node is None or node.id == "scalar":
        return node and node.value
    if node.id == "sequence":
        return [_built(item) for item in node.value]
    made = {key.value: _built(value) for key, value in node.value if key.id == "scalar"}
    if len(made) != len(node.value):
        raise NotPlain("a table in it has a key twice, or one that is no text")
    return made


def _check_events(yaml: Any, events: Iterable[Any]) -> None:
    """Refuse what this reading would take for something else than other readings, and what it could not bear."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise NotPlain("it is not plain YAML: it has aliases")
        if getattr(event, "tag", None) is not None:
            raise NotPlain("it is not plain YAML: it has tags")
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
            raise NotPlain("it is not plain YAML: it has merge keys")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST_YAML:
            raise NotPlain("it is nested too deeply")


class RunningDigest:
    """The sha256 of the files of a source, in their order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, file: SourceFile) -> None:
        """One more file."""
        self._hash.update(f"{file.name}\0{len(file.content)}\0".encode("utf-8", "surrogatepass"))
        self._hash.update(file.content)

    def hex(self) -> str:
        """The digest of all so far."""
        return self._hash.hexdigest()
