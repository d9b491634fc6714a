"""Facts about the pip that is installed beside safepip, read without importing it.

One thing is read from inside it, by loading one small file on its own: the URL of its default index. So safepip's
default index is always pip's own and written nowhere else.
"""

from __future__ import annotations

import os
from itertools import takewhile
from typing import TYPE_CHECKING

from safepip.model.errors import Unavailable

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from importlib.metadata import Distribution


def default_index_url() -> str:
    """The URL of pip's default index, as the `--index-url` of `pip install --help` gives it.

    Reads one file of pip and imports nothing else of it (some 2 ms). Raises `Unavailable` (`pip-not-understood`)
    when this pip keeps it elsewhere: guessing an index would be worse than stopping.
    """
    names: dict[str, object] = {"__name__": "pip._internal.models.index"}
    file = "_internal/models/index.py"
    try:
        exec(compile(_source(file), file, "exec"), names)  # noqa: S102 - pip's own file, not an input
        url = getattr(names["PyPI"], "simple_url")  # noqa: B009 - an attribute of a type not known here
    except (AttributeError, ImportError, KeyError, SyntaxError) as error:
        raise _not_understood("its default index") from error
    if not isinstance(url, str) or not url.startswith("https://"):
        raise _not_understood("its default index")
    return url


def pip_version() -> str:
    """The version of the installed pip. Raises `Unavailable`."""
    return _stated_in_folder(pip_home(), "Version") or _distribution().version


def pythons_of_pip() -> str:
    """The Python versions that the installed pip runs on, as its metadata says (`Requires-Python`)."""
    stated = _stated_in_folder(pip_home(), "Requires-Python")
    if stated is not None:
        return stated
    return "".join(_distribution().metadata.get_all("Requires-Python") or ())


def _distribution() -> Distribution:
    """The installed pip, as its metadata says it. It lies beside the package, and `sys.path` may lead to another one:
    to that of the Python which runs a zip application, for example."""
    from importlib.metadata import distributions

    found = next(iter(distributions(name="pip", path=[pip_home()])), None)
    if found is None:
        raise _pip_missing()
    return found


def _stated_in_folder(home: str, field: str) -> str | None:
    """A field of the metadata of the one pip in a folder, empty where it is not there; None where there is not exactly
    one whose metadata is a file.

    `importlib.metadata` takes 20 ms to be imported, as much as an interpreter to start, and each run asks this.
    """
    try:
        infos = [name for name in os.listdir(home) if name.startswith("pip-") and name.endswith(".dist-info")]
        if len(infos) != 1:
            return None
        with open(os.path.join(home, infos[0], "METADATA"), encoding="utf-8") as file:
            headers = takewhile(str.strip, file)
            return next((line.partition(":")[2].strip() for line in headers if line.startswith(f"{field}:")), "")
    except (OSError, UnicodeDecodeError):
        return None


def _not_understood(what: str) -> Unavailable:
    """The error for a pip that is built differently from those known."""
    return Unavailable.because(
        "pip-not-understood",
        f"the installed pip does not say {what} in the place where pip 26.3 does",
        hint="install the pip that this safepip was released with, or declare the default index with its url",
    )


def _pip_missing() -> Unavailable:
    return Unavailable.because(
        "pip-missing",
        "pip is not installed beside safepip",
        hint="reinstall safepip: pip is one of its dependencies",
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


def pip_home() -> str:
    """The folder or archive that the installed pip is imported from."""
    folders = _pip_spec().submodule_search_locations
    if not folders:
        raise _not_understood("where its files are")
    return os.path.dirname(os.path.abspath(next(iter(folders))))


def _pip_spec() -> ModuleSpec:
    """Where the pip beside safepip is, found without importing it."""
    from importlib.util import find_spec

    spec = find_spec("pip")
    if spec is None:
        raise _pip_missing()
    return spec
