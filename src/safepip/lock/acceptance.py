"""Installing from a lock: what it names, compared with what routing and the index say today.

Nothing is searched for. A lock's entry is installed when

1. the index that owns its name today is the one that the lock names, by routing's own rules;
2. that index still lists the file, under the same name, with the same strong digest and the same size;
3. the file is not yanked and its project not quarantined;
4. what the wheel, the one that is built of an archive too, requires in this environment is in the lock, in a version
   that fits (`check_edges`), and is what the lock says that it requires.

Otherwise the run is refused with every entry that fails. The URL in a lock is not used: the index says where its files
are, and routing says who may serve them. With `--offline` an index on a network is not asked, so 2 and 3 are what they
were when the lock was made, and the file comes from the store: bytes with the locked digest that this very index, or a
mirror of it, has delivered under the locked name (`safepip.edges.disk.deliveries`). No path in an entry of an index is
followed. What a lock takes from no index (an archive, a repository, a folder) it names as a requirement would, and the
same rules hold for it; its bytes, or its commit and the files of that, are those that the lock has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.pylock import PackageArchive, PackageSdist, PackageWheel, PylockSelectError
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_sdist_filename

from safepip.lock.pylock import archive_name
from safepip.lock.sources import code_in_lock, tree_in_lock
from safepip.model.candidate import SOURCE_RANK, Candidate
from safepip.model.digest import STRONG, WEAK, Checksum, Digest, checksum, stated, strong
from safepip.model.errors import Refused, UnusableInput
from safepip.model.finding import Diagnostic, printable
from safepip.model.index import IndexUrl
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile, Status
from safepip.model.resolution import Pin
from safepip.model.route import Route, RoutingRule
from safepip.model.urls import UrlError
from safepip.model.wheel_names import read_wheel_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.pylock import Package, PackageDirectory, PackageVcs, Pylock
    from packaging.version import Version

    from safepip.model.digest import AnyDigest
    from safepip.model.plan import Selection, Target
    from safepip.model.resolution import InstalledDistribution
    from safepip.model.source import SourceCode
    from safepip.requirements.lock_requests import LockRequest
    from safepip.resolution.catalog import RoutedCandidates

    #: What a lock may take a project from.
    _Selected = PackageArchive | PackageDirectory | PackageSdist | PackageVcs | PackageWheel


class LockEntry(NamedTuple):
    """One project that a lock selects for a target. `index_url` is that of the index which the lock names, if it
    names one.

    `version` is None where the lock has none, which only what it takes from no index may lack. `digests` are the strong
    ones of the file `filename`, `checksums` the others. `direct` is the URL or path of what the lock takes from no
    index; `code` is set for that where it is source code, and `tree` is the digest of all files of a checkout. `edges`
    are the projects that the lock says it depends on, None where it says nothing.
    """

    name: str
    version: Version | None
    filename: str
    digests: tuple[Digest, ...]
    origin: Origin
    index_url: str | None = None
    size: int | None = None
    url: str | None = None
    direct: str | None = None
    edges: frozenset[str] | None = None
    checksums: tuple[Checksum, ...] = ()
    code: SourceCode | None = None
    tree: Digest | None = None

    @property
    def proofs(self) -> tuple[Digest, ...]:
        """What says which bytes are locked: the digests of the file, or that of the tree."""
        return self.digests if self.tree is None else (self.tree,)

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"


def joined(one: LockEntry, other: LockEntry) -> LockEntry | None:
    """What two locks say of a project, as one entry: what only one of them says of its file holds, too. None where they
    contradict each other. The URL of a file of an index counts for nothing."""
    if (one[:4], one.code) != (other[:4], other.code):
        return None
    for field in ("size", "direct", "tree"):
        if None not in (mine := getattr(one, field), theirs := getattr(other, field)) and mine != theirs:
            return None
    if one.index_url and other.index_url and _index_url(one) != _index_url(other):
        return None
    checksums = dict.fromkeys((*one.checksums, *other.checksums))
    if len({checksum.algorithm for checksum in checksums}) < len(checksums):
        return None
    # Which of a project's extras are in force may differ, so each lock may know of other dependencies.
    known = [entry.edges for entry in (one, other) if entry.edges is not None]
    return one._replace(
        index_url=one.index_url or other.index_url,
        size=one.size if one.size is not None else other.size,
        direct=one.direct or other.direct,
        tree=one.tree or other.tree,
        edges=frozenset[str]().union(*known) if known else None,
        checksums=tuple(checksums),
    )


def _index_url(entry: LockEntry) -> IndexUrl | str | None:
    """The index that an entry names, the same for every spelling of its URL."""
    try:
        return IndexUrl.parse(entry.index_url or "")
    except UrlError:
        return entry.index_url


def select(lock: Pylock, request: LockRequest, target: Target, selection: Selection) -> list[LockEntry]:
    """What the lock selects for the target. Raises `UnusableInput` and `Refused`.

    The rules are PEP 751's, as `packaging.pylock` has them. As in pip, `--no-binary` takes the source archive where
    there is one. Extras and groups that the lock does not have are an error.
    """
    _check_selectors(lock, request)
    _check_whole(lock, request)
    groups = {*request.groups, *((lock.default_groups or ()) if request.default_groups else ())}
    environment = dict(target.markers)
    try:
        chosen = list(
            lock.select(
                environment=environment,  # type: ignore[arg-type]  # a TypedDict of just these keys
                tags=[Tag(*tag.split("-")) for tag in target.tags],
                extras=sorted(request.extras),
                dependency_groups=sorted(groups),
                prefer_sdist_predicate=selection.leaves_out_wheels,
            )
        )
    except PylockSelectError as problem:
        raise Refused.because(
            "lock-does-not-fit",
            f"{printable(request.name)} was not made for this environment: {printable(str(problem))}",
            context=(f"{target.python}: Python {target.version} on {target.markers.get('sys_platform', '')}",),
            hint="make a lock for it: safepip lock -r FILE, or one for several: safepip lock -r FILE --universal",
            origins=(request.origin,),
        ) from None
    except (UndefinedComparison, UndefinedEnvironmentName) as problem:
        raise UnusableInput.because(
            "invalid-lock",
            f"{printable(request.name)} has a marker that cannot be evaluated: {printable(str(problem))}",
            hint="move it away, and make a new one: safepip lock -r FILE",
            origins=(request.origin,),
        ) from None
    return [_entry(package, file, Origin(Source.FILE, request.name)) for package, file in chosen]


def _check_selectors(lock: Pylock, request: LockRequest) -> None:
    known = {
        "extra": (request.extras, {normalise(extra) for extra in lock.extras or ()}),
        "group": (request.groups, {normalise(group) for group in lock.dependency_groups or ()}),
    }
    for kind, (wanted, there) in known.items():
        for name in sorted(wanted - there):
            raise UnusableInput.because(
                "invalid-lock",
                f"{printable(request.name)} has no {kind} {printable(name)}",
                hint=f"it has: {', '.join(sorted(there)) or 'none'}",
                origins=(request.origin,),
            )


def _check_whole(lock: Pylock, request: LockRequest) -> None:
    """A dependency names a package of the same lock."""
    there = {package.name for package in lock.packages}
    for package in lock.packages:
        for edge in package.dependencies or ():
            if normalise(str(edge.get("name", ""))) not in there:
                raise UnusableInput.because(
                    "invalid-lock",
                    f"{printable(request.name)} is incomplete: {package.name} depends on a project that is not in it",
                    context=(printable(str(dict(edge))),),
                    hint="move it away, and make a new one: safepip lock -r FILE",
                    origins=(request.origin,),
                )


def _entry(package: Package, file: _Selected, origin: Origin) -> LockEntry:
    """A selected package as an entry. Raises `UnusableInput`."""
    edges = (
        None
        if package.dependencies is None
        else frozenset(normalise(str(edge["name"])) for edge in package.dependencies if "name" in edge)
    )
    if isinstance(file, PackageWheel | PackageSdist):
        if isinstance(file, PackageWheel):
            _, version, _, _ = read_wheel_name(file.filename)
        else:
            _, version = parse_sdist_filename(file.filename)
        return LockEntry(
            package.name, version, file.filename, _digests(given := stated(file.hashes)), origin,
            package.index, file.size, file.url, None, edges, _checksums(given),
        )  # fmt: skip
    if isinstance(file, PackageArchive) and archive_name(file).endswith(".whl"):
        if file.subdirectory:
            what = f"{package.name} is taken from a folder in a wheel, and a wheel is installed as a whole"
            raise UnusableInput.because("invalid-lock", what, origins=(origin,))
        return _direct_entry(package.name, file, origin, edges)
    given = stated(file.hashes, file.url) if isinstance(file, PackageArchive) else []
    tree = tree_in_lock(package, origin) if package.vcs is not None else None
    return LockEntry(
        package.name, package.version, "", _digests(given), origin, None, getattr(file, "size", None), None,
        file.path or getattr(file, "url", None), edges, _checksums(given),
        code_in_lock(file, package.name, origin), tree,
    )  # fmt: skip


def _direct_entry(name: str, archive: PackageArchive, origin: Origin, edges: frozenset[str] | None) -> LockEntry:
    """The entry of a wheel that the lock names by path or URL. Raises `UnusableInput` where it is not the project's."""
    filename = archive_name(archive)
    try:
        project, version, _, _ = read_wheel_name(filename)
    except InvalidWheelFilename as problem:
        what = f"{name} is taken from a file that is not a wheel: {printable(str(problem))}"
        raise UnusableInput.because("invalid-lock", what, origins=(origin,)) from None
    if project != name:
        what = f"{name} is taken from a wheel of {project}: {printable(filename)}"
        raise UnusableInput.because("invalid-lock", what, origins=(origin,))
    return LockEntry(
        name, version, filename, _digests(given := stated(archive.hashes, archive.url)), origin,
        None, archive.size, None, archive.path or archive.url, edges, _checksums(given),
    )  # fmt: skip


def _digests(given: Iterable[tuple[str, str]]) -> tuple[Digest, ...]:
    return tuple(strong(algorithm, value) for algorithm, value in given if algorithm in STRONG)


def _checksums(given: Iterable[tuple[str, str]]) -> tuple[Checksum, ...]:
    return tuple(checksum(algorithm, value) for algorithm, value in given if algorithm in WEAK)


def pin_from_candidates(
    entry: LockEntry, routed: RoutedCandidates, replaces: InstalledDistribution | None
) -> Pin | Diagnostic:
    """The entry's file as the index lists it today, or what of rules 1 to 3 does not hold."""
    differs = _index_differs(entry, routed.route)
    if differs is not None:
        return differs
    if routed.available.status is Status.QUARANTINED:
        return _refusal("quarantined", entry, "its index has put the project in quarantine", ())
    available = routed.available
    of_kind = available.candidates if entry.filename.endswith(".whl") else available.sources
    named = [c for c in of_kind if c.file.filename == entry.filename]
    if not named:
        return _refusal("lock-differs", entry, "its index no longer lists the locked file for this environment", ())
    locked: list[AnyDigest] = [*entry.digests, *entry.checksums]
    # A page may list one name with several digests: the lock says which of them is meant.
    candidate = next((c for c in named if not _wrong(locked, c.file)), named[0])
    file = candidate.file
    if _wrong(locked, file):
        listed = tuple(f"listed  {algorithm}:{value}" for algorithm, value in dict(file.stated).items())
        evidence = (*(f"locked  {digest}" for digest in locked), *listed)
        return _refusal("lock-differs", entry, "its index lists the locked file with a different digest", evidence)
    if entry.size is not None and file.size is not None and entry.size != file.size:
        evidence = (f"locked  {entry.size} bytes", f"listed  {file.size} bytes")
        return _refusal("lock-differs", entry, "its index lists the locked file with a different size", evidence)
    if file.yanked is not None:
        reason = printable(file.yanked) or "none given"
        return _refusal("yanked", entry, "the locked file has been yanked since", (f"reason: {reason}",))
    return _pin(entry, candidate, routed.route, replaces)


def _wrong(locked: Iterable[AnyDigest], file: ProjectFile) -> list[AnyDigest]:
    """The locked digests that those of a listed file contradict."""
    offered = dict(file.stated)
    return [digest for digest in locked if offered.get(digest.algorithm, digest.hex) != digest.hex]


def pin_unasked(entry: LockEntry, route: Route, replaces: InstalledDistribution | None) -> Pin | Diagnostic:
    """With `--offline`: the file as the lock has it, where a rule that asks no index gives the lock's index today as
    well."""
    differs = _index_differs(entry, route)
    if differs is not None:
        return differs
    # The URL is for a report; nothing is fetched from it.
    url = entry.url if entry.url is not None and entry.url.lower().startswith(("https:", "http:")) else ""
    file = ProjectFile(entry.filename, url, entry.digests, size=entry.size, checksums=entry.checksums)
    assert entry.version is not None, "a file of an index has its version in its name"
    rank = 0 if entry.filename.endswith(".whl") else SOURCE_RANK
    return _pin(entry, Candidate(entry.name, entry.version, file, rank), route, replaces)


def pin_direct(
    entry: LockEntry, candidate: Candidate, url: str, replaces: InstalledDistribution | None
) -> Pin | Diagnostic:
    """What the lock takes from no index, or why it is not what was locked."""
    if candidate.name != entry.name:
        return _refusal("lock-differs", entry, f"what is there is {candidate.name}", (printable(url),))
    if entry.version not in (None, candidate.version):
        return _refusal("lock-differs", entry, f"what is there is version {candidate.version}", (printable(url),))
    return _pin(entry, candidate, Route(entry.name, RoutingRule.DIRECT, None), replaces)._replace(direct_url=url)


def _pin(entry: LockEntry, candidate: Candidate, route: Route, replaces: InstalledDistribution | None) -> Pin:
    # pip marks everything that a lock names as requested.
    return Pin(
        entry.name,
        candidate.version,
        route,
        candidate=candidate,
        replaces=replaces,
        requested=True,
        requires=tuple(sorted(entry.edges or ())),
        required_by=(entry.origin,),
    )


def _index_differs(entry: LockEntry, route: Route) -> Diagnostic | None:
    """Rule 1. A lock that names no index (as those by pip) leaves the choice to routing."""
    if entry.index_url is None or route.index is None:
        return None
    if _index_url(entry) == route.index.url:
        return None
    evidence = (f"locked  {printable(entry.index_url)}", f"today   {route.index.url}  ({route.rule.value})")
    return _refusal("lock-differs", entry, "another index owns the name today", evidence)


def _refusal(reference: str, entry: LockEntry, what: str, evidence: Iterable[str]) -> Diagnostic:
    return Diagnostic(
        reference,
        f"{entry} is locked, and {what}",
        context=(*filter(None, (printable(entry.filename),)), *evidence),
        hint="look at what changed, then make a new lock: safepip lock -r FILE",
        origins=(entry.origin,),
        subject=entry.name,
    )


def check_edges(entries: Sequence[LockEntry], required: Mapping[str, frozenset[str]], problems: Iterable[str]) -> None:
    """Rule 4. `required` are the projects that each wheel requires here by its own METADATA; `problems` are what a walk
    over these found to be missing or not to fit. Raises `Refused` (`lock-differs`)."""
    found = [
        Diagnostic(
            "lock-differs",
            f"the lock is incomplete: {printable(problem)}",
            hint="make a new lock: safepip lock -r FILE",
            origins=tuple(entry.origin for entry in entries[:1]),
        )
        for problem in problems
    ]
    for entry in entries:
        if entry.edges is None:
            continue
        missing = sorted(required.get(entry.name, frozenset()) - entry.edges)
        if missing:
            evidence = tuple(f"not in the lock as a dependency: {name}" for name in missing)
            found.append(_refusal("lock-differs", entry, "its wheel has other dependencies than the lock", evidence))
    if found:
        raise Refused(*found)
