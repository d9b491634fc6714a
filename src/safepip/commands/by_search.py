"""Decides by a search over what the indexes offer."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safepip.resolution.inputs import ResolverInputs
from safepip.resolution.resolver import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from safepip.commands.inputs import Inputs
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.resolution import Resolution
    from safepip.resolution.catalog import Installed
    from safepip.resolution.dependencies import Markers


def search(
    inputs: Inputs,
    installed: Installed,
    catalog: IndexCatalog,
    preferences: Mapping[str, Version] = MappingProxyType({}),
    markers: Markers | None = None,
) -> Resolution:
    """Choose one version of everything that is needed by the target of `inputs`, which is the one of the catalogue.

    `preferences` are the versions, by project, to try first; `markers` knows afterwards which markers were asked for.
    Raises what the search raises.
    """
    searched = ResolverInputs(
        inputs.statements, inputs.settings, inputs.plan.policy, inputs.target, inputs.table, preferences
    )
    return resolve(searched, catalog=catalog, installed=installed, rules=catalog.rules, markers=markers)
