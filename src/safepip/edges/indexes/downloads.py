"""A file to be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safepip.model.digest import ANY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.digest import AnyDigest, RequiredDigests
    from safepip.model.evidence import VerifiedFile
    from safepip.model.index import IndexUrl
    from safepip.model.origin import Origin


def _nothing(_file: VerifiedFile) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be fetched. `index_digests` must all hold, and `demand`; `size` is the index's claim.

    `hashes_optional` allows that neither has a strong one. `allowed` judges the URL and every redirect's target.
    `owner` is the index that lists it, for its credentials. `sources` are the indexes that may have delivered it, as
    the store knows them (`safepip.index.deliveries`), first the one that is asked. With `unasked` no index is asked:
    then `index_digests` are a lock's. `subject` and `origins` are for messages: the project's name, and what asked for
    it. `ready` is told of the file as soon as it is there, while others are on their way: by any thread, and it must
    not wait.
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
    ready: Callable[[VerifiedFile], None] = _nothing
