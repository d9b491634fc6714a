"""What an audit found as a bill of materials: CycloneDX 1.6, with the vulnerabilities in it.

- A component is a version of a project, named by its package URL. Where it is locked or pinned, once or more often, are
  its occurrences, and its files are external references with their digests; a digest is the component's own where it
  has one file.
- What one component requires of the others is in the graph. One whose requirements are not known is not in it, which
  the specification takes for "unknown".
- A vulnerability is there once for each component that it is known of, because what repairs it, and what was said of
  it, differs between them.
- CycloneDX has no word for "not verified": properties of the component, or of the whole, say so, as does the exit code.
- The same audit makes the same bytes: it has no time, and no serial number, which the specification wants to be new
  each time. Where a time is given (`made`) it has both, and the number is derived from the rest.

Source: ECMA-424 and the JSON schema of CycloneDX 1.6; the package URL specification, type `pypi`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID, uuid5

from safepip.model.finding import printable
from safepip.model.spans import day_and_time
from safepip.model.vex import VexStatus
from safepip.reporting.file_uris import uri_of
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.advisories import AuditedFile, AuditedProject, AuditOutcome, Ignore, Rating, Vulnerability
    from safepip.model.vex import VexStatement

#: How CycloneDX writes the algorithms of `hashlib`, with the number of their hexadecimal digits.
_ALGORITHMS = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
    "sha3_256": ("SHA3-256", 64),
    "sha3_384": ("SHA3-384", 96),
    "sha3_512": ("SHA3-512", 128),
    "blake2b": ("BLAKE2b-512", 128),
}

#: The databases that ids are from, by how these begin.
_DATABASES = {
    "CVE-": "CVE",
    "GHSA-": "GitHub Advisory Database",
    "MAL-": "OpenSSF Malicious Packages",
    "OSV-": "OSV",
    "PYSEC-": "Python Packaging Advisory Database",
}

_METHODS = {"CVSS:3.0": "CVSSv3", "CVSS:3.1": "CVSSv31", "CVSS:4.0": "CVSSv4"}

#: What the words of OpenVEX are in CycloneDX. The two that it does not have are there with the reason in `detail`.
_STATES = {
    VexStatus.NOT_AFFECTED: "not_affected",
    VexStatus.FIXED: "resolved",
    VexStatus.AFFECTED: "exploitable",
    VexStatus.UNDER_INVESTIGATION: "in_triage",
}
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}

#: CWE-506, "Embedded Malicious Code".
_MALICIOUS = 506

#: The space of names of serial numbers that are derived; made once, by chance.
_SERIALS = UUID("0c3a1a0e-5f63-4a55-9d0b-6d2b2f9a4f51")


def audit_cyclonedx(outcome: AuditOutcome, version: str, made: float | None = None) -> str:
    """The outcome as a bill of materials. `version` is safepip's own, `made` a time in seconds since the epoch."""
    components = _merged(outcome.projects)
    metadata: dict[str, Any] = {
        "tools": {"components": [{"type": "application", "name": "safepip", "version": version}]},
    }
    doubts = [_property("not-verified", doubt) for doubt in outcome.doubts]
    if doubts:
        metadata["properties"] = doubts
    body = {
        "version": 1,
        "metadata": metadata,
        "components": [_component(there) for there in components.values()],
        "dependencies": list(_dependencies(components)),
        "vulnerabilities": [item for there in components.values() for item in _each_named(_vulnerabilities(there[0]))],
    }
    head: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
    }
    if made is not None:
        metadata["timestamp"] = day_and_time(made)
        head["serialNumber"] = f"urn:uuid:{uuid5(_SERIALS, json.dumps(body))}"
    return disarm_data(json.dumps(head | body, indent=2, ensure_ascii=True))


def purl_of(name: str, version: str) -> str:
    """The package URL of a version of a project; of the project where the version is empty."""
    # The version of an installed distribution may be of a folder whose name is no valid text.
    written = quote(version, safe="", errors="surrogatepass")
    return f"pkg:pypi/{quote(name, safe='')}" + (f"@{written}" if version else "")


def _merged(projects: Iterable[AuditedProject]) -> dict[str, list[AuditedProject]]:
    """By package URL, everything that is this version."""
    found: dict[str, list[AuditedProject]] = {}
    for project in projects:
        found.setdefault(purl_of(project.subject.name, project.subject.version), []).append(project)
    return found


# --- components ----------------------------------------------------------------------------------------------------


def _component(there: list[AuditedProject]) -> dict[str, Any]:
    subject = there[0].subject
    purl = purl_of(subject.name, subject.version)
    made: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": subject.name}
    if subject.version:
        made["version"] = subject.version
    files = list(dict.fromkeys(file for project in there for file in project.subject.files))
    if len(files) == 1 and (digests := _digests(files[0])):
        made["hashes"] = digests
    made["purl"] = purl
    if places := [_distribution(file) for file in files if file.place]:
        made["externalReferences"] = places
    made["evidence"] = {"occurrences": [_occurrence(project) for project in there]}
    reasons = dict.fromkeys(reason for project in there for reason in project.unverified)
    if reasons:
        made["properties"] = [_property("not-verified", reason) for reason in reasons]
    return made


def _digests(file: AuditedFile) -> list[dict[str, str]]:
    """The digests of a file, without those that CycloneDX has no name for."""
    found = []
    for algorithm, digits in file.digests:
        name, length = _ALGORITHMS.get(algorithm, ("", 0))
        if name and re.fullmatch(f"[0-9a-fA-F]{{{length}}}", digits):
            found.append({"alg": name, "content": digits.lower()})
    return found


def _distribution(file: AuditedFile) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "distribution", "url": uri_of(file.place)}
    if digests := _digests(file):
        made["hashes"] = digests
    return made


def _occurrence(project: AuditedProject) -> dict[str, Any]:
    origin = project.subject.origin
    made: dict[str, Any] = {"location": printable(origin.where, 1000)}
    return made if origin.line is None else made | {"line": origin.line}


def _property(name: str, text: str) -> dict[str, str]:
    return {"name": f"safepip:{name}", "value": printable(text, 1000)}


def _dependencies(components: dict[str, list[AuditedProject]]) -> Iterator[dict[str, Any]]:
    """The edges between components that stand in the same place, of those whose requirements are known."""
    named: dict[tuple[str, str], list[str]] = {}
    for purl, there in components.items():
        for project in there:
            named.setdefault((project.subject.origin.where, project.subject.name), []).append(purl)
    for purl, there in components.items():
        if all(project.subject.requires is None for project in there):
            continue
        required = [
            other
            for project in there
            for name in project.subject.requires or ()
            for other in named.get((project.subject.origin.where, name), ())
        ]
        yield {"ref": purl, "dependsOn": sorted(set(required))}


# --- vulnerabilities -----------------------------------------------------------------------------------------------


def _each_named(made: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """With a reference of its own for each: of one record there may be several reasons why it cannot be judged."""
    seen: dict[str, int] = {}
    for item in made:
        reference = item["bom-ref"]
        seen[reference] = number = seen.get(reference, 0) + 1
        yield item if number == 1 else item | {"bom-ref": f"{reference} {number}"}


def _vulnerabilities(project: AuditedProject) -> Iterator[dict[str, Any]]:
    assessed = dict(project.assessed)
    for matter in project.counting:
        analysis = {"analysis": _analysis(assessed[matter])} if matter in assessed else {}
        yield _vulnerability(project, matter) | analysis
    for matter, statement in project.excused:
        made = _vulnerability(project, matter) | {"analysis": _analysis(statement)}
        made["affects"][0]["versions"][0]["status"] = "unaffected"
        yield made
    for matter, ignore in project.ignored:
        yield _vulnerability(project, matter) | {"analysis": _ignored(ignore)}


def _vulnerability(project: AuditedProject, matter: Vulnerability) -> dict[str, Any]:
    subject = project.subject
    purl = purl_of(subject.name, subject.version)
    made: dict[str, Any] = {"bom-ref": f"{matter.id} {purl}", **_named(matter.id)}
    if matter.aliases:
        made["references"] = [_reference(alias) for alias in matter.aliases]
    made["ratings"] = [_rating(rating) for rating in matter.ratings] or [{"severity": matter.severity.word}]
    if matter.malicious:
        made["cwes"] = [_MALICIOUS]
    if matter.summary:
        made["description"] = printable(matter.summary, 1000)
    made["recommendation"] = printable(_recommendation(project, matter), 1000)
    status = "unknown" if matter.doubtful else "affected"
    made["affects"] = [{"ref": purl, "versions": [{"version": subject.version, "status": status}]}]
    return made


def _named(identity: str) -> dict[str, Any]:
    made: dict[str, Any] = {"id": identity}
    database = next((name for start, name in _DATABASES.items() if identity.startswith(start)), None)
    return made if database is None else made | {"source": {"name": database}}


def _reference(alias: str) -> dict[str, Any]:
    """CycloneDX wants the source of each."""
    return {"source": {"name": "unknown"}} | _named(alias)


def _rating(rating: Rating) -> dict[str, Any]:
    method = _METHODS.get(rating.vector.partition("/")[0], "other")
    return {"score": rating.score, "severity": rating.severity.word, "method": method, "vector": rating.vector}


def _recommendation(project: AuditedProject, matter: Vulnerability) -> str:
    name = project.subject.name
    if matter.malicious and not matter.fixed:
        return f"Remove {name}: this version is malicious."
    if not matter.fixed:
        return "No fixed version is known."
    fixed = f"Fixed in {', '.join(matter.fixed)}."
    return fixed if project.smallest is None else f"{fixed} Smallest change: {name}=={project.smallest}."


def _analysis(statement: VexStatement) -> dict[str, Any]:
    made: dict[str, Any] = {"state": _STATES[statement.status]}
    if statement.justification:
        made["justification"] = _JUSTIFICATIONS[statement.justification]
    made["detail"] = printable(str(statement), 2000)
    return made | {"lastUpdated": day_and_time(statement.moment)}


def _ignored(ignore: Ignore) -> dict[str, Any]:
    """An ignore says for how long a finding does not count, and not that the version is not affected."""
    last = day_and_time(ignore.until - 1).partition("T")[0]
    return {"state": "in_triage", "detail": printable(f"ignored until {last}: {ignore.reason} ({ignore.origin})", 1000)}
