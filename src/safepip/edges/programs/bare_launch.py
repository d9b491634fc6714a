"""Starts safepip in the place of a pip that was called, and says how to take the shim off where that fails.

The text of this file is what a shim in an environment (`edges/target/bare_shim.py`) and the functions of a shell
(`options/shell_init.py`) run in safepip's own Python. It says its line where safepip cannot be imported, where it ends
as only a broken one does (exit code 70), and where it fails and has no pip. Nothing is installed then, but for a
safepip that has broken on its way, and the exit code is never 0.

The words before pip's are: safepip's archive, empty where it is installed; the line to say; and the path of the pip or
Python that a shell has found, empty where pip's words name the environment already.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

#: What safepip ends with where it has failed itself (`Fault` in `model/errors.py`).
_FAULT = 70
_PYTHONS = ("python", "pypy", "graalpy")


def launch() -> "NoReturn":
    """Run safepip with the words of the command line, in this process."""
    archive, line, found = sys.argv[1:4]
    sys.argv[1:] = [*_named(found, line), *sys.argv[4:]]
    code = 1
    try:
        import runpy

        if archive:
            runpy.run_path(archive, run_name="__main__")
        else:
            runpy.run_module("safepip", run_name="__main__", alter_sys=True)
        reason = "it ended too early"
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as end:
        if end.code != _FAULT and not (end.code == 1 and _lacks_pip()):
            raise
        code, reason = int(end.code), "it is broken"
    except Exception as error:  # noqa: BLE001 - a broken safepip can fail in every way, and each is told here
        reason = type(error).__name__ + ": " + ascii(str(error))[1:-1]
    _stop("safepip could not do this: " + reason, line, code)


def _lacks_pip() -> bool:
    """Whether there is no pip beside safepip, which is an ordinary error to it (`pip-missing`)."""
    from importlib.util import find_spec

    return find_spec("pip") is None


def _named(found: str, line: str) -> "list[str]":
    """The option that names the environment of the program that a shell has found. `PIP_PYTHON` means what it means to
    pip, and safepip reads it itself."""
    import os

    if not found or os.environ.get("PIP_PYTHON"):
        return []
    found = os.path.abspath(found)
    python = interpreter_of(found) if os.path.basename(found).startswith("pip") else found
    if not python:
        _stop(
            "it is not known which Python " + ascii(found)[1:-1] + " belongs to; name it: safepip --python PATH",
            line,
            1,
        )
    return ["--python", python]


def interpreter_of(script: str) -> str:
    """The Python that runs a script: the one of its first line, else the one beside it; empty where there is none."""
    import os
    import shutil

    try:
        with open(script, "rb") as file:
            line = os.fsdecode(file.readline(4096))
    except OSError:
        line = ""
    first = line[2:].split() if line.startswith("#!") else []
    program = first[0] if first else ""
    if os.path.basename(program) == "env" and len(first) == 2:
        program = shutil.which(first[1]) or ""
    if os.path.basename(program).startswith(_PYTHONS) and os.path.isfile(program):
        return program
    # A long path stands in a line for sh, and the stand-ins of pyenv and asdf are scripts of a shell.
    beside = (os.path.join(os.path.dirname(script), name) for name in ("python3", "python"))
    return next((path for path in beside if os.path.isfile(path)), "")


def _stop(reason: str, line: str, code: int) -> "NoReturn":
    done = "It is not known how far it came. " if code == _FAULT else "Nothing was installed. "
    sys.stderr.write("error: " + reason + "\n" + done + line + "\n")
    sys.exit(code)
