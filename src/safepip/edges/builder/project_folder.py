"""The files of a project's folder that say what it is, read within bounds and before any of its code is run."""

from __future__ import annotations

import os
from typing import NamedTuple

from safepip.edges.disk.reading import read_regular
from safepip.model.errors import UnusableInput
from safepip.model.finding import printable

#: The largest pyproject.toml that is read, in bytes; real ones have up to some hundred kilobytes.
MAX_PYPROJECT = 4 * 1024 * 1024


class ProjectFiles(NamedTuple):
    """What the folder has. `pkg_info` is that of an sdist, as bytes; in a checkout or a folder of the user's own it may
    be left over from another build, and says nothing (PEP 643 is about sdists). None stands for a missing file."""

    pkg_info: bytes | None
    pyproject: str | None
    has_setup_py: bool


def project_files(folder: str) -> ProjectFiles:
    """Read them. As in pip, only what is a file, or a link to one, counts.

    Raises `UnusableInput`: `unreadable-file`, and `invalid-build-system` for a pyproject.toml that is too large or not
    UTF-8. A PKG-INFO that cannot be read counts as missing: its backend can be asked instead.
    """
    pyproject = os.path.join(folder, "pyproject.toml")
    return ProjectFiles(
        pkg_info=_pkg_info(os.path.join(folder, "PKG-INFO")),
        pyproject=_pyproject(pyproject) if os.path.isfile(pyproject) else None,
        has_setup_py=os.path.isfile(os.path.join(folder, "setup.py")),
    )


def _pkg_info(path: str) -> bytes | None:
    try:
        return read_regular(path)
    except OSError:
        return None


def _pyproject(path: str) -> str:
    shown = printable(path)
    try:
        if os.path.getsize(path) > MAX_PYPROJECT:
            raise UnusableInput.because(
                "invalid-build-system", f"{shown} is too large to be read; at most {MAX_PYPROJECT} bytes are"
            )
        text = read_regular(path, MAX_PYPROJECT).decode("utf-8")
    except OSError as problem:
        reason = printable(problem.strerror or str(problem), 150)
        raise UnusableInput.because("unreadable-file", f"{shown} cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise UnusableInput.because(
            "invalid-build-system", f"{shown} is not UTF-8, which TOML has to be", hint="save it as UTF-8"
        ) from None
    # pip opens it as text, in which every end of a line is one.
    return text.replace("\r\n", "\n").replace("\r", "\n")
