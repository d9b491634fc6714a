"""Source archives of a page: kept as rows that cost next to nothing, and made candidates where a run needs them.

Their names are read as pip reads them (`safepip.vetting.releases`), with one exception: pip takes `-py3.9` at the end
of a version for a build for that Python, and here it is a part of the version, which no standard allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.version import InvalidVersion, Version

from safepip.model.candidate import SOURCE_RANK, Candidate, SourceArchives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.model.page import ProjectFile


class ArchiveRow(NamedTuple):
    """A source archive as its page lists it: the version as its name spells it, which may be no version at all, and
    when its release began (`Candidate.released`)."""

    version: str
    released: float | None
    file: ProjectFile


class ListedArchives(SourceArchives):
    """The source archives of one page that the target's Python is admitted by. `rows` gives them in the order of the
    page."""

    __slots__ = ("rows",)

    def __init__(self, name: str, rows: Callable[[], Iterable[ArchiveRow]]) -> None:
        super().__init__(lambda: _candidates(name, rows()))
        self.rows = rows


def rows_of(archives: Sequence[Candidate]) -> Iterable[ArchiveRow]:
    """The rows of source archives, made or not; in an order from which the same candidates are made again."""
    if isinstance(archives, ListedArchives):
        return archives.rows()
    return [ArchiveRow(str(c.version), c.released, c.file) for c in reversed(archives)]


def _candidates(name: str, rows: Iterable[ArchiveRow]) -> list[Candidate]:
    """The candidates, best first: by version, and as for pip of equals the one listed last."""
    found = []
    for text, released, file in rows:
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        found.append(Candidate(name, version, file, SOURCE_RANK, released=released))
    found.sort(key=lambda candidate: candidate.version)
    found.reverse()
    return found
