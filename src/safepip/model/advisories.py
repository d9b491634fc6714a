"""The words of advisories: what is known of a project's versions, where it is known from, and what policy makes of it.

The data model is OSV's. A record says of some versions of some projects that they are vulnerable, or malicious. Records
of several databases about one matter name each other as aliases, and are one finding.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.model.origin import Origin
    from safepip.model.vex import VexStatement


#: How the ids of malicious packages begin, and no others.
MALWARE_ID = "MAL-"


class Severity(enum.IntEnum):
    """How bad it is, by the words of CVSS 3 and 4. `UNKNOWN` counts as `HIGH` where a line is drawn (`counted`)."""

    UNKNOWN = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """As options, configuration and reports write it."""
        return self.name.lower()

    @property
    def counted(self) -> Severity:
        """What it counts as where only some severities matter."""
        return Severity.HIGH if self is Severity.UNKNOWN else self


#: The words that an option or a configuration may name.
SEVERITIES = {severity.word: severity for severity in Severity if severity is not Severity.UNKNOWN}


class Event(NamedTuple):
    """One event of a range: `kind` is introduced, fixed, last_affected or limit, `version` is as written."""

    kind: str
    version: str


class Affected(NamedTuple):
    """Which versions of one project a record is about: those listed, and those in the ranges, each a list of events."""

    versions: tuple[str, ...] = ()
    ranges: tuple[tuple[Event, ...], ...] = ()


class Unreadable(NamedTuple):
    """A record that cannot be used: what it is called, why, and of which source it is. `record` is empty where it is
    not a record that is missing but a whole answer; `reason` says it all then."""

    record: str
    reason: str
    source: str = ""


class Rating(NamedTuple):
    """A CVSS vector that a record gives, of version 3 or 4, with the score and the severity that follow from it."""

    vector: str
    score: float
    severity: Severity


class KnownRecord(NamedTuple):
    """What one record says of one project. `ids` are all names of its matter, its own and the aliases of aliases; that
    by which it is reported comes first."""

    ids: tuple[str, ...]
    affected: tuple[Affected, ...]
    severity: Severity = Severity.UNKNOWN
    malicious: bool = False
    summary: str = ""
    ratings: tuple[Rating, ...] = ()


class ProjectRecords(NamedTuple):
    """All that is known of one project. With `unreadable` it is not known whether that is all there is to know."""

    known: tuple[KnownRecord, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


class Vulnerability(NamedTuple):
    """One matter that a version is affected by. `aliases` are its other names. `fixed` are the later versions that the
    records name as repaired, the lowest first, `ratings` what they say of how severe it is, the worst first. With
    `doubtful` it is not known whether the version is affected, and `summary` says why."""

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    fixed: tuple[str, ...]
    malicious: bool = False
    summary: str = ""
    ratings: tuple[Rating, ...] = ()
    doubtful: bool = False


class Unverified(NamedTuple):
    """A reason why the records may not say all of a version. `ids` are the names of the record or the matter, by which
    it can be ignored; none where it is not about one. `malicious` says that a record of the matter is."""

    ids: tuple[str, ...]
    reason: str
    malicious: bool = False


class Judgement(NamedTuple):
    """What the records say of one version. `unverified` are the reasons why that may not be all. `smallest` is the
    lowest named repair that is affected by nothing known; None where there is none."""

    vulnerabilities: tuple[Vulnerability, ...] = ()
    unverified: tuple[Unverified, ...] = ()
    smallest: str | None = None


class Ignore(NamedTuple):
    """One `[[ignore]]`: this matter, or this record that cannot be judged, by any of its names, does not count for this
    project up to `until`, in seconds since the epoch. What is malicious is named by an id of malware."""

    id: str
    project: str
    reason: str
    until: float
    origin: Origin


class AuditedFile(NamedTuple):
    """A file that a version may be installed from: its URL or path, empty where it is not known, and its digests, each
    an algorithm as `hashlib` names it and hexadecimal digits. `record` is the id of a malicious record that names one
    of them."""

    place: str
    digests: tuple[tuple[str, str], ...]
    record: str = ""


class AuditedVersion(NamedTuple):
    """One version of a project that is audited: as it is written, where, and which projects there require it.

    `version` is empty where none is stated; `obstacle` then says what is there instead. `requires` are the normalised
    names of what it requires itself, None where that is not known.
    """

    name: str
    version: str
    origin: Origin
    required_by: tuple[str, ...] = ()
    obstacle: str = ""
    requires: tuple[str, ...] | None = None
    files: tuple[AuditedFile, ...] = ()


class AuditedProject(NamedTuple):
    """A subject with what is known of it. `counting` are the vulnerabilities that count: those that no ignore covers,
    and no VEX statement (`excused`). `assessed` are the statements on those that count all the same. `unverified` are
    the reasons why it may not be all, and `unjudged` the ids by which these can be ignored."""

    subject: AuditedVersion
    counting: tuple[Vulnerability, ...] = ()
    ignored: tuple[tuple[Vulnerability, Ignore], ...] = ()
    unverified: tuple[str, ...] = ()
    smallest: str | None = None
    unjudged: tuple[str, ...] = ()
    excused: tuple[tuple[Vulnerability, VexStatement], ...] = ()
    assessed: tuple[tuple[Vulnerability, VexStatement], ...] = ()


class AuditOutcome(NamedTuple):
    """A whole audit. `doubts` are reasons why nothing of it is verified; `sources` says what it is based on, a line
    each; `stale` are lines on ignores that cover nothing, and on VEX statements on something else."""

    projects: tuple[AuditedProject, ...]
    doubts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    def exit_code(self, lowest: Severity) -> int:
        """1 where something counts that is at least this severe, or malicious; else 3 where something could not be
        verified; else 0."""
        found = [matter for project in self.projects for matter in project.counting]
        if any(matter.malicious or matter.severity.counted >= lowest for matter in found):
            return 1
        return 3 if self.doubts or any(project.unverified for project in self.projects) else 0
