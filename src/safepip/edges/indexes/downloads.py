"""A file to be fetched, and the display that is notified of its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from safepip.model.digest import ANY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.digest import AnyDigest, RequiredDigests
    from safepip.model.index import IndexUrl
    from safepip.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be fetched. `index_digests` must all hold, and `demand`; `size` is the index's claim.

    `hashes_optional` allows that neither has a strong one. `allowed` judges the URL and every redirect's target.
    `owner` is the index that lists it, for its credentials. `sources` are the indexes that may have delivered it, as
    the store knows them (`safepip.index.deliveries`), first the one that is asked. With `unasked` no index is asked:
    then `index_digests` are a lock's. `subject` and `origins` are for messages: the project's name, and what asked for
    it.
    """

    filename: str
    url: str
    index_digests: tuple[AnyDigest, ...]
    allowed: Callable[[str], bool]
    demand: RequiredDigests = ANY_BYTES
    size: int | None = None
    hashes_optional: bool = False
    owner: IndexUrl | None = None
    sources: tuple[str, ...] = ()
    unasked: bool = False
    subject: str = ""
    origins: tuple[Origin, ...] = ()


class Progress(Protocol):
    """Is notified of downloads' progress. Called from the loop's thread; must not block. `key` is one download's."""

    def expect(self, files: int, size: int | None) -> None:
        """So many downloads will come, of so many bytes together where that is known."""

    def start(self, key: str, size: int | None) -> None:
        """A download begins; `size` in bytes where it is known."""

    def advance(self, key: str, count: int) -> None:
        """More bytes came; a negative count when they have to come again."""

    def finish(self, key: str) -> None:
        """The download is over, well or not."""

    def close(self) -> None:
        """All downloads are over, well or not."""
