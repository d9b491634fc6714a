"""The disk and the network for `safepip.requirement_sources`: opens what is to be read, and decides nothing."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Protocol

from safepip.edges.local_paths import local_path
from safepip.expanded_values import ExpandedValues
from safepip.model.urls import file_url
from safepip.requirement_sources import Gathering, Loaded, Reader
from safepip.requirements import Disk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safepip.model.index import IndexUrl
    from safepip.model.plan import Settings

__all__ = ["Absorbs", "Loaded", "load", "local_disk"]

#: As for a file that is fetched (`safepip.edges.remote_text`): none written by hand or tool comes near.
_LARGEST = 16 * 1024 * 1024


class Absorbs(Protocol):
    """The part of `safepip.edges.credentials.Credentials` that is needed here."""

    def absorb(self, text: str) -> str:
        """The text without user information in its URLs, which is kept for their origins."""

    def conceal(self, text: str, source: str) -> None:
        """Show `source` wherever `text` would be shown."""


def load(
    settings: Settings,
    environ: Mapping[str, str],
    cwd: str,
    credentials: Absorbs,
    fetch: Callable[[str], tuple[str, bytes]],
    *,
    known: tuple[IndexUrl, ...] = (),
    may_ask_nothing: bool = False,
) -> Loaded:
    """Read all requirements and constraints that the command names, in pip's order.

    `fetch` gets a requirements file by URL: final URL and body, bounded in size; it raises
    `safepip.errors`. `known` are the URLs of the indexes in force before any file is read.
    `may_ask_nothing` says that a lock is named elsewhere. Raises one `UsageError` or `Refused` with everything that was
    wrong.
    """
    disk = local_disk(cwd)
    reader = Reader(disk, _read_file, fetch, _beside, _locale_encoding())
    values = ExpandedValues(environ, known, credentials.conceal, locking=settings.lock is not None)
    return Gathering(settings, values, reader, credentials.absorb).gather(may_ask_nothing)


def local_disk(cwd: str) -> Disk:
    """This machine's disk as seen from the folder `cwd`."""
    return Disk(
        absolute=lambda path: os.path.normpath(os.path.join(cwd, path)),
        is_file=os.path.isfile,
        is_dir=os.path.isdir,
        to_url=file_url,
        from_url=local_path,
        separators=os.sep + (os.altsep or ""),
    )


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        # A file of someone else's repository may name a device that never ends.
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def _beside(file: str, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(file), path))


def _locale_encoding() -> str:
    import locale

    return locale.getencoding() or sys.getdefaultencoding()
