"""An audit: subjects and what is known of their projects in, the whole outcome out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.ignoring import pass_over, sort_out, stale
from safepip.advisories.matching import judge
from safepip.model.advisories import AuditedProject, AuditOutcome, Severity, Vulnerability
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.advisories.assessing import Assessments
    from safepip.model.advisories import AuditedFile, AuditedVersion, Ignore, ProjectRecords
    from safepip.model.vex import VexStatement


def audit(
    subjects: Iterable[AuditedVersion],
    records: Callable[[str], ProjectRecords],
    ignores: Sequence[Ignore],
    now: float,
    doubts: Iterable[str] = (),
    sources: Iterable[str] = (),
    vex: Assessments | None = None,
) -> AuditOutcome:
    """Judge every subject. `records` gives what is known of a project, by its normalised name, `now` is in seconds
    since the epoch. The order of the subjects, and subjects that are there twice, change nothing."""
    ordered = sorted({_identity(subject): subject for subject in subjects}.values(), key=_identity)
    projects = tuple(audit_one(subject, records(subject.name), ignores, now, vex) for subject in ordered)
    used = [ignore for project in projects for _, ignore in project.ignored]
    elsewhere = () if vex is None else vex.elsewhere
    lines = (*stale(ignores, used, now), *(_elsewhere(product, statement) for product, statement in elsewhere))
    return AuditOutcome(projects, tuple(doubts), tuple(sources), lines)


def _elsewhere(product: str, statement: VexStatement) -> str:
    shown = printable(product)
    return f"{statement.origin}: what it says of {shown} counts where --vex-product says that this is audited"


def audit_one(
    subject: AuditedVersion,
    records: ProjectRecords,
    ignores: Sequence[Ignore],
    now: float,
    vex: Assessments | None = None,
) -> AuditedProject:
    """Judge one subject."""
    by_digest = _by_digest(subject)
    if not subject.version:
        counting, ignored = sort_out(subject.name, by_digest, ignores, now)
        return AuditedProject(subject, counting, ignored, unverified=(subject.obstacle,))
    verdict = judge(subject.version, records)
    named = {name for matter in verdict.vulnerabilities for name in (matter.id, *matter.aliases) if matter.malicious}
    found_files = (matter for matter in by_digest if matter.id not in named)
    counting, ignored = sort_out(subject.name, (*found_files, *verdict.vulnerabilities), ignores, now)
    unverified, unjudged = pass_over(subject.name, verdict.unverified, ignores, now)
    found = (
        () if vex is None else tuple((matter, s) for matter in counting if (s := vex.of(subject, matter)) is not None)
    )
    excused = tuple(pair for pair in found if pair[1].status.covers)
    excusing = dict(excused)
    return AuditedProject(
        subject,
        tuple(matter for matter in counting if matter not in excusing),
        (*ignored, *unjudged),
        tuple(doubt.reason for doubt in unverified),
        verdict.smallest,
        tuple(doubt.ids[0] for doubt in unverified if doubt.ids),
        excused,
        tuple(pair for pair in found if not pair[1].status.covers),
    )


def _by_digest(subject: AuditedVersion) -> tuple[Vulnerability, ...]:
    """What is malicious of the files that a subject may be installed from, by their bytes, whatever they are called."""
    found: dict[str, Vulnerability] = {}
    for file in filter(lambda file: file.record, subject.files):
        summary = f"the record names the digest of {printable(file.place.rpartition('/')[2]) or 'its file'}"
        matter = Vulnerability(file.record, (), Severity.UNKNOWN, (), malicious=True, summary=summary)
        found.setdefault(file.record, matter)
    return tuple(found.values())


def _identity(subject: AuditedVersion) -> tuple[str, str, str, int, tuple[AuditedFile, ...]]:
    # Not every lock says in which lines its packages are; of two for the same version each has files of its own.
    return subject.name, subject.version, subject.origin.where, subject.origin.line or 0, subject.files
