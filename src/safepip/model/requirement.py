"""What the user asks for: requirements and constraints, each with the place where it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.digest import all_of, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

    from safepip.model.digest import AnyDigest, Digest, RequiredDigests
    from safepip.model.origin import Origin
    from safepip.model.source import SourceCode


class Requirement(NamedTuple):
    """A project by name, PEP 508, or a wheel or source code by URL or path.

    `name` is normalised. It is empty for source code whose project is not known before it is read
    (`safepip.commands.sources`). `extras` are normalised. `url` is set for a wheel or source code that the user names
    directly: an absolute `https:`, `http:` or `file:` URL without credentials and without fragment, of source code that
    in `source`; then `specifier` is empty. `hashes` are the digests of which the file must have one, `url_digests`
    those of which it must have all; empty means none were given.
    `text` is what was written, for messages. A requirement read from a distribution's metadata has
    an origin of source DISTRIBUTION. `scope` is empty for what is asked for in any case, otherwise
    `extra:NAME` or `group:NAME`, for a lock that can be installed with or without it. `source` is set where `url` names
    source code and not a wheel; `config_settings` are those of its own line in order, or of the command line for what
    is named there.
    """

    name: str
    specifier: SpecifierSet
    origin: Origin
    extras: frozenset[str] = frozenset()
    marker: Marker | None = None
    url: str | None = None
    hashes: tuple[Digest, ...] = ()
    text: str = ""
    scope: str = ""
    url_digests: tuple[AnyDigest, ...] = ()
    source: SourceCode | None = None
    config_settings: tuple[tuple[str, str], ...] = ()


class Constraint(NamedTuple):
    """A limit on a project's versions that does not itself ask for the project (pip's `-c`). It has no extras."""

    name: str
    specifier: SpecifierSet
    origin: Origin
    marker: Marker | None = None
    url: str | None = None
    hashes: tuple[Digest, ...] = ()
    text: str = ""
    url_digests: tuple[AnyDigest, ...] = ()
    source: SourceCode | None = None


def required_digests(statement: Requirement | Constraint) -> RequiredDigests:
    """What a statement demands of its file's bytes."""
    return one_of(statement.hashes).and_(all_of(statement.url_digests))


def named_url(statement: Requirement | Constraint) -> str | None:
    """The URL that a statement names, as a distribution would write the same in its metadata; None for none."""
    return statement.url if statement.source is None else statement.source.written()


def counts(statement: Requirement | Constraint, environment: Mapping[str, str]) -> bool:
    """Whether a statement's marker holds in the target's environment, where no extra is asked for."""
    return statement.marker is None or statement.marker.evaluate({**environment, "extra": ""})


class Statements(NamedTuple):
    """All that the user asked for, in pip's order.

    `require_hashes` is pip's hash-checking mode as it results from options and files together. `scopes` are those of
    the extras and groups that are asked for, also of one that requires nothing.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Constraint, ...] = ()
    require_hashes: bool = False
    scopes: frozenset[str] = frozenset()
