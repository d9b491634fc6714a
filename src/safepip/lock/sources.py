"""Source code in a lock (PEP 751): written, and read back.

`packages.vcs` has the commit, whose id is a SHA-1 in most repositories. So the sha256 of all files of the checkout
stands beside it, in `packages.tool.safepip`; a lock of another tool has none. `packages.directory` has a path and
nothing that could be checked: a folder may change. `packages.archive` has the digests of one file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from packaging.pylock import PackageDirectory, PackageVcs

from safepip.build.vcs_url import is_full_id, read_vcs_url
from safepip.model.digest import WeakDigest, strong
from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.model.source import HeldCommit, SourceCode, SourceKind

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from packaging.pylock import Package, PackageArchive, Pylock

    from safepip.model.digest import Digest
    from safepip.model.origin import Origin
    from safepip.model.source import BuiltFrom

_TREE = "tree-sha256"
_NUMBER = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:")


# --- written -----------------------------------------------------------------------------------------------------


def vcs_entry(built_from: BuiltFrom) -> PackageVcs:
    """What a lock says of a checkout."""
    source = built_from.source
    return PackageVcs(
        type=source.vcs,
        url=source.url,
        requested_revision=source.revision or None,
        commit_id=built_from.commit,
        subdirectory=source.subdirectory or None,
    )


def tool_entry(built_from: BuiltFrom) -> Mapping[str, Any] | None:
    """What safepip's own table says of a checkout: the digest of its tree."""
    digest = built_from.digest
    return None if digest is None else {"safepip": {_TREE: digest.hex}}


def directory_entry(source: SourceCode, path: str) -> PackageDirectory:
    """What a lock says of a folder, whose path is relative to the lock."""
    return PackageDirectory(path=path, editable=source.editable or None, subdirectory=source.subdirectory or None)


# --- read --------------------------------------------------------------------------------------------------------


def code_in_lock(file: PackageVcs | PackageDirectory | PackageArchive, name: str, origin: Origin) -> SourceCode:
    """The source code that a lock names, its `url` still as the lock has it: a URL, or a path. The revision is the
    commit: what was asked for when the lock was made does not count any more.

    Raises `UnusableInput` (`invalid-lock`).
    """
    place, folder = file.path or getattr(file, "url", None) or "", file.subdirectory or ""
    if _OUTSIDE.match(folder) or ".." in re.split(r"[/\\]", folder) or not folder.isprintable():
        raise _invalid(f"the subdirectory of {name} is not a folder within it: {printable(folder)}", origin)
    if isinstance(file, PackageDirectory):
        return SourceCode(SourceKind.DIRECTORY, place, editable=bool(file.editable), subdirectory=folder)
    if not isinstance(file, PackageVcs):
        return SourceCode(SourceKind.ARCHIVE, place, subdirectory=folder)
    commit = file.commit_id.lower()
    if not (_NUMBER.match(commit) if file.type == "svn" else is_full_id(commit)):
        raise _invalid(f"the commit-id of {name} is not the whole id of a commit: {printable(file.commit_id)}", origin)
    return SourceCode(SourceKind.VCS, place, subdirectory=folder, vcs=file.type, revision=commit)


def tree_in_lock(package: Package, origin: Origin) -> Digest | None:
    """The digest of a checkout's files that safepip wrote; None where there is none.

    Raises `UnusableInput` (`invalid-lock`).
    """
    table = (package.tool or {}).get("safepip", {})
    value = table.get(_TREE) if isinstance(table, dict) else table
    if value is None:
        return None
    try:
        return strong("sha256", str(value))
    except WeakDigest:
        message = f"the {_TREE} of {package.name} is no sha256: {printable(str(value), 80)}"
        raise _invalid(message, origin) from None


def placed(code: SourceCode, url: str, name: str, origin: Origin) -> SourceCode:
    """The source code at its absolute URL. As pip has it: the folder in a folder is a folder, and its URL, which is
    recorded in the environment, ends with a slash where it is not editable.

    Raises `UnusableInput` (`invalid-lock`) for a URL that no requirement could have either.
    """
    if code.kind is SourceKind.DIRECTORY:
        below = f"/{quote(code.subdirectory)}" if code.subdirectory else ""
        return code._replace(url=f"{url.rstrip('/')}{below}{'' if code.editable else '/'}", subdirectory="")
    if code.kind is SourceKind.ARCHIVE:
        return code._replace(url=url)
    fragment = f"#subdirectory={code.subdirectory}" if code.subdirectory else ""
    try:
        found = read_vcs_url(f"{code.vcs}+{url}@{code.revision}{fragment}").source
    except UnusableInput as problem:
        raise _invalid(f"{name} is taken from version control: {problem}", origin) from None
    if (found.revision, found.subdirectory) != (code.revision, code.subdirectory):
        raise _invalid(f"the URL of {name} is not that of a repository: {printable(url)}", origin)
    return found


def held_commits(lock: Pylock, upgraded: Container[str], origin: Origin) -> dict[SourceCode, HeldCommit]:
    """The commits of a lock that is made anew, by what was asked for. `upgraded` are the projects that are left out."""
    found: dict[SourceCode, HeldCommit] = {}
    for package in lock.packages:
        vcs = package.vcs
        if vcs is not None and vcs.url is not None and package.name not in upgraded:
            code = code_in_lock(vcs, package.name, origin)
            asked = code._replace(revision=vcs.requested_revision or "")
            found[asked] = HeldCommit(code.revision, tree_in_lock(package, origin))
    return found


def _invalid(message: str, origin: Origin) -> UnusableInput:
    hint = "move it away, and make a new one: safepip lock -r FILE"
    return UnusableInput.because("invalid-lock", f"{printable(origin.where)}: {message}", hint=hint, origins=(origin,))
