"""A tree that came from elsewhere is looked through before anything else reads it: links, and other repositories in it.

A link out of the tree would let a build, or the reading of its metadata, take in a file of this machine (`/etc/passwd`,
a key), and a folder that only looks like a repository of git would be read by git with the settings in it, which can
name programs.
"""

from __future__ import annotations

import os
import stat
from itertools import islice
from typing import TYPE_CHECKING

from safepip.model.errors import Refused
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

#: Further down they are taken for files of a project's tests, which some projects keep there.
_AT_THE_TOP = frozenset({".hg", ".svn", ".bzr"})
#: As many as are named in one message.
_MOST_SHOWN = 5


def check_tree(root: str, shown: str, repositories: Collection[str]) -> None:
    """Look through a tree. `repositories` are the paths, relative to it, of the repositories that safepip has made.

    Raises `Refused` (`unsafe-repository`) where a link leads out of the tree or into a repository, a file is neither a
    file nor a folder nor a link, or there is a repository that safepip has not made.
    """
    _raise_for(_problems(root, {os.path.normpath(path) for path in repositories}), shown)


def check_links(root: str, shown: str, links: Iterable[str], repositories: Collection[str]) -> None:
    """Look at some links of a tree, given relative to it, and at nothing else: in a folder in which builds have been
    they lay their own. Raises as `check_tree`."""
    real_root = os.path.realpath(root)
    forbidden = [os.path.join(real_root, path) for path in repositories]
    there = ((path, os.path.join(root, path)) for path in links)
    found = ((path, _problem_of_link(place, real_root, forbidden)) for path, place in there if os.path.islink(place))
    _raise_for(((path, problem) for path, problem in found if problem), shown)


def _raise_for(problems: Iterable[tuple[str, str]], shown: str) -> None:
    found = [f"{printable(path)} {problem}" for path, problem in islice(problems, _MOST_SHOWN + 1)]
    if found:
        more = ("...",) if len(found) > _MOST_SHOWN else ()
        raise Refused.because(
            "unsafe-repository",
            f"the repository {printable(shown)} has files that are not safe to use",
            context=(*found[:_MOST_SHOWN], *more),
            hint="name another revision, or ask its owner to take them out",
        )


def _problems(root: str, repositories: Collection[str]) -> Iterator[tuple[str, str]]:
    real_root = os.path.realpath(root)
    forbidden = [os.path.join(real_root, path) for path in repositories]
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = os.path.relpath(entry.path, root)
                if path in repositories and not entry.is_symlink():
                    continue
                if entry.name.lower() == ".git" or path.lower() in _AT_THE_TOP:
                    yield path, "would be taken for a repository"
                elif entry.is_symlink():
                    problem = _problem_of_link(entry.path, real_root, forbidden)
                    if problem:
                        yield path, problem
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                    yield path, "is neither a file nor a folder nor a link"


def _problem_of_link(path: str, real_root: str, forbidden: Collection[str]) -> str:
    """What is wrong with a link, empty where it stays within the tree, be there something or not."""
    target = os.readlink(path)
    if os.path.isabs(target):
        return "is a link to an absolute path"
    beginning = os.path.realpath(os.path.dirname(path))
    # As written, and as the system follows it: behind a link to a folder, `..` is somewhere else.
    for place in (os.path.normpath(os.path.join(beginning, target)), os.path.realpath(path)):
        if not is_within(place, real_root):
            return "is a link that leads out of the tree"
        if any(is_within(place, folder) for folder in forbidden):
            return "is a link into the repository's own data"
    return ""


def is_within(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it; both are absolute, and without links."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
