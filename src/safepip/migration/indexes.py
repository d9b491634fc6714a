"""The indexes that were found, each once, with the name that the new configuration gives it.

One index may be named in many places. Which of them answers for every name that no index owns is taken over only where
all tools agree: where two tools have different defaults, a person has to say which one it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.migration.findings import FoundIndex, Role
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.index import IndexUrl, declarable
from safepip.model.names import is_name, normalise
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.urls import UrlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from safepip.migration.findings import Findings, UnreadSource

#: What pip's own default index is called, here as in messages.
_BUILT_IN_NAME = "default"
#: What a person takes for pip's own default index: a file of the project can give no other index such a name.
_RESERVED = (_BUILT_IN_NAME, "pypi")
#: A part of a path that is longer than words are.
_LONG = 20


class MigratedIndex(NamedTuple):
    """An index of the new configuration. `found` are the places that name it.

    `built_in` says that it is pip's own default index, whose URL need not be written. `default` says that it answers
    for every name that no index owns. `logged_in` says that some place names it with credentials. `mirror_of` names the
    index that it stands for, because a person says so: then the two are one source, and it owns nothing itself.
    """

    name: str
    url: IndexUrl
    found: tuple[FoundIndex, ...]
    built_in: bool = False
    default: bool = False
    logged_in: bool = False
    mirror_of: str = ""

    @property
    def for_all(self) -> bool:
        """Whether a tool asks it, as a source of its own, for every name."""
        return not self.mirror_of and any(found.role in (Role.DEFAULT, Role.EXTRA) for found in self.found)

    @property
    def hidden(self) -> bool:
        """Whether it must not be asked (`FoundIndex.hidden`): no place names it without a value of a variable."""
        return all(found.hidden for found in self.found)

    @property
    def may_hold_token(self) -> bool:
        """Whether a part of the path looks like one that some servers take for a password: long, of letters and digits.
        Only a person can say whether it is."""
        parts = self.url.path.split("/")
        return any(len(p) >= _LONG and re.search("[0-9]", p) and re.search("[A-Za-z]", p) for p in parts)

    @property
    def places(self) -> str:
        """Where it is named, for people."""
        origins = (found.origin for found in self.found)
        shown = ("pip's own default" if origin == BUILT_IN else str(origin) for origin in origins)
        return ", ".join(dict.fromkeys(shown))


def read_named(words: Iterable[str]) -> dict[str, IndexUrl]:
    """`--index NAME=URL`, user information already taken out of the URL. Raises `UsageError` (`bad-option`)."""
    named: dict[str, IndexUrl] = {}
    for text in words:
        name, equals, url = text.partition("=")
        if not equals or not is_name(name):
            raise _wrong("it has the form NAME=URL, and NAME has letters, digits and . - _")
        try:
            named[name] = IndexUrl.parse(url)
        except UrlError as problem:
            raise _wrong(str(problem)) from None
    return named


def _wrong(problem: str) -> UsageError:
    hint = "for example --index internal=https://packages.acme.example/simple/"
    return UsageError.because("bad-option", f"--index: {problem}", hint=hint)


def unite(found: Findings, built_in: IndexUrl, named: Mapping[str, IndexUrl], default: str | None) -> tuple[
    MigratedIndex, ...
]:  # fmt: skip
    """The indexes in the order in which they were found, the default one last.

    `named` are the names that a person gives on the command line, to indexes found or not; `default` is the name of the
    index that is to answer for all other names, None to take over what the tools agree on; it takes the place of pip's
    own default index where no tool names that. Raises `UsageError`, and `Unavailable` where there is no index at all.
    """
    for name, url in named.items():
        if normalise(name) == _BUILT_IN_NAME and url != built_in:
            raise _wrong(f"{_BUILT_IN_NAME!r} is pip's own default index; call another one by another name")
    places: dict[IndexUrl, list[FoundIndex]] = {}
    for index in found.indexes:
        places.setdefault(index.url, []).append(index)
    for url in named.values():
        places.setdefault(url, []).append(FoundIndex(url, Role.EXTRA, Origin(Source.COMMAND_LINE, "--index")))
    meant = default in (None, _BUILT_IN_NAME) or named.get(default or "") == built_in
    if meant and (found.default_too or not (found.replaces_default or found.no_index)):
        places.setdefault(built_in, []).append(FoundIndex(built_in, Role.DEFAULT, BUILT_IN))
    if not places:
        raise _no_index(found)
    names = _names(places, built_in, {url: name for name, url in named.items()})
    chosen = _default(places, names, default, found.unread)
    indexes = [
        MigratedIndex(names[url], url, tuple(several), url == built_in, url == chosen)
        for url, several in places.items()
    ]
    return tuple(sorted(indexes, key=lambda index: index.default))


def _no_index(found: Findings) -> Unavailable:
    if found.unread:
        message = "no index that is in use can be taken over, so there is none to configure"
        context = tuple(printable(str(source)) for source in found.unread)
        return Unavailable.because("no-source", message, context=context, hint="name it: --index NAME=URL")
    message = "no index is in use (--no-index), so there is none to configure"
    return Unavailable.because("no-source", message, hint="name one: --index NAME=URL")


def with_mirrors(indexes: tuple[MigratedIndex, ...], words: Iterable[str]) -> tuple[MigratedIndex, ...]:
    """The same with `--mirror NAME=ORIGINAL`. Raises `UsageError` (`bad-option`, `bad-mirror`)."""
    names = [index.name for index in indexes]
    originals: dict[str, str] = {}
    for text in words:
        name, _, original = text.partition("=")
        for stated in (name, original):
            if stated not in names:
                raise unknown_index("--mirror", stated, names)
        originals[name] = original
    for index in indexes:
        original = originals.get(index.name, "")
        if original and (index.default or original == index.name or original in originals):
            raise UsageError.because(
                "bad-mirror",
                f"{index.name} cannot be a mirror of {original}",
                hint="a mirror is not the default index, and it stands for an index that is not a mirror itself",
            )
    return tuple(index._replace(mirror_of=originals.get(index.name, "")) for index in indexes)


def _default(
    places: Mapping[IndexUrl, Sequence[FoundIndex]],
    names: Mapping[IndexUrl, str],
    stated: str | None,
    unread: Iterable[UnreadSource],
) -> IndexUrl | None:
    if stated is not None:
        by_name = {name: url for url, name in names.items()}
        if stated not in by_name:
            raise unknown_index("--default", stated, by_name)
        return by_name[stated]
    defaults = [url for url, found in places.items() if any(index.role is Role.DEFAULT for index in found)]
    agreed = len(defaults) == 1 and not any(source.role is Role.DEFAULT for source in unread)
    return defaults[0] if agreed else None


def unknown_index(option: str, stated: str, names: Iterable[str]) -> UsageError:
    """The error for the name of an index that is not among those found."""
    return UsageError.because(
        "bad-option",
        f"{option}: no index is called {printable(stated)!r}",
        context=(f"there are: {', '.join(sorted(names))}",),
        hint="write one of these, or give an index a name of your own: --index NAME=URL",
    )


def _names(
    places: Mapping[IndexUrl, Sequence[FoundIndex]], built_in: IndexUrl, given: Mapping[IndexUrl, str]
) -> dict[IndexUrl, str]:
    """A name for each: that of the command line, that of a tool, or its host. No two share the variables of their
    credentials (`SAFEPIP_INDEX_<NAME>_...`), and none but pip's own default index is called as that is."""
    names = dict(given)
    taken = {*_RESERVED, *(normalise(name) for name in given.values())}
    for url, found in places.items():
        if url in names:
            continue
        if url == built_in:
            names[url] = _BUILT_IN_NAME
            continue
        own = declarable(url.netloc if url.host else url.path)
        whole = declarable(f"{url.netloc}{url.path}")
        called = [index.name for index in found if is_name(index.name)]
        tries = [*called, own, whole, *(f"{whole}-{number}" for number in range(2, len(places) + 2))]
        names[url] = next(name for name in tries if normalise(name) not in taken)
        taken.add(normalise(names[url]))
    return names
