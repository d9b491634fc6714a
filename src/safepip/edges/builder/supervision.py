"""A command run under the supervisor (`bare_supervisor`), from safepip's side: it is started, listened to, and let go.

safepip and the supervisor share three pipes. Over the first safepip says what is to be run, and then holds it open: its
end is the order to end everything. The second is the output of the command, of which a part is kept. Over the third the
supervisor reports, once nothing of the command is left.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.edges.builder.fenced_command import ENDLESS, BuildLimits, BuildOutcome
from safepip.edges.programs.starting import own_text
from safepip.model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.edges.builder.fenced_command import Told

#: Runs the texts that come with the question, in one space of names, and then the last text, which calls one of them.
PROGRAM = """\
import json, sys
given = json.loads(sys.stdin.buffer.readline())
space = {"__name__": "safepip_program", "given": given}
for name, text in given.pop("texts"):
    exec(compile(text, name, "exec"), space)
"""
_SUPERVISE = "supervise(given, DiskWatch, change_owner)"
_LAUNCH = "launch(given)"

#: Seconds that the supervisor has to end everything, longer than it takes itself for that.
_GRACE = 30.0
_PIECE = 64 * 1024

_CUT = b"\n[... safepip has left out a part of this output ...]\n"


class SupervisedCommand(NamedTuple):
    """What the supervisor starts. `arguments` are the command, or a fence's program that runs `question` in itself.

    A number among the arguments stands for a descriptor from which the text of `data` at this place is read.
    `question` is what `bare_launcher.launch` is given, None where there is no fence. `uid` is the user that the build
    becomes, and to whom everything of root's in `writable` belongs meanwhile, but what is `protected`. `tasks` is the
    limit of processes and threads that the kernel holds for this user, None where it holds none.
    """

    arguments: tuple[str | int, ...]
    environ: Mapping[str, str]
    cwd: str
    writable: tuple[str, ...]
    data: tuple[str, ...] = ()
    question: Mapping[str, Any] | None = None
    uid: int | None = None
    tasks: int | None = None
    protected: tuple[str, ...] = ()


class KeptOutput:
    """The beginning and the end of an output, `most` bytes in all."""

    def __init__(self, most: int) -> None:
        self._first = most // 4
        self._last = most - self._first
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = False
        self.total = 0

    def add(self, piece: bytes) -> None:
        """Keep what of this there is room for."""
        self.total += len(piece)
        room = self._first - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:]
        # Cut now and then, since each cut moves what is left.
        if len(self._tail) > 2 * self._last + _PIECE:
            self._shorten()

    def _shorten(self) -> None:
        surplus = len(self._tail) - self._last
        if surplus > 0:
            del self._tail[:surplus]
            self._cut = True

    def content(self) -> bytes:
        """What was kept, with a line in place of what was left out."""
        self._shorten()
        return bytes(self._head) + (_CUT if self._cut else b"") + bytes(self._tail)


def own_python() -> str:
    """The interpreter of this process, without the virtual environment that it may belong to; empty where it does not
    know it."""
    path = getattr(sys, "_base_executable", "") or sys.executable or ""
    return os.path.realpath(path) if path else ""


def launcher_text() -> list[list[str]]:
    """The `texts` of a question that `bare_launcher.launch` answers."""
    return [["<safepip launcher>", own_text("bare_launcher.py", "builder")], ["<safepip>", _LAUNCH]]


def loader_variables() -> dict[str, str]:
    """What safepip's own Python may need to find its libraries, and nothing else of the environment."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}


def run_supervised(command: SupervisedCommand, limits: BuildLimits, told: Told | None = None) -> BuildOutcome:
    """Run a command under the supervisor until nothing of it is left.

    Its memory is at most three quarters of the machine's. Raises `Unavailable` (`fence-failed`) where the supervisor or
    the fence could not be started.
    """
    from safepip.edges.builder.machine import most_memory

    limits = limits._replace(memory=most_memory(limits.memory))
    listen, report = os.pipe()
    try:
        process = _start_supervisor(report)
    except OSError as error:
        os.close(listen)
        raise _failed(f"safepip's own Python could not be started: {error.strerror}") from None
    finally:
        os.close(report)
    session = _Session(process, listen, limits, told)
    try:
        session.ask(_question(command, limits, report))
        session.listen()
    finally:
        session.end()
    return session.outcome()


def _start_supervisor(report: int) -> subprocess.Popen[bytes]:
    """Not through `bare_start`: with `-I -S` nothing but the standard library is found, and nothing more is needed."""
    return subprocess.Popen(
        [own_python() or sys.executable, "-I", "-S", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[report],
        env=loader_variables(),
        cwd=os.sep,
        # Ctrl-C in a terminal is safepip's, which then ends the build.
        start_new_session=True,
    )


def _question(command: SupervisedCommand, limits: BuildLimits, report: int) -> bytes:
    """What `bare_supervisor.supervise` is given."""
    asked = {
        "texts": [
            ["<safepip disk watch>", own_text("bare_disk.py", "builder")],
            ["<safepip processes>", own_text("bare_processes.py", "builder")],
            ["<safepip supervisor>", own_text("bare_supervisor.py", "builder")],
            ["<safepip>", _SUPERVISE],
        ],
        "start": command.arguments,
        "environ": dict(command.environ),
        "cwd": command.cwd,
        "data": command.data,
        "question": command.question,
        "writable": command.writable,
        "uid": command.uid,
        "protected": command.protected,
        "report": report,
        "limits": {**limits._asdict(), "tasks": command.tasks},
    }
    return json.dumps(asked).encode("ascii") + b"\n"


def _failed(message: str, *context: str) -> Unavailable:
    return Unavailable.because(
        "fence-failed",
        message,
        context=context,
        hint="nothing was built; the lines above say what this system did not allow",
    )


class _Session:
    """A supervisor that runs, and what it has said."""

    def __init__(self, process: subprocess.Popen[bytes], report: int, limits: BuildLimits, told: Told | None) -> None:
        self._process = process
        self._report = report
        self._told = told
        self._seconds = limits.seconds
        self._most = limits.output * ENDLESS
        self._output = KeptOutput(limits.output)
        self._answer = b""
        self._endless = False

    def ask(self, question: bytes) -> None:
        """Say what is to be run. The pipe stays open."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
        except OSError:
            return  # it has ended; what it wrote says why

    def listen(self) -> None:
        """Take the output and the report, until the supervisor has closed both."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        waiting = {output, self._report}
        until = time.monotonic() + self._seconds + _GRACE
        while waiting:
            # Once there is a report, everything has ended, and what was written has come. Without one after all that
            # time the supervisor does not run, for whatever reason.
            patience = until - time.monotonic() if self._report in waiting else 1.0
            ready, _, _ = select.select(list(waiting), [], [], max(0.0, patience))
            if not ready:
                return
            for descriptor in ready:
                piece = os.read(descriptor, _PIECE)
                if not piece:
                    waiting.discard(descriptor)
                elif descriptor == output:
                    self._take(piece)
                else:
                    self._answer += piece

    def _take(self, piece: bytes) -> None:
        self._output.add(piece)
        if self._output.total > self._most:
            self._endless = True
            self._let_go()
        elif self._told is not None:
            self._told(piece)

    def _let_go(self) -> None:
        """Close the pipe whose end is the order to end everything."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            return  # the question was never read

    def end(self) -> None:
        """Order the end, and wait for it."""
        self._let_go()
        assert self._process.stdout is not None
        until = time.monotonic() + _GRACE
        os.set_blocking(self._process.stdout.fileno(), False)
        try:
            # Who waits for room in a full pipe could not be told to end.
            while self._process.poll() is None and time.monotonic() < until:
                self._drain()
                time.sleep(0.01)
        finally:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()
            self._drain()
            self._process.stdout.close()
            os.close(self._report)

    def _drain(self) -> None:
        assert self._process.stdout is not None
        try:
            while piece := os.read(self._process.stdout.fileno(), _PIECE):
                self._output.add(piece)
        except BlockingIOError:
            return

    def outcome(self) -> BuildOutcome:
        """What came of it. Raises `Unavailable` (`fence-failed`)."""
        output = self._output.content()
        lines = tuple(output.decode("utf-8", "replace").splitlines()[-5:])
        try:
            answer = json.loads(self._answer)
        except ValueError:
            raise _failed("the program that watches over builds has failed", *_shown(lines)) from None
        if not answer["ended"]:
            raise _failed("processes of a build could not be ended", *_shown(lines))
        if not answer["started"]:
            raise _failed("the fence for builds could not be put up", *_shown(lines))
        stopped = "output" if self._endless else answer["stopped"]
        if stopped == "cancelled":
            raise _failed("the program that watches over builds was told to end", *_shown(lines))
        code = 128 + signal.SIGKILL if answer["code"] is None else answer["code"]
        return BuildOutcome(code, output, stopped)


def _shown(lines: tuple[str, ...]) -> tuple[str, ...]:
    from safepip.model.finding import printable

    return tuple(map(printable, lines))
