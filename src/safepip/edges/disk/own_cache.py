"""The cache folder as a whole: what is in it, what of it is damaged, and how it is taken away.

A file is part of the cache if its path below the folder has a form that safepip gives it (`_PARTS`), whichever version
of safepip it was. Nothing else is ever touched: no file of another name, no link, and nothing behind a link. A folder
goes only if it is empty. What pip was given by a run that died (`handover-...`) is swept away by later runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.disk.reading import open_regular, read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_NEW = r"(?:\.\d+\.new)?"
_DIGITS = r"[0-9a-f]{2}/[0-9a-f]"

#: What a cache consists of: a word for people, and the form of the paths below the folder, with `/`.
_PARTS = {
    "files": rf"sha256/{_DIGITS}{{62}}",
    "other digests": rf"sha384/{_DIGITS}{{94}}|sha512/{_DIGITS}{{126}}",
    "pages": rf"pages-\d+/[0-9a-f]{{24}}/[0-9a-f]{{16}}/[a-z0-9-]+\.json{_NEW}"
    rf"|listings-\d+/[0-9a-f]{{24}}/[a-z0-9-]+\.json{_NEW}",
    "metadata": rf"metadata-\d+/{_DIGITS}{{62}}{_NEW}",
    "built wheels": rf"built-\d+/{_DIGITS}{{62}}\.(?:wheel|requires)|built-\d+/[0-9a-f]{{2}}/tmp\w{{8}}",
    "advisories": r"advisories-\d+/(?:[0-9a-f]{64}\.(?:json|sqlite)|\.new-\w{8})",
    "notes": rf"(?:locks-\d+/[0-9a-f]{{64}}|delivered-\d+/{_DIGITS}{{62}}/[0-9a-f]{{64}}|installed-\d+/{_DIGITS}{{62}}"
    rf"|sound-\d+/{_DIGITS}{{62}}|interpreters-\d+/[0-9a-f]{{24}}/[0-9a-f]{{64}}){_NEW}",
    "unfinished": r"incoming/tmp\w{8}",
}
_FORMS = [(part, re.compile(form)) for part, form in _PARTS.items()]
#: The folders directly below the root in which there may be parts.
_FOLDER = re.compile(
    r"sha(?:256|384|512)|incoming"
    r"|(?:pages|listings|metadata|built|advisories|locks|delivered|installed|sound|interpreters)-\d+"
)
_LARGEST_NOTE = 1 << 20

#: The parts, in the order in which they are shown.
PARTS = tuple(_PARTS)


class CacheFile(NamedTuple):
    """A file of the cache: which part it belongs to, its path below the root with `/`, and its size in bytes."""

    part: str
    path: str
    size: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def digest(self) -> str:
        """The hexadecimal digest that its path has, where its part is one of digests."""
        return "".join(self.path.split("/")[1:])


class Damage(NamedTuple):
    """A file of the cache that is not what its name says, and was removed; `why` is the rest of the sentence."""

    file: CacheFile
    why: str


def files(root: str) -> Iterator[CacheFile]:
    """All files of the cache, sorted by path. What cannot be read is left out."""
    for top in _names(root):
        if _FOLDER.fullmatch(top) and _is_folder(os.path.join(root, top)):
            yield from _below(root, top)


def _below(root: str, folder: str) -> Iterator[CacheFile]:
    for name in _names(os.path.join(root, folder)):
        path = f"{folder}/{name}"
        try:
            status = os.lstat(os.path.join(root, path))
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _below(root, path)
        elif stat.S_ISREG(status.st_mode):
            part = next((part for part, form in _FORMS if form.fullmatch(path)), None)
            if part is not None:
                yield CacheFile(part, path, status.st_size)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def remove(root: str, chosen: Iterable[CacheFile]) -> tuple[int, int]:
    """Remove files of the cache; how many that were, and how many bytes they had.

    Each folder on the way is opened without following a link, so that another one cannot be put in its place meanwhile.
    Hold the cache alone, or be content if another run misses a file.
    """
    count = size = 0
    for file in chosen:
        with contextlib.suppress(OSError), _opened(root, file.path.rpartition("/")[0]) as folder:
            if folder.is_regular(file.name):
                folder.unlink(file.name)
                count, size = count + 1, size + file.size
    return count, size


class _Folder:
    """An open folder, by its descriptor where the system has such calls, else by its path."""

    def __init__(self, path: str, handle: int | None) -> None:
        self._path = path
        self._handle = handle

    def is_regular(self, name: str) -> bool:
        status = os.stat(self._place(name), dir_fd=self._handle, follow_symlinks=False)
        return stat.S_ISREG(status.st_mode)

    def unlink(self, name: str) -> None:
        os.unlink(self._place(name), dir_fd=self._handle)

    def _place(self, name: str) -> str:
        return name if self._handle is not None else os.path.join(self._path, name)


@contextlib.contextmanager
def _opened(root: str, below: str) -> Iterator[_Folder]:
    """The folder `below` a root, no part of which is a link. Raises `OSError`."""
    path = os.path.join(root, *below.split("/"))
    if os.open not in os.supports_dir_fd:
        yield _Folder(path, None)
        return
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in below.split("/"):
            deeper = os.open(name, flags, dir_fd=handle)
            os.close(handle)
            handle = deeper
        yield _Folder(path, handle)
    finally:
        os.close(handle)


def remove_empty(root: str) -> None:
    """Remove the folders of the cache that have nothing in them, the deepest first; `rmdir` removes no other.

    Hold the cache alone: a run that has made a folder is about to put something into it.
    """
    for top in _names(root):
        if not _FOLDER.fullmatch(top) or not _is_folder(os.path.join(root, top)):
            continue
        for folder, _, _ in os.walk(os.path.join(root, top), topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def verify(root: str, progress: Callable[[CacheFile], None]) -> tuple[list[Damage], int]:
    """Hash every kept file again, and remove what is not what its name says; what that was, and how many were right.

    A note that leads to no file goes as well. A file that cannot be read is damage that stays where it is.
    """
    found: list[Damage] = []
    damaged: list[CacheFile] = []
    right = 0
    everything = sorted(files(root), key=lambda file: PARTS.index(file.part))
    for file in everything:
        check = _CHECKS.get(file.part)
        if check is None:
            continue
        progress(file)
        try:
            why = check(root, file)
        except FileNotFoundError:
            continue  # another run has removed it
        except OSError as error:
            found.append(Damage(file, f"cannot be read: {error.strerror or type(error).__name__}"))
            continue
        if why:
            found.append(Damage(file, why))
            damaged.append(file)
        else:
            right += 1
    remove(root, damaged)
    return found, right


def _hash(root: str, path: str, algorithm: str) -> str:
    with open(open_regular(os.path.join(root, *path.split("/"))), "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _stored(digest: str) -> str:
    return f"sha256/{digest[:2]}/{digest[2:]}"


def _check_file(root: str, file: CacheFile) -> str:
    return "" if _hash(root, file.path, "sha256") == file.digest else "has other bytes than its digest says"


def _check_pointer(root: str, file: CacheFile) -> str:
    """A file that says which sha256 the file with another digest has."""
    text = read_regular(os.path.join(root, *file.path.split("/")), _LARGEST_NOTE).decode("ascii", "replace")
    if not re.fullmatch("[0-9a-f]{64}", text):
        return "does not have a digest in it"
    try:
        found = _hash(root, _stored(text), file.path.partition("/")[0])
    except FileNotFoundError:
        return "leads to a file that is not there"
    return "" if found == file.digest else "leads to a file with another digest"


def _check_built(root: str, file: CacheFile) -> str:
    """What says which wheel was built; that wheel has been looked at among the files."""
    if not file.path.endswith(".wheel"):
        return ""
    note = built_note(root, file)
    if note is None:
        return "cannot be understood"
    return "" if os.path.lexists(os.path.join(root, _stored(note[1]))) else "leads to a wheel that is not there"


def built_note(root: str, file: CacheFile) -> tuple[str, str] | None:
    """The name and the sha256 of the wheel that a note on a build is about; None where it says none."""
    try:
        data = json.loads(read_regular(os.path.join(root, *file.path.split("/")), _LARGEST_NOTE))
        filename, digest = data["filename"], data["sha256"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    whole = isinstance(filename, str) and isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest)
    return (filename, digest) if whole else None


def _check_bundle(root: str, file: CacheFile) -> str:
    """A bundle of advisories, whose name is its digest; what says which bundle is in force is read with it."""
    stem, _, suffix = file.name.partition(".")
    right = suffix != "sqlite" or _hash(root, file.path, "sha256") == stem
    return "" if right else "has other bytes than its digest says"


_CHECKS = {
    "advisories": _check_bundle,
    "files": _check_file,
    "other digests": _check_pointer,
    "built wheels": _check_built,
}
