"""Whether pip will be able to write where a run's packages go, found out before it starts.

The folders of the libraries are looked at before anything is fetched, because every wheel needs one of them. Which
others a wheel needs, for its scripts and data, is known once it is there. Where pip may not write to site-packages
and no option says otherwise, it installs for the user (`installs_for_user`), and then the user's site is what counts.
"""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

from safepip.edges.programs.probe import writable
from safepip.edges.target.replacing import Replacement
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.wheel.install_paths import layout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings, Target


def _stays(_path: str) -> bool:
    return False


def check_writable(settings: Settings, target: Target) -> None:
    """Raise `Unavailable` (`target-not-writable`) where pip could not put a package into place.

    A dry run puts none. Where it is not certain which folders pip takes, nothing is said.
    """
    if settings.dry_run:
        return
    schemes = layout_of(settings, target).schemes
    _check(dict.fromkeys(schemes[name] for name in ("purelib", "platlib") if name in schemes), settings)


def check_places(wheels: Sequence[ClearedWheel], settings: Settings, target: Target) -> None:
    """The same for every folder that a file of these wheels goes to, and for what is there in the place of a file.

    Raises `Refused` (`removes-others`), too.
    """
    places: dict[str, set[str]] = {}
    for path in (place.path for wheel in wheels for place in wheel.install_paths if place.path):
        folder, _, name = path.rpartition("/")
        places.setdefault(folder, set()).add(name)
    replacement = Replacement(wheels, settings, target)
    _check(places, settings, replacement.takes_away)
    for folder, names in places.items():
        _check_files(folder, names, replacement.takes_away)
    replacement.check()


def _check_files(folder: str, names: Container[str], goes: Callable[[str], bool]) -> None:
    """Whether no folder is there in the place of a file."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.name in names and entry.is_dir(follow_symlinks=False)]
    except OSError:
        return  # it is not there yet
    for path in found:
        if not goes(path):
            raise _in_the_way("a file", path, f"{printable(path)} is a folder")


def _check(folders: Iterable[str], settings: Settings, goes: Callable[[str], bool] = _stays) -> None:
    for folder in folders:
        there = _nearest(os.path.abspath(folder), goes)
        if goes is not _stays and not os.path.isdir(there):
            raise _in_the_way("packages", folder, f"{printable(there)} is no folder")
        reason = _reason(there)
        if reason:
            named = settings.target_dir or settings.prefix_dir or settings.root_dir
            raise Unavailable.because(
                "target-not-writable",
                f"packages would go to {printable(folder)}, and that cannot be written",
                context=(reason,),
                hint="name a folder that you can write to" if named else _make_another(),
            )


def _make_another() -> str:
    """The commands for an environment in a folder of its own: what is there may be the one that cannot be written."""
    name = ".venv"
    for number in count(2):
        if not os.path.lexists(name):
            break
        name = f".venv-{number}"
    return f"make an environment of your own: python3 -I -m venv --without-pip {name}\nand name it: --python {name}"


def _nearest(folder: str, goes: Callable[[str], bool]) -> str:
    """A folder, or the nearest above it that is there, or the file in the way of it. `goes` says of such a file whether
    pip takes it away first."""
    while os.path.dirname(folder) != folder and (not os.path.lexists(folder) or _is_passing(folder, goes)):
        folder = os.path.dirname(folder)
    return folder


def _is_passing(path: str, goes: Callable[[str], bool]) -> bool:
    return not os.path.isdir(path) and goes(path)


def _in_the_way(what: str, path: str, reason: str) -> Unavailable:
    return Unavailable.because(
        "target-not-writable",
        f"{what} would go to {printable(path)}, and that cannot be written",
        context=(reason,),
        hint="it belongs to nothing that is replaced: look at what it is, and move it away",
    )


def _reason(folder: str) -> str:
    """Why a folder that is there cannot be written; empty where it can."""
    shown = printable(folder)
    if not os.path.isdir(folder):
        return f"{shown} is no folder"
    if writable(folder):
        return ""
    if hasattr(os, "statvfs"):
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return f"{shown} is on a file system that is read-only"
        from safepip.edges.disk.trusted_files import user_name

        owner = os.stat(folder).st_uid
        if owner != os.geteuid():
            return f"{shown} belongs to {user_name(owner)}, and not to you"
    return f"the permissions of {shown} do not let you"
