"""What was chosen, by the metadata of what can be chosen and of what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement as MetadataRequirement
    from packaging.version import Version

    from safepip.model.candidate import Candidate
    from safepip.model.exemption import Allowed
    from safepip.model.origin import Origin
    from safepip.model.route import Route
    from safepip.model.source import BuiltFrom


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
    a project folder (`direct_url.json` says so, or an `.egg-link`). `found_in` is the entry of the target's path by
    which it was found: of one behind an `.egg-link` the folder with that link.
    """

    name: str
    version: Version
    metadata_path: str
    in_user_site: bool = False
    other: bool = False
    editable: bool = False
    found_in: str = ""


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
