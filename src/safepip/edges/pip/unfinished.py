"""The note of `safepip.handover.unfinished` on the disk: written before pip starts, and set right afterwards.

Its file (`safepip.edges.pip.note`) is there while anything of the environment changes, and is held by the run that
changes it and by its pips: only one installation at a time. A run that is killed leaves it, and its pips go on. So a
later run waits until the last of them has ended. Where files cannot be locked there is no note, and one pip does
everything.

Where there is no note, that costs a look at one path, or two where the user has a base, and a listing of the folders
of distributions.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

from safepip.edges.pip.note import NoLocks, hold_new, hold_there, place_of, places, read_without_lock, unusable
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from safepip.edges.pip.note import NotePlace
    from safepip.handover.instructions import Handover
    from safepip.handover.unfinished import Undone
    from safepip.model.plan import Settings, Target

#: As `installed_wheels` has it.
_LONGEST_RECORD = 64 << 20

#: By which a metadata folder without a RECORD is known.
_NO_RECORD = (0, 0)

#: How the names of what tells that a distribution is there end.
_METADATA = (".dist-info", ".egg-info", ".egg-link")


class _Outcome(NamedTuple):
    """What has become of the entries of a note: which were there in part, and were taken away; and of which that, or
    a correction, was not possible, by their metadata folders, and why."""

    lost: list[Undone]
    failed: dict[str, str]


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
        self._place: NotePlace | None = None
        self._made: list[str] = []
        self._has_locks, self._begun = True, False
        self._seen: frozenset[str] = frozenset()
        self._noted: tuple[Undone, ...] = ()
        self._records: dict[str, tuple[str, str, tuple[int, int] | None]] = {}
        #: The names of what pip has not finished, once it has ended, and of what was taken away because it differs.
        self.missing: tuple[str, ...] = ()
        #: Those of them that differ from what was verified.
        self.differing: tuple[str, ...] = ()
        #: In a dry run, the metadata folders of what an earlier run has left in part, and which do not count.
        self.in_part: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        if _counts(self._settings):
            for place in places(self._target):
                if os.path.lexists(place.path):
                    self._found(place)
            if not self._settings.dry_run:
                self._seen = _distributions(self._target)
        return self

    def __exit__(self, *_: object) -> None:
        """Where no pip has installed anything since `hold`, nothing of it stays. Where one has, and `end` was cut off,
        the next run goes on with it."""
        if self._handle is not None and self._place is not None and not self._begun:
            with suppress(OSError):
                os.unlink(self._place.path)
        for folder in reversed(self._made):
            with suppress(OSError):  # something was put there
                os.rmdir(folder)
        self._let_go()

    @property
    def possible(self) -> bool:
        """Whether several pips may work: what they leave undone is noted, or does not count."""
        return self._handle is not None or not _counts(self._settings)

    @property
    def handles(self) -> tuple[int, ...]:
        """What pips have to hold open as long as they run."""
        return () if self._handle is None else (self._handle,)

    def hold(self) -> None:
        """Keep others from changing the environment, until the end. Has to be called before the first change of any
        kind. Where no note can be made, nothing is held, and several pips are not `possible`.

        Raises `Unavailable` (`target-changed`) where another installation has begun since this one was entered, or has
        ended: what was decided was decided about another environment.
        """
        place = self._own_place()
        if place is not None and self._handle is None and self._has_locks:
            try:
                self._make_folders(os.path.dirname(place.path))
                self._handle = hold_new(place.path, self._wait)
                self._place = place
            except (OSError, NoLocks) as error:
                if isinstance(error, FileExistsError) and os.path.lexists(place.path):
                    raise _changed(self._target) from None
        if _counts(self._settings) and _distributions(self._target) != self._seen:
            raise _changed(self._target)

    def begin(self, handover: Handover) -> None:
        """Note what has to be set right of this handover, if anything. Raises `Unavailable` (`target-not-writable`)
        where several pips would start and that cannot be noted."""
        from safepip.handover.integrity import record_place
        from safepip.handover.unfinished import entries_of, text_of

        for wheel in handover.wheels.values():
            record = record_place(wheel)
            if record is not None and record.path and wheel.pin.name in handover.installs:
                self._records[wheel.pin.name] = wheel.content.dist_info, record.path, _known(record.path)
        if self._handle is None or self._place is None:
            return
        try:
            self._noted = tuple(entries_of(handover, self._place.libraries, _known))
            with open(self._handle, "wb", closefd=False) as file:
                file.write(text_of(self._noted).encode("utf-8") if self._noted else b"")
        except OSError as error:
            if handover.stages:
                raise Unavailable.because(
                    "target-not-writable",
                    f"the environment's folder {printable(os.path.dirname(self._place.path))} cannot be written",
                    context=(error.strerror or str(error),),
                    hint="with --jobs 1 nothing has to be noted there",
                ) from None
            # Of one pip half a note is none.
        self._begun = True

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
            # Also where the disk had no room for the note.
            settled = _Outcome([], {}) if whole else _settle(self._noted, self._place)
            for path, why in settled.failed.items():
                self._tell(
                    f"{printable(path)} cannot be set right; the next installation tries again: {printable(why)}"
                )
            if not settled.failed:
                os.unlink(self._place.path)
        except OSError as error:
            self._tell(f"an installation was cut off, and that cannot be set right: {error.strerror or error}")
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

    def _found(self, place: NotePlace) -> None:
        """There is a note. Raises `Unavailable` where nothing can be installed because of it."""
        from safepip.handover.unfinished import LONGEST_NOTE, LaterForm, entries_in

        if self._settings.dry_run:
            with suppress(OSError, LaterForm):
                entries = entries_in(read_without_lock(place.path, LONGEST_NOTE))
                self.in_part |= {info for entry in entries if (info := _in_part(entry, place))}
                if not entries:
                    return
            self._tell(
                "an installation into this environment has not ended or was cut off; nothing of it is set right now"
            )
            return
        self._sure()
        try:
            self._set_right(place)
        except NoLocks:
            self._has_locks = False
            self._tell(
                f"files cannot be locked here; what an installation may have left undone stays: {printable(place.path)}"
            )
        except LaterForm:
            raise unusable(place.path, "a later safepip has written it, and has to set it right") from None
        except OSError as error:
            raise unusable(place.path, error.strerror or str(error)) from None
        finally:
            self._let_go()

    def _set_right(self, place: NotePlace) -> None:
        """Do what an earlier run has left undone. Raises `OSError`, `Unavailable` where that is not possible."""
        self._handle = hold_there(place.path, self._wait)
        if self._handle is None:
            return
        entries = _read(self._handle)
        settled = _settle(entries, place)
        if entries:
            self._tell("an earlier installation was cut off; what it had not set right is set right now")
        if settled.lost:
            names = ", ".join(f"{entry.name} {entry.version}" for entry in settled.lost)
            self._tell(f"there in part, and so not installed: {names}")
        for path, why in settled.failed.items():
            raise unusable(path, why)
        os.unlink(place.path)

    def _wait(self) -> None:
        self._tell("another installation into this environment has not ended; waiting for it")

    def _own_place(self) -> NotePlace | None:
        """Where this run's note lies; None where there can be none."""
        from safepip.model.plan import installs_for_user

        if not _counts(self._settings):
            return None
        user = installs_for_user(self._settings, self._target)
        return place_of(self._target.user_schemes if user else self._target.schemes, self._target)

    def _make_folders(self, folder: str) -> None:
        """Make a folder and those above it, and know which were made. Raises `OSError`."""
        if folder and not os.path.lexists(folder):
            self._make_folders(os.path.dirname(folder))
            os.mkdir(folder)
            self._made.append(folder)

    def _let_go(self) -> None:
        handle, self._handle, self._place = self._handle, None, None
        if handle is not None:
            os.close(handle)


def _distributions(target: Target) -> frozenset[str]:
    """The paths of what tells which distributions are there."""
    found: set[str] = set()
    for folder in {folder for place in places(target) for folder in place.libraries.values()}:
        with suppress(OSError):
            found |= {f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(_METADATA)}
    return frozenset(found)


def _changed(target: Target) -> Unavailable:
    return Unavailable.because(
        "target-changed",
        f"another installation has changed {printable(target.prefix)} since it was decided what to install",
        hint="run it again: it is decided anew, about what is there now",
    )


def _counts(settings: Settings) -> bool:
    """Whether what is installed is what the environment has. Elsewhere each run installs everything again."""
    return settings.target_dir is None and settings.prefix_dir is None and settings.root_dir is None


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
        return _NO_RECORD if os.path.lexists(os.path.dirname(record)) else None
    return found.st_ino, found.st_mtime_ns


def _is_done(info: str, record: str, before: tuple[int, int] | None) -> bool:
    """Whether pip has finished a distribution since it was known by `before`."""
    from safepip.edges.target.installed_files import read_small
    from safepip.handover.unfinished import is_finished

    return is_finished(read_small(record, _LONGEST_RECORD)[0], info) and _known(record) != before


def _is_begun(entry: Undone, record: str) -> bool:
    """Whether pip has begun with a distribution, as far as that can be told: there was none, or the RECORD that was
    there is gone or has another time. What pip has put back has the same, even where it is a copy."""
    before, now = entry.before, _known(record)
    if before is None or before == _NO_RECORD:
        return entry.new
    return now is None or now == _NO_RECORD or now[1] != before[1]


def _settle(entries: Iterable[Undone], place: NotePlace) -> _Outcome:
    """Set right what pip has finished, and take away what it has not: these. May be done again where it was cut off.
    Where that is not possible for one, the others follow nevertheless."""
    from safepip.edges.target.installed_files import read_small
    from safepip.environment.verification import State

    settled = _Outcome([], {})
    for entry in entries:
        library = place.libraries.get(entry.library, "")
        info = f"{library}/{entry.info}"
        if not library or os.path.islink(info) or not os.path.isdir(info):
            continue
        try:
            record, why = read_small(f"{info}/RECORD", _LONGEST_RECORD)
            if record is None and why != State.MISSING.value:
                settled.failed[info] = f"its RECORD is {why}"
            elif _is_done(entry.info, f"{info}/RECORD", entry.before):
                _correct(entry, info)
            elif _is_begun(entry, f"{info}/RECORD"):
                _take_away(library, info, record or b"")
                settled.lost.append(entry)
        except (OSError, ValueError) as error:
            settled.failed[info] = getattr(error, "strerror", None) or str(error)
    return settled


def _in_part(entry: Undone, place: NotePlace) -> str:
    """The metadata folder of a distribution that pip has not finished; empty where it has, or where it is not there."""
    library = place.libraries.get(entry.library, "")
    info = f"{library}/{entry.info}"
    there = bool(library) and os.path.isdir(info) and _is_begun(entry, f"{info}/RECORD")
    return info if there and not _is_done(entry.info, f"{info}/RECORD", entry.before) else ""


def _correct(entry: Undone, info: str) -> None:
    """Set right the metadata of a distribution that pip has finished."""
    from safepip.edges.pip.direct_url import correct_record, remove_mark
    from safepip.edges.pip.record_rows import is_leftover

    if entry.marked:
        remove_mark(info)
    if entry.private:
        correct_record(info, entry.private, entry.record)
    for name in filter(is_leftover, os.listdir(info)):
        with suppress(OSError):
            os.unlink(f"{info}/{name}")


def _take_away(library: str, info: str, record: bytes) -> None:
    """Remove the metadata of a distribution that pip has not finished, so that nothing takes it for installed. Its
    other files stay, and the next installation puts its own there; but no RECORD names what Python was writing byte
    code to, which has a number for its last ending (`importlib` renames it in the end)."""
    import re
    import shutil

    shutil.rmtree(info)
    modules: dict[str, set[str]] = {}
    for line in record.decode("utf-8", "surrogateescape").splitlines():
        folder, _, name = line.partition(",")[0].rpartition("/")
        if name.endswith(".py") and "\0" not in line and not folder.startswith("/") and ".." not in folder.split("/"):
            modules.setdefault(folder, set()).add(name[:-3])
    for folder, names in modules.items():
        cache = os.path.join(library, folder, "__pycache__")
        with suppress(OSError):  # what stays of it, nothing imports
            if os.path.realpath(cache) != os.path.join(os.path.realpath(library), folder, "__pycache__").rstrip("/"):
                continue  # a link leads out of the library
            for name in os.listdir(cache):
                if name.partition(".")[0] in names and re.fullmatch(r"[^/]+\.pyc\.[0-9]+", name):
                    os.unlink(os.path.join(cache, name))
