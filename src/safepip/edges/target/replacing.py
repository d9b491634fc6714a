"""What pip takes away of a folder before it puts the wheels of a run there, and what it may not take.

Elsewhere pip uninstalls what is replaced, file by file, and then writes; with `--ignore-installed` it uninstalls
nothing. With `--target D --upgrade` it removes everything that has the name of something at the top of what it has
installed, folders with all that is in them. So there

1. no file is removed that belongs to a distribution in D which this run does not install again: namespace packages and
   `bin` are folders of many;
2. no folder makes way for a file, and no file for a folder, unless all of it belongs to what is replaced. This holds
   everywhere: where pip does not remove it, pip stops half-way.

What belongs to no distribution and has the name of a package is replaced, as pip says of `--upgrade`.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from safepip.edges.target.ownership import Ownership
from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.plan import UpgradeStrategy
from safepip.wheel.byte_code import is_cached
from safepip.wheel.install_paths import layout_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings, Target

#: How many lines of evidence are shown.
_SHOWN = 10


class Replacement:
    """What these wheels, which pip is about to install, take the place of."""

    def __init__(self, wheels: Sequence[ClearedWheel], settings: Settings, target: Target) -> None:
        self._wheels = wheels
        self._names = frozenset(wheel.pin.name for wheel in wheels)
        self._layout = layout_of(settings, target)
        upgrades = settings.upgrade is not UpgradeStrategy.TO_SATISFY_ONLY
        self._into = self._layout.schemes.get("purelib", "") if settings.target_dir is not None and upgrades else ""
        self._uninstalls = settings.target_dir is None and not settings.ignore_installed

    @cached_property
    def _installed(self) -> Ownership:
        return Ownership(sorted(self._layout.site_folders), (), self._layout.moved)

    @cached_property
    def _others(self) -> Ownership:
        """Of files that several distributions list, too, whether one is among them that is not installed again."""
        return Ownership(sorted(self._layout.site_folders), self._names, self._layout.moved)

    def takes_away(self, path: str) -> bool:
        """Whether pip takes away first what is there, and all of it belongs to projects that it then installs."""
        if not (self._uninstalls or self._into):
            return False
        files = list(_files_in(path)) if os.path.isdir(path) else [path]
        return bool(files) and all(self._installed.owner(it) and not self._others.owner(it) for it in files)

    def check(self) -> None:
        """Raise `Refused` (`removes-others`) where pip would remove files of what is not installed again."""
        lost = sorted(self._lost())
        if not lost:
            return
        lines = [f"{printable(os.path.relpath(path, self._into))} belongs to {owner}" for path, owner in lost]
        owners = sorted({owner for _, owner in lost})
        raise Refused.because(
            "removes-others",
            f"with --upgrade pip would remove files of other distributions from {printable(self._into)}",
            context=(*lines[:_SHOWN], *([f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else ())),
            hint=f"name their projects too, so that they are installed again: {' '.join(owners)}\n"
            "or install into an empty folder",
        )

    def _lost(self) -> Iterator[tuple[str, str]]:
        """The files that would be removed and not written again, each with the distribution that it belongs to."""
        if not self._into:
            return
        below = f"{self._into}/"
        paths = frozenset(place.path for wheel in self._wheels for place in wheel.install_paths)
        inside = (path.removeprefix(below) for path in paths if path.startswith(below))
        for top in {path.partition("/")[0] for path in inside}:
            folder = below + top
            if os.path.islink(folder) or not os.path.isdir(folder) or self._others.owner(folder) is None:
                continue
            for path in _files_in(folder):
                owner = None if path in paths or is_cached(path) else self._others.owner(path)
                if owner is not None:
                    yield path, owner


def _files_in(folder: str) -> Iterator[str]:
    """All files below a folder, links to folders included, with `/`."""
    for place, folders, files in os.walk(folder):
        for name in (*files, *(name for name in folders if os.path.islink(os.path.join(place, name)))):
            yield os.path.join(place, name).replace(os.sep, "/")
