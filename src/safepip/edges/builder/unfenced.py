"""No fence: a command that can do what its user can, for builds that are approved without one.

It is watched over in the same way: its time, output, memory, processes and disk are bounded, its environment is what it
is given, and what it leaves running is ended. Where there is no `/proc` (macOS), memory and processes are not counted,
and what has left its process group lives on. On Windows only time and output are bounded (`portable.py`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.builder.fenced_command import DEFAULT_LIMITS, BuildLimits, BuildOutcome, FencedCommand
from safepip.edges.builder.supervision import SupervisedCommand, run_supervised

if TYPE_CHECKING:
    from safepip.edges.builder.fenced_command import Told


class NoFence:
    """Runs commands as they are."""

    kind = "none"

    def run(
        self, command: FencedCommand, limits: BuildLimits = DEFAULT_LIMITS, told: Told | None = None
    ) -> BuildOutcome:
        """As `Fence.run`. `readable` and `network` change nothing."""
        if os.name == "nt":
            from safepip.edges.builder.portable import run_portably

            return run_portably(command, limits, told)
        supervised = SupervisedCommand(command.arguments, command.environ, command.cwd, command.writable)
        return run_supervised(supervised, limits, told)
