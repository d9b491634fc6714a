"""What the search asks of the world, as a protocol: the real catalogue is at the edge, the tests' is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from safepip.model.errors import ResolutionImpossible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.specifiers import SpecifierSet

    from safepip.model.candidate import Candidate, ProjectCandidates
    from safepip.model.index import Index
    from safepip.model.origin import Origin
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata, InstalledDistribution
    from safepip.model.route import Route


class UnsupportedWheel(ResolutionImpossible):
    """A wheel that is named by URL or path cannot be installed by the target, by its name."""


class RoutedCandidates(NamedTuple):
    """What the index that owns a name offers. `available` is empty where the index does not have the project.

    `asked` are the sources that were asked, for the message that no source has the project. `absent` says that none
    has: an index that has a page without a usable file does have the project.
    """

    route: Route
    available: ProjectCandidates
    asked: tuple[Index, ...] = ()
    absent: bool = False


#: A project that will be asked for, with the versions and the extras that are required.
Hint: TypeAlias = "tuple[str, SpecifierSet, frozenset[str]]"


class Catalog(Protocol):
    """Pages and metadata, by the routes of the run. Answers are remembered.

    `candidates_for` and `metadata` block until the answer is there, which may be a round trip; `expect_*` only say what
    will probably be asked for next, cost next to nothing, and raise nothing.
    """

    def candidates_for(self, name: str, required_by: Iterable[Origin]) -> RoutedCandidates:
        """The project's candidates. Raises `Refused` where no rule gives the name to an index, or a rule forbids it,
        and `Unavailable` where an index that must answer does not. A failure never becomes an answer without
        candidates."""

    def metadata(self, candidate: Candidate) -> CoreMetadata:
        """The wheel's core metadata. Raises `MetadataError` of `safepip.wheel.metadata` where it cannot be used."""

    def direct(self, requirement: Requirement | Constraint) -> Candidate:
        """The wheel that a requirement names by URL or path, fetched. Raises `UnsupportedWheel`, `Refused`,
        `Unavailable`."""

    def ask_again(self, names: Iterable[str]) -> bool:
        """Ask again for the pages of these projects that are from an earlier run and were not asked for in this one;
        whether any of them has changed. Raises nothing: a page that cannot be fetched counts as unchanged."""

    def expect_candidates(self, hints: Iterable[Hint]) -> None:
        """These projects will be asked for soon."""

    def expect_metadata(self, candidate: Candidate) -> None:
        """This wheel's metadata will be asked for soon."""


class Installed(Protocol):
    """The distributions of the target environment."""

    def get(self, name: str) -> InstalledDistribution | None:
        """By normalised name; of several with one name the first on `sys.path`, which is the one imported."""

    def metadata(self, distribution: InstalledDistribution) -> CoreMetadata:
        """Its core metadata, read from disk when first asked for."""
