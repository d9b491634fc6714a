"""How many processors this process may use: those that it may run on, and no more than the time that its group gets."""

from __future__ import annotations

import os


def usable(root: str = "/") -> int:
    """At least 1. `root` is where the files of the system are.

    A group of processes may be given less time than its processors have (cgroups v2, `cpu.max`: microseconds in each
    period, or `max`): a container with 1.5 processors has two. Where that cannot be read, it does not count.
    """
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # other systems than Linux know no such thing
        count = os.cpu_count() or 1
    return max(1, min([count, *_granted(root)]))


def _granted(root: str) -> list[int]:
    """What the group of this process and those above it are given."""
    groups = _read(os.path.join(root, "proc/self/cgroup"))
    own = next((line[3:] for line in groups.splitlines() if line.startswith("0::/")), None)
    if own is None:
        return []
    found = []
    parts = [part for part in own.split("/") if part not in ("", "..")]
    for depth in range(len(parts) + 1):
        words = _read(os.path.join(root, "sys/fs/cgroup", *parts[:depth], "cpu.max")).split()
        if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
            found.append(-(-int(words[0]) // int(words[1])))
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""
