"""The store: files under their digests, and the only maker of `VerifiedFile`.

    <root>/sha256/<2 digits>/<62 digits>        a file's bytes
    <root>/sha512/<2 digits>/<126 digits>       the sha256 of the file with that sha512; sha384 likewise
    <root>/delivered-1/...                      which index delivered which file (`safepip.edges.disk.deliveries`)
    <root>/installed-1/...                      which wheels were installed
                                                (`safepip.edges.target.installed_memory`)
    <root>/sound-1/...                          which wheels were read to the end (`safepip.edges.disk.sound_wheels`)
    <root>/incoming/<random>                    a file on its way in, of this process or of one that died
    <root>/handover-<random>/                   what pip is given (`safepip.edges.pip.running`), likewise

1. Bytes come in through an `Incoming`, which hashes them as they are written. `admit` compares size and digests,
   and only then gives the file its name, in one atomic step. A process killed at any instant leaves at
   most a file in `incoming` or a folder for pip, which nothing reads, and which is swept away after a day.
2. Digests come from two sides. What the index said must all hold, whatever its strength; of what the user demands one
   of each group (`RequiredDigests`), as pip has it for several `--hash` of one requirement. Without a strong one on
   either side, the caller must state explicitly that this index needs none.
3. A file is not trusted because it is in the store: `get` hashes it again, every time. A file that fails is removed. So
   a damaged disk or a poisoned cache costs a download and nothing else, and processes that share the store need no
   lock against each other: the last one replaces a file by its equal. What they hold (`safepip.edges.disk.cache_lock`)
   keeps `safepip cache` from removing files meanwhile.
4. No file is given out, or taken in, to which `objections` has something by its digest (`known-malware`). What reads a
   file that is not in the store asks them first.
5. A folder that others own or may write to is not used (`safepip.edges.disk.cache_folder`); as in pip, there is a
   notice and no cache. The run then keeps its files in a private folder that is removed at its end, or after a day if
   the run was killed. So it does with what it fetches where the folder may only be read: a store that many share.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Self

from safepip.edges.disk.cache_folder import Use, use_of
from safepip.edges.disk.cache_lock import hold
from safepip.edges.disk.deliveries import Deliveries
from safepip.edges.disk.objections import Objections
from safepip.edges.disk.private_files import make_private_folder
from safepip.edges.disk.reading import open_regular, read_regular
from safepip.edges.disk.sound_wheels import SoundWheels
from safepip.edges.disk.sweeping import sweep
from safepip.model.digest import ANY_BYTES, STRONG, WEAK, Digest, proofs
from safepip.model.errors import Refused, Unavailable
from safepip.model.evidence import VerifiedFile
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import FileIO

    from safepip.edges.disk.objections import KnownFiles
    from safepip.model.digest import AnyDigest, RequiredDigests

#: The beginning of the names of the folders for pip; they are made beside the files so that these can be linked.
_HANDOVER = "handover-"
_OWN_FOLDER = "safepip-store-"


class Store:
    """A folder of verified files. `root` None, or one that is not safe to use, means a private one.

    `known` are the files to which something is objected: none of them becomes a `VerifiedFile`.

    Close it at the end of the run, or use it in a `with`: a private folder is removed then.
    """

    def __init__(self, root: str | None, known: KnownFiles | None = None) -> None:
        self.objections = Objections(known)
        self.notices: list[str] = []
        """One line each, to be shown: why the folder that was asked for is not used."""
        use, self._held = Use.WRITTEN, None
        if root is not None:
            # A link on the way to it could lead elsewhere once the folder was looked at.
            root = os.path.realpath(root)
            use, problem, self._held = _held_folder(root)
            if use is Use.NOT_AT_ALL:
                self.notices.append(f"the cache folder {root} {problem}; this run does without it")
                root = None
        #: Where new files are kept, where that is a folder of this run alone.
        self._own = None if root is not None and use is Use.WRITTEN else _private_folder()
        self.private = root is None
        """Whether there is no folder but this run's own, removed with it: then nothing needs to be kept in it."""
        self._root = os.path.abspath(root if root is not None else self._own or "")
        self.deliveries = Deliveries(self._root)
        self.sound_wheels = SoundWheels(self._root if self._own is None else None)
        self._swept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove a private folder. Files of the store must not be used any more after that."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @property
    def root(self) -> str:
        """The folder, absolute."""
        return self._root

    @property
    def read_only(self) -> bool:
        """Whether files are only taken from the folder, and new ones kept in one that is removed with the run."""
        return self._own is not None and not self.private

    @property
    def _keeping(self) -> str:
        """The folder for new files."""
        return self._own or self._root

    def get(
        self,
        filename: str,
        index_digests: Iterable[AnyDigest],
        demand: RequiredDigests = ANY_BYTES,
        size: int | None = None,
    ) -> VerifiedFile | None:
        """The file that has these digests, hashed again just now, or None. Costs a read of the whole file."""
        _check_name(filename)
        required = tuple(index_digests)
        everything = (*required, *demand.digests())
        for key in proofs(everything):
            path = self._find(key)
            if path is None:
                continue
            found = _measure(path, {digest.algorithm for digest in everything})
            if found is None:
                continue
            measured, length = found
            demanded = _held(measured, required, demand)
            if demanded is None and not _matches_its_name(path, measured):
                # Damaged, or put there by another program: it would fail every later run as well.
                with contextlib.suppress(OSError):
                    os.unlink(path)
            if demanded and (size is None or size == length):
                self.objections.check(filename, Digest("sha256", measured["sha256"]))
                return VerifiedFile._attest(filename, path, Digest("sha256", measured["sha256"]), length, demanded)
        return None

    def incoming(self, algorithms: Iterable[str] = ()) -> Incoming:
        """Where a new file's bytes go. `algorithms` beside sha256 are hashed while they come."""
        folder = os.path.join(self._keeping, "incoming")
        try:
            make_private_folder(folder)
            if not self._swept:
                self._swept = True
                sweep(folder, "")
                sweep(self._keeping, _HANDOVER)
            handle, path = tempfile.mkstemp(dir=folder)
        except OSError as error:
            raise _unwritable(self._keeping, error) from error
        return Incoming(self, open(handle, "w+b", buffering=0), path, {"sha256", *algorithms})

    def _find(self, digest: Digest) -> str | None:
        """Where a file with this digest would be, if anything is there. Proves nothing."""
        folders = (self._root,) if self._own is None else (self._own, self._root)
        return next(filter(None, (self._find_in(folder, digest) for folder in folders)), None)

    def _find_in(self, folder: str, digest: Digest) -> str | None:
        if digest.algorithm not in STRONG:
            return None
        path = _place(folder, digest)
        if digest.algorithm != "sha256":
            try:
                text = read_regular(path, STRONG["sha256"]).decode("ascii")
            except (OSError, ValueError):
                return None
            if len(text) != STRONG["sha256"] or not text.isalnum():
                return None
            path = _place(folder, Digest("sha256", text))
        return path if os.path.isfile(path) and not os.path.islink(path) else None

    def _keep(self, path: str, digests: dict[str, str]) -> str:
        """Give an incoming file its name, in one step, and pointers from its other digests."""
        final = _place(self._keeping, Digest("sha256", digests["sha256"]))
        _replace(path, final)
        for algorithm, value in digests.items():
            if algorithm in STRONG and algorithm != "sha256":
                pointer = _place(self._keeping, Digest(algorithm, value))
                handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(digests["sha256"])
                _replace(temporary, pointer)
        return final


class Incoming:
    """A file being written. Ends with `admit` or `discard`; leaving its `with` discards what was not admitted."""

    def __init__(self, store: Store, file: FileIO, path: str, algorithms: Iterable[str]) -> None:
        self._store = store
        self._file = file
        self._path = path
        self._hashes = {name: _hash(name) for name in algorithms if name in STRONG or name in WEAK}
        self._open = True
        self.size = 0
        """Bytes written so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.discard()

    def write(self, data: bytes) -> None:
        """Append bytes. Raises `Unavailable` when the disk is full."""
        try:
            view = memoryview(data)
            while view:
                # An unbuffered write may take less than it is given.
                view = view[self._file.write(view) :]
        except OSError as error:
            raise _unwritable(self._store._keeping, error) from error
        for running in self._hashes.values():
            running.update(data)
        self.size += len(data)

    def restart(self) -> None:
        """Forget everything written so far."""
        self._file.seek(0)
        self._file.truncate()
        self._hashes = {name: _hash(name) for name in self._hashes}
        self.size = 0

    def holds(self, index_digests: Iterable[AnyDigest], demand: RequiredDigests = ANY_BYTES) -> bool:
        """Whether what is written so far has these digests, as `admit` would judge them."""
        required = tuple(index_digests)
        measured = self._digests({digest.algorithm for digest in (*required, *demand.digests())})
        return _held(measured, required, demand) is not None

    def discard(self) -> None:
        """Throw the file away. Harmless after `admit`."""
        if self._open:
            self._open = False
            self._file.close()
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def admit(
        self,
        filename: str,
        index_digests: Iterable[AnyDigest],
        demand: RequiredDigests = ANY_BYTES,
        size: int | None = None,
        *,
        unhashed: bool = False,
    ) -> VerifiedFile:
        """Compare size and digests, and take the file into the store. Raises `Refused` on any difference.

        `unhashed` allows there to be no digest at all: for an index declared `hashes = "optional"`.
        """
        _check_name(filename)
        required = tuple(index_digests)
        if not proofs((*required, *demand.digests())) and not unhashed:
            raise Refused.because("unhashed-file", f"{printable(filename)} has no strong digest to verify it with")
        if size is not None and size != self.size:
            raise size_mismatch(filename, size, self.size)
        measured = self._digests({digest.algorithm for digest in (*required, *demand.digests())})
        demanded = _held(measured, required, demand)
        if demanded is None:
            raise _digest_mismatch(filename, measured, required, demand)
        self._store.objections.check(filename, Digest("sha256", measured["sha256"]))
        self._open = False
        self._file.close()
        try:
            path = self._store._keep(self._path, measured)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            raise _unwritable(self._store._keeping, error) from error
        return VerifiedFile._attest(filename, path, Digest("sha256", measured["sha256"]), self.size, demanded)

    def _digests(self, algorithms: set[str]) -> dict[str, str]:
        for name in algorithms - self._hashes.keys():
            self._file.seek(0)
            self._hashes[name] = hashlib.file_digest(self._file, partial(_hash, name))
        return {name: running.hexdigest() for name, running in self._hashes.items()}


def _place(folder: str, digest: Digest) -> str:
    """Where the file with this digest is in a folder of a store, or a pointer to it."""
    return os.path.join(folder, digest.algorithm, digest.hex[:2], digest.hex[2:])


def _hash(name: str) -> hashlib._Hash:
    """A weak algorithm is compared but proves nothing; `usedforsecurity` says so to systems that forbid it."""
    return hashlib.new(name, usedforsecurity=name in STRONG)


def size_mismatch(filename: str, stated: int, came: int) -> Refused:
    """The refusal of a file whose length is not the one that was announced."""
    more = f"more than the {stated}" if came > stated else f"{came} of the {stated}"
    return Refused.because("size-mismatch", f"{printable(filename)} has {more} bytes that the index announced")


def _digest_mismatch(
    filename: str, measured: dict[str, str], required: tuple[AnyDigest, ...], demand: RequiredDigests
) -> Refused:
    lines = [f"index says  {digest}" for digest in required]
    lines += [f"user says   {digest}" for digest in demand.digests()]
    lines += [f"file has    {algorithm}:{value}" for algorithm, value in sorted(measured.items())]
    message = f"the bytes of {printable(filename)} do not match the expected digest"
    hint = "do not install it; if the file was replaced on purpose, the index and the hashes must say so"
    return Refused(Diagnostic("digest-mismatch", message, context=tuple(lines), hint=hint))


def _held(
    measured: dict[str, str], required: tuple[AnyDigest, ...], demand: RequiredDigests
) -> tuple[Digest, ...] | None:
    """The strong digests that the file was compared with, or None where one, of any strength, does not match."""
    if not all(measured.get(digest.algorithm) == digest.hex for digest in required):
        return None
    matching = tuple(digest for digest in demand.digests() if measured.get(digest.algorithm) == digest.hex)
    if not demand.holds(matching):
        return None
    return tuple(dict.fromkeys(proofs((*required, *matching))))


def _measure(path: str, algorithms: set[str]) -> tuple[dict[str, str], int] | None:
    """The digests and the length of a file, all of one opened file; None where it cannot be read."""
    try:
        with open(open_regular(path), "rb") as file:
            measured = {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
            length = file.tell()
            for name in algorithms - {"sha256"}:
                file.seek(0)
                measured[name] = hashlib.file_digest(file, partial(_hash, name)).hexdigest()
            return measured, length
    except OSError:
        return None


def _matches_its_name(path: str, measured: dict[str, str]) -> bool:
    folder, rest = os.path.split(path)
    return os.path.basename(folder) + rest == measured["sha256"]


def _replace(source: str, target: str) -> None:
    make_private_folder(os.path.dirname(target))
    try:
        os.replace(source, target)
    except PermissionError:
        # Windows: another process has the same file open. It is the same file, and `get` will prove it.
        if not os.path.isfile(target):
            raise
        os.unlink(source)


def _held_folder(root: str) -> tuple[Use, str, int | None]:
    """What may be done with a cache folder, why no more, and what holds it beside others."""
    use, problem = use_of(root)
    if use is Use.NOT_AT_ALL:
        return use, problem, None
    try:
        return use, problem, hold(root)
    except BlockingIOError:
        return Use.NOT_AT_ALL, "is held by another program", None


def _private_folder() -> str:
    """A new folder of this run's alone."""
    with contextlib.suppress(OSError):  # it can be written, and not be listed
        sweep(tempfile.gettempdir(), _OWN_FOLDER)
    return tempfile.mkdtemp(prefix=_OWN_FOLDER)


def _check_name(filename: str) -> None:
    # A file name becomes part of a path further on; what an index says must not lead out of its folder.
    bad = filename in ("", ".", "..") or any(char in "/\\\0" or ord(char) < 32 for char in filename)
    if bad or (os.name == "nt" and ":" in filename):
        raise Refused.because("unsafe-filename", f"{printable(filename)!r} cannot be the name of a file")


def _unwritable(root: str, error: OSError) -> Unavailable:
    reason = error.strerror or type(error).__name__
    return Unavailable.because(
        "store-unwritable",
        f"a file cannot be written to {root}: {reason}",
        hint="make room there, name another folder with --cache-dir, or do without a cache: --no-cache-dir",
    )
