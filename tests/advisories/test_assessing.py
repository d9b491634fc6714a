"""Which VEX statement counts for a finding, and when none does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.advisories.assessing import Assessments
from safepip.advisories.openvex import read_openvex
from safepip.model.advisories import AuditedVersion, Severity, Vulnerability
from safepip.model.origin import BUILT_IN, Origin, Source
from support.vex import document, product, statement

NOW = 1_709_337_600.0
MATTER = Vulnerability("PYSEC-1", ("GHSA-1", "CVE-1"), Severity.HIGH, ())
EVIL = Vulnerability("MAL-1", ("CVE-1",), Severity.HIGH, (), malicious=True)
DEMO = "pkg:pypi/demo@1.0"
EARLY, LATE = "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"


def assessed(
    *statements: dict[str, Any], matter: Vulnerability = MATTER, version: str = "1.0", products: tuple[str, ...] = ()
) -> str:
    """The status that counts; empty where no statement does."""
    found = Assessments()
    read = read_openvex(document(*statements).encode(), Origin(Source.FILE, "vex.json"), NOW)
    found.add(read, products)
    counts = found.of(AuditedVersion("demo", version, BUILT_IN), matter)
    return "" if counts is None else counts.status.value


@pytest.mark.parametrize("name", ["PYSEC-1", "GHSA-1", "CVE-1"])
def test_a_statement_is_about_a_matter_by_any_of_its_names(name: str) -> None:
    """And not by a name that is like one of them."""
    assert assessed(statement("not_affected", name, DEMO)) == "not_affected"
    assert assessed(statement("not_affected", f"{name}0", DEMO)) == ""
    assert assessed(statement("not_affected", name.lower(), DEMO)) == ""


def test_aliases_are_one_equivalence_with_those_of_the_advisories() -> None:
    """Two statements are on one matter that meet only in a third one's aliases, and the later one counts."""
    linked = {"name": "CVE-1", "aliases": ["ACME-1"]}
    safe = statement("not_affected", "CVE-1", DEMO, vulnerability=linked, timestamp=EARLY)
    again = statement("affected", "X-9", DEMO, vulnerability={"name": "X-9", "aliases": ["ACME-1"]}, timestamp=LATE)
    assert assessed(safe) == "not_affected"
    assert assessed(safe, again) == "affected"


@pytest.mark.parametrize(
    ("identity", "version", "status"),
    [
        ("pkg:pypi/demo@1.0", "1.0", "not_affected"),
        ("pkg:pypi/demo@1.0", "1.0.0", "not_affected"),
        ("pkg:pypi/demo", "7", "not_affected"),
        ("pkg:pypi/demo", "odd", "not_affected"),
        ("pkg:pypi/demo@odd", "odd", "not_affected"),
        ("pkg:pypi/demo@1.0", "1.1", ""),
        ("pkg:pypi/demo@1.0", "1.0+cpu", ""),
        ("pkg:pypi/demo@1.0?file_name=demo-1.0.zip", "1.0", ""),
        ("pkg:pypi/other@1.0", "1.0", ""),
        ("pkg:npm/demo@1.0", "1.0", ""),
        ("https://acme.example/app", "1.0", ""),
    ],
)
def test_it_covers_the_very_version_that_it_names(identity: str, version: str, status: str) -> None:
    """Or all versions where it names none."""
    assert assessed(statement("not_affected", "CVE-1", identity), version=version) == status


def test_digests_of_a_product_are_less_than_its_version() -> None:
    """Which file is installed is not known."""
    files = product(DEMO, hashes={"sha-256": "ab"})
    assert assessed(statement("not_affected", "CVE-1", files)) == ""
    assert assessed(statement("not_affected", "CVE-1", DEMO), statement("affected", "CVE-1", files)) == "affected"


def test_what_is_affected_may_be_vague() -> None:
    """A later word of warning counts for a local version, for files, and for all versions."""
    safe = statement("not_affected", "CVE-1", "pkg:pypi/demo", timestamp=EARLY)
    for identity in (DEMO, f"{DEMO}?file_name=x", "pkg:pypi/demo"):
        warned = statement("affected", "CVE-1", identity, timestamp=LATE)
        assert assessed(safe, warned, version="1.0+cpu") == "affected"
    assert assessed(safe, statement("affected", "CVE-1", DEMO, timestamp=LATE), version="1.1") == "not_affected"


def test_fixed_says_in_which_version() -> None:
    """A whole project cannot have been fixed."""
    assert assessed(statement("fixed", "CVE-1", DEMO)) == "fixed"
    assert assessed(statement("fixed", "CVE-1", "pkg:pypi/demo")) == ""

    for status in _STATUSES:
        whole = statement(status, "CVE-1", "pkg:oci/app")
        assert assessed(whole, products=("pkg:oci/app",)) == ("" if status == "fixed" else status)
    part = statement("fixed", "CVE-1", product("pkg:oci/app", DEMO))
    assert assessed(part, products=("pkg:oci/app",)) == "fixed"


@pytest.mark.parametrize("status", ["affected", "under_investigation", "not_affected"])
def test_no_other_statement_makes_one_cover_more(status: str) -> None:
    """Its aliases would join what its author never named, whatever its own status and product are."""
    safe = statement("not_affected", "OTHER-1", DEMO)
    joined = {"name": "OTHER-1", "aliases": ["CVE-1"]}
    elsewhere = statement(status, "OTHER-1", "pkg:npm/else", vulnerability=joined)
    assert assessed(safe, elsewhere) == ""
    assert assessed(statement("not_affected", "CVE-1", DEMO, vulnerability=joined)) == "not_affected"
    later = statement("affected", "OTHER-1", DEMO, timestamp=LATE)
    assert assessed(statement("not_affected", "CVE-1", DEMO, timestamp=EARLY), elsewhere, later) == "affected"


def test_subcomponents_are_meant_within_their_product() -> None:
    """Which the user has to name; another product's are not."""
    made = statement("not_affected", "CVE-1", product("pkg:oci/app", DEMO))
    assert assessed(made) == ""
    assert assessed(made, products=("pkg:oci/other",)) == ""
    assert assessed(made, products=("pkg:oci/app",)) == "not_affected"
    assert assessed(made, products=("pkg:oci/app",), version="1.1") == ""
    whole = statement("not_affected", "CVE-1", "pkg:oci/app")
    assert assessed(whole) == ""
    assert assessed(whole, products=("pkg:oci/app",)) == "not_affected"
    of_the_package = statement("not_affected", "CVE-1", product(DEMO, "pkg:pypi/vendored@3"))
    assert assessed(of_the_package) == ""


def test_a_product_that_nobody_named_is_told() -> None:
    """Only where it would have been about a finding."""
    found = Assessments()
    made = document(
        statement("not_affected", "CVE-1", product("pkg:oci/app", DEMO)),
        statement("not_affected", "CVE-1", product("pkg:oci/other", "pkg:pypi/other@1")),
    )
    found.add(read_openvex(made.encode(), Origin(Source.FILE, "vex.json"), NOW))
    assert found.of(AuditedVersion("demo", "1.0", BUILT_IN), MATTER) is None
    assert [name for name, _ in found.elsewhere] == ["pkg:oci/app"]


def test_nobody_can_say_of_malware_that_it_does_not_matter() -> None:
    """By no name, and not of all that is audited."""
    for name in ("MAL-1", "CVE-1"):
        made = statement("not_affected", name, DEMO, "pkg:pypi/demo", "pkg:oci/app")
        assert assessed(made, matter=EVIL, products=("pkg:oci/app",)) == ""


_STATUSES = ("not_affected", "affected", "fixed", "under_investigation")
_STATEMENTS = st.lists(st.tuples(st.sampled_from(_STATUSES), st.sampled_from([EARLY, LATE])), min_size=1, max_size=5)


@given(_STATEMENTS, st.randoms(use_true_random=False))
def test_the_latest_counts_in_whatever_order_and_a_disagreement_counts_as_a_finding(
    made: list[tuple[str, str]], random: Any
) -> None:
    """Statements that are there twice change nothing."""
    statements = [statement(status, "CVE-1", DEMO, timestamp=moment) for status, moment in made]
    counts = assessed(*statements)
    shuffled = statements * 2
    random.shuffle(shuffled)
    assert assessed(*shuffled) == counts
    last = [status for status, moment in made if moment == max(moment for _, moment in made)]
    covering = {"not_affected", "fixed"}
    assert (counts in covering) == (set(last) <= covering)
