"""An audit as a bill of materials: what stands where, by the schema, and nothing that is missing reads as clean."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from safepip.model.advisories import (
    AuditedFile,
    AuditedProject,
    AuditedVersion,
    AuditOutcome,
    Ignore,
    Rating,
    Severity,
    Vulnerability,
)
from safepip.model.origin import Origin, Source
from safepip.reporting.audit_cyclonedx import audit_cyclonedx, purl_of
from support.schemas import cyclonedx

PINS = Origin(Source.FILE, "deps/my pins.txt", 3)
VECTOR = Rating("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Severity.CRITICAL)
NEW = Rating("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 6.3, Severity.MEDIUM)
HOLE = Vulnerability(
    "PYSEC-1", ("CVE-1", "X-1"), Severity.CRITICAL, ("2.0",), False, "a hole ##[error]x", (VECTOR, NEW)
)
QUIET = Vulnerability("PYSEC-2", (), Severity.UNKNOWN, ())
EVIL = Vulnerability("MAL-1", (), Severity.UNKNOWN, (), malicious=True)
DEMO = AuditedVersion("demo", "1.0", PINS)


def bom_of(*projects: AuditedProject, doubts: tuple[str, ...] = ()) -> dict[str, Any]:
    return cyclonedx(audit_cyclonedx(AuditOutcome(projects, doubts), "1.0"))


def test_a_finding_has_its_names_ratings_and_repairs() -> None:
    """Each in the field that CycloneDX has for it."""
    hole, quiet, evil = bom_of(AuditedProject(DEMO, (HOLE, QUIET, EVIL), smallest="2.0"))["vulnerabilities"]
    assert (hole["id"], hole["source"]["name"]) == ("PYSEC-1", "Python Packaging Advisory Database")
    assert [(item["id"], item["source"]["name"]) for item in hole["references"]] == [
        ("CVE-1", "CVE"),
        ("X-1", "unknown"),
    ]
    assert hole["ratings"] == [
        {"score": 9.8, "severity": "critical", "method": "CVSSv31", "vector": VECTOR.vector},
        {"score": 6.3, "severity": "medium", "method": "CVSSv4", "vector": NEW.vector},
    ]
    assert hole["recommendation"] == "Fixed in 2.0. Smallest change: demo==2.0."
    assert hole["affects"] == [{"ref": "pkg:pypi/demo@1.0", "versions": [{"version": "1.0", "status": "affected"}]}]
    assert (quiet["ratings"], quiet["recommendation"]) == ([{"severity": "unknown"}], "No fixed version is known.")
    assert (evil["cwes"], evil["recommendation"]) == ([506], "Remove demo: this version is malicious.")
    assert "analysis" not in hole


def test_what_is_ignored_is_there_and_says_so() -> None:
    """It is not said to be not affected: nobody has shown that."""
    ignore = Ignore("CVE-1", "demo", "not used here", 1_767_225_600.0, PINS)
    (hole,) = bom_of(AuditedProject(DEMO, ignored=((HOLE, ignore),)))["vulnerabilities"]
    assert hole["analysis"] == {
        "state": "in_triage",
        "detail": "ignored until 2025-12-31: not used here (deps/my pins.txt:3)",
    }


def test_an_ignored_record_that_cannot_be_judged_says_unknown() -> None:
    """Two reasons about one record have two references, and the schema wants each once."""
    ignore = Ignore("PYSEC-1", "demo", "read by us", 1_767_225_600.0, PINS)
    first, second = (
        Vulnerability("PYSEC-1", (), Severity.UNKNOWN, (), summary=reason, doubtful=True) for reason in ("one", "two")
    )
    found = bom_of(AuditedProject(DEMO, ignored=((first, ignore), (second, ignore), (HOLE, ignore))))["vulnerabilities"]
    assert len({item["bom-ref"] for item in found}) == 3
    assert [item["affects"][0]["versions"][0]["status"] for item in found] == ["unknown", "unknown", "affected"]


def test_a_version_that_is_there_twice_is_one_component() -> None:
    """With an occurrence for each; two versions of a name are two, and who requires the name requires both."""
    again = DEMO._replace(origin=Origin(Source.FILE, "other.toml", 7))
    other = AuditedVersion("demo", "2.0", PINS)
    app = AuditedVersion("app", "1", PINS, requires=("demo", "missing"))
    bom = bom_of(*map(AuditedProject, (DEMO, again, other, app)))
    first = bom["components"][0]
    assert first["evidence"]["occurrences"] == [
        {"location": "deps/my pins.txt", "line": 3},
        {"location": "other.toml", "line": 7},
    ]
    assert len(bom["components"]) == 3
    assert bom["dependencies"] == [{"ref": "pkg:pypi/app@1", "dependsOn": ["pkg:pypi/demo@1.0", "pkg:pypi/demo@2.0"]}]


def test_files_have_their_digests_and_one_file_gives_them_to_its_component() -> None:
    """Of an algorithm that CycloneDX does not know, and of what is no digest, there is none."""
    wheel = AuditedFile("files/demo 1.whl", (("sha256", "a" * 64), ("sha224", "b" * 56), ("md5", "c")))
    sdist = AuditedFile("https://files.example/demo.zip", (("blake2b", "D" * 128),))
    one = bom_of(AuditedProject(DEMO._replace(files=(wheel,))))["components"][0]
    assert one["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    two = bom_of(AuditedProject(DEMO._replace(files=(wheel, sdist))))["components"][0]
    assert "hashes" not in two
    assert [(item["url"], item["hashes"][0]["alg"]) for item in two["externalReferences"]] == [
        ("files/demo%201.whl", "SHA-256"),
        ("https://files.example/demo.zip", "BLAKE2b-512"),
    ]
    bare = bom_of(AuditedProject(DEMO._replace(files=(AuditedFile("", (("sha256", "a" * 64),)),))))["components"][0]
    assert "externalReferences" not in bare
    assert bare["hashes"]


def test_what_could_not_be_verified_is_said() -> None:
    """Of one version, and of all."""
    bare = AuditedVersion("demo", "", PINS)
    bom = bom_of(AuditedProject(bare, unverified=("no version",)), doubts=("the bundle is from tomorrow",))
    assert bom["components"][0]["properties"] == [{"name": "safepip:not-verified", "value": "no version"}]
    assert bom["metadata"]["properties"][0]["value"] == "the bundle is from tomorrow"
    assert bom["components"][0]["purl"] == "pkg:pypi/demo"


def test_no_text_of_a_database_is_a_command_to_a_runner() -> None:
    """JSON can say it otherwise."""
    text = audit_cyclonedx(AuditOutcome((AuditedProject(DEMO, (HOLE,)),)), "1.0")
    assert "##[" not in text
    assert json.loads(text)["vulnerabilities"][0]["description"] == HOLE.summary


def test_with_a_time_it_bears_a_number_that_follows_from_the_rest() -> None:
    """Another audit has another one at the same time, and the same audit at another time."""
    one, other = AuditOutcome((AuditedProject(DEMO),)), AuditOutcome(())
    numbers = [
        cyclonedx(audit_cyclonedx(outcome, "1.0", made))["serialNumber"]
        for outcome, made in ((one, 1.0), (one, 1.0), (other, 1.0), (one, 2.0))
    ]
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 3
    assert all(
        re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", n)
        for n in numbers
    )


_VERSIONS = st.one_of(
    st.from_regex(r"(1!)?[0-9]{1,3}(\.[0-9]{1,3})?(rc1)?(\+[a-z0-9]{1,4})?", fullmatch=True),
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
)


def test_a_version_that_is_no_text_is_written_all_the_same() -> None:
    """The name of a folder of installed metadata can be any bytes."""
    odd = AuditedProject(AuditedVersion("demo", "1.0\udcff", PINS), (HOLE,))
    assert bom_of(odd)["components"][0]["purl"] == "pkg:pypi/demo@1.0%ED%B3%BF"


@given(st.from_regex(r"[a-z0-9](-?[a-z0-9])*", fullmatch=True), _VERSIONS)
def test_a_package_url_is_read_as_it_was_meant(name: str, version: str) -> None:
    """By the reference library of the specification."""
    read = PackageURL.from_string(purl_of(name, version))
    assert (read.type, read.namespace, read.name) == ("pypi", None, name)
    assert read.version == version
    assert not read.qualifiers
