"""From a decision to what pip is told: arguments, environment and files, as text.

Nothing here starts pip; `safepip.edges.pip` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Variables of Python's that a started interpreter keeps: where the user's site is, and how text and bytecode are
#: written. All others go, because they can add code or folders to it (`PYTHONPATH`, `PYTHONHOME`, `PYTHONWARNINGS`,
#: `PYTHONPLATLIBDIR`, `PYTHONEXECUTABLE` ...), and unknown ones go with them.
KEPT_PYTHON_VARIABLES = frozenset(
    {
        "PYTHONUSERBASE",
        "PYTHONNOUSERSITE",
        "PYTHONUTF8",
        "PYTHONIOENCODING",
        "PYTHONCOERCECLOCALE",
        "PYTHONLEGACYWINDOWSSTDIO",
        "PYTHONLEGACYWINDOWSFSENCODING",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPYCACHEPREFIX",
        "PYTHONHASHSEED",
        "PYTHON_COLORS",
    }
)


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for an interpreter that safepip starts: without pip's options and without ways to add code.

    `PIP_*` and `_PIP_*` would reach pip as options, and some hold credentials; `PYTHON*` is explained at
    `KEPT_PYTHON_VARIABLES`; `__PYVENV_LAUNCHER__` makes a macOS Python think that it is another one.
    Names are compared in upper case, as Windows does.
    """
    return {name: value for name, value in environ.items() if not _is_removed(name.upper())}


def _is_removed(name: str) -> bool:
    """Whether a variable of this name, in upper case, is kept from a started interpreter."""
    if name.startswith(("PIP_", "_PIP_", "__PYVENV_")):
        return True
    return name.startswith("PYTHON") and name not in KEPT_PYTHON_VARIABLES
