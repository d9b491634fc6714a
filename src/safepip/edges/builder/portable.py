"""A command run with what every system has: its time and its output are bounded, and its environment is given.

For Windows, where the supervisor cannot run. What the command has started is ended with it through `taskkill /T`, which
knows the children of a process that still runs; what was left behind by a parent that has ended is not found.
"""

from __future__ import annotations

import os
import subprocess
import time
from threading import Thread
from typing import TYPE_CHECKING

from safepip.edges.builder.fenced_command import ENDLESS, BuildLimits, BuildOutcome, FencedCommand
from safepip.edges.builder.supervision import KeptOutput
from safepip.model.errors import Unavailable

if TYPE_CHECKING:
    from safepip.edges.builder.fenced_command import Told

_TICK = 0.05
_PIECE = 64 * 1024
#: Seconds for the rest of the output, after the command has ended.
_REST = 2.0


def run_portably(command: FencedCommand, limits: BuildLimits, told: Told | None = None) -> BuildOutcome:
    """Run a command. Raises `Unavailable` (`fence-failed`) where it cannot be started."""
    try:
        process = subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=command.cwd,
            env=dict(command.environ),
        )
    except OSError as error:
        raise Unavailable.because("fence-failed", f"a build could not be started: {error.strerror}") from None
    output, pieces = KeptOutput(limits.output), list[bytes]()
    reader = Thread(target=_read, args=(process, pieces), daemon=True)
    reader.start()
    until, stopped = time.monotonic() + limits.seconds, ""
    try:
        while process.poll() is None and not stopped:
            reader.join(_TICK)
            _pass_on(pieces, output, told)
            if output.total > limits.output * ENDLESS:
                stopped = "output"
            elif time.monotonic() >= until:
                stopped = "time"
    finally:
        if process.poll() is None:
            _end(process)
        reader.join(_REST)
    _pass_on(pieces, output, told)
    code = process.wait()
    return BuildOutcome(code if code >= 0 else 128 - code, output.content(), stopped)


def _read(process: subprocess.Popen[bytes], pieces: list[bytes]) -> None:
    assert process.stdout is not None
    with process.stdout as stream:
        while piece := os.read(stream.fileno(), _PIECE):
            pieces.append(piece)
            while len(pieces) > ENDLESS and process.poll() is None:
                time.sleep(_TICK)  # what is not taken is not read, so it cannot grow


def _pass_on(pieces: list[bytes], output: KeptOutput, told: Told | None) -> None:
    while pieces:
        piece = pieces.pop(0)
        output.add(piece)
        if told is not None:
            told(piece)


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        program = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        subprocess.run([program, "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    process.kill()
    process.wait()
