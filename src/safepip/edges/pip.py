"""pip, run as a program; its internals carry no promise and are not imported.

Two things are read from the installed pip without running it, each from one small file of it that is loaded
on its own: the URL of its default index, so that safepip's default index is always pip's own and written
nowhere else, and the oldest Python it runs on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.errors import SafepipError, Unavailable

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_OLDEST_PYTHON = re.compile(r"^PYTHON_REQUIRES = \((\d+), (\d+)\)", re.MULTILINE)


def default_index_url() -> str:
    """The URL of pip's default index, as the `--index-url` of `pip install --help` gives it.

    Reads one file of pip and imports nothing else of it (some 2 ms). Raises `Unavailable` (`pip-not-understood`)
    when this pip keeps it elsewhere: guessing an index would be worse than stopping.
    """
    names: dict[str, object] = {"__name__": "pip._internal.models.index"}
    file = "_internal/models/index.py"
    try:
        exec(compile(_source(file), file, "exec"), names)  # noqa: S102 - pip's own file, no input of anyone's
        url = getattr(names["PyPI"], "simple_url")  # noqa: B009 - an attribute of a type not known here
    except (AttributeError, ImportError, KeyError, SyntaxError) as error:
        raise _not_understood("its default index") from error
    if not isinstance(url, str) or not url.startswith("https://"):
        raise _not_understood("its default index")
    return url


def oldest_python() -> tuple[int, int]:
    """The oldest Python version that the installed pip runs on, which its runner checks at the start."""
    found = _OLDEST_PYTHON.search(_source("__pip-runner__.py"))
    if found is None:
        raise _not_understood("the oldest Python it runs on")
    return int(found.group(1)), int(found.group(2))


def _not_understood(what: str) -> SafepipError:
    """The error for a pip that is built differently from those known."""
    return Unavailable.because(
        "pip-not-understood",
        f"the installed pip does not say {what} where pip 26.3 does",
        hint="install the pip that this safepip was released with, or declare the default index with its url",
    )


def _source(file: str) -> str:
    """The text of one of pip's files, given relative to its package, from disk or out of an archive."""
    loader = _pip_spec().loader
    read = getattr(loader, "get_data", None)
    folders = _pip_spec().submodule_search_locations
    if read is None or not folders:
        raise _not_understood("where its files are")
    try:
        data: bytes = read(f"{next(iter(folders))}/{file}")
    except OSError as error:
        raise _not_understood(f"anything in {file}") from error
    return data.decode("utf-8")


def _pip_spec() -> ModuleSpec:
    """Where the pip beside safepip is, found without importing it."""
    from importlib.util import find_spec

    spec = find_spec("pip")
    if spec is None:
        raise Unavailable.because(
            "pip-missing",
            "pip is not installed beside safepip",
            hint="install safepip anew: pip is one of its dependencies",
        )
    return spec
