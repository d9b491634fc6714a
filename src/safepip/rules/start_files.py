"""Files that Python reads at its start by which it imports or runs more: where they lie, and which folders they add."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.wheel.install_paths import key_of
from safepip.wheel.pth import read_pth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.wheel import Entry, InstallPath
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.install_paths import Layout

#: What Python imports at every start, or takes for installed, and the projects that may bring it (`startup-hook`).
OF_PROJECTS = {"_distutils_hack": "setuptools"}
CUSTOM = frozenset({"sitecustomize", "usercustomize", "_virtualenv", "apport_python_hook", "_manylinux", *OF_PROJECTS})

_DRIVE = re.compile(r"[A-Za-z]:")

#: Names of folders for distributions. They count wherever they are, since some Python may use them.
SITE_NAMES = frozenset({"site-packages", "dist-packages"})


class StartFile(NamedTuple):
    """A file of the wheel that is looked at. `folder` is the key of the folder in which it is installed, `place` its
    path."""

    entry: Entry
    folder: str
    name: str
    place: str


def start_files(wheel: WheelUnderReview, layout: Layout) -> Iterator[StartFile]:
    """The `.pth` and `.start` files of a wheel that lie in a site folder."""
    sites = frozenset(map(key_of, layout.site_folders))
    for install_path in wheel.install_paths:
        if install_path.entry is not None and key_of(install_path.entry.path[-6:]).endswith((".pth", ".start")):
            folder, name = posixpath.split(install_path.key)
            if not install_path.path:
                folder, name = "", key_of(posixpath.basename(install_path.entry.path))
            if folder in sites or posixpath.basename(folder) in SITE_NAMES or _is_at_the_top(install_path):
                yield StartFile(install_path.entry, folder, name, posixpath.dirname(install_path.path))


def _is_at_the_top(install_path: InstallPath) -> bool:
    """Whether a file lies directly in purelib, platlib or an unknown scheme, by its path in the wheel."""
    assert install_path.entry is not None
    above = posixpath.dirname(install_path.entry.path)
    return install_path.scheme not in ("scripts", "data", "headers") and (not above or _is_scheme(above))


def _is_scheme(folder: str) -> bool:
    top, _, rest = folder.partition("/")
    return key_of(top).endswith(".data") and "/" not in rest


def is_absolute(line: str) -> bool:
    """Whether a path line is absolute on some system."""
    return line.startswith(("/", "\\")) or _DRIVE.match(line) is not None


def added(line: str, folder: str) -> str:
    """The key of what a path line adds. Windows takes a backslash for a separator, so here it is one."""
    path = line.replace("\\", "/")
    return key_of(posixpath.normpath(path if is_absolute(line) else f"{folder}/{path}"))


def import_folders(wheels: Iterable[WheelUnderReview], layout: Layout) -> frozenset[str]:
    """The keys of all folders that Python imports from when the run has ended, those for commands left out."""
    roots = (layout.schemes.get("purelib", ""), layout.schemes.get("platlib", ""))
    found = {key_of(folder) for folder in (*layout.site_folders, *layout.search_path, *roots) if folder}
    for wheel in wheels:
        if any(key_of(path[-4:]) == ".pth" for path in wheel.content.texts):
            for file in start_files(wheel, layout):
                lines = read_pth(wheel.content.texts.get(file.entry.path, b""))
                found.update(added(line, file.folder) for line in lines.paths)
    return frozenset(found)
