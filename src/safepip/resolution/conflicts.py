"""Explains why no set of distributions satisfies what was asked: who requires what, along which chain, and
which versions were looked at. pip's own sentences stand where people and scripts look for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.errors import ResolutionImpossible, SafepipError
from safepip.model.finding import Diagnostic, printable
from safepip.resolution.nodes import ANY_VERSION, PYTHON, ImpossibleWant, InstalledChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.candidate import Fallen, Shelf
    from safepip.resolution.catalog import Catalog, RoutedShelf
    from safepip.resolution.limits import Limits
    from safepip.resolution.nodes import Choice, Want
    from safepip.resolution.provider import Provider

#: How many versions a message lists before it says how many more there are.
_LISTED = 12

#: How many files that are held back a message shows for a project.
_HELD = 3


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
    if len(pairs) == 1 and not limits.names_wheel(pairs[0][0].project):
        want, parent = pairs[0]
        routed = catalog.shelf(want.project, [want.origin])
        nothing = _nothing_matches(want, parent, routed, provider, limits)
        if nothing is not None:
            return ResolutionImpossible(nothing)
    return ResolutionImpossible(_conflict(pairs, provider, limits, catalog))


def _wrong_python(pairs: Sequence[tuple[Want, Choice | None]], python: str) -> SafepipError:
    lines = tuple(_said(want, parent) for want, parent in pairs)
    return ResolutionImpossible.because(
        "requires-python",
        f"Packages require a different Python: {python} is not in what they admit",
        context=lines,
        hint="ask for a version that admits this Python, or name another interpreter with --python",
        origins=tuple(want.origin for want, _ in pairs),
    )


def _nothing_matches(
    want: Want, parent: Choice | None, routed: RoutedShelf, provider: Provider, limits: Limits
) -> Diagnostic | None:
    """The diagnostic for a want that nothing on its shelf satisfies; None where the shelf has something for it."""
    if want.project in limits.constraints:
        return None
    name = printable(want.text)
    asked = name if parent is None else f"{name} (from {parent.project})"
    shelf = routed.shelf
    chain = (*(f"asked: {i.name}  {i.location or i.url}" for i in routed.asked), f"required by {want.origin.chain()}")
    if not shelf.files:
        hint = "look at the spelling; an index that is not asked is not named here"
        if want.project in ("requirements-txt", "requirements.txt"):
            hint = "to install what a file lists, write -r before its name"
        return Diagnostic(
            "no-such-project",
            f"No matching distribution found for {asked}",
            (f"Could not find a version that satisfies the requirement {asked} (from versions: none)", *chain),
            hint,
            (want.origin,),
            want.project,
        )
    fitting = [f for f in shelf.fallen if want.specifier.contains(f.version, prereleases=True)]
    have = sorted({c.version for c in provider.finder.usable(shelf)})
    found = ", ".join(map(str, have[-_LISTED:])) or "none"
    more = f" and {len(have) - _LISTED} older ones" if len(have) > _LISTED else ""
    lines = [f"Could not find a version that satisfies the requirement {asked} (from versions: {found}{more})"]
    lines += _held_back(provider, shelf)
    lines += provider.memory.reasons(want.project)[:_LISTED]
    lines += [_fell(fallen) for fallen in fitting[:_LISTED]]
    lines += chain
    if fitting:
        return Diagnostic(
            "no-wheel",
            f"No matching distribution found for {asked}: no version that fits has a wheel for this environment",
            tuple(lines),
            f"versions with a wheel: {found}{more}",
            (want.origin,),
            want.project,
        )
    return Diagnostic(
        "no-matching-version",
        f"No matching distribution found for {asked}",
        tuple(lines),
        "",
        (want.origin,),
        want.project,
    )


def _held_back(provider: Provider, shelf: Shelf) -> list[str]:
    """What the list of versions lacks because of its age (`safepip.ages`)."""
    return [held.line() for held in provider.finder.held(shelf, ANY_VERSION)[:_HELD]]


def _fell(fallen: Fallen) -> str:
    why = {
        "sdist-only": "has a source archive only",
        "platform": f"has wheels for other platforms only ({printable(fallen.detail)})",
        "requires-python": f"requires Python {printable(fallen.detail)}",
    }[fallen.reason]
    return f"{fallen.version} {why}"


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
    for project in projects:
        if limits.names_wheel(project):
            continue
        shelf = catalog.shelf(project, ()).shelf
        versions = [c.version for c in provider.finder.usable(shelf)]
        looked = ", ".join(map(str, sorted(set(versions))[-_LISTED:])) or "none"
        seen[f"versions of {project} looked at: {looked}"] = None
        seen.update(dict.fromkeys(_held_back(provider, shelf)))
        seen.update(dict.fromkeys(provider.memory.reasons(project)[:_LISTED]))
    names = ", ".join(dict.fromkeys(str(parent) if parent else want.text for want, parent in pairs))
    return Diagnostic(
        "resolution-impossible",
        f"Cannot install {names} because these package versions have conflicting dependencies",
        tuple(seen),
        "loosen a version that you require or constrain, so that a common one exists",
        tuple(dict.fromkeys(want.origin for want, _ in pairs)),
        next(iter(projects), ""),
    )
