"""How work grows with what it is given: steps of Python are counted, and time where C code does the work.

A step is a line of Python executed, a number that is the same on every machine. Time is the process's own, the least
of several, so that other programs and pauses do not count.
"""

from __future__ import annotations

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


def steps(work: Callable[[], object], event: str = "line") -> int:
    """How many lines of Python are executed, or with the event `opcode` how many instructions: slow, and exact."""
    count = 0

    def line(frame: FrameType, happened: str, _argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = event == "opcode"
        count += happened == event
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """The time of this process that it takes, the least of several runs."""
    least = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        least = min(least, time.process_time() - start)
        if least < _NOTHING:
            break
    return max(least, _NOTHING)


def check_instructions(work: Callable[[Any], object], make: Callable[[int], Any], size: int) -> None:
    """Hold `work` to the limit of steps, each instruction counted: a loop may be a single line."""
    few, many = make(size), make(size * FACTOR)
    less, more = steps(lambda: work(few), "opcode"), steps(lambda: work(many), "opcode")
    assert more <= MOST_STEPS * less, f"{less} instructions, then {more}"


def check_growth(work: Callable[[Any], object], make: Callable[[int], Any], size: int, steps_size: int) -> None:
    """Hold `work` to both limits, of what `make` gives for a size and for sixteen times that."""
    few, many = make(steps_size), make(steps_size * FACTOR)
    less, more = steps(lambda: work(few)), steps(lambda: work(many))
    assert more <= MOST_STEPS * max(less, _FEW), f"{less} steps, then {more}"
    few, many = make(size), make(size * FACTOR)
    less_time, more_time = seconds(lambda: work(few)), seconds(lambda: work(many), 1)
    if more_time > MOST_TIME * less_time:  # once more: something may have come between
        less_time, more_time = seconds(lambda: work(few)), seconds(lambda: work(many))
    assert more_time <= MOST_TIME * less_time, f"{less_time:.4f} s, then {more_time:.4f} s"
