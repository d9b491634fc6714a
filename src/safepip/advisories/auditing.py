"""An audit: subjects and what is known of their projects in, the whole outcome out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.ignoring import pass_over, sort_out, stale
from safepip.advisories.matching import judge
from safepip.model.advisories import AuditedProject, AuditOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.model.advisories import AuditedVersion, Ignore, ProjectRecords


def audit(
    subjects: Iterable[AuditedVersion],
    records: Callable[[str], ProjectRecords],
    ignores: Sequence[Ignore],
    now: float,
    doubts: Iterable[str] = (),
    sources: Iterable[str] = (),
) -> AuditOutcome:
    """Judge every subject. `records` gives what is known of a project, by its normalised name, `now` is in seconds
    since the epoch. The order of the subjects, and subjects that are there twice, change nothing."""
    ordered = sorted({_identity(subject): subject for subject in subjects}.values(), key=_identity)
    projects = tuple(audit_one(subject, records(subject.name), ignores, now) for subject in ordered)
    used = [ignore for project in projects for _, ignore in project.ignored]
    return AuditOutcome(projects, tuple(doubts), tuple(sources), tuple(stale(ignores, used, now)))


def audit_one(
    subject: AuditedVersion, records: ProjectRecords, ignores: Sequence[Ignore], now: float
) -> AuditedProject:
    """Judge one subject."""
    if not subject.version:
        return AuditedProject(subject, unverified=(subject.obstacle,))
    verdict = judge(subject.version, records)
    counting, ignored = sort_out(subject.name, verdict.vulnerabilities, ignores, now)
    unverified, unjudged = pass_over(subject.name, verdict.unverified, ignores, now)
    return AuditedProject(
        subject,
        counting,
        (*ignored, *unjudged),
        tuple(doubt.reason for doubt in unverified),
        verdict.smallest,
        tuple(doubt.ids[0] for doubt in unverified if doubt.ids),
    )


def _identity(subject: AuditedVersion) -> tuple[str, str, str, int]:
    return subject.name, subject.version, subject.origin.where, subject.origin.line or 0
