"""A session whose answer stands in a lock: read it, select from it, hold it against today's indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safepip.lock.acceptance import check_edges, pin_direct, pin_from_candidates, pin_unasked, select
from safepip.lock.graph import Chosen, Root, walk
from safepip.lock.pylock import read_lock
from safepip.model.candidate import Pin, Resolution
from safepip.model.errors import Refused, ResolutionImpossible, Unavailable, UnusableInput
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Origin, Source
from safepip.model.requirement import Requirement, counts
from safepip.model.route import Route
from safepip.model.urls import UrlError, is_url, is_web, join
from safepip.requirements.places import Place, check_place
from safepip.wheel.metadata import MetadataError, parse_metadata
from safepip.wheel.metadata_as_pip import metadata_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.session import Session
    from safepip.lock.acceptance import LockEntry
    from safepip.model.candidate import InstalledDistribution
    from safepip.model.evidence import ClearedWheel
    from safepip.requirements.lock_requests import LockRequest
    from safepip.rules.under_review import WheelUnderReview


def read_entries(session: Session) -> tuple[LockEntry, ...]:
    """What all locks of the run select for the target. Raises `UnusableInput` and `Refused`."""
    found: dict[str, LockEntry] = {}
    for request in session.asked.locks:
        for entry in select(read_lock(_text(session, request), _origin(request)), request, session.asked.target):
            first = found.setdefault(entry.name, entry)
            if first[:4] != entry[:4]:
                raise UnusableInput.because(
                    "invalid-lock",
                    f"two locks disagree on {entry.name}: {first.version} and {entry.version}",
                    origins=(first.origin, entry.origin),
                )
    return tuple(found.values())


def _origin(request: LockRequest) -> Origin:
    return Origin(Source.FILE, request.name)


def _text(session: Session, request: LockRequest) -> str:
    from safepip.edges.disk.lock_files import read_lock_text

    check_place(Place(request.name, printable(request.name), request.origin))
    if is_url(request.name):
        _, body = session.fetch_text(request.name)
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            message = f"the lock {printable(request.name)} is not UTF-8"
            raise UnusableInput.because("invalid-lock", message, origins=(request.origin,)) from None
    text = read_lock_text(request.name, named=True)
    if text is None:
        raise UnusableInput.because(
            "unreadable-file", f"the lock {printable(request.name)} is not there", origins=(request.origin,)
        )
    return text


def resolve_locks(session: Session) -> Resolution:
    """The pins that the locks name. Raises `Refused` with every entry that is not today what was locked."""
    asked, installed, catalog = session.asked, session.installed, session.catalog
    wanted = session.locked
    _check_constraints(session, wanted)
    if not session.settings.network.offline:
        catalog.expect_pages(entry.name for entry in wanted if entry.direct is None)
    pins: dict[str, Pin] = {}
    problems: list[Diagnostic] = []
    for entry in wanted:
        there = installed.get(entry.name)
        route = asked.table.route(entry.name)
        if entry.direct is not None:
            answer: Pin | Diagnostic = _direct(session, entry, there)
        elif isinstance(route, Route) and _is_unasked(session, route):
            answer = pin_unasked(entry, route, there)
        else:
            answer = pin_from_candidates(entry, catalog.candidates_for(entry.name, [entry.origin]), there)
            # What differs from the lock may do so on a page of an earlier run only.
            if isinstance(answer, Diagnostic) and catalog.ask_again([entry.name]):
                answer = pin_from_candidates(entry, catalog.candidates_for(entry.name, [entry.origin]), there)
        if isinstance(answer, Diagnostic):
            problems.append(answer)
        else:
            pins[entry.name] = answer
            if answer.candidate is not None and entry.direct is None and isinstance(route, Route):
                assert route.index is not None
                if _is_unasked(session, route):
                    catalog.trust_store(answer.candidate, route.index)
    if problems:
        raise Refused(*problems)
    fresh = session.settings.force_reinstall or session.settings.ignore_installed
    for name, pin in pins.items():
        there = pin.replaces
        if not fresh and there is not None and not there.other and there.version == pin.version:
            pins[name] = pin._replace(candidate=None, installed=pin.replaces, replaces=None)
    to_install = sorted(name for name, pin in pins.items() if pin.candidate is not None)
    return Resolution(pins, (), tuple(to_install))


def _is_unasked(session: Session, route: Route) -> bool:
    """Whether the index is not asked in this run: with `--offline` none is but a folder of this machine."""
    if not session.settings.network.offline or route.index is None:
        return False
    return any(index.url.scheme != "file" for index in session.asked.table.family(route.index))


def with_metadata(session: Session, resolution: Resolution, wheels: Sequence[ClearedWheel]) -> Resolution:
    """The same resolution with the metadata of what is installed, for a report: a lock is installed without reading it.

    It is that of the `wheels`, and without them, in a dry run, what the index says.
    """
    inside = {wheel.pin.name: wheel.content.info("METADATA") or b"" for wheel in wheels}
    pins = dict(resolution.pins)
    for name in resolution.to_install:
        pin = pins[name]
        assert pin.candidate is not None
        text = inside.get(name)
        if text is None and session.catalog.unasked(pin.candidate):
            text = _stored_metadata(session, pin)
        read = session.catalog.metadata(pin.candidate) if text is None else parse_metadata(text, verified=True)
        pins[name] = pin._replace(metadata=read)
    return resolution._replace(pins=pins)


def _stored_metadata(session: Session, pin: Pin) -> bytes:
    """The METADATA of a wheel that only the store may give. Raises `Unavailable` (`not-in-store`), `Refused`."""
    from safepip.commands.wheels import fetched, unreadable_wheel
    from safepip.edges.disk.archive import ArchiveError, read_wheel_metadata

    (file,) = fetched(session, [pin])
    try:
        return read_wheel_metadata(file.path, file.filename)
    except ArchiveError as problem:
        raise Refused(unreadable_wheel(pin, file, problem)) from None


def _direct(session: Session, entry: LockEntry, there: InstalledDistribution | None) -> Pin | Diagnostic:
    """A wheel that the lock names by path or URL; a claimed name is never taken from one (routing.md)."""
    from safepip.edges.disk.requirements_files import local_disk
    from safepip.resolution.limits import check_direct

    assert entry.direct is not None
    place = entry.direct
    if is_web(entry.origin.where):
        try:
            place = join(entry.origin.where, place)
        except UrlError:
            place = ""
        if not is_web(place):
            return Diagnostic(
                "remote-includes-local",
                f"{printable(entry.origin.where)} came from a network and names a file of this machine",
                context=(printable(place),),
                origins=(entry.origin,),
                subject=entry.name,
            )
    elif not is_url(place):
        import os

        disk = local_disk(os.path.dirname(os.path.join(session.cwd, entry.origin.where)))
        place = disk.to_url(disk.absolute(place))
    requirement = Requirement(
        entry.name, SpecifierSet(), entry.origin, url=place, url_digests=(*entry.digests, *entry.checksums)
    )
    asked = session.asked
    statements = asked.statements._replace(requirements=(requirement,))
    check_direct(statements, asked.table, asked.plan.policy, asked.target.markers)
    return pin_direct(entry, session.catalog.direct(requirement), place, there)


def _check_constraints(session: Session, wanted: Sequence[LockEntry]) -> None:
    """`-c` and PIP_CONSTRAINT hold for a lock as for anything else."""
    by_name = {entry.name: entry for entry in wanted}
    for constraint in session.asked.statements.constraints:
        entry = by_name.get(constraint.name)
        if entry is None or not counts(constraint, session.asked.target.markers):
            continue
        if not constraint.specifier.contains(entry.version, prereleases=True):
            raise ResolutionImpossible.because(
                "resolution-impossible",
                f"{entry.name} {entry.version} is locked, and a constraint does not allow it",
                context=(f"{printable(constraint.text)}  {constraint.origin.chain()}",),
                origins=(entry.origin, constraint.origin),
                subject=entry.name,
            )


def check_lock_is_whole(session: Session, wheels: Sequence[WheelUnderReview]) -> None:
    """Hold what the wheels themselves require against the lock. Raises `Refused` (`lock-differs`)."""
    if session.settings.no_deps:
        return
    wanted = session.locked
    chosen: dict[str, Chosen] = {}
    for wheel in wheels:
        try:
            metadata = metadata_in(wheel.content)
        except MetadataError:
            continue  # wrong-identity says so
        chosen[wheel.pin.name] = Chosen(wheel.pin.version, metadata)
    for entry in wanted:
        there = session.installed.get(entry.name)
        if entry.name not in chosen and there is not None:
            try:
                chosen[entry.name] = Chosen(there.version, session.installed.metadata(there))
            except Unavailable:
                chosen[entry.name] = Chosen(there.version, None)
    graph = walk([Root(e.name, frozenset(), SpecifierSet()) for e in wanted], chosen.get, session.asked.target.markers)
    check_edges(wanted, {name: frozenset(edges) for name, edges in graph.edges.items()}, graph.problems)
