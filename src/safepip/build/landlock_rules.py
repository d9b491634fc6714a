"""What a fence by Landlock allows, as the kernel is told it (landlock(7), linux/landlock.h).

Everything that a version of Landlock can forbid is forbidden, and then allowed for single paths. The versions are
called ABI. What came with which: 1 files; 2 links between folders; 3 cutting files off; 4 TCP; 5 ioctl on devices;
6 signals and abstract Unix sockets kept inside. 3 is needed here: before it, a build could empty any file that its user
may write.
"""

from __future__ import annotations

from typing import Any

NEEDED_ABI = 3
#: From this one on signals stay inside.
SCOPED_ABI = 6

_EXECUTE, _WRITE, _READ, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FOLDER, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_CHARACTER_DEVICE, _MAKE_FOLDER, _MAKE_FILE, _MAKE_SOCKET = 1 << 6, 1 << 7, 1 << 8, 1 << 9
_MAKE_PIPE, _MAKE_BLOCK_DEVICE, _MAKE_LINK = 1 << 10, 1 << 11, 1 << 12
_LINK_ACROSS, _TRUNCATE, _DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15

_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1

READ = _EXECUTE | _READ | _READ_FOLDER
CHANGE = (
    READ | _WRITE | _TRUNCATE | _LINK_ACROSS | _REMOVE_FOLDER | _REMOVE_FILE
    | _MAKE_FOLDER | _MAKE_FILE | _MAKE_SOCKET | _MAKE_PIPE | _MAKE_LINK
)  # fmt: skip
DEVICE = _READ | _WRITE | _TRUNCATE

_EVERYTHING = CHANGE | _MAKE_CHARACTER_DEVICE | _MAKE_BLOCK_DEVICE | _DEVICE_CONTROL


def ruleset(abi: int, paths: list[tuple[str, int]], *, network: bool) -> dict[str, Any]:
    """The rules of a kernel with Landlock of version `abi`, as `bare_launcher.make_ruleset` takes them.

    `paths` are pairs of a path and the rights below it: `READ`, `CHANGE` or `DEVICE`. Where rules overlap, the rights
    add up.
    """
    handled = _EVERYTHING if abi >= 5 else _EVERYTHING & ~_DEVICE_CONTROL
    return {
        "size": 8 if abi < 4 else 16 if abi < SCOPED_ABI else 24,
        "files": handled,
        "network": 0 if network or abi < 4 else _BIND_TCP | _CONNECT_TCP,
        "scoped": _ABSTRACT_SOCKETS | _SIGNALS if abi >= SCOPED_ABI else 0,
        "paths": [[path, rights & handled] for path, rights in paths],
    }
