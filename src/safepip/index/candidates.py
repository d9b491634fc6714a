"""Which files of a page may be candidates, in pip's order of preference, and why the others fell.

Two steps, because they depend on different things and the first is worth caching:

`candidates_for` reduces a page to what one target (its tags and its Python version) could ever install.
`Finder` applies a run's options, specifiers and hashes to a shelf, and holds back what is too young or came late
(`ages`).

The preferences are pip's (its CandidateEvaluator): an allowed hash before none, then the version, then the
position of the best tag in the target's list, then the build tag; of files equal in all of these, the one
listed last. Yanked files are passed over unless nothing else is left and the version is pinned (PEP 592).
Pre-releases are taken as packaging's specifiers take them (PEP 440), unless an option decides.
Source archives are never candidates here: their metadata cannot be had without running their code.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename
from packaging.version import Version

from safepip.index.same_files import contents_of
from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.wheel_names import LONGEST_NAME, read_wheel_name
from safepip.vetting.releases import archive_version, earliest, public, releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.tags import Tag

    from safepip.model.digest import Demand
    from safepip.model.page import ProjectFile, ProjectPage
    from safepip.model.plan import Selection
    from safepip.vetting.ages import AgeRules, Held
    from safepip.vetting.releases import Release

#: How far a version got, the best fate of its files last. `rejected` tells the best one of a version.
_FATES = ("sdist-only", "platform", "python", "requires-python")


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
            verdict = False  # a number longer than Python reads: nobody can tell, so nothing is admitted
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
    """Reduce a page to the wheels that the target can install, best first, and the versions without one.

    Files of another project, with a name that no standard describes, or of unknown kinds are left out,
    as pip leaves them out.
    """
    fitting: list[_Fitting] = []
    fates: dict[str, tuple[int, str, ProjectFile]] = {}
    by_text: dict[str, list[ProjectFile]] = {}
    for file in page.files:
        if len(file.filename) > LONGEST_NAME:
            continue
        if file.filename.endswith(".whl"):
            text, fate, detail = _judge_wheel(page.name, file, ranks, pythons, fitting)
        else:
            text, fate, detail = archive_version(page.name, file.filename), 0, ""
        if text is None:
            continue
        by_text.setdefault(text, []).append(file)
        if fate is not None:
            best = fates.get(text)
            if best is None or fate > best[0]:
                fates[text] = (fate, detail, file)
    served = {wheel.text for wheel in fitting}
    known = releases(by_text, {wheel.text: wheel.version for wheel in fitting})
    candidates = _candidates(page.name, fitting, known)
    return ProjectCandidates(
        name=page.name,
        candidates=candidates,
        rejected=_rejected({text: fate for text, fate in fates.items() if text not in served}, candidates, known),
        status=page.status,
        status_reason=page.status_reason,
        files=len(page.files),
        dropped=page.dropped,
        born=earliest([file.upload_time for file in page.files]),
        contents=contents_of(page),
    )


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
            known[wheel.text].awaited(wheel.file) and public(wheel.version) not in in_time,
        )
        for wheel in fitting
    )


def _judge_wheel(
    name: str, file: ProjectFile, ranks: TagRanks, pythons: PythonVersions, fitting: list[_Fitting]
) -> tuple[str | None, int | None, str]:
    """Add the wheel to `fitting`, or say how far it got: its version as text, its fate, the detail."""
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
    fates: Mapping[str, tuple[int, str, ProjectFile]], candidates: Sequence[Candidate], known: Mapping[str, Release]
) -> tuple[RejectedVersion, ...]:
    texts = {str(c.version) for c in candidates}
    left = [(text, fate) for text, fate in fates.items() if text not in texts]
    # `1` and `1.0` are one version; comparing them takes longer and is seldom needed.
    served = {c.version for c in candidates} if left else set[Version]()
    rejected: dict[Version, RejectedVersion] = {}
    for text, (fate, detail, file) in left:
        try:
            version = Version(text)
        except ValueError:
            continue
        if version in served:
            continue
        best = rejected.get(version)
        if best is None or _FATES.index(best.reason) < fate:
            rejected[version] = RejectedVersion(
                version, _FATES[fate], detail, file.yanked is not None, known[text].first
            )
    return tuple(sorted(rejected.values(), key=lambda f: f.version, reverse=True))


class _Found(NamedTuple):
    """What was found out of one shelf. The shelf is kept, so that no other can take its place in memory."""

    available: ProjectCandidates
    offered: tuple[Candidate, ...]
    usable: tuple[Candidate, ...]
    held: dict[Candidate, Held]
    applicable: dict[tuple[str, Demand], list[Candidate]]


class Finder:
    """Applies one run's options to shelves. Answers are remembered: a resolver asks the same again and again.

    What is remembered is of the very shelf that was asked about: of one project there can be several, such as that of
    an index and the one that is made of it and its mirrors.
    """

    def __init__(self, selection: Selection, ages: AgeRules | None = None) -> None:
        self.selection = selection
        self.ages = ages
        self._found: dict[int, _Found] = {}

    def applicable(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: Demand = ANY_BYTES
    ) -> list[Candidate]:
        """The candidates for a specifier, best first, yanked ones left out by PEP 592's rule.

        A file whose own digests exclude what `hashes` demands is none. Where they are of other algorithms, or there are
        none, the bytes decide after the download. Raises `Unavailable` (`undated-file`) where
        `--uploaded-prior-to` meets an index that dates nothing, as pip does; `Refused` (`hash-mismatch`)
        where the page offers files for the specifier and none of them can have an allowed hash.
        """
        found, key = self._of(available), (str(specifier), hashes)
        try:
            return found.applicable[key]
        except KeyError:
            pass
        chosen = list(
            specifier.filter(
                found.usable,
                prereleases=self.selection.allows_prereleases(available.name),
                key=lambda candidate: candidate.version,
            )
        )
        if hashes and chosen:
            chosen = _allowed(available.name, chosen, hashes)
        if any(c.file.yanked is not None for c in chosen):
            chosen = _without_yanked(chosen, specifier)
        found.applicable[key] = chosen
        return chosen

    def usable(self, available: ProjectCandidates) -> tuple[Candidate, ...]:
        """The candidates that the options and the rules on ages allow, whatever the specifier."""
        return self._of(available).usable

    def _of(self, available: ProjectCandidates) -> _Found:
        try:
            return self._found[id(available)]
        except KeyError:
            pass
        offered = self._by_options(available)
        usable, held = (offered, ()) if self.ages is None else self.ages.sift(available, offered)
        found = self._found[id(available)] = _Found(available, offered, usable, {h.candidate: h for h in held}, {})
        return found

    def offered(self, available: ProjectCandidates) -> tuple[Candidate, ...]:
        """The candidates that the options allow, whatever their age."""
        return self._of(available).offered

    def held_candidate(self, available: ProjectCandidates, candidate: Candidate) -> Held | None:
        """Why a candidate is held back for its age; None where it is not."""
        return self._of(available).held.get(candidate)

    def held(self, available: ProjectCandidates, specifier: SpecifierSet, hashes: Demand = ANY_BYTES) -> list[Held]:
        """The candidates for a specifier, best first, that are held back for their age and would else be offered."""
        held = self._of(available).held
        return [held[c] for c in self._regardless(available, specifier, hashes) if c in held] if held else []

    def passed_over(
        self, available: ProjectCandidates, version: Version, chosen: Candidate | None, specifier: SpecifierSet
    ) -> Held | None:
        """The best candidate held back for its age that would have come before what was chosen: a candidate of this
        version, or, with None, the installed distribution of it."""
        held = self._of(available).held
        for candidate in self._regardless(available, specifier, ANY_BYTES) if held else ():
            if candidate is chosen or candidate.version < version or (chosen is None and candidate.version == version):
                return None
            if candidate in held:
                return held[candidate]
        return None

    def _regardless(self, available: ProjectCandidates, specifier: SpecifierSet, hashes: Demand) -> Sequence[Candidate]:
        """What `applicable` would be without the rules on ages."""
        offered = [c for c in self._of(available).offered if not hashes.excludes(c.file.stated)]
        allow = self.selection.allows_prereleases(available.name)
        found = list(specifier.filter(offered, prereleases=allow, key=lambda candidate: candidate.version))
        return _without_yanked(found, specifier)

    def _by_options(self, available: ProjectCandidates) -> tuple[Candidate, ...]:
        options = self.selection
        usable = available.candidates
        if options.leaves_out_wheels(available.name):
            usable = ()
        if options.uploaded_before is not None:
            usable = tuple(c for c in usable if self._early_enough(c))
        return usable

    def _early_enough(self, candidate: Candidate) -> bool:
        """pip's `--uploaded-prior-to`: local files are exempt, an index that does not date its files is an error."""
        uploaded = candidate.file.upload_time
        assert self.selection.uploaded_before is not None
        if candidate.file.url.startswith("file:"):
            return True
        if uploaded is None or any(word.uploaded is None for word in candidate.words):
            raise Unavailable.because(
                "undated-file",
                f"--uploaded-prior-to needs upload times, and the index of {candidate.name} gives none",
                context=(candidate.file.filename,),
                hint="ask the index for upload-time (PEP 700), or leave the option out",
                subject=candidate.name,
            )
        return uploaded < self.selection.uploaded_before

    def newer_without_wheel(
        self, available: ProjectCandidates, chosen: Version, specifier: SpecifierSet
    ) -> RejectedVersion | None:
        """The newest version above `chosen` that fits the specifier and exists as a source archive only."""
        allow = self.selection.allows_prereleases(available.name)
        before = self.selection.uploaded_before
        for rejected in available.rejected:
            if rejected.version <= chosen:
                return None
            if rejected.reason != "sdist-only" or rejected.yanked:
                continue
            if before is not None and (rejected.upload_time is None or rejected.upload_time >= before):
                continue
            if specifier.contains(rejected.version, prereleases=bool(allow)):
                return rejected
        return None


def _allowed(name: str, candidates: Sequence[Candidate], hashes: Demand) -> list[Candidate]:
    matching = [c for c in candidates if hashes.names(c.file.stated)]
    # What the page does not exclude the bytes decide. Statements that contradict each other exclude all.
    possible = [c for c in candidates if not (hashes.names(c.file.stated) or hashes.excludes(c.file.stated))]
    if not matching and not possible:
        best = candidates[0]
        raise Refused.because(
            "hash-mismatch",
            f"no file of {name} has a hash that the requirements allow",
            context=(
                f"the index offers {printable(best.file.filename)} with {next(iter(best.file.stated), 'no digest')}",
                *(f"allowed is {digest}" for digest in hashes.digests()[:5]),
            ),
            hint="if the new file is meant, look at what changed and write its hash in the requirements",
            subject=name,
        )
    return matching + possible  # an allowed hash before one that nobody knows


def is_pinned(specifier: SpecifierSet) -> bool:
    """Whether a specifier names one version: `===`, or `==` without a wildcard."""
    return any(s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*")) for s in specifier)


def _without_yanked(candidates: list[Candidate], specifier: SpecifierSet) -> list[Candidate]:
    """PEP 592: a yanked file only where everything that matches is yanked and the version is pinned."""
    good = [c for c in candidates if c.file.yanked is None]
    if not good and is_pinned(specifier):
        return candidates
    return good
