"""The fence in which builds run: which one this system has, and what every one of them holds.

A build in a fence has no network, sees the system read-only and nothing of any home folder, finds in its environment
what it is given, writes where it is told, and leaves nothing running. How: `bubblewrap.py` and `landlock.py`, whose
docstrings say what each leaves open. Which is there is found out by running something in it, since what a kernel and a
container allow cannot be asked. bubblewrap comes first: what it hides cannot even be looked at. On macOS and Windows
there is none.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile

from safepip.edges.builder.fenced_command import BuildLimits as BuildLimits
from safepip.edges.builder.fenced_command import BuildOutcome as BuildOutcome
from safepip.edges.builder.fenced_command import Fence as Fence
from safepip.edges.builder.fenced_command import FencedCommand as FencedCommand
from safepip.edges.builder.unfenced import NoFence
from safepip.model.errors import Unavailable

#: For a build that is approved without a fence.
UNFENCED: Fence = NoFence()

#: Exits with 0 only where a fence holds: the file that is named is not to be read, the folder is to be written, there
#: is no way out, and the parent cannot be traced (PTRACE_SEIZE, which stops nothing).
_TRIAL = """\
import ctypes, os, socket, sys
outside, inside = sys.argv[1:]
def fails(what, *arguments):
    try:
        what(*arguments)
    except OSError:
        return True
    return False
def reaches_out():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("192.0.2.1", 9))
open(os.path.join(inside, "written"), "x").close()
held = [
    fails(open, outside),
    fails(open, outside, "r+"),
    fails(reaches_out),
    ctypes.CDLL(None).ptrace(0x4206, os.getppid(), 0, 0) != 0,
    os.environ.get("SAFEPIP_TRIAL") == "yes" and len(os.environ.keys() - {"LC_CTYPE"}) == 1,
]
print(held)
sys.exit(0 if all(held) else 3)
"""

#: A trial is over in a moment; a system that is very busy may take longer.
_TRIAL_LIMITS = BuildLimits(seconds=60.0)


@functools.cache
def find_fence() -> Fence | None:
    """The best fence that works here, None where there is none. It is tried once a process, in some 0.2 s."""
    return next((fence for fence in candidates() if holds(fence)), None)


def candidates() -> list[Fence]:
    """What there could be here, the better one first."""
    if sys.platform != "linux":
        return []
    from safepip.edges.builder.bubblewrap import BubblewrapFence
    from safepip.edges.builder.landlock import LandlockFence

    return [fence for fence in (BubblewrapFence.of_this_system(), LandlockFence.of_this_kernel()) if fence is not None]


def holds(fence: Fence) -> bool:
    """Whether a program in this fence is held as it should be, tried with a small one."""
    from safepip.edges.builder.supervision import own_python
    from safepip.edges.builder.toolchains import interpreter_folders

    python = own_python()
    with tempfile.TemporaryDirectory(prefix="safepip-fence-") as folder:
        outside, inside = os.path.join(folder, "outside"), os.path.join(folder, "inside")
        os.mkdir(inside)
        with open(outside, "w", encoding="ascii"):
            pass
        command = FencedCommand(
            (python, "-I", "-S", "-c", _TRIAL, outside, inside),
            inside,
            {"SAFEPIP_TRIAL": "yes"},
            interpreter_folders(python),
            (inside,),
        )
        try:
            code = fence.run(command, _TRIAL_LIMITS).code
        except Unavailable:
            return False
        return code == 0 and os.path.exists(os.path.join(inside, "written"))
