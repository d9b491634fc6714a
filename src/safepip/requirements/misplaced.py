"""Whether the value of a variable stands where it could not be hidden in a requirement: rule 3 of `variables`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.source import SourceKind
from safepip.requirements.extras import split_extras
from safepip.requirements.variables import VARIABLE, values_in

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_NAME = re.compile(r"\s*[A-Za-z0-9._-]+\s*(?P<extras>\[[^\]]*\])?(?P<rest>.*)\Z", re.DOTALL)
_VERSIONS = re.compile(r"[A-Za-z0-9._+!*<>=~, -]*")
_SYSTEM = re.compile(r"\s*(?:git|hg|svn|bzr)\+", re.IGNORECASE)
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:")


def _versions(source: str) -> str | None:
    found = _BY_NAME.match(source)
    if found is None or VARIABLE.search(found["extras"] or ""):
        return None
    versions, _, marker = found["rest"].partition(";")
    fixed = VARIABLE.sub("", versions)
    return None if VARIABLE.search(marker) or not _VERSIONS.fullmatch(fixed) else versions


def misplaced_by_name(source: str, environ: Mapping[str, str]) -> str:
    """What is wrong with the place of a value in a requirement without a URL; empty where nothing is."""
    versions = _versions(source)
    if versions is None:
        return "an extra or a marker"
    if any(not _VERSIONS.fullmatch(value) for _, value in values_in(versions, environ)):
        return "more than a version"
    return ""


def misplaced_in_url(source: str, environ: Mapping[str, str], kind: SourceKind | None) -> tuple[str, str]:
    """The same for a requirement with a URL or path of this kind of source code, None for a wheel; and that URL or path
    as written."""
    head, url, tail = _around_url(source)
    if VARIABLE.search(head) or VARIABLE.search(tail):
        return "a name, an extra or a marker", ""
    address, _, fragment = url.partition("#")
    path = address.partition("?")[0]
    if VARIABLE.search(fragment):
        return "the fragment of a URL", ""
    if kind is SourceKind.VCS:
        if not _SYSTEM.match(url):
            return "more than a part of a URL or path", ""
        # The revision is shown, and written down, by itself, and so is the URL without it.
        address, revision = _without_revision(path.partition("+")[2])
        if VARIABLE.search(revision):
            return "the revision of a checkout", ""
        forbidden = r"[\s;#?@\x00-\x1f]"
    elif kind is SourceKind.DIRECTORY:
        forbidden = r"[;#\[\]]"
    elif VARIABLE.search(re.split(r"[/\\]", path.rstrip("/"))[-1]):
        return "the file name of a wheel or archive", ""
    else:
        forbidden = r"[\s;#?\x00-\x1f]" if _SCHEME.match(source) else ""
    if forbidden and any(re.search(forbidden, value) for _, value in values_in(url, environ)):
        return "more than a part of a URL or path", ""
    return "", address


def _without_revision(url: str) -> tuple[str, str]:
    """The URL of a repository, and the revision that stands behind the last @ of its path."""
    scheme, slashes, rest = url.partition("://")
    host, slash, within = rest.partition("/")
    path, at, revision = within.rpartition("@")
    return (f"{scheme}{slashes}{host}{slash}{path}", revision) if at else (url, "")


def _around_url(source: str) -> tuple[str, str, str]:
    """What stands before, in and after the URL or path of a requirement as written."""
    named = re.match(r"\s*[A-Za-z0-9._${}-]+\s*(?:\[[^\]]*\])?\s*@\s*", source)
    if named:
        url, space, tail = source[named.end() :].partition(" ")
        return named[0], url, space + tail
    if _SCHEME.match(source):
        url, _, tail = source.partition("; ")
        return "", url.strip(), tail
    path, _, tail = source.partition(";")
    place, extras = split_extras(path.strip())
    return extras, place, tail
