"""Takes a shim out of an environment, and reads what it has left there: also where there is no safepip any more.

The text of this file is `.safepip-shim/remove.py` in the environment; `safepip shim --remove` imports it. Beside it lie
`state.json`, which says what stands in the place of what, and `originals`, where each entry point of pip's was linked
to before another file took its place.

1. An entry point that is the shim's becomes its original again, the very file that it was, and so does one that is
   empty, or a shim that was changed. One that is its original already stays, and so does one that is another pip's or a
   person's own. One that is missing comes back where all others are of that pip, and does not where it was uninstalled
   or replaced.
2. Where an original is missing or is not what it was, nothing is taken away: pip's entry points would be lost.
3. Byte code that Python has made of the shim goes with it, and what it had made before comes back.
4. Each step may be the last one, if the process is killed: the next run does the others. Without `state.json` no entry
   point was touched yet, or all are done; then only the folder is removed. So it is where `state.json` is not what
   safepip writes, if no entry point is the shim's.
5. `state.json` may be anybody's: a path in it leads nowhere but into the environment.
6. One process at a time changes a shim: the environment's folder is held by `flock`, which ends with the process. Any
   user who may read the folder may hold it, so there is an end to the waiting.

It imports nothing of safepip, and stays within the syntax of Python 3.7.
"""

import os
import re
import stat
import sys
import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FOLDER = ".safepip-shim"
#: In each file that stands in the place of an entry point.
MARK = b"# This is safepip's shim"
_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}|link:.*", re.DOTALL)
_KEYS = ({"path", "saved", "digest"}, {"path", "saved", "digest", "shims", "main", "cached"})
#: No entry point, and no byte code of one, is nearly this long.
_LARGEST = 1 << 20
#: In seconds: for how long another process is waited for, and how often it is looked for.
_PATIENCE, _LOOKS = 30.0, 0.1


class Damaged(Exception):
    """What the shim has left in the environment cannot be used; the text says why."""


def digest_of(path: str) -> str:
    """What is at a path: the sha256 of a file in hexadecimal, `link:` and the target of a link, `other`, or nothing."""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return "link:" + os.readlink(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return "other"
        import hashlib

        with open(path, "rb") as file:
            return hashlib.sha256(file.read(_LARGEST + 1)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""


@contextmanager
def held(root: str) -> "Iterator[None]":
    """The environment for this process alone; another one waits. Where a file system has no such locks, nothing is
    waited for. Raises `OSError` where it stays held."""
    try:
        import fcntl  # noqa: F401  # is it there?

        handle = os.open(root, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        _wait_for(handle, root)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, root: str) -> None:
    import fcntl

    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise OSError(error.errno, "another program holds the folder", root) from None
            time.sleep(_LOOKS)
            continue
        except OSError:
            pass  # a file system without such locks
        return


def is_there(root: str) -> bool:
    """Whether an environment has a shim, or what is left of one."""
    return os.path.lexists(os.path.join(root, FOLDER))


def read_state(root: str) -> "dict[str, Any] | None":
    """What `state.json` says; None where there is none. Raises `Damaged`, and `OSError` where it cannot be read."""
    folder = os.path.join(root, FOLDER)
    kept = os.path.join(folder, "originals")
    for place in (folder, *([kept] if os.path.lexists(kept) else [])):
        # A link could have what is kept lie anywhere, and be moved from there.
        if os.path.islink(place) or not os.path.isdir(place):
            raise Damaged(ascii(place)[1:-1] + " is not a folder")
    path = os.path.join(folder, "state.json")
    there = digest_of(path)
    if not there:
        return None
    if len(there) != 64:
        raise Damaged(ascii(path)[1:-1] + " is no file that safepip writes")
    import json

    try:
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        _check(state, root)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged(ascii(path)[1:-1] + " is not what safepip writes") from None
    return state  # type: ignore[no-any-return]  # what it has was checked


def _check(state: "dict[str, Any]", root: str) -> None:
    """Raise one of several errors where the state is not in the form that is written."""
    own = os.path.join(os.path.realpath(root), "")
    words = [state["python"], *state["command"]]
    if state["version"] != 1 or not state["command"] or not all(isinstance(word, str) for word in words):
        raise ValueError
    for item in (*state["entries"], *state["caches"]):
        parts = item["path"].split("/")
        folder = os.path.realpath(os.path.join(root, *parts[:-1]))
        inside = os.path.join(folder, "").startswith(own) and not {"", ".", ".."}.intersection(parts)
        if not inside or "\0" in item["path"] or not _NAME.fullmatch(item["saved"]) or set(item) not in _KEYS:
            raise ValueError
        if not all(_DIGEST.fullmatch(digest) for digest in (item["digest"], *item.get("shims", ()))):
            raise ValueError
    for item in state["entries"]:
        if (
            item["main"] not in (True, False)
            or item["cached"] not in (True, False)
            or list(item["shims"]) != item["shims"]
        ):
            raise ValueError


def remove(root: str) -> "list[str]":
    """Take the shim off; a line for each entry point that was left as it is. Raises `Damaged` and `OSError`."""
    if not is_there(root):
        return []
    with held(root):
        return _remove(root) if is_there(root) else []


def _remove(root: str) -> "list[str]":
    try:
        state = read_state(root)
    except Damaged:
        # Where a new pip has taken the places of the shim, nothing is lost with the folder.
        if os.path.islink(os.path.join(root, FOLDER)) or _left(root):
            raise
        state = None
    if state is None:
        for path in _left(root):
            raise Damaged(ascii(path)[1:-1] + " is the shim, and its original is not known any more")
        clear(root)
        return []
    found = {item["path"]: digest_of(os.path.join(root, item["path"])) for item in state["entries"]}
    ours = [item for item in state["entries"] if is_ours(root, item, found[item["path"]])]
    there = [item for item in state["entries"] if found[item["path"]]]
    if there and all(item in ours or found[item["path"]] == item["digest"] for item in there):
        gone = [item for item in state["entries"] if item not in there]
        ours += [item for item in gone if os.path.isdir(os.path.dirname(os.path.join(root, item["path"])))]
    lost = [ascii(item["path"])[1:-1] for item in ours if digest_of(_saved(root, item)) != item["digest"]]
    if lost:
        raise Damaged("the original of " + ", ".join(lost) + " is not there any more")
    lines = []
    for item in state["entries"]:
        path = os.path.join(root, item["path"])
        if item in ours:
            os.replace(_saved(root, item), path)
        lines += _remark(item, found[item["path"]], again=item in ours)
        if item["main"] and digest_of(path) == item["digest"]:
            _put_back_byte_code(root, item, state["caches"])
    clear(root)
    return lines


def _remark(item: "dict[str, Any]", found: str, *, again: bool) -> "list[str]":
    """What is said of an entry point that was neither the shim nor its original."""
    if found in item["shims"] or found == item["digest"]:
        return []
    was = " was changed" if found else " was not there any more"
    return [ascii(item["path"])[1:-1] + was + (", and is pip's own again" if again else ", and stays so")]


def is_ours(root: str, item: "dict[str, Any]", found: str) -> bool:
    """Whether what is at an entry point is the shim, if only what is left of it: rule 1."""
    path = os.path.join(root, item["path"])
    if found in item["shims"] or is_shim(path):
        return True
    return len(found) == 64 and found != item["digest"] and not os.path.getsize(path)


def _put_back_byte_code(root: str, item: "dict[str, Any]", caches: "list[dict[str, Any]]") -> None:
    """Rule 3, of one `__main__.py`. `cached` says whether there was a folder for byte code."""
    folder = os.path.join(os.path.dirname(item["path"]), "__pycache__")
    before = {cache["path"] for cache in caches}
    for name in byte_code(os.path.join(root, folder)):
        if folder + "/" + name not in before:
            os.unlink(os.path.join(root, folder, name))
    for cache in caches:
        if os.path.dirname(cache["path"]) == folder and digest_of(_saved(root, cache)) == cache["digest"]:
            os.replace(_saved(root, cache), os.path.join(root, cache["path"]))
    place = os.path.join(root, folder)
    if not item["cached"] and os.path.isdir(place) and not os.listdir(place):
        os.rmdir(place)


def byte_code(folder: str) -> "list[str]":
    """The names of the files that Python has compiled of `__main__.py`."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.startswith("__main__.") and name.endswith(".pyc"))


def _left(root: str) -> "list[str]":
    """The entry points that are the shim's, found without a state: where `venv` and pip put them."""
    import glob

    root = glob.escape(root)
    places = (os.path.join(root, "bin", "pip*"), os.path.join(root, "lib*", "*", "site-packages", "pip", "__main__.py"))
    return [path for place in places for path in glob.glob(place) if is_shim(path)]


def is_shim(path: str) -> bool:
    """Whether what is at a path is the shim's, of whatever version."""
    try:
        if len(digest_of(path)) != 64:
            return False
        with open(path, "rb") as file:
            return MARK in file.read(4096)
    except OSError:
        return False


def clear(root: str) -> None:
    """Remove the folder; the state goes last but for the folder itself."""
    import shutil

    folder = os.path.join(root, FOLDER)
    for name in sorted(os.listdir(folder), key="state.json".__eq__):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    os.rmdir(folder)


def _saved(root: str, item: "dict[str, Any]") -> str:
    return os.path.join(root, FOLDER, "originals", item["saved"])


def main() -> int:
    """`python -I remove.py`: take the shim off the environment that this file lies in."""
    import shlex

    root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    try:
        lines = remove(root)
    except Damaged as error:
        sys.stderr.write(
            "error: " + str(error) + "\nNothing was changed. A new pip has entry points of its own, and they replace "
            "the shim's:\n  safepip install --python " + shlex.quote(root) + " --force-reinstall --no-deps pip\n"
        )
        return 1
    except OSError as error:
        sys.stderr.write("error: " + ascii(str(error))[1:-1] + "\nRun this again: the rest is done then.\n")
        return 1
    sys.stdout.write("".join(line + "\n" for line in [*lines, "The shim is off."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
