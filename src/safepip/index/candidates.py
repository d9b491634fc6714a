"""Which files of a page a target could ever install, in pip's order of preference, and why the others are rejected.

This is the first of two steps: it depends on the target alone (its tags and its Python version), and is what is
cached. The second, `finder`, applies a run's options, specifiers and hashes.

The preferences are pip's (its CandidateEvaluator): an allowed hash before none, then the version, then the
position of the best tag in the target's list, then the build tag; of files equal in all of these, the one
listed last. Source archives are listed apart from the wheels, and made candidates only where a run needs them
(`archives`): whether it may choose them is for `finder` to say.
"""

from __future__ import annotations

from functools import cache, partial
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename
from packaging.version import Version

from safepip.index.archives import ArchiveRow, ListedArchives
from safepip.index.page_files import columns_of
from safepip.index.same_files import contents_of
from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
from safepip.model.names import normalise
from safepip.model.wheel_names import LONGEST_NAME, read_wheel_name
from safepip.vetting.releases import archive_version, earliest, public, releases

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import BuildTag

    from safepip.index.page_files import Columns
    from safepip.model.page import ProjectFile, ProjectPage
    from safepip.vetting.releases import Dated, Release

#: Why files of a version are rejected, the nearest to fitting last. `rejected` has the nearest one of a version.
_REASONS = ("sdist-only", "platform", "python", "requires-python")
#: Of a wheel that is not rejected.
_FITS = -1


class _Tagged(NamedTuple):
    """What the end of a wheel's name says: `rank` is the position of its best tag, None where the target supports none;
    `nearness` is then a position in `_REASONS`, None where it is the end of no wheel's name."""

    rank: int | None
    nearness: int | None


class TagRanks:
    """The position of a wheel's best tag in a target's list; tag sets are remembered, they repeat a lot."""

    def __init__(self, tags: Iterable[str]) -> None:
        self._ranks: dict[tuple[str, str, str], int] = {}
        for position, tag in enumerate(tags):
            interpreter, abi, platform = tag.split("-")
            self._ranks.setdefault((interpreter, abi, platform), position)
        self._names = [frozenset(names) for names in zip(*self._ranks, strict=True)] or [frozenset[str]()] * 3
        self._known: dict[str, int | None] = {}
        self.of_end = cache(self._of_end)
        """What the end of a wheel's name says, from its build tag or its tags on: `1-py3-none-any.whl`."""

    def _of_end(self, end: str) -> _Tagged:
        parts = end[:-4].split("-")
        if len(parts) not in (3, 4):  # (build-)?python-abi-platform
            return _Tagged(None, None)
        # Where the target has the platform, a wheel that does not fit is for another Python.
        here = not self._names[2].isdisjoint(parts[-1].lower().split("."))
        return _Tagged(self.best(*parts[-3:]), _REASONS.index("python" if here else "platform"))

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


class _Names:
    """Sorts the files of a page by what their names say; those that are not needed whole by their place on it.

    `nearest` is for each spelling of a version how near its nearest file is to fitting, and that file; `releases` are
    name and upload time of all files of a spelling; `archives` are spelling and place.
    """

    def __init__(self, page: ProjectPage, ranks: TagRanks, pythons: PythonVersions) -> None:
        self._name, self._files = page.name, page.files
        self._ranks, self._pythons = ranks, pythons
        self._is_mine = cache(lambda project: normalise(project) == page.name)
        self._build_of = cache(partial(_read_build, page.name))
        self.fitting: list[_Fitting] = []
        self.nearest: dict[str, tuple[int, int]] = {}
        self.releases: dict[str, list[Dated]] = {}
        self.archives: list[tuple[str, int]] = []

    def sort(self, columns: Columns) -> None:
        """Look at the name of each file, and at its Requires-Python."""
        of_end, is_mine, releases = self._ranks.of_end, self._is_mine, self.releases
        dated = zip(columns.filenames, columns.uploaded, strict=True)
        for place, (file, requires_python) in enumerate(zip(dated, columns.pythons, strict=True)):
            filename, _ = file
            if len(filename) > LONGEST_NAME:
                continue
            # Most files of a long page are wheels for other targets: they need no further call.
            if filename.endswith(".whl"):
                project, _, rest = filename.partition("-")
                text, _, end = rest.partition("-")
                rank, nearness = of_end(end)
                if rank is not None:
                    nearness = self._supported(place, rank, filename, requires_python)
                elif not is_mine(project):
                    continue
            else:
                text, nearness = self._archive(place, filename)
            if nearness is None:
                continue
            if text in releases:
                releases[text].append(file)
            else:
                releases[text] = [file]
            if nearness != _FITS and (text not in self.nearest or nearness > self.nearest[text][0]):
                self.nearest[text] = nearness, place

    def _supported(self, place: int, rank: int, filename: str, requires_python: str | None) -> int | None:
        """Add a wheel whose tags the target supports to `fitting`, or say why not: a position in `_REASONS`, None where
        it is not of this project."""
        written, text, end = filename.split("-", 2)
        if not self._pythons.admitted_by(requires_python):
            return _REASONS.index("requires-python") if self._is_mine(written) else None
        build = self._build_of(written, end)
        if build is None:
            return None
        try:
            version = Version(text)
        except ValueError:
            return None
        self.fitting.append(_Fitting(version, rank, build, self._files[place], text))
        return _FITS

    def _archive(self, place: int, filename: str) -> tuple[str, int | None]:
        """Add a source archive of this project to `archives`; its version as text, and as `_supported`."""
        text = archive_version(self._name, filename)
        if text is None:
            return "", None
        self.archives.append((text, place))
        return text, _REASONS.index("sdist-only")


def _read_build(name: str, written: str, end: str) -> BuildTag | None:
    """The build tag of a wheel by the parts of its name around the version, which repeat; None where they are not those
    of a wheel of this project. Each part of such a name is read for itself."""
    try:
        project, _, build, _ = read_wheel_name(f"{written}-0-{end}")
    except ValueError:
        return None
    return build if project == name else None


def candidates_for(page: ProjectPage, ranks: TagRanks, pythons: PythonVersions) -> ProjectCandidates:
    """Reduce a page to the wheels that the target can install, best first, the versions without one, and the source
    archives.

    Files of another project, with a name that no standard describes, or of unknown kinds are left out,
    as pip leaves them out.
    """
    files, columns, names = page.files, columns_of(page.files), _Names(page, ranks, pythons)
    names.sort(columns)
    versions = {wheel.text: wheel.version for wheel in names.fitting}
    known = releases(names.releases, versions)
    candidates = _candidates(page.name, names.fitting, known)
    left = {text: (near, files[place]) for text, (near, place) in names.nearest.items() if text not in versions}
    archives = [(text, files[place]) for text, place in names.archives]
    admitted = {text for text, file in archives if text in left and pythons.admitted_by(file.requires_python)}
    return ProjectCandidates(
        name=page.name,
        candidates=candidates,
        rejected=_rejected(left, candidates, known, admitted),
        status=page.status,
        status_reason=page.status_reason,
        files=len(files),
        dropped=page.dropped,
        born=earliest(columns.uploaded),
        contents=contents_of(page, columns),
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


def _rejected(
    nearest: Mapping[str, tuple[int, ProjectFile]],
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
    for text, (nearness, file) in left:
        try:
            version = Version(text)
        except ValueError:
            continue
        if version in served:
            continue
        best, has_archive = rejected.get(version), text in admitted
        if best is None or _REASONS.index(best.reason) < nearness:
            has_archive = has_archive or (best is not None and best.has_archive)
            rejected[version] = RejectedVersion(
                version,
                _REASONS[nearness],
                _detail(nearness, file, has_archive=text in admitted),
                file.yanked is not None,
                known[text].first,
                has_archive,
            )
        elif has_archive:
            rejected[version] = best._replace(has_archive=True)
    return tuple(sorted(rejected.values(), key=lambda f: f.version, reverse=True))


def _detail(nearness: int, file: ProjectFile, *, has_archive: bool) -> str:
    """What a file that does not fit is for: `RejectedVersion.detail`."""
    match _REASONS[nearness]:
        case "requires-python":
            return file.requires_python or ""
        case "sdist-only":
            return "" if has_archive else f"for Python {file.requires_python}"
        case _:
            return "-".join(file.filename[:-4].split("-")[-3:])
