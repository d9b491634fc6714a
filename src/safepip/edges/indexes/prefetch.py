"""Guesses: what the search will probably ask for next is fetched while it computes, as deep as that goes.

From a hint (a project, a specifier, extras) to the page, to the metadata of the version that will probably be chosen,
to the pages of what that requires. There are no guesses about what would be refused: of a project in quarantine, or one
whose name is refused, no file is fetched, and where the name alone is enough to refuse it, no index hears of it. A
guess ends at a source archive: to learn what it requires may mean to run its code.

A guess decides nothing. The markers, the rules and the choice of a version here are a `Prefetcher`'s own objects, made
from the same inputs as those of the search, and no other code sees them: what comes out is only that an answer is there
already when it is asked for (`answers`). So a decision, and what a lock says of it, cannot depend on which thread was
first. A guess that fails is dropped; the same question, asked in earnest, reports the failure.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from safepip.edges.indexes.index_reader import Reading
from safepip.index.finder import Finder
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import SafepipError
from safepip.model.names import normalise
from safepip.model.page import Status
from safepip.model.resolution import CoreMetadata
from safepip.model.route import Route
from safepip.resolution.dependencies import Markers
from safepip.wheel.metadata import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from concurrent.futures import Future

    from packaging.specifiers import SpecifierSet

    from safepip.edges.indexes.answers import Answers
    from safepip.edges.network.loop import Loop
    from safepip.model.candidate import Candidate
    from safepip.model.digest import RequiredDigests
    from safepip.model.index import Index
    from safepip.model.plan import Selection
    from safepip.resolution.catalog import Hint
    from safepip.routing.table import RoutingTable
    from safepip.vetting.rules import VettingRules

#: How many guesses ahead the exploration goes from one hint, so that a hostile index cannot keep it going for ever.
_MOST_GUESSES = 5_000


class Prefetcher:
    """The guesses of one target. `environment` are its marker variables; `rules` are not the search's."""

    def __init__(
        self,
        *,
        table: RoutingTable,
        answers: Answers,
        loop: Loop,
        selection: Selection,
        environment: Mapping[str, str],
        hashes: Mapping[str, RequiredDigests],
        rules: VettingRules,
    ) -> None:
        self._table = table
        self._answers = answers
        self._loop = loop
        self._hashes = hashes
        # Hints come from the search's thread and from the loop's; what follows is only touched under the lock.
        self._lock = threading.Lock()
        self._names = rules.names
        self._finder = Finder(selection, rules.ages, rules.builds)
        self._markers = Markers(environment)
        self._guessed: set[tuple[str, frozenset[str]]] = set()

    def expect(self, hints: Iterable[Hint]) -> None:
        """These projects will be asked for soon. Raises nothing."""
        found = list(hints)
        with self._lock:
            wanted = [hint for hint in found if self._is_new(hint[0], hint[2])]
        for name, specifier, extras in wanted:
            decision = self._table.route(name)
            sources = (decision.index,) if isinstance(decision, Route) else decision.sources
            answers = [(index, self._answers.ask_page(index, name)) for index in sources if index is not None]
            if len(answers) == 1 and not isinstance(answers[0][1], Reading):
                self._loop.submit(self._explore(*answers[0], specifier, extras))

    def _is_new(self, name: str, extras: frozenset[str]) -> bool:
        """Whether a guess may ask something about the name that was not asked yet."""
        if (name, extras) in self._guessed or len(self._guessed) >= _MOST_GUESSES:
            return False
        self._guessed.add((name, extras))
        try:
            return self._names.permit(name)
        except SafepipError:
            return False  # the list of well-known names cannot be read: the search says so when it judges a name

    async def _explore(
        self, index: Index, answer: Reading | Future[Reading], specifier: SpecifierSet, extras: frozenset[str]
    ) -> None:
        """Follow one guess: the page, the likely version's metadata, what that requires."""
        import asyncio

        try:
            reading = answer if isinstance(answer, Reading) else await asyncio.wrap_future(answer)
            candidate = self._likely(reading, specifier)
            if candidate is None:
                return
            promised = self._answers.ask_metadata(candidate, self._answers.listing(index, reading.url))
            metadata = promised if isinstance(promised, CoreMetadata) else await asyncio.wrap_future(promised)
            self.expect(self._next(metadata, extras))
        except (SafepipError, MetadataError):
            return  # a guess: when the search asks, the error is raised for it

    def _likely(self, reading: Reading, specifier: SpecifierSet) -> Candidate | None:
        """The candidate that will probably be chosen from a page, where a file of it may be fetched on a guess."""
        available = reading.available
        if available is None or available.status is Status.QUARANTINED:
            return None
        with self._lock:
            if not self._names.permit(available.name, available):
                return None
            candidates = self._finder.applicable(available, specifier, self._hashes.get(available.name, ANY_BYTES))
        likely = candidates[0] if candidates else None
        return likely if likely is not None and likely.is_wheel and likely.file.yanked is None else None

    def _next(self, metadata: CoreMetadata, extras: frozenset[str]) -> list[Hint]:
        """What a distribution with these extras requires. Raises `MetadataError`."""
        known = extras & metadata.provided_extras
        with self._lock:
            return [
                (normalise(r.name), r.specifier, frozenset(map(normalise, r.extras)))
                for r in metadata.requires.with_extras(known)
                if r.url is None and (self._markers.hold(r, frozenset()) or (known and self._markers.hold(r, known)))
            ]
