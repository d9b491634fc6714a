"""A fence for systems on which bubblewrap cannot run: Landlock for files, a seccomp filter for the rest.

It needs no rights at all, so it works in containers, which is where Dockerfiles build. The build shares the machine
with everything else; what it may do there is forbidden call by call. As root it runs as a user that owns nothing.

What this fence does not bound, where bubblewrap does:

- A build can find out that a path exists, its size, owner, times and extended attributes (stat(2), getxattr(2)):
  Landlock checks what is opened. It can read what a symbolic link holds, too.
- It can set the time of a file to now, and give it extended attributes, where its user may write the file (utime(2),
  setxattr(2)). As root it keeps the capability to write whatever the owner is, so this is every file.
- Where it runs as your own user: it can change mode, group and times of your files without opening them (chmod(2),
  chown(2)), and the scheduling of your other processes. As root it runs as another user, and can do neither.
- Before version 6 of Landlock (Linux 6.12), where it runs as your own user: `tgkill` reaches your other processes, so a
  build can end them, the supervisor included, and then go on by itself. `kill` and its kin are forbidden then.
- With `network`: services that listen on this machine's loopback address. (bubblewrap shares the network then, too.)
- What two builds of one user do to each other through a folder that both may write.

Not by either fence: how fast it uses the processor; what it learns of the machine (its name, its processors, its
kernel); what it writes into the folders that it may write; a deleted file that is held open in a message between two
sockets, as long as it stays below the limit for one file.

And what does not work here: semaphores of `multiprocessing` and other users of `/dev/shm`, `/proc/PID` of every process
but the first, terminals of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.build.landlock_rules import CHANGE, DEVICE, NEEDED_ABI, READ, SCOPED_ABI, ruleset
from safepip.build.syscall_filter import Sockets, filter_program
from safepip.build.visible import DEVICES, MACHINE_FACTS
from safepip.edges.builder.fenced_command import DEFAULT_LIMITS, BuildLimits, BuildOutcome, FencedCommand
from safepip.edges.builder.launched import Launch, run_launched
from safepip.edges.builder.machine import (
    filter_machine,
    git_settings,
    landlock_abi,
    resolver_files,
    system_paths,
    unused_user,
    visible_settings,
)
from safepip.edges.builder.supervision import own_python

if TYPE_CHECKING:
    from safepip.edges.builder.fenced_command import Told


class LandlockFence:
    """Landlock of version `abi`, and a seccomp filter for `machine`."""

    kind = "landlock"

    def __init__(self, abi: int, machine: str) -> None:
        self._abi = abi
        self._machine = machine

    @classmethod
    def of_this_kernel(cls) -> LandlockFence | None:
        """The fence, where the kernel has what it is made of. Whether it holds is for the caller to try."""
        abi, machine = landlock_abi(), filter_machine()
        return cls(abi, machine) if abi >= NEEDED_ABI and machine is not None and own_python() else None

    def run(
        self, command: FencedCommand, limits: BuildLimits = DEFAULT_LIMITS, told: Told | None = None
    ) -> BuildOutcome:
        """As `Fence.run`."""
        user, scoped = unused_user(), self._abi >= SCOPED_ABI
        # Another user's processes cannot be signalled in any case. And a warden ends what it may signal, so that has to
        # be the build and nothing else.
        apart = scoped or user is not None
        sockets = Sockets.OPEN if command.network else Sockets.NONE
        launch = Launch(
            user,
            ruleset(self._abi, allowed_paths(command), network=command.network),
            filter_program(self._machine, sockets, signals=apart),
            guarded=apart,
        )
        return run_launched(command, launch, limits, told)


def allowed_paths(command: FencedCommand) -> list[tuple[str, int]]:
    """Each path that a command may open, and how. Rules are for the folder that a path leads to, so links count as what
    they point to."""
    readable = (*system_paths(), *visible_settings(network=command.network), *MACHINE_FACTS, *command.readable)
    readable += git_settings()
    if command.network:
        readable += resolver_files()
    return [
        *((path, READ) for path in readable),
        *((path, DEVICE) for path in DEVICES),
        *((os.path.abspath(path), CHANGE) for path in command.writable),
    ]
