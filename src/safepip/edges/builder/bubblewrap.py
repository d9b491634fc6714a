"""A fence by bubblewrap: the build has tables of processes, mounts and users, and a network, of its own.

What it may not see is not there. The system's folders and those that are given are mounted into an empty root,
read-only unless they may be written; `/tmp` and `/dev/shm` are its own and held in memory, within a limit. Inside,
before the command, runs `bare_launcher`, which installs the seccomp filter; as root it becomes another user first, and
where the kernel has Landlock, it forbids every write that is not meant once more.

As an ordinary user bubblewrap makes a user namespace. As root it needs none, and makes none, so that files of the
user's folders are what they are.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from safepip.build.landlock_rules import CHANGE, DEVICE, NEEDED_ABI, READ, ruleset
from safepip.build.syscall_filter import Sockets, filter_program
from safepip.build.visible import DEVICES, MACHINE_FACTS, SYSTEM_FOLDERS, is_of_the_system, is_within
from safepip.edges.builder.fenced_command import DEFAULT_LIMITS, BuildLimits, BuildOutcome, FencedCommand
from safepip.edges.builder.launched import Launch, run_launched
from safepip.edges.builder.machine import (
    filter_machine,
    hidden_files,
    is_root,
    landlock_abi,
    most_memory,
    resolver_files,
    unused_user,
    visible_settings,
)
from safepip.edges.builder.supervision import own_python
from safepip.edges.builder.toolchains import own_interpreter_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.edges.builder.fenced_command import Told

#: Where administrators put programs. `PATH` may lead to a bubblewrap that the user has not chosen.
_PLACES = ("/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin")

_NAMESPACES = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")

#: What root keeps until the launcher has become another user.
_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH")

#: The part of the memory that each of the two folders in memory may take.
_PART = 8

#: In the sandbox everything is visible that is mounted there; these may be written besides what is given.
_OWN = ("/tmp", "/dev/shm", "/dev/pts", "/dev/tty")  # noqa: S108  # the fence's own, made for each build


class BubblewrapFence:
    """The program at `path`, and a seccomp filter for `machine`."""

    kind = "bubblewrap"

    def __init__(self, path: str, machine: str) -> None:
        self._path = path
        self._machine = machine

    @classmethod
    def of_this_system(cls) -> BubblewrapFence | None:
        """The fence, where the program is there. Whether it can run is for the caller to try."""
        path, machine = find_bubblewrap(), filter_machine()
        return cls(path, machine) if path is not None and machine is not None and own_python() else None

    def run(
        self, command: FencedCommand, limits: BuildLimits = DEFAULT_LIMITS, told: Told | None = None
    ) -> BuildOutcome:
        """As `Fence.run`."""
        user, abi = unused_user(), landlock_abi()
        identity = (user, user) if user is not None else (os.getuid(), os.getgid())
        launch = Launch(
            user,
            # The network is a namespace's affair here: a build may listen and connect in its own.
            ruleset(abi, _paths(command), network=True) if abi >= NEEDED_ABI else None,
            filter_program(self._machine, Sockets.OPEN if command.network else Sockets.PRIVATE),
            through=(*self._arguments(command, limits), "--"),
            data=_accounts(*identity, command.environ.get("HOME", "/")),
        )
        return run_launched(command, launch, limits, told)

    def _arguments(self, command: FencedCommand, limits: BuildLimits) -> tuple[str | int, ...]:
        """bubblewrap's command line (bwrap(1))."""
        arguments: list[str | int] = [self._path, *_NAMESPACES]
        if not command.network:
            arguments.append("--unshare-net")
        if is_root():
            arguments += ["--cap-drop", "ALL", *(word for name in _CAPABILITIES for word in ("--cap-add", name))]
        else:
            arguments += ["--unshare-user", "--cap-drop", "ALL"]
        arguments += ["--die-with-parent", "--new-session", "--hostname", "localhost"]
        arguments += _system()
        arguments += _settings(network=command.network)
        arguments += _kernel(most_memory(limits.memory) // _PART)
        arguments += _given(command)
        return (*arguments, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", command.cwd)


def _paths(command: FencedCommand) -> list[tuple[str, int]]:
    """Each path that a command may open, and how, of all that is mounted."""
    writable = [(path, CHANGE) for path in (*command.writable, *_OWN)]
    return [("/", READ), *((path, DEVICE) for path in DEVICES), *writable]


def find_bubblewrap() -> str | None:
    """The path of bubblewrap, where an administrator has installed it and only root can change it."""
    for folder in _PLACES:
        path = os.path.join(folder, "bwrap")
        try:
            found = os.stat(path)
        except OSError:
            continue
        writable_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if stat.S_ISREG(found.st_mode) and found.st_uid == 0 and not writable_by_others and os.access(path, os.X_OK):
            return path
    return None


def _system() -> list[str]:
    """The system's folders: links stay links."""
    words: list[str] = []
    for folder in SYSTEM_FOLDERS:
        if os.path.islink(folder):
            words += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            words += ["--ro-bind", folder, folder]
    for path in hidden_files():
        if is_of_the_system(path):
            words += ["--ro-bind", "/dev/null", path]
    return words


def _settings(*, network: bool) -> list[str | int]:
    """The visible part of `/etc`. The accounts are made, with the texts of `_accounts`."""
    words: list[str | int] = ["--dir", "/etc"]
    for path in visible_settings(network=network):
        if path not in ("/etc/passwd", "/etc/group"):
            words += ["--ro-bind", os.path.realpath(path), path]
    for number, path in enumerate(("/etc/passwd", "/etc/group")):
        words += ["--perms", "0644", "--ro-bind-data", number, path]
    return words


def _accounts(user: int, group: int, home: str) -> tuple[str, str]:
    """`/etc/passwd` and `/etc/group` with the user that the build is, and nobody else of this machine."""
    people = f"root:x:0:0:root:/:/bin/sh\nbuild:x:{user}:{group}::{home}:/bin/sh\n"
    if user == 0:
        people = f"root:x:0:0:root:{home}:/bin/sh\n"
    groups = "root:x:0:\n" + (f"build:x:{group}:\n" if group else "")
    return people, groups


def _kernel(size: int) -> list[str]:
    """What the kernel shows of itself, and the folders in memory, of at most `size` bytes each."""
    facts = (path for path in MACHINE_FACTS if path.startswith("/sys/") and os.path.isdir(path))
    return [
        *("--proc", "/proc", "--dev", "/dev"),
        *(word for path in facts for word in ("--ro-bind", path, path)),
        *("--perms", "1777", "--size", str(size), "--tmpfs", "/dev/shm"),  # noqa: S108  # in the sandbox
        *("--perms", "1777", "--size", str(size), "--tmpfs", "/tmp"),  # noqa: S108  # in the sandbox
    ]


def _given(command: FencedCommand) -> list[str]:
    """The folders that are given, each after those that it lies in. A link is followed, and its name is there, too."""
    launcher = own_interpreter_folders(own_python())
    readable = [path for path in (*command.readable, *launcher) if not is_of_the_system(path)]
    if command.network:
        readable += resolver_files()
    given = dict.fromkeys(readable, "--ro-bind") | {os.path.abspath(path): "--bind" for path in command.writable}
    given |= dict.fromkeys(_between(command), "--bind")
    given |= dict.fromkeys(map(os.path.abspath, command.protected), "--ro-bind")
    binds: dict[str, tuple[str, str]] = {}
    for path, how in given.items():
        target = os.path.realpath(path)
        if not is_of_the_system(target):
            binds.setdefault(target, (how, target))
        if not _comes_along(path, given):
            binds[path] = (how, target)
    words: list[str] = []
    for path in sorted(binds, key=lambda path: path.count("/")):
        how, target = binds[path]
        if os.path.exists(target):
            words += [how, target, path]
    return words


def _comes_along(path: str, given: Iterable[str]) -> bool:
    """Whether it is a link in another folder that is given: it is there with it. On a link nothing is mounted."""
    return os.path.islink(path) and any(other != path and is_within(path, other) for other in given)


def _between(command: FencedCommand) -> Iterator[str]:
    """The folders between one that may be written and what is protected in it.

    Each is mounted by itself. What is a mount cannot be renamed (rename(2), EBUSY); a folder that holds one can be, and
    another one put in its place.
    """
    for path in map(os.path.abspath, command.protected):
        for root in map(os.path.abspath, command.writable):
            above = os.path.dirname(path)
            while above != root and is_within(above, root):
                yield above
                above = os.path.dirname(above)
