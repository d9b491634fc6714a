"""What a requirement names by URL or path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from safepip.model.errors import Refused
from safepip.model.names import is_name
from safepip.model.requirement import NotYet
from safepip.model.urls import UrlError, parse, scheme_of
from safepip.model.wheel_names import read_wheel_name
from safepip.requirements.mistakes import invalid, missing
from safepip.requirements.places import if_path

if TYPE_CHECKING:
    from safepip.requirements.disk import Disk
    from safepip.requirements.file_format import RequirementLine

_VCS = ("bzr", "git", "hg", "svn")


def wheel_url(line: RequirementLine, text: str, disk: Disk) -> tuple[str, str]:
    """The URL of a wheel without its fragment, and the fragment. Anything but a wheel is refused."""
    if _is_vcs(scheme_of(text)):
        not_yet(line, NotYet.VCS)
    try:
        url = parse(text)
    except UrlError as problem:
        raise invalid(line, str(problem), if_path(text)) from None
    if url.scheme not in ("http", "https", "file"):
        raise invalid(line, "a URL begins with https:, http: or file:", if_path(text))
    if url.has_user_info:
        raise invalid(line, "the URL's user information cannot be read")
    if url.scheme == "file":
        return _local_wheel_url(line, text.partition("#")[0], disk), url.fragment
    if not url.filename.endswith(".whl"):
        not_yet(line, NotYet.SDIST)
    return str(url._replace(fragment="")), url.fragment


def _local_wheel_url(line: RequirementLine, url: str, disk: Disk) -> str:
    try:
        path = disk.absolute(disk.from_url(url))
    except UrlError as problem:
        raise invalid(line, str(problem)) from None
    if disk.is_dir(path):
        not_yet(line, NotYet.DIRECTORY)
    if not disk.is_file(path):
        raise missing(line)
    if not path.endswith(".whl"):
        not_yet(line, NotYet.SDIST)
    return disk.to_url(path)


def wheel_name(line: RequirementLine, url: str) -> str:
    try:
        name = read_wheel_name(parse(url).filename)[0]
    except ValueError as problem:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        raise invalid(line, str(problem)) from None
    # The part before the first dash may be an invalid name, such as `_r`, which would be an option to pip.
    if not is_name(name):
        raise invalid(line, "the wheel's file name has no valid project name")
    return name


def _is_vcs(scheme: str) -> bool:
    tool, plus, _ = scheme.partition("+")
    return bool(plus) and tool in _VCS


def not_yet(line: RequirementLine, kind: NotYet) -> NoReturn:
    raise Refused.because(
        "not-yet",
        f"{line.written} is {kind.value}, and safepip installs wheels only so far",
        origins=(line.origin,),
        hint="name a version on an index, or a wheel by its path or https URL",
    )
