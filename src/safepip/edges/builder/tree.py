"""The digest of a tree of files."""

from __future__ import annotations

import hashlib
import os
import stat

from safepip.model.digest import Digest, strong


def digest_of_tree(folder: str) -> Digest:
    """sha256 over the names, kinds, and contents of all files below a folder, but those of repositories' own data."""
    whole = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        # No tree of git has a .git in it; a .hg or .svn further down is a file of the project's like any other.
        own = (".git", ".hg", ".svn") if place == folder else (".git",)
        folders[:] = sorted(name for name in folders if name not in own)
        for name in sorted([*files, *folders]):
            path = os.path.join(place, name)
            mode = os.lstat(path).st_mode
            content = b""
            if stat.S_ISLNK(mode):
                content = os.fsencode(os.readlink(path))
            elif stat.S_ISREG(mode):
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256").digest()
            kind = "l" if stat.S_ISLNK(mode) else "d" if stat.S_ISDIR(mode) else "x" if mode & 0o100 else "f"
            relative = os.fsencode(os.path.relpath(path, folder).replace(os.sep, "/"))
            for part in (kind.encode(), relative, content):
                whole.update(len(part).to_bytes(8, "big") + part)
    return strong("sha256", whole.hexdigest())
