"""`reserved-module`: no wheel brings a module that Python, pip or safepip look for, unless it belongs to its project.

`copy` and `pickle` of many Pythons look for `org.python.core`, pip for `keyring`, `tomllib` and a hundred others, and
each goes on without it where it is missing. A wheel with a module of that name runs its code in every program that
imports `copy`, or in the next pip, although the user asked for neither. And where pip, setuptools or packaging are not
installed, code of any project that brings their names runs in their place.

1. `safepip.rules.sought_modules` lists the names and the projects to which they belong. `standard-library` judges what
   the target's own standard library has, and which project may carry a standard module to other Pythons.
2. A module counts by its place: in any folder that Python imports from, those that `.pth` files of this run add
   included, among the commands, and in the environment's own folder, which may be the working folder. All that lies
   below a reserved name counts as well, with `__init__` or without: where nothing else has the name a folder is a
   package. So does byte code in `__pycache__`: it would be used for a source of its name that is installed later.
3. For a name with dots the part above may be shared. A module there runs first, so it may only declare a namespace.

Names are compared letter by letter: Python does so on every system, and `Carbon` is not the project `carbon`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from safepip.rules.context import objection
from safepip.rules.sought_modules import ABOVE, FIRST, INSTALLING, SOUGHT
from safepip.rules.standard_library import BACKPORTS, looked_through
from safepip.wheel.byte_code import is_cached, possible_sources
from safepip.wheel.modules import module_at, tops_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import InstallPath
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

REFERENCE = "reserved-module"

#: How many parts the longest name has.
_DEEPEST = max(map(len, SOUGHT))


def check(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether the wheel brings no module that other code looks for."""
    evidence = _evidence(wheel, context)
    first = next(evidence, None)
    if first is None:
        return None
    message = "brings modules that Python, pip or safepip look for"
    return objection(wheel, REFERENCE, message, chain([first], evidence))


def _evidence(wheel: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    tops = looked_through(context)
    names = FIRST - BACKPORTS.get(wheel.pin.name, frozenset()) - context.standard_library
    for install_path, place in _places(wheel, context):
        parts = place.split("/")
        if names.isdisjoint(parts):
            continue
        for number in tops_in(parts, names, tops):
            why = _why(tuple(parts[number : number + _DEEPEST]), wheel.pin.name, install_path)
            if why:
                path = install_path.entry.path if install_path.entry is not None else install_path.path
                yield f"{path}: {why}"
                break


def _places(wheel: WheelUnderReview, context: RuleContext) -> Iterator[tuple[InstallPath, str]]:
    """The modules of the wheel, with those of which it has byte code only, by their place."""
    for install_path, module in context.modules[wheel.pin.name]:
        yield install_path, module.place
    waiting = [install_path for install_path in wheel.install_paths if is_cached(install_path.path)]
    own = {install_path.path for install_path in wheel.install_paths} if waiting else set()
    for install_path in waiting:
        sources = tuple(possible_sources(install_path.path))
        found = map(module_at, sources) if own.isdisjoint(sources) else ()
        yield from ((install_path, module.place) for module in found if module is not None)


def _why(name: tuple[str, ...], project: str, install_path: InstallPath) -> str:
    """Why a module of this name, of which the first parts are given, is not this project's; empty where it may be."""
    for depth in range(1, len(name) + 1):
        owners = SOUGHT.get(name[:depth])
        if owners is not None:
            return "" if project in owners else _whose(".".join(name[:depth]), owners)
    if name in ABOVE and not (install_path.entry is not None and install_path.entry.namespace):
        below = {owner for other, owners in SOUGHT.items() if other[: len(name)] == name for owner in owners}
        if project not in below:
            return f"would run whenever something below {'.'.join(name)} is looked for"
    return ""


def _whose(name: str, owners: frozenset[str]) -> str:
    if name in INSTALLING:
        return f"{name} is part of an installer, and belongs to {' or '.join(sorted(owners))} alone"
    if owners:
        return f"{name} is looked for by Python, pip or safepip, and belongs to {' or '.join(sorted(owners))} alone"
    return f"{name} is looked for by Python, pip or safepip, and belongs to no project"
