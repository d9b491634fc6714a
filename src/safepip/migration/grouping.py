"""Names in groups that a person can decide on at once: those that begin with the same word."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.migration.ownership import NameReport


class NameGroup(NamedTuple):
    """Names with one first word. `pattern` claims all of them, and what will be called so; empty for a lone name."""

    pattern: str
    reports: tuple[NameReport, ...]

    @property
    def title(self) -> str:
        """What the group is called."""
        return self.pattern or self.reports[0].name


def by_prefix(reports: Iterable[NameReport]) -> list[NameGroup]:
    """The groups in alphabetical order. `acme-core` and `acme-web` are `acme-*`; `acme` itself stands alone, because no
    pattern claims it."""
    found: dict[str, list[NameReport]] = {}
    for report in sorted(reports, key=lambda report: report.name):
        word, hyphen, _ = report.name.partition("-")
        found.setdefault(f"{word}{hyphen}", []).append(report)
    groups = []
    for key, several in found.items():
        if key.endswith("-") and len(several) > 1:
            groups.append(NameGroup(f"{key}*", tuple(several)))
        else:
            groups += [NameGroup("", (report,)) for report in several]
    return groups
