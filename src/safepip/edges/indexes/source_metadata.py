"""What the catalogue asks of what reads source code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from safepip.edges.indexes.listings import Listing
    from safepip.model.candidate import Candidate
    from safepip.model.digest import Digest
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata


class SourceMetadata(Protocol):
    """Candidates that are not wheels, and their metadata. Answers are remembered: the search asks again."""

    def metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        """Its core metadata, static or asked of its build backend; this may fetch the archive and take long.

        `listing` is where an index's archive was listed, None for source code that the user names. It is only asked of
        projects whose build is approved. Raises `MetadataError` where the metadata cannot be used, and `SafepipError`.
        """

    def read_from(self, candidate: Candidate) -> Digest | None:
        """The digest of the archive that the metadata was read from; None where none was read."""

    def candidate(self, requirement: Requirement | Constraint) -> Candidate:
        """The candidate of source code that the user names by URL or path, fetched and read. Raises `SafepipError`."""
