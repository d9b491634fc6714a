"""Whether a file is old enough, and whether it came with its release: the rules `cooldown` and `late-file`.

A hijacked release is usually discovered within hours, so a file is held back for a while after its upload (`cooldown`):
an older version is chosen, and a notice says what was held back and until when. Which cooldown holds for a name:

1. the project's own setting;
2. for a name that an index claims, that index's setting; without one its files are exempt, from `late-file` too: they
   are the organisation's own. A general setting of a higher level than the claim's holds all the same, because a lower
   level may only tighten;
3. for any other name the strictest of what its possible sources say, each by its own setting or the general one, which
   is `--cooldown`, else policy's, else a day.

An undated file beside dated ones counts as young, since its age is unknown. Where a page gives no upload times at all,
the default cooldown does not apply, and a notice says so; a cooldown that was set does apply, and refuses every file of
the page. `late-file` has no setting: `releases` says which files are late, and each is held back until it has been
public for ninety days.

Exempt are files that were judged before, known by their digests (the user's own hash, the lock that is made anew), and
`file:` URLs, which `--uploaded-prior-to` exempts too. `[[allow]]` overrules for a project, a file or a digest. No clock
here: `now` is the moment at which the run began.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safepip.config.ages import strictest
from safepip.config.exemptions import overruling
from safepip.model.ages import DAY, Cooldown
from safepip.model.candidate import AgeStatement
from safepip.model.exemption import Allowed
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import BUILT_IN
from safepip.model.page import ProjectFile
from safepip.model.route import Route
from safepip.model.spans import cutoff, day_and_time, written
from safepip.text.toml_writing import IN_CONFIGURATION, exception
from safepip.vetting.releases import is_late, release_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.version import Version

    from safepip.model.ages import AgePolicy
    from safepip.model.candidate import Candidate, ProjectCandidates
    from safepip.model.exemption import Exemption
    from safepip.model.origin import Origin
    from safepip.routing.table import Claim, RoutingTable

COOLDOWN = "cooldown"
LATE_FILE = "late-file"

#: How long a file that was added to an old release counts as late, in seconds.
FRESH = 90 * DAY

#: Later than any moment until which something is held back.
_NEVER = float("inf")

#: How many of the files that were held back a message shows.
_SHOWN = 5


class Objection(NamedTuple):
    """One rule against one file. `why` goes on after the file's name; `until` is the moment from which the file is
    taken, None where waiting does not help."""

    rule: str
    why: str
    until: float | None = None


class Held(NamedTuple):
    """A candidate that is held back, and why, `late-file` before `cooldown`."""

    candidate: Candidate
    objections: tuple[Objection, ...]

    @property
    def rule(self) -> str:
        return self.objections[0].rule

    def line(self) -> str:
        """The line that reports it where another file was chosen."""
        first = self.objections[0]
        what = self.candidate if first.rule == COOLDOWN else printable(self.candidate.file.filename)
        return f"{first.rule}: {what} {first.why}"


class AgeRules:
    """The rules of one run. `judged` are the digests, as text, of files that need no judging again, by project."""

    def __init__(
        self,
        policy: AgePolicy,
        stated: Cooldown | None,
        table: RoutingTable,
        *,
        now: float,
        exemptions: Sequence[Exemption] = (),
        judged: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self._policy = policy
        self._stated = stated
        self._table = table
        self._now = now
        self._exemptions = [a for a in exemptions if a.rule in (COOLDOWN, LATE_FILE)]
        self._judged = judged
        self._known: dict[str, Cooldown | None] = {}

    def cooldown_of(self, name: str) -> Cooldown | None:
        """What holds for a normalised name; None where its files are exempt from both rules."""
        try:
            return self._known[name]
        except KeyError:
            found = self._known[name] = self._decide(name)
            return found

    def _decide(self, name: str) -> Cooldown | None:
        decision, claim = self._table.route(name), self._table.claim(name)
        cooldown = self._policy.projects.get(name)
        if cooldown is None:
            sources = (decision.index,) if isinstance(decision, Route) else decision.sources
            settings = [self._of_source(i.name for i in self._table.family(s)) for s in sources if s is not None]
            general = self._stated or self._policy.cooldown or Cooldown()
            if claim is not None:
                cooldown = strictest([*settings, self._above(claim)], self._now)
            else:
                strict = [setting or general for setting in settings] or [general]
                cooldown = strictest([*strict, self._stated], self._now)
        # A claimed name with the cooldown `0` is as exempt as one without a cooldown.
        return None if claim is not None and (cooldown is None or self._holds_nothing(cooldown)) else cooldown

    def _above(self, claim: Claim) -> Cooldown | None:
        """The general setting of a higher level than that of a claim, or the default where that level holds to it."""
        general, enforced = self._policy.cooldown, self._policy.enforced
        if general is not None and general.origin.outranks(claim.origin):
            return general
        return Cooldown(origin=enforced) if enforced is not None and enforced.outranks(claim.origin) else None

    def _of_source(self, names: Iterable[str]) -> Cooldown | None:
        """The cooldown of an index and its mirrors, which are one source."""
        return strictest([self._policy.indexes.get(name) for name in names], self._now)

    def _holds_nothing(self, cooldown: Cooldown) -> bool:
        return cutoff(cooldown, self._now) == float("inf")

    # --- judging --------------------------------------------------------------------------------------------

    def sift(
        self, available: ProjectCandidates, candidates: Iterable[Candidate]
    ) -> tuple[tuple[Candidate, ...], tuple[Held, ...]]:
        """The project's candidates that may be chosen, and those that are held back, each in the project's order."""
        cooldown = self.cooldown_of(available.name)
        if cooldown is None:
            return tuple(candidates), ()
        usable, held = [], []
        dated, limit = available.born is not None, cutoff(cooldown, self._now)
        for candidate in candidates:
            uploaded = candidate.file.upload_time
            # Nearly every file of a page is old and came in time: only the rest is looked at one by one.
            quick = uploaded is not None and uploaded < limit and not candidate.age_statements
            if quick and not is_late(uploaded, candidate.released):
                usable.append(candidate)
                continue
            found = [o for o, a in self._judge_candidate(candidate, dated=dated) if a is None]
            if found:
                held.append(Held(candidate, tuple(found)))
            else:
                usable.append(candidate)
        return tuple(usable), tuple(held)

    def allowed(self, available: ProjectCandidates, candidate: Candidate) -> tuple[Allowed, ...]:
        """The objections to a candidate that policy overruled."""
        found = self._judge_candidate(candidate, dated=available.born is not None)
        name = printable(candidate.file.filename)
        return tuple(Allowed(o.rule, f"{name} {o.why}", a) for o, a in found if a is not None)

    def lockable(self, name: str, version: Version, files: Sequence[ProjectFile]) -> list[ProjectFile]:
        """The files of a version's release (`releases`) that may be locked, of all files of the project; for whatever
        target."""
        mine, release = release_of(name, version, files)
        dated = any(file.upload_time is not None for file in files)
        found = []
        for file in mine:
            new = release.is_for_new_python(file)
            objections = self._judge(name, file, release.first, for_new_python=new, dated=dated)
            if all(exemption is not None for _, exemption in objections):
                found.append(file)
        return found

    def why_too_young(self, name: str, uploaded: float) -> str:
        """Why a file uploaded at this moment is held back, as words that follow its name; empty where it is not."""
        some = ProjectFile("", "", upload_time=uploaded)
        found = self._judge(name, some, None, for_new_python=True, dated=True)
        return next((objection.why for objection, exemption in found if exemption is None), "")

    def is_unchecked(self, available: ProjectCandidates, candidate: Candidate) -> bool:
        """Whether the default could not be checked for this file, because its page gives no upload times."""
        cooldown = self.cooldown_of(available.name)
        if cooldown is None or cooldown.origin != BUILT_IN or available.born is not None:
            return False
        return not self._exempt(available.name, candidate.file)

    def _exempt(self, name: str, file: ProjectFile) -> bool:
        judged = self._judged.get(name)
        return file.url.startswith("file:") or (judged is not None and not judged.isdisjoint(map(str, file.digests)))

    def _judge_candidate(self, candidate: Candidate, *, dated: bool) -> list[tuple[Objection, Exemption | None]]:
        """Every objection to a candidate, with the line of policy that overrules it; each of several sources counts."""
        file = candidate.file
        own = AgeStatement(file.upload_time, candidate.released, candidate.for_new_python, dated)
        worst: dict[str, tuple[Objection, Exemption | None]] = {}
        for uploaded, released, for_new_python, its_dated in candidate.age_statements or (own,):
            its = file._replace(upload_time=uploaded)
            for found in self._judge(candidate.name, its, released, for_new_python=for_new_python, dated=its_dated):
                known = worst.setdefault(found[0].rule, found)
                if (found[0].until or _NEVER) > (known[0].until or _NEVER):
                    worst[found[0].rule] = found
        return [worst[rule] for rule in (LATE_FILE, COOLDOWN) if rule in worst]

    def _judge(
        self, name: str, file: ProjectFile, released: float | None, *, for_new_python: bool, dated: bool
    ) -> list[tuple[Objection, Exemption | None]]:
        """Every objection to a file, with the line of policy that overrules it."""
        cooldown = self.cooldown_of(name)
        if cooldown is None:
            return []
        late = None if for_new_python else _lateness(file, released, self._now)
        young = self._too_young(file, cooldown, dated=dated)
        if (late is None and young is None) or self._exempt(name, file):
            return []
        return [
            (o, overruling(self._exemptions, o.rule, name, file.filename, file.digests)) for o in (late, young) if o
        ]

    def _too_young(self, file: ProjectFile, cooldown: Cooldown, *, dated: bool) -> Objection | None:
        uploaded, limit = file.upload_time, cutoff(cooldown, self._now)
        if limit == float("inf"):
            return None
        until = None
        if uploaded is None:
            if not dated and cooldown.origin == BUILT_IN:
                return None  # no policy demands the default: it does not apply, and a notice says so
            why = (
                ", having no upload time where others have one" if dated else ", since its index gives no upload times"
            )
        elif cooldown.moment is not None:
            if uploaded < limit:
                return None
            why = f", because it was uploaded at {day_and_time(uploaded)}"
        else:
            if uploaded <= limit:
                return None
            until = uploaded + cooldown.seconds
            why = f" until {day_and_time(until)}"
        return Objection(COOLDOWN, f"is held back{why} (cooldown {written(cooldown)}, {cooldown.origin})", until)


def _lateness(file: ProjectFile, released: float | None, now: float) -> Objection | None:
    """A late file is dangerous while it is fresh: once it has been public for `FRESH`, it is as old as any other."""
    uploaded = file.upload_time
    if released is None or uploaded is None or not is_late(uploaded, released) or now - uploaded >= FRESH:
        return None
    until = uploaded + FRESH
    days = int((uploaded - released) // DAY)
    why = f"came {days} days after the first file of its release, and counts as late until {day_and_time(until)}"
    return Objection(LATE_FILE, why, until)


# --- refusing ------------------------------------------------------------------------------------------------


def refusal(project: str, held: Sequence[Held], asked: Iterable[str], origins: Iterable[Origin]) -> Diagnostic:
    """The diagnostic where only files that are held back fit. `held` has the preferred one first."""
    best = held[0]
    first = best.objections[0]
    undatable = best.rule == COOLDOWN and best.candidate.file.upload_time is None
    if best.rule == LATE_FILE:
        message = f"for {project} nothing fits except a file that was added long after its release"
    elif undatable:
        name = printable(best.candidate.file.filename)
        message = f"the cooldown for {project} cannot be checked: {name} has no upload time"
    elif first.until is not None:
        message = f"{best.candidate} is too young: it is held back until {day_and_time(first.until)}"
    else:
        uploaded = day_and_time(best.candidate.file.upload_time or 0.0)
        message = f"{best.candidate} is too young: it was uploaded at {uploaded}"
    lines = [f"{printable(h.candidate.file.filename)} {o.why}" for h in held for o in h.objections]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    context = (*lines[:_SHOWN], *more, *asked)
    reference = LATE_FILE if best.rule == LATE_FILE else COOLDOWN
    return Diagnostic(reference, message, context, _hint(project, best), tuple(dict.fromkeys(origins)), project)


def _hint(project: str, held: Held) -> str:
    file = held.candidate.file
    if held.rule == LATE_FILE:
        way = "ask the owner of the project about it, take another version, or wait until others have looked at it"
    elif file.upload_time is None:
        way = "ask the index for upload times (PEP 700)"
    else:
        way = "ask for an older version" if held.objections[0].until is None else "wait, or ask for an older version"
    lines = [exception(project, objection.rule, file.filename, file.digests) for objection in held.objections]
    lead = f"{way}\nif you have looked at this file and want it, write {IN_CONFIGURATION}"
    return lead + "\n".join(lines)
