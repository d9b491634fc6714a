"""Changes the metadata that pip has installed, and its rows in RECORD with it (PEP 376, PEP 427)."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile

#: What the names of files begin with that take another one's place in a moment.
_COMING = ".safepip-coming-"


def replace_file(path: str, data: bytes) -> None:
    """Replace a file in one step, its permissions kept."""
    mode = os.stat(path).st_mode
    handle, temporary = tempfile.mkstemp(prefix=_COMING, dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def is_leftover(name: str) -> bool:
    """Whether a file of this name was left by a run that was killed while it replaced another one."""
    return name.startswith(_COMING)


def set_row(path: str, data: bytes) -> None:
    """Give a file of a metadata folder its row in RECORD, or a new one beside RECORD's own: digest in URL-safe base 64
    without padding, size."""
    rows = _Rows(path)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
    at = rows.place_of(rows.own)
    if at is None:
        at = rows.place_of(rows.itself) or 0
        rows.lines.insert(at, rows.lines[at])
    # Names are relative to the folder of the libraries, which is not always that of the metadata.
    name = rows.names[at].removesuffix(rows.itself).removesuffix(rows.own) + rows.own
    ending = rows.lines[at][len(rows.lines[at].rstrip()) :]
    rows.lines[at] = f"{name},sha256={digest},{len(data)}{ending}"
    rows.write()


def drop_row(path: str) -> None:
    """Take a file of a metadata folder out of RECORD."""
    rows = _Rows(path)
    at = rows.place_of(rows.own)
    if at is not None:
        del rows.lines[at]
        rows.write()


class _Rows:
    """The lines of the RECORD beside a file; `own` is the name of the file there, and `itself` that of RECORD."""

    def __init__(self, path: str) -> None:
        folder, name = os.path.split(path)
        self.own, self.itself = (f"{os.path.basename(folder)}/{each}" for each in (name, "RECORD"))
        self._listing = os.path.join(folder, "RECORD")
        with open(self._listing, encoding="utf-8", errors="surrogateescape", newline="") as file:
            self.lines = file.readlines()
        self.names = [line.partition(",")[0] for line in self.lines]

    def place_of(self, name: str) -> int | None:
        """The number of the line about a file. A wheel may have a file of the same name and folder deeper down: that
        counts for nothing where RECORD says by its own line that names begin with the folder of the metadata."""
        if name in self.names:
            return self.names.index(name)
        if self.itself in self.names:
            return None
        return next((at for at, stated in enumerate(self.names) if stated.endswith("/" + name)), None)

    def write(self) -> None:
        """Put the lines into RECORD."""
        replace_file(self._listing, "".join(self.lines).encode("utf-8", "surrogateescape"))
