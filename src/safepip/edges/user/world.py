"""The facts about this machine on which the reading of a command depends: its environment, its folders, the clock."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import Unavailable, UsageError
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOURCE_DATE = "SOURCE_DATE_EPOCH"
#: The end of the year 9999, the last one that RFC 3339 can write, and its digits.
_LAST_DATE, _DIGITS = 253_402_300_799, 12


class World(NamedTuple):
    """The facts about this machine on which the reading depends; tests make their own.

    `prefix` is that of the interpreter pip runs in, whose folder has pip's site configuration. `etc` is where Unix
    systems keep the machine's files. `machine_policy` and `now` are looked up where they are None.
    """

    environ: Mapping[str, str]
    cwd: str
    prefix: str = sys.prefix
    etc: str = "/etc"
    machine_policy: str | None = None
    now: float | None = None

    @property
    def home(self) -> str:
        """The user's home folder, by HOME as `os.path.expanduser` would have it."""
        variable = "USERPROFILE" if sys.platform == "win32" else "HOME"
        return self.environ.get(variable) or os.path.expanduser("~")

    def expand(self, path: str) -> str:
        """A leading `~` or `~user` replaced."""
        if path == "~" or path.startswith(("~/", "~" + os.sep)):
            return self.home.rstrip("/") + path[1:]
        return os.path.expanduser(path) if path.startswith("~") else path

    def absolute(self, path: str) -> str:
        """The path made absolute and free of dot segments, symbolic links kept."""
        return os.path.normpath(os.path.join(self.cwd, path))

    def folder(self, variable: str, default: str) -> str:
        """An XDG base folder: the variable where it is absolute, as its specification says, else `~/default`."""
        value = self.environ.get(variable, "").strip()
        return value if value.startswith("/") else f"{self.home.rstrip('/')}/{default}"


def source_date(environ: Mapping[str, str]) -> float | None:
    """`SOURCE_DATE_EPOCH` (reproducible-builds.org): the time that what is written bears, in seconds since the epoch;
    None where it is not set. Raises `UsageError` (`bad-variable`)."""
    text = environ.get(_SOURCE_DATE, "")
    if not text:
        return None
    if text.isascii() and text.isdigit() and int(text[:_DIGITS]) <= _LAST_DATE and len(text) <= _DIGITS:
        return float(text)
    raise UsageError.because(
        "bad-variable",
        f"{_SOURCE_DATE} is not a number of seconds since 1970",
        hint=f"{_SOURCE_DATE}=$(git log -1 --format=%ct)",
        origins=(Origin(Source.ENVIRONMENT, _SOURCE_DATE),),
    )


def this_world() -> World:
    """The environment variables and the working directory of this process. Raises what `working_folder` raises."""
    return World(os.environ, working_folder())


def this_environ() -> Mapping[str, str]:
    """The environment variables of this process, for what needs no working directory."""
    return os.environ


def working_folder() -> str:
    """The working directory. Raises `Unavailable` (`no-working-folder`) where it is gone."""
    try:
        return os.getcwd()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable.because(
            "no-working-folder",
            f"the folder in which safepip was started cannot be found: {reason}",
            hint="it may have been removed or replaced; change into it again, or into another one",
        ) from None
