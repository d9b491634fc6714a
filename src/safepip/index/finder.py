"""Which of a project's candidates a run may choose: its options, specifiers and hashes applied, one after the other.

What is too young or came late is held back (`safepip.vetting.cooldown`). Yanked files are passed over unless nothing
else is left and the version is pinned (PEP 592). Pre-releases are taken as packaging's specifiers take them (PEP 440),
unless an option decides.

Source archives are candidates where the build of their project is approved, and nowhere else. Between them and wheels
the order is pip's (its CandidateEvaluator): a file with an allowed hash before all others; with `--prefer-binary` every
wheel before every archive; then the version; then, of one version, the wheels before the archives. `--no-binary` leaves
archives only, `--only-binary` wheels only. The newest version of most projects has a wheel that fits, and then nothing
looks at the archives before the search asks for a second candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple, overload

from safepip.index.mirrors import best_first
from safepip.index.version_bounds import within
from safepip.model.candidate import Candidate
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.vetting.rules import never, no_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from safepip.model.candidate import ProjectCandidates, RejectedVersion
    from safepip.model.digest import RequiredDigests
    from safepip.model.plan import Selection
    from safepip.vetting.cooldown import AgeRules, Held


class _Found(NamedTuple):
    """What was found for a project's candidates, which are kept, so that no others can take their place in memory."""

    available: ProjectCandidates
    offered: tuple[Candidate, ...]
    usable: tuple[Candidate, ...]
    held: dict[Candidate, Held]
    applicable: dict[tuple[str, RequiredDigests], Sequence[Candidate]]


class _OneAndMore(Sequence[Candidate]):
    """Candidates of which the first is known, and the others are found where they are looked at; `find` gives all."""

    def __init__(self, first: Candidate, find: Callable[[], list[Candidate]]) -> None:
        self._first = first
        self._find = find
        self._found: list[Candidate] | None = None

    def _all(self) -> list[Candidate]:
        if self._found is None:
            self._found = self._find()
        return self._found

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Candidate]:
        yield self._first
        yield from islice(self._all(), 1, None)

    @overload
    def __getitem__(self, position: int) -> Candidate: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Candidate]: ...

    def __getitem__(self, position: int | slice) -> Candidate | Sequence[Candidate]:
        return self._first if position == 0 else self._all()[position]


class Finder:
    """Applies one run's options to projects' candidates. Answers are remembered, since a resolver often asks the same.

    Answers are remembered for one `ProjectCandidates` object: a project can have several, such as that of an index and
    the one that is made from it and its mirrors. `builds` says of a project, by its name, whether its build is
    approved, and `build_hint` what would approve it; no wheel that comes first in any case makes them be asked.
    """

    def __init__(
        self,
        selection: Selection,
        ages: AgeRules | None = None,
        builds: Callable[[str], bool] = never,
        build_hint: Callable[[str], str] = no_hint,
    ) -> None:
        self.selection = selection
        self.ages = ages
        self._builds = builds
        self.build_hint = build_hint
        self._approved: dict[str, bool] = {}
        self._found: dict[int, _Found] = {}
        self._considered: dict[int, tuple[ProjectCandidates, ProjectCandidates]] = {}

    def takes_archives(self, name: str) -> bool:
        """Whether a source archive of the project may be chosen: its build is approved, and no option is against it."""
        try:
            return self._approved[name]
        except KeyError:
            pass
        found = self._approved[name] = not self.selection.leaves_out_archives(name) and self._builds(name)
        return found

    def considered(self, available: ProjectCandidates) -> ProjectCandidates:
        """The project with its source archives among the candidates, where they may be chosen. Their versions are then
        no longer among the rejected."""
        if available.sources == () or not self.takes_archives(available.name):
            return available
        try:
            return self._considered[id(available)][1]
        except KeyError:
            pass
        served = {archive.version for archive in available.sources}
        both = available._replace(
            candidates=best_first([*available.candidates, *available.sources]),
            rejected=tuple(rejected for rejected in available.rejected if rejected.version not in served),
            sources=(),
        )
        # What it was made of is kept too, so that no other can take its place in memory.
        self._considered[id(available)] = self._considered[id(both)] = (available, both)
        return both

    def applicable(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests = ANY_BYTES
    ) -> Sequence[Candidate]:
        """The candidates for a specifier, best first, yanked ones left out by PEP 592's rule.

        A file whose own digests exclude what `hashes` demands is not a candidate. Where they are of other algorithms,
        or there are none, the bytes decide after the download. Raises `Unavailable` (`undated-file`) where
        `--uploaded-prior-to` meets an index without upload times, as pip does; `Refused` (`hash-mismatch`) where the
        page offers files for the specifier and none of them can have an allowed hash. What is behind the first may be
        found out, and raised, only when it is looked at.
        """
        found, key = self._of(available), (str(specifier), hashes)
        try:
            return found.applicable[key]
        except KeyError:
            pass
        first = self._certain(available, specifier, hashes)
        chosen: Sequence[Candidate]
        if first is None:
            chosen = self._chosen(self.considered(available), specifier, hashes)
        else:
            chosen = _OneAndMore(first, lambda: self._chosen(self.considered(available), specifier, hashes))
        found.applicable[key] = chosen
        return chosen

    def _chosen(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests
    ) -> list[Candidate]:
        """As `applicable`, of the candidates alone."""
        chosen = self._fitting(available, specifier)
        if hashes and chosen:
            chosen = _allowed(available.name, chosen, hashes)
        if any(c.file.yanked is not None for c in chosen):
            chosen = _without_yanked(chosen, specifier)
        return chosen

    def _fitting(self, available: ProjectCandidates, specifier: SpecifierSet) -> list[Candidate]:
        """The usable candidates whose versions a specifier admits."""
        usable = self._of(available).usable
        # With `--prefer-binary` they are in another order than that of their versions.
        return self._filtered(usable if self.selection.prefer_binary else within(usable, specifier), specifier)

    def _filtered(self, candidates: Sequence[Candidate], specifier: SpecifierSet) -> list[Candidate]:
        """The candidates, all of one project, whose versions a specifier admits."""
        allow = self.selection.allows_prereleases(candidates[0].name) if candidates else None
        return list(specifier.filter(candidates, prereleases=allow, key=lambda candidate: candidate.version))

    def _certain(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests
    ) -> Candidate | None:
        """The wheel that comes first whatever source archives there are; None where they have to be looked at, or
        where there is no question of them."""
        if self.selection.leaves_out_archives(available.name) or isinstance(available.sources, tuple):
            return None
        fitting = self._fitting(available, specifier)
        good = [c for c in fitting if c.file.yanked is None and (not hashes or hashes.names(c.file.stated))]
        if not good:
            return None
        first = good[0]
        if first.version.is_prerelease and not self._counts_prereleases(available.name, specifier):
            return None  # only because no wheel is a final release: an archive may be one
        sure = self.selection.prefer_binary or not self._may_be_above(available, first.version, specifier)
        return first if sure else None

    def _counts_prereleases(self, name: str, specifier: SpecifierSet) -> bool:
        """Whether pre-releases count as other versions do."""
        allow = self.selection.allows_prereleases(name)
        return bool(specifier.prereleases) if allow is None else allow

    def _may_be_above(self, available: ProjectCandidates, version: Version, specifier: SpecifierSet) -> bool:
        """Whether a source archive of a later version may satisfy a specifier. Versions that have an archive beside a
        wheel count where the wheel may not be chosen: which have one, only the archives say."""
        later = [c.version for c in takewhile(lambda c: c.version > version, available.candidates)]
        later += [r.version for r in takewhile(lambda r: r.version > version, available.rejected) if r.has_archive]
        prereleases = self._counts_prereleases(available.name, specifier)
        return any(specifier.contains(one, prereleases=prereleases) for one in later)

    def usable(self, available: ProjectCandidates) -> tuple[Candidate, ...]:
        """The candidates that the options and the rules on ages allow, whatever the specifier."""
        return self._of(self.considered(available)).usable

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
        return self._of(self.considered(available)).offered

    def held_candidate(self, available: ProjectCandidates, candidate: Candidate) -> Held | None:
        """Why a candidate is held back for its age; None where it is not."""
        return self._of(available if candidate.is_wheel else self.considered(available)).held.get(candidate)

    def held(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests = ANY_BYTES
    ) -> list[Held]:
        """The candidates for a specifier, best first, that would be offered but for their age; it may be empty where a
        wheel is offered that no archive comes before."""
        if self._certain(available, specifier, hashes) is not None:
            return []
        available = self.considered(available)
        held = self._of(available).held
        return [held[c] for c in self._regardless(available, specifier, hashes) if c in held] if held else []

    def passed_over(
        self, available: ProjectCandidates, version: Version, chosen: Candidate | None, specifier: SpecifierSet
    ) -> Held | None:
        """The best candidate held back for its age that would have come before the chosen one: a candidate of this
        version, or, with None, the installed distribution of it."""
        is_archive = chosen is not None and not chosen.is_wheel
        if is_archive or self._may_be_above(available, version, specifier):
            available = self.considered(available)
        held = self._of(available).held
        for candidate in self._regardless(available, specifier, ANY_BYTES) if held else ():
            if candidate is chosen or candidate.version < version or (chosen is None and candidate.version == version):
                return None
            if candidate in held:
                return held[candidate]
        return None

    def _regardless(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests
    ) -> Sequence[Candidate]:
        """What `applicable` would be without the rules on ages."""
        offered = [c for c in self._of(available).offered if not hashes.excludes(c.file.stated)]
        return _without_yanked(self._filtered(offered, specifier), specifier)

    def _by_options(self, available: ProjectCandidates) -> tuple[Candidate, ...]:
        options = self.selection
        usable = available.candidates
        if options.leaves_out_wheels(available.name):
            usable = tuple(c for c in usable if not c.is_wheel)
        if options.uploaded_before is not None:
            usable = tuple(c for c in usable if self._early_enough(c))
        if options.prefer_binary and not all(c.is_wheel for c in usable):
            usable = tuple(sorted(usable, key=lambda c: not c.is_wheel))
        return usable

    def _early_enough(self, candidate: Candidate) -> bool:
        """pip's `--uploaded-prior-to`: local files are exempt, an index that does not date its files is an error."""
        uploaded = candidate.file.upload_time
        assert self.selection.uploaded_before is not None
        if candidate.file.url.startswith("file:"):
            return True
        if uploaded is None or any(statement.uploaded is None for statement in candidate.age_statements):
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
        """The newest version above `chosen` that fits the specifier and exists as a source archive only, where archives
        may not be chosen."""
        allow = self.selection.allows_prereleases(available.name)
        before = self.selection.uploaded_before
        for rejected in available.rejected:
            if rejected.version <= chosen:
                return None
            if rejected.reason != "sdist-only" or rejected.yanked or not rejected.has_archive:
                continue
            if before is not None and (rejected.upload_time is None or rejected.upload_time >= before):
                continue
            if specifier.contains(rejected.version, prereleases=bool(allow)):
                return None if self.takes_archives(available.name) else rejected
        return None


def _allowed(name: str, candidates: Sequence[Candidate], hashes: RequiredDigests) -> list[Candidate]:
    matching = [c for c in candidates if hashes.names(c.file.stated)]
    # Where the page does not exclude a file, its bytes decide. Statements that contradict each other exclude all.
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
            hint="if you want the new file, look at what changed, and write its hash into the requirements",
            subject=name,
        )
    return matching + possible  # files with an allowed hash before files whose hash is not known yet


def is_pinned(specifier: SpecifierSet) -> bool:
    """Whether a specifier names one version: `===`, or `==` without a wildcard."""
    return any(s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*")) for s in specifier)


def _without_yanked(candidates: list[Candidate], specifier: SpecifierSet) -> list[Candidate]:
    """PEP 592: a yanked file only where everything that matches is yanked and the version is pinned."""
    good = [c for c in candidates if c.file.yanked is None]
    if not good and is_pinned(specifier):
        return candidates
    return good
