"""Which files the store may provide, and what to say of a file that may come from nowhere else (`--offline`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.digest import proofs
from safepip.model.errors import Unavailable
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.edges.disk.store import Store
    from safepip.edges.indexes.downloads import Download
    from safepip.model.evidence import VerifiedFile


def stored(store: Store, download: Download) -> VerifiedFile | None:
    """The file from the store, where its bytes are known to be those of its source: by the strong digest that the
    source gives for it, or because the store knows that this source delivered it."""
    file = store.get(download.filename, download.index_digests, download.demand, download.size)
    if file is None or (proofs(download.index_digests) and not download.unasked):
        return file
    return file if not download.sources or store.deliveries.known(file, download.sources) else None


def refuse_absent(store: Store, wanted: Sequence[Download]) -> None:
    """Raise `Unavailable` (`not-in-store`) with all of these: only the store may provide them, and it does not."""
    if wanted:
        raise Unavailable(*(_absent(store, download) for download in wanted))


def _absent(store: Store, download: Download) -> Diagnostic:
    """Why the store does not provide a file: it has no such bytes, has them from other sources, or does not know their
    source."""
    file = store.get(download.filename, download.index_digests, download.demand)
    if file is None:
        found = "no file with this digest"
    elif download.size not in (None, file.size):
        found = f"a file with this digest, of {file.size} bytes and not {download.size}"
    elif store.deliveries.any_known(file):
        found = "a file with this digest, but under another name or from another index"
    else:
        found = "a file with this digest, and does not know which index delivered it"
    return Diagnostic(
        "not-in-store",
        f"{printable(download.filename)} is locked, and the store does not have it from the index of "
        f"{download.subject}",
        context=(*(f"locked  {digest}" for digest in download.index_digests), f"the store has {found}"),
        hint="run once without --offline, so that its index is asked",
        origins=download.origins,
        subject=download.subject,
    )
