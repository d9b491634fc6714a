"""The rules by which a search judges projects: those on names and those on ages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.vetting.cooldown import AgeRules
    from safepip.vetting.names import NameRules


class VettingRules(NamedTuple):
    """The rules of one run and target. They remember what they were asked, so what must not share that has its own."""

    names: NameRules
    ages: AgeRules
