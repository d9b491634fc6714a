"""Which names still have to be given to an index by a person, before the new configuration may be used.

The rule is one, and stricter than routing's own. As soon as an index owns a name, routing does not ask it for unclaimed
names any more, and what no index owns goes to the default. So a name that is neither claimed nor on the default index
*alone* would be taken from the default index as soon as an attacker puts it there. Such a name is *open*:
it is written as a question, and a configuration with a question in it is refused (`undecided-owner`).

Open is every name that no claim covers, except, where every source that is named anywhere has been taken over,

1. one that the default index has, and of which every other index says that it does not have it;
2. where there is one index only.

No claim is ever made here of what an index answers: not of the only one that has a name, not of identical files, which
may differ tomorrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.migration.indexes import unknown_index
from safepip.model.errors import UsageError
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.origin import Origin
from safepip.model.route import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.migration.indexes import MigratedIndex
    from safepip.model.origin import Source
    from safepip.model.route import Observation


class GivenClaim(NamedTuple):
    """A person says that the index by this name owns a name, or with `-*` at its end a pattern; normalised."""

    pattern: str
    owner: str
    origin: Origin

    def covers(self, name: str) -> bool:
        """Whether a normalised name is claimed by it: `acme-*` claims neither `acme` nor `acmefoo`."""
        if not self.pattern.endswith("*"):
            return name == self.pattern
        return name.startswith(self.pattern[:-1]) and len(name) > len(self.pattern) - 1


class NameReport(NamedTuple):
    """Who has a name, and whose it is. `owner` is the name of an index, empty where none owns it."""

    name: str
    observations: tuple[Observation, ...]
    owner: str = ""
    origin: Origin | None = None

    @property
    def present(self) -> tuple[Observation, ...]:
        """The indexes that have it."""
        return tuple(o for o in self.observations if o.presence is Presence.PRESENT)

    @property
    def ambiguous(self) -> bool:
        """Whether an install that knows no owner would be refused."""
        unknown = any(o.presence is Presence.UNKNOWN for o in self.observations)
        return not self.owner and (unknown or len(self.present) > 1)

    def is_open(self, default: str | None, *, all_read: bool) -> bool:
        """Whether a person has to say whose it is; `default` is the name of the default index, and `all_read` says
        that no source was left out. See the module."""
        if self.owner or not all_read:
            return not self.owner
        if len(self.observations) < 2:
            return False
        others = [o for o in self.observations if o.index.name != default]
        on_default = any(o.index.name == default for o in self.present)
        return not on_default or any(o.presence is not Presence.ABSENT for o in others)

    def suspects(self) -> frozenset[str]:
        """The indexes that may own it: those that have it or did not say; all of them where that is none."""
        maybe = {o.index.name for o in self.observations if o.presence is not Presence.ABSENT}
        return frozenset(maybe or {o.index.name for o in self.observations})


def read_claim(text: str, indexes: Sequence[MigratedIndex], source: Source) -> GivenClaim:
    """`PATTERN=INDEX`. Raises `UsageError`: `bad-option` for the form and for an index that there is not, `bad-claim`
    for the pattern."""
    pattern, equals, index = text.rpartition("=")
    if not equals:
        raise UsageError.because(
            "bad-option",
            f"--claim: {printable(text)!r} does not have the form NAME=INDEX",
            hint="for example --claim 'acme-*=internal'",
        )
    return make_claim(pattern, index.strip(), indexes, source)


def make_claim(pattern: str, index: str, indexes: Sequence[MigratedIndex], source: Source) -> GivenClaim:
    """A claim of a person. Raises as `read_claim`."""
    from safepip.model.index import Index
    from safepip.routing import table

    origin = Origin(source, "--claim")
    owner = next((known for known in indexes if known.name == index), None)
    if owner is None:
        raise unknown_index("--claim", index, (known.name for known in indexes))
    if owner.mirror_of:
        raise UsageError.because(
            "bad-mirror",
            f"{owner.name} is a mirror of {owner.mirror_of}, so it owns no names",
            hint=f"claim them for {owner.mirror_of}",
        )
    read = table.read_claim(pattern, Index(owner.name, owner.url), origin)
    return GivenClaim(normalise(read.key) + ("*" if read.prefix else ""), owner.name, origin)


def owner_of(name: str, claims: Iterable[GivenClaim]) -> str:
    """The index whose claim rules over a name: an exact one before a pattern, a longer one before a shorter; empty
    where none does."""
    covering = [claim for claim in claims if claim.covers(name)]
    best = max(covering, key=lambda claim: (not claim.pattern.endswith("*"), len(claim.pattern)), default=None)
    return best.owner if best is not None else ""


def check_claims(claims: Sequence[GivenClaim]) -> None:
    """Raise `UsageError` (`conflicting-claims`) where one pattern is given to two indexes."""
    first: dict[str, GivenClaim] = {}
    for claim in claims:
        known = first.setdefault(claim.pattern, claim)
        if known.owner != claim.owner:
            raise UsageError.because(
                "conflicting-claims",
                f"{claim.pattern} is claimed for two indexes",
                context=(f"{known.owner}  {known.origin}", f"{claim.owner}  {claim.origin}"),
                hint="keep the claim on the index that owns the name",
            )
