"""Runs one program so that it ends with safepip, and with it all that it has started.

The text of this file stands behind that of `bare_processes`. It is run between safepip and a program that fetches
source code. `lifeline` is a pipe that safepip holds open: its end is the order to end everything, whether safepip
orders it or is gone, however it has ended. First comes SIGTERM, at which git removes what it has begun; then what is
left is killed. This process is a child subreaper (prctl(2)), so on Linux everything that the program has started stays
below it; elsewhere it is the process group that is ended.

Where the program ends by itself, what it leaves running goes on, as it would without safepip: connections that ssh
shares, and git's cache of credentials.
"""

import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from safepip.edges.builder.bare_processes import LINUX, PARENT_DEATH_SIGNAL, SUBREAPER, below, control, kill

#: Seconds that the program has to end by itself, and within which what it has started can be ended.
_GRACE, _LAST = 2.0, 10.0


def tie(lifeline: int, words: "list[str]") -> "NoReturn":
    """Run the program `words[0]` with these words, and end as it does: with its exit code, or with 128 and the number
    of the signal that ended it."""
    os.set_inheritable(lifeline, False)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    told: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: told.append(number))
    if LINUX:
        control(SUBREAPER, 1)
    first = _start(words)
    while (code := _reaped(first)) is None:
        ready, _, _ = select.select([lifeline, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        if lifeline in ready or told:
            _end(first, wake)
            os._exit(128 + signal.SIGKILL)
    os._exit(code)


def _start(words: "list[str]") -> int:
    """The program, as a process of its own."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    if LINUX:
        # Should this process be killed, the program at least does not stay.
        control(PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and what is ignored stays so (execve(2))
    try:
        os.execv(words[0], words)  # noqa: S606  # this is what it is for
    except OSError as error:
        os.write(2, (words[0] + " cannot be started: " + str(error.strerror) + "\n").encode("utf-8", "replace"))
        os._exit(127)


def _reaped(first: int) -> "int | None":
    """Take leave of what has ended; the exit code of the first process, None as long as it runs."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == first:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code
        if not pid:
            return None


def _end(first: int, wake: int) -> None:
    """End the program, and then everything that is left below this process."""
    kill(os.killpg, os.getpgrp(), signal.SIGTERM)  # this process as well, which goes on
    until = time.monotonic() + _GRACE
    while _reaped(first) is None and (left := until - time.monotonic()) > 0:
        if select.select([wake], [], [], left)[0]:
            os.read(wake, 4096)
    if not LINUX:
        kill(os.killpg, os.getpgrp())
    until = time.monotonic() + _LAST
    while time.monotonic() < until:
        _reaped(first)
        rest = below(os.getpid())
        if not rest:
            return
        for pid in rest:
            kill(os.kill, pid)
        time.sleep(0.005)
