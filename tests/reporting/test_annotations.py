"""An audit as annotations: one command for each result, and nothing that others wrote is one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from safepip.model.advisories import AuditedProject, AuditedVersion, AuditOutcome, Severity, Vulnerability
from safepip.model.origin import Origin, Source
from safepip.reporting.annotation import Annotation
from safepip.reporting.annotations import annotations_of
from safepip.reporting.audit_results import audit_results
from support.schemas import annotation

PINS = Origin(Source.FILE, "deps/my, pins.txt", 3)
HOLE = Vulnerability("PYSEC-1", ("CVE-1",), Severity.MEDIUM, ("2.0",), summary="100% a hole ##[error]x\n::error::y")
EVIL = Vulnerability("MAL-1", (), Severity.UNKNOWN, (), malicious=True)


def test_findings_and_what_is_not_verified_are_commands_at_their_lines() -> None:
    """What is installed has no file of the repository."""
    there = Origin(Source.DISTRIBUTION, "/home/me/.venv")
    projects = (
        AuditedProject(AuditedVersion("demo", "1.0", PINS), (HOLE,), smallest="2.0"),
        AuditedProject(AuditedVersion("evil", "1.0", there), (EVIL,)),
    )
    lines = [
        a.command() for a in annotations_of(audit_results(AuditOutcome(projects, ("the bundle is from tomorrow",))))
    ]
    assert lines == [
        (
            "::warning file=deps/my%2C pins.txt,line=3,title=PYSEC-1::demo 1.0 has PYSEC-1, severity medium:"
            " 100%25 a hole # #[error]x ::error::y; smallest change: demo==2.0"
        ),
        "::error title=MAL-1::evil 1.0 has MAL-1, malicious; no repair is known",
        "::error file=deps/my%2C pins.txt,title=could-not-verify::nothing is verified: the bundle is from tomorrow",
    ]


@given(st.text(max_size=30), st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_no_part_ends_a_command_or_adds_to_it(file: str, title: str, message: str) -> None:
    """What the runner reads is what was meant."""
    made = Annotation("error", title, message, file, 7).command()
    read = annotation(made)
    assert re.search(r"[\r\n]", made) is None
    assert read.properties.keys() == {"title", "line", *(["file"] if file else [])}
    assert (read.name, read.properties["line"]) == ("error", "7")
    assert read.properties["title"].replace(" ", "") == title.replace(" ", "")
    assert read.properties.get("file", "").replace(" ", "") == file.replace(" ", "")
    assert read.message.replace(" ", "") == message.replace(" ", "")
