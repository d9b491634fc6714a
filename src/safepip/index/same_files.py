"""Sources that list the very same files of a project count as one: a pull-through mirror beside its original.

Two pages are the same where each lists at least one file, every file has a strong digest, and names and digests are
equal: the bytes are then the same from either source. One more file, one digest that differs or one entry that could
not be used, and the pages are not the same. A file of this machine never counts as one that an index delivers: rules on
ages exempt it.

What the sources say beside the bytes may differ. For each file the strictest statement counts, so that adding a source
cannot make a file older, less yanked or fit for more Pythons: the file has to be old enough, and on time in its
release, by what each source says; it is yanked where any of them says so; all of them must admit the target; and every
digest that any of them gives must hold. The same for the project: its youngest beginning, its worst status. No single
source may say what a wheel requires: a sidecar counts where all announce the same one with a strong digest, and
otherwise the whole wheel is fetched and verified first.

The order of the sources alone decides which of them is named as the one that a file came from.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from safepip.model.candidate import AgeStatement, SourceArchives
from safepip.model.page import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from packaging.version import Version

    from safepip.index.page_files import Columns
    from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
    from safepip.model.page import ProjectFile, ProjectPage

#: The worst first. ARCHIVED and DEPRECATED refuse nothing; they are reported.
_WORST = (Status.QUARANTINED, Status.ARCHIVED, Status.DEPRECATED, Status.ACTIVE)


def contents_of(page: ProjectPage, columns: Columns) -> str:
    """A fingerprint of all files of a page, of every kind and platform, by the columns of its files: equal for pages
    that are the same, empty for a page that is never the same as another."""
    filenames, contents = columns.filenames, columns.contents
    if page.dropped or not filenames or "" in contents or len(set(filenames)) != len(filenames):
        return ""
    text = "\n".join(sorted([f"{filename}\0{content}" for filename, content in zip(filenames, contents, strict=True)]))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def as_one(all_available: Sequence[ProjectCandidates]) -> ProjectCandidates:
    """The candidates of sources whose pages are the same, in the order of the sources, as one.

    They are those of the first source that all sources admit, each with the strictest statement about it.
    """
    first = all_available[0]
    candidates = _admitted_by_all(all_available, lambda available: available.candidates)
    borns = [available.born for available in all_available if available.born is not None]
    worst = min(all_available, key=lambda available: _WORST.index(available.status))
    return first._replace(
        candidates=candidates,
        rejected=_rejected(all_available, {candidate.version for candidate in candidates}),
        status=worst.status,
        status_reason=worst.status_reason,
        born=max(borns, default=None),
        undated=bool(borns) and len(borns) < len(all_available),
        sources=SourceArchives(lambda: _admitted_by_all(all_available, lambda available: available.sources)),
    )


def _admitted_by_all(
    all_available: Sequence[ProjectCandidates], of: Callable[[ProjectCandidates], Sequence[Candidate]]
) -> tuple[Candidate, ...]:
    """The candidates, of one kind, that all sources admit, each with the strictest statement about it."""
    others = [{c.file.filename: c for c in of(available)} for available in all_available[1:]]
    found = []
    for candidate in of(all_available[0]):
        same = [candidate, *(known[name] for known in others if (name := candidate.file.filename) in known)]
        if len(same) == len(all_available):
            found.append(_strictest(same, all_available))
    return tuple(found)


def _strictest(same: Sequence[Candidate], all_available: Sequence[ProjectCandidates]) -> Candidate:
    """One file's candidate: that of the first source, with the strictest statement of all sources."""
    statements = (
        AgeStatement(c.file.upload_time, c.released, c.for_new_python, available.born is not None)
        for c, available in zip(same, all_available, strict=True)
    )
    return replace(same[0], file=strictest_file([c.file for c in same]), age_statements=tuple(statements))


def strictest_file(same: Sequence[ProjectFile]) -> ProjectFile:
    """One file as several sources list it: at the first source's URL, with the strictest statement of all sources."""
    agreed = same[0].metadata if len({frozenset(file.metadata or ()) for file in same}) == 1 else None
    return same[0]._replace(
        yanked=next((file.yanked for file in same if file.yanked is not None), None),
        upload_time=max((file.upload_time for file in same if file.upload_time is not None), default=None),
        checksums=tuple(dict.fromkeys(checksum for file in same for checksum in file.checksums)),
        metadata=agreed or None,
        metadata_checksums=tuple(dict.fromkeys(it for file in same for it in file.metadata_checksums))
        if agreed
        else (),
    )


def same_offers(offers: Sequence[Sequence[ProjectFile]]) -> tuple[ProjectFile, ...]:
    """The files that each of several sources offers, in the order of the first."""
    others = [{file.filename: file for file in files} for files in offers[1:]]
    found = []
    for file in offers[0] if offers else ():
        same = [file, *(known[file.filename] for known in others if file.filename in known)]
        if len(same) == len(offers):
            found.append(strictest_file(same))
    return tuple(found)


def _rejected(all_available: Iterable[ProjectCandidates], served: set[Version]) -> tuple[RejectedVersion, ...]:
    """The versions without a candidate: why some source does not admit each."""
    found: dict[Version, RejectedVersion] = {}
    for rejected in (rejected for available in all_available for rejected in available.rejected):
        if rejected.version not in served:
            known = found.setdefault(rejected.version, rejected)
            found[rejected.version] = known._replace(
                yanked=known.yanked or rejected.yanked, has_archive=known.has_archive or rejected.has_archive
            )
    return tuple(sorted(found.values(), key=lambda rejected: rejected.version, reverse=True))
