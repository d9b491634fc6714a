"""Which distribution the files of an environment belong to, asked path by path.

An installation usually writes where nothing is, so a question costs one look at the file system, and none below a
folder that is not there. Only when something is there are the lists of files read, once and of all distributions
together: RECORD; for an old installation without one `installed-files.txt`, as pip reads it to uninstall; else
`top_level.txt`, which names whole trees. A distribution that has none of these lists owns no known files.

Paths are compared by `safepip.wheel.install_paths.key_of`, after the links among their folders have been followed. A
list that does not follow the standard is still read, as pip reads it: it names some files nevertheless.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from safepip.edges.disk.reading import open_regular, read_regular
from safepip.edges.target.installed import all_metadata
from safepip.model.digest import STRONG
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.wheel.byte_code import is_cached, possible_sources
from safepip.wheel.content import MAX_RECORD_BYTES, MAX_TEXT_BYTES
from safepip.wheel.install_paths import key_of
from safepip.wheel.namespaces import LONGEST, interchangeable, way_of_declaring
from safepip.wheel.pth import read_pth
from safepip.wheel.record import RecordError, parse_record, record_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from safepip.model.wheel import Entry

#: So many folders deep a tree of a distribution may lie.
_DEEPEST = 256
#: Endings of what a name in `top_level.txt` can stand for, as pip uninstalls it.
_MODULES = ("", ".py", ".pyc", ".pyo")


class Ownership:
    """The files of the distributions that are installed in some folders.

    `folders` are those that distributions are looked for in. `making_way` are normalised names of distributions that do
    not count, since this run removes or replaces them. `moved` is `Layout.moved`: lists of files in the second folder
    of a pair were written for the first. Paths are absolute and with `/`.
    """

    def __init__(
        self, folders: Iterable[str], making_way: Collection[str] = (), moved: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._written_for = {new: old for old, new in moved}
        self._folders = tuple(dict.fromkeys(folders))
        self._making_way = frozenset(making_way)
        self._places: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._trees: dict[str, str] = {}
        self._digests: dict[str, dict[str, tuple[str, bytes]]] = {}

    def owner(self, path: str) -> str | None:
        """The normalised name of the distribution that owns what is at `path`, None where nothing is there, or it has
        no owner.

        Where a folder on the way is a file, its owner counts; where `path` is a folder, that of something in it. Byte
        code in `__pycache__` belongs to the owner of the source beside it, whether it is there yet or not, and without
        a source to the distribution that lists it. Raises `Unavailable` (`installed-metadata`) when a list of files is
        there and cannot be read.
        """
        if path.endswith(".pyc") and is_cached(path):
            for source in possible_sources(path):
                owner = self._owner_at(source)
                # A folder with the name of a source is not one.
                if owner is not None and not self._place(source).endswith("/"):
                    return owner
        return self._owner_at(path)

    def holds(self, path: str, entry: Entry) -> bool:
        """Whether the file at `path` has the bytes of a wheel's entry already, or declares a namespace as it does."""
        import hashlib

        try:
            found = os.lstat(path)
            if not stat.S_ISREG(found.st_mode) or (found.st_size != entry.size and not entry.namespace):
                return False
            with open(open_regular(path), "rb") as file:
                if entry.namespace:
                    return interchangeable(way_of_declaring(file.read(LONGEST + 1)), entry.namespace)
                return hashlib.file_digest(file, entry.algorithm).digest() == entry.digest
        except (OSError, ValueError):
            return False

    def declares(self, path: str) -> str:
        """The way in which the source at `path` declares a namespace package; empty where it does more, or is not a
        source."""
        try:
            if not path.endswith(".py") or not stat.S_ISREG(os.lstat(path).st_mode):
                return ""
            with open(open_regular(path), "rb") as file:
                return way_of_declaring(file.read(LONGEST + 1))
        except (OSError, ValueError):
            return ""

    def hooks(self) -> Mapping[str, tuple[str, ...]]:
        """The lines with code of every `-nspkg.pth` file beside the distributions, by its path."""
        return self._hooks

    @cached_property
    def _hooks(self) -> Mapping[str, tuple[str, ...]]:
        found = {}
        for path in (f"{folder}/{name}" for folder in self._folders for name in self.names(folder)):
            try:
                if key_of(path).endswith("-nspkg.pth") and stat.S_ISREG(os.stat(path).st_mode):
                    with open(path, "rb") as file:
                        found[path] = read_pth(file.read(MAX_TEXT_BYTES)).code
            # A file that this user may not read, such as another user's hook, does not run for this user either.
            except (OSError, ValueError):
                continue
        return found

    def entry_points(self, owner: str) -> bytes | None:
        """The content of `entry_points.txt` of an installed distribution; None where it has none that can be read."""
        metadata = next((path for name, path in all_metadata(self._folders) if name == owner), None)
        if metadata is None:
            return None
        try:
            return read_regular(os.path.join(metadata, "entry_points.txt"), MAX_TEXT_BYTES)
        except OSError:
            return None

    def files(self, metadata: str) -> list[str]:
        """The paths that the distribution with this metadata lists, in the place of some byte code its folder. Raises
        as `owner`."""
        return _listed(metadata.replace(os.sep, "/"), self._written_for)[0]

    def keys(self, paths: Iterable[str]) -> list[str]:
        """The keys of these files. A folder that is not there any more holds nothing that could be written over."""
        found = []
        for path in paths:
            folder, _, name = path.rpartition("/")
            place = self._place(folder)
            if place.endswith("/"):
                found.append(place + name)
        # One call for all of them is much faster than one for each.
        return key_of("\n".join(found)).split("\n") if found else []

    def digest(self, owner: str, path: str) -> tuple[str, bytes] | None:
        """The algorithm and the digest that the RECORD of an installed distribution has for a path, both empty where it
        has no strong one; None for a path that it does not list."""
        if owner not in self._digests:
            rows: dict[str, tuple[str, bytes]] = {}
            for metadata in (path.replace(os.sep, "/") for name, path in all_metadata(self._folders) if name == owner):
                folder = metadata.rpartition("/")[0]
                with suppress(RecordError):
                    for row in parse_record(_read(f"{metadata}/RECORD") or b""):
                        (there,) = _absolute([row.path], folder, self._written_for.get(folder, folder))
                        known = row.algorithm in STRONG and row.digest is not None
                        rows[key_of(self._there(there))] = (row.algorithm, row.digest or b"") if known else ("", b"")
            self._digests[owner] = rows
        return self._digests[owner].get(key_of(self._there(path)))

    def digests(self, path: str) -> Iterator[tuple[str, bytes]]:
        """The same of all that list a path, its owner first; those that make way do not count. Raises as `owner`."""
        names = dict.fromkeys((self.owner(path) or "", *(name for name, _ in all_metadata(self._folders))))
        for name in names:
            stated = self.digest(name, path) if name not in self._making_way else None
            if stated is not None:
                yield stated

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the files in a folder, without folders; empty where it cannot be read or is not a folder."""
        if folder not in self._names:
            place = self._place(folder)
            self._names[folder] = _list(place) if place.endswith("/") else ()
        return self._names[folder]

    def _owner_at(self, path: str) -> str | None:
        real = self._there(path)
        if not real:
            return None
        key = key_of(real)
        owner = self._owners.get(key)
        if owner is not None:
            return owner
        if self._trees:
            # From the top down, as far as trees reach: no path is so deep that it matters.
            for end in islice((at for at, char in enumerate(f"{key}/") if char == "/" and at), _DEEPEST):
                owner = self._trees.get(key[:end])
                if owner is not None:
                    return owner
        if self._place(path).endswith("/"):
            at = bisect_left(self._ordered, f"{key}/")
            if at < len(self._ordered) and self._ordered[at].startswith(f"{key}/"):
                return self._owners[self._ordered[at]]
        return None

    # --- what is there ---------------------------------------------------------------------------------------

    def _there(self, path: str) -> str:
        """The real path of what is at `path`, or of the file that stands in the way of it; empty for nothing."""
        folder, _, name = path.rpartition("/")
        place = self._place(folder)
        if not place.endswith("/"):
            return place
        real = place + name
        try:
            os.lstat(real)
        # What the system cannot look for, such as a name that is too long, it cannot write over either.
        except (OSError, ValueError):
            return ""
        return real

    def _place(self, folder: str) -> str:
        """A folder's real path with a slash behind it; that of the file in its way, without; empty for nothing."""
        found = self._places.get(folder)
        if found is None:
            found = self._places[folder] = self._look(folder)
        return found

    def _look(self, folder: str) -> str:
        above, _, name = folder.rpartition("/")
        place = self._places.get(above) if above else None
        if place is not None:
            return _entered(place + name) if place.endswith("/") else place
        # From the top down: of a long path that leads nowhere only the beginning is looked at, and kept.
        end = len(os.path.splitdrive(folder)[0])
        place = self._places.get(folder[:end])
        if place is None:
            place = self._places[folder[:end]] = _slashed(os.path.realpath(f"{folder[:end]}/"))
        while end < len(folder) and place.endswith("/"):
            start, end = end + 1, folder.find("/", end + 1)
            end = len(folder) if end < 0 else end
            known = self._places.get(folder[:end])
            if known is None:
                known = self._places[folder[:end]] = _entered(place + folder[start:end])
            place = known
        return place

    # --- which distribution it belongs to -----------------------------------------------------------------------------

    @cached_property
    def _owners(self) -> dict[str, str]:
        """The owner of every listed file by the key of its real path; of several the first."""
        owners: dict[str, str] = {}
        for name, metadata in reversed(tuple(all_metadata(self._folders))):
            if name not in self._making_way:
                files, trees = _listed(metadata.replace(os.sep, "/"), self._written_for)
                owners.update(dict.fromkeys(self.keys(files), name))
                self._trees.update(dict.fromkeys(self.keys(trees), name))
        return owners

    @cached_property
    def _ordered(self) -> list[str]:
        """The keys of all files, sorted: those below a folder are found without looking at the others."""
        return sorted(self._owners)


def _entered(path: str) -> str:
    """What `Ownership._place` gives for a path whose folder is real."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            path = os.path.realpath(path)
            mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return _slashed(path) if stat.S_ISDIR(mode) else path


def _list(folder: str) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            return tuple(entry.name for entry in entries if not entry.is_dir())
    except OSError:
        return ()


def _slashed(path: str) -> str:
    return path.replace(os.sep, "/").rstrip("/") + "/"


def _listed(metadata: str, written_for: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The files of the distribution whose metadata lies there, and the trees that are its own: absolute paths."""
    folder = metadata.rpartition("/")[0]
    if metadata.endswith(".egg/EGG-INFO"):
        return [], [folder]
    data = _read(f"{metadata}/RECORD")
    if data is not None:
        return _absolute(_record(data, metadata), folder, written_for.get(folder, folder)), []
    # What an old `setup.py install` wrote; paths are relative to the metadata.
    data = _read(f"{metadata}/installed-files.txt")
    if data is not None:
        return _absolute(_lines(data), metadata), []
    shared = set(_lines(_read(f"{metadata}/namespace_packages.txt") or b""))
    tops = [name for name in _lines(_read(f"{metadata}/top_level.txt") or b"") if name not in shared]
    return [], _absolute([name + ending for name in tops for ending in _MODULES], folder)


def _read(path: str) -> bytes | None:
    """A file's bytes, None where it is not there."""
    try:
        return read_regular(path, 2 * MAX_RECORD_BYTES)  # rows for byte code come on top of the wheel's
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(f"{path}: {error.strerror or type(error).__name__}") from None


def _unreadable(reason: str) -> Unavailable:
    return Unavailable.because(
        "installed-metadata",
        "the list of an installed distribution's files cannot be read, so it is not known what would be overwritten",
        context=(printable(reason),),
        hint="make the file readable, or reinstall the distribution that it belongs to",
    )


def _record(data: bytes, metadata: str) -> list[str]:
    """The paths in a RECORD; for byte code that goes by a source of the same list the folder that it lies in."""
    try:
        paths = record_paths(data)
    except RecordError:
        import csv

        lines = data.decode("utf-8", "surrogateescape").splitlines()
        try:
            paths = [row[0] for row in csv.reader(lines) if row and row[0]]
        except csv.Error as error:
            raise _unreadable(f"{metadata}/RECORD: {error}") from None
    listed = frozenset(paths)
    mine = [path for path in paths if not (path.endswith(".pyc") and is_cached(path))]
    folders: set[str] = set()
    for path in paths:
        if path.endswith(".pyc") and is_cached(path):
            # Nothing else could show the owner of byte code without a source beside it.
            if listed.isdisjoint(possible_sources(path)):
                mine.append(path)
            folders.add(path.rpartition("/")[0])
    return [*filter(None, mine), *folders]


def _lines(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _absolute(paths: list[str], folder: str, written_for: str = "") -> list[str]:
    """Absolute paths without `.` and `..`, with `/`, of paths that are relative to a folder or are not.

    Paths that lead out of the folder do so relative to the folder that they were written for.
    """
    base = written_for or folder
    return [_normal(path, base) if _is_unusual(path) else f"{folder}/{path}" for path in paths]


def _is_unusual(path: str) -> bool:
    """Whether a path may be absolute, lead upwards, or be written with the separators of Windows."""
    return path[0] in "/." or "/." in path or "//" in path or "\\" in path or ":" in path


def _normal(path: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, path)).replace(os.sep, "/")
