"""What happens to candidates that are held back for their age, or yanked: when the search goes on, and when not.

Held back (`safepip.vetting.cooldown`). The search does not see such files and takes older ones, also by going back to
another version of the distribution that requires them. Where the user's own statements allow nothing else, no search
can help: the project is refused at once, with all others of the run. Where the search ends without an answer, and a
project would have fitting files but for their age, that is the refusal; but not for a project whose wheel the user
names by URL or path, since no file of an index would satisfy that, however old.

Yanked (PEP 592). As in pip, a yanked file is a candidate only where a specifier pins its version. Where the user pins
it, in a requirement, a constraint or by hash, it is taken. Where a dependency pins it, the user has not decided for a
file that its publisher withdrew, and it is refused (`yanked`); but only where it would be in the final answer, since
the search may find another way, as pip's does. Nothing of it is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.version import Version

from safepip.config.exemptions import overruling
from safepip.index.finder import is_pinned
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused
from safepip.model.exemption import Allowed
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Source
from safepip.resolution.nodes import ANY_VERSION, PYTHON, ImpossibleRequirement
from safepip.text.toml_writing import IN_CONFIGURATION, exception
from safepip.vetting.cooldown import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.specifiers import SpecifierSet

    from safepip.index.finder import Finder
    from safepip.model.candidate import Candidate, ProjectCandidates
    from safepip.model.digest import RequiredDigests
    from safepip.model.exemption import Exemption
    from safepip.resolution.catalog import Catalog
    from safepip.resolution.limits import Limit, Limits
    from safepip.resolution.nodes import ResolverRequirement

YANKED = "yanked"

#: Stands for every version, where a project is refused in all versions.
NO_VERSION = Version("0")


class RefusedIfChosen(Refused):
    """A refusal that only counts where the search ends with it: of one version, or with `NO_VERSION` of a project."""

    def __init__(self, diagnostic: Diagnostic, version: Version) -> None:
        super().__init__(diagnostic)
        self.version = version


def is_own(need: ResolverRequirement) -> bool:
    return need.origin.source is not Source.DISTRIBUTION


def check_held(
    finder: Finder,
    available: ProjectCandidates,
    needs: Sequence[ResolverRequirement],
    limit: Limit | None,
    hashes: RequiredDigests,
) -> None:
    """Raise `Refused` where the user's own statements allow nothing but files that are held back for their age."""
    own = [need for need in needs if is_own(need)]
    if own:
        found = _held(finder, available, own, limit, hashes)
        if found is not None:
            raise Refused(found)


def held_back(causes: Iterable[Any], finder: Finder, limits: Limits, catalog: Catalog) -> Refused | None:
    """The refusal for a search that failed with resolvelib's causes, where files were held back; else None."""
    needs: dict[str, list[ResolverRequirement]] = {}
    for cause in causes:
        need = cause.requirement
        impossible = need.name == PYTHON or isinstance(need, ImpossibleRequirement)
        if not impossible and not limits.names_wheel(need.project):
            needs.setdefault(need.project, []).append(need)
    problems = []
    for project, asked in needs.items():
        limit = limits.constraints.get(project)
        hashes = limit.hashes if limit is not None else ANY_BYTES
        available = catalog.candidates_for(project, [need.origin for need in asked]).available
        problems.append(_held(finder, available, asked, limit, hashes))
    found = [problem for problem in problems if problem is not None]
    return Refused(*found) if found else None


def _held(
    finder: Finder,
    available: ProjectCandidates,
    needs: Sequence[ResolverRequirement],
    limit: Limit | None,
    hashes: RequiredDigests,
) -> Diagnostic | None:
    """The diagnostic where only files that are held back fit these requirements; None where others fit, or none do."""
    specifier: SpecifierSet = ANY_VERSION if limit is None else limit.specifier
    for need in needs:
        specifier &= need.specifier
    held = finder.held(available, specifier, hashes)
    if not held or finder.applicable(available, specifier, hashes):
        return None
    return refusal(available.name, held, _askers(needs), [need.origin for need in needs])


def _askers(needs: Sequence[ResolverRequirement]) -> list[str]:
    return list(dict.fromkeys(f"required by {need.origin.chain()}" for need in needs))[:3]


def permitted(
    candidates: Sequence[Candidate],
    needs: Sequence[ResolverRequirement],
    limit: Limit | None,
    exemptions: Sequence[Exemption],
) -> Sequence[Candidate]:
    """The candidates without those that are yanked and pinned by a dependency alone.

    Either all of them are yanked or none is (`Finder.applicable`). Raises `RefusedIfChosen` where nothing is left.
    """
    if not candidates or candidates[0].file.yanked is None:
        return candidates
    own = [limit.specifier] if limit is not None else []
    own += [need.specifier for need in needs if is_own(need)]
    if any(map(is_pinned, own)):
        return candidates
    left = [candidate for candidate in candidates if yank_allowed(candidate, exemptions) is not None]
    if not left:
        raise RefusedIfChosen(_yanked(candidates[0], needs), candidates[0].version)
    return left


def yank_allowed(candidate: Candidate, exemptions: Sequence[Exemption]) -> Allowed | None:
    """The line of policy by which a yanked file may be taken although a dependency pins it."""
    file = candidate.file
    if file.yanked is None:
        return None
    line = overruling(exemptions, YANKED, candidate.name, file.filename, file.digests)
    return None if line is None else Allowed(YANKED, f"{printable(file.filename)} is yanked", line)


def _yanked(candidate: Candidate, needs: Sequence[ResolverRequirement]) -> Diagnostic:
    pins = [need for need in needs if need.pinned] or list(needs)
    reason = printable(candidate.file.yanked or "") or "none given"
    return Diagnostic(
        YANKED,
        f"{candidate} is yanked, and a dependency pins it",
        (printable(candidate.file.filename), f"reason: {reason}", *_askers(pins)),
        f"look for another version of {pins[0].origin.where.partition(' ')[0]}\n"
        f"if you have read the reason and want it, require it yourself: {candidate.name}=={candidate.version}\n"
        f"or write {IN_CONFIGURATION}"
        f"{exception(candidate.name, YANKED, candidate.file.filename, candidate.file.digests)}",
        tuple(need.origin for need in pins),
        candidate.name,
    )
