"""Whether a folder of the user's own is one that a build may be given to write in."""

from __future__ import annotations

import os
import tempfile

from safepip.build.visible import SYSTEM_FOLDERS, is_within
from safepip.edges.builder.toolchains import homes
from safepip.model.errors import Refused
from safepip.model.finding import printable

#: Folders of the Filesystem Hierarchy Standard that are no project's. A project may lie in one of them.
_OF_THE_SYSTEM = (
    *SYSTEM_FOLDERS,
    "/boot", "/dev", "/etc", "/home", "/lost+found", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/srv", "/sys",
    "/tmp",  # noqa: S108  # only named
    "/usr/bin", "/usr/include", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local", "/usr/local/bin",
    "/usr/local/lib", "/usr/sbin", "/usr/share", "/usr/src", "/var", "/var/lib", "/var/tmp",  # noqa: S108  # only named
)  # fmt: skip


def check_own_folder(root: str, home: str, scratch: str, shown: str) -> None:
    """Raise `Refused` (`own-folder-too-wide`) for a folder that holds more than a project, links followed.

    `home` is the user's home folder, `scratch` the folder of this run's builds, `shown` names the project.
    """
    problem = _problem(os.path.realpath(root), home, scratch)
    if problem:
        raise Refused.because(
            "own-folder-too-wide",
            f"the folder of {shown} {problem}, and a build may change everything in it",
            context=(printable(root),),
            hint="move the project into a folder of its own",
            subject=shown,
        )


def _problem(root: str, home: str, scratch: str) -> str:
    """What is wrong with a folder, empty where nothing is."""
    if root == os.path.dirname(root):
        return "is the root of the file system"
    for place in (home, *homes()):
        if os.path.isabs(place) and is_within(os.path.realpath(place), root):
            return "is your home folder or lies above it"
    if any(is_within(os.path.realpath(place), root) for place in _OF_THE_SYSTEM if os.path.exists(place)):
        return "is a folder of the system"
    for place in (tempfile.gettempdir(), scratch):
        if is_within(os.path.realpath(place), root):
            return f"holds {printable(place)}, in which safepip works"
    return ""
