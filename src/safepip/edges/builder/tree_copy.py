"""A copy of a folder of the user's own, for a build that must not write into the folder itself."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from safepip.model.source import SourceTree


def copy_of(tree: SourceTree, into: str, left: Collection[str]) -> SourceTree:
    """The same tree in a folder of its own below `into`. Links stay links; `left` are paths that are left out, and so
    is what is neither a file, a folder nor a link.

    Raises `Unavailable` (`unreadable-tree`) where something of it cannot be read.
    """
    origin = os.path.realpath(tree.root)
    root = os.path.join(into, os.path.basename(origin))

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if (path := os.path.join(folder, name)) in left or not _is_plain(path)}

    try:
        shutil.copytree(origin, root, symlinks=True, ignore=left_out)
    except OSError as error:
        reason = printable(error.strerror or str(error), 150)
        raise Unavailable.because("unreadable-tree", f"{printable(origin)} cannot be copied: {reason}") from None
    folder = os.path.normpath(os.path.join(root, os.path.relpath(tree.folder, tree.root)))
    return tree._replace(folder=folder, root=root, own=False)


def _is_plain(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
