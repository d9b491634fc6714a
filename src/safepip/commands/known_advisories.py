"""The advisories of a run that installs, downloads or locks: asked for each file, and for each version.

The bundle is opened when it is first needed, and before other threads ask it for their guesses. Without sources, and
without a bundle of them, there is nothing to ask and nothing is said, unless policy requires one. A run without a cache
folder cannot see whether there is a bundle, and says that. A bundle that is there and cannot be used ends the run.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import cached_property
from typing import TYPE_CHECKING

from safepip.model.errors import Refused, Unavailable
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.route import RoutingRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from safepip.advisories.assessing import Assessments
    from safepip.edges.advisories.bundle import Bundle
    from safepip.model.finding import Diagnostic
    from safepip.model.plan import Plan
    from safepip.model.resolution import Pin
    from safepip.model.route import Route
    from safepip.routing.table import RoutingTable


class KnownAdvisories:
    """What is known, for one run. `root` is the cache folder, None where there is none; `notice` reports a line."""

    def __init__(self, plan: Plan, root: Callable[[], str | None], notice: Callable[[str], None]) -> None:
        self._plan = plan
        self._policy = plan.policy.advisories
        self._now = plan.now
        self._root = root
        self._notice = notice

    @cached_property
    def _bundle(self) -> Bundle | None:
        sources = [source for source in self._policy.sources if not source.is_server]
        if not sources:
            self._require("no source that can be kept is configured")
            return None
        # What reads a bundle is loaded by those alone who have sources.
        from safepip.edges.advisories.bundle import has_bundle, open_bundle

        root = self._root()
        if root is None:
            self._require("they are kept in the cache folder, and this run has none")
            self._notice("advisories are not asked: they are kept in the cache folder, and this run has none")
            return None
        if not has_bundle(root, sources):
            self._require("there is no bundle of the configured sources")
            return None
        with ExitStack() as opened:
            bundle = opened.enter_context(closing(open_bundle(root, sources, self._now)))
            for doubt in bundle.doubts:
                self._require(doubt)
                self._notice(doubt)
            opened.pop_all()
        return bundle

    @cached_property
    def _vex(self) -> Assessments | None:
        """What the configured VEX files say, read when a vulnerability is found. Raises `UsageError`."""
        from safepip.commands.vex_files import read_vex

        return read_vex(self._plan)

    def open(self) -> None:
        """Open the bundle, if there is one. Raises `Unavailable` where it cannot be used or is required."""
        _ = self._bundle

    @property
    def stated(self) -> str:
        """What the bundle was made of, and when; empty where there is none. Raises as `open`."""
        return "" if self._bundle is None else repr(self._bundle.facts)

    def _require(self, reason: str) -> None:
        if self._policy.required is not None:
            raise Unavailable.because(
                "advisories-unavailable",
                "policy requires advisories, and they cannot be used",
                context=(reason, f"required by {self._policy.required}"),
                hint="name their sources in safepip.toml, and run safepip audit --update",
            )

    def leave_to_audit(self) -> None:
        """From here on refuse malware alone and tell of nothing: an audit of this run does both."""
        self._policy = self._policy._replace(refuse=None, required=None)
        self._notice = _say_nothing

    @property
    def any_known(self) -> bool:
        """Whether the digest of any malicious file is known."""
        return self._bundle is not None and self._bundle.names_files

    def check_file(self, filename: str, sha256: str) -> None:
        """Raise `Refused` (`known-malware`) for a file whose digest a malicious record names."""
        record = None if self._bundle is None else self._bundle.malicious(sha256)
        if record is None or self._is_ignored(filename, record):
            return
        from safepip.advisories.at_install import malicious_file

        raise Refused(malicious_file(filename, sha256, record))

    def _is_ignored(self, filename: str, record: str) -> bool:
        # Whole: `acme` in an ignore is not the `acme-evil` of a file.
        name = filename.partition("-")[0] if filename.endswith(".whl") else filename.rpartition("-")[0]
        project = normalise(name)
        for ignore in self._policy.ignores:
            if ignore.id == record and ignore.project == project and self._now < ignore.until:
                self._notice(f"ignored: {record} for {filename} (reason: {ignore.reason}, {ignore.origin})")
                return True
        return False

    def malicious_project(self, name: str, table: RoutingTable) -> Diagnostic | None:
        """The refusal of a name of the public index that is malicious as a whole; None where it is not."""
        claim = table.claim(name)
        if self._bundle is None or (claim is not None and not claim.index.default):
            return None
        from safepip.advisories.at_install import malicious_project

        return malicious_project(name, self._bundle.records(name), self._policy.ignores, self._now)

    def check_source(self, name: str, version: str, table: RoutingTable, required_by: tuple[Origin, ...]) -> None:
        """Raise `Refused` (`known-malware`) for a version of which an index has source code, before that is fetched: to
        learn what it requires its code may have to run. All else is for `check_pins` to say."""
        claim = table.claim(name)
        if self._bundle is None or (claim is not None and not claim.index.default):
            return
        from safepip.advisories.at_install import verdict_on
        from safepip.advisories.auditing import audit_one
        from safepip.model.advisories import AuditedVersion

        subject = AuditedVersion(name, version, Origin(Source.DISTRIBUTION, name))
        audited = audit_one(subject, self._bundle.records(name), self._policy.ignores, self._now)
        malware_alone = self._policy._replace(refuse=None, required=None)
        verdict = verdict_on(audited, malware_alone, required_by, owned=False)
        if verdict.refused:
            raise Refused(*verdict.refused)

    def check_pins(self, pins: Sequence[Pin]) -> None:
        """Judge what is about to be installed. Raises `Refused` with everything that policy forbids."""
        bundle = self._bundle
        if bundle is None:
            return
        from safepip.advisories.at_install import verdict_on
        from safepip.advisories.auditing import audit_one
        from safepip.model.advisories import AuditedVersion

        refused: list[Diagnostic] = []
        vulnerable: list[str] = []
        unverified: list[str] = []
        for pin in pins:
            subject = AuditedVersion(pin.name, str(pin.version), Origin(Source.DISTRIBUTION, str(pin.name)))
            audited = audit_one(subject, bundle.records(pin.name), self._policy.ignores, self._now)
            if any(not matter.malicious for matter in audited.counting) and self._policy.vex:
                audited = audit_one(subject, bundle.records(pin.name), self._policy.ignores, self._now, self._vex)
            verdict = verdict_on(audited, self._policy, pin.required_by, owned=_is_owned(pin.route))
            refused += verdict.refused
            vulnerable += filter(None, [verdict.vulnerable])
            if audited.unverified and not verdict.refused:
                unverified.append(f"{pin.name} {pin.version}")
            for line in verdict.notices:
                self._notice(line)
        if vulnerable:
            self._notice(f"known vulnerabilities: {'; '.join(sorted(vulnerable))}; safepip audit says more")
        if unverified:
            more = f" and {len(unverified) - 5} more" if len(unverified) > 5 else ""
            self._notice(f"could not be verified: {', '.join(unverified[:5])}{more}; safepip audit says why")
        if refused:
            raise Refused(*refused)

    def close(self) -> None:
        """Let go of the bundle."""
        if self.__dict__.get("_bundle") is not None:
            assert self._bundle is not None
            self._bundle.close()


def _say_nothing(_line: str) -> None:
    """Take a notice and do not report it."""


def _is_owned(route: Route) -> bool:
    """Whether a name is not the public index's: an index that is not the default one claims it, or the user has named
    its file or folder."""
    if route.rule is RoutingRule.DIRECT:
        return True
    claimed = route.rule in (RoutingRule.EXACT_CLAIM, RoutingRule.PREFIX_CLAIM)
    return claimed and route.index is not None and not route.index.default
