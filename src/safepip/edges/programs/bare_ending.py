"""Ends a program together with the process of safepip that started it, also where that is killed. On Linux alone.

A program into which the text of this file is put calls `end_with` as it begins. It imports nothing at its head, as
`bare_start`, and stays within the syntax of Python 3.7.
"""


def end_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG).

    `parent` is the process that this one was started by; where it is gone by now this process ends at once. Without
    Linux, or without ctypes, nothing changes.
    """
    import os
    import signal
    import sys

    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
