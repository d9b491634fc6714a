"""What a resolution starts from."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from safepip.model.plan import Policy, Settings, Target
    from safepip.model.requirement import Statements
    from safepip.routing.table import RoutingTable


class ResolverInputs(NamedTuple):
    """What is known before the first question: what is asked for, by which options and policy, for which environment.

    `table` says which index each name belongs to. `preferences` are versions, by project, to try first.
    """

    statements: Statements
    settings: Settings
    policy: Policy
    target: Target
    table: RoutingTable
    preferences: Mapping[str, Version] = MappingProxyType({})
