"""Standard output and standard error, which may be closed, full, or a pipe without a reader.

1. What was asked for (a report, a lock, a list) is written to standard output, or that is an error with its reference.
2. Other words, on either stream, may be lost; whether the run succeeds does not depend on them. When standard output
   cannot be written, that is reported on standard error, unless it was closed from the start.
3. Where the reader of standard output goes away (`| head`) the run ends, as pip's does: `BrokenPipeError` passes.
4. No line that is written is a command to the runner of a code host (`reporting.runner_commands`), but for the
   annotations that the user asks for, and those of the error that ends a run on such a runner.
5. The line that shows what is done (`progress`) makes way for everything that is written.
6. On a terminal that a person reads, lines are broken between words (`reporting.wrapping`). Lines for programs, on a CI
   machine too, and those of what was asked for are whole.
7. A closed stream's number is taken by the null device, so that pip cannot open a file by this number and write to it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import nullcontext, suppress

from safepip.reporting.runner_commands import disarm

TYPE_CHECKING = False  # that of `typing` takes more time than all else of a run that only says its version
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import TextIO

    from safepip.model.errors import SafepipError
    from safepip.reporting.annotation import Annotation

#: Variables by which pip, too, recognises a run that no person watches.
CI = ("BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI")

#: The forms in which standard output says how a run ended; in `text` that is said as it goes.
FORMS = ("json", "sarif", "github")
_FORM = "--output-format"

#: ECMA-48: to the beginning of the line, and erase what is behind the cursor.
ERASE = "\r\x1b[K"

_reported = False
#: Standard output, once words were lost on it, and why: what is asked for would be lost there, too.
_lost: tuple[TextIO, Exception] | None = None
_aside: Callable[[], AbstractContextManager[None]] = nullcontext


class _Closed(io.TextIOBase):
    """A standard output that was closed before the start."""

    encoding = "utf-8"

    def write(self, _text: str) -> int:
        raise OSError(errno.EBADF, "it is closed")


def form_of(words: Sequence[str]) -> str:
    """The form that a command line asks for, read or not: its last `--output-format`. Empty for text, and for a form
    in which an error cannot be said."""
    form = ""
    for at, word in enumerate(words):
        if word == _FORM:
            form = words[at + 1] if at + 1 < len(words) else ""
        elif word.startswith(f"{_FORM}="):
            form = word.partition("=")[2]
    return form if form in FORMS else ""


def make_way(aside: Callable[[], AbstractContextManager[None]]) -> None:
    """Rule 5: write within what `aside` gives from now on."""
    global _aside
    _aside = aside


def prepare() -> None:
    """Rule 7, and streams in place of those that Python has found closed, for which it has None."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for the life of the process
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as above


def columns() -> int:
    """How many characters a line of standard output has; 80 where it is not a terminal."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _for_people(stream: TextIO, text: str) -> str:
    """Rule 6. `COLUMNS` is not asked: a shell sets it for itself, and the terminal knows better."""
    if no_person_watches():
        return text
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return text
    if not width:
        return text
    from safepip.reporting.wrapping import wrapped

    return wrapped(text, width)


def write_data(text: str, *, is_prose: bool = False) -> None:
    """Rule 1; for prose rule 6, too. The text gets no newline of its own. Raises `Unavailable`
    (`output-not-written`)."""
    _write_or_fail(disarm(_for_people(sys.stdout, text) if is_prose else text))


def _write_or_fail(text: str) -> None:
    """Rule 1."""
    if _lost is not None and _lost[0] is sys.stdout:
        raise _not_written(_lost[1])
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        abandon(sys.stdout)
        raise
    except (OSError, ValueError) as error:
        abandon(sys.stdout)
        raise _not_written(error) from None


def write_annotation(annotation: Annotation) -> None:
    """Rule 1, and the one exception from rule 4: a command that is meant. Raises `Unavailable`."""
    _write_or_fail(annotation.command() + "\n")


def warn_by_annotation(annotation: Annotation) -> None:
    """Rule 2, on standard error, where a runner looks for commands as well; as for rule 4."""
    try:
        _write(sys.stderr, annotation.command() + "\n")
    except (OSError, ValueError):
        abandon(sys.stderr)


def no_person_watches() -> bool:
    """Whether a variable says that the run is one of a machine."""
    return any(name in os.environ for name in CI)


def can_write(text: str) -> bool:
    """Whether the encoding of standard output has all characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(text: str) -> None:
    """Rule 2, on standard output."""
    global _lost, _reported
    try:
        _write(sys.stdout, disarm(_for_people(sys.stdout, text)))
    except BrokenPipeError:
        abandon(sys.stdout)
        raise
    except (OSError, ValueError) as error:
        abandon(sys.stdout)
        _lost = sys.stdout, error
        if not _reported and getattr(error, "errno", None) != errno.EBADF:
            _reported = True
            warn(f"notice: standard output cannot be written: {_reason(error)}\n")


def warn(text: str) -> None:
    """Rule 2, on standard error."""
    try:
        _write(sys.stderr, disarm(_for_people(sys.stderr, text)))
    except (OSError, ValueError):
        abandon(sys.stderr)


def clear_line() -> None:
    """Have the next word begin a line of standard error: a terminal has written `^C` on the last one."""
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            _write(sys.stderr, ERASE if can_erase(os.environ) else "\n")


def can_erase(environ: Mapping[str, str]) -> bool:
    """Whether a terminal understands `ERASE`."""
    return environ.get("TERM", "") != "dumb" and (os.name != "nt" or "WT_SESSION" in environ)


def abandon(stream: TextIO) -> None:
    """Send what a stream still holds to the null device: Python would try to write it once more as it ends."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _write(stream: TextIO, text: str) -> None:
    """Characters that the stream's encoding lacks are replaced."""
    with _aside():
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is closed"


def _not_written(error: Exception) -> SafepipError:
    from safepip.model.errors import Unavailable

    return Unavailable.because(
        "output-not-written",
        f"standard output cannot be written: {_reason(error)}",
        hint="send it to a place that can be written to",
    )
