"""What can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, overload

from safepip.model.page import ProjectFile, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packaging.version import Version

    from safepip.model.source import SourceCode

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
