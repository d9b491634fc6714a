"""Looks up what `environment/meant.py` decides on, and finds the interpreter of the environment that is meant.

How safepip was started is read from the path by which its program was called. A shell that has found a program along
PATH gives it the same path as one in which you have written that path out; no system tells the two apart. So a path
counts as written where it lies in the environment and is not the one that a search along PATH finds first. A doubtful
one counts as found, and the environment that is then taken is named in a line.

What a variable names must be an environment: an absolute path of a folder with the mark of one (`pyvenv.cfg`, PEP 405;
or conda's `conda-meta`) and an interpreter. A relative one would mean what the working folder, perhaps a foreign
repository, happens to hold. A variable that cannot be followed is an error, and never passed over in favour of another
environment.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from safepip.environment.meant import Basis, Named, Signs, decide, is_conda_base
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.origin import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.model.plan import Settings

#: How Python calls a program that is no file, and the file of a package that it runs as one.
_BY_INTERPRETER = ("", "-", "-c", "-m", "__main__.py")

#: How a line names the choice by the path of safepip's program.
_BY_PATH = "the path of the program"

_WINDOWS = os.name == "nt"


class Interpreter(NamedTuple):
    """Where safepip itself runs. `archive` is the zip application's path, empty where there is none; `called` is the
    path by which the program was called, `sys.argv[0]`."""

    executable: str
    prefix: str
    archive: str = ""
    called: str = ""

    @classmethod
    def here(cls) -> Interpreter:
        """This process's."""
        from safepip.edges.programs.starting import own_archive

        return cls(sys.executable or "", sys.prefix, own_archive(), sys.argv[0])


class ChosenEnvironment(NamedTuple):
    """The environment that is meant.

    `python` is the absolute path of its interpreter, `own` says that safepip runs in it, and `named_by` is the variable
    or the file that names it, empty where the command line does or nothing. `folder` is what a variable names, else
    empty. `nearby` is an environment in the working folder or above, where none was named or activated.
    """

    python: str
    basis: Basis
    own: bool = False
    named_by: str = ""
    folder: str = ""
    nearby: str = ""


def choose(
    settings: Settings, environ: Mapping[str, str], cwd: str = "", home: Interpreter | None = None
) -> ChosenEnvironment:
    """The environment that a command means, by the rules of `environment/meant.py`. `cwd` is the working folder.

    Raises `Unavailable` for a `--python` that does not exist (`python-not-found`, with pip's exit code) and for a
    variable that names no environment (`not-an-environment`), and `Refused` (`no-target`) when none is meant.
    """
    home = home or Interpreter.here()
    tool = "" if home.archive else tool_home(home.prefix)
    signs = Signs(
        python=settings.python is not None,
        started=_named_by_start(home, environ),
        apart=bool(tool or home.archive),
        virtual_env=_named(environ.get("VIRTUAL_ENV"), home),
        conda=_named(environ.get("CONDA_PREFIX"), home),
        conda_base=is_conda_base(environ),
    )
    match decide(signs):
        case Basis.PYTHON:
            return _stated(settings, home)
        case Basis.VIRTUAL_ENV as basis:
            return _active("VIRTUAL_ENV", basis, environ, home)
        case Basis.CONDA as basis:
            return _active("CONDA_PREFIX", basis, environ, home)
        case Basis.CONDA_BASE as basis:
            return _active("CONDA_PREFIX", basis, environ, home)._replace(nearby=nearby_environment(cwd, environ))
        case Basis.START:
            # A stand-in on PATH (asdf's) calls by a path as well. Where another environment is active, it is said.
            doubtful = not _by_interpreter(home) and signs.another_is_active
            return ChosenEnvironment(
                _own_interpreter(home), Basis.START, own=True, named_by=_BY_PATH if doubtful else ""
            )
        case Basis.OWN:
            near = nearby_environment(cwd, environ)
            own = bool(near) and _same_file(near, home.prefix)
            return ChosenEnvironment(_own_interpreter(home), Basis.OWN, own=True, nearby="" if own else near)
    raise _no_target(tool, home, nearby_environment(cwd, environ))


def _no_target(tool: str, home: Interpreter, near: str) -> Refused:
    """The refusal where no environment is meant; `near` is one that is offered, or empty."""
    import shlex

    if home.archive:
        problem = "safepip runs from a single file, so it has no environment of its own, and no other one was named"
        context = f"to mean the Python that runs it: --python {shlex.quote(printable(_own_interpreter(home)))}"
    else:
        problem = f"safepip runs from an environment of its own ({tool}) and no other environment was named"
        context = f"safepip's own environment is {printable(home.prefix)}"
    return Refused.because(
        "no-target",
        problem,
        context=(context,),
        hint=f"activate a virtual environment, or name one: --python {shlex.quote(printable(near))}"
        if near
        else "activate a virtual environment, or make one: python3 -I -m venv --without-pip .venv\n"
        "and name it: --python .venv",
    )


def tool_home(prefix: str) -> str:
    """The name of the tool that keeps `prefix` as an application's own environment, or empty.

    pipx leaves `pipx_metadata.json` in each such environment and uv `uv-receipt.toml`. `uvx` runs from a
    folder `archive-v0` or the like of uv's cache, which bears the `CACHEDIR.TAG` of the cache directory
    specification.
    """
    if os.path.isfile(os.path.join(prefix, "pipx_metadata.json")):
        return "pipx"
    if os.path.isfile(os.path.join(prefix, "uv-receipt.toml")):
        return "uv tool"
    folder = os.path.dirname(os.path.abspath(prefix))
    bucket, _, number = os.path.basename(folder).rpartition("-v")
    cached = bucket in ("archive", "environments", "builds") and number.isdigit()
    return "uvx" if cached and os.path.isfile(os.path.join(os.path.dirname(folder), "CACHEDIR.TAG")) else ""


def find_interpreter(path: str) -> str | None:
    """pip's reading of `--python`: a file is the interpreter, a folder a virtual environment that holds one.

    No search on PATH takes place, as in pip. None where there is nothing.
    """
    if os.path.isdir(path):
        # Both layouts are tried on every system: cygwin and msys have the other one.
        inside = (os.path.join(path, "bin", "python"), os.path.join(path, "Scripts", "python.exe"))
        return next((os.path.abspath(file) for file in inside if os.path.exists(file)), None)
    return os.path.abspath(path) if os.path.exists(path) else None


def nearby_environment(cwd: str, environ: Mapping[str, str]) -> str:
    """A virtual environment `.venv` in the working folder or above, to be offered; empty where there is none.

    One that a stranger may have put there, as into `/tmp`, is not offered (`trusted_files`). Nothing of it runs.
    """
    from safepip.edges.disk.trusted_files import stranger_of, trusted_users

    folder = cwd
    while folder:
        path = os.path.join(folder, ".venv")
        if _is_environment(path) and find_interpreter(path) is not None:
            try:
                known = stranger_of(os.path.join(path, "pyvenv.cfg"), trusted_users(environ, cwd)) is None
            except OSError:
                known = False
            return path if known else ""
        above = os.path.dirname(folder)
        folder = above if above != folder else ""
    return ""


def _named_by_start(home: Interpreter, environ: Mapping[str, str]) -> bool:
    """Whether the command line names the environment that safepip runs in, by the rules at the head of this file."""
    if home.archive:
        return False  # an interpreter runs it as it would run any file
    if _by_interpreter(home):
        return True
    folder, name = os.path.split(home.called)
    prefix = os.path.realpath(home.prefix)
    inside = bool(folder) and os.path.realpath(folder).startswith(os.path.join(prefix, ""))
    return inside and _plain(home.called) != _plain(_first_on_path(name, environ))


def _by_interpreter(home: Interpreter) -> bool:
    """Whether the interpreter was called, and safepip not by a program of its own: `python -m safepip`."""
    return os.path.basename(home.called) in _BY_INTERPRETER


def _first_on_path(name: str, environ: Mapping[str, str]) -> str:
    """The path that a search for a program along PATH gives, spelt as a shell spells it; empty where there is none."""
    endings = ("", ".exe") if _WINDOWS else ("",)
    for entry in environ.get("PATH", os.defpath).split(os.pathsep):
        for ending in endings:
            path = os.path.join(entry or os.curdir, name + ending)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return ""


def _plain(path: str) -> str:
    """A program's path as it is compared. On Windows its ending may be left out, and case does not count."""
    return os.path.normpath(os.path.normcase(path).removesuffix(".exe") if _WINDOWS else path) if path else ""


def _named(value: str | None, home: Interpreter) -> Named:
    if not value:
        return Named.NOTHING
    return Named.OWN if _is_home(value, home) else Named.OTHER


def _is_home(folder: str, home: Interpreter) -> bool:
    """Whether a folder is the environment that safepip is installed in. The Python that runs a zip application may be
    one of any environment, which is as good as every other."""
    return not home.archive and _same_file(folder, home.prefix)


def _active(variable: str, basis: Basis, environ: Mapping[str, str], home: Interpreter) -> ChosenEnvironment:
    """The environment that a variable names. Raises `Unavailable`."""
    folder = environ[variable]
    if os.path.isabs(folder) and _is_home(folder, home):
        return ChosenEnvironment(_own_interpreter(home), basis, own=True, named_by=variable, folder=folder)
    python = find_interpreter(folder) or _conda_python(folder)
    if not os.path.isabs(folder):
        problem = "is no absolute path, so what it means would depend on the working folder"
    elif not os.path.isdir(folder):
        problem = "does not exist"
    elif not _is_environment(folder):
        problem = "is no environment: there is neither a pyvenv.cfg in it nor conda's folder conda-meta"
    elif python is None:
        problem = "holds no Python interpreter"
    else:
        return ChosenEnvironment(python, basis, named_by=variable, folder=folder)
    raise Unavailable.because(
        "not-an-environment",
        f"{variable} names {printable(folder)}, which {problem}",
        hint=f"activate another environment, name one with --python, or: unset {variable}",
    )


def folder_of(python: str) -> str:
    """The folder of the environment that an interpreter would belong to, by its place."""
    return os.path.dirname(os.path.dirname(os.path.abspath(python)))


def is_virtual(folder: str) -> bool:
    """Whether a folder bears the mark of a virtual environment (PEP 405)."""
    return os.path.isfile(os.path.join(folder, "pyvenv.cfg"))


def _is_environment(folder: str) -> bool:
    """Whether a folder bears the mark of a virtual environment, or of one of conda's."""
    return is_virtual(folder) or os.path.isdir(os.path.join(folder, "conda-meta"))


def _conda_python(folder: str) -> str | None:
    """On Windows the interpreter of an environment of conda lies in its folder itself."""
    path = os.path.join(folder, "python.exe")
    return path if os.path.isfile(path) else None


def _stated(settings: Settings, home: Interpreter) -> ChosenEnvironment:
    """The environment of `--python`, wherever the option stands."""
    path = settings.python or ""
    origin = settings.origins.get("python")
    elsewhere = origin is not None and origin.source is not Source.COMMAND_LINE
    python = find_interpreter(path)
    if python is not None:
        # A virtual environment's interpreter is a link to its base's, so the folder counts as well as the file.
        own = _same_file(os.path.dirname(python), os.path.dirname(home.executable))
        own = own and _same_file(python, home.executable) and not home.archive
        return ChosenEnvironment(python, Basis.PYTHON, own=own, named_by=str(origin) if elsewhere else "")
    import shutil

    on_path = shutil.which(path) if path and os.path.basename(path) == path else None
    missing = f"there is no Python interpreter at {printable(path)}, which --python names"
    raise Unavailable.because(
        "python-not-found",
        missing if path else "--python is empty, and names no Python interpreter",
        hint=f"give its path: --python {on_path}" if on_path else _to_make(path),
        origins=(origin,) if origin else (),
    )


def _to_make(path: str) -> str:
    """What to give, and how there comes to be an environment in a folder that is not there."""
    import shlex

    given = "give an interpreter, or a virtual environment's folder"
    an_interpreter = os.path.basename(path).lower().startswith(("py", "conda"))
    if not path or an_interpreter or os.path.lexists(path) or printable(path) != path:
        return given
    return f"{given}; to make one there: python3 -I -m venv --without-pip {shlex.quote(path)}"


def _own_interpreter(home: Interpreter) -> str:
    """safepip's own interpreter; a Python embedded in another program may not know its path."""
    if not home.executable:
        raise Unavailable.because(
            "python-not-found",
            "this Python does not know the path of its own interpreter",
            hint="name it with --python",
        )
    return os.path.abspath(home.executable)


def _same_file(one: str, other: str) -> bool:
    """Whether two paths are the same file; False where one of them does not exist."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
