"""How old a file or a project has to be before it is taken. Spans are seconds, moments seconds since the epoch."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.origin import BUILT_IN, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86_400.0


class Cooldown(NamedTuple):
    """How long a file is held back after its upload: for `seconds`, or, where it is given, unless before `moment`.

    `seconds` 0 without a `moment` holds nothing back. `origin` is where it was set, `BUILT_IN` for the default.
    """

    seconds: float = DAY
    moment: float | None = None
    origin: Origin = BUILT_IN


class AgePolicy(NamedTuple):
    """What policy says of ages, all levels merged. None where it says nothing, so that the default holds.

    `indexes` are by the name of an index, `projects` by normalised name; a project's own cooldown beats that of its
    index, which beats the general one. `new_project` is the age in seconds under which a project is new, set at
    `new_project_origin`. `enforced` is where exceptions from the cooldown are forbidden: then no lower level goes below
    the default either.
    """

    cooldown: Cooldown | None = None
    indexes: Mapping[str, Cooldown] = MappingProxyType({})
    projects: Mapping[str, Cooldown] = MappingProxyType({})
    new_project: float = 7 * DAY
    new_project_origin: Origin = BUILT_IN
    enforced: Origin | None = None
