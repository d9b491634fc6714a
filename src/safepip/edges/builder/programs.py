"""Programs that fetch source code: found on the user's PATH, run without a terminal, within a time and a size."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.builder.supervision import own_python
from safepip.edges.programs.program_output import gather
from safepip.edges.programs.starting import own_text
from safepip.environment.python_variables import clean_environment
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: In seconds. What reaches the network may have much to fetch; the rest works on this machine alone.
FETCH_SECONDS = 3600.0
LOCAL_SECONDS = 600.0

_MOST_LINES = 8

#: Seconds that all of a program has to end, longer than `bare_tie` takes itself for that.
_GRACE = 15.0
_TIE = "tie(int(sys.argv[1]), sys.argv[2:])"


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
        process = _Tied(command, folder, environ, asked=bool(question))
    except OSError as problem:
        raise _failed(f"{name} cannot be started: {problem.strerror or type(problem).__name__}") from None
    try:
        output, errors = gather(process, seconds, question)
    except subprocess.TimeoutExpired:
        raise _failed(f"{name} did not end within {seconds:.0f} seconds, and was stopped") from None
    except OSError:
        raise _failed(f"{name} writes without end: the repository has more files than any real one") from None
    finally:
        process.let_go()
    return Finished(process.returncode, output, errors)


class _Tied(subprocess.Popen[bytes]):
    """A program under `bare_tie`, which ends with this process, in whatever way that does, and all that it has started
    with it. Where there is no fork(2) it runs by itself."""

    def __init__(self, command: Sequence[str], folder: str, environ: Mapping[str, str], *, asked: bool) -> None:
        python = own_python() if hasattr(os, "fork") else ""
        lifeline, self._held = os.pipe()
        if python:
            text = "\n".join([own_text("bare_processes.py", "builder"), own_text("bare_tie.py", "builder"), _TIE])
            command = [python, "-I", "-S", "-c", text, str(lifeline), *command]
        try:
            super().__init__(
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[lifeline] if python else (),
                # Ctrl-C in a terminal is safepip's, which then ends the program.
                start_new_session=True,
            )
        except BaseException:
            self.let_go()
            raise
        finally:
            os.close(lifeline)

    def let_go(self) -> None:
        """Close the pipe whose end is the order to end everything; nothing happens where all has ended."""
        held, self._held = self._held, -1
        if held >= 0:
            os.close(held)

    def kill(self) -> None:
        """End all of it, and wait for that."""
        self.let_go()
        if hasattr(os, "fork"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(_GRACE)
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        super().kill()


def _failed(what: str) -> Unavailable:
    return Unavailable.because("checkout-failed", what)
