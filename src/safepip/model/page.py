"""A project's page on an index, in the Simple API's own vocabulary (PEP 503, 592, 658, 691, 700, 792)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.digest import AnyDigest, Checksum, Digest


class Status(enum.Enum):
    """Project status markers, PEP 792."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


class ProjectFile(NamedTuple):
    """One file of a project as an index lists it. A tuple, because a page may list thousands.

    `url` is absolute, without fragment and without user information. `digests` are the strong ones, `checksums`
    the others. `yanked` is None for a file that is not yanked and otherwise the
    reason, which may be empty (PEP 592). `metadata` tells of the sidecar file (PEP 658, PEP 714):
    None where there is none, a tuple of its strong digests where there is one, empty where the index
    gave no usable digest; `metadata_checksums` are its others. `size` is in bytes.
    `upload_time` is seconds since the epoch, UTC.
    """

    filename: str
    url: str
    digests: tuple[Digest, ...] = ()
    requires_python: str | None = None
    yanked: str | None = None
    metadata: tuple[Digest, ...] | None = None
    size: int | None = None
    upload_time: float | None = None
    checksums: tuple[Checksum, ...] = ()
    metadata_checksums: tuple[Checksum, ...] = ()

    @property
    def stated(self) -> tuple[AnyDigest, ...]:
        """All that the index says of the bytes, of whatever strength: all of it must hold."""
        return self.digests + self.checksums if self.checksums else self.digests


class ProjectPage(NamedTuple):
    """What one index says of one project.

    `name` is normalised. `url` is the URL the page was finally read from, which is
    the base of relative links. `dropped` counts the entries that could not be used: without a usable
    URL, with two different names, with a broken digest; `lost` are their files' names, as far as they tell them.
    `notices` are sentences worth one line each.
    """

    name: str
    url: str
    files: Sequence[ProjectFile]
    status: Status = Status.ACTIVE
    status_reason: str = ""
    dropped: int = 0
    notices: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
