"""Which findings do not count, because configuration says so, until when and why.

    [[ignore]]
    id = "CVE-2024-0001"        # any of the names of the matter
    project = "demo"
    reason = "the function is not used here"
    until = 2026-12-31

What is malicious is passed over by an id of malware alone (`MAL-`): a record of anybody may join other names to its
matter, and somebody who has looked at a vulnerability has not looked at that.

It also passes over a record that cannot be read or compared, by its id, or by the name of its file where it has none:
somebody has looked at it. An ignore holds to the end of its day and no longer. One that has ended, or that met nothing,
is reported: it would hide the next finding that it fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.advisories import MALWARE_ID, Severity, Vulnerability

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
        ignore = fitting(project, (matter.id, *matter.aliases), ignores, now, malicious=matter.malicious)
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
        ignore = fitting(project, doubt.ids, ignores, now, malicious=doubt.malicious)
        if ignore is None:
            counting.append(doubt)
        else:
            names = doubt.ids[0], doubt.ids[1:]
            matter = Vulnerability(*names, Severity.UNKNOWN, (), doubt.malicious, doubt.reason, doubtful=True)
            ignored.append((matter, ignore))
    return IgnoredDoubts(tuple(counting), tuple(ignored))


def fitting(
    project: str, names: Collection[str], ignores: Sequence[Ignore], now: float, *, malicious: bool
) -> Ignore | None:
    """The ignore that holds for a matter of these names; None where none does."""
    for ignore in ignores:
        if malicious and not ignore.id.startswith(MALWARE_ID):
            continue
        if ignore.project == project and ignore.id in names and now < ignore.until:
            return ignore
    return None


def stale(ignores: Sequence[Ignore], used: Sequence[Ignore], now: float) -> list[str]:
    """A line for each ignore that has ended, or that met nothing of what was looked at."""
    lines = []
    for ignore in ignores:
        if now >= ignore.until:
            lines.append(f"{ignore.origin}: the ignore of {ignore.id} for {ignore.project} has ended")
        elif ignore not in used:
            lines.append(f"{ignore.origin}: the ignore of {ignore.id} for {ignore.project} met no finding: remove it?")
    return lines
