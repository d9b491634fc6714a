"""An index and its mirrors as one source: the candidates from their pages, combined.

Every page is asked for, and the source has every file that one of them lists. A file that several pages list counts
once, as the first of them (the index before its mirrors) lists it; a mirror with other bytes for it is refused. All
pages together say when a release began: otherwise a file that is late on the index's page would be on time on the page
of a mirror that lists nothing else of the release.

Source archives are put together in the same way where a run looks at them.

Whether a late file is the honest case (`releases`), only pages that know the release from its beginning can say: those
of them that list the file must all say so. A page that does not list it, as of a mirror that lags, says nothing. It is
not the honest case where any page has a timely wheel that the target can install.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safepip.model.candidate import SourceArchives
from safepip.model.errors import Refused
from safepip.vetting.releases import earliest, is_late, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version

    from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
    from safepip.model.index import Index
    from safepip.model.page import ProjectFile


def with_common_releases(all_available: Sequence[ProjectCandidates]) -> list[ProjectCandidates]:
    """The candidates of each of one project's pages, each candidate with what all pages know of its release.

    A candidate that does not change stays the same object.
    """
    if len(all_available) < 2:
        return list(all_available)
    first: dict[Version, float | None] = {}
    for version, moment in (row for available in all_available for row in _beginnings(available)):
        first[version] = earliest((first.get(version), moment))
    candidates = [c for available in all_available for c in available.candidates]
    in_time = {v for c in candidates if not is_late(c.file.upload_time, first[v := public(c.version)])}
    honest: dict[str, bool] = {}
    for c in candidates:
        if c.released == first[public(c.version)]:
            honest[c.file.filename] = honest.get(c.file.filename, True) and c.for_new_python

    def reported(c: Candidate) -> Candidate:
        version = public(c.version)
        released, new = first[version], honest.get(c.file.filename, False) and version not in in_time
        same = (c.released, c.for_new_python) == (released, new)
        return c if same else replace(c, released=released, for_new_python=new)

    return [
        available._replace(
            candidates=tuple(map(reported, available.candidates)), sources=_dated(available.sources, first)
        )
        for available in all_available
    ]


def _dated(archives: Sequence[Candidate], first: Mapping[Version, float | None]) -> SourceArchives:
    """Source archives, each with the beginning of its release."""

    def dated(c: Candidate) -> Candidate:
        released = first.get(public(c.version), c.released)
        return c if c.released == released else replace(c, released=released)

    return SourceArchives(lambda: map(dated, archives))


def _beginnings(available: ProjectCandidates) -> Iterator[tuple[Version, float | None]]:
    """When each release of a page began, with those of which the target can install nothing."""
    for candidate in available.candidates:
        yield public(candidate.version), candidate.released
    for rejected in available.rejected:
        yield public(rejected.version), rejected.upload_time


def merged(name: str, pages: Sequence[tuple[Index, ProjectCandidates]]) -> ProjectCandidates:
    """The candidates of all pages (at least one) of an index and its mirrors. Raises `Refused` (`mirror-differs`)."""
    original = pages[0][1]
    if len(pages) == 1:
        return original
    candidates = _together(name, [(index, available.candidates) for index, available in pages])
    contents = original.contents if all(available.contents == original.contents for _, available in pages) else ""
    return original._replace(
        candidates=candidates,
        rejected=_rejected([available for _, available in pages], {c.version for c in candidates}),
        born=earliest(available.born for _, available in pages),
        contents=contents,
        sources=SourceArchives(lambda: _together(name, [(index, available.sources) for index, available in pages])),
    )


def _together(name: str, pages: Sequence[tuple[Index, Sequence[Candidate]]]) -> tuple[Candidate, ...]:
    """The candidates of the original's page, which is the first, and what only mirrors list. Raises `Refused`
    (`mirror-differs`)."""
    original, its = pages[0]
    files = {c.file.filename: (original, c) for c in its}
    extra: list[Candidate] = []
    for index, candidates in pages[1:]:
        for candidate in candidates:
            first, same = files.setdefault(candidate.file.filename, (index, candidate))
            if same is candidate:
                extra.append(candidate)
            elif disagreement(same.file, candidate.file):
                raise mirror_differs(name, first, same.file, index, candidate.file)
    return best_first([*its, *extra])


def _rejected(all_available: Iterable[ProjectCandidates], served: set[Version]) -> tuple[RejectedVersion, ...]:
    """The versions of which no page has a wheel that fits, as the first page that has such a version says it."""
    found: dict[Version, RejectedVersion] = {}
    for rejected in (rejected for available in all_available for rejected in available.rejected):
        known = found.setdefault(rejected.version, rejected)
        if rejected.has_archive and not known.has_archive:
            found[rejected.version] = known._replace(has_archive=True)
    return tuple(sorted((f for f in found.values() if f.version not in served), key=lambda f: f.version, reverse=True))


def best_first(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Candidates of several pages in the order of `ProjectCandidates`."""
    return tuple(sorted(candidates, key=lambda c: (c.version, -c.tag_rank, c.build), reverse=True))


def disagreement(original: ProjectFile, mirrored: ProjectFile) -> bool:
    """Whether a mirror lists a file of the same name with another digest than the index that it mirrors."""
    ours = {digest.algorithm: digest.hex for digest in original.stated}
    return any(ours.get(digest.algorithm, digest.hex) != digest.hex for digest in mirrored.stated)


def mirror_differs(name: str, original: Index, ours: ProjectFile, mirror: Index, theirs: ProjectFile) -> Refused:
    """The refusal of a mirror that lists a file of the same name with other bytes."""
    width = max(len(original.name), len(mirror.name))
    return Refused.because(
        "mirror-differs",
        f"{mirror.name} is declared as a mirror of {mirror.mirror_of}, and has other bytes for a file of {name}",
        context=(
            ours.filename,
            *(f"{original.name:<{width}}  {digest}" for digest in ours.stated),
            *(f"{mirror.name:<{width}}  {digest}" for digest in theirs.stated),
        ),
        hint=f"find out which of the two is right; until then take `mirror-of` from {mirror.name}",
        origins=(mirror.origin,),
        subject=name,
    )
