"""Which environment a command means: the decision alone. `edges/target/choosing.py` looks up what it is made of.

By precedence:

1. `--python`.
2. The environment that safepip runs in, where the command line names that one: `python -m safepip`, or a path into the
   environment such as `A/bin/safepip`. As with pip.
3. The active virtual environment, `VIRTUAL_ENV`.
4. The active environment of conda, `CONDA_PREFIX`. conda's base, which many shells activate as they start, is taken
   only where nothing before it is meant, and then said to be that.
5. The environment that safepip runs in, by whatever name it was found on PATH; and that is said.

An environment that pipx or uv keeps for safepip is never meant, not even where a variable names it, and the zip
application has none: there 2 and 5 say nothing. Nothing in the working folder decides: a folder `.venv` there is
offered, and never taken.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Basis(enum.Enum):
    """By what the environment was decided."""

    PYTHON = "--python"
    START = "the command line"
    VIRTUAL_ENV = "VIRTUAL_ENV"
    CONDA = "CONDA_PREFIX"
    CONDA_BASE = "CONDA_PREFIX, which is conda's base"
    OWN = "nothing else"


class Named(enum.Enum):
    """What a variable names."""

    NOTHING = "it is not set, or empty"
    OWN = "the environment that safepip runs in"
    OTHER = "another one, or something that is no environment"


class Signs(NamedTuple):
    """What the decision is made of.

    `python` says that `--python` is given, `started` that the command line names the environment that safepip runs in,
    `apart` that this environment is not one to install into: a tool keeps it for safepip, or there is none, as for the
    zip application. `conda_base` says what `conda` names.
    """

    python: bool = False
    started: bool = False
    apart: bool = False
    virtual_env: Named = Named.NOTHING
    conda: Named = Named.NOTHING
    conda_base: bool = False

    @property
    def another_is_active(self) -> bool:
        """Whether another environment than the one that safepip runs in was activated; conda's base does not count."""
        return self.virtual_env is Named.OTHER or (self.conda is Named.OTHER and not self.conda_base)


def decide(signs: Signs) -> Basis | None:
    """By what the environment is decided; None where none is meant."""
    if signs.python:
        return Basis.PYTHON
    if signs.started and not signs.apart:
        return Basis.START
    passed_over = (Named.NOTHING, Named.OWN) if signs.apart else (Named.NOTHING,)
    if signs.virtual_env not in passed_over:
        return Basis.VIRTUAL_ENV
    if signs.conda not in passed_over:
        return Basis.CONDA_BASE if signs.conda_base else Basis.CONDA
    return None if signs.apart else Basis.OWN


def is_named(basis: Basis, *, own: bool, named_by: str = "") -> bool:
    """Whether the environment is named in a line of its own: everywhere but where it is the one that safepip runs in
    and the command line, or an active environment, says the same."""
    return not own or basis is Basis.OWN or (basis is Basis.START and bool(named_by))


def is_conda_base(variables: Mapping[str, str]) -> bool:
    """Whether `CONDA_PREFIX` is conda's base, by the variables that conda, mamba and micromamba set beside it.

    The base is the folder in which the program itself lies (`CONDA_EXE`), or that it calls its root.
    `CONDA_DEFAULT_ENV` is the name of the active environment, `base` or in old versions `root` for this one; an
    environment of such a name among the others lies in a folder `envs`.
    """
    prefix = _plain(variables.get("CONDA_PREFIX", ""))
    program = _plain(variables.get("CONDA_EXE", ""))
    roots = [program.rpartition("/")[0].rpartition("/")[0]]
    roots += [_plain(variables.get(name, "")) for name in ("_CONDA_ROOT", "MAMBA_ROOT_PREFIX")]
    if prefix and prefix in roots:
        return True
    among_others = prefix.rpartition("/")[0].endswith("/envs")
    return variables.get("CONDA_DEFAULT_ENV") in ("base", "root") and not among_others


def _plain(path: str) -> str:
    """A path as it is compared here, on every system."""
    return path.replace("\\", "/").rstrip("/")
