"""The levels of safepip's configuration merged into one: the indexes declared, the hosts trusted, the policy.

Levels come from the highest to the lowest: the machine's file, the user's, the project's. Policy only tightens
downward (routing.md). A lower level may

- declare an index, and claim names that no higher level has claimed for another index;
- add claims to an index declared above, and require its hashes where they were optional;
- be the first to name a default index;
- trust a host that is not the host of an index declared above, unless a level forbids trusted hosts;
- allow direct URLs for names that it, not a higher level, claims;
- make exceptions from rules, unless a higher level forbids them, and forbid them itself;
- demand that what is installed is known by digest;
- lengthen a cooldown, and be the first to name a list of well-known names (`ages`);
- approve fewer builds (`builds`);
- name more sources of advisories, and refuse more of what they report (`advisories`).

Anything else is an error (`policy-loosened`) that names both lines. Contradictions within the merged whole
(the same claim on two indexes, two defaults, mirrors of nothing) are found by `routing.table.build`.

pip's own configuration is read in `pip_config`; `options.index_options` decides where indexes may be named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.config.own_variables import stem_of
from safepip.model.advisory_policy import AdvisoryPolicy
from safepip.model.ages import AgePolicy
from safepip.model.build import BuildPolicy
from safepip.model.errors import UsageError
from safepip.model.finding import Diagnostic
from safepip.model.index import Hashes, Index, IndexUrl
from safepip.model.names import normalise
from safepip.model.origin import BUILT_IN, Origin
from safepip.model.plan import Policy
from safepip.model.urls import read_host
from safepip.routing.table import Claim, read_claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from safepip.config.advisories import MergedAdvisories
    from safepip.config.ages import MergedAges
    from safepip.config.builds import MergedBuilds
    from safepip.config.exemptions import Bans
    from safepip.config.level import DeclaredIndex, Level
    from safepip.config.toml_tables import Placed
    from safepip.model.exemption import Exemption


class Declared(NamedTuple):
    """What safepip's configuration says, all levels merged. `trusted_hosts` are in force without being named again."""

    indexes: tuple[Index, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    policy: Policy = Policy()


def merge(levels: Sequence[Level], default_index_url: Callable[[], str], now: float = 0.0) -> Declared:
    """Merge levels, the highest first. `default_index_url` gives pip's own default, asked only where it is needed.
    `now` is the moment of the run, at which a date and a span are compared, and exceptions may have ended.

    `policy.declared` holds when any level declares an index: a configuration without one restricts what
    it mentions and leaves pip's sources in force. Raises `UsageError` with all problems.
    """
    merging = _Merging(default_index_url, now)
    for level in levels:
        merging.add(level)
    merging.problems += _same_variables(merging.indexes.values())
    if merging.problems:
        raise UsageError(*merging.problems)
    ages, forbidden = merging.ages, _forbidden(merging.bans)
    names = ages.names if ages is not None else None
    return Declared(
        indexes=tuple(merging.indexes.values()),
        trusted_hosts=() if merging.forbidden else tuple(dict.fromkeys(merging.trusted)),
        policy=Policy(
            declared=bool(merging.indexes),
            forbid_trusted_hosts=merging.forbidden,
            allow_direct=frozenset(merging.direct),
            origin=levels[0].origin if levels else BUILT_IN,
            exemptions=tuple(a for a in merging.exemptions if a.until is None or now < a.until),
            expired=tuple(a for a in merging.exemptions if a.until is not None and now >= a.until),
            ages=(AgePolicy() if ages is None else ages.policy())._replace(enforced=forbidden.get("cooldown")),
            well_known_names=names.value if names else None,
            well_known_origin=names.origin if names else BUILT_IN,
            enforced=forbidden,
            bans=() if merging.bans is None else merging.bans.stated(),
            verify_installed=merging.verify,
            full_commits=merging.full_commits,
            builds=BuildPolicy() if merging.builds is None else merging.builds.policy(),
            advisories=(AdvisoryPolicy() if merging.advisories is None else merging.advisories.policy())._replace(
                may_ignore=not _forbids_ignores(merging.bans)
            ),
        ),
    )


def _same_variables(indexes: Iterable[Index]) -> Iterator[Diagnostic]:
    """Indexes whose names become the same in a variable's name: they would share the secret of one of them."""
    first: dict[str, Index] = {}
    for index in indexes:
        other = first.setdefault(stem_of(index.name), index)
        if other is not index:
            variable = f"SAFEPIP_INDEX_{stem_of(index.name)}_PASSWORD"
            message = f"{other.name} and {index.name} would share one variable for their credentials: {variable}"
            places = (str(other.origin), str(index.origin))
            hint = "give each its own name; names that differ only in case or in . - _ have the same variable"
            yield Diagnostic("duplicate-index", message, places, hint, (index.origin, other.origin))


class _Merging:
    """The levels met so far. `_above` counts indexes, hosts and claims of the levels higher than the current one."""

    def __init__(self, default_index_url: Callable[[], str], now: float) -> None:
        self.default_index_url = default_index_url
        self._now = now
        self.ages: MergedAges | None = None
        self.bans: Bans | None = None
        self.builds: MergedBuilds | None = None
        self.advisories: MergedAdvisories | None = None
        self.indexes: dict[str, Index] = {}
        self.trusted: list[str] = []
        self.forbidden: Origin | None = None
        self.verify: Origin | None = None
        self.full_commits: Origin | None = None
        self.direct: set[str] = set()
        self.exemptions: list[Exemption] = []
        self.problems: list[Diagnostic] = []
        self._above: dict[str, Index] = {}
        self._claims_above: list[Claim] = []

    def add(self, level: Level) -> None:
        self._above = dict(self.indexes)
        self._claims_above = [claim for index in self._above.values() for claim in _claims(index)]
        here: dict[str, Origin] = {}
        for declared in level.indexes:
            if declared.name in here:
                self._clash("duplicate-index", f"two indexes are named {declared.name}", here, declared)
            elif declared.name in self._above:
                self._extend(self._above[declared.name], declared)
            else:
                self._declare(declared)
            here.setdefault(declared.name, declared.origin)
        self._add_policy(level)
        forbidden = _forbidden(self.bans)
        self._add_exceptions(level)
        self._add_ages(level, forbidden)
        self._add_builds(level)
        self._add_advisories(level)

    def _clash(self, reference: str, message: str, here: dict[str, Origin], declared: DeclaredIndex) -> None:
        lines = (str(here[declared.name]), str(declared.origin))
        self.problems.append(Diagnostic(reference, message, lines, "give each its own name", (declared.origin,)))

    def _loosened(self, message: str, above: Origin, below: Origin) -> None:
        self.problems.append(
            Diagnostic(
                "policy-loosened",
                message,
                (f"set by     {above}", f"loosened by {below}"),
                "a lower level may only tighten: change the higher file, or take this line out",
                (below, above),
            )
        )

    def _declare(self, declared: DeclaredIndex) -> None:
        url = declared.url
        if url is None and declared.default:
            url = IndexUrl.parse(self.default_index_url())
        if url is None:
            hint = 'add: url = "https://..."; only the default index can do without one, and is then pip\'s own'
            self.problems.append(
                Diagnostic("bad-configuration", f"{declared.name} has no url", (), hint, (declared.origin,))
            )
            return
        mirror = declared.mirror_of
        if mirror is not None and mirror.value in self._above:
            above = self._above[mirror.value]
            self._loosened(f"{declared.name} may not be a mirror of {above.name}", above.origin, mirror.origin)
        self._check_default(declared)
        index = Index(
            name=declared.name,
            url=url,
            packages=tuple(word.value for word in declared.packages),
            default=bool(declared.default),
            file_hosts=tuple(word.value for word in declared.file_hosts),
            hashes=declared.hashes or Hashes.REQUIRED,
            mirror_of=None if mirror is None else mirror.value,
            origin=declared.origin,
            claim_origins=tuple(word.origin for word in declared.packages),
        )
        self._check_claims(index, declared.packages)
        self.indexes[declared.name] = index

    def _check_default(self, declared: DeclaredIndex) -> None:
        above = next((index for index in self._above.values() if index.default), None)
        if declared.default and above is not None and above.name != declared.name:
            self._loosened(f"{above.name} is already the default index", above.origin, declared.origin)

    def _extend(self, above: Index, declared: DeclaredIndex) -> None:
        """A lower level names an index declared above: it may add claims, require hashes, make it the default."""
        name = above.name
        if declared.url is not None and declared.url != above.url:
            self._loosened(f"{name} has another url", above.origin, declared.url_origin or declared.origin)
        if declared.default is False and above.default:
            self._loosened(f"{name} is the default index", above.origin, declared.origin)
        for host in declared.file_hosts:
            if host.value not in above.file_hosts:
                self._loosened(f"{name} may not have files from {host.value}", above.origin, host.origin)
        if declared.hashes is Hashes.OPTIONAL and above.hashes is Hashes.REQUIRED:
            self._loosened(f"{name} requires hashes", above.origin, declared.hashes_origin or declared.origin)
        if declared.mirror_of is not None and declared.mirror_of.value != above.mirror_of:
            self._loosened(f"{name} may not become a mirror", above.origin, declared.mirror_of.origin)
        self._check_default(declared)
        new = tuple(word for word in declared.packages if word.value not in above.packages)
        extended = above._replace(
            packages=(*above.packages, *(word.value for word in new)),
            claim_origins=(*_places(above), *(word.origin for word in new)),
            default=above.default or bool(declared.default),
            hashes=declared.hashes or above.hashes,
        )
        self._check_claims(extended, new)
        self.indexes[name] = extended

    def _check_claims(self, index: Index, words: Sequence[Placed]) -> None:
        for word in words:
            claim = self._read_claim(word, index)
            owner = None if claim is None else self._owner_above(claim)
            if claim is not None and owner is not None and owner.index.name != index.name:
                self._loosened(
                    f"{word.value} belongs to {owner.index.name}, which claims {owner.pattern}",
                    owner.origin,
                    word.origin,
                )

    def _read_claim(self, word: Placed, index: Index) -> Claim | None:
        try:
            return read_claim(word.value, index, word.origin)
        except UsageError as error:
            self.problems.extend(error.diagnostics)
            return None

    def _owner_above(self, claim: Claim) -> Claim | None:
        """The claim of a higher level that rules over every name of this one: exact first, then the longest prefix."""
        covering = [
            above
            for above in self._claims_above
            if (above.prefix and claim.key.startswith(above.key) and (claim.prefix or len(claim.key) > len(above.key)))
            or (above.key == claim.key and above.prefix == claim.prefix)
        ]
        return max(covering, key=lambda above: (not above.prefix, len(above.key)), default=None)

    def _owner_of(self, name: str) -> Claim | None:
        """The claim of a higher level to this normalised name."""
        return self._owner_above(Claim(name, False, Index("", IndexUrl("file", "", None, "/")), name, BUILT_IN))

    def _add_policy(self, level: Level) -> None:
        for host in level.trusted_hosts:
            place = read_host(host.value)
            owner = next((i for i in self._above.values() if place is not None and place.covers(i.url)), None)
            if owner is not None:
                self._loosened(f"{host.value} is the host of {owner.name}", owner.origin, host.origin)
            if self.forbidden is not None:
                self._loosened("trusted hosts are forbidden", self.forbidden, host.origin)
            self.trusted.append(host.value)
        if level.forbid_trusted_hosts is False and self.forbidden is not None:
            self._loosened("trusted hosts are forbidden", self.forbidden, level.forbid_origin or level.origin)
        if level.forbid_trusted_hosts and self.forbidden is None:
            self.forbidden = level.forbid_origin or level.origin
        if level.verify_installed is False and self.verify is not None:
            self._loosened("verify-installed is demanded", self.verify, level.verify_origin or level.origin)
        if level.verify_installed and self.verify is None:
            self.verify = level.verify_origin or level.origin
        if level.full_commits is False and self.full_commits is not None:
            self._loosened("full-commits is demanded", self.full_commits, level.full_commits_origin or level.origin)
        if level.full_commits and self.full_commits is None:
            self.full_commits = level.full_commits_origin or level.origin
        for name in level.allow_direct:
            key = normalise(name.value)
            owner_claim = self._owner_of(key)
            if owner_claim is not None:
                self._loosened(
                    f"{name.value} belongs to {owner_claim.index.name} and may not come from a direct URL",
                    owner_claim.origin,
                    name.origin,
                )
            self.direct.add(key)

    def _add_exceptions(self, level: Level) -> None:
        if not level.exemptions and level.forbid_allow is None:
            return
        if self.bans is None:
            from safepip.config.exemptions import Bans

            self.bans = Bans()
        for exemption in level.exemptions:
            forbidden = self.bans.against(exemption.rule)
            if forbidden is not None:
                self._loosened(f"exceptions from {exemption.rule} are forbidden", forbidden, exemption.origin)
        self.exemptions.extend(level.exemptions)
        lifted = self.bans.lifted(level.forbid_allow)
        if level.forbid_allow is not None and lifted is not None:
            self._loosened("exceptions are forbidden", lifted, level.forbid_allow.origin)
        self.bans.add(level.forbid_allow)

    def _add_ages(self, level: Level, forbidden: Mapping[str, Origin]) -> None:
        indexes = {index.name: index.cooldown for index in level.indexes if index.cooldown is not None}
        if level.ages is None and not indexes:
            return
        if self.ages is None:
            from safepip.config.ages import MergedAges

            self.ages = MergedAges(self._loosened, self._now)

        def owner_above(name: str) -> str | None:
            claim = self._owner_of(name)
            return None if claim is None else claim.index.name

        self.ages.add(level.ages, indexes, owner_above, forbidden)

    def _add_builds(self, level: Level) -> None:
        if level.builds is None:
            return
        if self.builds is None:
            from safepip.config.builds import MergedBuilds

            self.builds = MergedBuilds(self._loosened)
        self.builds.add(level.builds)

    def _add_advisories(self, level: Level) -> None:
        if level.advisories is None:
            return
        if self.advisories is None:
            from safepip.config.advisories import MergedAdvisories

            self.advisories = MergedAdvisories(self._loosened)
        self.advisories.add(level.advisories, self.bans)


def _forbidden(bans: Bans | None) -> dict[str, Origin]:
    """Where exceptions are forbidden, for the rules that options could get around."""
    rules = ("look-alike", "new-project", "cooldown", "known-vulnerability")
    found = {rule: bans.against(rule) for rule in rules} if bans is not None else {}
    return {rule: origin for rule, origin in found.items() if origin is not None}


def _forbids_ignores(bans: Bans | None) -> bool:
    """Whether some level forbids them, to itself or to those below it: an ignore is for both rules."""
    return bans is not None and any(bans.against(rule) for rule in ("known-vulnerability", "known-malware"))


def _places(index: Index) -> tuple[Origin, ...]:
    return index.claim_origins or (index.origin,) * len(index.packages)


def _claims(index: Index) -> list[Claim]:
    found = []
    for pattern, origin in zip(index.packages, _places(index), strict=True):
        try:
            found.append(read_claim(pattern, index, origin))
        except UsageError:  # reported when the level that wrote it was added
            continue
    return found
