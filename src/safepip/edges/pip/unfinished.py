"""The note of `safepip.handover.unfinished` on the disk: written before pip starts, and set right afterwards.

    <the environment>/.safepip-unfinished-3.11

It lies in the folder of the scheme `data`, which is that of the environment, or the user's base. A run that is killed
leaves it, and its pips go on. So a run that works by the note locks it (flock(2)), and its pips hold the lock, too: a
later run waits until the last of them has ended. Where files cannot be locked, nothing is waited for.

Where there is no note, that costs a look at one path, or two where the user has a base.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from safepip.handover.instructions import Handover
    from safepip.handover.unfinished import Undone
    from safepip.model.plan import Settings, Target

_NAME = ".safepip-unfinished-"
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

#: As `installed_wheels` has it.
_LONGEST_RECORD = 64 << 20


class _Place(NamedTuple):
    """Where a note lies, and the folders of distributions that it may speak of, by their names in schemes."""

    path: str
    libraries: Mapping[str, str]


class Unfinished:
    """What installations into an environment have left undone, or may leave undone.

    As a context manager: entering sets right what an earlier run has noted, and says so to `tell`, a line at a time. In
    a dry run nothing is touched. With `--target`, `--prefix` and `--root` there is no note: what is there does not
    count as installed, and the next run does everything again.

    `sure` is called before anything is touched on entering, and raises where the target may be another one than it is
    said to be (`safepip.edges.target.interpreter.confirm`).
    """

    def __init__(
        self, settings: Settings, target: Target, tell: Callable[[str], None], sure: Callable[[], None]
    ) -> None:
        self._settings, self._target, self._tell, self._sure = settings, target, tell, sure
        self._handle: int | None = None
        self._place: _Place | None = None
        self._records: dict[str, tuple[str, str, tuple[int, int] | None]] = {}
        #: The names of what pip has not finished, once it has ended, and of what was taken away because it differs.
        self.missing: tuple[str, ...] = ()
        #: Those of them that differ from what was verified.
        self.differing: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        if not self._settings.dry_run and _counts(self._settings):
            for place in _places(self._target):
                if os.path.lexists(place.path):
                    self._sure()
                    try:
                        self._set_right(place)
                    except OSError as error:
                        self._failed(error)
                    finally:
                        self._let_go()
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    @property
    def possible(self) -> bool:
        """Whether a note can be written, or none is needed."""
        place = self._own_place()
        if place is None:
            return not _counts(self._settings)
        folder = os.path.dirname(place.path)
        while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
            folder = os.path.dirname(folder)
        return os.access(folder, os.W_OK)

    @property
    def handles(self) -> tuple[int, ...]:
        """What pips have to hold open as long as they run."""
        return () if self._handle is None or os.name == "nt" else (self._handle,)

    def begin(self, handover: Handover) -> None:
        """Note what has to be set right of this handover, if anything. Raises `Unavailable` (`target-not-writable`)
        where several pips would start and that cannot be noted."""
        from safepip.handover.integrity import record_place
        from safepip.handover.unfinished import entries_of, text_of
        from safepip.model.errors import Unavailable
        from safepip.model.finding import printable

        for wheel in handover.wheels.values():
            record = record_place(wheel)
            if record is not None and record.path and wheel.pin.name in handover.installs:
                self._records[wheel.pin.name] = wheel.content.dist_info, record.path, _known(record.path)
        place = self._own_place()
        entries = [] if place is None else list(entries_of(handover, place.libraries, _known))
        if place is None or not entries:
            return
        try:
            os.makedirs(os.path.dirname(place.path), exist_ok=True)
            self._write(place, text_of(entries))
        except OSError as error:
            self._let_go()
            if not handover.stages:
                return
            raise Unavailable.because(
                "target-not-writable",
                f"the environment's folder {printable(os.path.dirname(place.path))} cannot be written",
                context=(error.strerror or str(error),),
                hint="with --jobs 1 nothing has to be noted there",
            ) from None
        self._place = place

    def end(self, *, whole: bool, differing: Collection[str] = ()) -> None:
        """pip has ended. If not all is there as it should be, what is there is set right, and what pip has not finished
        is taken away, and is `missing`. So is what pip has finished, and what turned out to be other files than were
        verified: `differing` are the names."""
        self.differing = tuple(name for name in sorted(differing) if self._take_away_differing(name))
        if not whole:
            done = {name for name, record in self._records.items() if _is_done(*record)}
            self.missing = tuple(sorted(self._records.keys() - done))
        if self._handle is None or self._place is None:
            return
        try:
            if not whole:
                _settle(_read(self._handle), self._place)
            self._remove(self._place.path)
        except OSError as error:
            self._failed(error)
        finally:
            self._let_go()

    def _take_away_differing(self, name: str) -> bool:
        """Take the metadata of this distribution away, so that nothing takes it for installed; whether that was done.
        Only what pip has made in this run goes, and nothing that a link leads to."""
        info, record, before = self._records.get(name, ("", "", None))
        folder = os.path.dirname(record)
        if not record or not _counts(self._settings) or os.path.islink(folder) or not os.path.isdir(folder):
            return False
        if os.path.basename(folder) != info or _known(record) == before:
            return False
        try:
            _take_away(os.path.dirname(folder), folder, b"")
        except OSError as error:
            self._tell(f"{name} differs, and its metadata cannot be removed: {error.strerror or error}")
            return False
        return True

    def _write(self, place: _Place, text: str) -> None:
        """Make the note. One that cannot be written whole goes. Raises `OSError`."""
        handle = self._made(place)
        try:
            with open(handle, "wb", closefd=False) as file:
                file.write(text.encode("utf-8"))
        except OSError:
            self._remove(place.path)
            raise

    def _made(self, place: _Place) -> int:
        """A new note, locked. Where there is one by now, its run is waited for, and it is set right first."""
        while True:
            try:
                self._handle = os.open(place.path, _NEW, 0o666)
            except FileExistsError:
                self._set_right(place)
                continue
            # Another run may have taken it for one that was cut off.
            if _lock(self._handle, self._wait) and _is_at(self._handle, place.path):
                return self._handle
            self._let_go()

    def _set_right(self, place: _Place) -> None:
        """Do what an earlier run has left undone. Raises `OSError` where that is not possible."""
        from safepip.model.finding import printable

        try:
            self._handle = os.open(place.path, _FLAGS)
        except FileNotFoundError:
            return
        if _lock(self._handle, self._wait) and _is_at(self._handle, place.path):
            entries = _read(self._handle)
            lost = _settle(entries, place)
            if entries:
                self._tell("an earlier installation was cut off; what it had not set right is set right now")
            if lost:
                names = ", ".join(f"{entry.name} {entry.version}" for entry in lost)
                self._tell(f"there in part, and so not installed: {names}")
            self._remove(place.path)
        elif not stat.S_ISREG(os.fstat(self._handle).st_mode):
            raise OSError(errno.EEXIST, f"{printable(place.path)} is not a file")
        self._let_go()

    def _failed(self, error: OSError) -> None:
        self._tell(f"an installation was cut off, and that cannot be set right: {error.strerror or error}")

    def _wait(self) -> None:
        self._tell("another installation into this environment has not ended; waiting for it")

    def _own_place(self) -> _Place | None:
        """Where this run's note lies; None where there can be none."""
        from safepip.model.plan import installs_for_user

        if not _counts(self._settings):
            return None
        user = installs_for_user(self._settings, self._target)
        return _place(self._target.user_schemes if user else self._target.schemes, self._target)

    def _remove(self, path: str) -> None:
        if os.name == "nt":
            self._let_go()
        os.unlink(path)
        self._let_go()

    def _let_go(self) -> None:
        handle, self._handle, self._place = self._handle, None, None
        if handle is not None:
            os.close(handle)


def _counts(settings: Settings) -> bool:
    """Whether what is installed is what the environment has. Elsewhere each run installs everything again."""
    return settings.target_dir is None and settings.prefix_dir is None and settings.root_dir is None


def _places(target: Target) -> Iterator[_Place]:
    for schemes in (target.schemes, target.user_schemes if target.user_site else {}):
        place = _place(schemes, target)
        if place is not None:
            yield place


def _place(schemes: Mapping[str, str], target: Target) -> _Place | None:
    folder = schemes.get("data")
    if not folder:
        return None
    version = ".".join(target.version.split(".")[:2])
    names = ("purelib", "platlib")
    libraries = {name: os.path.normpath(schemes[name]).replace(os.sep, "/") for name in names if schemes.get(name)}
    return _Place(os.path.join(folder, f"{_NAME}{version}"), libraries)


def _lock(handle: int, waiting: Callable[[], None]) -> bool:
    """Hold a note alone; whether it is a file, and so a note at all."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        return False
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        return True  # this file system has no locks
    return True


def _is_at(handle: int, path: str) -> bool:
    """Whether this file is still the one at the path."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _read(handle: int) -> tuple[Undone, ...]:
    from safepip.handover.unfinished import LONGEST_NOTE, entries_in

    os.lseek(handle, 0, os.SEEK_SET)
    with open(handle, "rb", closefd=False) as file:
        return entries_in(file.read(LONGEST_NOTE))


def _known(record: str) -> tuple[int, int] | None:
    """By which a RECORD is told from a later one in its place; None where there is no metadata folder."""
    try:
        found = os.stat(record)
    except OSError:
        return (0, 0) if os.path.lexists(os.path.dirname(record)) else None
    return found.st_ino, found.st_mtime_ns


def _is_done(info: str, record: str, before: tuple[int, int] | None) -> bool:
    """Whether pip has finished a distribution since it was known by `before`."""
    from safepip.edges.target.installed_files import read_small
    from safepip.handover.unfinished import is_finished

    return is_finished(read_small(record, _LONGEST_RECORD)[0], info) and _known(record) != before


def _settle(entries: Iterable[Undone], place: _Place) -> list[Undone]:
    """Set right what pip has finished, and take away what it has not: these. May be done again where it was cut off."""
    from safepip.edges.target.installed_files import read_small

    lost = []
    for entry in entries:
        library = place.libraries.get(entry.library, "")
        info = f"{library}/{entry.info}"
        if not library or os.path.islink(info) or not os.path.isdir(info):
            continue
        if _is_done(entry.info, f"{info}/RECORD", entry.before):
            _correct(entry, info)
        elif entry.new:
            _take_away(library, info, read_small(f"{info}/RECORD", _LONGEST_RECORD)[0] or b"")
            lost.append(entry)
    return lost


def _correct(entry: Undone, info: str) -> None:
    """Set right the metadata of a distribution that pip has finished."""
    from safepip.edges.pip.direct_url import correct_record, remove_mark
    from safepip.edges.pip.record_rows import is_leftover

    if entry.marked:
        remove_mark(info)
    if entry.private:
        correct_record(info, entry.private, entry.record)
    for name in os.listdir(info):
        if is_leftover(name):
            os.unlink(f"{info}/{name}")


def _take_away(library: str, info: str, record: bytes) -> None:
    """Remove the metadata of a distribution that pip has not finished, so that nothing takes it for installed. Its
    other files stay, and the next installation puts its own there; but no RECORD names what Python was writing byte
    code to, which has a number for its last ending (`importlib` renames it in the end)."""
    import re
    import shutil

    modules: dict[str, set[str]] = {}
    for line in record.decode("utf-8", "replace").splitlines():
        folder, _, name = line.partition(",")[0].rpartition("/")
        if name.endswith(".py") and not folder.startswith("/") and ".." not in folder.split("/"):
            modules.setdefault(folder, set()).add(name[:-3])
    for folder, names in modules.items():
        cache = os.path.join(library, folder, "__pycache__")
        if os.path.realpath(cache) != os.path.join(os.path.realpath(library), folder, "__pycache__").rstrip("/"):
            continue  # a link leads out of the library
        with suppress(FileNotFoundError):
            for name in os.listdir(cache):
                if name.partition(".")[0] in names and re.fullmatch(r"[^/]+\.pyc\.[0-9]+", name):
                    os.unlink(os.path.join(cache, name))
    shutil.rmtree(info)
