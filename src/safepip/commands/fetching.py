"""From pins to verified files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.indexes.downloads import Download
from safepip.edges.indexes.fetch import fetch_all
from safepip.edges.user.terminal import make_progress
from safepip.index.deliveries import direct_source, sources
from safepip.model.digest import ANY_BYTES
from safepip.model.index import Hashes
from safepip.requirements.line_digests import contradiction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.candidate import Pin
    from safepip.model.digest import RequiredDigests
    from safepip.model.evidence import VerifiedFile


def fetch(decision: Decision, resources: Resources, pins: Sequence[Pin]) -> list[VerifiedFile]:
    """The verified files of these pins, in the same order. Raises `Refused` and `Unavailable`."""
    settings, demands = decision.inputs.settings, decision.inputs.allowed_hashes()
    trusted = settings.network.trusted_hosts
    return fetch_all(
        resources.network.loop,
        resources.network.transport,
        resources.store,
        [_download(decision.catalog, pin, demands.get(pin.name, ANY_BYTES), trusted) for pin in pins],
        make_progress(settings.display, resources.world.environ),
        retries=settings.network.retries,
        resume_retries=settings.network.resume_retries,
    )


def _download(catalog: IndexCatalog, pin: Pin, demand: RequiredDigests, trusted: tuple[str, ...]) -> Download:
    """What to fetch for a pin. Raises `Refused` where its file may not come from where its index says, and where the
    user's statements allow no file at all."""
    assert pin.candidate is not None
    file = pin.candidate.file
    catalog.check_servable(pin.candidate)
    if demand.impossible:
        raise contradiction(pin.name, pin.required_by)
    listing, unasked = catalog.listing(pin.candidate), catalog.unasked(pin.candidate)
    owners = unasked or (() if listing is None else (listing.index,))
    # A mirror's file is admitted by the mirror's own rule; a wheel named directly was hashed when it was read.
    index = None if listing is None else listing.index
    optional = index is not None and (index.hashes is Hashes.OPTIONAL or file.url.startswith("file:"))
    return Download(
        filename=file.filename,
        url=file.url,
        index_digests=file.stated,
        allowed=catalog.may_fetch(pin.candidate),
        demand=demand,
        size=file.size,
        hashes_optional=optional,
        owner=None if index is None else index.url,
        sources=sources(owners, trusted) if owners else direct_source(pin.direct_url or file.url),
        unasked=bool(unasked),
        subject=pin.name,
        origins=pin.required_by,
    )
