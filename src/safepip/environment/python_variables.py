"""Which environment variables are kept for a Python that safepip starts: those that cannot bring code into it.

Like `edges.own_start`, which needs this in a process that may be spoilt, it imports nothing at its head.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: Python's own variables that are kept for a started interpreter: where the user's site is, and how text and bytecode
#: are written. All others are removed, because they can add code or folders to it (`PYTHONPATH`, `PYTHONHOME`,
#: `PYTHONWARNINGS`, `PYTHONPLATLIBDIR`, `PYTHONEXECUTABLE` ...), and so are unknown ones.
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


def plain_environment(environ: "Mapping[str, str]") -> dict[str, str]:
    """The environment without what could add code to a Python.

    `__PYVENV_LAUNCHER__` makes a macOS Python think that it is another one. Names are compared in upper case, as
    Windows does.
    """
    return {name: value for name, value in environ.items() if not _adds_code(name.upper())}


def foreign_environment(environ: "Mapping[str, str]") -> dict[str, str]:
    """The environment for any other program: without the credentials that are given to safepip either."""
    kept = plain_environment(environ)
    return {name: value for name, value in kept.items() if not name.upper().startswith("SAFEPIP_INDEX_")}


def clean_environment(environ: "Mapping[str, str]") -> dict[str, str]:
    """The environment for an interpreter that safepip starts: without pip's options either.

    `PIP_*` and `_PIP_*` would reach pip as options, and some hold credentials.
    """
    kept = foreign_environment(environ)
    return {name: value for name, value in kept.items() if not name.upper().startswith(("PIP_", "_PIP_"))}


def _adds_code(name: str) -> bool:
    """Whether a variable of this name, in upper case, is kept from a started interpreter."""
    return name.startswith("__PYVENV_") or (name.startswith("PYTHON") and name not in KEPT_PYTHON_VARIABLES)
