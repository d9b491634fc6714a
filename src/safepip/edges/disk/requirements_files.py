"""The disk and the network for `safepip.requirements.gathering`: opens what is to be read, and decides nothing."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from safepip.edges.disk.local_paths import local_path
from safepip.edges.disk.reading import read_named, read_regular
from safepip.model.urls import file_url
from safepip.requirements.disk import Disk
from safepip.requirements.expanded_values import ExpandedValues
from safepip.requirements.gathering import Gathering
from safepip.requirements.loaded import Loaded, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Protocol

    from safepip.model.index import IndexUrl
    from safepip.model.plan import Settings

    class CredentialKeeper(Protocol):
        """The part of `safepip.edges.network.credentials.Credentials` that is needed here."""

        def absorb(self, text: str) -> str:
            """The text without user information in its URLs, which is kept for their origins."""

        def conceal(self, text: str, source: str) -> None:
            """Show `source` wherever `text` would be shown."""


__all__ = ["Loaded", "load", "local_disk", "local_disk_beside"]


def load(
    settings: Settings,
    environ: Mapping[str, str],
    cwd: str,
    credentials: CredentialKeeper,
    fetch: Callable[[str], tuple[str, bytes]],
    *,
    known: tuple[IndexUrl, ...] = (),
    may_be_empty: bool = False,
) -> Loaded:
    """Read all requirements and constraints that the command names, in pip's order.

    `fetch` gets a requirements file by URL: final URL and body, bounded in size; it raises
    `safepip.model.errors`. `known` are the URLs of the indexes in force before any file is read.
    `may_be_empty` says that a lock is named elsewhere. Raises one `UsageError` or `Refused` with everything that was
    wrong.
    """
    disk = local_disk(cwd)
    named = frozenset(map(disk.absolute, _named(settings)))
    reader = Reader(disk, partial(_read_file, named), fetch, _beside, _locale_encoding())
    values = ExpandedValues(environ, known, credentials.conceal, locking=settings.lock is not None)
    return Gathering(settings, values, reader, credentials.absorb).gather(may_be_empty=may_be_empty)


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


def local_disk_beside(file: str, cwd: str) -> Disk:
    """This machine's disk as seen from the folder in which `file` lies, whose path may be relative to `cwd`."""
    return local_disk(os.path.dirname(os.path.join(cwd, file)))


def _named(settings: Settings) -> Iterator[str]:
    """The files that the command itself names, as `-r <(...)` does."""
    yield from (*settings.requirement_files, *settings.constraint_files)
    yield from filter(None, [settings.script])


def _read_file(named: frozenset[str], path: str) -> bytes:
    # A requirements file from another person's repository may name a pipe without a writer.
    return read_named(path) if path in named else read_regular(path)


def _beside(file: str, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(file), path))


def _locale_encoding() -> str:
    import locale

    return locale.getencoding() or sys.getdefaultencoding()
