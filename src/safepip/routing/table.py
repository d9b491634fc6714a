"""Which index may answer for a name: the heart of safepip, pure and keyed by the normalised name alone.

Because the name alone decides, an answer holds for every use of the name: by the user, a dependency of a dependency, an
extra, a constraint, an upgrade, a lock entry. These rules apply, in this order:

1. A *claimed* name goes to the index that claims it, and to no other. An exact claim beats a pattern,
   a longer pattern beats a shorter one. `acme-*` claims neither `acme` nor `acmefoo`.
2. An unclaimed name with one source goes to that source.
3. An unclaimed name with several sources has to be surveyed: each is asked. Present in exactly one and
   absent (404, nothing else) in all others: that one. Present in several that list the very same files: the first
   of those, since the bytes are the same. Otherwise the name is refused. Files that the user named by a full hash
   may come from any source, because then the bytes are pinned.

A mirror is asked together with the index that it mirrors, and counts as the same source.

Not handled here: asking (edges/indexes/catalog.py), the message about a name that stays open (ambiguities.py), which
URLs of pages and files count as an index's own (urls.py), and where indexes may be declared (options/index_options.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import UnusableInput, UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import is_name, name_at_start, normalise
from safepip.model.origin import Origin, Source
from safepip.model.route import Observation, Presence, Route, RoutingRule, Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.model.index import Index


def project_name(text: str) -> str:
    """A command's argument that is a project's name and nothing more, normalised. Raises `UnusableInput`.

    `acme==1` taken for a name would be shown as unclaimed, or as not installed.
    """
    if not is_name(text):
        begin = name_at_start(text)
        raise UnusableInput.because(
            "invalid-requirement",
            f"{printable(text)} is not a valid project name",
            origins=(Origin(Source.COMMAND_LINE),),
            hint=f"give the name alone: {begin}" if begin else "",
        )
    return normalise(text)


class Claim(NamedTuple):
    """One name, or with `prefix` every name that begins with `key`, owned by `index`."""

    key: str
    prefix: bool
    index: Index  # type: ignore[assignment]  # it hides a tuple's method, which no one calls
    pattern: str
    origin: Origin


def read_claim(pattern: str, index: Index, origin: Origin) -> Claim:
    """Read `name` or `name-*`, normalised first. Raises `UsageError` for anything else."""
    stem, star, rest = pattern.strip().partition("*")
    key = normalise(stem)
    if star and (rest or not key.endswith("-") or not is_name(stem.rstrip("-_."))):
        hint = "write an exact name (`acme`), or a prefix that ends in `-*` (`acme-*`)"
    elif not star and not is_name(stem):
        hint = "a project name has letters, digits and . - _ between them"
    else:
        return Claim(key, bool(star), index, pattern, origin)
    raise UsageError.because(
        "bad-claim", f"{printable(pattern)!r} is neither a name nor a pattern", origins=(origin,), hint=hint
    )


class RoutingTable(NamedTuple):
    """The claims and sources of a run, checked for contradictions by `build`.

    `exact` is keyed by normalised name; `prefixes` are sorted, the longest first; `sources` are asked
    for unclaimed names, each with its mirrors in `mirrors`, keyed by the name of the index that they mirror.
    """

    exact: dict[str, Claim]
    prefixes: tuple[Claim, ...]
    sources: tuple[Index, ...]
    mirrors: dict[str, tuple[Index, ...]]

    def route(self, name: str) -> Route | Survey:
        """Decide for a normalised name. Costs a dictionary lookup and a walk over the patterns."""
        claim = self.claim(name)
        if claim is not None:
            return Route(
                name, RoutingRule.PREFIX_CLAIM if claim.prefix else RoutingRule.EXACT_CLAIM, claim.index, claim.pattern
            )
        if len(self.sources) == 1:
            only = self.sources[0]
            return Route(name, RoutingRule.DEFAULT if only.default else RoutingRule.SOLE_SOURCE, only)
        return Survey(name, self.sources)

    def claim(self, name: str) -> Claim | None:
        """The claim that rules over a normalised name: the exact one, else the one with the longest prefix."""
        exact = self.exact.get(name)
        if exact is not None:
            return exact
        covering = (claim for claim in self.prefixes if name.startswith(claim.key) and len(name) > len(claim.key))
        return next(covering, None)

    def family(self, index: Index) -> tuple[Index, ...]:
        """The index and its mirrors: together they are one source."""
        return (index, *self.mirrors.get(index.name, ()))


def build(indexes: Sequence[Index]) -> RoutingTable:
    """Make the table of a run. Raises `UsageError` with every contradiction found, both places named."""
    problems: list[Diagnostic] = [*_clashing_names(indexes), *_clashing_defaults(indexes), *_bad_mirrors(indexes)]
    claims: dict[tuple[str, bool], Claim] = {}
    for index in indexes:
        for position, pattern in enumerate(index.packages):
            origin = index.claim_origins[position] if index.claim_origins else index.origin
            try:
                claim = read_claim(pattern, index, origin)
            except UsageError as error:
                problems.extend(error.diagnostics)
                continue
            first = claims.setdefault((claim.key, claim.prefix), claim)
            if first.index != index:
                problems.append(_twice("conflicting-claims", f"{pattern} is claimed by two indexes", first, claim))
    if problems:
        raise UsageError(*problems)
    prefixes = sorted((c for c in claims.values() if c.prefix), key=lambda c: len(c.key), reverse=True)
    mirrors: dict[str, tuple[Index, ...]] = {}
    for index in indexes:
        if index.mirror_of is not None:
            mirrors[index.mirror_of] = (*mirrors.get(index.mirror_of, ()), index)
    return RoutingTable(
        exact={c.key: c for c in claims.values() if not c.prefix},
        prefixes=tuple(prefixes),
        # An index that claims names answers for those; it is not a source of unclaimed ones unless it is the default.
        sources=tuple(i for i in indexes if i.mirror_of is None and (i.default or not i.packages)),
        mirrors=mirrors,
    )


def _twice(reference: str, message: str, first: Claim, second: Claim) -> Diagnostic:
    lines = tuple(f"{claim.index.name}  {claim.origin}" for claim in (first, second))
    return Diagnostic(reference, message, lines, "keep the claim on the index that owns the name", (second.origin,))


def _clashing_names(indexes: Sequence[Index]) -> Iterable[Diagnostic]:
    seen: dict[str, Index] = {}
    for index in indexes:
        first = seen.setdefault(index.name, index)
        if first is not index:
            lines = (str(first.origin), str(index.origin))
            yield Diagnostic("duplicate-index", f"two indexes are named {index.name}", lines, "give each its own name")


def _clashing_defaults(indexes: Sequence[Index]) -> Iterable[Diagnostic]:
    defaults = [index for index in indexes if index.default]
    if len(defaults) > 1:
        lines = tuple(f"{index.name}  {index.origin}" for index in defaults)
        yield Diagnostic("two-defaults", "more than one index is the default", lines, "keep `default = true` on one")


def _bad_mirrors(indexes: Sequence[Index]) -> Iterable[Diagnostic]:
    by_name = {index.name: index for index in indexes}
    for mirror in indexes:
        if mirror.mirror_of is None:
            continue
        original = by_name.get(mirror.mirror_of)
        if original is None or original.mirror_of is not None:
            message = f"{mirror.name} mirrors {mirror.mirror_of}, which is not declared as an index of its own"
        elif mirror.packages or mirror.default:
            message = f"{mirror.name} is a mirror, so it can neither claim names nor be the default"
        else:
            continue
        hint = "`mirror-of` must name a declared index that is not itself a mirror; write claims there"
        yield Diagnostic("bad-mirror", message, (), hint, (mirror.origin,))


# --- surveys ---------------------------------------------------------------------------------------------


class Ambiguity(NamedTuple):
    """A name that no rule gives to an index, with what each source answered and where the name was required."""

    name: str
    observations: tuple[Observation, ...]
    required_by: tuple[Origin, ...] = ()


def decide_route(
    survey: Survey, observations: Sequence[Observation], *, pinned_by_hash: bool = False
) -> Route | Ambiguity:
    """Decide a surveyed name from the answers of all its sources, in their order.

    `pinned_by_hash` says that the caller will take only files that the user named by a full hash and
    that one was offered; then any source will do (the bytes are pinned), the failed ones included.
    The answer depends on presence, and on all files of all platforms, so that it is the same everywhere.
    """
    if {o.index.name for o in observations} != {i.name for i in survey.sources}:
        raise ValueError("a survey is decided by the answers of all its sources")
    present = [o for o in observations if o.presence is Presence.PRESENT]
    if pinned_by_hash and present:
        return Route(survey.name, RoutingRule.HASH, present[0].index)
    unknown = any(o.presence is Presence.UNKNOWN for o in observations)
    if len(present) > 1 and not unknown and present[0].contents and len({o.contents for o in present}) == 1:
        return Route(survey.name, RoutingRule.SAME_FILES, present[0].index)
    if unknown or len(present) > 1:
        return Ambiguity(survey.name, tuple(observations))
    if present:
        return Route(survey.name, RoutingRule.ONLY_OFFER, present[0].index)
    # Absent everywhere: no source has the name, so the first source is as good as any.
    return Route(survey.name, RoutingRule.ONLY_OFFER, survey.sources[0] if survey.sources else None)
