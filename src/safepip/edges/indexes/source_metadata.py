"""What the catalogue asks of whatever reads the metadata of source archives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from safepip.edges.indexes.wheel_reader import Listing
    from safepip.model.candidate import Candidate, CoreMetadata


class SourceMetadata(Protocol):
    """The metadata of candidates that are not wheels. Answers are remembered: the search asks again."""

    def metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        """Its core metadata, static or asked of its build backend; this may fetch the archive and take long.

        `listing` is where an index's archive was listed, None for source code that the user names. It is only asked of
        projects whose build is approved. Raises `MetadataError` where the metadata cannot be used, and `SafepipError`.
        """
