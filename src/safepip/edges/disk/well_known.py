"""Lists of well-known names, read as text: safepip's own list, and a file of the user's.

`look_alikes` reads the text of a list. A list is opened only when a run has a name to judge, and no index is asked.
"""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

from safepip.edges.disk.shipped import shipped_text
from safepip.model.errors import SafepipError, Unavailable, UsageError
from safepip.model.finding import printable

if TYPE_CHECKING:
    from io import FileIO

    from safepip.model.origin import Origin
    from safepip.vetting.look_alikes import KnownNames

#: The top-packages data set of 15,000 names takes one megabyte.
_MAX_BYTES = 16 * 1024 * 1024

_SHIPPED = "well_known_names.txt"


class WellKnownNames:
    """The list in force of one run, read when the first name has to be compared, by whichever thread is first.

    It is read once, since it may come through a pipe; where it cannot be read, every call says so. `path` is None for
    safepip's own list, `origin` is where the list was named.
    """

    def __init__(self, path: str | None, origin: Origin) -> None:
        self._path = path
        self._origin = origin
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._failure: SafepipError | None = None
        self._known: dict[tuple[str, ...], KnownNames] = {}

    def beside(self, own: tuple[str, ...]) -> KnownNames:
        """These names and those that indexes claim. What a name resembles does not depend on who asks, so that all who
        ask get one object. Raises what `listed_names` raises."""
        with self._lock:
            if own not in self._known:
                from safepip.vetting.look_alikes import KnownNames

                self._known[own] = KnownNames(self._listed(), own)
            return self._known[own]

    def _listed(self) -> tuple[str, ...]:
        if self._failure is None and not self._names:
            try:
                self._names = listed_names(self._path, self._origin)
            except SafepipError as error:
                self._failure = error
        if self._failure is not None:
            raise self._failure
        return self._names


def listed_names(path: str | None, origin: Origin) -> tuple[str, ...]:
    """The names of the list at this path, or of safepip's own. Raises `UsageError` and `Unavailable`."""
    from safepip.vetting.look_alikes import UnusableNames, read_names

    if path is None:
        return read_names(shipped_names())
    try:
        return read_names(names_from(path, origin))
    except UnusableNames as problem:
        where = "" if problem.line is None else f"line {problem.line}: "
        raise unusable_names(path, f"{where}{problem}", origin) from None


def shipped_names() -> str:
    """The text of the list in this package, from disk or out of an archive.

    Raises `Unavailable` (`unusable-names`) where the installation lacks it: without a list, every look-alike
    would pass.
    """
    try:
        return shipped_text(_SHIPPED)
    except (OSError, UnicodeDecodeError):
        raise Unavailable.because(
            "unusable-names",
            "safepip's own list of well-known names cannot be read",
            hint="reinstall safepip: the list is part of it",
        ) from None


def names_from(path: str, origin: Origin | None = None) -> str:
    """The text of the list at `path`; `origin` is where the file was named.

    Raises `UsageError` (`unusable-names`) where it is missing, cannot be read, is larger than 16 MiB or is not UTF-8,
    and where it is neither a file nor a pipe with a writer, such as a shell's `<(...)`.
    """
    try:
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            data = _read(file)
    except OSError as error:
        raise unusable_names(path, error.strerror or type(error).__name__, origin) from None
    if len(data) > _MAX_BYTES:
        raise unusable_names(path, f"it is larger than {_MAX_BYTES // 1024 // 1024} MiB", origin)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise unusable_names(path, f"line {line} is not UTF-8", origin) from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a pipe without waiting for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read(file: FileIO) -> bytes:
    """What is in a file, or what a pipe brings until its end; no more than one byte beyond the limit."""
    mode = os.fstat(file.fileno()).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        raise OSError(0, "it is not a file")
    data = file.read(_MAX_BYTES + 1)  # None: a pipe that is open for writing, and has nothing yet
    if stat.S_ISFIFO(mode):
        if data == b"":
            raise OSError(0, "it is a pipe, and nothing writes to it")
        os.set_blocking(file.fileno(), True)
    read = bytearray(data or b"")
    while len(read) <= _MAX_BYTES and (more := file.read(_MAX_BYTES + 1 - len(read))):
        read += more
    return bytes(read)


def unusable_names(path: str, reason: str, origin: Origin | None = None) -> UsageError:
    """The error for a list that cannot be used. `reason` may quote the file: it is made fit for a terminal."""
    return UsageError.because(
        "unusable-names",
        f"the well-known names in {printable(path)} cannot be used: {printable(reason)}",
        hint="name a text list, one project a line, or the JSON of the top-packages data set",
        origins=(origin,) if origin is not None else (),
    )
