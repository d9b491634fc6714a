"""A checkout with git, step by step: clone, choose the commit, list its tree, write its files, then its submodules."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from safepip.build.submodules import read_submodules
from safepip.build.vcs_url import is_full_id
from safepip.edges.builder.checking_out import CheckedOut
from safepip.edges.builder.git import Git
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from safepip.build.submodules import Submodule
    from safepip.edges.builder.checking_out import Checkout

#: How deep submodules may lie in each other, and how many there may be in all.
_DEEPEST, _MOST_SUBMODULES = 8, 200
_SUBMODULE, _LINK = "160000", "120000"


class _Work(NamedTuple):
    """A checkout into the folder `root`. `repositories` and `links` grow with each repository, submodules included."""

    asked: Checkout
    root: str
    repositories: list[str]
    links: list[str]

    def git(self, url: str, folder: str) -> Git:
        """git for one of them, allowed to reach it."""
        git = _git(self.asked, url, folder)
        git.reach()
        return git

    def done(self, commit: str) -> CheckedOut:
        """What came of it."""
        return CheckedOut(commit, tuple(self.repositories), tuple(self.links))


def _git(asked: Checkout, url: str, folder: str) -> Git:
    return Git(url, folder, asked.environ, asked.scratch, asked.login)


def check_out_git(asked: Checkout, into: str) -> CheckedOut:
    """Clone into a folder, and check the revision out there."""
    work = _Work(asked, into, [], [])
    git = work.git(asked.source.url, into)
    git.clone()
    commit, branch = git.resolve(asked.source.revision)
    _note_foreign(asked, git, commit)
    _write(work, git, into, commit, branch)
    return work.done(commit)


class GitFolder:
    """A folder that has a `.git` already, made by an earlier run, by pip or by the user.

    Builds may have written in it, so its own settings are looked at before git acts on any: call `unsafe_settings`
    first, and nothing else where it finds some.
    """

    def __init__(self, asked: Checkout, folder: str) -> None:
        self._asked, self._folder = asked, folder
        self._git = _git(asked, asked.source.url, folder)

    def unsafe_settings(self) -> tuple[str, ...]:
        """What in it could make git run programs, a line for each."""
        return self._git.unsafe_settings()

    def is_same(self) -> bool:
        """Whether it is a checkout of the source's URL."""
        return _same_url(self._git.remote(), self._asked.source.url)

    def update(self) -> CheckedOut:
        """Bring it to the source's URL and revision."""
        work, git, revision = _Work(self._asked, self._folder, [], []), self._git, self._asked.source.revision
        git.examine()
        if not self.is_same():
            git.set_url()
        git.reach()
        if is_full_id(revision) and git.head() == revision.lower():
            commit, branch = git.head(), ""
        else:
            git.fetch()
            # Without a revision pip follows what the remote had as its default branch.
            commit, branch = git.resolve(revision or "refs/remotes/origin/HEAD")
        _note_foreign(self._asked, git, commit)
        if branch in ("", git.branch()):
            git.reset(commit)
        _write(work, git, self._folder, commit, branch)
        return work.done(commit)


def _note_foreign(asked: Checkout, git: Git, commit: str) -> None:
    source = asked.source
    if is_full_id(source.revision) and not git.is_published(commit):
        asked.say(f"commit {commit[:12]} is in no branch and no tag of {printable(source.url)}: it may be from a fork")


def _same_url(one: str, other: str) -> bool:
    """pip compares them decoded, and without a slash at the end."""
    return unquote(one).rstrip("/") == unquote(other).rstrip("/")


def _write(work: _Work, git: Git, folder: str, commit: str, branch: str = "", depth: int = 0) -> None:
    """Write the files of a commit, then those of its submodules."""
    listing = git.listing(commit)
    git.check_out(commit, branch)
    if git.head() != commit:
        raise Refused.because(
            "commit-differs",
            f"{printable(git.url)} was checked out at another commit than {commit}",
            context=(f"checked out: {git.head() or 'none'}",),
        )
    work.repositories.append(os.path.relpath(os.path.join(folder, ".git"), work.root))
    prefix = os.path.relpath(folder, work.root)
    work.links.extend(os.path.normpath(f"{prefix}/{path}") for path, entry in listing.items() if entry.mode == _LINK)
    for name, number in git.unfiltered():
        work.asked.say(f"git's filter {name} was not run on {number} files of {printable(git.url)}")
    links = {path: entry.object_id for path, entry in listing.items() if entry.mode == _SUBMODULE}
    # As pip, and git: without this file, what stands for a submodule stays an empty folder.
    if not links or ".gitmodules" not in listing:
        return
    settings = git.settings_in(commit, ".gitmodules")
    for submodule in read_submodules(settings, links, git.url, local=git.allows_local_submodules):
        _write_submodule(work, git, folder, submodule, depth + 1)


def _write_submodule(work: _Work, parent: Git, folder: str, submodule: Submodule, depth: int) -> None:
    if depth > _DEEPEST or len(work.repositories) > _MOST_SUBMODULES:
        raise Refused.because("unsafe-repository", f"the repository {printable(parent.url)} has submodules without end")
    place = os.path.join(folder, *submodule.path.split("/"))
    _check_place(parent, folder, submodule)
    git = work.git(submodule.url, place)
    if not os.path.lexists(os.path.join(place, ".git")):
        git.clone()
    else:
        git.examine()
        if not _same_url(git.remote(), submodule.url):
            git.set_url()
        git.fetch()
    commit, _ = git.resolve(submodule.commit)
    _write(work, git, place, commit, depth=depth)
    parent.record_submodule(submodule.name, submodule.url)


def _check_place(parent: Git, folder: str, submodule: Submodule) -> None:
    """The folder of a submodule is one that git has just made, and no link is on the way to it."""
    place = folder
    for part in submodule.path.split("/"):
        place = os.path.join(place, part)
        try:
            is_folder = stat.S_ISDIR(os.lstat(place).st_mode)
        except OSError:
            is_folder = False
        if not is_folder or os.path.realpath(place) != os.path.join(os.path.realpath(os.path.dirname(place)), part):
            raise Unavailable.because(
                "checkout-failed",
                f"the repository {printable(parent.url)} has no folder for its submodule {printable(submodule.path)}",
            )
