"""Opens what a run decides with: the catalogue for a target, and the rules on names that go with it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from safepip.model.digest import ANY_BYTES
from safepip.model.requirement import counts
from safepip.vetting.cooldown import AgeRules
from safepip.vetting.names import NameRules, NamesOfRun
from safepip.vetting.rules import VettingRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.commands.session import Session
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.edges.indexes.index_reader import Pages
    from safepip.model.origin import Origin
    from safepip.model.plan import Plan, Target
    from safepip.vetting.look_alikes import KnownNames


def open_catalog(session: Session, target: Target, pages: Pages | None = None) -> IndexCatalog:
    """A catalogue for one target. Catalogues that are given the same `pages` ask for each page once."""
    from safepip.edges.indexes.answers import Answers
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.edges.indexes.index_reader import IndexReader
    from safepip.edges.indexes.page_cache import PageCache, fingerprint
    from safepip.edges.indexes.prefetch import Prefetcher
    from safepip.edges.indexes.wheel_reader import WheelReader
    from safepip.index.candidates import PythonVersions, TagRanks

    settings, store = session.settings, session.store
    ignore = settings.selection.ignore_requires_python
    cache = PageCache(
        None if store.private else store.root,
        fingerprint(target, ignore_requires_python=ignore),
        trusted_hosts=settings.network.trusted_hosts,
    )
    ranks = TagRanks(target.tags)
    pythons = PythonVersions(target.version, ignore=ignore)
    wheels = WheelReader(session.loop, lambda: session.transport, cache, store, ranks, settings.network)
    reader = IndexReader(
        lambda: session.transport,
        cache,
        ranks,
        pythons,
        settings.refresh,
        listings=session.verb == "lock",
        pages=pages,
    )
    table, hashes = session.asked.table, session.hashes_allowed_for(target)
    answers = Answers(table, reader, wheels, session.loop, hashes)
    prefetcher = Prefetcher(
        table=table,
        answers=answers,
        loop=session.loop,
        selection=settings.selection,
        environment=target.markers,
        hashes=hashes,
        rules=vetting_rules(session, target),  # rules remember what they were asked, so the guesses have their own
    )
    return IndexCatalog(
        table=table,
        answers=answers,
        prefetcher=prefetcher,
        wheels=wheels,
        selection=settings.selection,
        hashes=hashes,
        rules=vetting_rules(session, target),
    )


def vetting_rules(session: Session, target: Target) -> VettingRules:
    """The rules by which projects are judged, for one target."""
    ages = age_rules(session, target)
    return VettingRules(name_rules(session, target, ages, session.names.known), ages)


def name_rules(session: Session, target: Target, ages: AgeRules, known: Callable[[], KnownNames]) -> NameRules:
    """The rules on names for one target. `known` is called when the first name needs the list of well-known names."""
    asked, settings = session.asked, session.settings
    requirements = asked.statements.requirements
    run = NamesOfRun(
        asked=frozenset(r.name for r in requirements if r.url is None and counts(r, target.markers)),
        already_decided=session.renewed | session.hashes_allowed_for(target).keys(),
        allowed=settings.allow_names,
    )
    if "allow_names" in settings.origins:
        run = run._replace(allowed_at=settings.origins["allow_names"])
    return NameRules(known, asked.table, asked.plan.policy, run, now=asked.plan.now, youth=ages.youth)


def age_rules(session: Session, target: Target) -> AgeRules:
    """The rules on ages for one target. What the user or the lock that is made anew gives a digest for was judged."""
    plan = session.asked.plan
    given = session.hashes_allowed_for(target)
    names = given.keys() | session.judged.keys()
    judged = {
        n: frozenset(map(str, given.get(n, ANY_BYTES).digests())) | session.judged.get(n, frozenset()) for n in names
    }
    return AgeRules(
        plan.policy.ages,
        plan.settings.cooldown,
        session.asked.table,
        now=plan.now,
        exemptions=plan.policy.exemptions,
        judged=judged,
    )


class Names:
    """The names that others are compared with: the list in force, and what indexes claim.

    The list is read once, whichever thread is first to ask, since it may come through a pipe. What is made of it is the
    same whoever asks, so the search and its guesses share it. Raises `UsageError` and `Unavailable` (`unusable-names`)
    where the list cannot be read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._known: KnownNames | None = None

    def known(self) -> KnownNames:
        from safepip.vetting.look_alikes import KnownNames

        policy, table = self._session.asked.plan.policy, self._session.asked.table
        enforced = policy.enforced.get("look-alike")
        claims = (*table.exact.values(), *table.prefixes)
        own = [claim.key for claim in claims if enforced is None or not enforced.outranks(claim.origin)]
        with self._lock:
            if self._known is None:
                self._known = KnownNames(listed_names(*list_in_force(self._session.asked.plan)), own)
            return self._known


def list_in_force(plan: Plan) -> tuple[str | None, Origin]:
    """The path of the list of well-known names, None for safepip's own, and where it was said."""
    settings, policy = plan.settings, plan.policy
    if settings.well_known_names is not None:
        return settings.well_known_names, settings.origins["well_known_names"]
    return policy.well_known_names, policy.well_known_origin


def listed_names(path: str | None, origin: Origin) -> tuple[str, ...]:
    """The names of the list at this path, or of safepip's own. Raises `UsageError` and `Unavailable`."""
    from safepip.edges.disk.well_known import names_from, shipped_names, unusable_names
    from safepip.vetting.look_alikes import UnusableNames, read_names

    if path is None:
        return read_names(shipped_names())
    try:
        return read_names(names_from(path, origin))
    except UnusableNames as problem:
        where = "" if problem.line is None else f"line {problem.line}: "
        raise unusable_names(path, f"{where}{problem}", origin) from None
