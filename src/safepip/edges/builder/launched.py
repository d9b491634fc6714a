"""What both kinds of fence share: the supervisor starts `bare_launcher` in the fence, which becomes the command.

As root the launcher becomes a user first that nothing else on this machine is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.edges.builder.machine import is_root, kernel_limit
from safepip.edges.builder.supervision import (
    PROGRAM,
    SupervisedCommand,
    launcher_text,
    loader_variables,
    own_python,
    run_supervised,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.edges.builder.fenced_command import BuildLimits, BuildOutcome, FencedCommand, Told


class Launch(NamedTuple):
    """How a fence has its launcher started, and what that forbids.

    `user` is the one that root becomes (`unused_user`). `landlock` is a ruleset, None where there is none; `filter` the
    seccomp filter. With `guarded` a warden stays beside the command, which can end all of it at once. `through` is a
    program that starts the launcher inside of something, with `data` for it as `SupervisedCommand` says.
    """

    user: int | None
    landlock: Mapping[str, Any] | None
    filter: bytes
    guarded: bool = False
    through: tuple[str | int, ...] = ()
    data: tuple[str, ...] = ()


def run_launched(command: FencedCommand, launch: Launch, limits: BuildLimits, told: Told | None) -> BuildOutcome:
    """Run a command by a launcher, as `Fence.run`."""
    question = {
        "texts": launcher_text(),
        "command": command.arguments,
        "environ": dict(command.environ),
        "cwd": command.cwd,
        "root": is_root(),
        "uid": launch.user,
        "guarded": launch.guarded,
        "landlock": launch.landlock,
        "filter": launch.filter.hex(),
    }
    supervised = SupervisedCommand(
        arguments=(*launch.through, own_python(), "-I", "-S", "-c", PROGRAM),
        environ=loader_variables(),
        cwd=command.cwd,
        writable=command.writable,
        protected=command.protected,
        data=launch.data,
        question=question,
        uid=launch.user,
        tasks=kernel_limit(limits.processes, launch.user),
    )
    return run_supervised(supervised, limits, told)
