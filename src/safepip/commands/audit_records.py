"""What the configured sources know, for one audit: the bundle is opened once, a server asked once for each name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from safepip.advisories.auditing import audit, audit_one
from safepip.commands.audit_servers import ask_servers
from safepip.commands.vex_files import read_vex
from safepip.edges.advisories.bundle import files_among, open_bundle
from safepip.model.advisories import AuditedVersion, ProjectRecords
from safepip.model.errors import Unavailable
from safepip.model.origin import BUILT_IN
from safepip.model.spans import day_and_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.commands.audit_input import AuditInput
    from safepip.commands.resources import Resources
    from safepip.edges.advisories.bundle import Bundle
    from safepip.model.advisories import AuditedFile, AuditedProject, AuditOutcome
    from safepip.model.plan import Plan


def advisories_folder(resources: Resources) -> str:
    """The folder in which bundles are kept. Raises `Unavailable` where the run keeps nothing."""
    if resources.store.private:
        raise Unavailable.because(
            "advisories-unavailable",
            "advisories are kept in the cache folder, and this run has none",
            hint="leave out --no-cache-dir, or name a folder with --cache-dir",
        )
    return resources.store.root


def records_in_words(number: int) -> str:
    """How many records, as words."""
    return f"{number} record{'' if number == 1 else 's'}"


class AuditRecords:
    """Use as a context manager. Raises `Unavailable` where the bundle cannot be used, `UsageError` for a VEX file."""

    def __init__(self, plan: Plan, resources: Resources) -> None:
        self._plan = plan
        self._resources = resources
        self._answers: dict[str, ProjectRecords] = {}
        self._bundle: Bundle | None = None
        self._vex = read_vex(plan)
        policy = plan.policy.advisories
        if files_among(policy.sources):
            self._bundle = open_bundle(advisories_folder(resources), policy.sources, plan.now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bundle is not None:
            self._bundle.close()

    def ask(self, names: Iterable[str]) -> None:
        """Ask the servers for these projects together."""
        new = set(names) - self._answers.keys()
        if new:
            self._answers |= ask_servers(self._plan, new, self._resources)

    def of(self, name: str) -> ProjectRecords:
        """All that is known of a project."""
        self.ask([name])
        parts = [self._answers[name], *([] if self._bundle is None else [self._bundle.records(name)])]
        return ProjectRecords(
            tuple(known for part in parts for known in part.known),
            tuple(fault for part in parts for fault in part.unreadable),
        )

    def judge(self, subjects: AuditInput) -> AuditOutcome:
        """The audit of these versions."""
        self.ask(subject.name for subject in subjects.found)
        policy = self._plan.policy.advisories
        doubts = (*(() if self._bundle is None else self._bundle.doubts), *subjects.doubts)
        sources = [*self._described(), *(f"advisories of {s.name}: asked" for s in policy.sources if s.is_server)]
        found = map(self._with_named_files, subjects.found)
        return audit(found, self.of, policy.ignores, self._plan.now, doubts, sources, self._vex)

    def judge_version(self, name: str, version: str) -> AuditedProject:
        """The audit of one version, wherever it may be."""
        subject = AuditedVersion(name, version, BUILT_IN)
        return audit_one(subject, self.of(name), self._plan.policy.advisories.ignores, self._plan.now, self._vex)

    def _with_named_files(self, subject: AuditedVersion) -> AuditedVersion:
        """The same, its files with the malicious records that name their digests."""
        bundle = self._bundle
        if bundle is None or not subject.files or not bundle.names_files:
            return subject

        def named(file: AuditedFile) -> AuditedFile:
            records = (bundle.malicious(value.lower()) for kind, value in file.digests if kind.lower() == "sha256")
            return file._replace(record=next(filter(None, records), ""))

        return subject._replace(files=tuple(map(named, subject.files)))

    def _described(self) -> list[str]:
        return [
            f"advisories of {source.name}: {records_in_words(source.records)},"
            f" the newest of {day_and_time(source.newest)}"
            for source in (() if self._bundle is None else self._bundle.facts.sources)
        ]
