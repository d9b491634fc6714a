"""One requirement as written -> a `Requirement` or `Constraint`, or the reason why not.

Forms, in the order in which pip tells them apart (pip's documentation, "Requirement Specifiers"; PEP 508):

    URL [; marker]               a text that begins with a scheme pip knows
    PATH[extras] [; marker]      an existing folder with a separator or leading dot, or a name with the
                                 ending of an archive
    name ...                     PEP 508: a name with specifier, or `name @ URL`

A URL is parted from its marker by `; ` with a space, everything else by `;`. Of URLs and paths wheels are
taken; editable projects, folders, version control and source archives are `Refused` as `not-yet`.

Hashes are read in `line_digests`.

Not decided here: whether a marker holds, whether plain http is allowed, and what a file contains. The disk is read
through `Disk` alone. Messages show the text as it was written, before `${VARIABLE}`s were expanded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet

from safepip.model.errors import Refused, UnusableInput
from safepip.model.finding import printable
from safepip.model.names import is_name, name_at_start, normalise
from safepip.model.requirement import Constraint, NotYet, Requirement
from safepip.model.urls import UrlError, is_url, parse, scheme_of
from safepip.model.wheel_names import read_wheel_name
from safepip.requirements.extras import split_extras
from safepip.requirements.file_format import hide_user_info
from safepip.requirements.line_digests import read_digests
from safepip.requirements.places import if_path
from safepip.wheel.metadata import MAX_CLAUSES, MAX_REQUIREMENT, has_endless_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.requirements.file_format import RequirementLine

_VCS = ("bzr", "git", "hg", "svn")
_ARCHIVES = (
    ".zip",
    ".whl",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tlz",
    ".tar.lz",
    ".tar.lzma",
    ".tar.gz",
    ".tgz",
    ".tar",
)
_OPERATORS = ("~=", "==", "!=", "<=", ">=", "<", ">")


class Disk(NamedTuple):
    """What this folder's code may ask about the disk.

    `absolute` gives the normalised absolute form of a path; `is_file` and `is_dir` take such a path;
    `to_url` makes a `file:` URL of it and `from_url` the reverse (`UrlError` for another machine's).
    `separators` are the characters that part a path.
    """

    absolute: Callable[[str], str]
    is_file: Callable[[str], bool]
    is_dir: Callable[[str], bool]
    to_url: Callable[[str], str]
    from_url: Callable[[str], str]
    separators: str = "/"


class _Parts(NamedTuple):
    """A requirement taken apart. `specifier` is empty where there is a `url`."""

    name: str
    specifier: SpecifierSet
    extras: frozenset[str]
    marker: Marker | None
    url: str | None
    fragment: str = ""


def read_requirement(line: RequirementLine, disk: Disk) -> Requirement:
    """A requirement that the user wrote on the command line or in a file.

    Raises `UsageError` where pip would not understand it either, and `Refused` for what is `not-yet`
    and for a `weak-hash`.
    """
    return _as_requirement(line, _read(line, disk))


def read_constraint(line: RequirementLine, disk: Disk) -> Constraint:
    """A line of a constraints file. Errors as `read_requirement`, and `UsageError` `invalid-constraint`."""
    # pip: a constraint is a name with a specifier or a URL; it has no extras and is not editable.
    if line.editable:
        raise _invalid_constraint(line, "an editable project cannot be a constraint")
    parts = _read(line, disk)
    if parts.extras:
        raise _invalid_constraint(line, "a constraint cannot have extras")
    hashes, url_digests = read_digests(line, parts.fragment)
    return Constraint(
        parts.name, parts.specifier, line.origin, parts.marker, parts.url, hashes, line.written, url_digests
    )


def read_dependency(line: RequirementLine, disk: Disk) -> Requirement:
    """A requirement of a dependency group or a script: PEP 508 only, so neither a path nor a bare URL."""
    _check_length(line)
    found = _pep508(line, line.text)
    return _as_requirement(line, _of_pep508(line, found, found.marker and _meaningful(line, found.marker), disk))


def _as_requirement(line: RequirementLine, parts: _Parts) -> Requirement:
    hashes, url_digests = read_digests(line, parts.fragment)
    name, specifier, extras, marker, url = parts[:5]
    return Requirement(name, specifier, line.origin, extras, marker, url, hashes, line.written, url_digests=url_digests)


def is_written_out(line: RequirementLine, name: str) -> bool:
    """Whether a requirement's name stands in the line itself and no part of it came out of a variable."""
    return not line.expanded or normalise(name_at_start(line.written.lstrip())) == name


def _read(line: RequirementLine, disk: Disk) -> _Parts:
    if line.editable:
        _not_yet(line, NotYet.EDITABLE)
    _check_length(line)
    by_url = bool(scheme_of(line.text))
    text, _, marker_text = line.text.partition("; " if by_url else ";")
    text = text.strip()
    marker = _marker(line, marker_text.strip())
    if by_url:
        return _of_url(line, text, frozenset(), marker, disk)
    path, extras = split_extras(disk.absolute(text)) if text else (text, "")
    # A URL is never a path: for a text with a URL in it the disk is not looked at.
    looked = disk._replace(is_file=_is_not, is_dir=_is_not) if _names_url(text, disk) else disk
    url = _url_of_path(line, text, path, looked)
    if url is not None:
        return _of_url(line, url, _read_extras(line, extras), marker, disk)
    _check_requirements_file(line, text, path, looked)
    parts = _of_pep508(line, _pep508(line, text, looked), marker, disk)
    # pip looks for a path's extras first, and those are what is left at the end of `name===anything[extra]` too.
    return parts._replace(extras=_read_extras(line, extras)) if extras and "===" in text else parts


def _is_not(_path: str) -> bool:
    return False


def _names_url(text: str, disk: Disk) -> bool:
    """Whether a URL stands in it, bare or as `name @ URL`: then it is not a path, whatever lies on the disk."""
    before, at, after = text.partition("@")
    if before.startswith(".") or any(separator in before for separator in disk.separators):
        return is_url(text)
    return is_url(text) or (bool(at) and is_url(after))


def _is_vcs(scheme: str) -> bool:
    tool, plus, _ = scheme.partition("+")
    return bool(plus) and tool in _VCS


def _marker(line: RequirementLine, text: str) -> Marker | None:
    if not text:
        return None
    try:
        return _meaningful(line, Marker(text))
    except RecursionError:
        raise _invalid(line, "its marker is nested too deeply") from None
    except InvalidMarker as problem:
        raise _invalid(line, str(problem)) from None


def _meaningful(line: RequirementLine, marker: Marker) -> Marker:
    """The marker, if it can be evaluated at all, which its grammar does not promise."""
    try:
        marker.evaluate({"extra": ""})
    except (UndefinedComparison, UndefinedEnvironmentName):
        raise _invalid(line, "its marker compares values that cannot be compared") from None
    except ValueError:
        raise _invalid(line, "its marker has a number that is too long to be read") from None
    return marker


def _read_extras(line: RequirementLine, extras: str) -> frozenset[str]:
    if not extras:
        return frozenset()
    found = _pep508(line, f"placeholder{extras.lower()}")
    return frozenset(normalise(extra) for extra in found.extras)


def _url_of_path(line: RequirementLine, text: str, path: str, disk: Disk) -> str | None:
    """The `file:` URL of a requirement that is a path, None of one that is a name."""
    looks_like_path = text.startswith(".") or any(separator in text for separator in disk.separators)
    # A folder needs a separator or a leading dot: a bare word that is a folder's name is a project's name.
    if looks_like_path and disk.is_dir(path):
        if any(disk.is_file(disk.absolute(f"{path}/{name}")) for name in ("pyproject.toml", "setup.py")):
            _not_yet(line, NotYet.DIRECTORY)
        raise _invalid(line, "the folder has neither pyproject.toml nor setup.py, so it is not a project")
    if not path.lower().endswith(_ARCHIVES):
        return None
    if disk.is_file(path):
        return disk.to_url(path)
    # `name @ https://.../x.whl` ends as an archive does, and is a name all the same.
    before, at, _ = text.partition("@")
    if at and not before.startswith(".") and not any(separator in before for separator in disk.separators):
        return None
    raise _missing(line)


def _of_url(line: RequirementLine, url: str, extras: frozenset[str], marker: Marker | None, disk: Disk) -> _Parts:
    """A requirement that is a URL or path alone: the wheel's file name gives the project's name."""
    url, fragment = _wheel_url(line, url, disk)
    return _Parts(_wheel_name(line, url), SpecifierSet(), extras, marker, url, fragment)


def _of_pep508(line: RequirementLine, found: Pep508, marker: Marker | None, disk: Disk) -> _Parts:
    if has_endless_number(str(found.specifier)):
        raise _invalid(line, "it has a number that is too long to be read")
    name = normalise(found.name)
    extras = frozenset(normalise(extra) for extra in found.extras)
    if found.url is None:
        return _Parts(name, found.specifier, extras, marker, None)
    url, fragment = _wheel_url(line, found.url, disk)
    # The project that a wheel's file name gives must be the one that was asked for.
    if _wheel_name(line, url) != name:
        raise _invalid(line, f"the wheel's file name is not that of {name}")
    return _Parts(name, SpecifierSet(), extras, marker, url, fragment)


def _wheel_url(line: RequirementLine, text: str, disk: Disk) -> tuple[str, str]:
    """The URL of a wheel without its fragment, and the fragment. Anything but a wheel is refused."""
    if _is_vcs(scheme_of(text)):
        _not_yet(line, NotYet.VCS)
    try:
        url = parse(text)
    except UrlError as problem:
        raise _invalid(line, str(problem), if_path(text)) from None
    if url.scheme not in ("http", "https", "file"):
        raise _invalid(line, "a URL begins with https:, http: or file:", if_path(text))
    if url.has_user_info:
        raise _invalid(line, "the URL's user information cannot be read")
    if url.scheme == "file":
        return _local_wheel_url(line, text.partition("#")[0], disk), url.fragment
    if not url.filename.endswith(".whl"):
        _not_yet(line, NotYet.SDIST)
    return str(url._replace(fragment="")), url.fragment


def _local_wheel_url(line: RequirementLine, url: str, disk: Disk) -> str:
    try:
        path = disk.absolute(disk.from_url(url))
    except UrlError as problem:
        raise _invalid(line, str(problem)) from None
    if disk.is_dir(path):
        _not_yet(line, NotYet.DIRECTORY)
    if not disk.is_file(path):
        raise _missing(line)
    if not path.endswith(".whl"):
        _not_yet(line, NotYet.SDIST)
    return disk.to_url(path)


def _wheel_name(line: RequirementLine, url: str) -> str:
    try:
        name = read_wheel_name(parse(url).filename)[0]
    except ValueError as problem:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        raise _invalid(line, str(problem)) from None
    # The part before the first dash may be an invalid name, such as `_r`, which would be an option to pip.
    if not is_name(name):
        raise _invalid(line, "the wheel's file name has no valid project name")
    return name


def _check_length(line: RequirementLine) -> None:
    if len(line.text) > MAX_REQUIREMENT:
        raise _invalid(line, f"it has {len(line.text)} characters, and at most {MAX_REQUIREMENT} are read")


def _pep508(line: RequirementLine, text: str, disk: Disk | None = None) -> Pep508:
    try:
        found = Pep508(text)
    except RecursionError:
        raise _invalid(line, "it is nested too deeply") from None
    except InvalidRequirement as problem:
        hint = _hint(text, disk)
        # packaging's message repeats the text and points into it with a second and third line.
        raise _invalid(line, str(problem).partition("\n")[0], hint) from None
    if len(found.specifier) > MAX_CLAUSES:
        raise _invalid(line, f"it has more than {MAX_CLAUSES} clauses")
    return found


def _hint(text: str, disk: Disk | None) -> str:
    """What was probably meant, as pip says it."""
    if disk is not None and any(separator in text for separator in disk.separators):
        if not disk.is_file(disk.absolute(text)):
            return "it looks like a path, and there is no such file"
        return "it is a file: a requirements file is named with -r"
    if "=" in text and not any(operator in text for operator in _OPERATORS):
        return "= is not an operator; did you mean == ?"
    return ""


def _check_requirements_file(line: RequirementLine, text: str, path: str, disk: Disk) -> None:
    # `requirements.txt` is a valid project name, which anyone could register on an index: pip would ask for it.
    if text.lower().endswith(".txt") and disk.is_file(path):
        raise UnusableInput.because(
            "requirements-file-without-r",
            f"{line.written} is an existing file, and as a requirement it would name a project",
            origins=(line.origin,),
            hint=f"to install what the file lists: -r {line.written}",
        )


def _not_yet(line: RequirementLine, kind: NotYet) -> NoReturn:
    raise Refused.because(
        "not-yet",
        f"{line.written} is {kind.value}, and safepip installs wheels only so far",
        origins=(line.origin,),
        hint="name a version on an index, or a wheel by its path or https URL",
    )


def _missing(line: RequirementLine) -> UnusableInput:
    return _error("missing-file", line, f"{line.written} names a file that does not exist")


def _invalid_constraint(line: RequirementLine, why: str) -> UnusableInput:
    hint = "write it as a requirement instead"
    return _error("invalid-constraint", line, f"{line.written} is not a valid constraint: {why}", hint)


def _invalid(line: RequirementLine, why: str, hint: str = "") -> UnusableInput:
    # The parser's own words may repeat the expanded text.
    reason = "it cannot be read with its variables expanded" if line.expanded else printable(hide_user_info(why))
    return _error("invalid-requirement", line, f"{line.written} is not a valid requirement: {reason}", hint)


def _error(reference: str, line: RequirementLine, message: str, hint: str = "") -> UnusableInput:
    error = UnusableInput.because(reference, message, origins=(line.origin,), hint=hint)
    assert isinstance(error, UnusableInput)
    return error
