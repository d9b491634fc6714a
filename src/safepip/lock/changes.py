"""What a new lock changes in the one that it replaces, project by project, and why.

Both are given as their texts, in either of the two forms. A project can be in a lock in several versions, each for
other environments. A change has the first of these reasons that holds: an upgrade was asked for (`-U`, `-P`); what asks
for the project, or a constraint, excludes a version that was locked; what was locked is not offered any more, or does
not fit the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import InvalidVersion, Version

from safepip.lock.hashed_requirements import each_pin
from safepip.model.finding import printable
from safepip.text.toml_reading import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.model.plan import LockSettings
    from safepip.resolution.askers import Asker

#: How many changes are listed one by one, unless all are asked for.
_SHOWN = 20

_FILES = ("wheels", "sdist", "archive", "vcs", "directory", "hashes")


class Reasons(NamedTuple):
    """What a new lock was made by: what asks for each project, what limits its versions, what is to be upgraded."""

    askers: Mapping[str, tuple[Asker, ...]]
    limits: Mapping[str, tuple[Asker, ...]]
    settings: LockSettings


class Change(NamedTuple):
    """One project that is in one of two locks only, or other in one than in the other.

    `before` and `after` are its versions, as text, oldest first; of what has none the place that it is taken from.
    `parts` are, where the versions are the same, the keys of its tables that differ.
    """

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    parts: frozenset[str] = frozenset()


def changes(before: str, after: str, settings: LockSettings) -> list[Change]:
    """The projects that differ between the texts of two locks, sorted by name."""
    read = _pinned if settings.requirements else _packages
    old, new = read(before), read(after)
    found = []
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name, []), new.get(name, [])
        if one != other:
            versions = _versions(one), _versions(other)
            found.append(Change(name, *versions, _parts(one, other) if versions[0] == versions[1] else frozenset()))
    return found


def _packages(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for package in read_toml(text).get("packages", ()):
        found.setdefault(package["name"], []).append(package)
    return found


def _pinned(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, pinned in each_pin(text):
        found.setdefault(name, []).append({"version": str(pinned.version), "hashes": pinned.hashes})
    return found


def _versions(packages: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({_version(package) for package in packages}, key=_order))


def _version(package: dict[str, Any]) -> str:
    version, commit = package.get("version"), package.get("vcs", {}).get("commit-id", "")[:12]
    if version is None:
        place = package.get("directory") or package.get("archive") or package.get("vcs") or {}
        version = str(place.get("path") or place.get("url") or "")
    return f"{version} at {commit}" if commit else version


def _order(text: str) -> tuple[int, Any]:
    try:
        return 0, Version(text)
    except InvalidVersion:
        return 1, text


def _parts(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> frozenset[str]:
    """The keys of two lists of tables that differ; where one list is longer, the markers do."""
    if len(one) != len(other):
        return frozenset({"marker"})
    pairs = list(zip(one, other, strict=True))
    return frozenset(key for a, b in pairs for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def lines(found: list[Change], reasons: Reasons, *, every: bool = False) -> Iterator[str]:
    """A line for each change; of many only the first, unless `every` one is asked for. Without a change of a project it
    is what the lock says beside them that differs."""
    if not found:
        yield "  the projects and their files stay; what is said of them differs"
    shown = found if every or len(found) <= _SHOWN + 1 else found[:_SHOWN]
    for change in shown:
        yield f"  {_line(change, reasons)}"
    if len(shown) < len(found):
        yield f"  and {len(found) - len(shown)} more (-v lists them)"


def _line(change: Change, reasons: Reasons) -> str:
    before, after = printable(", ".join(change.before)), printable(", ".join(change.after))
    askers = reasons.askers.get(change.name, ())
    if not change.before:
        more = f", and {len(askers) - 1} more" if len(askers) > 1 else ""
        asked = f" ({_asks(askers[0])}{more})" if askers else ""
        return f"added {change.name} {after}{asked}"
    if not change.after:
        return f"removed {change.name} {before} (nothing asks for it)"
    if change.before == change.after:
        return f"{change.name} {after} ({_other(change.parts)})"
    return f"{change.name} {before} -> {after} ({reason_of(change, reasons)})"


def reason_of(change: Change, reasons: Reasons) -> str:
    """Why a project is in another version than before."""
    askers = reasons.askers.get(change.name, ())
    settings = reasons.settings
    if settings.upgrade:
        return "-U"
    if change.name in settings.upgrade_names:
        return f"-P {change.name}"
    gone = [version for version in change.before if version not in change.after]
    for asker in (*askers, *reasons.limits.get(change.name, ())):
        if any(_excludes(asker, version) for version in gone):
            return _asks(asker)
    return "what was locked is not offered any more, or does not fit the rest" if gone else "for other environments"


def _excludes(asker: Asker, version: str) -> bool:
    try:
        return not asker.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _asks(asker: Asker) -> str:
    return f"{asker.who} asks for {printable(asker.text, 120)}"


def _other(parts: frozenset[str]) -> str:
    """What of a project in the same versions is other than it was."""
    if parts.intersection(_FILES):
        return "other files"
    if "index" in parts:
        return "from another index"
    return "other dependencies" if "dependencies" in parts else "for other environments"
