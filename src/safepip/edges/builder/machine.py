"""What this machine and this user allow, as far as a fence depends on it."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import platform
import re

from safepip.build.syscall_filter import MACHINES
from safepip.build.visible import ETC_ENTRIES, ETC_FOR_NETWORK, HIDDEN, RESOLVERS, SYSTEM_FOLDERS, is_within

#: The capabilities without which root cannot become another user (linux/capability.h).
_SET_GROUP, _SET_USER, _GIVE_UP = 6, 7, 8

#: Users of this range belong to no person: systemd takes its passing users from it, and distributions leave it free.
_PASSING_USERS = range(61184, 65520)

_LANDLOCK_CREATE = 444
_GIVE_VERSION = 1

_GIT_SETTINGS, _LONGEST_SETTINGS = "/etc/gitconfig", 64 * 1024
#: User information in a URL, and words beside which secrets stand.
_SECRET = re.compile(r"://[^/\s\"]*@|token|passw|secret|extraheader|authorization", re.IGNORECASE)


def filter_machine() -> str | None:
    """The name under which `syscall_filter` knows this machine, None where it does not."""
    name = platform.machine()
    return name if name in MACHINES else None


def landlock_abi() -> int:
    """The version of Landlock that this kernel has, 0 where it has none (landlock_create_ruleset(2))."""
    try:
        found = ctypes.CDLL(None).syscall(
            ctypes.c_long(_LANDLOCK_CREATE), None, ctypes.c_size_t(0), ctypes.c_long(_GIVE_VERSION)
        )
    except (OSError, AttributeError, TypeError):
        return 0  # not this kind of system
    return max(0, int(found))


def is_root() -> bool:
    """Whether this process has root's rights."""
    return os.geteuid() == 0


def unused_user() -> int | None:
    """A user id that has no name and no process here, and that this process can become; None where there is none.

    Another one for each run, so that two builds at once cannot reach each other. In a container the id has to be one
    that it knows (user_namespaces(7)).
    """
    if not is_root() or not _may_become_others():
        return None
    busy = _users_with_processes()
    # From another start in each process, since two may look at the same time.
    for user in _rotated(list(_PASSING_USERS), os.getpid()):
        if user not in busy and _is_mapped(user, "uid") and _is_mapped(user, "gid") and not _has_name(user):
            _TAKEN.add(user)
            return user
    return None


def _rotated(users: list[int], by: int) -> list[int]:
    start = by % len(users)
    return users[start:] + users[:start]


#: Those that this process has given out: no process may have them yet.
_TAKEN: set[int] = set()


def _may_become_others() -> bool:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    except (OSError, StopIteration):
        return False
    return all(effective >> number & 1 for number in (_SET_GROUP, _SET_USER, _GIVE_UP))


def _is_mapped(number: int, kind: str) -> bool:
    with open(f"/proc/self/{kind}_map", encoding="ascii") as file:
        rows = [list(map(int, line.split())) for line in file]
    return any(inside <= number < inside + length for inside, _, length in rows)


def _has_name(user: int) -> bool:
    import pwd

    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _users_with_processes() -> set[int]:
    found = set(_TAKEN)
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found.add(os.stat(f"/proc/{name}").st_uid)
            except OSError:
                continue  # it has ended
    return found


def threads_of_user() -> int:
    """How many threads this user has, as RLIMIT_NPROC counts them (getrlimit(2))."""
    user, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue  # it has ended
    return count


#: What a container may have (the kernel's cgroup-v2.rst and cgroup-v1/memory.rst).
_CONTAINER_MEMORY = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def most_memory(limit: int) -> int:
    """A limit on memory, or three quarters of what the machine or the container has, where that is less."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _CONTAINER_MEMORY:
        try:
            with open(path, encoding="ascii") as file:
                there = min(there, int(file.read()))
        except (OSError, ValueError):
            continue  # there is no such file, or it says "max"
    return min(limit, there * 3 // 4)


def kernel_limit(processes: int, user: int | None) -> int | None:
    """What the kernel is to hold a build to, in threads of its user: None for root, whom it holds to nothing."""
    if user is not None:
        return processes
    return None if is_root() else threads_of_user() + processes


def hidden_files() -> tuple[str, ...]:
    """What there is of the files that are hidden, as the system resolves them."""
    return tuple(dict.fromkeys(os.path.realpath(path) for path in HIDDEN if os.path.isfile(path)))


def system_paths() -> list[str]:
    """The system's folders, for a fence that can only add: one with a hidden file is given as what else is in it."""
    hidden, found = hidden_files(), []
    waiting = list(SYSTEM_FOLDERS)
    while waiting:
        path = waiting.pop()
        if os.path.realpath(path) in hidden:
            continue
        if any(is_within(file, os.path.realpath(path)) for file in hidden):
            # What a link leads to is given where it lies, if it lies in the system at all.
            with contextlib.suppress(OSError), os.scandir(path) as entries:
                waiting += [entry.path for entry in entries if not entry.is_symlink()]
        else:
            found.append(path)
    return found


def visible_settings(*, network: bool) -> tuple[str, ...]:
    """The files and folders of `/etc` that a build sees, as far as there are any."""
    patterns = ETC_ENTRIES + (ETC_FOR_NETWORK if network else ())
    found = (path for pattern in patterns for path in sorted(glob.glob(f"/etc/{pattern}")))
    return tuple(path for path in dict.fromkeys(found) if os.path.exists(path))


def git_settings() -> tuple[str, ...]:
    """The system's settings for git, where nothing in them looks like a secret: where they are there and may not be
    read, git does not run at all."""
    try:
        with open(_GIT_SETTINGS, encoding="utf-8", errors="replace") as file:
            text = file.read(_LONGEST_SETTINGS)
    except OSError:
        return ()
    return () if _SECRET.search(text) or len(text) == _LONGEST_SETTINGS else (_GIT_SETTINGS,)


def resolver_files() -> tuple[str, ...]:
    """Where `/etc/resolv.conf` leads to, if that is one of the known places."""
    target = os.path.realpath("/etc/resolv.conf")
    return (target,) if target in RESOLVERS else ()
