"""Which of a project's candidates a run may choose: its options, specifiers and hashes applied, one after the other.

What is too young or came late is held back (`safepip.vetting.cooldown`). Yanked files are passed over unless nothing
else is left and the version is pinned (PEP 592). Pre-releases are taken as packaging's specifiers take them (PEP 440),
unless an option decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
    from safepip.model.digest import RequiredDigests
    from safepip.model.plan import Selection
    from safepip.vetting.cooldown import AgeRules, Held


class _Found(NamedTuple):
    """What was found for a project's candidates, which are kept, so that no others can take their place in memory."""

    available: ProjectCandidates
    offered: tuple[Candidate, ...]
    usable: tuple[Candidate, ...]
    held: dict[Candidate, Held]
    applicable: dict[tuple[str, RequiredDigests], list[Candidate]]


class Finder:
    """Applies one run's options to projects' candidates. Answers are remembered, since a resolver often asks the same.

    Answers are remembered for one `ProjectCandidates` object: a project can have several, such as that of an index and
    the one that is made from it and its mirrors.
    """

    def __init__(self, selection: Selection, ages: AgeRules | None = None) -> None:
        self.selection = selection
        self.ages = ages
        self._found: dict[int, _Found] = {}

    def applicable(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests = ANY_BYTES
    ) -> list[Candidate]:
        """The candidates for a specifier, best first, yanked ones left out by PEP 592's rule.

        A file whose own digests exclude what `hashes` demands is not a candidate. Where they are of other algorithms,
        or there are none, the bytes decide after the download. Raises `Unavailable` (`undated-file`) where
        `--uploaded-prior-to` meets an index without upload times, as pip does; `Refused` (`hash-mismatch`) where the
        page offers files for the specifier and none of them can have an allowed hash.
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

    def held(
        self, available: ProjectCandidates, specifier: SpecifierSet, hashes: RequiredDigests = ANY_BYTES
    ) -> list[Held]:
        """The candidates for a specifier, best first, that would be offered but for their age."""
        held = self._of(available).held
        return [held[c] for c in self._regardless(available, specifier, hashes) if c in held] if held else []

    def passed_over(
        self, available: ProjectCandidates, version: Version, chosen: Candidate | None, specifier: SpecifierSet
    ) -> Held | None:
        """The best candidate held back for its age that would have come before the chosen one: a candidate of this
        version, or, with None, the installed distribution of it."""
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
