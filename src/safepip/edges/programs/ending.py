"""How a process of safepip's own ends. After SIGTERM and SIGHUP it does as after Ctrl-C, once everything is cleaned up.

By default they end a process at once (signal(7)): folders in which it builds would stay behind. So a first one raises
`Ended`, which is a `KeyboardInterrupt`; what is done for Ctrl-C is then done for it. Who sends one often sends another
soon, and that must not end the cleaning: only Ctrl-C does.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False  # as in `edges.console.outputs`
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

_NAMES = ("SIGTERM", "SIGHUP")


class Ended(KeyboardInterrupt):
    """The process was told to end by the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def end_by_signals() -> None:
    """Raise `Ended` at these signals from now on. A signal that is ignored stays so, as after `nohup`."""
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def end_without_collection() -> None:
    """Have no garbage looked for when this process ends: all that is left goes with it. The interpreter would look at
    every object several times, which took longer than all else that it does at its end."""
    import atexit
    import gc

    atexit.register(gc.freeze)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """128 and the number of the signal, as a shell has it: 130 after Ctrl-C."""
    return 128 + (interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    for name in _NAMES:
        other = getattr(signal, name, None)
        if other is not None and signal.getsignal(other) is _end:
            signal.signal(other, _already_ending)
    raise Ended(number)


def _already_ending(_number: int, _frame: FrameType | None) -> None:
    """Not `SIG_IGN`, which programs that are started from here on would have, too."""
