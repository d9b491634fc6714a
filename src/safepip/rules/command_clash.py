"""`command-clash`: no wheel brings a command that is the environment's own, or another distribution's.

A wheel brings commands by its entry points, by `.data/scripts`, and by files of `.data/data` that are installed in a
folder of commands (`safepip.wheel.script_names`). None of these commands may be:

1. the interpreter (`python`, `python3.11`, `pythonw`, `pypy3`, the launcher `py` ...), or a script that activates the
   environment or is run when that is done (`postactivate` and the like of virtualenvwrapper), for any project;
2. `pip` with or without a version, unless the project is pip; `safepip`, unless it is safepip;
3. a command of another wheel of the run, or of an installed distribution that this run does not replace.

Rules 1 and 2 ignore letter case and endings (`.exe`, `.py`, `-script.py` ...) on every system. Rule 3 ignores letter
case everywhere, and endings on Windows. Files of the same bytes are a clash like any other. Entry points that say the
same are not a clash: pip makes the same script of each, in any order of installation (mlflow and mlflow-skinny, of
which one requires the other, both have `mlflow = mlflow.cli:cli`).

Not judged: names of the system's own commands, such as `ls`, of which there are thousands, different on every system;
and a file in the folder of commands that belongs to no distribution, as an interrupted installation leaves it. Among
966 real wheels no command is found twice.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from safepip.rules.context import objection
from safepip.wheel.script_names import bare, command_folders, command_key, command_of, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import InstallPath
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

#: `python3.14t`, `pythonw`, `python3-intel64`, `python_d`, `python3.11-config`; `𝜋thon` is from venv of Python 3.14.
_INTERPRETER = re.compile(
    r"(?:python|pypy|graalpy|𝜋thon)w?(?:\d+(?:\.\d+)*)?(?:[tdmuw]|-32|-64|-intel64)*(?:_d|-config)?"
)
_LAUNCHERS = frozenset({"py", "pyw", "venvlauncher", "venvwlauncher"})
_ACTIVATION = frozenset({"activate", "activate_this", "activate-this", "deactivate"})
#: What virtualenvwrapper runs from the folder of scripts, in the user's shell, when an environment is chosen.
_CHOOSING = frozenset({"preactivate", "postactivate", "predeactivate", "postdeactivate", "get_env_details"})
_PIP = re.compile(r"pip-?(?:\d+(?:\.\d+)*)?")


def check(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether every command of the wheel has a name that nothing else uses."""
    evidence = _evidence(wheel, context)
    first = next(evidence, None)
    if first is None:
        return None
    return objection(wheel, "command-clash", "brings commands that belong to others", chain([first], evidence))


def _evidence(wheel: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    folders = command_folders(context.layout)
    for install_path in wheel.install_paths:
        name = command_of(install_path, folders)
        if name is None:
            continue
        whose = reserved(bare(name))
        if whose is not None and wheel.pin.name != whose:
            yield f"{_shown(install_path)}: this name is reserved for {whose or 'the environment itself'}"
        else:
            yield from _others(wheel, install_path, context)


def reserved(name: str) -> str | None:
    """Which project may have a command of this bare name, given in the form of a key.

    Empty where no project may, None where the name is not reserved.
    """
    if name in _LAUNCHERS | _ACTIVATION | _CHOOSING or _INTERPRETER.fullmatch(name):
        return ""
    if _PIP.fullmatch(name):
        return "pip"
    return "safepip" if name == "safepip" else None


def _others(wheel: WheelUnderReview, install_path: InstallPath, context: RuleContext) -> Iterator[str]:
    """Who else has this command."""
    projects = context.commands.get(command_key(install_path, context.layout), {})
    own = projects.get(wheel.pin.name)
    for name, line in projects.items():
        if name != wheel.pin.name and (own is None or line != own):
            yield f"{_shown(install_path)}: the wheel of {name} has this command too"
    for path in spellings(install_path.path, windows=context.layout.windows):
        owner = context.owner(path)
        if owner is None or owner in context.replaced or (own and own == context.installed_script(owner, own.name)):
            continue
        yield f"{_shown(install_path)}: this command belongs to {owner}, which is installed"


def _shown(install_path: InstallPath) -> str:
    """Where the wheel has the command."""
    if install_path.entry is not None:
        return install_path.entry.path
    return f"entry point {install_path.entry_point}"
