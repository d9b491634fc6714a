"""An audit as SARIF: what stands where, and that nothing that is missing reads as clean."""

from __future__ import annotations

from typing import Any

from safepip.model.advisories import AuditedProject, AuditedVersion, AuditOutcome, Ignore, Severity, Vulnerability
from safepip.model.origin import Origin, Source
from safepip.reporting.audit_results import audit_results
from safepip.reporting.sarif import sarif_log
from support.schemas import sarif

PINS = Origin(Source.FILE, "deps/my pins.txt", 3)
HOLE = Vulnerability("PYSEC-1", ("CVE-1",), Severity.MEDIUM, ("2.0",), summary="a hole ##[error]x")
QUIET = Vulnerability("PYSEC-2", (), Severity.UNKNOWN, ())
EVIL = Vulnerability("MAL-1", (), Severity.UNKNOWN, (), malicious=True)


def audit_sarif(outcome: AuditOutcome) -> str:
    return sarif_log(audit_results(outcome), "1.0", 1, successful=True)


def run_of(*projects: AuditedProject, doubts: tuple[str, ...] = ()) -> dict[str, Any]:
    (run,) = sarif(audit_sarif(AuditOutcome(projects, doubts)))["runs"]
    assert {result["ruleId"] for result in run["results"]} == {r["id"] for r in run["tool"]["driver"]["rules"]}
    return dict(run)


def test_a_finding_stands_at_the_line_that_names_its_version() -> None:
    """The file as it was named, as a URI."""
    project = AuditedProject(AuditedVersion("demo", "1.0", PINS), (HOLE, QUIET, EVIL), smallest="2.0")
    run = run_of(project)
    assert [result["level"] for result in run["results"]] == ["warning", "error", "error"]
    first = run["results"][0]
    assert first["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "deps/my%20pins.txt"}, "region": {"startLine": 3}}}
    ]
    assert first["message"]["text"].startswith("demo 1.0 has PYSEC-1, severity medium: a hole")
    assert "smallest change: demo==2.0" in first["message"]["text"]
    scores = [rule["properties"]["security-severity"] for rule in run["tool"]["driver"]["rules"]]
    assert scores == ["5.5", "8.0", "8.0"]


def test_what_is_installed_has_no_file_of_the_repository() -> None:
    """A path of site-packages is none."""
    place = Origin(Source.DISTRIBUTION, "/home/me/.venv")
    (result,) = run_of(AuditedProject(AuditedVersion("demo", "1.0", place), (HOLE,)))["results"]
    assert "locations" not in result


def test_what_could_not_be_verified_is_a_result() -> None:
    """Of one version, and of all."""
    project = AuditedProject(AuditedVersion("demo", "", PINS), unverified=("no version",))
    results = run_of(project, doubts=("the bundle is from tomorrow",))["results"]
    assert [result["ruleId"] for result in results] == ["could-not-verify"] * 2
    assert "from tomorrow" in results[1]["message"]["text"]
    where = results[1]["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "deps/my%20pins.txt"}}


def test_what_is_ignored_is_no_result() -> None:
    """It does not count."""
    ignore = Ignore("CVE-1", "demo", "not used here", 1.0, PINS)
    assert run_of(AuditedProject(AuditedVersion("demo", "1.0", PINS), ignored=((HOLE, ignore),)))["results"] == []


def test_no_text_of_a_database_is_a_command_to_a_runner() -> None:
    """JSON can say it otherwise."""
    project = AuditedProject(AuditedVersion("demo", "1.0", PINS), (HOLE,))
    assert "##[" not in audit_sarif(AuditOutcome((project,)))
