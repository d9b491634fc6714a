"""Digests for a lock where an index gives none: the files are fetched, and hashed as they come.

A folder of wheels gives no digests, and all of its wheels of a version are hashed. An index that is declared to need
none (`hashes = "optional"`) may list many files; of them the chosen one is fetched and locked, and the others are left
out. From any other index a file without a strong digest is refused, as an install would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.indexes.downloads import Download
from safepip.edges.indexes.fetch import fetch_all
from safepip.index.deliveries import sources
from safepip.model.finding import printable
from safepip.model.index import Hashes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.resources import Resources
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.digest import RequiredDigests
    from safepip.model.evidence import VerifiedFile
    from safepip.model.page import ProjectFile
    from safepip.model.resolution import Pin


def with_digests(
    resources: Resources, catalog: IndexCatalog, pin: Pin, offered: tuple[ProjectFile, ...], demand: RequiredDigests
) -> tuple[ProjectFile, ...]:
    """Of the files offered for a pin those that can be locked, each with a strong digest and what the user's statements
    demand of it where the lock is to be installed.

    Raises `Refused` (`unhashed-file`, `digest-mismatch`) and `Unavailable`.
    """
    offered = tuple(file for file in offered if not demand.excludes(file.stated))
    bare = [file for file in offered if not file.digests or (demand and not demand.names(file.stated))]
    if not bare:
        return offered
    assert pin.candidate is not None
    chosen = pin.candidate.file.filename
    wanted = [file for file in bare if _is_local(file) or file.filename == chosen]
    hashed = {
        file.filename: file._replace(digests=(it.sha256,), size=it.size)
        for file, it in zip(wanted, _fetched(resources, catalog, pin, wanted, demand), strict=True)
    }
    left_out = {file.filename for file in bare} - hashed.keys()
    if left_out:
        gives = "no digests" if any(not file.digests for file in bare) else "other digests than are demanded"
        resources.console.notice(
            f"{pin.name} {pin.version}: the index gives {gives}, so of {len(left_out) + 1} files "
            f"{printable(chosen)} alone is locked"
        )
    return tuple(hashed.get(file.filename, file) for file in offered if file.filename not in left_out)


def _fetched(
    resources: Resources, catalog: IndexCatalog, pin: Pin, wanted: Sequence[ProjectFile], demand: RequiredDigests
) -> list[VerifiedFile]:
    """These files of a pin's page, in the same order."""
    assert pin.candidate is not None
    listing = catalog.listing(pin.candidate)
    assert listing is not None
    for file in wanted:
        listing.check(file)
    optional = listing.index.hashes is Hashes.OPTIONAL
    trusted = resources.plan.settings.network.trusted_hosts
    downloads = [
        Download(
            filename=file.filename,
            url=file.url,
            index_digests=catalog.stated(pin.candidate, file),
            allowed=listing.allows(file),
            demand=demand,
            size=file.size,
            hashes_optional=optional or _is_local(file),
            owner=listing.index.url,
            sources=sources((listing.index,), trusted),
            subject=pin.name,
            origins=pin.required_by,
        )
        for file in wanted
    ]
    return fetch_all(resources.network.loop, resources.network.transport, resources.store, downloads, resources.tell)


def _is_local(file: ProjectFile) -> bool:
    return file.url.lower().startswith("file:")
