"""Which files of a page a target could ever install, in pip's order of preference, and why the others are rejected.

This is the first of two steps: it depends on the target alone (its tags and its Python version), and is what is
cached. The second, `finder`, applies a run's options, specifiers and hashes.

The preferences are pip's (its CandidateEvaluator): an allowed hash before none, then the version, then the
position of the best tag in the target's list, then the build tag; of files equal in all of these, the one
listed last. Source archives are listed apart from the wheels, and made candidates only where a run needs them
(`archives`): whether it may choose them is for `finder` to say.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename
from packaging.version import Version

from safepip.index.archives import ArchiveRow, ListedArchives
from safepip.index.same_files import contents_of
from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
from safepip.model.names import normalise
from safepip.model.wheel_names import LONGEST_NAME, read_wheel_name
from safepip.vetting.releases import archive_version, earliest, public, releases

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from packaging.tags import Tag

    from safepip.model.page import ProjectFile, ProjectPage
    from safepip.vetting.releases import Release

#: Why files of a version are rejected, the nearest to fitting last. `rejected` has the nearest one of a version.
_REASONS = ("sdist-only", "platform", "python", "requires-python")


class TagRanks:
    """The position of a wheel's best tag in a target's list; tag sets are remembered, they repeat a lot."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        self._ranks: dict[tuple[str, str, str], int] = {}
        for position, tag in enumerate(tags):
            self._ranks.setdefault((tag.interpreter, tag.abi, tag.platform), position)
        self._names = [frozenset(names) for names in zip(*self._ranks, strict=True)] or [frozenset[str]()] * 3
        self._known: dict[str, int | None] = {}

    def has_platform(self, platforms: str) -> bool:
        """Whether the target has one of these platforms: a wheel that does not fit is then for another Python."""
        return not self._names[2].isdisjoint(platforms.lower().split("."))

    def best(self, interpreters: str, abis: str, platforms: str) -> int | None:
        """The best position of a compressed tag set (PEP 425), None where nothing is supported."""
        key = f"{interpreters}-{abis}-{platforms}".lower()
        try:
            return self._known[key]
        except KeyError:
            pass
        # Of a set of names those count that the target knows: the product of three long ones takes for ever.
        known = [
            names.intersection(text.lower().split("."))
            for names, text in zip(self._names, (interpreters, abis, platforms), strict=True)
        ]
        positions = (self._ranks.get(tag) for tag in product(*known))
        rank = self._known[key] = min((p for p in positions if p is not None), default=None)
        return rank


class PythonVersions:
    """Whether `Requires-Python` values admit the target's Python; values are remembered."""

    def __init__(self, version: str, *, ignore: bool = False) -> None:
        self.version = Version(version)
        self._ignore = ignore
        self._known: dict[str, bool] = {}

    def admitted_by(self, requires_python: str | None) -> bool:
        """An invalid specifier admits every Python, as it does for pip."""
        if not requires_python or self._ignore:
            return True
        try:
            return self._known[requires_python]
        except KeyError:
            pass
        try:
            verdict = SpecifierSet(requires_python).contains(self.version, prereleases=True)
        except InvalidSpecifier:
            verdict = True
        except ValueError:
            verdict = False  # a number longer than Python reads: the answer is unknown, so nothing is admitted
        self._known[requires_python] = verdict
        return verdict


def wheels_of(name: str, version: Version, files: Iterable[ProjectFile]) -> list[ProjectFile]:
    """The wheels of one version among the files of a page, for whatever target, in the order of the page."""
    found = []
    for file in files:
        try:
            project, its_version, _, _ = read_wheel_name(file.filename)
        except InvalidWheelFilename:
            continue
        if project == name and its_version == version:
            found.append(file)
    return found


class _Fitting(NamedTuple):
    """A wheel that the target can install. `text` is its version as its name spells it."""

    version: Version
    tag_rank: int
    build: tuple[int, str] | tuple[()]
    file: ProjectFile
    text: str


def candidates_for(page: ProjectPage, ranks: TagRanks, pythons: PythonVersions) -> ProjectCandidates:
    """Reduce a page to the wheels that the target can install, best first, the versions without one, and the source
    archives.

    Files of another project, with a name that no standard describes, or of unknown kinds are left out,
    as pip leaves them out.
    """
    fitting: list[_Fitting] = []
    nearest: dict[str, tuple[int, str, ProjectFile]] = {}
    by_text: dict[str, list[ProjectFile]] = {}
    archives: list[tuple[str, ProjectFile]] = []
    for file in page.files:
        if len(file.filename) > LONGEST_NAME:
            continue
        if file.filename.endswith(".whl"):
            text, nearness, detail = _judge_wheel(page.name, file, ranks, pythons, fitting)
        else:
            text, nearness, detail = archive_version(page.name, file.filename), 0, ""
            if text is not None:
                archives.append((text, file))
        if text is None:
            continue
        by_text.setdefault(text, []).append(file)
        if nearness is not None:
            best = nearest.get(text)
            if best is None or nearness > best[0]:
                nearest[text] = (nearness, detail, file)
    served = {wheel.text for wheel in fitting}
    known = releases(by_text, {wheel.text: wheel.version for wheel in fitting})
    candidates = _candidates(page.name, fitting, known)
    left = {text: found for text, found in nearest.items() if text not in served}
    admitted = {text for text, file in archives if text in left and pythons.admitted_by(file.requires_python)}
    return ProjectCandidates(
        name=page.name,
        candidates=candidates,
        rejected=_rejected(left, candidates, known, admitted),
        status=page.status,
        status_reason=page.status_reason,
        files=len(page.files),
        dropped=page.dropped,
        born=earliest([file.upload_time for file in page.files]),
        contents=contents_of(page),
        sources=_sources(page.name, archives, known, pythons) if archives else (),
    )


def _sources(
    name: str, archives: Sequence[tuple[str, ProjectFile]], known: Mapping[str, Release], pythons: PythonVersions
) -> ListedArchives:
    """The source archives that the target's Python is admitted by, in the order of the page."""

    def rows() -> Iterator[ArchiveRow]:
        for text, file in archives:
            if pythons.admitted_by(file.requires_python):
                yield ArchiveRow(text, known[text].first, file)

    return ListedArchives(name, rows)


def _candidates(name: str, fitting: list[_Fitting], known: Mapping[str, Release]) -> tuple[Candidate, ...]:
    """The candidates, best first, each with what is known of its release."""
    # Python's sort is stable, and pip reads its ascending list backwards: of equals the last listed is first.
    fitting.sort(key=lambda w: (w.version, -w.tag_rank, w.build))
    fitting.reverse()
    in_time = {public(wheel.version) for wheel in fitting if not known[wheel.text].is_late(wheel.file)}
    return tuple(
        Candidate(
            name,
            wheel.version,
            wheel.file,
            wheel.tag_rank,
            wheel.build,
            known[wheel.text].first,
            known[wheel.text].is_for_new_python(wheel.file) and public(wheel.version) not in in_time,
        )
        for wheel in fitting
    )


def _judge_wheel(
    name: str, file: ProjectFile, ranks: TagRanks, pythons: PythonVersions, fitting: list[_Fitting]
) -> tuple[str | None, int | None, str]:
    """Add the wheel to `fitting`, or say why it is rejected: its version as text, a position in `_REASONS`, the
    detail."""
    parts = file.filename[:-4].split("-")
    if len(parts) not in (5, 6):  # name-version(-build)?-python-abi-platform
        return None, None, ""
    rank = ranks.best(*parts[-3:])
    if rank is None or not pythons.admitted_by(file.requires_python):
        if normalise(parts[0]) != name:
            return None, None, ""
        if rank is None:
            return parts[1], 2 if ranks.has_platform(parts[-1]) else 1, "-".join(parts[-3:])
        return parts[1], 3, file.requires_python or ""
    try:
        project, version, build, _ = read_wheel_name(file.filename)
    except ValueError:
        return None, None, ""
    if project != name:
        return None, None, ""
    fitting.append(_Fitting(version, rank, build, file, parts[1]))
    return parts[1], None, ""


def _rejected(
    nearest: Mapping[str, tuple[int, str, ProjectFile]],
    candidates: Sequence[Candidate],
    known: Mapping[str, Release],
    admitted: Container[str],
) -> tuple[RejectedVersion, ...]:
    """The versions without a candidate, newest first. `admitted` are the spellings of those with a source archive
    whose Requires-Python admits the target's Python."""
    texts = {str(c.version) for c in candidates}
    left = [(text, found) for text, found in nearest.items() if text not in texts]
    # `1` and `1.0` are one version; comparing them takes longer and is seldom needed.
    served = {c.version for c in candidates} if left else set[Version]()
    rejected: dict[Version, RejectedVersion] = {}
    for text, (nearness, detail, file) in left:
        try:
            version = Version(text)
        except ValueError:
            continue
        if version in served:
            continue
        best, has_archive = rejected.get(version), text in admitted
        if best is None or _REASONS.index(best.reason) < nearness:
            if nearness == 0 and not has_archive:
                detail = f"for Python {file.requires_python}"
            has_archive = has_archive or (best is not None and best.has_archive)
            rejected[version] = RejectedVersion(
                version, _REASONS[nearness], detail, file.yanked is not None, known[text].first, has_archive
            )
        elif has_archive:
            rejected[version] = best._replace(has_archive=True)
    return tuple(sorted(rejected.values(), key=lambda f: f.version, reverse=True))
