"""Source code that a wheel is built from: where it comes from, and what is known of the very code that was read."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from safepip.model.digest import Digest


class SourceKind(enum.Enum):
    """The forms in which pip takes source code that is named directly."""

    ARCHIVE = "archive"  # a source archive by URL or path
    DIRECTORY = "directory"  # a project folder of this machine
    VCS = "vcs"  # a version-control URL


class SourceCode(NamedTuple):
    """Source code as the user names it.

    `url` is absolute, without credentials, fragment and revision: an `https:`, `http:` or `file:` URL, of a VCS without
    the `git+` before it. For some ways to reach a repository it is `ssh:` or the like, and then the name of an account
    stays in it (`ssh://git@host/path`). `subdirectory` is the project's folder within it, with `/`, empty for the root
    (`#subdirectory=`). `vcs` is the program: `git`, `hg`, `svn`, `bzr`. `revision` is the branch, tag or commit that is
    asked for, empty for the default branch. `editable` is pip's `-e`.
    """

    kind: SourceKind
    url: str
    editable: bool = False
    subdirectory: str = ""
    vcs: str = ""
    revision: str = ""

    def written(self, egg: str = "") -> str:
        """The URL as pip takes it, with the revision and the folder in it; `egg` is for the fragment.

        An editable is written as any other.
        """
        fields = [f"egg={egg}"] if egg else []
        fields += [f"subdirectory={self.subdirectory}"] if self.subdirectory else []
        url, mark, query = self.url.partition("?")
        program = f"{self.vcs}+" if self.vcs else ""
        revision = f"@{quote(self.revision, safe='/')}" if self.revision else ""
        return f"{program}{url}{revision}{mark}{query}{'#' if fields else ''}{'&'.join(fields)}"


class SourceTree(NamedTuple):
    """Source code on this machine, ready to be read and built.

    `folder` is the absolute path of the project, `root` that of the whole tree, the same without a subdirectory.
    `digest` is that of the archive's bytes, or of all files of a checkout; None for a folder of the user's own, which
    may change at any time. `commit` is a checkout's full commit id. `own` says that it is the user's own folder, in
    which builds may write. `size` is that of the archive, in bytes.
    """

    folder: str
    root: str
    digest: Digest | None = None
    commit: str = ""
    own: bool = False
    size: int | None = None


class HeldCommit(NamedTuple):
    """The commit that a lock has for source code of version control, and the digest of its tree, None where the lock
    has none."""

    commit: str
    tree: Digest | None = None


class BuiltFrom(NamedTuple):
    """What a wheel that the user named as source was built from, as PEP 610 records it. `digest` is that of an
    archive's bytes, or of the tree of a checkout; `commit` that of a checkout."""

    source: SourceCode
    digest: Digest | None = None
    commit: str = ""
