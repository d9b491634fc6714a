"""Files that belong to several distributions, one of which is taken away or replaced: the others keep them.

pip removes what the RECORD of a distribution lists, also where another distribution lists it, too: the `__init__.py`
that old namespace packages all bring, a `LICENSE` at the top, a command that two projects have. So before pip starts
each such file is kept under a second name, by a link or a copy, and where there is nothing any more when pip has ended
it is put back. That holds only for a file that is, by its digest, the one in the RECORD of a distribution that stays:
what the other one has written over it does not come back, and what is lost is told. Byte code is left out, which Python
makes anew.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

from safepip.edges.target.installed import installed
from safepip.edges.target.installed_files import read_file
from safepip.edges.target.ownership import Ownership
from safepip.environment.verification import State
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Target
    from safepip.model.resolution import InstalledDistribution

#: Of the files of a distribution that are lost, more are not named.
_SHOWN = 3


class _Shared(NamedTuple):
    """A file of a distribution that stays, and of one that goes. `kept` is its second name; empty where it would not be
    put back."""

    path: str
    owner: str
    kept: str


class SharedFiles:
    """As a context manager around the work of pips: `going` are the distributions that it takes away, `folder` is a
    private one. `tell` is told of what is lost, a line at a time.

    Entering raises `Unavailable` (`installed-metadata`) where a list of files cannot be read. Cost: where something
    goes, one reading of all lists, and a look at each file of what goes.
    """

    def __init__(
        self,
        going: Sequence[InstalledDistribution],
        target: Target,
        folder: str,
        tell: Callable[[str], None],
    ) -> None:
        self._going, self._target, self._folder, self._tell = going, target, folder, tell
        self._shared: list[_Shared] = []

    def __enter__(self) -> Self:
        if self._going:
            there = Ownership(self._target.site_paths, [item.name for item in self._going])
            listed = dict.fromkeys(path for item in self._going for path in there.files(item.metadata_path))
            for path in listed:
                owner = None if path.endswith(".pyc") else there.owner(path)
                if owner is not None and _is_file(path) and there.digest(owner, path) is not None:
                    self._shared.append(_Shared(path, owner, self._kept(path, there.digests(path))))
        return self

    def __exit__(self, *_: object) -> None:
        lost: dict[str, list[str]] = {}
        for path, owner, kept in self._shared:
            if not (os.path.lexists(path) or _put_back(kept, path)):
                lost.setdefault(owner, []).append(path)
        there = installed(self._target) if lost else {}
        for owner in lost.keys() & there.keys():
            paths = lost[owner]
            shown = ", ".join(map(printable, paths[:_SHOWN])) + (" and more" if len(paths) > _SHOWN else "")
            pinned = f"{owner}=={there[owner].version}"
            self._tell(
                f"{owner} is there in part: what was taken away had files of it, too ({shown}); "
                f"to install it with --force-reinstall --no-deps {pinned} puts them back"
            )

    def _kept(self, path: str, stated: Iterable[tuple[str, bytes]]) -> str:
        """The second name of a file that has one of these digests; empty for another one, or where it can have none."""
        kept = os.path.join(self._folder, f"shared-{len(self._shared)}")
        try:
            _lay(path, kept)
        except OSError:
            return ""
        for algorithm, digest in stated:
            found = read_file(kept, algorithm) if algorithm else None
            if found is not None and (found.state, found.digest) == (State.FILE, digest):
                return kept
        return ""


def taken_over(replaced: Sequence[InstalledDistribution], wheels: Iterable[ClearedWheel], target: Target) -> list[str]:
    """The names of those among what is replaced of which another project's wheel brings a file, and the new version
    does not: a module that has moved from one project to another.

    pip takes a version away just before it installs the new one, and then perhaps what that wheel has brought already.
    """
    if not replaced:
        return []
    there = Ownership(target.site_paths)
    brought: dict[str, set[str]] = {}
    for wheel in wheels:
        for key in there.keys(item.path for item in wheel.install_paths if item.path):
            brought.setdefault(key, set()).add(wheel.pin.name)
    return [
        item.name
        for item in replaced
        if any(item.name not in brought.get(key, {item.name}) for key in there.keys(there.files(item.metadata_path)))
    ]


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _put_back(kept: str, path: str) -> bool:
    """Whether the file is at its path again."""
    if not kept:
        return False
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _lay(kept, path)
    return os.path.lexists(path)


def _lay(source: str, target: str) -> None:
    """Give a file a second name, or where that is not possible copy it, with its times and permissions. Raises
    `OSError`, and then there is no part of it."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        try:
            shutil.copy2(source, target, follow_symlinks=False)
        except BaseException:
            with suppress(OSError):
                os.unlink(target)
            raise
