"""The rules by which a search judges projects: those on names, those on ages, and which may be built."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.vetting.cooldown import AgeRules
    from safepip.vetting.names import NameRules


def never(_name: str) -> bool:
    """The build of no project is approved."""
    return False


def no_hint(_name: str) -> str:
    """Nothing helps a build that is not approved."""
    return ""


class VettingRules(NamedTuple):
    """The rules of one run and target. They remember what they were asked, so what must not share that has its own.

    `builds` says of a project, by its normalised name, whether its build is approved: only then may a source archive be
    chosen. `build_hint` says what would approve it, for a message; empty where nothing would. To ask may mean to look
    for a fence, so they are asked only where a source archive counts.
    """

    names: NameRules
    ages: AgeRules
    builds: Callable[[str], bool] = never
    build_hint: Callable[[str], str] = no_hint
