"""The command that starts this safepip from anywhere, in the place of a pip: for shims and for the functions of shells.

It names this Python and, where safepip is an archive, that; nothing is searched for along PATH. Python is isolated
(`-I`), so that neither the working folder nor a variable has a part in it. Only a safepip in the user's site is not
found then: it is started with `-P`, and `own_start` does the rest.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from safepip.edges.programs.program_output import ask_program
from safepip.edges.programs.starting import own_text
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds that safepip has to say its version.
_TIMEOUT = 60


def own_command(archive: str, version: str) -> tuple[str, ...]:
    """The command, without the line that `bare_launch.py` says and what follows it. `archive` is that of safepip, empty
    where it is installed, and `version` this safepip's.

    Raises `Unavailable`: `shim-not-started` where it does not start this version, because then a shim would only ever
    fail, and `shim-not-written` on Windows.
    """
    import subprocess

    if os.name == "nt":
        raise Unavailable.because(
            "shim-not-written",
            "on Windows pip's entry points are programs, and shells there have paths of other forms",
            hint="make environments without pip, and install by: safepip install --python PATH",
        )
    program = _program()
    reason = "this Python does not know the path of its own interpreter"
    for option in ("-I", "-P") if sys.executable else ():
        command = (os.path.abspath(sys.executable), option, "-c", program, archive and os.path.abspath(archive))
        try:
            done = ask_program((*command, "", "", "--version"), os.environ, _TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
            continue
        if done.code == 0 and done.output.decode("utf-8", "replace").startswith(f"safepip {version} "):
            return command
        reason = done.last_words
    raise Unavailable.because(
        "shim-not-started",
        "this safepip cannot be started by a command of its own",
        context=(printable(reason),),
        hint="install safepip, in an environment of its own, and run that one",
    )


def _program() -> str:
    return f"{own_text('bare_launch.py')}\n\nlaunch()\n"


def strange_command(command: Sequence[str], archive: str) -> str:
    """How a command that was read somewhere differs from those that `own_command` makes for this safepip, for the end
    of a sentence; empty where it is one of them. `archive` as for `own_command`.

    This Python may have several names, in the folder that it is called from.
    """
    program, *rest = command
    try:
        own = os.path.samefile(os.path.dirname(program), os.path.dirname(os.path.abspath(sys.executable)))
        own = own and os.path.isabs(program) and os.path.realpath(program) == os.path.realpath(sys.executable)
    except (OSError, ValueError):
        own = False
    if not own:
        return f"starts another program: {printable(program)}"
    if len(rest) != 4 or rest[0] not in ("-I", "-P") or rest[1] != "-c":
        return "starts something else than safepip"
    if rest[3] != (archive and os.path.abspath(archive)):
        return f"starts another program: {printable(rest[3] or program)}"
    return "" if rest[2] == _program() else "does not start safepip as this version does"
