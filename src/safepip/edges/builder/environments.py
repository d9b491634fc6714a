"""Virtual environments for builds: made by the standard library's `venv`, run by the target's base interpreter.

Nothing that is installed in the target runs (`-I -S`), and nothing of the target is seen in the new environment. It has
no pip: what a build requires is handed over to safepip's own.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from safepip.edges.programs.program_output import ask_program
from safepip.edges.programs.starting import own_text
from safepip.environment.python_variables import clean_environment
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 120.0

_PROGRAM = """\
import os, sys, venv
end_with(int(sys.argv[2]))
venv.EnvBuilder(symlinks=os.name != "nt", with_pip=False).create(sys.argv[1])
"""

#: Environments are made in environments, but not so deep.
_DEEPEST = 8


def base_interpreter(python: str) -> str:
    """The interpreter from which the environment of `python` was made, itself where it is not in a virtual one.

    PEP 405: the key `home` of `pyvenv.cfg`, beside the interpreter or in the folder above. Before Python 3.11 an
    environment that is made by the interpreter of another one may not find the standard library.
    """
    for _ in range(_DEEPEST):
        folder = os.path.dirname(python)
        home = next(filter(None, map(_home, (folder, os.path.dirname(folder)))), None)
        if home is None:
            break
        names = (os.path.basename(os.path.realpath(python)), os.path.basename(python), "python3", "python.exe")
        found = next((path for name in names if os.path.isfile(path := os.path.join(home, name))), None)
        if found is None:
            return os.path.realpath(python)
        python = found
    return python


def _home(folder: str) -> str | None:
    try:
        with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            pairs = (line.partition("=") for line in file.read(65536).splitlines())
            return {key.strip().lower(): value.strip() for key, _, value in pairs}.get("home")
    except OSError:
        return None


def make_environment(python: str, folder: str, environ: Mapping[str, str]) -> str:
    """Make a virtual environment of the same Python as `python` in `folder`; the path of its interpreter.

    Raises `Unavailable` (`build-environment`).
    """
    base = base_interpreter(python)
    try:
        program, words = own_text("bare_ending.py") + _PROGRAM, (folder, str(os.getpid()))
        done = ask_program([base, "-I", "-S", "-c", program, *words], clean_environment(environ), _TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(base, str(error)) from error
    inside = (os.path.join(folder, "bin", "python"), os.path.join(folder, "Scripts", "python.exe"))
    made = next(filter(os.path.exists, inside), None)
    if done.code != 0 or made is None:
        raise _failed(base, done.last_words)
    return made


def _failed(python: str, reason: str) -> Unavailable:
    return Unavailable.because(
        "build-environment",
        f"{printable(python)} could not make a virtual environment to build in",
        context=(printable(reason),),
        hint="check that this works, and see what it says: python -I -m venv --without-pip FOLDER",
    )
