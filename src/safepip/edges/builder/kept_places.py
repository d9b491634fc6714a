"""What in a folder of the user's own is run, or believed, later: a build of that folder must leave it as it is.

These are environments, what version control keeps (git runs programs that its settings name), safepip's own
configuration, and the folders that safepip works with. bubblewrap mounts what is there read-only. What it cannot hold,
links and what is newly made, is looked at before and after. The search is bounded in depth and number.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from typing import TYPE_CHECKING

from safepip.build.visible import is_within, outermost
from safepip.edges.builder.protected import state_of
from safepip.edges.builder.tree import REPOSITORIES
from safepip.edges.disk.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ENVIRONMENT, REPOSITORY, POLICY, TABLE = "environment", "repository", "policy", "table"

#: How deep below the folder is looked, and at how many entries.
_DEEPEST, _MOST = 6, 100_000
#: What git's own folders have, whatever they are called.
_PARTS_OF_GIT = frozenset({"HEAD", "objects", "refs"})
_MOST_LINKS = 40
_LARGEST = 4 * 1024 * 1024


def kept_places(root: str, given: Iterable[str]) -> dict[str, str]:
    """The paths of all that is to be kept in a folder, links in it not followed, and what each is.

    `given` are folders that count as environments wherever they lie in it, be they there or not; each link on the way
    to them counts, too.
    """
    root = os.path.realpath(root)
    found = {path: ENVIRONMENT for place in given for path in _way(os.path.abspath(place))}
    found |= dict(_search(root))
    return {path: kind for path, kind in found.items() if path != root and is_within(path, root)}


def mounts_of(places: Mapping[str, str]) -> tuple[str, ...]:
    """Those that a fence can mount read-only."""
    there = (path for path, kind in places.items() if kind != TABLE and not os.path.islink(path))
    return outermost(tuple(path for path in there if os.path.exists(path)))


def looks_of(places: Mapping[str, str], *, deep: bool) -> dict[str, str]:
    """What each of these looks like now. `deep`: with everything that lies below."""
    return {path: _look(path, kind, deep=deep) for path, kind in places.items()}


def _way(path: str) -> Iterator[str]:
    """Each link on the way to a path, and where it ends."""
    for _ in range(_MOST_LINKS):
        link = next((above for above in _above(path) if os.path.islink(above)), None)
        if link is None:
            break
        yield os.path.join(os.path.realpath(os.path.dirname(link)), os.path.basename(link))
        target = os.path.join(os.path.dirname(link), os.readlink(link))
        path = os.path.normpath(os.path.join(target, os.path.relpath(path, link)))
    yield os.path.realpath(path)


def _above(path: str) -> list[str]:
    """A path and the folders above it, the highest first."""
    found = [path]
    while os.path.dirname(found[-1]) != found[-1]:
        found.append(os.path.dirname(found[-1]))
    return found[::-1]


def _search(root: str) -> Iterator[tuple[str, str]]:
    left, waiting = _MOST, [(root, 0)]
    for folder, depth in waiting:
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError:
            continue  # gone, or not to be read
        names = {entry.name for entry in entries}
        if folder != root and ("pyvenv.cfg" in names or names >= _PARTS_OF_GIT):
            yield folder, ENVIRONMENT if "pyvenv.cfg" in names else REPOSITORY
            continue
        left -= len(entries)
        for entry in entries:
            kind = _kind(entry)
            if kind:
                yield entry.path, kind
            elif left > 0 and depth < _DEEPEST and entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, depth + 1))


def _kind(entry: os.DirEntry[str]) -> str:
    name = entry.name.lower()
    if name in REPOSITORIES:
        return REPOSITORY
    if name == "safepip.toml":
        return POLICY
    if name == "pyproject.toml":
        return TABLE
    if entry.is_symlink() and os.path.isfile(os.path.join(entry.path, "pyvenv.cfg")):
        return ENVIRONMENT
    return ""


def _look(path: str, kind: str, *, deep: bool) -> str:
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return f"link {os.readlink(path)}"
        if kind == TABLE:
            return _table(path)
        if kind == ENVIRONMENT and stat.S_ISREG(found.st_mode):
            return state_of([path])  # a zip application, too large to be read each time
        if not stat.S_ISDIR(found.st_mode):
            return hashlib.sha256(read_regular(path, _LARGEST)).hexdigest()
    except OSError as error:
        return f"error {error.errno}"
    if not deep:
        return f"folder {found.st_dev} {found.st_ino}"
    # git writes its index when it is asked for the state of the files.
    return state_of([path], leave_out=("index", "objects") if kind == REPOSITORY else ())


def _table(path: str) -> str:
    """`[tool.safepip]`: a build may write the rest of a pyproject.toml."""
    try:
        tool = tomllib.loads(read_regular(path, _LARGEST).decode("utf-8")).get("tool")
    except (ValueError, RecursionError):
        return ""  # safepip would not read it either
    table = tool.get("safepip") if isinstance(tool, dict) else None
    return "" if table is None else repr(table)
