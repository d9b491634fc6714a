"""What an installation leaves unsatisfied: the facts of pip's warning of conflicts, made fit for a terminal.

pip prints requirements and versions as the metadata of installed projects has them, escape sequences included, so an
option turns its warning off. The facts are the same as pip's (`pip check` after the installation, for what this run
concerns):

1. The distributions that this run installs are looked at, and the installed ones that require one of these.
2. A requirement counts where its marker holds without an extra. It is broken where its project is not installed
   afterwards, or is in a version that the requirement does not admit (pre-releases are admitted).
3. A distribution whose metadata cannot be read requires nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version


class InstalledVersion(NamedTuple):
    """A distribution as it is there when the run has ended. `requires` are all of its requirements."""

    version: Version
    requires: Sequence[Requirement]


def broken(
    before: Mapping[str, InstalledVersion], installs: Mapping[str, InstalledVersion], markers: Mapping[str, str]
) -> list[str]:
    """A line for each broken requirement. `before` is what stays installed and `installs` what is put beside or in
    place of it, both by normalised name; `markers` is the target's environment."""
    after = {**before, **installs}
    lines = []
    for name in sorted(after):
        required = list(_in_force(after[name], markers))
        if name not in installs and not any(normalise(requirement.name) in installs for requirement in required):
            continue
        for requirement in required:
            there = after.get(normalise(requirement.name))
            if there is None or not requirement.specifier.contains(there.version, prereleases=True):
                lines.append(_line(name, after[name].version, requirement, there))
    return lines


def _in_force(installed_version: InstalledVersion, markers: Mapping[str, str]) -> Iterator[Requirement]:
    """Rule 2. A marker that cannot be evaluated does not hold."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

    for requirement in installed_version.requires:
        try:
            if requirement.marker is None or requirement.marker.evaluate({**markers, "extra": ""}):
                yield requirement
        except (UndefinedComparison, UndefinedEnvironmentName):
            continue


def _line(name: str, version: Version, requirement: Requirement, there: InstalledVersion | None) -> str:
    """pip's sentence."""
    who = f"{printable(name)} {printable(str(version))} requires {printable(str(requirement))}"
    if there is None:
        return f"{who}, which is not installed"
    return f"{who}, but you have {printable(normalise(requirement.name))} {there.version} which is incompatible"
