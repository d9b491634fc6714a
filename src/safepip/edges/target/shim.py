"""Puts a shim on an environment and reads what is there of one; `bare_unshim.py` takes it off.

In this order, so that a process may be killed between any two steps, and the next run puts the shim on or takes it off:

1. Each entry point is linked into `.safepip-shim/originals`: the link is the very file, with its times and its mode.
   Even a file that is shared with other environments (uv) is never written to.
2. `state.json` names everything that is about to be replaced, and what will stand there.
3. Byte code of `pip/__main__.py` goes: what Python is told not to compare with its source would run in place of the
   shim.
4. Each shim takes the place of its entry point in one step (`rename`), so that there is a pip at each moment, and none
   that is found further along PATH.
5. `state.json` once more, with the digests of the shims alone; originals that are no longer named go.

One process at a time does this (`bare_unshim.held`), each under names of its own for what is not in its place yet; and
what is replaced is looked at once more before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.programs.own_command import strange_command
from safepip.edges.programs.starting import own_archive, own_text
from safepip.edges.target import bare_unshim
from safepip.edges.target.bare_unshim import FOLDER, Damaged, digest_of
from safepip.environment.shim import SavedByteCode, Shim, ShimEntry, is_pip_command, saved_name, shim_text
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.environment.verification import EnvironmentFolders

_PYTHON = re.compile(r"(?:python|pypy|graalpy)[0-9.]*t?")
#: How a person's own script differs from a pip's.
_OF_PIP = re.compile(rb"\b(?:from|import) +pip\b|\bpip==")
#: What begins so was not finished by a process that was killed.
_NEW = "new-"


class _Place(NamedTuple):
    """An entry point that is to be replaced: its path in the environment, and what is there."""

    path: str
    main: bool
    digest: str


def read_shim(root: str) -> Shim | None:
    """The shim of the environment with this folder; None where it has none. Raises `Unavailable` (`shim-damaged`)."""
    if not bare_unshim.is_there(root):
        return None
    try:
        state = bare_unshim.read_state(root)
    except (Damaged, OSError) as error:
        raise _damaged(root, error) from None
    if state is None:
        return None
    entries = (ShimEntry(**{**item, "shims": tuple(item["shims"])}) for item in state["entries"])
    caches = (SavedByteCode(**item) for item in state["caches"])
    return Shim(state["python"], tuple(state["command"]), tuple(entries), tuple(caches))


def digests(root: str, shim: Shim) -> dict[str, str]:
    """What is at each of the shim's entry points now."""
    return {entry.path: digest_of(f"{root}/{entry.path}") for entry in shim.entries}


def made_digest(shim: Shim, entry: ShimEntry) -> str:
    """The digest of the text that this safepip puts in the place of an entry point."""
    text = shim_text(own_text("bare_shim.py", "target"), shim, entry)
    return hashlib.sha256(text.encode()).hexdigest()


def strangeness(root: str, shim: Shim) -> str:
    """What a shim does that no shim of this safepip's does, for the end of a sentence; empty where there is nothing.
    Its notes may be anybody's who can write to the environment, and what is made of them would be taken for whole."""
    try:
        beside = os.path.samefile(os.path.dirname(shim.python), f"{root}/bin")
    except (OSError, ValueError):
        beside = False
    plain = shim.python.isprintable() and os.path.normpath(shim.python) == shim.python
    if not (beside and plain and _PYTHON.fullmatch(os.path.basename(shim.python))):
        return f"is run by a program that is not this environment's Python: {printable(shim.python)}"
    return strange_command(shim.command, own_archive())


def strange_files(root: str, shim: Shim) -> dict[str, str]:
    """What in the shim's folder is not as this safepip has put it there: for each path what is to be said of it."""
    folder = f"{root}/{FOLDER}"
    result = {}
    program = hashlib.sha256(own_text("bare_unshim.py", "target").encode()).hexdigest()
    if digest_of(f"{folder}/remove.py") != program:
        result[f"{folder}/remove.py"] = "is not this version's program that takes the shim off"
    needed = {entry.saved for entry in shim.entries} | {cache.saved for cache in shim.caches}
    names = set(os.listdir(folder)) - {"state.json", "remove.py", "originals"}
    names |= {f"originals/{name}" for name in set(os.listdir(f"{folder}/originals")) - needed}
    return result | {f"{folder}/{name}": "is not of the shim" for name in sorted(names)}


def of_others(root: str, shim: Shim, before: Shim | None = None) -> list[str]:
    """The paths of the commands whose kept originals are no pip's: scripts of a person's own. Those that were kept
    `before` are left out."""
    known = {entry.saved for entry in before.entries} if before is not None else set()
    result = []
    for entry in shim.entries:
        if not entry.main and ":" not in entry.digest and entry.saved not in known:
            with open(f"{root}/{FOLDER}/originals/{entry.saved}", "rb") as file:
                if not _OF_PIP.search(file.read()):
                    result.append(entry.path)
    return result


def is_whole(root: str, shim: Shim, place: EnvironmentFolders) -> bool:
    """Whether the shim stands at every entry point that pip has in the environment."""
    known = {entry.path: entry.shims for entry in shim.entries}
    return all(item.digest in known.get(item.path, ()) for item in _entry_points(root, place))


def without_shim(root: str, shim: Shim, place: EnvironmentFolders) -> list[str]:
    """The paths of pip's entry points in the environment that the shim's notes do not name: new ones, or ones that
    somebody has taken out of the notes."""
    known = {entry.path for entry in shim.entries}
    return [f"{root}/{item.path}" for item in _entry_points(root, place) if item.path not in known]


def has_pip(root: str, place: EnvironmentFolders) -> bool:
    """Whether pip has entry points in the environment."""
    return any(_entry_points(root, place))


def put_on(place: EnvironmentFolders, python: str, command: Sequence[str]) -> Shim:
    """Replace the entry points of the pip in an environment, or repair a shim that is there already.

    `python` is the path of its interpreter for first lines, `command` starts safepip. Raises `Unavailable`:
    `nothing-to-shim` where there is no pip, `shim-damaged`, `shim-not-written`.
    """
    root = place.prefix
    try:
        with bare_unshim.held(root):
            before = read_shim(root)
            points = [*_entry_points(root, place), *_missing(root, place, before)]
            _check(root, points, before)
            return _replace(root, points, Shim(python, tuple(command)), before)
    except OSError as error:
        raise Unavailable.because(
            "shim-not-written",
            f"the shim could not be put on: {error.strerror or error}",
            context=(printable(error.filename or root),),
            hint="make the environment writable and run this again, or take off what is there: "
            f"safepip shim --remove --venv {shlex.quote(printable(root))}",
        ) from None


def take_off(root: str) -> list[str]:
    """Put pip's entry points back; a line for each that was left as it is. Raises `Unavailable` (`shim-damaged`,
    `shim-not-written`)."""
    try:
        return bare_unshim.remove(root)
    except Damaged as error:
        raise _damaged(root, error) from None
    except OSError as error:
        raise Unavailable.because(
            "shim-not-written",
            f"the shim could not be taken off as a whole: {error.strerror or error}",
            context=(printable(error.filename or root),),
            hint="make the environment writable and run this again: the rest is done then",
        ) from None


def _damaged(root: str, error: Exception) -> Unavailable:
    return Unavailable.because(
        "shim-damaged",
        f"what the shim keeps in {printable(root)} cannot be used",
        context=(printable(str(error)),),
        hint="a new pip has entry points of its own, which replace the shim's:\n"
        f"safepip install --python {shlex.quote(printable(root))} --force-reinstall --no-deps pip",
    )


def _entry_points(root: str, place: EnvironmentFolders) -> Iterator[_Place]:
    """Those of every pip in the environment's own folders."""
    for site in place.sites:
        path = f"{site}/pip/__main__.py"
        if site.startswith(f"{root}/") and os.path.lexists(path):
            yield _Place(path[len(root) + 1 :], main=True, digest=digest_of(path))
    if place.scripts.startswith(f"{root}/") and os.path.isdir(place.scripts):
        for name in sorted(filter(is_pip_command, os.listdir(place.scripts))):
            path = f"{place.scripts}/{name}"
            if _leads_to_another(place.scripts, name):
                continue
            yield _Place(path[len(root) + 1 :], main=False, digest=digest_of(path))


def _leads_to_another(scripts: str, name: str) -> bool:
    """Whether a command is a link to another one of pip's beside it, and reaches the shim by that."""
    try:
        target = os.path.join(scripts, os.readlink(f"{scripts}/{name}"))
    except OSError:
        return False
    beside = os.path.realpath(os.path.dirname(target)) == os.path.realpath(scripts)
    other = os.path.basename(target)
    return beside and other != name and is_pip_command(other) and os.path.isfile(target)


def _missing(root: str, place: EnvironmentFolders, before: Shim | None) -> list[_Place]:
    """Entry points that the shim knows and that are not there, where all others are of the pip that it knows."""
    if before is None:
        return []
    there = {point.path: point.digest for point in _entry_points(root, place)}
    of_that_pip = [
        there[entry.path] == entry.digest or bare_unshim.is_ours(root, entry._asdict(), there[entry.path])
        for entry in before.entries
        if entry.path in there
    ]
    if not of_that_pip or not all(of_that_pip):
        return []
    gone = (entry for entry in before.entries if not os.path.lexists(f"{root}/{entry.path}"))
    return [_Place(item.path, item.main, "") for item in gone if os.path.isdir(os.path.dirname(f"{root}/{item.path}"))]


def _check(root: str, points: Sequence[_Place], before: Shim | None) -> None:
    """Raise `Unavailable` where the entry points cannot be replaced, before anything is."""
    if not any(point.main for point in points):
        raise Unavailable.because(
            "nothing-to-shim",
            f"there is no pip in {printable(root)} whose place the shim could take",
            hint=f"install it: safepip install --python {shlex.quote(printable(root))} pip",
        )
    known = {entry.path for entry in before.entries} if before is not None else frozenset()
    for point in points:
        path = f"{root}/{point.path}"
        if point.path not in known and bare_unshim.is_shim(path):
            raise _damaged(root, Damaged(f"{point.path} is the shim, and its original is not known any more"))
        if point.digest == "other":
            raise Unavailable.because(
                "shim-not-written",
                f"{printable(point.path)} is no file that could be an entry point",
                hint="reinstall pip in it, or make the environment anew",
            )


def _replace(root: str, points: Sequence[_Place], new: Shim, before: Shim | None) -> Shim:
    """Steps 1 to 5."""
    folder = f"{root}/{FOLDER}"
    os.makedirs(f"{folder}/originals", exist_ok=True)
    for name in os.listdir(folder):
        if name.startswith(_NEW):
            os.unlink(f"{folder}/{name}")
    os.replace(_write(folder, own_text("bare_unshim.py", "target")), f"{folder}/remove.py")
    known = {entry.path: entry for entry in before.entries} if before is not None else {}
    entries = [_kept(root, point, known.get(point.path)) for point in points]
    caches = [cache for entry in entries if entry.main for cache in _byte_code(root, entry, known, before)]
    new = new._replace(entries=tuple(entries), caches=tuple(caches))
    made = {entry.path: made_digest(new, entry) for entry in entries}
    both = (entry._replace(shims=(*dict.fromkeys((made[entry.path], *entry.shims)),)) for entry in entries)
    _write_state(folder, new._replace(entries=tuple(both)))
    for point, entry in zip(points, entries, strict=True):
        if point.digest != made[entry.path]:
            _put_in_place(root, new, entry, point.digest)
    new = new._replace(entries=tuple(entry._replace(shims=(made[entry.path],)) for entry in entries))
    _write_state(folder, new)
    needed = {item.saved for item in new.entries} | {item.saved for item in new.caches}
    for name in set(os.listdir(f"{folder}/originals")) - needed:
        os.unlink(f"{folder}/originals/{name}")
    return new


def _kept(root: str, point: _Place, known: ShimEntry | None) -> ShimEntry:
    """The entry for an entry point, its original kept: the one that is kept already where the shim stands there."""
    if known is not None and (not point.digest or bare_unshim.is_ours(root, known._asdict(), point.digest)):
        if digest_of(f"{root}/{FOLDER}/originals/{known.saved}") != known.digest:
            raise _damaged(root, Damaged(f"the original of {point.path} is not there any more"))
        return known
    saved = saved_name(point.path, point.digest)
    _keep(root, point.path, saved, point.digest)
    again = known is not None and known.digest == point.digest
    cached = os.path.isdir(_cache_folder(root, point.path)) or not point.main
    shims = () if known is None else known.shims
    return ShimEntry(point.path, saved, point.digest, shims, point.main, known.cached if again and known else cached)


def _keep(root: str, path: str, saved: str, digest: str) -> None:
    """Step 1 for one file. An earlier one under the name stays until the same is there once more."""
    original, kept = f"{root}/{path}", f"{root}/{FOLDER}/originals/{saved}"
    if digest_of(kept) == digest and _is_same(original, kept):
        return
    new = _new_name(f"{root}/{FOLDER}")
    try:
        os.link(original, new, follow_symlinks=False)
    except (OSError, NotImplementedError):
        # A file system without links, or a file of another user's.
        shutil.copy2(original, new, follow_symlinks=False)
    if digest_of(new) != digest:
        os.unlink(new)
        raise OSError(0, "it was changed meanwhile", original)
    os.replace(new, kept)
    # Of two names of one file, `rename` leaves both.
    with suppress(FileNotFoundError):
        os.unlink(new)


def _is_same(original: str, kept: str) -> bool:
    """Whether a kept copy has the times of its original as well."""
    return os.lstat(original).st_mtime_ns == os.lstat(kept).st_mtime_ns


def _cache_folder(root: str, path: str) -> str:
    return f"{root}/{path.rpartition('/')[0]}/__pycache__"


def _byte_code(
    root: str, entry: ShimEntry, known: dict[str, ShimEntry], before: Shim | None
) -> Iterator[SavedByteCode]:
    """What there is of the original's byte code, kept; and step 3, which comes to the same whenever it is done."""
    folder = _cache_folder(root, entry.path)
    there = bare_unshim.byte_code(folder)
    earlier = known.get(entry.path)
    kept: dict[str, SavedByteCode] = {}
    if before is not None and earlier is not None and earlier.digest == entry.digest:
        prefix = f"{folder[len(root) + 1 :]}/"
        mine = (cache for cache in before.caches if cache.path.startswith(prefix))
        # Where the shim was half taken off, one may be back in its place, and is kept anew.
        originals = f"{root}/{FOLDER}/originals"
        kept = {cache.path: cache for cache in mine if digest_of(f"{originals}/{cache.saved}") == cache.digest}
    if digest_of(f"{root}/{entry.path}") == entry.digest:
        for path in (f"{folder[len(root) + 1 :]}/{name}" for name in there):
            digest = digest_of(f"{root}/{path}")
            if path not in kept and len(digest) == len(entry.digest):
                kept[path] = SavedByteCode(path, saved_name(path, digest), digest)
                _keep(root, path, kept[path].saved, digest)
    yield from kept.values()


def _put_in_place(root: str, shim: Shim, entry: ShimEntry, replaced: str) -> None:
    """Steps 3 and 4 for one entry point, at which `replaced` was found."""
    path = f"{root}/{entry.path}"
    original = os.lstat(f"{root}/{FOLDER}/originals/{entry.saved}")
    if entry.main:
        for name in bare_unshim.byte_code(_cache_folder(root, entry.path)):
            os.unlink(f"{_cache_folder(root, entry.path)}/{name}")
    new = _write(f"{root}/{FOLDER}", shim_text(own_text("bare_shim.py", "target"), shim, entry))
    os.chmod(new, 0o755 if stat.S_ISLNK(original.st_mode) else stat.S_IMODE(original.st_mode))
    if digest_of(path) != replaced:
        os.unlink(new)
        raise OSError(0, "it was changed meanwhile", path)
    os.replace(new, path)


def _new_name(folder: str) -> str:
    """A path in the shim's folder that nobody else writes to."""
    return f"{folder}/{_NEW}{os.urandom(8).hex()}"


def _write(folder: str, text: str) -> str:
    """The path of a new file, which is to be moved to its place."""
    path = _new_name(folder)
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


def _write_state(folder: str, shim: Shim) -> None:
    state = {
        "version": 1,
        "python": shim.python,
        "command": shim.command,
        "entries": [entry._asdict() for entry in shim.entries],
        "caches": [cache._asdict() for cache in shim.caches],
    }
    os.replace(_write(folder, json.dumps(state, indent=1) + "\n"), f"{folder}/state.json")


def starts(shim: Shim) -> bool:
    """Whether what the shim starts is a program here."""
    return os.access(shim.command[0], os.X_OK)
