"""Which findings do not count, because configuration says so, until when and why.

    [[ignore]]
    id = "CVE-2024-0001"        # any of the names of the matter
    project = "demo"
    reason = "the function is not used here"
    until = 2026-12-31

An ignore holds to the end of its day and no longer. One that has ended, or that met nothing, is reported: it would hide
the next finding that it fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.advisories import Ignore, Vulnerability


class Sorted(NamedTuple):
    """The findings of one project that count, and those that do not, each with the line that says so."""

    counting: tuple[Vulnerability, ...]
    ignored: tuple[tuple[Vulnerability, Ignore], ...]


def sort_out(project: str, found: Sequence[Vulnerability], ignores: Sequence[Ignore], now: float) -> Sorted:
    """Tell what counts from what does not, at a moment in seconds since the epoch."""
    counting, ignored = [], []
    for matter in found:
        names = {matter.id, *matter.aliases}
        fitting = (i for i in ignores if i.project == project and i.id in names and now < i.until)
        ignore = next(fitting, None)
        if ignore is None:
            counting.append(matter)
        else:
            ignored.append((matter, ignore))
    return Sorted(tuple(counting), tuple(ignored))


def stale(ignores: Sequence[Ignore], used: Sequence[Ignore], now: float) -> list[str]:
    """A line for each ignore that has ended, or that met nothing of what was looked at."""
    lines = []
    for ignore in ignores:
        if now >= ignore.until:
            lines.append(f"{ignore.origin}: the ignore of {ignore.id} for {ignore.project} has ended")
        elif ignore not in used:
            lines.append(f"{ignore.origin}: the ignore of {ignore.id} for {ignore.project} met no finding: remove it?")
    return lines
