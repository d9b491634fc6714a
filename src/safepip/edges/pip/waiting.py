"""Waits for the pips that run, and passes on to them what a user or a supervisor sends to this process."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

#: Seconds that pip has to end by itself after Ctrl-C, which a terminal sends to it as well.
_GRACE = 10.0


def wait_for(processes: Sequence[subprocess.Popen[bytes]], came: Sequence[int] = ()) -> list[int]:
    """Wait for all of them; their exit codes, less than 0 for a signal. `came` are signals that came while they were
    started.

    After Ctrl-C keep waiting, ask those to end that do not, and end them at a second Ctrl-C. `KeyboardInterrupt` is
    raised once all of them have ended.
    """
    import signal

    try:
        for number in came[:1]:
            signal.raise_signal(number)
        return [process.wait() for process in processes]
    except KeyboardInterrupt:
        try:
            _interrupted(processes)
        except KeyboardInterrupt:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()
        raise


def _interrupted(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """A terminal has interrupted them as well, and each puts back what it was replacing. Who has not ended in time is
    interrupted by us."""
    import signal
    import subprocess

    grace = _GRACE
    for process in processes:
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            grace = 0.0
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in processes:
        process.wait()


@contextmanager
def starting() -> Iterator[list[int]]:
    """While a pip is being started nothing waits for it yet: a signal that comes then is for `wait_for`. Gives the list
    of those that came."""
    import signal
    import threading

    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    numbers = (getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in numbers
        if callable(signal.getsignal(number))  # what is started shall ignore what this process ignores
    }
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def passing_on_signals(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """While pips run, SIGTERM and SIGHUP are meant for them: this process ends after them, and cleans up behind them.
    One that is ignored, as after `nohup`, stays so, also in what is started meanwhile.

    Each pip gets the first one as Ctrl-C: only then it puts back what it was replacing, and removes its folders. Gives
    the list of those that came. `processes` may grow meanwhile. Once all have ended, raises what this process's own
    handler raises (`edges.programs.ending`).
    """
    import signal
    import threading

    passed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield passed
        return

    def pass_on(number: int, _frame: object) -> None:
        # A shell has what it starts in the background ignore Ctrl-C; Windows knows none for a single process.
        ignored = os.name == "nt" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        for process in processes:
            process.send_signal(number if passed or ignored else signal.SIGINT)
        passed.append(number)

    numbers = (getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
    before = {
        number: signal.signal(number, pass_on)
        for number in numbers
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield passed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in passed[:1]:
        if callable(before[number]):
            signal.raise_signal(number)
