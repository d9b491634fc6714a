"""The files of a folder in which tools say what a project requires and from where."""

from __future__ import annotations

import glob
import os

from safepip.edges.disk.reading import read_regular
from safepip.model.errors import UnusableInput
from safepip.model.finding import printable

_PATTERNS = (
    *("*requirements*.in", "*requirements*.txt", "requirements/*.in", "requirements/*.txt"),
    *("pyproject.toml", "uv.toml", "pdm.toml", "pylock.toml", "pylock.*.toml", "uv.lock", "poetry.lock", "pdm.lock"),
)


def files_of_project(folder: str) -> list[str]:
    """The paths of the files, relative to the folder, each once."""
    found = (path for pattern in _PATTERNS for path in sorted(glob.glob(pattern, root_dir=folder)))
    return [path for path in dict.fromkeys(found) if os.path.isfile(os.path.join(folder, path))]


def read_project_text(folder: str, path: str) -> str:
    """The text of one of them. Raises `UnusableInput` (`unreadable-file`) where it cannot be read."""
    try:
        return read_regular(os.path.join(folder, path)).decode("utf-8")
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise UnusableInput.because("unreadable-file", f"{printable(path)} cannot be read: {reason}")
