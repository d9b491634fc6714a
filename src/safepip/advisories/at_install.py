"""What advisories say of a version that is about to be installed: refused, worth a line, or nothing.

- A version, or a whole project, in a malicious record is refused where the name is the public index's. For a name that
  another index owns, and for what the user names directly, it is a notice: many such records name a company's own
  internal packages, which a stranger had registered elsewhere.
- A vulnerability is refused from the severity on that policy names; below, and without such a policy, all of them are
  one line together.
- A vulnerability that a VEX statement covers is a notice, with the reason.
- Where policy refuses, or requires advisories, a version that cannot be verified is refused, too: what is installed
  would not have been checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.advisories.ignoring import fitting
from safepip.advisories.ranges import contains_all
from safepip.model.finding import Diagnostic, printable, without_version
from safepip.text.toml_writing import ignored_finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.advisories import AuditedProject, Ignore, ProjectRecords, Vulnerability
    from safepip.model.advisory_policy import AdvisoryPolicy
    from safepip.model.origin import Origin

MALWARE, VULNERABILITY = "known-malware", "known-vulnerability"

#: How many of the reasons why a version cannot be verified are shown.
_MOST_SHOWN = 10


class InstallVerdict(NamedTuple):
    """What comes of one version. `notices` are lines to report; `vulnerable` says it in a few words, or is empty."""

    refused: tuple[Diagnostic, ...] = ()
    notices: tuple[str, ...] = ()
    vulnerable: str = ""


def verdict_on(
    project: AuditedProject, policy: AdvisoryPolicy, required_by: tuple[Origin, ...], *, owned: bool
) -> InstallVerdict:
    """The verdict on an audited version. `owned` says that its name is not the public index's."""
    refused, lines, rest = [], [], []
    shown = f"{project.subject.name} {project.subject.version}"
    for matter in project.counting:
        if matter.malicious and owned:
            lines.append(f"{shown} has the name of something malicious on a public index ({matter.id})")
        elif matter.malicious:
            refused.append(_malware(project, matter, required_by))
        elif policy.refuse is not None and matter.severity.counted >= policy.refuse:
            refused.append(_vulnerability(project, matter, policy, required_by))
        else:
            rest.append(matter.id)
    for matter, ignore in project.ignored:
        lines.append(f"ignored: {matter.id} for {shown} (reason: {ignore.reason}, {ignore.origin})")
    lines += [f"{shown} and {matter.id}: {printable(str(statement), 500)}" for matter, statement in project.excused]
    demanded = policy.required if policy.refuse is None else policy.refuse_origin
    if demanded is not None and project.unverified:
        refused.append(_unverified(project, demanded, required_by, may_ignore=policy.may_ignore))
    return InstallVerdict(tuple(refused), tuple(lines), f"{shown} ({', '.join(rest)})" if rest else "")


def malicious_project(name: str, records: ProjectRecords, ignores: Sequence[Ignore], now: float) -> Diagnostic | None:
    """The refusal of a project of which every version is malicious, so that no index need be asked for it; None where
    no record says so."""
    for record in records.known:
        whole = any(contains_all(events) for each in record.affected for events in each.ranges)
        ignore = fitting(name, record.ids, ignores, now, malicious=record.malicious)
        if record.malicious and whole and ignore is None:
            lines = (printable(", ".join(record.ids)), *filter(None, (printable(record.summary),)))
            hint = "did you mean another project? Look for the name in its documentation"
            return Diagnostic(MALWARE, f"{name} is known to be malicious, in every version", lines, hint, subject=name)
    return None


def malicious_file(filename: str, sha256: str, record: str) -> Diagnostic:
    """The refusal of a file whose bytes a malicious record names, whatever it is called and whichever index served
    it."""
    return Diagnostic(
        MALWARE,
        f"{printable(filename)} is a file that is known to be malicious",
        (f"{printable(record)} names its digest", f"sha256:{sha256}"),
        "do not install it; find out who asks for it, and where else it was installed: safepip audit",
    )


def _malware(project: AuditedProject, matter: Vulnerability, required_by: tuple[Origin, ...]) -> Diagnostic:
    name, version = project.subject.name, project.subject.version
    return Diagnostic(
        MALWARE,
        f"{name} {printable(version)} is known to be malicious",
        (printable(_names(matter)), *filter(None, (printable(matter.summary),))),
        f"did you mean another project? Otherwise, {without_version(name, printable(version))}",
        required_by,
        name,
    )


def _vulnerability(
    project: AuditedProject, matter: Vulnerability, policy: AdvisoryPolicy, required_by: tuple[Origin, ...]
) -> Diagnostic:
    name = project.subject.name
    hint = f"its repair: {name}>={printable(matter.fixed[0])}" if matter.fixed else "no repaired version is known"
    if project.smallest is not None:
        hint = f"a version of which nothing is known: {name}=={printable(project.smallest)}"
    return Diagnostic(
        VULNERABILITY,
        f"{name} {printable(project.subject.version)} has a known vulnerability, {matter.severity.word}",
        (
            printable(_names(matter)),
            *filter(None, (printable(matter.summary),)),
            f"refused by {policy.refuse_origin}",
        ),
        hint,
        required_by,
        name,
    )


def _unverified(
    project: AuditedProject, demanded: Origin, required_by: tuple[Origin, ...], *, may_ignore: bool
) -> Diagnostic:
    name = project.subject.name
    shown = f"{name} {printable(project.subject.version)}"
    hint = "mend or leave out the record in its source, and run safepip audit --update"
    if project.unjudged and may_ignore:
        blocks = [ignored_finding(name, identity) for identity in project.unjudged[:_MOST_SHOWN]]
        hint += "\nor say why it does not matter, and until when, in safepip.toml:\n" + "\n\n".join(blocks)
    return Diagnostic(
        VULNERABILITY,
        f"it could not be verified whether {shown} has a known vulnerability",
        (*(printable(reason) for reason in project.unverified[:_MOST_SHOWN]), f"demanded by {demanded}"),
        hint,
        required_by,
        name,
    )


def _names(matter: Vulnerability) -> str:
    return f"{matter.id} ({', '.join(matter.aliases)})" if matter.aliases else matter.id
