"""`safepip shim [--remove] --venv PATH`: pip's installs in an environment go through safepip, or no longer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from safepip.edges.console.outputs import write_data
from safepip.edges.user.world import this_world
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable
from safepip.options.command_line import HelpRequested
from safepip.options.own_words import take_own

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = """\
Usage: safepip shim --venv PATH
       safepip shim --remove --venv PATH

Have pip's installs in a virtual environment go through safepip: pip install, pip3 install and python -m pip install
there, and download, wheel and lock. Everything else is pip's as before.

  --venv PATH   The folder of the environment.
  --remove      Take the shim off: the environment is as it was before.

Where safepip is missing or broken, the pip of that environment installs nothing, and says how to take the shim off.
safepip verify tells where a shim is gone or was changed. For all environments of a shell: safepip shell-init --help"""


def shim(argv: Sequence[str]) -> int:
    """Run `safepip shim` with these arguments, the verb left out. Raises `UsageError`, `Unavailable`."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    own, others = take_own(argv, ("--remove",), ("--venv",))
    if others or "--venv" not in own:
        what = f"shim does not know {printable(others[0])!r}" if others else "shim needs the environment that is meant"
        raise UsageError.because("bad-option", what, hint="safepip shim --venv .venv")
    root = _environment(own["--venv"][-1])
    return _take_off(root) if "--remove" in own else _put_on(root)


def _environment(path: str) -> str:
    """The folder of a virtual environment, absolute. Raises `Unavailable` (`not-an-environment`)."""
    from safepip.edges.target.choosing import is_virtual

    world = this_world()
    root = world.absolute(world.expand(path))
    problem = ""
    if not is_virtual(root):
        problem = "is no virtual environment: there is no pyvenv.cfg in it"
    elif not root.isprintable():
        problem = "has a name that no first line of a script can hold"
    if problem:
        raise Unavailable.because(
            "not-an-environment",
            f"--venv names {printable(root)}, which {problem}",
            hint="name the folder of a virtual environment, such as .venv",
        )
    return root


def _put_on(root: str) -> int:
    from safepip.commands.shim_state import start_command
    from safepip.edges.target.choosing import find_interpreter
    from safepip.edges.target.listing import find_place
    from safepip.edges.target.shim import of_others, put_on

    python = find_interpreter(root)
    if python is None:
        raise Unavailable.because(
            "not-an-environment",
            f"--venv names {printable(root)}, which holds no Python interpreter",
            hint="name the folder of a virtual environment, such as .venv",
        )
    place = find_place(python, this_world().environ)
    done = put_on(place, python, start_command())
    names = [entry.path.rpartition("/")[2] for entry in done.entries if not entry.main]
    write_data(
        f"{', '.join([*names, 'python -m pip'])} of {printable(root)}:\n"
        "install, download, wheel and lock go through safepip, and everything else is pip's as before.\n"
        f"To take this off: safepip shim --remove --venv {shlex.quote(printable(root))}\n"
    )
    for path in of_others(place.prefix, done):
        write_data(f"{printable(path)} was a script of your own: it is kept, and comes back when this is taken off.\n")
    return 0


def _take_off(root: str) -> int:
    from safepip.edges.target.bare_unshim import is_there
    from safepip.edges.target.listing import real
    from safepip.edges.target.shim import take_off

    prefix = real(root)
    if not is_there(prefix):
        write_data(f"{printable(root)} has no shim.\n")
        return 0
    for line in take_off(prefix):
        write_data(f"{printable(line)}\n")
    write_data(f"The shim of {printable(root)} is off.\n")
    return 0
