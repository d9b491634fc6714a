"""Whether a version is affected: OSV's ranges and lists of versions, in the order of PEP 440.

OSV schema, "Evaluation": a version is affected where it is listed, or where some range contains it. A range is walked
in the order of its versions: from `introduced` on it is affected, from `fixed` on it is not, and above `last_affected`
it is not; above all `limit`s nothing is. `introduced` "0" comes before every version, `limit` "*" after every one.
Where events share a version, `fixed` comes before `introduced`, since a range that begins where another ends is
affected there, and `last_affected` comes after it, since that version itself is affected.

A local version (`2.0+cpu`) is a build of the version before the plus sign, and what is said of that one is meant for
its builds: as in PEP 440's specifiers, the local part is compared only with what has one.

A version, or a bound, that PEP 440 does not know cannot be ordered. Such a version is affected where it is listed as
written, and by a range that contains every version; else nothing can be said of it where there is a range. Where a
bound cannot be read, the list decides if there is one; if there is none, nothing can be said.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.advisories import Affected, Event

_ORDER = {"fixed": 0, "introduced": 1, "last_affected": 2}


class Unordered(ValueError):
    """A bound of a range is not a version of PEP 440; the text is the bound."""


@lru_cache(maxsize=1 << 16)
def read_version(text: str) -> Version | None:
    """The version, None for what PEP 440 refuses."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def affects(affected: Affected, text: str) -> bool | None:
    """Whether a version, as written, is affected; None where that cannot be said."""
    version = read_version(text)
    if is_listed(affected.versions, text):
        return True
    unknown = False
    for events in affected.ranges:
        if version is None:
            if contains_all(events):
                return True
            unknown = True
            continue
        try:
            if contains(events, version):
                return True
        except Unordered:
            unknown = True
    return None if unknown and (version is None or not affected.versions) else False


def is_listed(versions: Iterable[str], text: str) -> bool:
    """Whether a version is in a list: as the same version where PEP 440 knows both, else as the same text."""
    version = read_version(text)
    for item in versions:
        if item == text:
            return True
        if version is not None:
            other = read_version(item)
            if other is not None and other == _comparable(version, other):
                return True
    return False


def contains(events: Iterable[Event], version: Version) -> bool:
    """Whether a range contains a version. The order of the events, and events that are there twice, change nothing.

    Raises `Unordered`.
    """
    events = tuple(events)
    limits = [event.version for event in events if event.kind == "limit"]
    if limits and "*" not in limits and not any(_comparable(version, _read(limit)) < _read(limit) for limit in limits):
        return False
    inside = any(map(_is_beginning, events))
    steps = [(_read(e.version), _ORDER[e.kind]) for e in events if e.kind in _ORDER and not _is_beginning(e)]
    for bound, kind in sorted(steps):
        own = _comparable(version, bound)
        if kind == _ORDER["introduced"]:
            inside = inside or own >= bound
        elif own > bound or (own == bound and kind == _ORDER["fixed"]):
            inside = False
    return inside


def contains_all(events: Iterable[Event]) -> bool:
    """Whether a range contains whatever there is: it begins before everything and has no end."""
    return all(map(_is_beginning, events))


def fixes(ranges: Iterable[Iterable[Event]]) -> Iterator[str]:
    """The versions that ranges name as repaired."""
    return (event.version for events in ranges for event in events if event.kind == "fixed")


def _is_beginning(event: Event) -> bool:
    return event == ("introduced", "0")


def _read(text: str) -> Version:
    version = read_version(text)
    if version is None:
        raise Unordered(text)
    return version


def _comparable(version: Version, bound: Version) -> Version:
    """The version as it is compared with a bound: without its local part where the bound has none."""
    if version.local is not None and bound.local is None:
        public = read_version(version.public)
        assert public is not None
        return public
    return version
