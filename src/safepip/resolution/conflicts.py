"""Explains why no set of distributions satisfies what was asked: who requires what, along which chain, and
which versions were looked at. pip's own sentences stand where people and scripts look for them.

A conflict is only called one where the statements contradict each other. Where a single one means nothing that can be
had, that is what is told (`dead_ends`)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from safepip.model.errors import ResolutionImpossible, SafepipError
from safepip.model.finding import Diagnostic, printable
from safepip.resolution.dead_ends import LISTED, Statement, dead_end, is_dead, verdicts_on
from safepip.resolution.nodes import ANY_VERSION, PYTHON, ImpossibleWant, InstalledChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.resolution.catalog import Catalog
    from safepip.resolution.limits import Limits
    from safepip.resolution.nodes import Choice, Want
    from safepip.resolution.provider import Provider


def explain(causes: Sequence[Any], provider: Provider, limits: Limits, catalog: Catalog, python: str) -> SafepipError:
    """The error for resolvelib's causes: pairs of a want and the choice it came with, None for the user."""
    pairs = [(cause.requirement, cause.parent) for cause in causes]
    wrong_python = [(w, p) for w, p in pairs if w.name == PYTHON and not w.specifier.contains(python, prereleases=True)]
    if wrong_python:
        return _wrong_python(wrong_python, python)
    pairs = [(want, parent) for want, parent in pairs if want.name != PYTHON]
    unusable = [want for want, _ in pairs if isinstance(want, ImpossibleWant)]
    if len(unusable) == len(pairs):
        lines = tuple(f"required by {want.origin.chain()}" for want in unusable)
        return ResolutionImpossible.because(
            "invalid-metadata", unusable[0].text, context=lines, origins=tuple(w.origin for w in unusable)
        )
    pairs = [(want, parent) for want, parent in pairs if not isinstance(want, ImpossibleWant)]
    dead = _dead_ends(pairs, provider, limits, catalog)
    return ResolutionImpossible(*(dead or [_conflict(pairs, provider, limits, catalog)]))


def _wrong_python(pairs: Sequence[tuple[Want, Choice | None]], python: str) -> ResolutionImpossible:
    lines = tuple(_said(want, parent) for want, parent in pairs)
    return ResolutionImpossible.because(
        "requires-python",
        f"Packages require a different Python: {python} is not in what they admit",
        context=lines,
        hint="ask for a version that admits this Python, or name another interpreter with --python",
        origins=tuple(want.origin for want, _ in pairs),
    )


def _statements(pairs: Sequence[tuple[Want, Choice | None]], limits: Limits) -> dict[str, list[Statement]]:
    """What is said of each project: by the user's constraints first, then by each want."""
    found: dict[str, list[Statement]] = {}
    for want, parent in pairs:
        if want.project not in found:
            found[want.project] = []
            limit = limits.constraints.get(want.project)
            if limit is not None:
                said = f"{printable(', '.join(limit.texts))} (a constraint)"
                chains = tuple(origin.chain() for origin in limit.origins)
                found[want.project].append(Statement(want.project, limit.specifier, said, chains, limit.origins))
        said = printable(want.text) if parent is None else f"{printable(want.text)} (from {parent.project})"
        chain = (want.origin.chain(),)
        asker = "" if parent is None else parent.project
        found[want.project].append(Statement(want.project, want.specifier, said, chain, (want.origin,), asker))
    return found


def _dead_ends(
    pairs: Sequence[tuple[Want, Choice | None]], provider: Provider, limits: Limits, catalog: Catalog
) -> list[Diagnostic]:
    """The diagnostics where nobody contradicts anybody: of each project nothing does for one statement by itself, or
    nothing of what all statements on it mean can be had. Empty where there is a conflict after all."""
    found = []
    for project, statements in _statements(pairs, limits).items():
        if limits.names_wheel(project):
            return []
        routed = catalog.shelf(project, [origin for statement in statements for origin in statement.origins])
        dead = [s for s in statements if is_dead(s, routed.shelf, provider)]
        if not dead:
            everything = _all_of(statements)
            meant = is_dead(everything, routed.shelf, provider) and any(
                verdicts_on(everything.specifier, routed.shelf, provider)
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
        " and ".join(dict.fromkeys(s.said for s in statements)),
        tuple(dict.fromkeys(chain for s in statements for chain in s.chains)),
        tuple(dict.fromkeys(origin for s in statements for origin in s.origins)),
        "" if not all(s.asker for s in statements) else " or ".join(dict.fromkeys(s.asker for s in statements)),
    )


def _said(want: Want, parent: Choice | None) -> str:
    """Who requires what, and the way from there to the user."""
    if parent is None:
        return f"you require {want.text}  <-  {want.origin.chain()}"
    state = " (installed)" if isinstance(parent, InstalledChoice) else ""
    above = want.origin.parent
    way = f"  <-  {above.chain()}" if above is not None else ""
    return f"{parent}{state} requires {want.text}{way}"


def _conflict(
    pairs: Sequence[tuple[Want, Choice | None]], provider: Provider, limits: Limits, catalog: Catalog
) -> Diagnostic:
    seen: dict[str, None] = {}
    for want, parent in pairs:
        seen[_said(want, parent)] = None
    projects = dict.fromkeys(want.project for want, _ in pairs)
    for project in projects:
        limit = limits.constraints.get(project)
        if limit is not None:
            places = ", ".join(origin.chain() for origin in limit.origins)
            seen[f"a constraint allows {printable(', '.join(limit.texts))}  <-  {places}"] = None
    statements = _statements(pairs, limits)
    for project in projects:
        if limits.names_wheel(project):
            continue
        shelf = catalog.shelf(project, ()).shelf
        versions = [c.version for c in provider.finder.usable(shelf)]
        looked = ", ".join(map(str, sorted(set(versions))[-LISTED:])) or "none"
        seen[f"versions of {project} looked at: {looked}"] = None
        for statement in statements[project]:
            # What fits everybody but for what was decided of it: an option, an age, the lack of a wheel.
            if is_dead(statement, shelf, provider):
                verdicts = verdicts_on(statement.specifier, shelf, provider)
                seen.update({f"of {project}: {verdict.line}": None for verdict in islice(verdicts, LISTED)})
        seen.update(dict.fromkeys(provider.memory.reasons(project)[:LISTED]))
    own = any(not s.asker and len(s.specifier) for some in statements.values() for s in some) or any(
        limits.names_wheel(project) for project in projects
    )
    askers = " or ".join(dict.fromkeys(parent.project for _, parent in pairs if parent is not None))
    names = ", ".join(dict.fromkeys(str(parent) if parent else want.text for want, parent in pairs))
    return Diagnostic(
        "resolution-impossible",
        f"Cannot install {names} because these package versions have conflicting dependencies",
        tuple(seen),
        "loosen a version that you require or constrain, so that a common one exists"
        if own or not askers
        else f"what is required here is not yours to change: ask for another version of {askers}",
        tuple(dict.fromkeys(want.origin for want, _ in pairs)),
        next(iter(projects), ""),
    )
