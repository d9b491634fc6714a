"""From the result of a search to pins: what stays, what pip has to install, and what each is required by.

pip's rules for what has to be installed (its resolver's last step): a chosen file is installed unless the same
version is there already; with `--force-reinstall` it is installed in any case; an installed distribution that was kept
is left alone, and so is the same version, unless it is known to come from other bytes than those asked for. What the
user names directly is installed in the same version, too, where it or what is installed is editable, and where it is a
folder or a source archive of this machine; a wheel, and a repository or an archive elsewhere, is not. With
`--only-deps` the projects that the user asked for are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic, printable
from safepip.model.page import Status
from safepip.model.resolution import Pin, Resolution
from safepip.model.route import Route, RoutingRule
from safepip.model.source import SourceKind
from safepip.model.urls import is_file_url
from safepip.resolution.nodes import PYTHON, ExtrasCandidate, FileCandidate, InstalledCandidate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.specifiers import SpecifierSet

    from safepip.model.candidate import Candidate
    from safepip.model.exemption import Allowed
    from safepip.model.plan import Settings
    from safepip.model.resolution import InstalledDistribution
    from safepip.resolution.catalog import Catalog, Installed
    from safepip.resolution.inputs import ResolverInputs
    from safepip.resolution.limits import Limits
    from safepip.resolution.nodes import ResolverCandidate
    from safepip.resolution.provider import Provider
    from safepip.resolution.search import SearchResult


def make_resolution(
    found: SearchResult,
    provider: Provider,
    limits: Limits,
    inputs: ResolverInputs,
    installed: Installed,
    catalog: Catalog,
) -> Resolution:
    """Turn what the search found into pins. Raises `Refused` where hash-checking mode is not satisfied."""
    requested = {identifier.partition("[")[0] for identifier in limits.order}
    pins = _pins(found, provider, requested, installed)
    to_install = [name for name, pin in pins.items() if _to_be_installed(pin, inputs.settings)]
    if inputs.settings.only_deps:
        to_install = [name for name in to_install if name not in requested]
    lines = []
    for name in pins:
        wanted = [info.requirement.specifier for info in found.criteria[name].information]
        if name in limits.constraints:
            wanted.append(limits.constraints[name].specifier)
        if name in to_install:
            lines += _notices(pins[name], catalog, provider, provider.intersections.of(wanted))
        elif pins[name].installed is not None:
            # For an upgrade the search looked for newer files, and some may be held back.
            lines += provider.judged.notices(pins[name], provider.intersections.of(wanted))
    resolution = Resolution(pins, tuple(dict.fromkeys((*provider.notices, *lines))), tuple(to_install))
    if inputs.statements.require_hashes:
        check_hashes(resolution, limits)
    return resolution


def _pins(found: SearchResult, provider: Provider, requested: set[str], installed: Installed) -> dict[str, Pin]:
    """A pin for each project that was chosen; `requested` are those that the user asked for."""
    mapping: dict[str, ResolverCandidate] = dict(found.mapping)
    extras = _extras_by_project(mapping.values())
    pins: dict[str, Pin] = {}
    for identifier in sorted(mapping):
        choice = mapping[identifier]
        if identifier == PYTHON or isinstance(choice, ExtrasCandidate):
            continue
        criteria = [found.criteria[i] for i in mapping if mapping[i].project == choice.project]
        required_by = dict.fromkeys(info.requirement.origin for c in criteria for info in c.information)
        pins[identifier] = _pin(
            choice,
            extras=extras.get(identifier, frozenset()),
            requested=identifier in requested,
            requires=tuple(sorted(_projects_below(found, mapping, choice.project))),
            required_by=tuple(o for o in required_by if o.where.partition(" ")[0] != choice.project),
            allowed=_overruled(choice, provider),
            installed=installed,
        )
    return pins


def _pin(choice: ResolverCandidate, *, installed: Installed, **fields: Any) -> Pin:
    if isinstance(choice, InstalledCandidate):
        route = Route(choice.project, RoutingRule.INSTALLED, None)
        return Pin(
            choice.project, choice.version, route, installed=choice.distribution, metadata=choice.metadata, **fields
        )
    assert isinstance(choice, FileCandidate)
    return Pin(
        choice.project,
        choice.version,
        choice.route,
        candidate=choice.candidate,
        replaces=installed.get(choice.project),
        metadata=choice.metadata,
        direct_url=choice.direct_url,
        **fields,
    )


def _overruled(choice: ResolverCandidate, provider: Provider) -> tuple[Allowed, ...]:
    """The overruled objections to a file that was chosen from an index; other files are not judged."""
    if not isinstance(choice, FileCandidate) or choice.direct_url is not None:
        return ()
    return provider.judged.allowed(choice.candidate)


def _extras_by_project(choices: Iterable[ResolverCandidate]) -> dict[str, frozenset[str]]:
    extras: dict[str, frozenset[str]] = {}
    for choice in choices:
        if isinstance(choice, ExtrasCandidate):
            extras[choice.project] = extras.get(choice.project, frozenset()) | choice.extras
    return extras


def _projects_below(found: SearchResult, mapping: dict[str, ResolverCandidate], project: str) -> set[str]:
    """The projects that any node of this one depends on."""
    nodes = [i for i, choice in mapping.items() if choice.project == project]
    below = {mapping[child].project for node in nodes for child in found.children[node]}
    return below - {project, PYTHON}


def _to_be_installed(pin: Pin, settings: Settings) -> bool:
    if pin.candidate is None:
        return False
    there: InstalledDistribution | None = pin.replaces
    if there is None or there.other or settings.force_reinstall or settings.ignore_installed:
        return True
    return there.version != pin.version or (pin.direct_url is not None and _is_installed_again(pin.candidate, there))


def _is_installed_again(candidate: Candidate, there: InstalledDistribution) -> bool:
    """Whether what the user named is installed though the same version is there."""
    source = candidate.source
    if there.editable or source is None:
        return there.editable
    return source.editable or (source.kind is not SourceKind.VCS and is_file_url(source.url))


def _notices(pin: Pin, catalog: Catalog, provider: Provider, specifier: SpecifierSet) -> list[str]:
    lines = []
    assert pin.candidate is not None
    if pin.candidate.file.yanked is not None:
        reason = printable(pin.candidate.file.yanked) or "<none given>"
        lines.append(f"{pin.name} {pin.version} is yanked. Reason for being yanked: {reason}")
    if pin.direct_url is not None:
        return lines
    lines += [allowed.line(f"{pin.name} {pin.version}") for allowed in pin.allowed]
    lines += provider.judged.notices(pin, specifier)
    available = catalog.candidates_for(pin.name, pin.required_by).available
    if available.status in (Status.ARCHIVED, Status.DEPRECATED):
        reason = f": {printable(available.status_reason)}" if available.status_reason else ""
        lines.append(f"{pin.name} is marked {available.status.value} by its index{reason}")
    newer = provider.finder.newer_without_wheel(available, pin.version, specifier)
    if newer is not None:
        lines.append(f"{pin.name} {newer.version} is newer than {pin.version}, but has a source archive only")
    return lines


def check_hashes(resolution: Resolution, limits: Limits) -> None:
    """pip's hash-checking mode: everything that is installed must have a hash that the user gave.

    The version need not be pinned too: since pip 26.1 the hash, which only one file can have, pins it.
    Raises `Refused` with every project that has none.
    """
    problems = []
    for name in resolution.to_install:
        if name in limits.hashed:
            continue
        pin = resolution.pins[name]
        assert pin.candidate is not None
        offered = next(iter(pin.candidate.file.digests), None)
        problems.append(
            Diagnostic(
                "missing-hash",
                f"hashes are required for everything, and no hash is given for {name}",
                tuple(f"required by {origin.chain()}" for origin in pin.required_by[:3]),
                "look at what it is, and then write it into a requirements file with its hash:\n"
                f"{name}=={pin.version} --hash={offered or 'sha256:...'}",
                pin.required_by,
                name,
            )
        )
    if problems:
        raise Refused(*problems)
