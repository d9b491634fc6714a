"""What the user's statements say about every node of the search: limits, order, and what may be named directly.

pip's rules: a requirement or constraint whose marker does not hold is left out; `name[x]==1` becomes two requirements,
one on the project and one on its extras, so that what limits the version is seen in one place; requirements with extras
come last; the order of the user is that of the first mention. Constraints on one name are intersected; a hash in a
constraint counts as one in the requirement (pip 26.1).

A claimed name is never satisfied by a wheel, an archive or a repository named directly, unless the policy allows it for
that name; a folder of the user's own may have it, as the project that is developed there. A distribution that requires
another by URL is refused unless the user's own requirement names that very URL.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.digest import ANY_BYTES, proofs
from safepip.model.errors import Refused, UnusableInput
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import normalise
from safepip.model.requirement import counts, named_url, required_digests
from safepip.model.route import Route, RoutingRule
from safepip.model.source import SourceKind
from safepip.model.urls import is_plain
from safepip.resolution.nodes import ANY_VERSION, ExtrasCandidate, FileCandidate, ResolverRequirement, identifier
from safepip.text.toml_writing import in_configuration
from safepip.wheel.metadata import MAX_OF_ONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement as MetadataRequirement
    from packaging.specifiers import SpecifierSet

    from safepip.model.digest import RequiredDigests
    from safepip.model.origin import Origin
    from safepip.model.plan import Policy
    from safepip.model.requirement import Constraint, Requirement, Statements
    from safepip.resolution.nodes import ResolverCandidate
    from safepip.routing.table import RoutingTable


class Limit(NamedTuple):
    """The intersection of all constraints on one project. `direct` are those that name a wheel. `texts` are the
    constraints as written, for messages."""

    specifier: SpecifierSet = ANY_VERSION
    hashes: RequiredDigests = ANY_BYTES
    direct: tuple[Constraint, ...] = ()
    origins: tuple[Origin, ...] = ()
    texts: tuple[str, ...] = ()

    def and_(self, constraint: Constraint) -> Limit:
        """This limit and one constraint more."""
        hashes = self.hashes.and_(required_digests(constraint))
        direct = (*self.direct, constraint) if constraint.url else self.direct
        texts = (*self.texts, constraint.text or f"{constraint.name}{constraint.specifier}")
        both = self.specifier & constraint.specifier
        return Limit(both, hashes, direct, (*self.origins, constraint.origin), texts)

    def admits(self, choice: ResolverCandidate) -> bool:
        """Whether a candidate that was named directly may stay: where constraints name a file or source code, it must
        be that one; of a repository the same revision and folder, too."""
        base = choice.base if isinstance(choice, ExtrasCandidate) else choice
        named = base.named_url if isinstance(base, FileCandidate) else None
        if any(named_url(constraint) != named for constraint in self.direct):
            return False
        return self.specifier.contains(choice.version, prereleases=True)


@dataclass(slots=True)
class Limits:
    """What the user's statements say about every node of the search.

    `order` is the position of each identifier that the user asked for; `constraints` are by project;
    `direct_urls` the URLs that the user named, by project, as metadata would write them; `hashed` the
    projects that a statement of the user gives hashes for.
    """

    constraints: dict[str, Limit] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    direct_urls: dict[str, str] = field(default_factory=dict)
    hashed: set[str] = field(default_factory=set)

    def names_wheel(self, project: str) -> bool:
        """Whether the user's own statements name a wheel for a project, so that no file of an index would do."""
        limit = self.constraints.get(project)
        return project in self.direct_urls or (limit is not None and bool(limit.direct))

    def direct_route(self, name: str) -> Route:
        """The route of a wheel that the user named: no index decides about it."""
        return Route(name, RoutingRule.DIRECT, None)

    def needs_of_metadata(self, requirement: MetadataRequirement, origin: Origin) -> Iterator[ResolverRequirement]:
        """The resolver's requirements for one `Requires-Dist`, whose marker is already known to hold."""
        name = normalise(requirement.name)
        extras = frozenset(normalise(extra) for extra in requirement.extras)
        if requirement.url is not None and self.direct_urls.get(name) != requirement.url:
            raise Refused.because(
                "direct-reference",
                f"{origin.where} requires {name} from a URL of its own choosing",
                context=(printable(requirement.url), f"required by {origin.chain()}"),
                hint="if that is meant, require the same URL yourself"
                + (f": {name} @ {requirement.url}" if is_plain(requirement.url) else ", as it stands above"),
                origins=(origin,),
                subject=name,
            )
        text = f"{name}{'[' + ','.join(sorted(extras)) + ']' if extras else ''}{requirement.specifier}"
        yield from needs(name, extras, requirement.specifier, origin, ANY_BYTES, text)


def needs(
    name: str,
    extras: frozenset[str],
    specifier: SpecifierSet,
    origin: Origin,
    hashes: RequiredDigests,
    text: str,
) -> Iterator[ResolverRequirement]:
    """One requirement as the resolver's: the project alone first where both extras and a specifier are given."""
    if extras and len(specifier):
        yield ResolverRequirement(name, specifier, origin, hashes=hashes, text=text)
    yield ResolverRequirement(name, specifier, origin, extras=extras, hashes=hashes, text=text)


def collect_limits(statements: Statements, environment: Mapping[str, str]) -> Limits:
    """Constraints and order. Reading them is pure; wheels named directly are fetched by `collect_roots`."""
    limits = Limits()
    _check_number(statements)
    for constraint in statements.constraints:
        if counts(constraint, environment):
            known = limits.constraints.get(constraint.name, Limit())
            limits.constraints[constraint.name] = known.and_(constraint)
            _note_hashes(constraint, limits)
    for position, requirement in enumerate(statements.requirements):
        if not counts(requirement, environment):
            continue
        split = requirement.url is not None or (requirement.extras and len(requirement.specifier))
        limits.order.setdefault(identifier(requirement.name, frozenset() if split else requirement.extras), position)
        if requirement.url is not None:
            limits.direct_urls[requirement.name] = named_url(requirement) or requirement.url
        _note_hashes(requirement, limits)
    return limits


def _check_number(statements: Statements) -> None:
    """Raise `UnusableInput` where there are more statements about one project than safepip reads."""
    everything: tuple[Requirement | Constraint, ...] = (*statements.requirements, *statements.constraints)
    number = Counter(statement.name for statement in everything)
    for statement in everything:
        if number[statement.name] > MAX_OF_ONE:
            raise UnusableInput.because(
                "invalid-requirement",
                f"{statement.name} is named {number[statement.name]} times, and at most {MAX_OF_ONE} times are read",
                origins=(statement.origin,),
                subject=statement.name,
            )


def _note_hashes(statement: Requirement | Constraint, limits: Limits) -> None:
    if statement.hashes or proofs(statement.url_digests):
        limits.hashed.add(statement.name)


def check_direct(statements: Statements, table: RoutingTable, policy: Policy, environment: Mapping[str, str]) -> None:
    """Raise `Refused` with every claimed name that is named by URL or path and that policy does not allow."""
    problems = []
    direct: Iterable[Requirement | Constraint] = (*statements.requirements, *statements.constraints)
    for statement in direct:
        if statement.url is None or not counts(statement, environment) or statement.name in policy.allow_direct:
            continue
        if statement.source is not None and statement.source.kind is SourceKind.DIRECTORY:
            continue
        route = table.route(statement.name)
        if (
            isinstance(route, Route)
            and route.rule in (RoutingRule.EXACT_CLAIM, RoutingRule.PREFIX_CLAIM)
            and route.index is not None
        ):
            problems.append(
                Diagnostic(
                    "claimed-name",
                    f"{statement.name} belongs to the index {route.index.name}, and may not be required by URL or path",
                    (f"{printable(statement.url)}  {statement.origin.chain()}", f"claimed as {route.detail}"),
                    f"take it from its index, or allow it {in_configuration('policy', '[{}]')}"
                    f'[policy]\nallow-direct = ["{statement.name}"]',
                    (statement.origin,),
                    statement.name,
                )
            )
    if problems:
        raise Refused(*problems)
