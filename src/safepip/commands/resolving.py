"""From what a run asks for to what is installed: by what is there already, by a lock, by hashes, or by a search."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safepip.commands.decision import Decision
from safepip.commands.installed_environment import open_installed
from safepip.environment.satisfied import nothing_to_do
from safepip.model.requirement import named_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from safepip.commands.inputs import Inputs
    from safepip.commands.lazy_building import LazyBuilding
    from safepip.commands.resources import Resources
    from safepip.lock.acceptance import LockEntry
    from safepip.model.resolution import InstalledDistribution


def resolve(
    inputs: Inputs,
    resources: Resources,
    preferences: Mapping[str, Version] = MappingProxyType({}),
    *,
    searched: bool = False,
) -> Decision:
    """Decide which distributions to install.

    `preferences` are the versions, by project, to try first. `searched` asks for a search where everything is pinned by
    hash, too: only that tells which project needs which. Raises `Refused`, `ResolutionImpossible`, `Unavailable` (also
    for a target that cannot be written, before an index is asked), `UnusableInput`.
    """
    return _resolve(inputs, resources, preferences, searched=searched)


def _resolve(
    inputs: Inputs,
    resources: Resources,
    preferences: Mapping[str, Version] = MappingProxyType({}),
    above: tuple[str, ...] = (),
    *,
    searched: bool = False,
) -> Decision:
    """The same; `above` are the projects whose builds wait for it."""
    decision = _decide(inputs, resources, preferences, above, searched=searched)
    if decision.to_install:
        resources.advisories.check_pins(decision.to_install)
    return decision


def _decide(
    inputs: Inputs,
    resources: Resources,
    preferences: Mapping[str, Version],
    above: tuple[str, ...],
    *,
    searched: bool,
) -> Decision:
    """Which distributions to install, before it is asked what is known of them."""
    if inputs.lock_requests:
        return _by_lock(inputs, resources)
    if any(r.source is not None for r in inputs.statements.requirements):
        # Which projects these are is known only once their code is read.
        _check_writable(inputs)
        building = open_building(inputs, resources, above)
        inputs = building.with_names(inputs)
        installed = open_installed(inputs, resources)
    else:
        installed = open_installed(inputs, resources)
        kept = nothing_to_do(inputs.statements, installed, inputs.settings, inputs.target.markers)
        if kept is not None:
            return Decision(inputs, kept, installed)
        statements = inputs.statements
        if any(named_url(it) is not None for them in (statements.requirements, statements.constraints) for it in them):
            # Such a wheel is fetched to learn what it requires.
            resources.sure()
        _check_writable(inputs)
        building = open_building(inputs, resources, above)
    from safepip.commands.by_search import search
    from safepip.commands.catalogue import open_catalog

    catalog = open_catalog(inputs, resources, building=building)
    if inputs.statements.require_hashes and not searched:
        from safepip.commands.by_hash import resolve_hashed

        pinned = resolve_hashed(inputs, installed, catalog)
        if pinned is not None:
            return Decision(inputs, pinned, installed, catalog, by_hash=True, builds=building)
    found = building.with_origins(search(inputs, installed, catalog, preferences))
    return Decision(inputs, found, installed, catalog, builds=building)


def open_building(inputs: Inputs, resources: Resources, above: tuple[str, ...] = ()) -> LazyBuilding:
    """What builds source code for the target of these inputs; `above` are the projects whose builds wait for it."""
    from safepip.commands.lazy_building import LazyBuilding

    return LazyBuilding(inputs, resources, _for_build, above)


def _for_build(inputs: Inputs, resources: Resources, above: tuple[str, ...]) -> Decision:
    """What a build requires is decided as anything else."""
    return _resolve(inputs, resources, above=above)


def _check_writable(inputs: Inputs) -> None:
    """Where packages are to be installed, before an index is asked for any. Raises `Unavailable`."""
    if inputs.installs:
        from safepip.edges.target.writing import check_writable

        check_writable(inputs.settings, inputs.target)


def _by_lock(inputs: Inputs, resources: Resources) -> Decision:
    """Read the locks, and decide by them."""
    from safepip.commands.by_lock import held_by, read_entries, resolve_locks
    from safepip.commands.catalogue import open_catalog

    entries = read_entries(inputs, resources)
    inputs = inputs._replace(locks=entries, held=held_by(entries))
    installed = open_installed(inputs, resources)
    if not all(_is_there(entry, installed.get(entry.name)) for entry in entries):
        _check_writable(inputs)
    building = open_building(inputs, resources)
    catalog = open_catalog(inputs, resources, building=building)
    found = building.with_origins(resolve_locks(inputs, installed, catalog, building))
    return Decision(inputs, found, installed, catalog, builds=building)


def _is_there(entry: LockEntry, there: InstalledDistribution | None) -> bool:
    """Whether nothing may have to be installed for an entry of a lock, as far as its version tells."""
    return there is not None and there.version == entry.version
