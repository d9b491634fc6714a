"""What is run inside a fence, within which limits, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

#: What is handed pieces of a build's output as they come.
Told = Callable[[bytes], None]


class BuildLimits(NamedTuple):
    """How much a build may use. A build that uses more is ended.

    `memory`: bytes of resident memory, of all its processes together; three quarters of the machine's, where that is
    less. `processes`: of these and their threads together. `disk`: bytes written, in all writable folders together.
    `output`: bytes of output that are kept; what is more is left out in the middle, and `ENDLESS` times as much ends
    the build. `seconds`: from its start to its end.
    """

    memory: int = 16 * 1024**3
    processes: int = 1024
    disk: int = 16 * 1024**3
    output: int = 16 * 1024**2
    seconds: float = 3600.0


DEFAULT_LIMITS = BuildLimits()

#: How many times as much output as is kept a build may write.
ENDLESS = 16


class FencedCommand(NamedTuple):
    """A command for a fence. All paths are absolute.

    `environ` is everything that it finds in its environment. `readable` are folders and files that it may read beside
    the system's, wherever they are; `writable` are folders that it may change, too. HOME and TMPDIR should lie in one
    of these. `protected` lie in `writable` and are not to be changed all the same, which Landlock cannot hold
    (`safepip.edges.builder.protected`). With `network` it reaches the network.
    """

    arguments: tuple[str, ...]
    cwd: str
    environ: Mapping[str, str]
    readable: tuple[str, ...]
    writable: tuple[str, ...]
    network: bool = False
    protected: tuple[str, ...] = ()


class BuildOutcome(NamedTuple):
    """What came of a command: its exit code, or 128 and the number of the signal that ended it; its output and errors
    in one; and the limit that it was ended for: "time", "disk", "processes", "memory" or "output", else empty."""

    code: int
    output: bytes
    stopped: str = ""


class Fence(Protocol):
    """Something that runs commands so that they reach no more than they are given."""

    @property
    def kind(self) -> str:
        """Which one it is: "bubblewrap", "landlock" or "none"."""

    def run(
        self, command: FencedCommand, limits: BuildLimits = DEFAULT_LIMITS, told: Told | None = None
    ) -> BuildOutcome:
        """Run a command until it has ended with everything that it has started.

        Raises `Unavailable` (`fence-failed`) where it cannot be run as it should be. Whatever `told` raises ends the
        build and passes on, and so does Ctrl-C.
        """
