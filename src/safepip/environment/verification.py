"""An environment checked against the RECORDs of its own distributions (`safepip verify`).

What is checked, and what is reported:

1. Every row of every RECORD: the file is there, is a regular file, and has the row's size and strong digest. A row that
   leads out of the environment is reported, and its file is never opened.
2. A row without a strong digest proves nothing. The specification ("Recording installed projects") allows that for
   RECORD itself, its signatures, and byte code (rule 4).
3. Every file in the folders that are looked at belongs to a distribution, or is known to come from a tool for making
   environments. Files that Python runs at every start are reported as such, a folder without any owner once.
4. Byte code in `__pycache__` follows from an owned source, with which Python itself compares it by time and size. Where
   its header says that it is loaded unchecked, it must have a digest of its own.
5. Two distributions do not have one file.
6. A distribution that cannot be checked is reported, never skipped: one without RECORD, or with one that cannot be
   read. The names that it claims at the top level of its folder count as its own there, except start-up hooks. An
   editable one (PEP 660) is checked like any other, and its code, which lies in a folder of the user's, is not.

All paths are absolute, with `/`, and free of symbolic links but for their last part. No file is read here.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from safepip.environment.files import is_makers_own, known_digests
from safepip.wheel.byte_code import is_cached, is_never_checked, possible_sources
from safepip.wheel.record import RecordError, parse_record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

#: The algorithms that prove something (PEP 376's successor: "sha256 or better").
STRONG = frozenset({"sha256", "sha384", "sha512"})


class EnvironmentFolders(NamedTuple):
    """An environment: the interpreter that belongs to it, and its folders.

    `sites` are those in which Python looks for distributions. `scripts` is the folder of commands where it belongs to
    this environment alone, else empty. `roots` are the folders in which a distribution may have files. `unseen`
    are folders that the interpreter also imports from and that belong to another environment.
    """

    python: str
    version: str
    prefix: str
    virtualenv: bool
    sites: tuple[str, ...]
    scripts: str
    roots: tuple[str, ...]
    unseen: tuple[str, ...] = ()


class Distribution(NamedTuple):
    """One installed distribution, as its metadata folder or file `info` names it.

    `record` is RECORD's content; where there is none that could be read, `obstacle` says why. `editable` is
    where its code lies if that is elsewhere. `tops` are the names that it says it has at the top level of its folder.
    """

    name: str
    version: str
    info: str
    record: bytes | None = None
    obstacle: str = ""
    editable: str = ""
    tops: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder that the metadata lies in."""
        return self.info.rpartition("/")[0]


class EnvironmentListing(NamedTuple):
    """What lies in an environment's folders: all distributions, and all files, links and special files by path.

    `unread` are folders that could not be listed, each with the reason.
    """

    distributions: tuple[Distribution, ...]
    files: Collection[str]
    unread: Mapping[str, str]


class State(enum.Enum):
    """What is at a path."""

    FILE = "a file"
    MISSING = "missing"
    LINK = "a link"
    OTHER = "not a regular file"
    UNREADABLE = "unreadable"


class FoundFile(NamedTuple):
    """What was found at a path. `size` and `digest` are those of a file; `about` is a link's target or the reason."""

    state: State
    size: int = 0
    digest: bytes = b""
    about: str = ""


class Kind(enum.Enum):
    """What a finding is about. The value names it for programs; the order is that of the report."""

    SHIM = "shim"
    HOOK = "unowned-hook"
    DIFFERS = "differs"
    MISSING = "missing"
    OUTSIDE = "outside"
    BYTE_CODE = "unchecked-byte-code"
    SHARED = "shared"
    UNOWNED = "unowned"
    UNREADABLE = "unreadable"
    UNPROVEN = "no-digest"
    UNCHECKED = "not-checkable"
    ABSENT = "not-installed"


class Finding(NamedTuple):
    """One thing that is not as it should be. `path` may be empty; one that ends with `/` is a whole folder.

    `distribution` is `name version`, or empty. `detail` is a short phrase.
    """

    kind: Kind
    path: str = ""
    distribution: str = ""
    detail: str = ""


class EnvironmentVerdict(NamedTuple):
    """The outcome. `distributions` and `files` are how many were checked, `editable` those with code elsewhere."""

    findings: tuple[Finding, ...]
    distributions: int
    files: int
    editable: tuple[Distribution, ...] = ()


class Readers(NamedTuple):
    """How files and paths are read: functions that an edge provides.

    `resolve` makes a row's path, of a distribution in a folder, absolute; empty for one that no system has. `read`
    gives what is at each path, hashed by its algorithm, and `headers` the first bytes of regular files.
    """

    resolve: Callable[[str, str], str]
    read: Callable[[Collection[tuple[str, str]]], Mapping[tuple[str, str], FoundFile]]
    headers: Callable[[Collection[str]], Mapping[str, bytes]]


class _Claim(NamedTuple):
    """A row of a RECORD, its path resolved."""

    path: str
    owner: str
    algorithm: str
    digest: bytes | None
    size: int | None


def verify(
    place: EnvironmentFolders, listing: EnvironmentListing, disk: Readers, names: Sequence[str] = ()
) -> EnvironmentVerdict:
    """Check an environment against its RECORDs. `names` are normalised; without any, everything is looked at.

    With names, rows of those distributions are checked, and files without an owner are not reported.
    """
    chosen = [_readable(item) for item in listing.distributions if not names or item.name in names]
    findings = [
        Finding(Kind.ABSENT, detail=f"{name} is not installed here")
        for name in sorted(set(names) - {item.name for item in chosen})
    ]
    claims: list[_Claim] = []
    for distribution in chosen:
        mine, stated = _claims(place, distribution, disk)
        claims += mine
        findings += stated
    check = _Check(place, listing, disk, claims)
    findings += check.rows()
    if not names:
        findings += check.leftovers(chosen)
        findings += [Finding(Kind.UNREADABLE, f"{path}/", detail=why) for path, why in listing.unread.items()]
    order = list(Kind)
    findings.sort(key=lambda item: (order.index(item.kind), item.path, item.distribution, item.detail))
    checked = [item for item in chosen if item.record is not None]
    editable = tuple(item for item in checked if item.editable)
    return EnvironmentVerdict(tuple(findings), len(checked), check.count, editable)


def _readable(distribution: Distribution) -> Distribution:
    """The distribution; a RECORD that is not valid or ambiguous is taken out."""
    try:
        parse_record(distribution.record or b"")
    except RecordError as error:
        return distribution._replace(record=None, obstacle=f"its RECORD cannot be read: {error}")
    return distribution


def _claims(place: EnvironmentFolders, distribution: Distribution, disk: Readers) -> tuple[list[_Claim], list[Finding]]:
    """What a distribution's RECORD lists within the environment, and what is wrong with the list. Rules 1 and 6."""
    owner, info = f"{distribution.name} {distribution.version}", distribution.info
    if distribution.record is None:
        return [], [Finding(Kind.UNCHECKED, info, owner, distribution.obstacle)]
    rows = parse_record(distribution.record)
    findings = []
    claims = [_Claim(f"{info}/RECORD", owner, "", None, None)]
    for row in dict.fromkeys(rows):
        path = disk.resolve(distribution.folder, row.path)
        if not any(path.startswith(f"{root}/") for root in place.roots):
            detail = "its RECORD names a file outside of the environment, which was not checked"
            findings.append(Finding(Kind.OUTSIDE, path or row.path, owner, detail))
        elif path != claims[0].path:
            claims.append(_Claim(path, owner, row.algorithm, row.digest, row.size))
    return claims, findings


class _Check:
    """Compares the claims of the chosen distributions with the disk. `count` is how many files were compared."""

    def __init__(
        self, place: EnvironmentFolders, listing: EnvironmentListing, disk: Readers, claims: list[_Claim]
    ) -> None:
        self._place = place
        self._listing = listing
        self._disk = disk
        self._by_path: dict[str, list[_Claim]] = defaultdict(list)
        for claim in claims:
            self._by_path[claim.path].append(claim)
        self.count = 0

    def rows(self) -> Iterator[Finding]:
        """Rules 1, 2, 4 and 5."""
        derived = {path for path in self._by_path if self._source(path)}
        asked = {(path, algorithm) for path in self._by_path for algorithm in self._algorithms(path)}
        found = self._disk.read(asked)
        headers = self._disk.headers(derived)
        for path, claims in self._by_path.items():
            owners = sorted({claim.owner for claim in claims})
            if len(owners) > 1 and path not in derived:
                yield Finding(Kind.SHARED, path, detail=" and ".join(owners))
            if path in derived:
                if is_never_checked(headers.get(path, b"")) and not self._proven(path, found):
                    yield _never_checked(path, owners[0])
                continue
            self.count += 1
            for claim in claims:
                state = found[path, claim.algorithm if claim.algorithm in STRONG else ""]
                if not (state.state is State.MISSING and self._was_replaced(claim)):
                    yield from _judged(claim, state)

    def _algorithms(self, path: str) -> set[str]:
        return {claim.algorithm if claim.algorithm in STRONG else "" for claim in self._by_path[path]}

    def _source(self, path: str) -> str:
        """The path of the source of this byte code, where the source belongs to a distribution; else empty."""
        if not is_cached(path):
            return ""
        return next((source for source in possible_sources(path) if source in self._by_path), "")

    def _proven(self, path: str, found: Mapping[tuple[str, str], FoundFile]) -> bool:
        """Whether some row's strong digest is that of the file."""
        return any(
            claim.algorithm in STRONG and found[path, claim.algorithm].digest == claim.digest
            for claim in self._by_path[path]
        )

    def _was_replaced(self, claim: _Claim) -> bool:
        """Whether a row is one of those that pip leaves for the scripts of a wheel in whose place it made its own.

        pip keeps the path that such a script had in the wheel: `{name}-{version}.data/scripts/{script}`.
        """
        folder, _, name = claim.path.rpartition("/")
        if not folder.endswith(".data/scripts"):
            return False
        script = name.removesuffix(".exe").removesuffix("-script.py").removesuffix(".pya")
        return any(
            other.owner == claim.owner and other.path != claim.path
            for end in ("", ".exe")
            for other in self._by_path.get(f"{self._place.scripts}/{script}{end}", ())
        )

    def leftovers(self, distributions: Iterable[Distribution]) -> Iterator[Finding]:
        """Rule 3, and rule 4 for byte code in no RECORD."""
        unclaimed = [path for path in self._listing.files if path not in self._by_path]
        vouched = _vouched(distributions)
        derived = {path for path in unclaimed if self._source(path)}
        unowned = {path for path in unclaimed if path not in derived and not self._is_known(path, vouched)}
        headers = self._disk.headers(derived).items()
        yield from (_never_checked(path, "") for path, header in headers if is_never_checked(header))
        accounted = _above((path for path in self._listing.files if path not in unowned), self._by_path)
        accounted.update((*self._place.sites, self._place.scripts, self._place.prefix, ""))
        whole: dict[str, int] = defaultdict(int)
        for path in unowned:
            # The source is reported already; its byte code need not be.
            if not (is_cached(path) and any(source in unowned for source in possible_sources(path))):
                whole[_top(path, accounted)] += 1
        for path, count in whole.items():
            kind = Kind.HOOK if self._is_hook(path) else Kind.UNOWNED
            files = "" if path in unowned else f"{count} file{'s' * (count > 1)}, none belongs to a distribution"
            yield Finding(kind, f"{path}/" if files else path, detail=files)

    def _is_known(self, path: str, vouched: Collection[str]) -> bool:
        """Whether an unclaimed file is expected: the environment's own, or of a distribution that cannot be checked."""
        folder, _, name = path.rpartition("/")
        if folder == self._place.scripts:
            return is_makers_own(name)
        if folder in self._place.sites and known_digests(name):
            found = self._disk.read([(path, "sha256")])[path, "sha256"]
            return found.state is State.FILE and found.digest.hex() in known_digests(name)
        if self._is_hook(path):
            return False
        return any(top in vouched for top in _tops(path, self._place.sites))

    def _is_hook(self, path: str) -> bool:
        """Whether Python runs this file, or something in this folder, whenever it starts.

        The documentation of `site`: `.pth` files at the top of a site folder, the modules `sitecustomize` and
        `usercustomize`; PEP 829: `.start` files.
        """
        folder, _, name = path.lower().rpartition("/")
        if folder not in {*map(str.lower, self._place.sites), self._place.prefix.lower()}:
            return False
        return name.endswith((".pth", ".start")) or name.partition(".")[0] in ("sitecustomize", "usercustomize")


def _judged(claim: _Claim, found: FoundFile) -> Iterator[Finding]:
    """One row against what was found at its path."""
    path, owner = claim.path, claim.owner
    if found.state is State.MISSING:
        yield Finding(Kind.MISSING, path, owner)
    elif found.state is State.UNREADABLE:
        yield Finding(Kind.UNREADABLE, path, owner, found.about)
    elif found.state is State.LINK:
        yield Finding(Kind.DIFFERS, path, owner, f"is a link to {found.about}")
    elif found.state is State.OTHER:
        yield Finding(Kind.DIFFERS, path, owner, "is not a regular file")
    elif claim.size is not None and claim.size != found.size:
        yield Finding(Kind.DIFFERS, path, owner, f"has {found.size} bytes, RECORD says {claim.size}")
    elif claim.algorithm in STRONG and claim.digest != found.digest:
        yield Finding(Kind.DIFFERS, path, owner, f"has a different {claim.algorithm} than RECORD says")
    elif claim.algorithm not in STRONG and not _needs_no_digest(path):
        stated = f"only by {claim.algorithm}" if claim.algorithm else "without a digest"
        yield Finding(Kind.UNPROVEN, path, owner, f"is in RECORD {stated}")


def _needs_no_digest(path: str) -> bool:
    """Rule 2: RECORD cannot have a digest of itself, and its signatures are made after it."""
    folder, _, name = path.rpartition("/")
    return folder.endswith(".dist-info") and name in ("RECORD", "RECORD.jws", "RECORD.p7s")


def _never_checked(path: str, owner: str) -> Finding:
    return Finding(Kind.BYTE_CODE, path, owner, "Python loads it without a look at its source")


def _vouched(distributions: Iterable[Distribution]) -> set[str]:
    """Paths, cut off where a module's name ends, that belong to distributions that cannot be checked."""
    paths: set[str] = set()
    for item in distributions:
        if item.record is None:
            paths.update((item.info, *(f"{item.folder}/{top}" for top in item.tops)))
    return paths


def _tops(path: str, sites: Iterable[str]) -> Iterator[str]:
    """The names by which a distribution may claim a path: its top entry in a site folder, and the module of that."""
    for site in sites:
        if path.startswith(f"{site}/"):
            top, _, rest = path[len(site) + 1 :].partition("/")
            yield f"{site}/{top}"
            if not rest:
                yield f"{site}/{top.partition('.')[0]}"
            elif top == "__pycache__":
                yield f"{site}/{rest.partition('.')[0]}"


def _above(paths: Iterable[str], more: Iterable[str]) -> set[str]:
    """Every folder above these paths."""
    folders: set[str] = set()
    for group in (paths, more):
        for path in group:
            folder = path.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
    return folders


def _top(path: str, accounted: Collection[str]) -> str:
    """The highest folder above a path in which nothing belongs to a distribution, or the path itself."""
    folder = path.rpartition("/")[0]
    while folder not in accounted:
        path, folder = folder, folder.rpartition("/")[0]
    return path
