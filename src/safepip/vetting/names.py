"""Whether a project may be required by its name: the rules `look-alike` and `new-project`.

A name is judged wherever files of an index would be chosen for it, whether the user or a distribution requires it. In
this order:

1. There is no objection to a name that an index claims, that stands in the lock which is being renewed, or whose files
   the user pins by hash: each of these was decided by a person before. Nor to one whose only sources are `--find-links`
   on this machine: a stranger cannot put a wheel there, as into an index and its copy. A claim or such a place does not
   decide where a higher level than its own forbids exceptions from the rule.
2. `known-malware`: a name that advisories call malicious in every version; that is decided elsewhere, and a claim by
   another index than the public one is the only thing that counts before it.
3. `look-alike`: a name that is not well known and resembles one that is (`look_alikes`), or one that an index claims.
   A strong resemblance is refused. So is a weak one of a name that the user asks for and the lock does not have. Both
   are known by the name alone, so no index is asked for it, and none is ever asked for the name that it resembles.
4. A weak resemblance of a name that a distribution requires is refused where the project is young, and otherwise
   reported in one line. A project whose index does not say when it began is taken to be young, because its age is
   unknown; one whose files all lie on this machine is not, because a stranger cannot put a name there.
5. `new-project`: a name that the user asks for, whose first file is younger than policy says. This holds for well-known
   names too: a name that was given up and taken again has a page that begins anew. Where no file is dated, this rule
   refuses if policy itself sets the age, and otherwise does nothing; the cooldown's notice says so.

A name that only distributions require is refused only where the final answer of the search contains it: a version that
the search gives up refuses nothing.

A line of policy, or `--allow-name` for one run, overrules either rule for one name; a line reports that.

Not handled here: which names resemble each other, where lists come from, and the age of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.ages import DAY
from safepip.model.exemption import Allowed, Exemption
from safepip.model.finding import Diagnostic
from safepip.model.index import IndexKind
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.route import Route, RoutingRule
from safepip.model.spans import day_and_time
from safepip.text.toml_writing import IN_CONFIGURATION, exception
from safepip.vetting.import_names import module_meant
from safepip.vetting.standard_names import FORMER

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from safepip.model.candidate import ProjectCandidates
    from safepip.model.plan import Policy
    from safepip.routing.table import RoutingTable
    from safepip.vetting.look_alikes import KnownNames, Resemblance

#: A project younger than this, in seconds, is young: most squats are found and taken down well before.
YOUNG = 90 * DAY

LOOK_ALIKE, NEW_PROJECT = "look-alike", "new-project"

#: How two names are alike, by the kind of a resemblance.
_HOW = {
    "separator": "the two differ in separators only",
    "homoglyph": "the two differ in letters and digits that are easily taken for each other",
    "order": "both have the same words, in another order",
    "affix": "the two differ in a word with which many names begin or end",
    "edit": "the two are one slip apart",
    "import-name": "import names and names of projects are not the same, and a stranger may take either",
}


class NameVerdict(NamedTuple):
    """The result of judging a name. `refusal` does not say yet who requires it. `notice` is a line to report, or
    empty."""

    refusal: Diagnostic | None = None
    allowed: tuple[Allowed, ...] = ()
    notice: str = ""


_NOTHING = NameVerdict()


def _never_malicious(_name: str) -> Diagnostic | None:
    return None


def _never_too_young(_name: str, _uploaded: float) -> str:
    return ""


class NamesOfRun(NamedTuple):
    """The names about which a run itself says something, all normalised.

    `asked` are those that the user's own requirements ask for, `already_decided` those that the lock has or that are
    pinned by hash, `allowed` those of `--allow-name`, set at `allowed_at`.
    """

    asked: AbstractSet[str] = frozenset()
    already_decided: AbstractSet[str] = frozenset()
    allowed: AbstractSet[str] = frozenset()
    allowed_at: Origin = Origin(Source.COMMAND_LINE, "--allow-name")


class NameRules:
    """The rules for one run and target.

    `known` gives the well-known names; it is called once, when the first name has to be compared, and may raise what
    reading a list raises. `table` knows the claims. Of `policy` these count: its exemptions; where exceptions from a
    rule are forbidden, so that a claim or a place of a lower level does not decide that rule; and the age under which a
    project is new, which must be known where policy sets it. `now` is in seconds since the epoch. `why_too_young` says,
    for a name and an upload time, why such a file is held back for its age, in words that follow its name; empty where
    it is not. `malicious` gives the refusal of a name that advisories call malicious as a whole.
    """

    def __init__(
        self,
        known: Callable[[], KnownNames],
        table: RoutingTable,
        policy: Policy,
        run: NamesOfRun,
        *,
        now: float,
        why_too_young: Callable[[str, float], str] = _never_too_young,
        malicious: Callable[[str], Diagnostic | None] = _never_malicious,
    ) -> None:
        self._load = known
        self._known: KnownNames | None = None
        self._table = table
        self._policy = policy
        self._run = run
        self._now = now
        self._new_project = policy.ages.new_project
        self._new_project_at = policy.ages.new_project_origin
        self._why_too_young = why_too_young
        self._malicious = malicious
        self._places = _own_places(table)
        self._alike: dict[str, Resemblance | None] = {}

    def by_name(self, name: str) -> NameVerdict:
        """What the name alone says, before any index is asked for it."""
        known = self._malicious(name)
        if known is not None:
            return NameVerdict(known)
        alike = self._resemblance(name)
        if alike is None or not (alike.strong or name in self._run.asked):
            return _NOTHING
        return self._refused(self._look_alike(alike))

    def by_candidates(self, name: str, available: ProjectCandidates) -> NameVerdict:
        """What the project's page says beyond that. For names to which `by_name` has no objection."""
        if name in self._run.asked:
            return self._by_age(name, available)
        alike = self._resemblance(name)
        if alike is None or alike.strong:
            return _NOTHING
        if self._is_young(available):
            return self._refused(self._look_alike(alike, available))
        if self._exemption(name, LOOK_ALIKE) is not None:
            return _NOTHING
        since = (
            "its files are on this machine"
            if available.born is None
            else f"its first file was uploaded at {day_and_time(available.born)}"
        )
        return NameVerdict(notice=f"{_stated(alike)}; it is accepted, because a distribution requires it and {since}")

    def _by_age(self, name: str, available: ProjectCandidates) -> NameVerdict:
        """The verdict on a name that the user asks for, by when its project began."""
        if self._is_already_decided(name, NEW_PROJECT):
            return _NOTHING
        if available.born is None or available.undated:
            if self._new_project_at != BUILT_IN and available.files and not self._is_here(available):
                return self._refused(self._new(name, None))
            if available.born is None:
                return _NOTHING
        if self._now - available.born >= self._new_project:
            return _NOTHING
        return self._refused(self._new(name, available.born))

    def guess(self, name: str) -> str | None:
        """What was perhaps meant by the name of a project that does not exist: a well-known or a claimed one. It is for
        a message, and no index is asked for it."""
        if self._known is None:
            self._known = self._load()
        return self._known.nearest(name)

    def permit(self, name: str, available: ProjectCandidates | None = None) -> bool:
        """Whether a guess may fetch something: the page, or, once `available` is there, a file of the project."""
        if self.by_name(name).refusal is not None:
            return False
        return available is None or self.by_candidates(name, available).refusal is None

    # --- findings ------------------------------------------------------------------------------------------

    def _is_already_decided(self, name: str, rule: str) -> bool:
        claim, enforced = self._table.claim(name), self._policy.enforced.get(rule)
        stated = self._places if claim is None else (claim.origin,)
        already_decided = bool(stated) and not (enforced is not None and any(map(enforced.outranks, stated)))
        return already_decided or name in self._run.already_decided

    def _claim(self, name: str) -> Route | None:
        route = self._table.route(name)
        claimed = isinstance(route, Route) and route.rule in (RoutingRule.EXACT_CLAIM, RoutingRule.PREFIX_CLAIM)
        return route if isinstance(route, Route) and claimed else None

    def _resemblance(self, name: str) -> Resemblance | None:
        try:
            return self._alike[name]
        except KeyError:
            pass
        alike = None
        if not self._is_already_decided(name, LOOK_ALIKE):
            if self._known is None:
                self._known = self._load()
            alike = self._known.resemblance(name)
        self._alike[name] = alike
        return alike

    def _is_young(self, available: ProjectCandidates) -> bool:
        if available.born is not None and not available.undated:
            return self._now - available.born < YOUNG
        here = self._is_here(available)
        # From a page without files nothing can be installed: another message says that the project is nowhere.
        return available.files > 0 and not here

    def _is_here(self, available: ProjectCandidates) -> bool:
        files = available.candidates or available.sources
        return bool(files) and all(c.file.url.startswith("file:") for c in files)

    # --- messages ------------------------------------------------------------------------------------------

    def _look_alike(self, alike: Resemblance, available: ProjectCandidates | None = None) -> Diagnostic:
        context, hint = self._evidence(alike)
        if available is not None:
            born = available.born
            began = None if born is None else f"its first file was uploaded at {day_and_time(born)}"
            context += (began or "nothing says how old it is",)
        if alike.name not in self._run.asked and alike.kind in _HOW:
            hint = f"did the distribution that requires it mean {alike.known}? Look there first"
        return Diagnostic(
            LOOK_ALIKE, _stated(alike), context, f"{hint}\n{_ways(alike.name, LOOK_ALIKE)}", subject=alike.name
        )

    def _evidence(self, alike: Resemblance) -> tuple[tuple[str, ...], str]:
        """The lines below the sentence, and what was probably meant."""
        if alike.kind == "requirements-file":
            return (), f"did you mean a file? To install what one lists, write -r before its name: -r {alike.known}"
        if alike.kind == "standard-library":
            if alike.known in FORMER:
                return (
                    (),
                    "did you mean the module? Python no longer has it, and its documentation says what replaced it",
                )
            return (), f"did you mean the module? There is nothing to install: import {alike.known}"
        lines = [_HOW.get(alike.kind, alike.kind)]
        pattern = next((c for c in self._table.prefixes if f"{c.key}*" == alike.known), None)
        if pattern is not None:
            lines.append(f"{alike.known} is claimed by the index {pattern.index.name}")
            return tuple(lines), f"did you mean a name that begins with {pattern.key}?"
        claim = self._claim(alike.known)
        if claim is not None and claim.index is not None:
            lines.append(f"{alike.known} is claimed by the index {claim.index.name}")
        return tuple(lines), f"did you mean {alike.known}?"

    def _new(self, name: str, born: float | None) -> Diagnostic:
        if born is None:
            message = f"{name} is asked for by name, and nothing says how old the project is"
            first, held = "its index gives no upload times", ""
        else:
            message = f"{name} is asked for by name, and the whole project is {_span(self._now - born)} old"
            first, held = f"its first file was uploaded at {day_and_time(born)}", self._why_too_young(name, born)
        more = f"to allow the name is not enough yet: its first file {held}\n" if held else ""
        return Diagnostic(
            NEW_PROJECT,
            message,
            (first, f"a project is new for {_span(self._new_project)} ({self._new_project_at})"),
            "find out who recommends it: strangers register names that programs make up\n"
            f"{more}{_ways(name, NEW_PROJECT)}",
            subject=name,
        )

    def _refused(self, found: Diagnostic) -> NameVerdict:
        """The verdict on an objection, after the exceptions of policy and of the run."""
        exemption = self._exemption(found.subject, found.reference)
        if exemption is None:
            return NameVerdict(found)
        return NameVerdict(allowed=(Allowed(found.reference, found.message, exemption),))

    def _exemption(self, name: str, rule: str) -> Exemption | None:
        for exemption in self._policy.exemptions:
            if exemption.project == name and exemption.rule == rule:
                return exemption
        if name in self._run.allowed:
            return Exemption(name, rule, "allowed for this run", self._run.allowed_at)
        return None


def _own_places(table: RoutingTable) -> tuple[Origin, ...]:
    """Where each source of unclaimed names was named, if all of them are `--find-links` on this machine; else empty."""
    asked = [index for source in table.sources for index in table.family(source)]
    own = all(index.kind is IndexKind.FIND_LINKS and index.url.scheme == "file" for index in asked)
    return tuple(index.origin for index in asked) if own else ()


def _stated(alike: Resemblance) -> str:
    """The sentence on a resemblance."""
    name = alike.name
    if alike.kind == "requirements-file":
        return f"{name} is the name of a file rather than that of a project"
    if alike.kind == "standard-library":
        return f"{name} is, or was, a module of Python's standard library, and no well-known project has its name"
    if alike.kind == "import-name":
        module = module_meant(name)
        which = "a module of that name" if module == name else f"the module {module}"
        return f"{name} is not well known, and {which} belongs to the project {alike.known}"
    return f"{name} is not well known, and its name resembles {alike.known}"


def _ways(name: str, rule: str) -> str:
    """How the name is allowed, for one run and for good."""
    return (
        f"if you have looked at it and want it: --allow-name {name} for this run\n"
        f"or for every run, {IN_CONFIGURATION}{exception(name, rule)}"
    )


def _span(seconds: float) -> str:
    """A length of time in its largest whole unit."""
    for unit, length in (("day", DAY), ("hour", 3_600.0), ("minute", 60.0)):
        count = int(seconds // length)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
