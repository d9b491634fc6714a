"""Explains why no set of distributions satisfies all requirements: who requires what, along which chain, and
which versions were looked at. pip's own sentences stand where people and scripts look for them.

A conflict is only called one where the statements contradict each other. Where a single statement already allows no
version that can be chosen, the message says that (`dead_ends`)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from safepip.model.errors import ResolutionImpossible, SafepipError
from safepip.model.finding import Diagnostic, printable
from safepip.resolution.dead_ends import Statement, dead_end, is_dead, passed_over, verdicts_on
from safepip.resolution.nodes import ANY_VERSION, PYTHON, ImpossibleRequirement, InstalledCandidate
from safepip.resolution.version_runs import About, any_of, first_few, fold, newest, required_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.resolution.catalog import Catalog
    from safepip.resolution.limits import Limits
    from safepip.resolution.nodes import ResolverCandidate, ResolverRequirement
    from safepip.resolution.provider import Provider

#: So many of the projects that require the same are named.
_ASKERS = 4


def explain(causes: Sequence[Any], provider: Provider, limits: Limits, catalog: Catalog, python: str) -> SafepipError:
    """The error for resolvelib's causes: pairs of a requirement and the candidate that it came with, None for the
    user."""
    pairs = [(cause.requirement, cause.parent) for cause in causes]
    wrong_python = [(w, p) for w, p in pairs if w.name == PYTHON and not w.specifier.contains(python, prereleases=True)]
    if wrong_python:
        return _wrong_python(wrong_python, python, provider)
    pairs = [(need, parent) for need, parent in pairs if need.name != PYTHON]
    unusable = [need for need, _ in pairs if isinstance(need, ImpossibleRequirement)]
    if len(unusable) == len(pairs):
        asked = fold((required_by(need.origin) for need in unusable), provider.judged.versions_of)
        lines = tuple(first_few(asked, "required by {} more"))
        return ResolutionImpossible.because(
            "invalid-metadata", unusable[0].text, context=lines, origins=tuple(w.origin for w in unusable)
        )
    pairs = [(need, parent) for need, parent in pairs if not isinstance(need, ImpossibleRequirement)]
    dead = dead_ends(pairs, provider, limits, catalog)
    return ResolutionImpossible(*(dead or [_conflict(pairs, provider, limits, catalog)]))


def _wrong_python(
    pairs: Sequence[tuple[ResolverRequirement, ResolverCandidate | None]], python: str, provider: Provider
) -> ResolutionImpossible:
    lines = tuple(_all_stated(pairs, provider))
    return ResolutionImpossible.because(
        "requires-python",
        f"Packages require a different Python: {python} is not a version that they admit",
        context=lines,
        hint="ask for a version that admits this Python, or name another interpreter with --python",
        origins=tuple(need.origin for need, _ in pairs),
    )


def _statements(
    pairs: Sequence[tuple[ResolverRequirement, ResolverCandidate | None]], limits: Limits
) -> dict[str, list[Statement]]:
    """The statements on each project: the user's constraints first, then each requirement."""
    found: dict[str, list[Statement]] = {}
    for need, parent in pairs:
        if need.project not in found:
            found[need.project] = []
            limit = limits.constraints.get(need.project)
            if limit is not None:
                stated = f"{printable(', '.join(limit.texts))} (a constraint)"
                found[need.project].append(Statement(need.project, limit.specifier, stated, limit.origins))
        stated = printable(need.text) if parent is None else f"{printable(need.text)} (from {parent.project})"
        asker = "" if parent is None else parent.project
        found[need.project].append(Statement(need.project, need.specifier, stated, (need.origin,), asker))
    return found


def dead_ends(
    pairs: Sequence[tuple[ResolverRequirement, ResolverCandidate | None]],
    provider: Provider,
    limits: Limits,
    catalog: Catalog,
) -> list[Diagnostic]:
    """The diagnostics where no statements contradict each other: for each project no version satisfies one statement by
    itself, or no version that all statements on it allow can be chosen. Empty where there is a conflict after all."""
    found = []
    for project, statements in _statements(pairs, limits).items():
        if limits.names_wheel(project):
            return []
        routed = catalog.candidates_for(project, [origin for statement in statements for origin in statement.origins])
        dead = [s for s in statements if is_dead(s, routed.available, provider)]
        if not dead:
            everything = _all_of(statements)
            meant = is_dead(everything, routed.available, provider) and any(
                verdicts_on(everything.specifier, routed.available, provider)
            )
            dead = [everything] if meant else []
        if not dead:
            return []
        found.append(dead_end(dead, routed, provider))
    return found


def _all_of(statements: Sequence[Statement]) -> Statement:
    """All statements on one project as one."""
    specifier = ANY_VERSION
    for statement in statements:
        specifier &= statement.specifier
    return Statement(
        statements[0].project,
        specifier,
        " and ".join(dict.fromkeys(s.stated for s in statements)),
        tuple(dict.fromkeys(origin for s in statements for origin in s.origins)),
        any_of(s.asker for s in statements) if all(s.asker for s in statements) else "",
    )


def _stated(need: ResolverRequirement, parent: ResolverCandidate | None) -> About | str:
    """Who requires what, and the way from there to the user."""
    if parent is None:
        return f"you require {need.text}  <-  {need.origin.chain()}"
    above = need.origin.parent
    requires = f" requires {need.text}" + (f"  <-  {above.chain()}" if above is not None else "")
    if isinstance(parent, InstalledCandidate):
        return f"{parent} (installed){requires}"
    return About(parent.project, parent.version, requires, f"{parent.name} ")


def _all_stated(
    pairs: Sequence[tuple[ResolverRequirement, ResolverCandidate | None]], provider: Provider
) -> Iterator[str]:
    """The lines on who requires what: those of one project together, because none may crowd out another one's. Of many
    projects that require the same some are named."""
    found: dict[str, list[About | str]] = {}
    askers: dict[str, dict[str, None]] = {}
    for need, parent in pairs:
        asker = parent.project if parent else "your own"
        same = askers.setdefault(need.text, {})
        same[asker] = None
        if asker in (*islice(same, _ASKERS), "your own"):
            found.setdefault(asker, []).append(_stated(need, parent))
    for asker, stated in found.items():
        yield from first_few(fold(stated, provider.judged.versions_of), f"and {{}} more requirements of {asker}")
    for text, same in askers.items():
        more = len(same.keys() - {"your own"} - set(islice(same, _ASKERS)))
        if more:
            yield f"{more} more {'projects require' if more > 1 else 'project requires'} {text}"


def _looked_at(project: str, statements: Sequence[Statement], provider: Provider, catalog: Catalog) -> Iterator[str]:
    """Lines on the versions of one project that the search had before it, and why it passed over others."""
    available = catalog.candidates_for(project, ()).available
    yield f"versions of {project} looked at: {newest(c.version for c in provider.finder.usable(available))}"
    # Versions that fit a statement but were decided against: by an option, an age, the lack of a wheel.
    verdicts = dict.fromkeys(
        verdict
        for statement in statements
        if is_dead(statement, available, provider)
        for verdict in verdicts_on(statement.specifier, available, provider)
    )
    yield from (f"of {project}: {line}" for line in passed_over(available, verdicts, provider))


def _conflict(
    pairs: Sequence[tuple[ResolverRequirement, ResolverCandidate | None]],
    provider: Provider,
    limits: Limits,
    catalog: Catalog,
) -> Diagnostic:
    seen = dict.fromkeys(_all_stated(pairs, provider))
    projects = dict.fromkeys(need.project for need, _ in pairs)
    for project in projects:
        limit = limits.constraints.get(project)
        if limit is not None:
            places = ", ".join(origin.chain() for origin in limit.origins)
            seen[f"a constraint allows {printable(', '.join(limit.texts))}  <-  {places}"] = None
    statements = _statements(pairs, limits)
    for project in projects:
        if not limits.names_wheel(project):
            seen.update(dict.fromkeys(_looked_at(project, statements[project], provider, catalog)))
    own = any(not s.asker and len(s.specifier) for some in statements.values() for s in some) or any(
        limits.names_wheel(project) for project in projects
    )
    askers = any_of(parent.project for _, parent in pairs if parent is not None)
    asked = [About(p.project, p.version, "", f"{p.name} ") if p else need.text for need, p in pairs]
    names = ", ".join(first_few(fold(asked, provider.judged.versions_of), "{} more"))
    return Diagnostic(
        "resolution-impossible",
        f"Cannot install {names} because these package versions have conflicting dependencies",
        tuple(seen),
        "loosen a version that you require or constrain, so that a common one exists"
        if own or not askers
        else f"these requirements are not your own to change: ask for another version of {askers}",
        tuple(dict.fromkeys(need.origin for need, _ in pairs)),
        next(iter(projects), ""),
    )
