"""Lock files on disk: read whole, replaced whole or not at all."""

from __future__ import annotations

from safepip.edges.console.outputs import write_data
from safepip.edges.console.ways_to_write import way_to_write
from safepip.edges.disk.reading import read_named, read_regular
from safepip.edges.disk.whole_files import write_whole
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.reporting.runner_commands import disarm_data

#: Larger than any lock; a file of this name may be anything.
_MAX_BYTES = 64 * 1024 * 1024


def read_lock_text(path: str, *, named: bool = False) -> str | None:
    """The text of a lock; None where there is no such file. Raises `Unavailable` (`unreadable-lock`).

    `named` says that the user has named it, so that it may be a pipe.
    """
    try:
        data = (read_named if named else read_regular)(path, _MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not UTF-8") from None


def write_lock_text(path: str, text: str) -> None:
    """Put `text` at `path` in one step, the permissions of what was there kept; a stream is written to.

    A program that reads the file meanwhile, or after an interruption at any instant, finds either the old text or the
    new one. Raises `Unavailable` (`lock-not-written`, `output-not-written`).
    """
    if path == "-":
        write_data(disarm_data(text))
        return
    try:
        write_whole(path, text)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"the lock could not be written to {printable(path)}: {reason}"
        hint = way_to_write(error, path, "name another file with -o")
        raise Unavailable.because("lock-not-written", message, hint=hint) from None


def _unreadable(path: str, reason: str) -> Unavailable:
    error = Unavailable.because("unreadable-lock", f"the lock {printable(path)} cannot be read: {reason}")
    assert isinstance(error, Unavailable)
    return error
