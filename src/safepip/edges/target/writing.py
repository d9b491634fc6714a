"""Whether pip will be able to write where a run's packages go, found out before it starts.

The folders of the libraries are looked at before anything is fetched, because every wheel needs one of them. Which
others a wheel needs, for its scripts and data, is known once it is there. Where pip may not write to site-packages
and no option says otherwise, it installs for the user (`installs_for_user`), and then the user's site is what counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.programs.probe import writable
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.wheel.install_paths import layout_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings, Target


def check_writable(settings: Settings, target: Target) -> None:
    """Raise `Unavailable` (`target-not-writable`) where pip could not put a package into place.

    A dry run puts none. Where it is not certain which folders pip takes, nothing is said.
    """
    if settings.dry_run:
        return
    schemes = layout_of(settings, target).schemes
    _check(dict.fromkeys(schemes[name] for name in ("purelib", "platlib") if name in schemes), settings)


def check_places(wheels: Iterable[ClearedWheel], settings: Settings) -> None:
    """The same for every folder that a file of these wheels goes to."""
    paths = (place.path for wheel in wheels for place in wheel.install_paths)
    _check(dict.fromkeys(path.rpartition("/")[0] for path in paths if path), settings)


def _check(folders: Iterable[str], settings: Settings) -> None:
    for folder in folders:
        reason = _reason(os.path.abspath(folder))
        if reason:
            named = settings.target_dir or settings.prefix_dir or settings.root_dir
            raise Unavailable.because(
                "target-not-writable",
                f"packages would go to {printable(folder)}, and that cannot be written",
                context=(reason,),
                hint="name a folder that you can write to"
                if named
                else "make an environment of your own: python3 -m venv --without-pip .venv\n"
                "and name it: --python .venv",
            )


def _reason(folder: str) -> str:
    """Why a folder, or one that is yet to be made, cannot be written; empty where it can."""
    while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
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
