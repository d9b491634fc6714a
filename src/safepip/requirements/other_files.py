"""Files that are named where a requirements file is read, and are of another kind: what each is, and the way on.

pip reads every file as lines of requirements, and fails at the first line of a lock or a wheel with words about that
line. A file is known here by what it holds and only then by its name: what could be lines of requirements is read as
such, whatever its name. No line of requirements begins with `[` or `{`, and no text file as an archive does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import UnusableInput
from safepip.model.names import ARCHIVE_ENDINGS

if TYPE_CHECKING:
    from safepip.requirements.disk import Disk
    from safepip.requirements.places import Place

#: How archives begin: ZIP (a wheel is one), gzip, bzip2, xz.
_ARCHIVE = re.compile(rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|BZh[1-9]1AY&SY|\xfd7zXZ\0")

#: What stands for a file's name in hints and in the help.
_PLACEHOLDERS = ("FILE", "LOCK")

_TABLE = re.compile(r"^\[+[\w.\"' -]+\]+", re.MULTILINE)
_LOCK_VERSION = r"(?m)^lock-version *= *[\"']"
_CONDA = re.compile(r"^(?:channels|dependencies):", re.MULTILINE)
_SCRIPT = r"(?m)^# /// script$"
_PROGRAM = r"(?m)^(?:import|from) +\w"

#: So much of a text tells what it is.
_HEAD = 65_536


class OtherFile(NamedTuple):
    """What a file is, to go on after its name, and what to do with it: a command, or words that end in one. The command
    is `safepip install`; if another one was run that can do the same, that one is told
    (`safepip.options.same_options`)."""

    what: str
    hint: str


#: Names that files of requirements usually have.
_USUAL = (
    *("requirements.txt", "requirements.in", "requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt"),
    *("requirements-test.txt", "test-requirements.txt", "constraints.txt", "pyproject.toml", "pylock.toml"),
)

_BY_NAME = {
    "uv.lock": OtherFile(
        "is a lock of uv",
        "have uv write it as a standard lock: uv export --format pylock.toml --output-file pylock.toml\n"
        "safepip install -r pylock.toml",
    ),
    "poetry.lock": OtherFile(
        "is a lock of Poetry",
        "have Poetry's export plugin write it as requirements: poetry export --output requirements.txt\n"
        "safepip install -r requirements.txt",
    ),
    "pdm.lock": OtherFile(
        "is a lock of PDM",
        "have PDM write it as a standard lock: pdm export --format pylock --output pylock.toml\n"
        "safepip install -r pylock.toml",
    ),
    "pipfile": OtherFile(
        "is a file of Pipenv",
        "have Pipenv write its lock as requirements: pipenv requirements --hash > requirements.txt\n"
        "safepip install -r requirements.txt",
    ),
    "pipfile.lock": OtherFile(
        "is a lock of Pipenv",
        "have Pipenv write it as requirements: pipenv requirements --hash > requirements.txt\n"
        "safepip install -r requirements.txt",
    ),
}


def check_kind(place: Place, data: bytes) -> None:
    """Raise `UnusableInput` (`not-requirements`) where the bytes of a file are not requirements, and it is known what
    they are instead."""
    other = recognise(place.shown, data)
    if other is not None:
        raise UnusableInput.because(
            "not-requirements",
            f"{place.shown} is not a requirements file: it {other.what}",
            origins=(place.stated,),
            hint=other.hint,
        )


def recognise(path: str, data: bytes) -> OtherFile | None:
    """What a file is, by its bytes and then by its name; None for what may be requirements."""
    name = _last(path)
    if _ARCHIVE.match(data):
        what = "is a wheel" if name.endswith(".whl") else "is an archive"
        return OtherFile(what, f"name it without -r: safepip install {_as_path(path)}")
    text = data[:_HEAD].decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        return _BY_NAME.get(name) or OtherFile("is JSON", _TAKES)
    if _CONDA.search(text):
        return _conda(path)
    if _TABLE.search(text):
        return _BY_NAME.get(name) or _toml(path, text)
    if name.endswith(".py") and (re.search(_SCRIPT, text) or re.search(_PROGRAM, text)):
        return _program(path, has_block=bool(re.search(_SCRIPT, text)))
    return None


def way_to_open(path: str, disk: Disk, whole: str, kind: str = "") -> str:
    """What helps where `path`, `whole` on the disk, cannot be read as requirements: it is a folder, a wheel that is too
    large, or not there, while a file of a usual name is that is spelt nearly so. Nothing is installed of what was to
    be of another `kind` than requirements."""
    if not path:
        return "write the name of the file; a variable may be empty"
    if path in _PLACEHOLDERS and not disk.is_file(whole):
        return f"write the name of your own file in place of {path}"
    is_folder, is_file = disk.is_dir(whole), disk.is_file(whole)
    if is_folder or (is_file and _last(path).endswith((".whl", *ARCHIVE_ENDINGS))):
        return f"name it without -r: safepip install {_as_path(path)}" if kind == "requirements" else ""
    if is_file:
        return ""
    from difflib import get_close_matches

    folder = path[: len(path) - len(re.split(r"[/\\]", path)[-1])]
    there = [name for name in _USUAL if disk.is_file(disk.absolute(f"{folder}{name}"))]
    near = get_close_matches(_last(path), there, 1)
    return f"did you mean {quote(folder + near[0])}?" if near else ""


def named_without_option(path: str) -> str | None:
    """What helps where the name of an existing file stands for a project, by the name alone; None for the name of no
    such file. `requirements.txt`, `pyproject.toml` and `uv.lock` are valid names of projects, and pip asks for them."""
    name = _last(path)
    if name in _BY_NAME:
        return _BY_NAME[name].hint
    if name.endswith((".yml", ".yaml")):
        return _conda(path).hint
    if name in ("setup.py", "setup.cfg"):
        return _folder(path)
    if name.endswith((".txt", ".in", ".toml")):
        return f"to take what the file lists: -r {quote(path)}"
    return None


_TAKES = "-r takes requirements files, pyproject.toml, and locks by the name of pylock.toml or pylock.NAME.toml"


def _toml(path: str, text: str) -> OtherFile:
    if re.search(_LOCK_VERSION, text):
        return OtherFile(
            "is a lock, and has a name that no lock has",
            f"a lock is called pylock.toml or pylock.NAME.toml (PEP 751): mv {quote(path)} pylock.toml\n"
            "safepip install -r pylock.toml",
        )
    name = _last(path)
    if name == "pyproject.toml":
        return OtherFile("is the file of a project", f"name it on the command line: -r {quote(path)}")
    if name == "setup.cfg":
        return OtherFile("is the file of a project", _folder(path))
    return OtherFile("has tables, as TOML has", _TAKES)


def _conda(path: str) -> OtherFile:
    return OtherFile(
        "is an environment file of conda", f"conda makes the environment: conda env create -f {quote(path)}"
    )


def _program(path: str, *, has_block: bool) -> OtherFile:
    if _last(path) == "setup.py":
        return OtherFile("is the build script of a project", _folder(path))
    if has_block:
        return OtherFile("is a script", f"to take what it says it needs: --requirements-from-script {quote(path)}")
    return OtherFile("is a Python program", _TAKES)


def _folder(path: str) -> str:
    """The command for the project whose file this is."""
    folder = re.split(r"[/\\]", path)[:-1]
    return f"name the folder of the project: safepip install {_as_path('/'.join(folder) or '.')}"


def _as_path(path: str) -> str:
    """The same, so that no name of a project is meant."""
    return quote(path if re.match(r"[a-z]+:|[./\\]", path, re.IGNORECASE) else f"./{path}")


def _last(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip())[-1].lower()


def quote(path: str) -> str:
    """For a shell. Most runs have no need of it."""
    from shlex import quote as quoted

    return quoted(path)
