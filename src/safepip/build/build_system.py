"""Which backend builds a project, and what has to be installed for that: `[build-system]` (PEP 517 and PEP 518).

Text in, values out, and decided as pip 26.3 does (`pip._internal.pyproject`):

1. A folder with neither `pyproject.toml` nor `setup.py` is not a project.
2. Without `pyproject.toml`, or without the table in it, setuptools builds by its way for old projects.
3. The table must have `requires`, a list of valid requirements (PEP 508).
4. Without `build-backend` it is setuptools' way for old projects, too. Then pip demands that `requires` has brought
   `setuptools>=40.8.0`, the first version with that way.
5. `backend-path` names folders of the project. What is absolute or lies outside ends pip with a traceback; here it is
   an error with a message. So is a file that is not TOML, and a value of the wrong type.
"""

from __future__ import annotations

import ntpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.text.toml_reading import read_toml
from safepip.wheel.metadata import MetadataError, requirement

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What builds a project that names no backend, and what pip installs for it.
LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)

#: The most build requirements, and folders of `backend-path`, that are read; real projects have some dozens.
MAX_LISTED = 1_000

#: The most characters of a backend's name, and of a folder.
MAX_NAME = 1_024


class BuildSystem(NamedTuple):
    """What builds a project. `requires` are PEP 508 texts, as they stand there. `backend` is `module[:object]`.

    `backend_path` are folders relative to the project's, from which the backend is imported before all others. `check`
    are requirements that have to hold once `requires` are installed, and that are not installed for their own sake.
    """

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] = ()
    check: tuple[str, ...] = ()


def read_build_system(pyproject: str | None, *, has_setup_py: bool, shown: str) -> BuildSystem:
    """The build system of a project. `pyproject` is the text of its pyproject.toml, None where there is none.

    `shown` is what messages call the project. Raises `UnusableInput`: `not-a-project`, `invalid-build-system`.
    """
    shown = printable(shown)
    if pyproject is None:
        if not has_setup_py:
            raise UnusableInput.because(
                "not-a-project",
                f"{shown} is not a Python project: it has neither pyproject.toml nor setup.py",
                hint="name the folder that has one of them; in an archive or a repository, by #subdirectory=FOLDER",
            )
        return BuildSystem(LEGACY_REQUIRES, LEGACY_BACKEND)
    table = build_table(pyproject, shown)
    if table is None:
        return BuildSystem(LEGACY_REQUIRES, LEGACY_BACKEND)
    # PEP 518: with the table, the key is mandatory.
    if "requires" not in table:
        raise _invalid(shown, "[build-system] has no key 'requires'", "add it: PEP 518 demands it with the table")
    requires = _texts(table["requires"], "requires", shown)
    for text in requires:
        _check_requirement(text, shown)
    backend = table.get("build-backend")
    backend_path = _texts(table.get("backend-path", []), "backend-path", shown)
    for folder in backend_path:
        outside = _path_problem(folder)
        if outside:
            raise _invalid(shown, f"[build-system] backend-path: {printable(folder, 100)!r} {outside}", _INSIDE)
    if backend is None:
        return BuildSystem(requires, LEGACY_BACKEND, backend_path, LEGACY_REQUIRES)
    if not isinstance(backend, str) or not 0 < len(backend) <= MAX_NAME or not backend.isprintable():
        raise _invalid(shown, "[build-system] build-backend is not the name of a module")
    return BuildSystem(requires, backend, backend_path)


def build_table(pyproject: str, shown: str) -> Mapping[str, Any] | None:
    """The table `[build-system]`, None where there is none. Raises `UnusableInput` (`invalid-build-system`)."""
    try:
        table = read_toml(pyproject).get("build-system")
    except ValueError as problem:
        raise _invalid(shown, f"pyproject.toml is not valid TOML: {printable(str(problem))}") from None
    if table is not None and not isinstance(table, dict):
        raise _invalid(shown, "build-system is not a table")
    return table


_INSIDE = "backend-path names folders of the project, relative to its own (PEP 517)"


def _texts(value: object, key: str, shown: str) -> tuple[str, ...]:
    """A list of strings, as a tuple."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _invalid(shown, f"[build-system] {key} is not a list of strings")
    if len(value) > MAX_LISTED:
        raise _invalid(shown, f"[build-system] {key} has {len(value)} entries; at most {MAX_LISTED} are read")
    return tuple(value)


def _check_requirement(text: str, shown: str) -> None:
    """PEP 508, which allows spaces and tabs around a requirement, and no other white space."""
    if text.strip() != text.strip(" \t"):
        raise _invalid(shown, f"[build-system] requires: not a valid requirement: {printable(text, 200)}")
    try:
        requirement(text)
    except MetadataError as problem:
        raise _invalid(shown, f"[build-system] requires: {problem}") from None


def _path_problem(folder: str) -> str:
    """Why a folder of `backend-path` is not one of the project's; the same on every system, empty if it is one."""
    if len(folder) > MAX_NAME or not folder.isprintable():
        return "is not the name of a folder"
    # pip tells by the rules of the system it runs on; a project that only one system takes is not worth the difference.
    if folder.startswith(("/", "\\")) or ntpath.splitdrive(folder)[0]:
        return "is absolute"
    depth = 0
    for part in re.split(r"[/\\]", folder):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return "lies outside of the project"
    return ""


def _invalid(shown: str, problem: str, hint: str = "see PEP 517 and PEP 518") -> UnusableInput:
    return UnusableInput.because("invalid-build-system", f"{shown} cannot be built: {problem}", hint=hint)
