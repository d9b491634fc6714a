"""`${NAME}` in a requirements or constraints file: what a value may become, and how it stays out of what is shown.

Every value is taken for a secret (pip's documentation offers variables for credentials). To know where it stands, each
line is read twice, as written and with its values put in: a word as written is the source of a word as read if putting
the values into the one gives the other. Three rules follow.

1. Messages and written files hold the source. `shown` of the credentials puts it in the place of the word, and the
   name of a variable in the place of a value of eight characters or more; a shorter value is too likely to be a part of
   something else.
2. A value may stand in a URL or path, in the user information of a URL, in the version of a requirement, and in the
   value of an option. `expanded_values` and `options.index_options` say which URLs it may be sent to.
3. A value may not stand in a text that is changed into another form before it is shown, since it could not be found and
   hidden there: names, extras, markers, digests, revisions, the file name of a wheel or archive; nor may it hold more
   than a part of one word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.source import SourceKind
from safepip.model.urls import is_account
from safepip.requirements.extras import split_extras

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: pip: upper case, digits, underscore.
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_USER_INFO = re.compile(r"((?<![A-Za-z0-9.-])(?:ssh|sftp))?(:[\\'\"]*/[\\'\"]*/)([^\s/?#]*)@", re.IGNORECASE)
_BY_NAME = re.compile(r"\s*[A-Za-z0-9._-]+\s*(?P<extras>\[[^\]]*\])?(?P<rest>.*)\Z", re.DOTALL)
_VERSIONS = re.compile(r"[A-Za-z0-9._+!*<>=~, -]*")
_SYSTEM = re.compile(r"\s*(?:git|hg|svn|bzr)\+", re.IGNORECASE)
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """The text with values put in; a variable that is unset or empty stays as it is written. No value is expanded."""
    return _VARIABLE.sub(lambda found: environ.get(found[1]) or found[0], text)


def values_in(text: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each set variable in a text, with its value."""
    for name in dict.fromkeys(_VARIABLE.findall(text)):
        if value := environ.get(name):
            yield name, value


def unset_in(text: str, environ: Mapping[str, str]) -> Iterator[str]:
    """The variables in a text that are unset or empty."""
    return (name for name in _VARIABLE.findall(text) if not environ.get(name))


def without_user_info(text: str) -> str:
    """A text before expansion as `absorb` leaves it after: without the user information of its URLs, of which the name
    of an account for ssh is not a secret."""
    return _USER_INFO.sub(_only_account, text)


def _only_account(found: re.Match[str]) -> str:
    scheme, slashes, info = found[1] or "", found[2], found[3]
    user = info.partition(":")[0]
    return f"{scheme}{slashes}{user}@" if is_account(scheme.lower(), user) else f"{scheme}{slashes}"


def source_of(word: str | None, written: str | None, environ: Mapping[str, str]) -> str | None:
    """The source of a word: `written` where values were put in, empty where none were, None where it is another."""
    if word is None or written is None:
        return "" if word == written else None
    if expand(written, environ) != word:
        return None
    return written if word != written else ""


def _versions(source: str) -> str | None:
    found = _BY_NAME.match(source)
    if found is None or _VARIABLE.search(found["extras"] or ""):
        return None
    versions, _, marker = found["rest"].partition(";")
    fixed = _VARIABLE.sub("", versions)
    return None if _VARIABLE.search(marker) or not _VERSIONS.fullmatch(fixed) else versions


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
    if _VARIABLE.search(head) or _VARIABLE.search(tail):
        return "a name, an extra or a marker", ""
    address, _, fragment = url.partition("#")
    path = address.partition("?")[0]
    if _VARIABLE.search(fragment):
        return "the fragment of a URL", ""
    if kind is SourceKind.VCS:
        if not _SYSTEM.match(url):
            return "more than a part of a URL or path", ""
        # The revision is shown, and written down, by itself, and so is the URL without it.
        address, revision = _without_revision(path.partition("+")[2])
        if _VARIABLE.search(revision):
            return "the revision of a checkout", ""
        forbidden = r"[\s;#?@\x00-\x1f]"
    elif kind is SourceKind.DIRECTORY:
        forbidden = r"[;#\[\]]"
    elif _VARIABLE.search(re.split(r"[/\\]", path.rstrip("/"))[-1]):
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
