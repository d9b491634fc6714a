"""One requirement as written -> a `Requirement` or `Constraint`, or the reason why not.

Forms, in the order in which pip tells them apart (pip's documentation, "Requirement Specifiers"; PEP 508):

    URL [; marker]               a text that begins with a scheme pip knows
    PATH[extras] [; marker]      an existing folder with a separator or leading dot, or a name with the
                                 ending of an archive
    name ...                     PEP 508: a name with specifier, or `name @ URL`

A URL is parted from its marker by `; ` with a space, everything else by `;`. What stands behind `-e` is read in
`editables`, what a URL or path names in `direct`: a wheel, or source code, whose name may not be known yet.

Hashes are read in `line_digests`.

Not decided here: whether a marker holds, whether plain http is allowed, and what a file contains. The disk is read
through `Disk` alone. Messages show the text as it was written, before `${VARIABLE}`s were expanded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from safepip.model.errors import UnusableInput
from safepip.model.names import ARCHIVE_ENDINGS, name_at_start, normalise
from safepip.model.requirement import Constraint, Requirement
from safepip.model.urls import is_url, scheme_of
from safepip.requirements.extras import split_extras
from safepip.requirements.mistakes import invalid, invalid_constraint, missing
from safepip.requirements.pep508 import check_length, meaningful, read_extras, read_marker, read_pep508
from safepip.wheel.metadata import has_endless_number

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import Requirement as Pep508

    from safepip.model.digest import AnyDigest, Digest
    from safepip.model.source import SourceCode
    from safepip.requirements.direct import Direct
    from safepip.requirements.disk import Disk
    from safepip.requirements.file_format import RequirementLine

_ARCHIVES = (".whl", *ARCHIVE_ENDINGS)

#: What npm writes behind `@`.
_VERSION = r"v?[0-9]+(?:\.[0-9a-z]+)*"


class _Parts(NamedTuple):
    """A requirement taken apart. `specifier` is empty where there is a `url`, `name` where it is not known yet."""

    name: str
    specifier: SpecifierSet
    extras: frozenset[str]
    marker: Marker | None
    url: str | None
    fragment: str = ""
    source: SourceCode | None = None


def read_requirement(line: RequirementLine, disk: Disk) -> Requirement:
    """A requirement that the user wrote on the command line or in a file.

    Raises `UsageError` where pip would not understand it either, and `Refused` for a `weak-hash`.
    """
    return _as_requirement(line, _read(line, disk))


def read_constraint(line: RequirementLine, disk: Disk) -> Constraint:
    """A line of a constraints file. Errors as `read_requirement`, and `UsageError` `invalid-constraint`."""
    # pip: a constraint is a name with a specifier or a URL; it has no extras and is not editable.
    if line.editable:
        raise invalid_constraint(line, "an editable project cannot be a constraint")
    parts = _read(line, disk)
    # pip: unnamed requirements are not constraints either.
    if not parts.name:
        raise invalid_constraint(line, "it does not say which project it is", "write NAME @ URL")
    if parts.extras:
        raise invalid_constraint(line, "a constraint cannot have extras")
    hashes, url_digests = _read_digests(line, parts.fragment)
    name, specifier, _, marker, url, _, source = parts
    return Constraint(name, specifier, line.origin, marker, url, hashes, line.written, url_digests, source)


def read_dependency(line: RequirementLine, disk: Disk) -> Requirement:
    """A requirement of a dependency group or a script: PEP 508 only, so neither a path nor a bare URL."""
    check_length(line)
    found = read_pep508(line, line.text)
    return _as_requirement(line, _of_pep508(line, found, found.marker and meaningful(line, found.marker), disk))


def _as_requirement(line: RequirementLine, parts: _Parts) -> Requirement:
    hashes, url_digests = _read_digests(line, parts.fragment)
    name, specifier, extras, marker, url, _, source = parts
    return Requirement(
        name,
        specifier,
        line.origin,
        extras,
        marker,
        url,
        hashes,
        line.written,
        url_digests=url_digests,
        source=source,
        config_settings=tuple((key, value) for key, _, value in (each.partition("=") for each in line.config_settings)),
    )


def _read_digests(line: RequirementLine, fragment: str) -> tuple[tuple[Digest, ...], tuple[AnyDigest, ...]]:
    """The digests of `--hash` and of a URL's fragment; most lines have neither."""
    if not line.hashes and not fragment:
        return (), ()
    from safepip.requirements.line_digests import read_digests

    return read_digests(line, fragment)


def is_written_out(line: RequirementLine, name: str) -> bool:
    """Whether a requirement's name stands in the line itself and no part of it came out of a variable."""
    return not line.expanded or normalise(name_at_start(line.written.lstrip())) == name


def _read(line: RequirementLine, disk: Disk) -> _Parts:
    check_length(line)
    if line.editable:
        from safepip.requirements.editables import read_editable

        direct, extras_given, on = read_editable(line, disk)
        return _of_direct(direct, extras_given, on)
    by_url = _is_url(line.text)
    text, _, marker_text = line.text.partition("; " if by_url else ";")
    text = text.strip()
    marker = read_marker(line, marker_text.strip())
    if by_url:
        return _of_direct(_read_direct(line, text, disk), frozenset(), marker)
    path, extras = split_extras(disk.absolute(text)) if text else (text, "")
    # A URL is never a path: for a text with a URL in it the disk is not looked at.
    looked = disk._replace(is_file=_is_not, is_dir=_is_not) if _names_url(text, disk) else disk
    url = _url_of_path(line, text, path, looked)
    if url is not None:
        return _of_direct(_read_direct(line, url, disk), read_extras(line, extras), marker)
    _check_requirements_file(line, text, path, looked)
    parts = _of_pep508(line, read_pep508(line, text, looked), marker, disk)
    # pip looks for a path's extras first, and takes what stands at the end of `name===anything[extra]` and of
    # `name @ URL[extra]` for some, too.
    odd = extras and (parts.url is not None or "===" in text)
    return parts._replace(extras=read_extras(line, extras)) if odd else parts


def _is_url(text: str) -> bool:
    """Whether a text begins as a URL, or as one of version control. Most do not, and nothing is loaded for them."""
    if ":" not in text or scheme_of(text):
        return ":" in text
    from safepip.build.vcs_url import is_vcs_url

    return is_vcs_url(text)


def _read_direct(line: RequirementLine, text: str, disk: Disk) -> Direct:
    """What a URL names; most requirements have none, and do not load what reads it."""
    from safepip.requirements.direct import read_direct

    return read_direct(line, text, disk)


def _is_not(_path: str) -> bool:
    return False


def _names_url(text: str, disk: Disk) -> bool:
    """Whether a URL stands in it, bare or as `name @ URL`: then it is not a path, whatever lies on the disk."""
    before, at, after = text.partition("@")
    if before.startswith(".") or any(separator in before for separator in disk.separators):
        return is_url(text)
    return is_url(text) or (bool(at) and is_url(after))


def _url_of_path(line: RequirementLine, text: str, path: str, disk: Disk) -> str | None:
    """The `file:` URL of a requirement that is a path, None of one that is a name."""
    looks_like_path = text.startswith(".") or any(separator in text for separator in disk.separators)
    # A folder needs a separator or a leading dot: a bare word that is a folder's name is a project's name.
    if looks_like_path and disk.is_dir(path):
        return disk.to_url(path)
    if not path.lower().endswith(_ARCHIVES):
        return None
    if disk.is_file(path):
        return disk.to_url(path)
    # `name @ https://.../x.whl` ends as an archive does, and is a name all the same.
    before, at, _ = text.partition("@")
    if at and not before.startswith(".") and not any(separator in before for separator in disk.separators):
        return None
    raise missing(line)


def _of_direct(direct: Direct, extras: frozenset[str], marker: Marker | None) -> _Parts:
    """A requirement that is a URL or path alone."""
    return _Parts(direct.name, SpecifierSet(), extras, marker, direct.url, direct.fragment, direct.source)


def _of_pep508(line: RequirementLine, found: Pep508, marker: Marker | None, disk: Disk) -> _Parts:
    if has_endless_number(str(found.specifier)):
        raise invalid(line, "it has a number that is too long to be read")
    name = normalise(found.name)
    extras = frozenset(normalise(extra) for extra in found.extras)
    if found.url is None:
        return _Parts(name, found.specifier, extras, marker, None)
    if re.fullmatch(_VERSION, found.url) and not line.expanded:
        raise invalid(line, "what follows @ is a URL", f"did you mean {found.name}=={found.url}?")
    # PEP 508 reads `git@code.example:acme/tool` as a project `git` with a URL.
    if line.text.startswith(f"{found.name}@{found.url}"):
        from safepip.requirements.direct import if_repository

        hint = if_repository(line, f"{found.name}@{found.url}".partition("#")[0])
        if hint:
            raise invalid(line, "a repository is named by a URL", hint)
    direct = _read_direct(line, found.url, disk)
    # The project that a wheel's file name gives must be the one that was asked for.
    if direct.source is None and direct.name != name:
        raise invalid(line, f"the wheel's file name is not that of {name}")
    return _of_direct(direct._replace(name=name), extras, marker)


def _check_requirements_file(line: RequirementLine, text: str, path: str, disk: Disk) -> None:
    # `requirements.txt` is a valid project name, which anyone could register on an index: pip would ask for it.
    if set(disk.separators).intersection(text) or not disk.is_file(path):
        return
    from safepip.requirements.other_files import named_without_option

    hint = named_without_option(line.written)
    if hint is not None:
        raise UnusableInput.because(
            "requirements-file-without-r",
            f"{line.written} is an existing file, and as a requirement it would name a project",
            origins=(line.origin,),
            hint=hint,
        )
