"""From what a run asks for to what is installed: by what is there already, by a lock, by hashes, or by a search."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safepip.commands.decision import Decision
from safepip.commands.installed_environment import open_installed
from safepip.environment.satisfied import nothing_to_do

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources


def resolve(
    inputs: Inputs,
    resources: Resources,
    preferences: Mapping[str, Version] = MappingProxyType({}),
    *,
    searched: bool = False,
) -> Decision:
    """Decide which distributions to install.

    `preferences` are the versions, by project, to try first. `searched` asks for a search where everything is pinned by
    hash, too: only that tells which project needs which. Raises `Refused`, `ResolutionImpossible`, `Unavailable`,
    `UnusableInput`.
    """
    if inputs.lock_requests:
        return _by_lock(inputs, resources)
    installed = open_installed(inputs, resources)
    kept = nothing_to_do(inputs.statements, installed, inputs.settings, inputs.target.markers)
    if kept is not None:
        return Decision(inputs, kept, installed)
    from safepip.commands.by_search import search
    from safepip.commands.catalogue import open_catalog

    catalog = open_catalog(inputs, resources)
    if inputs.statements.require_hashes and not searched:
        from safepip.commands.by_hash import resolve_hashed

        pinned = resolve_hashed(inputs, installed, catalog)
        if pinned is not None:
            return Decision(inputs, pinned, installed, catalog, by_hash=True)
    return Decision(inputs, search(inputs, installed, catalog, preferences), installed, catalog)


def _by_lock(inputs: Inputs, resources: Resources) -> Decision:
    """Read the locks, and decide by them."""
    from safepip.commands.by_lock import read_entries, resolve_locks
    from safepip.commands.catalogue import open_catalog

    inputs = inputs._replace(locks=read_entries(inputs, resources))
    installed = open_installed(inputs, resources)
    catalog = open_catalog(inputs, resources)
    return Decision(inputs, resolve_locks(inputs, installed, catalog), installed, catalog)
