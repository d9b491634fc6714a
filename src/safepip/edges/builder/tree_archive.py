"""A checkout as one ZIP archive, as pip saves it: what `safepip download` keeps of version control.

As with pip the folder around everything has the project's name, and a link to a file becomes that file. What differs
makes the archive of a commit the same each time: what version control keeps for itself is left out (`tree`), entries
are in the order of their names, and times and modes are fixed. A ZIP archive has no links, so one to a folder, or to
nothing, is left out, and told of.
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from typing import TYPE_CHECKING

from safepip.edges.builder.tree import REPOSITORIES, digest_of_tree
from safepip.edges.builder.tree_links import is_within
from safepip.edges.disk.reading import open_regular
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.source import SourceTree


def write_archive(tree: SourceTree, name: str, into: str) -> list[str]:
    """Write the whole tree to a new file at `into`; the links that are left out, relative to the root. `name` is that
    of the folder around everything.

    Raises `Unavailable` (`not-saved`), and `Refused` (`digest-mismatch`) where the tree is not as it was checked out.
    """
    if digest_of_tree(tree.root) != tree.digest:
        raise Refused.because(
            "digest-mismatch",
            f"the checkout of {name} has changed since it was made",
            hint="something else writes to safepip's folders: find out what, and run again",
        )
    root, left_out = os.path.realpath(tree.root), []
    try:
        with zipfile.ZipFile(into, "x", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(_below(root), key=os.fsencode):
                member = os.path.relpath(path, root).replace(os.sep, "/")
                if not _add(archive, path, f"{name}/{member}", root):
                    left_out.append(member)
    except (OSError, ValueError) as error:  # `ValueError`: a name that is not text
        reason = printable(error.strerror or str(error) if isinstance(error, OSError) else str(error), 150)
        raise Unavailable.because("not-saved", f"the checkout of {name} could not be saved: {reason}") from None
    return left_out


def _below(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git" and (folder != root or name not in REPOSITORIES)]
        yield from (os.path.join(folder, name) for name in (*folders, *files) if name != ".git")


def _add(archive: zipfile.ZipFile, path: str, member: str, root: str) -> bool:
    """Add one entry; False for a link that leads to no file of the tree."""
    real = os.path.realpath(path)
    if not is_within(real, root) or (os.path.islink(path) and not os.path.isfile(real)):
        return False
    if os.path.isdir(path):
        folder = zipfile.ZipInfo(f"{member}/")
        folder.external_attr = (stat.S_IFDIR | 0o755) << 16
        archive.writestr(folder, b"")
        return True
    with open(open_regular(real), "rb") as source:
        info = zipfile.ZipInfo(member)
        executable = os.fstat(source.fileno()).st_mode & stat.S_IXUSR
        info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        info.file_size = os.fstat(source.fileno()).st_size
        with archive.open(info, "w") as entry:
            shutil.copyfileobj(source, entry, 1 << 20)
    return True
