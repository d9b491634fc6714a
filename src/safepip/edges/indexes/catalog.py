"""The catalogue over the network and the disk: asks the index that routing names, and no other.

For a name: its route; the cached candidates while they are fresh; else the page, revalidated or fetched, parsed and
sorted into candidates. For a `Survey` every source is asked, and `routing.decide_route` decides. For a wheel's
metadata: the kept copy; the sidecar where the index has one; a range request; the whole wheel, which then stays in the
store. That of a source archive: whatever `sources` says; nothing asks for it ahead.

A catalogue is used by one thread, that of the search. `prefetch` fetches ahead while the search computes: only its
`answers` are seen here, which do not depend on the thread that asked.

An index that must answer and does not is an error, each kind with its own reference. It never counts as a project
without candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.index.candidates import wheels_of
from safepip.index.finder import Finder
from safepip.index.mirrors import best_first, merged, with_common_releases
from safepip.index.same_files import as_one, same_offers
from safepip.model.candidate import ProjectCandidates, SourceArchives
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused, SafepipError, Unavailable, with_askers
from safepip.model.events import Resolving, ignore
from safepip.model.requirement import required_digests
from safepip.model.route import Observation, Presence, Route, RoutingRule, Survey
from safepip.model.urls import stays_encrypted
from safepip.requirements.line_digests import contradiction
from safepip.resolution.catalog import RoutedCandidates
from safepip.resolution.resolver import AmbiguousName
from safepip.routing.table import Ambiguity, decide_route
from safepip.vetting.releases import earliest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from safepip.edges.indexes.answers import Answers
    from safepip.edges.indexes.index_reader import Reading
    from safepip.edges.indexes.listings import Listing
    from safepip.edges.indexes.prefetch import Prefetcher
    from safepip.edges.indexes.source_metadata import SourceMetadata
    from safepip.edges.indexes.wheel_reader import WheelReader
    from safepip.model.candidate import Candidate
    from safepip.model.digest import AnyDigest, RequiredDigests
    from safepip.model.events import Tell
    from safepip.model.index import Index
    from safepip.model.origin import Origin
    from safepip.model.page import ProjectFile
    from safepip.model.plan import Selection
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata
    from safepip.model.source import SourceCode
    from safepip.resolution.catalog import Hint
    from safepip.routing.table import RoutingTable
    from safepip.vetting.rules import VettingRules


class _Observed(NamedTuple):
    """What a source says of a name, the candidates that it has, and all digests on its pages."""

    observation: Observation
    available: ProjectCandidates | None = None
    digests: frozenset[AnyDigest] = frozenset()


class IndexCatalog:
    """The `Catalog` of a run; see the module. `hashes` are the digests that the user's statements allow, by project.

    `rules` are those that the search applies; the prefetcher has its own. `sources`, set by those who approve builds,
    reads the metadata of what is not a wheel, and `tell` is told of each project that the search looks at. `no_index`:
    a name for which nothing answers is absent, since the user wants none asked.
    """

    sources: SourceMetadata | None = None
    no_index = False
    tell: Tell = staticmethod(ignore)

    def __init__(
        self,
        *,
        table: RoutingTable,
        answers: Answers,
        prefetcher: Prefetcher,
        wheels: WheelReader,
        selection: Selection,
        hashes: Mapping[str, RequiredDigests],
        rules: VettingRules,
    ) -> None:
        self._table = table
        self._answers = answers
        self._prefetcher = prefetcher
        self._wheels = wheels
        self.finder = Finder(selection, rules.ages, rules.builds, rules.build_hint)
        self.rules = rules
        self._hashes = hashes
        self._all_available: dict[str, RoutedCandidates] = {}
        self._listings: dict[Candidate, Listing] = {}
        self._direct: dict[tuple[str, SourceCode | None], Candidate] = {}
        self._unasked: dict[Candidate, tuple[Index, ...]] = {}

    # --- candidates --------------------------------------------------------------------------------------------

    def candidates_for(self, name: str, required_by: Iterable[Origin]) -> RoutedCandidates:
        known = self._all_available.get(name)
        if known is None:
            self.tell(Resolving(name))
            decision = self._table.route(name)
            askers = tuple(required_by)
            try:
                match decision:
                    case Route():
                        known = self._from_one(decision)
                    case Survey():
                        known = self._from_survey(decision, askers)
            except AmbiguousName:
                raise
            except SafepipError as error:
                raise with_askers(error, askers) from None
            self._all_available[name] = known
        return known

    def known(self, name: str) -> RoutedCandidates | None:
        """The candidates, where the search has looked at them; nothing is asked."""
        return self._all_available.get(name)

    def _from_one(self, route: Route) -> RoutedCandidates:
        assert route.index is not None
        family = self._table.family(route.index)
        for index in family:
            self._answers.ask_page(index, route.name)  # all of them at once; the answers are awaited below
        readings = [(index, self._answers.page(index, route.name)) for index in family]
        available = self._merge(route.name, readings)
        if available is None and route.rule in (RoutingRule.EXACT_CLAIM, RoutingRule.PREFIX_CLAIM):
            raise Unavailable.because(
                "not-on-its-index",
                f"{route.name} belongs to the index {route.index.name}, which does not have it",
                context=(f"{route.index.url}  status 404", f"claimed as {route.detail}  {route.index.origin}"),
                hint="publish it there, or correct the name or the claim; no other index is asked",
                subject=route.name,
            )
        return RoutedCandidates(route, available or ProjectCandidates(route.name, ()), family, absent=available is None)

    def _from_survey(self, survey: Survey, required_by: tuple[Origin, ...]) -> RoutedCandidates:
        if not survey.sources and not self.no_index:
            raise Unavailable.because(
                "no-source",
                f"no index answers for {survey.name}: no index claims it, and there is no default",
                hint="declare a default index, or claim the name for the index that owns it; with --no-index, name a"
                " folder that has it with --find-links",
                subject=survey.name,
            )
        allowed = self._hashes.get(survey.name)
        families = [(source, self._table.family(source)) for source in survey.sources]
        for _, family in families:
            for index in family:
                self._answers.ask_page(index, survey.name)  # all of them at once; the answers are awaited below
        found = [self._observed(survey.name, source, family) for source, family in families]
        by_hash = allowed is not None and any(allowed.meets(observed.digests) for observed in found)
        verdict = decide_route(survey, [observed.observation for observed in found], pinned_by_hash=by_hash)
        if isinstance(verdict, Ambiguity):
            raise AmbiguousName(verdict._replace(required_by=required_by))
        there = {
            observed.observation.index.name: observed.available for observed in found if observed.available is not None
        }
        if verdict.rule is RoutingRule.HASH and allowed is not None:
            return RoutedCandidates(verdict, self._pinned(survey.name, list(there.values()), allowed), survey.sources)
        if verdict.rule is RoutingRule.SAME_FILES:
            return RoutedCandidates(verdict, self._as_one(list(there.values())), survey.sources)
        available = there.get(verdict.index.name) if verdict.index else None
        return RoutedCandidates(
            verdict, available or ProjectCandidates(survey.name, ()), survey.sources, absent=available is None
        )

    def observe(self, name: str, source: Index) -> Observation:
        """What a source, with its mirrors, says of a name, no matter who owns it. Waits for its pages."""
        return self._observed(name, source, self._table.family(source)).observation

    def _observed(self, name: str, source: Index, family: tuple[Index, ...]) -> _Observed:
        """What a source, with its mirrors, says of a name. Waits for its pages."""
        try:
            readings = [(index, self._answers.page(index, name)) for index in family]
        except (Unavailable, Refused) as error:
            # A source that redirects the request elsewhere has not answered it either.
            problem = error.diagnostics[0]
            answer = "; ".join((problem.message, *problem.context))
            return _Observed(Observation(source, Presence.UNKNOWN, problem=answer))
        available = self._merge(name, readings)
        if available is None:
            return _Observed(Observation(source, Presence.ABSENT))
        observation = Observation(source, Presence.PRESENT, newest=_newest(available), contents=available.contents)
        digests = frozenset().union(*(reading.digests or () for _, reading in readings))
        return _Observed(observation, available, digests)

    def _pinned(self, name: str, all_available: list[ProjectCandidates], allowed: RequiredDigests) -> ProjectCandidates:
        """The files of all sources that have one of the user's digests."""
        candidates = [c for available in all_available for c in available.candidates if allowed.names(c.file.stated)]
        archives = [c for available in all_available for c in available.sources if allowed.names(c.file.stated)]
        return ProjectCandidates(
            name,
            best_first(candidates),
            files=sum(available.files for available in all_available),
            born=earliest(available.born for available in all_available),
            sources=best_first(archives),
        )

    def _as_one(self, all_available: list[ProjectCandidates]) -> ProjectCandidates:
        """The candidates of sources with exactly the same files, each of which is fetched from the first source."""
        first, one = all_available[0], as_one(all_available)

        def listed(candidates: Iterable[Candidate], firsts: Iterable[Candidate]) -> tuple[Candidate, ...]:
            listings = {candidate.file.filename: self._listings[candidate] for candidate in firsts}
            noted = tuple(candidates)
            self._listings.update((candidate, listings[candidate.file.filename]) for candidate in noted)
            return noted

        listed(one.candidates, first.candidates)
        return one._replace(sources=SourceArchives(lambda: listed(one.sources, first.sources)))

    def _merge(self, name: str, readings: list[tuple[Index, Reading]]) -> ProjectCandidates | None:
        """The candidates of an index and its mirrors together. Raises `Refused` where a mirror has other bytes."""
        there = [
            (index, reading.url, reading.available) for index, reading in readings if reading.available is not None
        ]
        all_available = with_common_releases([available for _, _, available in there])
        pages = [
            (index, self._with_listing(index, url, available))
            for (index, url, _), available in zip(there, all_available, strict=True)
        ]
        return merged(name, pages) if pages else None

    def _with_listing(self, index: Index, url: str, available: ProjectCandidates) -> ProjectCandidates:
        """The same candidates, whose listing is known from here on; that of source archives when they are made."""
        listing = self._answers.listing(index, url)
        self._listings.update(dict.fromkeys(available.candidates, listing))

        def archives() -> Iterable[Candidate]:
            self._listings.update(dict.fromkeys(available.sources, listing))
            return available.sources

        return available if available.sources == () else available._replace(sources=SourceArchives(archives))

    def ask_again(self, names: Iterable[str]) -> bool:
        changed = []
        for name in names:
            decision = self._table.route(name)
            sources = (decision.index,) if isinstance(decision, Route) else decision.sources
            families = [self._table.family(source) for source in sources if source is not None]
            news = [self._answers.ask_again(index, name) for family in families for index in family]
            if any(news):
                self._all_available.pop(name, None)
                changed.append(name)
        return bool(changed)

    # --- asking ahead -----------------------------------------------------------------------------------------

    def expect_candidates(self, hints: Iterable[Hint]) -> None:
        self._prefetcher.expect(hints)

    def expect_pages(self, names: Iterable[str]) -> None:
        """All of these projects will be asked for, but their requirements are not followed."""
        for name in names:
            decision = self._table.route(name)
            for source in (decision.index,) if isinstance(decision, Route) else decision.sources:
                for index in self._table.family(source) if source is not None else ():
                    self._answers.ask_page(index, name)

    # --- metadata -------------------------------------------------------------------------------------------

    def metadata(self, candidate: Candidate) -> CoreMetadata:
        self.tell(Resolving(candidate.name))
        listing = self._listings.get(candidate)
        if candidate.is_wheel:
            return self._answers.metadata(candidate, listing)
        return self._source_code(str(candidate)).metadata(candidate, listing)

    def _source_code(self, what: str) -> SourceMetadata:
        if self.sources is None:
            raise LookupError(f"nothing reads the metadata of {what}, which is not a wheel")
        return self.sources

    def stated(self, candidate: Candidate, file: ProjectFile) -> tuple[AnyDigest, ...]:
        """The digests that a file of a candidate must have: those that its index gives, and that of what was read of
        it. An index without digests may give other bytes each time."""
        if candidate.is_wheel or file.filename != candidate.file.filename or self.sources is None:
            return file.stated
        read = self.sources.read_from(candidate)
        return file.stated if read is None or read in file.stated else (*file.stated, read)

    def expect_metadata(self, candidate: Candidate) -> None:
        if candidate.is_wheel:
            self._answers.ask_metadata(candidate, self._listings.get(candidate))

    def listed(self, route: Route, candidate: Candidate) -> tuple[ProjectFile, ...]:
        """All wheels of the candidate's version that its index and that index's mirrors offer, for all targets.

        Those that are too young or came late are left out: from a lock they would be installed without a further check.
        In the order of the pages; of a file on several of them, what the first says; of several that one page lists by
        one name, the one that an install takes. The reader must have been made to keep listings. Raises `Unavailable`
        where a kept listing has gone and the index does not answer.
        """
        if route.rule is not RoutingRule.SAME_FILES:
            return self._listed_by(route.index, candidate) if route.index is not None else ()
        # Each of the sources counts; where one of them does not list a file now, the sources differ.
        decision = self._table.route(candidate.name)
        sources = decision.sources if isinstance(decision, Survey) else ()
        offers = [self._listed_by(source, candidate) for source in sources if self._is_listed(source, candidate.name)]
        return same_offers(offers)

    def _is_listed(self, source: Index, name: str) -> bool:
        return any(self._answers.page(index, name).available is not None for index in self._table.family(source))

    def _listed_by(self, source: Index, candidate: Candidate) -> tuple[ProjectFile, ...]:
        """As `listed`, of one source."""
        pages = [self._listing(index, candidate.name) for index in self._table.family(source)]
        first: dict[str, ProjectFile] = {}
        for page in pages:
            first = {**_one_a_name(page, candidate.file), **first}
        files = [file for page in pages for file in page]
        old_enough = self.rules.ages.lockable(candidate.name, candidate.version, files)
        lockable = wheels_of(candidate.name, candidate.version, old_enough)
        return tuple(file for file in lockable if file is first[file.filename])

    def _listing(self, index: Index, name: str) -> tuple[ProjectFile, ...]:
        """All files of a page."""
        reading = self._answers.page(index, name)
        files = reading.listing() if reading.listing is not None else None
        if files is None:
            reading = self._answers.whole_page(index, name)
            files = reading.listing() if reading.listing is not None else None
        return files or ()

    def files(self, name: str) -> tuple[ProjectFile, ...]:
        """All files of a project on the pages of all its possible sources, for all targets; as for `listed`."""
        decision = self._table.route(name)
        sources = (decision.index,) if isinstance(decision, Route) else decision.sources
        families = [self._table.family(source) for source in sources if source is not None]
        return tuple(file for family in families for index in family for file in self._listing(index, name))

    def listing(self, candidate: Candidate) -> Listing | None:
        """The index and page that a candidate was listed on; None for a wheel named directly."""
        return self._listings.get(candidate)

    def trust_store(self, candidate: Candidate, index: Index) -> None:
        """This file stands in a lock and its index is not asked (`--offline`): only the store may provide it, and only
        a file that the index or one of its mirrors has delivered."""
        self._unasked[candidate] = self._table.family(index)

    def unasked(self, candidate: Candidate) -> tuple[Index, ...]:
        """The sources that may have delivered a file whose index is not asked; empty where the index is asked."""
        return self._unasked.get(candidate, ())

    def check_servable(self, candidate: Candidate) -> None:
        """Raise `Refused` (`file-host`) where the candidate's file may not come from its URL."""
        listing = self._listing_or_direct(candidate)
        if listing is not None:
            listing.check(candidate.file)

    def _listing_or_direct(self, candidate: Candidate) -> Listing | None:
        """None only for a wheel that the user named: any other candidate without a listing was listed by no index."""
        listing = self._listings.get(candidate)
        if candidate in self._unasked:
            return None
        if listing is None and not any(candidate is direct for direct in self._direct.values()):
            raise LookupError(f"{candidate} was listed by no index of this run")
        return listing

    def may_fetch(self, candidate: Candidate) -> Callable[[str], bool]:
        """Which URLs, the file's own and those it redirects to, may give the candidate's bytes."""
        if candidate in self._unasked:
            return lambda _url: False  # no URL may give it
        listing = self._listing_or_direct(candidate)
        return stays_encrypted(candidate.file.url) if listing is None else listing.allows(candidate.file)

    def direct(self, requirement: Requirement | Constraint) -> Candidate:
        assert requirement.url is not None
        # One repository, or one archive, may hold many projects.
        named = (requirement.url, requirement.source)
        candidate = self._direct.get(named)
        if candidate is None and requirement.source is not None:
            candidate = self._direct[named] = self._source_code(requirement.url).candidate(requirement)
        elif candidate is None:
            # Another requirement that names the same wheel may demand more of it.
            demand = self._hashes.get(requirement.name, ANY_BYTES).and_(required_digests(requirement))
            if demand.impossible:
                raise contradiction(requirement.name, (requirement.origin,))
            candidate = self._direct[named] = self._wheels.direct(requirement, demand)
        return candidate


def _one_a_name(page: Iterable[ProjectFile], chosen: ProjectFile) -> dict[str, ProjectFile]:
    """One file of each name on a page: where it lists several, the chosen one, and otherwise the last, as pip takes."""
    same = [file for file in page if (file.url, file.digests) == (chosen.url, chosen.digests)]
    return {file.filename: file for file in (*page, *same)}


def _newest(available: ProjectCandidates) -> str:
    versions = [c.version for c in available.candidates[:1]] + [f.version for f in available.rejected[:1]]
    return str(max(versions)) if versions else ""
