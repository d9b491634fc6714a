"""Decides which distributions to install: resolvelib's search over the catalogue, with pip's preferences.

`resolve` is the entrance. Statements become limits and requirements (`limits`, `roots`), the search visits nodes in
pip's order (`provider`, `search`), what it found becomes pins with their graph (`pins`), and a dead end is explained
(`conflicts`). A result is only given where nothing was refused on the way.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from resolvelib import ResolutionImpossible as _Impossible
from resolvelib import ResolutionTooDeep

from safepip.index.finder import Finder
from safepip.model.errors import Refused, ResolutionImpossible
from safepip.model.plan import UpgradeStrategy
from safepip.model.requirement import counts
from safepip.resolution.dependencies import Markers, Memory
from safepip.resolution.enforcement import NO_VERSION, held_back
from safepip.resolution.judged import JudgedCandidates
from safepip.resolution.limits import check_direct, collect_limits
from safepip.resolution.nodes import PYTHON, RefusedCandidate
from safepip.resolution.own_problems import own_problems, with_others
from safepip.resolution.pins import make_resolution
from safepip.resolution.provider import Provider
from safepip.resolution.roots import collect_roots
from safepip.resolution.search import MOST_ROUNDS, SearchResult, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from safepip.model.errors import SafepipError
    from safepip.model.finding import Diagnostic
    from safepip.model.resolution import Resolution
    from safepip.resolution.catalog import Catalog, Hint, Installed
    from safepip.resolution.inputs import ResolverInputs
    from safepip.resolution.limits import Limits
    from safepip.resolution.nodes import ResolverCandidate, ResolverRequirement
    from safepip.routing.table import Ambiguity
    from safepip.vetting.rules import VettingRules

#: How a search ends that finds no answer.
_Failure: TypeAlias = "_Impossible[ResolverRequirement, ResolverCandidate] | ResolutionTooDeep"


class AmbiguousName(Refused):
    """A name that no rule gives to an index. Collected during a resolution and reported with all others of the run."""

    def __init__(self, ambiguity: Ambiguity) -> None:
        from safepip.routing.ambiguities import explain_ambiguities

        super().__init__(*explain_ambiguities([ambiguity]))
        self.ambiguity = ambiguity


def resolve(
    inputs: ResolverInputs,
    *,
    catalog: Catalog,
    installed: Installed,
    rules: VettingRules,
    markers: Markers | None = None,
) -> Resolution:
    """Choose one version of everything that is needed.

    `rules` judge the projects and their files. `markers` evaluates markers in the target's environment, and knows
    afterwards which were asked for.

    Raises `Refused` with all refusals found, `ResolutionImpossible` with the conflict explained, and
    whatever `Unavailable` the catalogue raises.
    """
    environment = inputs.target.markers
    check_direct(inputs.statements, inputs.table, inputs.policy, environment)
    limits = collect_limits(inputs.statements, environment)
    catalog.expect_candidates(_hints(inputs, installed))
    finder = Finder(inputs.settings.selection, rules.ages, rules.builds, rules.build_hint)
    judged = partial(JudgedCandidates, catalog, rules.names, finder, inputs.policy.exemptions, inputs.preferences)
    search_with = partial(Provider, inputs, limits, catalog, installed, markers or Markers(environment))
    provider, found, others = _last_search(inputs, catalog, judged, search_with, limits)
    _raise_refusals(provider, found, others)
    if isinstance(found, SearchResult):
        return make_resolution(found, provider, limits, inputs, installed, catalog)
    raise with_others(_failure(found, provider, limits, catalog, inputs.target.version), others)


def _hints(inputs: ResolverInputs, installed: Installed) -> Iterator[Hint]:
    """The projects that will be asked for in any case."""
    settings = inputs.settings
    fresh = settings.force_reinstall or settings.upgrade is not UpgradeStrategy.TO_SATISFY_ONLY
    for requirement in inputs.statements.requirements:
        if requirement.url is not None or not counts(requirement, inputs.target.markers):
            continue
        if fresh or installed.get(requirement.name) is None:
            yield requirement.name, requirement.specifier, requirement.extras


def _last_search(
    inputs: ResolverInputs,
    catalog: Catalog,
    judged: Callable[[], JudgedCandidates],
    search_with: Callable[[JudgedCandidates, Memory], Provider],
    limits: Limits,
) -> tuple[Provider, SearchResult | _Failure, list[Diagnostic]]:
    """Search until a search has nothing to find out about the pages and metadata that it used. Where it found nothing,
    the last value is what is wrong with single requirements of the user, as far as that is no refusal."""
    memory, available = Memory(), judged()
    asked_again: set[str] = set()
    while True:
        unusable = len(memory.unusable)
        provider = search_with(available, memory)
        roots = collect_roots(inputs.statements, inputs.target.markers, provider)
        found = _searched(provider, roots)
        if len(memory.unusable) != unusable:
            continue  # some wheels turned out unusable, which pip would not have offered: search again without them
        others = own_problems(roots, provider, limits, catalog) if isinstance(found, _Impossible) else []
        blamed = (_blamed(provider, found) | {other.subject for other in others if other.subject}) - asked_again
        if not blamed or not catalog.ask_again(sorted(blamed)):
            return provider, found, others
        # What was missing, or spoke against a project, was read from pages of an earlier run, which have changed.
        asked_again |= blamed
        available = judged()


def _failure(found: _Failure, provider: Provider, limits: Limits, catalog: Catalog, python: str) -> SafepipError:
    """Why there is no answer, for the user."""
    if isinstance(found, ResolutionTooDeep):
        return ResolutionImpossible.because(
            "resolution-too-deep",
            f"no answer after {MOST_ROUNDS} rounds of search",
            hint="narrow the requirements: pin or bound the projects that have many versions",
        )
    for cause in found.causes:
        if cause.requirement.project in provider.memory.unsupported:
            return provider.memory.unsupported[cause.requirement.project]
    from safepip.resolution.conflicts import explain

    held = held_back(found.causes, provider.finder, limits, catalog)
    return held or explain(list(found.causes), provider, limits, catalog, python)


def _searched(provider: Provider, roots: Sequence[ResolverRequirement]) -> SearchResult | _Failure:
    """What one search found, or why it found nothing."""
    try:
        return search(provider, roots)
    except (_Impossible, ResolutionTooDeep) as failure:
        return failure
    except Refused as refusal:
        # Such as a file that may not be fetched from the place its index names: the search cannot go on after that.
        provider.note(refusal)
        return _Impossible([])


def _blamed(provider: Provider, found: object) -> set[str]:
    """The projects whose pages led to a dead end or a refusal, and those that required them; else none."""
    refusals = list(provider.refusals)
    if isinstance(found, SearchResult):
        refusals += [c.refusal for c in found.mapping.values() if isinstance(c, RefusedCandidate) and c.refusal]
    projects = {d.subject for refusal in refusals for d in refusal.diagnostics if d.subject}
    if isinstance(found, _Impossible):
        projects |= {cause.requirement.project for cause in found.causes if cause.requirement.name != PYTHON}
        projects |= {cause.parent.project for cause in found.causes if cause.parent is not None}
        projects |= {choice.project for choice in provider.stand_ins.values()}
    return projects - {PYTHON}


def _raise_refusals(provider: Provider, found: object, others: Sequence[Diagnostic]) -> None:
    """End the run with everything that was refused, and what else is wrong; ambiguous names share one block of TOML.

    A refusal that counts only if its candidate is chosen is reported where it is chosen, and where the search failed
    because of it: no index is asked for the versions of a refused project to explain a conflict with them.
    """
    refusals = list(provider.refusals)
    if isinstance(found, SearchResult):
        chosen = {c.project: c.refusal for c in found.mapping.values() if isinstance(c, RefusedCandidate)}
        refusals += [refusal for refusal in chosen.values() if refusal is not None]
    elif isinstance(found, _Impossible):
        failed = {cause.requirement.project for cause in found.causes}
        projects = {c.project: c.refusal for c in provider.stand_ins.values() if c.version is NO_VERSION}
        refusals += [refusal for project, refusal in projects.items() if refusal is not None and project in failed]
    ambiguous = [r.ambiguity for r in refusals if isinstance(r, AmbiguousName)]
    refused = [d for r in refusals if not isinstance(r, AmbiguousName) for d in r.diagnostics]
    if ambiguous:
        from safepip.routing.ambiguities import explain_ambiguities

        refused += explain_ambiguities(ambiguous)
    if refused:
        told = {diagnostic.subject for diagnostic in refused}
        raise Refused(*dict.fromkeys([*refused, *(other for other in others if other.subject not in told)]))
