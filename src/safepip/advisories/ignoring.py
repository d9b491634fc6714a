"""Which findings do not count, because configuration says so, until when and why.

    [[ignore]]
    id = "CVE-2024-0001"        # any of the names of the matter
    project = "demo"
    reason = "the function is not used here"
    until = 2026-12-31

It also passes over a record that cannot be read or compared, by its id, or by the name of its file where it has none:
somebody has looked at it. An ignore holds to the end of its day and no longer. One that has ended, or that met nothing,
is reported: it would hide the next finding that it fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.advisories import Severity, Vulnerability

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from safepip.model.advisories import Ignore, Unverified


class Sorted(NamedTuple):
    """The findings of one project that count, and those that do not, each with the line that says so."""

    counting: tuple[Vulnerability, ...]
    ignored: tuple[tuple[Vulnerability, Ignore], ...]


def sort_out(project: str, found: Sequence[Vulnerability], ignores: Sequence[Ignore], now: float) -> Sorted:
    """Tell what counts from what does not, at a moment in seconds since the epoch."""
    counting, ignored = [], []
    for matter in found:
        ignore = _fitting(project, {matter.id, *matter.aliases}, ignores, now)
        if ignore is None:
            counting.append(matter)
        else:
            ignored.append((matter, ignore))
    return Sorted(tuple(counting), tuple(ignored))


class IgnoredDoubts(NamedTuple):
    """The reasons why a version is not verified that count, and those that do not, as findings of which nothing but the
    name is known."""

    counting: tuple[Unverified, ...]
    ignored: tuple[tuple[Vulnerability, Ignore], ...]


def pass_over(project: str, doubts: Sequence[Unverified], ignores: Sequence[Ignore], now: float) -> IgnoredDoubts:
    """As `sort_out`, for what cannot be judged. What is not about one record is never passed over."""
    counting, ignored = [], []
    for doubt in doubts:
        ignore = _fitting(project, doubt.ids, ignores, now)
        if ignore is None:
            counting.append(doubt)
        else:
            matter = Vulnerability(doubt.ids[0], doubt.ids[1:], Severity.UNKNOWN, (), summary=doubt.reason)
            ignored.append((matter, ignore))
    return IgnoredDoubts(tuple(counting), tuple(ignored))


def _fitting(project: str, names: Collection[str], ignores: Sequence[Ignore], now: float) -> Ignore | None:
    return next((i for i in ignores if i.project == project and i.id in names and now < i.until), None)


def stale(ignores: Sequence[Ignore], used: Sequence[Ignore], now: float) -> list[str]:
    """A line for each ignore that has ended, or that met nothing of what was looked at."""
    lines = []
    for ignore in ignores:
        if now >= ignore.until:
            lines.append(f"{ignore.origin}: the ignore of {ignore.id} for {ignore.project} has ended")
        elif ignore not in used:
            lines.append(f"{ignore.origin}: the ignore of {ignore.id} for {ignore.project} met no finding: remove it?")
    return lines
