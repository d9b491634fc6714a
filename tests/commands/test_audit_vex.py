"""`safepip audit` with VEX statements: what they leave out is told in every form, and what is wrong is never clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.advisories import malicious, record, versions_of
from support.audits import know
from support.schemas import annotation, cyclonedx, own, sarif
from support.vex import document, product, statement

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

DEMO = "pkg:pypi/demo@1.0"
SAFE = statement("not_affected", "CVE-1", DEMO, impact_statement="never called")
RECORDS = (
    record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",)),
    malicious("MAL-1", "evil", listed=["6.6"]),
)
AUDIT = ("audit", "-r", "requirements.txt")


@pytest.fixture
def project(run: Inside) -> Path:
    know(run, *RECORDS)
    (run.folder / "requirements.txt").write_text("# pins\ndemo==1.0\n")
    return run.folder


def test_a_finding_that_is_covered_is_told_and_does_not_count(run: Inside, project: Path) -> None:
    """With how many, why, and who says so: for people, and in every form for programs."""
    (project / "app.json").write_text(document(SAFE))
    words = (*AUDIT, "--vex", "app.json")
    done = run(*words)
    why = "not affected: vulnerable_code_not_in_execute_path: never called (VEX of Acme Security, app.json)"
    assert done.code == 0
    assert f"PYSEC-1  {why}" in done.out
    assert done.out.splitlines()[-1] == "no finding in 1 version; 1 left out by VEX"
    done = run(*words, "--output-format", "json")
    (item,) = own("audit", done.out)["projects"][0]["vulnerabilities"]
    assert (done.code, item["counts"], item["ignored"]) == (0, False, None)
    assert item["vex"] == {
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "detail": "never called",
        "author": "Acme Security",
        "time": "2024-03-01T00:00:00Z",
        "place": "app.json",
    }
    (part,) = sarif(run(*words, "--output-format", "sarif").out)["runs"]
    assert part["results"] == []
    (note,) = part["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == f"demo 1.0 and PYSEC-1: {why}"
    line = annotation(run(*words, "--output-format", "github").out.rstrip("\n"))
    assert (line.name, line.properties["line"], line.message) == ("notice", "2", f"demo 1.0 and PYSEC-1: {why}")
    (found,) = cyclonedx(run(*words, "--output-format", "cyclonedx").out)["vulnerabilities"]
    assert found["analysis"] == {
        "state": "not_affected",
        "justification": "code_not_reachable",
        "detail": why,
        "lastUpdated": "2024-03-01T00:00:00Z",
    }
    assert found["affects"][0]["versions"][0]["status"] == "unaffected"


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [("affected", "exploitable", 1), ("under_investigation", "in_triage", 1), ("fixed", "resolved", 0)],
)
def test_other_statements_are_told_too(run: Inside, project: Path, status: str, state: str, code: int) -> None:
    """What counts, counts with what was said of it."""
    (project / "app.json").write_text(document(statement(status, "CVE-1", DEMO)))
    done = run(*AUDIT, "--vex", "app.json")
    assert done.code == code
    assert f"{status.replace('_', ' ')}" in done.out
    report = own("audit", run(*AUDIT, "--vex", "app.json", "--output-format", "json").out)
    (item,) = report["projects"][0]["vulnerabilities"]
    assert (item["counts"], item["vex"]["status"]) == (bool(code), status)
    bom = cyclonedx(run(*AUDIT, "--vex", "app.json", "--output-format", "cyclonedx").out)
    assert bom["vulnerabilities"][0]["analysis"]["state"] == state


def test_of_several_files_the_latest_statement_counts(run: Inside, project: Path) -> None:
    """In whatever order they are named."""
    (project / "old.json").write_text(document(SAFE))
    late = statement("affected", "PYSEC-1", "pkg:pypi/demo", timestamp="2024-03-02T00:00:00Z")
    (project / "new.json").write_text(document(late))
    assert run(*AUDIT, "--vex", "old.json", "--vex", "new.json").code == 1
    assert run(*AUDIT, "--vex", "new.json", "--vex", "old.json").code == 1


def test_malware_stays_malware(run: Inside, project: Path) -> None:
    """Whoever says otherwise."""
    (project / "requirements.txt").write_text("evil==6.6\n")
    (project / "app.json").write_text(document(statement("not_affected", "MAL-1", "pkg:pypi/evil@6.6", "app")))
    done = run(*AUDIT, "--vex", "app.json", "--vex-product", "app")
    assert done.code == 1
    assert "malicious" in done.out


def test_a_product_is_named_by_the_user(run: Inside, project: Path) -> None:
    """On the command line or beside the file; until then a line says that it could be."""
    (project / "app.json").write_text(document(statement("not_affected", "CVE-1", product("pkg:oci/app", DEMO))))
    done = run(*AUDIT, "--vex", "app.json")
    assert done.code == 1
    assert "app.json: what it says of pkg:oci/app counts where --vex-product says that this is audited" in done.err
    done = run(*AUDIT, "--vex", "app.json", "--vex-product", "pkg:oci/app")
    assert (done.code, "--vex-product" in done.err) == (0, False)
    know(run, *RECORDS, more='[[vex]]\npath = "app.json"\nproduct = "pkg:oci/app"\n')
    assert run(*AUDIT).code == 0
    (project / "below").mkdir()
    done = run("audit", "-r", "requirements.txt", "--config", "safepip.toml")
    assert done.code == 0


@pytest.mark.parametrize("text", ["{", document(), document(SAFE, timestamp="3024-01-01T00:00:00Z"), None])
def test_a_broken_or_missing_file_is_an_error(run: Inside, project: Path, text: str | None) -> None:
    """Never clean, and nothing of it is believed; the same where configuration names it."""
    if text is not None:
        (project / "app.json").write_text(text)
    done = run(*AUDIT, "--vex", "app.json")
    assert (done.code, done.out) == (2, "")
    assert "error: invalid-vex" in done.err
    assert "from --vex" in done.err
    know(run, *RECORDS, more='[[vex]]\npath = "app.json"\n')
    done = run(*AUDIT)
    assert done.code == 2
    assert "safepip.toml:4" in done.err


@pytest.mark.parametrize("words", [("--vex", "https://acme.example/vex.json"), ("--vex-product", "app")])
def test_what_can_have_no_effect_is_an_error(run: Inside, project: Path, words: tuple[str, ...]) -> None:
    """A URL, and a product that no file speaks of."""
    assert run(*AUDIT, *words).code == 2


def test_policy_above_forbids_them(run: Inside, project: Path) -> None:
    """As every exception from the rule on vulnerabilities: on the command line, and in lower levels."""
    (project / "app.json").write_text(document(SAFE))
    folder = project / "home" / ".config" / "safepip"
    folder.mkdir(parents=True)
    (folder / "safepip.toml").write_text('[policy]\nforbid-allow = ["known-vulnerability"]\n')
    assert run(*AUDIT).code == 1
    done = run(*AUDIT, "--vex", "app.json")
    assert done.code == 2
    assert "error: policy-loosened" in done.err
    assert "--vex makes some" in done.err
    (project / "safepip.toml").write_text('[[advisories]]\nname = "test"\npath = "db"\n[[vex]]\npath = "app.json"\n')
    done = run(*AUDIT)
    assert done.code == 2
    assert "safepip.toml:4" in done.err


def test_check_config_lists_the_files(run: Inside, project: Path) -> None:
    """With the product that they are about, and where that is said."""
    know(run, *RECORDS, more='[[vex]]\npath = "vex/app.json"\nproduct = "pkg:oci/app"\n')
    shown = run("check-config").out
    assert f"VEX statements of pkg:oci/app: {project / 'vex' / 'app.json'}  from {project / 'safepip.toml'}:4" in shown


def test_a_fix_leaves_what_is_covered(run: Inside, project: Path) -> None:
    """There is nothing to fix then, and no index is asked."""
    (project / "app.json").write_text(document(SAFE))
    pins = f"demo==1.0 --hash=sha256:{'a' * 64}\n"
    (project / "locked.txt").write_text(pins)
    done = run("audit", "--fix", "-r", "locked.txt", "--vex", "app.json", "-i", "http://127.0.0.1:9/")
    assert done.code == 0, done.err
    assert (project / "locked.txt").read_text() == pins
