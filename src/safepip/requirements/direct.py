"""What a requirement names by URL or path: a wheel, or source code (pip's documentation, "VCS Support", "Local project
installs", and PEP 610 for the kinds).

A wheel's file name gives its project. Source code says itself what it is, so its project is known beforehand only
where it is written: `NAME @ URL`, or `#egg=NAME`. A source archive's file name proves nothing, and pip looks inside
too. `#subdirectory=` is the folder of the project in the source code. pip searches the whole URL for both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.build.vcs_url import is_vcs_url, meant, read_vcs_url
from safepip.model.errors import UnusableInput
from safepip.model.names import ARCHIVE_ENDINGS, is_name, normalise
from safepip.model.source import SourceCode, SourceKind
from safepip.model.urls import UrlError, parse
from safepip.model.wheel_names import read_wheel_name
from safepip.requirements.mistakes import invalid, missing
from safepip.requirements.places import if_path

if TYPE_CHECKING:
    from safepip.requirements.disk import Disk
    from safepip.requirements.file_format import RequirementLine

_EGG = re.compile(r"[#&]egg=([^&]*)")
_SUBDIRECTORY = re.compile(r"[#&]subdirectory=([^&]*)")
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:")
_PROJECT_FILES = ("pyproject.toml", "setup.py")


class Direct(NamedTuple):
    """What a URL or path names.

    `url` has no fragment; `name` is normalised, and empty where the project is not known. `source` is None for a wheel.
    """

    url: str
    name: str
    fragment: str = ""
    source: SourceCode | None = None


def names_source(text: str) -> bool:
    """Whether a word of the command line names something by URL or path, with its project's name before it or without;
    no name of a project is written like that."""
    return text.startswith(".") or any(mark in text for mark in "/\\@") or text.endswith((".whl", *ARCHIVE_ENDINGS))


def read_direct(line: RequirementLine, text: str, disk: Disk) -> Direct:
    """What a URL names. Raises `UnusableInput` where it cannot be used, or names nothing of this disk."""
    if is_vcs_url(text):
        return _of_vcs(line, text)
    try:
        url = parse(text)
    except UrlError as problem:
        raise invalid(line, str(problem), if_path(text)) from None
    hint = if_repository(line, text)
    if url.scheme not in ("http", "https", "file"):
        raise invalid(line, "a URL begins with https:, http: or file:", hint or if_path(text))
    if hint and text == line.text and not (url.query or url.fragment):
        # pip would fetch it, and look whether it is an archive all the same.
        hint = f"{hint}; an archive that is called so: write NAME @ URL"
        raise invalid(line, "the URL is that of a repository, and not of an archive", hint)
    if url.has_user_info:
        raise invalid(line, "the URL's user information cannot be read")
    egg = _egg(line, text)
    if url.scheme == "file":
        kind, place = _on_disk(line, text.partition("#")[0], disk)
    else:
        place = str(url._replace(fragment=""))
        kind = None if url.filename.endswith(".whl") else SourceKind.ARCHIVE
    if kind is None:
        return Direct(place, _wheel_name(line, place), url.fragment)
    source = SourceCode(kind, place, subdirectory=_subdirectory(line, text))
    if kind is SourceKind.DIRECTORY:
        check_project(line, disk.absolute(disk.from_url(place)), source.subdirectory, disk)
    return Direct(place, egg, url.fragment, source)


def if_repository(line: RequirementLine, text: str) -> str:
    """A hint for a repository that is named as git itself does; empty where the text names none."""
    repository = "" if line.expanded else meant(text)
    return f"if it is a git repository: write {repository}" if repository else ""


def _of_vcs(line: RequirementLine, text: str) -> Direct:
    try:
        source, egg = read_vcs_url(text)
    except UnusableInput as problem:
        if line.expanded:
            raise invalid(line, str(problem)) from None
        raise UnusableInput(*(each._replace(origins=(line.origin,)) for each in problem.diagnostics)) from None
    # pip reads both from wherever they stand: what it would read from the path is refused.
    if _egg(line, text) != normalise(egg) or _subdirectory(line, text) != source.subdirectory:
        raise invalid(line, "#egg= and #subdirectory= do not stand behind the URL's #")
    return Direct(source.url, normalise(egg), text.partition("#")[2], source)


def check_project(line: RequirementLine, folder: str, subdirectory: str, disk: Disk) -> None:
    """Raise `UnusableInput` for a folder that is not a project: pip asks for one of two files."""
    place = f"{folder}/{subdirectory}" if subdirectory else folder
    if not any(disk.is_file(disk.absolute(f"{place}/{name}")) for name in _PROJECT_FILES):
        raise invalid(
            line,
            "the folder has neither pyproject.toml nor setup.py, so it is not a project",
            "name the folder that has one; what a requirements file lists is installed with -r FILE",
        )


def _on_disk(line: RequirementLine, url: str, disk: Disk) -> tuple[SourceKind | None, str]:
    """The kind of what a `file:` URL names, None for a wheel, and the URL of its absolute path."""
    try:
        path = disk.absolute(disk.from_url(url))
    except UrlError as problem:
        raise invalid(line, str(problem)) from None
    if disk.is_dir(path):
        return SourceKind.DIRECTORY, disk.to_url(path)
    if not disk.is_file(path):
        raise missing(line)
    return None if path.endswith(".whl") else SourceKind.ARCHIVE, disk.to_url(path)


def _egg(line: RequirementLine, text: str) -> str:
    """The project's name of `#egg=`, normalised; empty where there is none."""
    found = _EGG.search(text)
    if found is None:
        return ""
    # pip: a project's name, and neither extras nor a version.
    if not is_name(found[1]):
        raise invalid(line, "what follows #egg= is not a project's name alone", "write NAME[EXTRA] @ URL")
    return normalise(found[1])


def _subdirectory(line: RequirementLine, text: str) -> str:
    found = _SUBDIRECTORY.search(text)
    folder = found[1] if found else ""
    # Stricter than pip: the folder lies within the source code on every platform.
    if _OUTSIDE.match(folder) or ".." in re.split(r"[/\\]", folder):
        raise invalid(line, "what follows #subdirectory= is not a folder within the source code")
    return folder


def _wheel_name(line: RequirementLine, url: str) -> str:
    try:
        name = read_wheel_name(parse(url).filename)[0]
    except ValueError as problem:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        raise invalid(line, str(problem)) from None
    # The part before the first dash may be an invalid name, such as `_r`, which would be an option to pip.
    if not is_name(name):
        raise invalid(line, "the wheel's file name has no valid project name")
    return name
