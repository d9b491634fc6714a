"""How work grows with what it is given: steps of Python are counted, and time where C code does the work.

A step is a line of Python executed, or the end of a function: a number that is the same on every machine. Time is the
process's own, the least of several, so that other programs and pauses do not count.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

#: Sixteen times as much input may take so many times as many steps: in proportion it would be 16, by the square 256.
FACTOR, MOST_STEPS, MOST_TIME = 16, 40, 64

#: So many steps are nothing: some lines are executed only for texts of some length.
_FEW = 100

#: What is done faster is not measured: seconds.
_NOTHING = 0.000_5

#: What takes so long is not measured again: seconds.
_LONG = 0.02


def steps(work: Callable[[], object], *, instructions: bool = False) -> int:
    """How many lines of Python are executed, or how many instructions as well: slow, and exact."""
    count = 0

    # It runs at each step, so it does nothing else.
    def stepped(_frame: FrameType, _happened: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return stepped

    def called(frame: FrameType, _happened: str, _argument: Any) -> Any:
        frame.f_trace_opcodes = instructions
        return stepped

    before, collects = sys.gettrace(), gc.isenabled()
    # What is collected may be of others, and have steps of its own.
    gc.disable()
    sys.settrace(called)
    try:
        work()
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
    return count


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """The time of this process that it takes, the least of several runs. What takes long is exact after one."""
    least = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        least = min(least, time.process_time() - start)
        if least < _NOTHING or least > _LONG:
            break
    return max(least, _NOTHING)


def check_instructions(work: Callable[[Any], object], make: Callable[[int], Any], size: int) -> None:
    """Hold `work` to the limit of steps, each instruction counted: a loop may be a single line."""
    few, many = make(size), make(size * FACTOR)
    less, more = steps(lambda: work(few), instructions=True), steps(lambda: work(many), instructions=True)
    assert more <= MOST_STEPS * less, f"{less} instructions, then {more}"


def check_growth(work: Callable[[Any], object], make: Callable[[int], Any], size: int, steps_size: int) -> None:
    """Hold `work` to both limits, of what `make` gives for a size and for sixteen times that."""
    few, many = make(steps_size), make(steps_size * FACTOR)
    less, more = steps(lambda: work(few)), steps(lambda: work(many))
    assert more <= MOST_STEPS * max(less, _FEW), f"{less} steps, then {more}"
    few, many = make(size), make(size * FACTOR)
    less_time, more_time = seconds(lambda: work(few), 2), seconds(lambda: work(many), 1)
    if more_time > MOST_TIME / 2 * less_time:  # in doubt, more often: something may have come between
        less_time, more_time = seconds(lambda: work(few)), seconds(lambda: work(many))
    assert more_time <= MOST_TIME * less_time, f"{less_time:.4f} s, then {more_time:.4f} s"
