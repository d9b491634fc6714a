"""The digest of a tree of files: of all that a build can read of it, and of nothing else.

sha256 over one record for each file, folder and link below the root, in the order of their names as bytes: the kind,
the name relative to the root (with `/`), and the content, which is the sha256 of a file's bytes or the target of a
link, and empty for a folder. The length of each stands before it, so two lists of records give the same bytes only if
they are the same. A file's kind says whether its owner may execute it; other permissions, owners and times do not
count.

What version control keeps for itself does not count: the entries of the root that are named in `leave_out`, and `.git`
everywhere, since each submodule has one. `tree_links` refuses any other that a tree brings along.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from safepip.edges.disk.reading import open_regular
from safepip.model.digest import Digest, strong
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

#: What the programs of version control keep in the root.
REPOSITORIES = (".git", ".hg", ".svn", ".bzr")

#: The most entries of a tree, and the longest name of one relative to the root, in bytes.
MOST_ENTRIES = 1_000_000
LONGEST_PATH = 4_096

_MARK = b"safepip tree 1\n"


def digest_of_tree(folder: str, *, leave_out: Collection[str] = REPOSITORIES) -> Digest:
    """The digest of all that lies below a folder. `leave_out` are names of entries of the folder itself.

    Raises `Refused` (`unreadable-tree`) for too many entries, and for one that is neither a file, a folder nor a link;
    `Unavailable` (`unreadable-tree`) where the system does not let it be read.
    """
    whole = hashlib.sha256(_MARK)
    try:
        for name, path in sorted(_entries(folder, frozenset(leave_out))):
            kind, content = _read(path)
            for part in (kind, name, content):
                whole.update(len(part).to_bytes(8, "big"))
                whole.update(part)
    except OSError as problem:
        reason = printable(problem.strerror or str(problem), 150)
        raise Unavailable.because("unreadable-tree", f"{printable(folder)} cannot be read: {reason}") from None
    return strong("sha256", whole.hexdigest())


def _entries(root: str, leave_out: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    """The name relative to the root, and the path, of everything below it. No link is followed."""
    count = 0
    waiting = [("", root)]
    while waiting:
        above, folder = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == ".git" or (not above and entry.name in leave_out):
                    continue
                count += 1
                name = above + entry.name
                encoded = os.fsencode(name)
                if count > MOST_ENTRIES or len(encoded) > LONGEST_PATH:
                    raise _refused(root, f"it has more than {MOST_ENTRIES} entries, or lies too deep")
                yield encoded, entry.path
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{name}/", entry.path))


def _read(path: str) -> tuple[bytes, bytes]:
    """The kind and the content of an entry."""
    mode = os.lstat(path).st_mode
    if stat.S_ISDIR(mode):
        return b"d", b""
    if stat.S_ISLNK(mode):
        return b"l", os.fsencode(os.readlink(path))
    if not stat.S_ISREG(mode):
        raise _refused(path, "it is neither a file, a folder nor a link")
    with open(open_regular(path), "rb") as file:
        return b"x" if mode & stat.S_IXUSR else b"f", hashlib.file_digest(file, "sha256").digest()


def _refused(path: str, problem: str) -> Refused:
    return Refused.because(
        "unreadable-tree",
        f"{printable(path)} cannot be taken as source code",
        context=(problem,),
        hint="take it out of the source code",
    )
