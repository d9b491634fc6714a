"""What can be chosen and what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload

from safepip.model.page import ProjectFile, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging.requirements import Requirement as MetadataRequirement
    from packaging.version import Version

    from safepip.model.exemption import Allowed
    from safepip.model.origin import Origin
    from safepip.model.route import Route
    from safepip.model.source import BuiltFrom, SourceCode


#: The `tag_rank` of source archives: of one version every wheel that fits comes before them, as for pip.
SOURCE_RANK = 1 << 30


class AgeStatement(NamedTuple):
    """What one source says of a file's age: the fields of a `Candidate` and its `ProjectFile`, and whether it dates any
    file of the project."""

    uploaded: float | None
    released: float | None
    for_new_python: bool
    dated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A wheel that the target could install, or source code of which one can be built. Compared by identity: one object
    a file and run.

    `tag_rank` is the position of its best tag in the target's list, 0 the best. `build` is the build tag as packaging
    parses it, `()` where there is none. `released` is the upload time of the first file of its release, None where none
    is dated; `for_new_python` marks a late file that is the honest case: a wheel for a newer Python. What a release is:
    `safepip.vetting.releases`. `age_statements` are what each source says of a file that several sources list
    (`same_files`). `source` is set for source code that the user named directly; a source archive of an index has none.
    """

    name: str
    version: Version
    file: ProjectFile
    tag_rank: int
    build: tuple[int, str] | tuple[()] = ()
    released: float | None = None
    for_new_python: bool = False
    age_statements: tuple[AgeStatement, ...] = ()
    source: SourceCode | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it can be installed as it is; else a wheel has to be built of it."""
        return self.source is None and self.file.filename.endswith(".whl")

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class SourceArchives(Sequence[Candidate]):
    """Source archives, best first, that are made when they are first looked at: most runs need none of them.

    `make` gives them. Threads that look at the same time get the same objects.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Iterable[Candidate]]) -> None:
        self._make = make
        self._made: dict[None, tuple[Candidate, ...]] = {}

    def _all(self) -> tuple[Candidate, ...]:
        made = self._made.get(None)
        # Of several threads the first to finish decides: a candidate is equal to itself alone.
        return self._made.setdefault(None, tuple(self._make())) if made is None else made

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._all())

    @overload
    def __getitem__(self, position: int) -> Candidate: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Candidate]: ...

    def __getitem__(self, position: int | slice) -> Candidate | Sequence[Candidate]:
        return self._all()[position]


class RejectedVersion(NamedTuple):
    """A version of which no wheel fits the target at all, and why. `reason` is one of
    `sdist-only`, `platform`, `python` (its wheels are for this platform and other Pythons), `requires-python`; `detail`
    the tags or the specifier.
    `upload_time` is that of its release's first file, whatever its kind, seconds since the epoch. `has_archive` says
    that it has a source archive whose Requires-Python admits the target's Python."""

    version: Version
    reason: str
    detail: str = ""
    yanked: bool = False
    upload_time: float | None = None
    has_archive: bool = False


class ProjectCandidates(NamedTuple):
    """A project's page reduced to what one target could ever install from it, best first.

    `candidates` are wheels, sorted so that the first is the one that pip would prefer: by version, then tag, then build
    tag. A run's options and specifiers are not applied yet. `rejected` are the versions without a wheel among them,
    newest first. This, not the page, is what is cached parsed. `sources` are the source archives, best first; what is
    not a tuple makes them when it is looked at.
    """

    name: str
    candidates: tuple[Candidate, ...]
    rejected: tuple[RejectedVersion, ...] = ()
    status: Status = Status.ACTIVE
    status_reason: str = ""
    files: int = 0
    """How many entries the page had, of whatever kind."""
    dropped: int = 0
    """How many entries beside those could not be used."""
    born: float | None = None
    """The upload time of the project's first file, whatever its kind and target, seconds since the epoch; None where
    the page dates nothing."""
    contents: str = ""
    """A fingerprint of all files of the page (`same_files`); empty where no other page can have the same files."""
    undated: bool = False
    """Whether it comes from several sources, some of which give no upload times."""
    sources: Sequence[Candidate] = ()


class Requirements(Protocol):
    """A sequence of requirements that can leave out those of extras that were not asked for."""

    def __iter__(self) -> Iterator[MetadataRequirement]: ...

    def __len__(self) -> int: ...

    def with_extras(self, extras: frozenset[str]) -> Iterator[MetadataRequirement]:
        """All but those that plainly count only with an extra that is not among `extras`."""


class CoreMetadata(NamedTuple):
    """What resolution reads from a METADATA file (core metadata specification).

    `requires` are the `Requires-Dist` with their markers, in order, parsed when they are looked at.
    `provided_extras` are normalised. `text` is the whole file as it was read, for the report and for the
    comparison with the wheel. `verified` says whether the bytes had a strong digest that matched.
    """

    name: str
    version: Version
    requires_python: str | None
    requires: Requirements
    provided_extras: frozenset[str]
    text: bytes
    verified: bool = False


class InstalledDistribution(NamedTuple):
    """A distribution in the target environment. `metadata_path` is its `.dist-info` or `.egg-info`.

    `other` says that it may not stay as it is, whatever its version: the run asks for the project by digest, and what
    is installed is known to come from other bytes, or may come from other bytes. `editable` says that its code lies in
    a project folder (`direct_url.json` says so, or an `.egg-link`).
    """

    name: str
    version: Version
    metadata_path: str
    in_user_site: bool = False
    other: bool = False
    editable: bool = False


class Pin(NamedTuple):
    """One project of a resolution: the file chosen for it, or the installed distribution kept.

    Exactly one of `candidate` and `installed` is set. `replaces` is the installed distribution that makes way for
    `candidate`. `requires` are names of the other pins that this one depends on. `required_by` are the statements that
    asked for it, nearest first. `allowed` are the objections to its name or age that were overruled; those to the
    wheel's content come later. `built_from` is set where the user named source code, whose wheel is built before it is
    judged.
    """

    name: str
    version: Version
    route: Route
    candidate: Candidate | None = None
    installed: InstalledDistribution | None = None
    replaces: InstalledDistribution | None = None
    metadata: CoreMetadata | None = None
    extras: frozenset[str] = frozenset()
    requested: bool = False
    direct_url: str | None = None
    requires: tuple[str, ...] = ()
    required_by: tuple[Origin, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    built_from: BuiltFrom | None = None


class Resolution(NamedTuple):
    """The outcome of resolving: all pins by normalised name, and notes worth one line each."""

    pins: Mapping[str, Pin]
    notices: tuple[str, ...] = ()
    to_install: tuple[str, ...] = ()
    """Names of the pins that pip has to install, in a stable order; the rest is kept as it is."""
