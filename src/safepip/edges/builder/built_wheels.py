"""Remembers which wheel was built of which source: a key of all that the build depended on, and the wheel's digest.

    <root>/built-1/<2 digits>/<62 digits>.wheel         JSON: file name, sha256 and size of a wheel in the store
    <root>/built-1/<2 digits>/<62 digits>.requires      JSON: what the backend asked for beside its static requirements

The wheel itself lies in the store under its digest, and is hashed again when it is used. The first of two builds that
run at once stays. Code that can write to the cache can forge a note, just as any cached page; what it names is judged
by all rules as any wheel.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

from safepip.edges.builder.backend import open_plain
from safepip.edges.disk.private_files import make_private_folder
from safepip.edges.disk.reading import read_regular
from safepip.model.digest import Digest, strong
from safepip.model.errors import Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from safepip.edges.disk.store import Store
    from safepip.model.evidence import VerifiedFile

_FORM = 1
_LONGEST = 1 << 20
_CHUNK = 1 << 20


def admit(store: Store, folder: str, filename: str) -> VerifiedFile:
    """Take a wheel that a build has left in a folder into the store. Raises `Unavailable` (`build-failed`) where it is
    not there, or is not an ordinary file."""
    path = os.path.join(folder, filename)
    try:
        with open(open_plain(path), "rb", buffering=0) as source, store.incoming() as incoming:
            while chunk := source.read(_CHUNK):
                incoming.write(chunk)
            # Its digest is not known before: it is compared with what the search knew, and judged by all rules.
            return incoming.admit(filename, (), unhashed=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unavailable.because(
            "build-failed", f"the wheel {printable(filename)} that was built cannot be read: {reason}"
        ) from None


class BuiltWheels:
    """The notes of a store. Where they are not `trusted`, none is used, and none is written."""

    def __init__(self, store: Store, *, trusted: bool = True) -> None:
        self._store = store
        self._trusted = trusted

    def get(self, key: Digest) -> VerifiedFile | None:
        """The wheel that was built under this key, verified just now; None where there is none, or not any more."""
        noted = self._read(self._path(key, "wheel"))
        try:
            filename, digest, size = noted["filename"], strong("sha256", noted["sha256"]), noted["size"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if not isinstance(filename, str) or not isinstance(size, int) or printable(filename) != filename:
            return None
        return self._store.get(filename, (digest,), size=size)

    def keep(self, key: Digest, wheel: VerifiedFile) -> VerifiedFile:
        """Note what was built; the wheel to use: another run may have been faster. Without room nothing is noted."""
        note = {"filename": wheel.filename, "sha256": wheel.sha256.hex, "size": wheel.size}
        if not self._note(self._path(key, "wheel"), note):
            there = self.get(key)
            if there is not None:
                return there
            self._note(self._path(key, "wheel"), note, again=True)
        return wheel

    def forget(self, key: Digest) -> None:
        """Take away the note on a wheel that is not what was to be built."""
        with contextlib.suppress(OSError):
            os.unlink(self._path(key, "wheel"))

    def requirements(self, key: Digest) -> tuple[str, ...] | None:
        """What a backend asked for beside the static requirements, None where that is not known."""
        noted = self._read(self._path(key, "requires"))
        if not isinstance(noted, list) or not all(isinstance(text, str) for text in noted):
            return None
        return tuple(noted)

    def keep_requirements(self, key: Digest, requirements: tuple[str, ...]) -> None:
        """Note what a backend asked for."""
        self._note(self._path(key, "requires"), list(requirements), again=True)

    def _read(self, path: str) -> Any:
        if not self._trusted:
            return None
        try:
            return json.loads(read_regular(path, _LONGEST))
        except (OSError, ValueError, RecursionError):
            return None

    def _note(self, path: str, content: object, *, again: bool = False) -> bool:
        """Write a note in one step; False where one is there already, and it is not to be written `again`."""
        if not self._trusted:
            return True
        try:
            make_private_folder(os.path.dirname(path))
            handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        except OSError:
            return True
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file)
            if again:
                os.replace(temporary, path)
            else:
                os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:
            return True  # a file system without links, or without room
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return True

    def _path(self, key: Digest, what: str) -> str:
        return os.path.join(self._store.root, f"built-{_FORM}", key.hex[:2], f"{key.hex[2:]}.{what}")
