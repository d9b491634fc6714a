"""From pins to verified files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from safepip.edges.indexes.downloads import Download
from safepip.edges.indexes.fetch import fetch_all
from safepip.index.deliveries import direct_source, sources
from safepip.model.digest import ANY_BYTES
from safepip.model.index import Hashes
from safepip.model.source import SourceKind
from safepip.requirements.line_digests import contradiction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.digest import RequiredDigests
    from safepip.model.evidence import VerifiedFile
    from safepip.model.resolution import Pin

    Ready = Callable[[Pin, VerifiedFile], None]


def _nothing(_pin: Pin, _file: VerifiedFile) -> None:
    """What is done with a file before all are there."""


def fetch_wheels(
    decision: Decision, resources: Resources, pins: Sequence[Pin], ready: Ready = _nothing
) -> list[VerifiedFile]:
    """The verified wheels of these pins, in the same order; of source code they are built. Raises what fetching and
    building raise. `ready` is told of a pin's file when it was fetched, as `Download.ready`."""
    files = fetch_files(decision, resources, pins, ready)
    return [_wheel(decision, pin, file) for pin, file in zip(pins, files, strict=True)]


def _wheel(decision: Decision, pin: Pin, file: VerifiedFile | None) -> VerifiedFile:
    assert pin.candidate is not None
    if file is not None and pin.candidate.is_wheel:
        return file
    assert decision.builds is not None, "a source was pinned and nothing can build it"
    return decision.builds.wheel_of(pin, file)


def fetch_files(
    decision: Decision, resources: Resources, pins: Sequence[Pin], ready: Ready = _nothing
) -> list[VerifiedFile | None]:
    """The verified files of these pins, wheels or archives, in the same order; None for a folder and a repository.
    Raises `Refused` and `Unavailable`."""
    with_file = [pin for pin in pins if _has_file(pin)]
    files = iter(_fetch(decision, resources, with_file, ready))
    return [next(files) if _has_file(pin) else None for pin in pins]


def check_demanded(decision: Decision, resources: Resources) -> None:
    """Fetch the wheels of which the user's statements demand hashes that their indexes do not give, for a dry run: only
    the bytes say whether they hold, as with pip. Raises `Refused` (`digest-mismatch`) and `Unavailable`."""
    demands = decision.inputs.allowed_hashes()
    open_still = [pin for pin in decision.to_install if _is_open(pin, demands.get(pin.name, ANY_BYTES))]
    if open_still:
        fetch_files(decision, resources, open_still)


def _is_open(pin: Pin, demand: RequiredDigests) -> bool:
    candidate = pin.candidate
    # What is named directly was hashed when it was read, and so was source code.
    if candidate is None or not candidate.is_wheel or pin.direct_url is not None:
        return False
    return bool(demand) and not demand.names(candidate.file.stated)


def _has_file(pin: Pin) -> bool:
    assert pin.candidate is not None
    source = pin.candidate.source
    return source is None or source.kind is SourceKind.ARCHIVE


def _fetch(decision: Decision, resources: Resources, pins: Sequence[Pin], ready: Ready) -> list[VerifiedFile]:
    settings, demands = decision.inputs.settings, decision.inputs.allowed_hashes()
    trusted = settings.network.trusted_hosts
    downloads = [_download(decision.catalog, pin, demands.get(pin.name, ANY_BYTES), trusted) for pin in pins]
    return fetch_all(
        resources.network.loop,
        resources.network.transport,
        resources.store,
        [replace(download, ready=partial(ready, pin)) for pin, download in zip(pins, downloads, strict=True)],
        resources.tell,
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
        index_digests=catalog.stated(pin.candidate, file),
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
