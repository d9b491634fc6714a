"""The nodes of the search: requirements and candidates as resolvelib sees them.

The shapes follow pip's, so that the search visits the same nodes in the same order and ends with the same versions:

- `name[x]` is a node of its own, whose candidates depend on the candidate of `name` that they extend;
- the target's Python is a node with a single candidate, which `Requires-Python` values require;
- a wheel named by URL is required as that very candidate.

Nodes are compared by identity; the provider keeps one object for each thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safepip.index.finder import is_pinned
from safepip.model.digest import ANY_BYTES

if TYPE_CHECKING:
    from packaging.version import Version

    from safepip.model.candidate import Candidate
    from safepip.model.digest import RequiredDigests
    from safepip.model.errors import Refused
    from safepip.model.origin import Origin
    from safepip.model.resolution import CoreMetadata, InstalledDistribution
    from safepip.model.route import Route

ANY_VERSION = SpecifierSet()

#: The identifier of the target's Python. It has a space, so no project can have it.
PYTHON = "the target's Python"


def identifier(project: str, extras: frozenset[str]) -> str:
    """`name` or `name[a,b]`: how a node is called."""
    return f"{project}[{','.join(sorted(extras))}]" if extras else project


class ResolverCandidate:
    """A candidate for an identifier. `metadata` is filled when dependencies are asked for."""

    __slots__ = ("metadata", "name", "project", "version")

    def __init__(self, project: str, version: Version, extras: frozenset[str] = frozenset()) -> None:
        self.project = project
        self.name = identifier(project, extras)
        self.version = version
        self.metadata: CoreMetadata | None = None

    def __repr__(self) -> str:
        return f"{self.name} {self.version}"


class FileCandidate(ResolverCandidate):
    """A wheel. `direct_url` is set where the user named it by URL or path."""

    __slots__ = ("candidate", "direct_url", "route")

    def __init__(self, candidate: Candidate, route: Route, direct_url: str | None = None) -> None:
        super().__init__(candidate.name, candidate.version)
        self.candidate = candidate
        self.route = route
        self.direct_url = direct_url

    @property
    def named_url(self) -> str | None:
        """The URL by which the user named it, with revision and folder; None where an index offers it."""
        source = self.candidate.source
        return self.direct_url if source is None else source.written()


class InstalledCandidate(ResolverCandidate):
    """The distribution that the target has already."""

    __slots__ = ("distribution",)

    def __init__(self, distribution: InstalledDistribution) -> None:
        super().__init__(distribution.name, distribution.version)
        self.distribution = distribution


class ExtrasCandidate(ResolverCandidate):
    """`name[extras]` on top of a candidate of `name`."""

    __slots__ = ("base", "extras")

    def __init__(self, base: ResolverCandidate, extras: frozenset[str]) -> None:
        super().__init__(base.project, base.version, extras)
        self.base = base
        self.extras = extras


class PythonCandidate(ResolverCandidate):
    """The target's Python."""

    __slots__ = ()

    def __init__(self, version: Version) -> None:
        super().__init__(PYTHON, version)


class RefusedCandidate(ResolverCandidate):
    """Stands for a project that was refused, so that the search goes on and finds all other refusals.

    It satisfies every requirement and has none. No result that contains one ever leaves the resolution. `refusal` is
    what is then raised, where it only counts if this candidate is chosen.
    """

    __slots__ = ("refusal",)

    def __init__(self, project: str, version: Version, extras: frozenset[str] = frozenset()) -> None:
        super().__init__(project, version, extras)
        self.refusal: Refused | None = None


class ResolverRequirement:
    """A requirement on an identifier, by the user or a distribution (`origin`)."""

    __slots__ = ("bounded", "extras", "free", "hashes", "name", "origin", "pinned", "project", "specifier", "text")

    def __init__(
        self,
        project: str,
        specifier: SpecifierSet,
        origin: Origin,
        *,
        extras: frozenset[str] = frozenset(),
        hashes: RequiredDigests = ANY_BYTES,
        text: str = "",
    ) -> None:
        self.project = project
        self.extras = extras
        self.name = identifier(project, extras)
        self.specifier = specifier
        self.origin = origin
        self.hashes = hashes
        self.text = text or f"{self.name}{specifier}"
        operators = [(s.operator, s.version) for s in specifier]
        self.free = not operators
        self.pinned = bool(operators) and is_pinned(specifier)
        self.bounded = any(op in {"<", "<=", "~="} or (op == "==" and "*" in ver) for op, ver in operators)

    def admits(self, choice: ResolverCandidate) -> bool:
        """Pre-releases count as any version here: whether they may be candidates was decided before."""
        return self.specifier.contains(choice.version, prereleases=True)

    def __repr__(self) -> str:
        return self.text


class ExactRequirement(ResolverRequirement):
    """A requirement of one very candidate: a wheel by URL, or the base of a candidate with extras."""

    __slots__ = ("choice",)

    def __init__(self, choice: ResolverCandidate, any_version: SpecifierSet, origin: Origin, text: str = "") -> None:
        extras = choice.extras if isinstance(choice, ExtrasCandidate) else frozenset()
        super().__init__(choice.project, any_version, origin, extras=extras, text=text or repr(choice))
        self.choice = choice

    def admits(self, choice: ResolverCandidate) -> bool:
        return choice is self.choice


class PythonRequirement(ResolverRequirement):
    """A `Requires-Python` value."""

    __slots__ = ()

    def __init__(self, specifier: SpecifierSet, origin: Origin) -> None:
        super().__init__(PYTHON, specifier, origin, text=f"Python {specifier}")


class ImpossibleRequirement(ResolverRequirement):
    """Given to a candidate whose own metadata cannot be used, so that the search passes it over. `text` says why.

    It has an identifier of its own, which no project can have: a requirement on the project itself would make the
    search find the candidate in conflict with itself.
    """

    __slots__ = ()

    def __init__(self, choice: ResolverCandidate, origin: Origin, text: str) -> None:
        super().__init__(f"usable metadata of {choice}", ANY_VERSION, origin, text=text)

    def admits(self, choice: ResolverCandidate) -> bool:
        return False
