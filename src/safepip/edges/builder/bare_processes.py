"""What a program knows of the processes below it, and how it ends them.

The text of this file stands before that of `bare_supervisor` or `bare_tie` in one program, which safepip's own Python
runs with `-I -S`; it imports nothing of safepip.
"""

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: Of prctl(2).
PARENT_DEATH_SIGNAL, SUBREAPER = 1, 36

LINUX = sys.platform == "linux"


class Task:
    """One process as `/proc/PID/stat` describes it; `memory` is in bytes."""

    __slots__ = ("memory", "parent", "threads")

    def __init__(self, parent: int, threads: int, memory: int) -> None:
        self.parent = parent
        self.threads = threads
        self.memory = memory


def all_tasks() -> "dict[int, Task]":
    """Every process of the machine that can be seen, but those that have ended."""
    found = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/" + name + "/stat", "rb") as file:
                    # The name of the program may have spaces and parentheses.
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if len(fields) > 21 and fields[0] not in (b"Z", b"X"):
                found[int(name)] = Task(int(fields[1]), int(fields[17]), int(fields[21]) * page)
    return found


def below(root: int) -> "dict[int, Task]":
    """The processes that descend from one."""
    tasks = all_tasks()
    children: dict[int, list[int]] = {}
    for pid, task in tasks.items():
        children.setdefault(task.parent, []).append(pid)
    found, waiting = {}, [root]
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if pid not in found and pid != root:
                found[pid] = tasks[pid]
                waiting.append(pid)
    return found


def control(option: int, value: int) -> None:
    """prctl(2)."""
    import ctypes

    ctypes.CDLL(None).prctl(ctypes.c_int(option), *(ctypes.c_ulong(argument) for argument in (value, 0, 0, 0)))


def kill(how: "Callable[[int, int], None]", pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal by `os.kill` or `os.killpg`, where there is still something to send it to."""
    try:
        how(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # it has ended; one that has become another user's cannot be ended by this one
