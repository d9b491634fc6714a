"""Programs that fetch source code: found on the user's PATH, run without a terminal, within a time and a size."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.builder.supervision import own_python
from safepip.edges.programs.program_output import gather
from safepip.environment.python_variables import clean_environment
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: In seconds. What reaches the network may have much to fetch; the rest works on this machine alone.
FETCH_SECONDS = 3600.0
LOCAL_SECONDS = 600.0

_MOST_LINES = 8

#: Becomes the program of its words, once it is tied to the process that is the first of them.
_TIE = """\
import ctypes, os, sys
parent, *words = sys.argv[1:]
ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)
if os.getppid() == int(parent):
    os.execv(words[0], words)
"""


class Finished(NamedTuple):
    """How a program ended, and what it wrote."""

    code: int
    output: bytes
    errors: bytes

    @property
    def words(self) -> tuple[str, ...]:
        """The last lines of what it says of its errors, fit to be shown."""
        lines = self.errors.decode("utf-8", "replace").replace("\r", "\n").splitlines()
        return tuple(printable(line.strip(), 200) for line in lines if line.strip())[-_MOST_LINES:]


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """The absolute path of a version-control program. Raises `Unavailable` (`vcs-program-missing`)."""
    found = shutil.which(name, path=search_path(environ))
    if found is None or not os.path.isabs(found):
        raise Unavailable.because(
            "vcs-program-missing",
            f"the source code is kept with {name}, and there is no program {name} on PATH",
            hint=f"install {name}, or name a source archive instead",
        )
    return found


def search_path(environ: Mapping[str, str]) -> str:
    """PATH without folders that depend on where safepip was started: any project may put a program there."""
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry))


def environment_for_program(environ: Mapping[str, str]) -> dict[str, str]:
    """What the program and those that it starts are given: nothing that adds code to a Python, none of pip's options
    and of safepip's credentials."""
    return {**clean_environment(environ), "PATH": search_path(environ)}


def run_program(
    command: Sequence[str],
    folder: str,
    environ: Mapping[str, str],
    *,
    seconds: float = LOCAL_SECONDS,
    question: bytes = b"",
) -> Finished:
    """Run a program in a folder and wait for its end. It has no terminal to ask on, and `question` as its input.

    Raises `Unavailable` (`checkout-failed`) where it cannot be started, takes too long or writes without end. It is
    ended then, and all that it has started.
    """
    name = os.path.basename(command[0])
    try:
        process = subprocess.Popen(
            _tied(command) if seconds >= FETCH_SECONDS else command,
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE if question else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as problem:
        raise _failed(f"{name} cannot be started: {problem.strerror or type(problem).__name__}") from None
    try:
        output, errors = gather(process, seconds, question)
    except subprocess.TimeoutExpired:
        _end_all(process.pid)
        raise _failed(f"{name} did not end within {seconds:.0f} seconds, and was stopped") from None
    except OSError:
        _end_all(process.pid)
        raise _failed(f"{name} writes without end: the repository has more files than any real one") from None
    except BaseException:
        _end_all(process.pid)
        raise
    return Finished(process.returncode, output, errors)


def _tied(command: Sequence[str]) -> Sequence[str]:
    """The command, on Linux one that is told to end when this process has ended in whatever way (prctl(2)).

    It gets SIGTERM, at which git ends what it has started and removes what it has begun. The signal is tied to the
    thread that starts the program, so only the main one does this.
    """
    python = own_python()
    if sys.platform != "linux" or not python or threading.current_thread() is not threading.main_thread():
        return command
    return [python, "-I", "-S", "-c", _TIE, str(os.getpid()), *command]


def _end_all(session: int) -> None:
    """End what the program has started: all of it is in one session, and so in one process group."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(session, signal.SIGKILL)


def _failed(what: str) -> Unavailable:
    return Unavailable.because("checkout-failed", what)
