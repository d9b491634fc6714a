"""From pins to cleared wheels: fetch, verify, read, judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safepip.edges.disk.archive import ArchiveError, OversizedArchive, read_wheels
from safepip.edges.indexes.downloads import Download
from safepip.edges.indexes.fetch import fetch_all
from safepip.edges.target.ownership import Ownership
from safepip.edges.user.terminal import make_progress
from safepip.index.deliveries import direct_source, sources
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic, printable
from safepip.model.index import Hashes
from safepip.model.requirement import counts
from safepip.requirements.line_digests import contradiction
from safepip.rules.context import RuleContext
from safepip.rules.judging import judge
from safepip.rules.under_review import WheelUnderReview
from safepip.wheel.install_paths import install_paths_of, layout_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.session import Session
    from safepip.model.candidate import InstalledDistribution, Pin
    from safepip.model.digest import Demand
    from safepip.model.evidence import ClearedWheel, VerifiedFile
    from safepip.model.requirement import Constraint, Requirement
    from safepip.wheel.install_paths import Layout


def cleared_wheels(
    session: Session, pins: Sequence[Pin], gone: Sequence[InstalledDistribution] = ()
) -> list[ClearedWheel]:
    """Fetch, verify and judge the wheels of these pins. Raises `Refused` with everything found.

    `gone` are the installed distributions that are taken away before.
    """
    files = fetched(session, pins)
    context = _context(session, list(zip(pins, files, strict=True)))
    context = replace(context, removed=frozenset(item.name for item in gone))
    folders = sorted(_folders_of_distributions(session, context.layout))
    there = Ownership(folders, context.replaced, context.layout.moved)
    context = replace(
        context,
        owner=there.owner,
        holds=there.holds,
        declares=there.declares,
        hooks=there.hooks,
        names=there.names,
        entry_points=there.entry_points,
    )
    if session.asked.locks:
        from safepip.commands.locked import check_lock_is_whole

        check_lock_is_whole(session, context.wheels)
    if session.hashed is not None:
        from safepip.commands.hashed import check_hashed_is_whole

        check_hashed_is_whole(session, session.hashed, context.wheels)
    return judge(context, session.asked.plan.policy.exemptions)


def fetched(session: Session, pins: Sequence[Pin]) -> list[VerifiedFile]:
    """The verified files of these pins, in the same order. Raises `Refused` and `Unavailable`."""
    network = session.settings.network
    return fetch_all(
        session.loop,
        lambda: session.transport,
        session.store,
        [_wanted(session, pin) for pin in pins],
        make_progress(session.settings.display, session.environ),
        retries=network.retries,
        resume_retries=network.resume_retries,
    )


def _context(session: Session, chosen: list[tuple[Pin, VerifiedFile]]) -> RuleContext:
    """Everything the rules look at. Raises `Refused` for the wheels that cannot be read."""
    target = session.asked.target
    layout = layout_of(session.settings, target)
    wheels: list[WheelUnderReview] = []
    problems: list[Diagnostic] = []
    contents = read_wheels([(file.path, file.filename) for _, file in chosen])
    for (pin, file), content in zip(chosen, contents, strict=True):
        if isinstance(content, ArchiveError):
            problems.append(unreadable_wheel(pin, file, content))
        else:
            wheels.append(WheelUnderReview(pin, file, content, install_paths_of(content, layout)))
    if problems:
        raise Refused(*problems)
    return RuleContext(
        tuple(wheels),
        layout,
        standard_library=target.standard_library,
        direct_urls=_direct_urls(session, chosen),
        markers=target.markers,
    )


def _folders_of_distributions(session: Session, layout: Layout) -> frozenset[str]:
    """Where to look for installed distributions whose files are in the way."""
    if not session.installs:
        return frozenset()
    # The folder of `--target` is among the first, and so are those of `--prefix` and `--root`.
    return layout.site_folders.union(session.asked.target.site_paths)


def _direct_urls(session: Session, chosen: list[tuple[Pin, VerifiedFile]]) -> dict[str, str]:
    """The URLs of wheels that the user's requirements, constraints and locks name, by normalised name."""
    statements, markers = session.asked.statements, session.asked.target.markers
    everything: tuple[Requirement | Constraint, ...] = (*statements.constraints, *statements.requirements)
    named: dict[str, str] = {}
    for statement in everything:
        if statement.url is not None and counts(statement, markers):
            named[statement.name] = statement.url
    return named | {pin.name: pin.direct_url for pin, _ in chosen if pin.direct_url is not None}


def _wanted(session: Session, pin: Pin) -> Download:
    """What to fetch for a pin. Raises `Refused` where its file may not come from where its index says."""
    assert pin.candidate is not None
    file = pin.candidate.file
    session.catalog.check_servable(pin.candidate)
    listing, unasked = session.catalog.listing(pin.candidate), session.catalog.unasked(pin.candidate)
    owners = unasked or (() if listing is None else (listing.index,))
    trusted = session.settings.network.trusted_hosts
    # A mirror's file is admitted by the mirror's own rule; a wheel named directly was hashed when it was read.
    index = None if listing is None else listing.index
    optional = index is not None and (index.hashes is Hashes.OPTIONAL or file.url.startswith("file:"))
    return Download(
        filename=file.filename,
        url=file.url,
        index_digests=file.stated,
        allowed=session.catalog.may_fetch(pin.candidate),
        demand=_demanded(session, pin),
        size=file.size,
        hashes_optional=optional,
        owner=None if index is None else index.url,
        sources=sources(owners, trusted) if owners else direct_source(pin.direct_url or file.url),
        unasked=bool(unasked),
        subject=pin.name,
        origins=pin.required_by,
    )


def _demanded(session: Session, pin: Pin) -> Demand:
    """What the user's statements demand of a pin's file. Raises `Refused` where they allow none."""
    demand = session.allowed_hashes.get(pin.name, ANY_BYTES)
    if demand.impossible:
        raise contradiction(pin.name, pin.required_by)
    return demand


def unreadable_wheel(pin: Pin, file: VerifiedFile, error: ArchiveError) -> Diagnostic:
    """The finding about a wheel that no rule can judge: its archive is broken, read in two ways, or without bounds."""
    if isinstance(error, OversizedArchive):
        reference, message = "oversized-wheel", "is larger, or unpacks to more, than any real one"
    else:
        reference, message = "unreadable-wheel", "cannot be opened in one way only, so nothing can be said of it"
    return Diagnostic(
        reference,
        f"the wheel of {pin.name} {pin.version} {message}",
        context=(f"{printable(file.filename)}: {printable(str(error))}",),
        hint=f"tell the owner of {pin.name}; to go on without this version, constrain {pin.name} != {pin.version}",
        origins=pin.required_by,
        subject=pin.name,
    )
