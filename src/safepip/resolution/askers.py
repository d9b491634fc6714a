"""What asks for each project of a resolution: the user's statements, and the distributions that were chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from safepip.model.finding import printable
from safepip.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import Pin
    from safepip.resolution.dependencies import Markers

_ANY = SpecifierSet()


class Asker(NamedTuple):
    """What asks for a project: a file or command line of the user's, or a distribution; and its text.

    `project` is the normalised name of that distribution, empty for what the user states.
    """

    who: str
    text: str
    specifier: SpecifierSet
    project: str = ""


def askers_of(
    pins: Mapping[str, Pin], requirements: Iterable[Requirement], markers: Markers
) -> dict[str, tuple[Asker, ...]]:
    """What asks for each project, by its normalised name: first the user, then distributions, each in their order.

    Of a pin without metadata only the names of what it requires are known.
    """
    found: dict[str, list[Asker]] = {}
    for requirement in requirements:
        text = requirement.text.strip() or requirement.name
        found.setdefault(requirement.name, []).append(Asker(str(requirement.origin), text, requirement.specifier))
    for pin in pins.values():
        for name, asker in _needs_of(pin, markers):
            found.setdefault(name, []).append(asker)
    return {name: tuple(askers) for name, askers in found.items()}


def _needs_of(pin: Pin, markers: Markers) -> Iterator[tuple[str, Asker]]:
    who = f"{pin.name} {pin.version}"
    if pin.metadata is None:
        yield from ((name, Asker(who, name, _ANY, pin.name)) for name in pin.requires)
        return
    for wanted in pin.metadata.requires.with_extras(pin.extras):
        if markers.hold(wanted, pin.extras | {""}):
            yield normalise(wanted.name), Asker(who, printable(str(wanted)), wanted.specifier, pin.name)


def limits_of(constraints: Iterable[Constraint]) -> dict[str, tuple[Asker, ...]]:
    """The constraints on each project, by its normalised name."""
    found: dict[str, list[Asker]] = {}
    for limit in constraints:
        text = limit.text or f"{limit.name}{limit.specifier}"
        found.setdefault(limit.name, []).append(Asker(str(limit.origin), text, limit.specifier))
    return {name: tuple(limits) for name, limits in found.items()}
