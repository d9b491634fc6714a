"""Decides by a lock: read it, select from it, hold it against today's indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safepip.build.vcs_url import is_full_id
from safepip.lock.acceptance import check_edges, joined, pin_direct, pin_from_candidates, pin_unasked, select
from safepip.lock.graph import Chosen, Root, walk
from safepip.lock.pylock import package_lines, read_lock
from safepip.lock.sources import placed
from safepip.model.errors import Refused, ResolutionImpossible, Unavailable, UnusableInput
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Origin, Source
from safepip.model.requirement import Requirement, counts, required_digests
from safepip.model.resolution import Pin, Resolution
from safepip.model.route import Route
from safepip.model.source import HeldCommit, SourceKind
from safepip.model.urls import UrlError, is_url, is_web, join, parse
from safepip.requirements.places import Place, check_place
from safepip.wheel.metadata import MetadataError
from safepip.wheel.metadata_as_pip import metadata_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.pylock import Package

    from safepip.commands.decision import Builds, Decision
    from safepip.commands.inputs import Inputs
    from safepip.commands.installed_environment import InstalledEnvironment
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.lock.acceptance import LockEntry
    from safepip.model.requirement import Constraint
    from safepip.model.resolution import InstalledDistribution
    from safepip.model.source import SourceCode
    from safepip.requirements.lock_requests import LockRequest
    from safepip.rules.under_review import WheelUnderReview


def read_entries(inputs: Inputs, resources: Resources) -> tuple[LockEntry, ...]:
    """What all locks of the run select for the target. Raises `UnusableInput` and `Refused`."""
    found: dict[str, LockEntry] = {}
    for request in inputs.lock_requests:
        text = _text(request, resources)
        lock = read_lock(text, Origin(Source.FILE, request.name))
        lines = list(zip(lock.packages, package_lines(text, lock), strict=True))
        for selected in select(lock, request, inputs.target, inputs.settings.selection):
            entry = _placed(selected._replace(origin=_line_of(selected, lines)), inputs.cwd)
            first = found.setdefault(entry.name, entry)
            both = joined(first, entry)
            if both is None:
                versions = dict.fromkeys((_shown(first), _shown(entry)))
                what = " and ".join(versions) if len(versions) > 1 else f"which {entry} is meant"
                raise UnusableInput.because(
                    "invalid-lock",
                    f"two locks disagree on {entry.name}: {what}",
                    hint="make both anew, in the same way: safepip lock -r FILE",
                    origins=(first.origin, entry.origin),
                )
            found[entry.name] = both
    return tuple(found.values())


def _line_of(entry: LockEntry, lines: Iterable[tuple[Package, int | None]]) -> Origin:
    """Where an entry stands: at the package of its version, else at the first one of its name."""
    named = {package.version: line for package, line in reversed([*lines]) if package.name == entry.name}
    return entry.origin._replace(line=named.get(entry.version, next(reversed(named.values()), None)))


def _shown(entry: LockEntry) -> str:
    return printable(entry.direct or "") if entry.version is None else str(entry.version)


def _placed(entry: LockEntry, cwd: str) -> LockEntry:
    """The entry with the URL of what the lock takes from no index. Raises `UnusableInput`, `Refused`."""
    if entry.direct is None:
        return entry
    url = _url(entry, cwd)
    try:
        parse(url)
    except UrlError as problem:
        message = f"{entry.name} is taken from a place that cannot be: {problem}"
        raise UnusableInput.because(
            "invalid-lock", message, context=(printable(url),), origins=(entry.origin,)
        ) from None
    if entry.code is None:
        return entry._replace(direct=url)
    code = placed(entry.code, url, entry.name, entry.origin)
    return entry._replace(direct=code.url, code=code)


def held_by(entries: Iterable[LockEntry]) -> dict[SourceCode, HeldCommit]:
    """The commits that these entries have, each with the files that it must have."""
    found = ((entry.code, entry.tree) for entry in entries if entry.code is not None)
    return {code: HeldCommit(code.revision, tree) for code, tree in found if code.kind is SourceKind.VCS}


def _text(request: LockRequest, resources: Resources) -> str:
    from safepip.edges.disk.lock_files import read_lock_text
    from safepip.edges.disk.near_locks import way_to_a_lock

    check_place(Place(request.name, printable(request.name), request.origin))
    if is_url(request.name):
        _, body = resources.network.fetch_text(request.name)
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            message = f"the lock {printable(request.name)} is not UTF-8"
            raise UnusableInput.because("invalid-lock", message, origins=(request.origin,)) from None
    text = read_lock_text(request.name, named=True)
    if text is None:
        message = f"the lock {printable(request.name)} is not there"
        raise UnusableInput.because(
            "unreadable-file", message, origins=(request.origin,), hint=way_to_a_lock(request.name)
        )
    return text


def resolve_locks(
    inputs: Inputs, installed: InstalledEnvironment, catalog: IndexCatalog, building: Builds
) -> Resolution:
    """The pins that the locks name. Raises `Refused` with every entry that is not today what was locked, and before
    anything else with every one that may not be built."""
    _check_constraints(inputs)
    _check_approved(inputs, building)
    if not inputs.settings.network.offline:
        catalog.expect_pages(entry.name for entry in inputs.locks if entry.direct is None)
    pins: dict[str, Pin] = {}
    problems: list[Diagnostic] = []
    for entry in inputs.locks:
        answer = _pin(inputs, catalog, entry, installed.get(entry.name))
        if isinstance(answer, Diagnostic):
            problems.append(answer)
        else:
            pins[entry.name] = answer
    if problems:
        raise Refused(*problems)
    fresh = inputs.settings.force_reinstall or inputs.settings.ignore_installed
    for name, pin in pins.items():
        there = pin.replaces
        if not fresh and there is not None and not there.other and there.version == pin.version and not _moves(pin):
            pins[name] = pin._replace(candidate=None, installed=pin.replaces, replaces=None)
    to_install = sorted(name for name, pin in pins.items() if pin.candidate is not None)
    return Resolution(pins, (), tuple(to_install))


def _moves(pin: Pin) -> bool:
    """Whether it is a folder, whose code may be other than when it was installed: as in pip, it is installed anew."""
    code = pin.candidate.source if pin.candidate is not None else None
    return code is not None and code.kind is SourceKind.DIRECTORY


def _check_approved(inputs: Inputs, building: Builds) -> None:
    """No code of a distribution runs because a lock names it. Raises `Refused` (`unapproved-build`)."""
    problems = []
    for entry in inputs.locks:
        archive = bool(entry.filename) and not entry.filename.endswith(".whl")
        if archive or entry.code is not None:
            own = entry.code is not None and entry.code.kind is SourceKind.DIRECTORY
            problems.append(building.refusal(entry.name, entry.origin, own=own))
    found = [problem for problem in problems if problem is not None]
    if found:
        raise Refused(*found)


def _pin(
    inputs: Inputs, catalog: IndexCatalog, entry: LockEntry, there: InstalledDistribution | None
) -> Pin | Diagnostic:
    """The pin of one entry, or why it is not today what was locked."""
    if entry.direct is not None:
        return _direct(inputs, catalog, entry, there)
    route = inputs.table.route(entry.name)
    if isinstance(route, Route) and _is_unasked(inputs, route):
        pin = pin_unasked(entry, route, there)
        if isinstance(pin, Pin) and pin.candidate is not None:
            assert route.index is not None
            catalog.trust_store(pin.candidate, route.index)
        return pin
    answer = pin_from_candidates(entry, catalog.candidates_for(entry.name, [entry.origin]), there)
    # What differs from the lock may do so on a page of an earlier run only.
    if isinstance(answer, Diagnostic) and catalog.ask_again([entry.name]):
        answer = pin_from_candidates(entry, catalog.candidates_for(entry.name, [entry.origin]), there)
    return answer


def _is_unasked(inputs: Inputs, route: Route) -> bool:
    """Whether the index is not asked in this run: with `--offline` none is but a folder of this machine."""
    if not inputs.settings.network.offline or route.index is None:
        return False
    return any(index.url.scheme != "file" for index in inputs.table.family(route.index))


def _direct(
    inputs: Inputs, catalog: IndexCatalog, entry: LockEntry, there: InstalledDistribution | None
) -> Pin | Diagnostic:
    """What the lock names by path or URL; a claimed name is never taken from it (routing.md), but for a folder."""
    from safepip.resolution.limits import check_direct

    url = entry.direct
    assert url is not None
    requirement = Requirement(
        entry.name,
        SpecifierSet(),
        entry.origin,
        url=url,
        url_digests=(*entry.digests, *entry.checksums),
        source=entry.code,
    )
    statements = inputs.statements._replace(requirements=(requirement,))
    check_direct(statements, inputs.table, inputs.plan.policy, inputs.target.markers)
    return pin_direct(entry, catalog.direct(requirement), url, there)


def _url(entry: LockEntry, cwd: str) -> str:
    """The URL of what the lock names; paths are meant from where the lock is. Raises `Refused`."""
    from safepip.edges.disk.requirements_files import local_disk_beside

    assert entry.direct is not None
    if not is_web(entry.origin.where):
        if is_url(entry.direct):
            return entry.direct
        disk = local_disk_beside(entry.origin.where, cwd)
        return disk.to_url(disk.absolute(entry.direct))
    try:
        url = join(entry.origin.where, entry.direct)
    except UrlError:
        url = ""
    folder = entry.code is not None and entry.code.kind is SourceKind.DIRECTORY
    if is_web(url) and not folder:
        return url
    raise Refused.because(
        "remote-includes-local",
        f"{printable(entry.origin.where)} came from a network and names a file of this machine",
        context=(printable(url),),
        origins=(entry.origin,),
        subject=entry.name,
    )


def _check_constraints(inputs: Inputs) -> None:
    """`-c` and PIP_CONSTRAINT hold for a lock as for anything else: their versions, their digests, and their places."""
    by_name = {entry.name: entry for entry in inputs.locks}
    for constraint in inputs.statements.constraints:
        entry = by_name.get(constraint.name)
        if entry is None or not counts(constraint, inputs.target.markers):
            continue
        against = _against(entry, constraint)
        if against:
            raise ResolutionImpossible.because(
                "resolution-impossible",
                f"{entry} is locked, and a constraint {against}",
                context=(f"{printable(constraint.text)}  {constraint.origin.chain()}",),
                origins=(entry.origin, constraint.origin),
                subject=entry.name,
            )


def _against(entry: LockEntry, constraint: Constraint) -> str:
    """What a constraint has against an entry; empty for nothing. What the lock has no digest for is not proved."""
    if entry.version is not None and not constraint.specifier.contains(entry.version, prereleases=True):
        return "does not allow it"
    if constraint.url is not None and not _is_there(entry, constraint):
        return "takes it from another place"
    if not required_digests(constraint).holds((*entry.digests, *entry.checksums)):
        return "demands a digest that is not among the locked ones"
    return ""


def _is_there(entry: LockEntry, constraint: Constraint) -> bool:
    """Whether a lock takes an entry from the place that a constraint names. Of a branch or a tag the lock has the
    commit of its day."""
    named, code = constraint.source, entry.code
    if named is None or code is None or named.kind is not code.kind:
        url = (constraint.url or "").partition("#")[0]
        return entry.direct is not None and url == entry.direct.partition("#")[0]
    same = (named.url, named.subdirectory, named.vcs) == (code.url, code.subdirectory, code.vcs)
    return same and (not is_full_id(named.revision) or named.revision == code.revision)


def check_lock_is_whole(decision: Decision, wheels: Sequence[WheelUnderReview]) -> None:
    """Hold what the wheels themselves require against the lock, as far as there are wheels. Raises `Refused`
    (`lock-differs`)."""
    inputs, installed = decision.inputs, decision.installed
    if inputs.settings.no_deps:
        return
    chosen: dict[str, Chosen] = {}
    for wheel in wheels:
        try:
            metadata = metadata_in(wheel.content)
        except MetadataError:
            continue  # wrong-identity says so
        chosen[wheel.pin.name] = Chosen(wheel.pin.version, metadata)
    for entry in inputs.locks:
        pin, there = decision.resolution.pins[entry.name], installed.get(entry.name)
        if entry.name not in chosen and pin.candidate is not None and not pin.candidate.is_wheel:
            # `download` saves an archive as it is: what its wheel requires is known only once it is built.
            chosen[entry.name] = Chosen(pin.version, None)
        elif entry.name not in chosen and there is not None:
            try:
                chosen[entry.name] = Chosen(there.version, installed.metadata(there))
            except Unavailable:
                chosen[entry.name] = Chosen(there.version, None)
    roots = [Root(entry.name, frozenset(), SpecifierSet()) for entry in inputs.locks]
    graph = walk(roots, chosen.get, inputs.target.markers)
    check_edges(inputs.locks, {name: frozenset(edges) for name, edges in graph.edges.items()}, graph.problems)
