"""What the indexes have answered in this run: each question is asked once, by the thread that asks first.

This is all that the search and its guesses (`prefetch`) share: parsed pages and core metadata, and futures of those
that are still under way. A failure is an answer too, and raised for the search when it asks. No decision is kept here,
and no answer depends on who asked for it: a page is that of an index, whatever its mirrors say; metadata is that of a
candidate on one page.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from safepip.edges.indexes.index_reader import Reading
from safepip.model.errors import SafepipError
from safepip.model.events import FromCache, ignore
from safepip.model.resolution import CoreMetadata
from safepip.model.route import Survey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from safepip.edges.indexes.index_reader import IndexReader
    from safepip.edges.indexes.listings import Listing
    from safepip.edges.indexes.wheel_reader import WheelReader
    from safepip.edges.network.loop import Loop
    from safepip.model.candidate import Candidate, ProjectCandidates
    from safepip.model.digest import RequiredDigests
    from safepip.model.events import Tell
    from safepip.model.index import Index
    from safepip.routing.table import RoutingTable


class Answers:
    """The published answers of a run. `hashes` is what the user's statements demand of files, by project."""

    def __init__(
        self,
        table: RoutingTable,
        reader: IndexReader,
        wheels: WheelReader,
        loop: Loop,
        hashes: Mapping[str, RequiredDigests],
        tell: Tell = ignore,
    ) -> None:
        self._tell = tell
        self._table = table
        self._reader = reader
        self._wheels = wheels
        self._loop = loop
        self._hashes = hashes
        self._lock = threading.Lock()
        self._pages: dict[tuple[str, str], Reading | Future[Reading]] = {}
        self._metadata: dict[tuple[Candidate, Listing | None], CoreMetadata | Future[CoreMetadata]] = {}

    def listing(self, index: Index, page_url: str) -> Listing:
        """Where the candidates of a page were listed."""
        return self._wheels.listing(index, page_url)

    def ask_page(self, index: Index, name: str) -> Reading | Future[Reading]:
        """What a source says of a project, or a future of it."""
        key = (index.name, name)
        with self._lock:
            answer = self._pages.get(key)
            if answer is None:
                # Only the list of all files shows whether a hash of the user's is on the page, and cached candidates do
                # not have it.
                whole = name in self._hashes and isinstance(self._table.route(name), Survey)
                answer = None if whole else self._reader.kept(index, name)
                if answer is None:
                    answer = self._loop.submit(self._reader.read(index, name, whole=whole))
                else:
                    self._tell(FromCache(f"the page of {name} at {index.name}"))
                self._pages[key] = answer
            return answer

    def page(self, index: Index, name: str) -> Reading:
        """The same, waited for. Raises what the reader raises."""
        answer = self.ask_page(index, name)
        return answer if isinstance(answer, Reading) else answer.result()

    def ask_again(self, index: Index, name: str) -> bool:
        """Ask for a page that was taken from an earlier run without asking; whether it says something else today.

        Without such a page no index is asked, and where the index cannot be asked nothing is new.
        """
        key = (index.name, name)
        with self._lock:
            known = self._pages.get(key)
        if not isinstance(known, Reading) or not known.unasked:
            return False
        try:
            reading = self._loop.run(self._reader.read(index, name, anew=True))
        except SafepipError:
            return False
        same = _stated(reading.available) == _stated(known.available)
        with self._lock:
            # The same page keeps its candidate objects: what is known of them need not be found out again.
            self._pages[key] = known._replace(unasked=False) if same else reading
        return not same

    def whole_page(self, index: Index, name: str) -> Reading:
        """The page itself, asked for anew."""
        return self._loop.run(self._reader.read(index, name, whole=True))

    def ask_metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata | Future[CoreMetadata]:
        """The metadata of a candidate that was listed there, or a future of it."""
        key = (candidate, listing)
        with self._lock:
            answer = self._metadata.get(key)
            if answer is None:
                answer = self._wheels.kept(candidate)
                if answer is None:
                    answer = self._loop.submit(self._wheels.read(candidate, listing))
                self._metadata[key] = answer
            return answer

    def metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        """The same, waited for. Raises what the reader raises."""
        answer = self.ask_metadata(candidate, listing)
        return answer if isinstance(answer, CoreMetadata) else answer.result()


def _stated(available: ProjectCandidates | None) -> object:
    """What decides whether two pages are the same; candidates cannot be compared, because each object equals only
    itself."""
    if available is None:
        return None
    listed = (*available.candidates, *available.sources)
    files = [(c.version, c.file, c.tag_rank, c.build, c.released, c.for_new_python) for c in listed]
    return available._replace(candidates=(), sources=()), files
