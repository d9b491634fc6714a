"""Opens the catalogue of a run: what the indexes offer for the target, by the routes and rules of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.vetting_rules import vetting_rules
from safepip.edges.indexes.answers import Answers
from safepip.edges.indexes.catalog import IndexCatalog
from safepip.edges.indexes.index_reader import IndexReader
from safepip.edges.indexes.page_cache import PageCache, fingerprint
from safepip.edges.indexes.prefetch import Prefetcher
from safepip.edges.indexes.wheel_reader import WheelReader
from safepip.index.candidates import PythonVersions, TagRanks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.commands.inputs import Inputs
    from safepip.commands.lazy_building import LazyBuilding
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.index_reader import Pages
    from safepip.model.digest import RequiredDigests


def open_catalog(
    inputs: Inputs, resources: Resources, pages: Pages | None = None, building: LazyBuilding | None = None
) -> IndexCatalog:
    """A catalogue for the target. Catalogues that are given the same `pages` ask for each page once."""
    # By this thread: what guesses asks it from others.
    resources.advisories.open()
    hashes = inputs.allowed_hashes()
    answers, wheels = _open_answers(inputs, resources, hashes, pages)
    rules = vetting_rules(inputs, hashes, resources.well_known, resources.advisories)
    catalog = IndexCatalog(
        table=inputs.table,
        answers=answers,
        prefetcher=_open_prefetcher(inputs, resources, hashes, answers),
        wheels=wheels,
        selection=inputs.settings.selection,
        hashes=hashes,
        rules=rules if building is None else rules._replace(builds=building.offers, build_hint=building.hint_for),
    )
    catalog.sources, catalog.tell = building, resources.tell
    # What a lock names has to be on its index.
    catalog.no_index = inputs.settings.no_index and not inputs.lock_requests
    return catalog


def _open_answers(
    inputs: Inputs, resources: Resources, hashes: Mapping[str, RequiredDigests], pages: Pages | None
) -> tuple[Answers, WheelReader]:
    """What asks the indexes, and what reads wheels for it."""
    settings, target, store, network = inputs.settings, inputs.target, resources.store, resources.network
    ignore = settings.selection.ignore_requires_python
    cache = PageCache(
        None if store.private else store.root,
        fingerprint(target, ignore_requires_python=ignore),
        trusted_hosts=settings.network.trusted_hosts,
        is_secret=resources.credentials.concealed.holds,
    )
    ranks = TagRanks(target.tags)
    wheels = WheelReader(network.loop, network.transport, cache, store, ranks, settings.network, resources.tell)
    reader = IndexReader(
        network.transport,
        cache,
        ranks,
        PythonVersions(target.version, ignore=ignore),
        settings.refresh,
        listings=inputs.verb == "lock",
        pages=pages,
    )
    return Answers(inputs.table, reader, wheels, network.loop, hashes, resources.tell), wheels


def _open_prefetcher(
    inputs: Inputs, resources: Resources, hashes: Mapping[str, RequiredDigests], answers: Answers
) -> Prefetcher:
    """The guesses. Rules remember what they were asked, so these have their own."""
    return Prefetcher(
        table=inputs.table,
        answers=answers,
        loop=resources.network.loop,
        selection=inputs.settings.selection,
        environment=inputs.target.markers,
        hashes=hashes,
        rules=vetting_rules(inputs, hashes, resources.well_known, resources.advisories),
    )
