"""OSV records: what counts of them, and that no mistake in one looks like a clean project."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safepip.advisories.osv import read_record
from safepip.model.advisories import Event, Severity
from support.advisories import NOW, WHEN, malicious, record, versions_of

DEMO = versions_of("Demo_Project", "introduced 0", "fixed 2.0")


def test_a_record_says_which_versions_of_which_project_it_is_about() -> None:
    """The name is normalised; entries of one name are kept side by side."""
    read = read_record(record("PYSEC-1", DEMO, versions_of("demo-project", listed=["3.0"])), "x", NOW).record
    assert read is not None
    first, second = read.affected["demo-project"]
    assert first.ranges == ((Event("introduced", "0"), Event("fixed", "2.0")),)
    assert second.versions == ("3.0",)
    assert not read.malicious


def test_other_ecosystems_and_repositories_are_passed_over() -> None:
    """What is not about PyPI is no error, and says nothing."""
    other = versions_of("demo", "introduced 0", ecosystem="npm")
    reading = read_record(record("GHSA-1", other, {"ranges": []}, DEMO), "x", NOW)
    assert reading.record is not None
    assert list(reading.record.affected) == ["demo-project"]
    assert not reading.unreadable


def test_ranges_of_commits_and_of_semantic_versions_do_not_count_beside_a_list() -> None:
    """The list is then all that there is."""
    entry = {
        **versions_of("demo", listed=["1.0"]),
        "ranges": [{"type": kind, "events": [{"introduced": "0"}]} for kind in ("GIT", "SEMVER")],
    }
    read = read_record(record("GHSA-1", entry), "x", NOW).record
    assert read is not None
    assert read.affected["demo"][0].ranges == ()


def test_a_withdrawn_record_says_nothing_whatever_else_is_in_it() -> None:
    """Not even that it is malformed."""
    reading = read_record({**record("GHSA-1", DEMO), "affected": 3, "withdrawn": WHEN}, "x", NOW)
    assert (reading.record, reading.unreadable) == (None, {})
    assert reading.modified > 0


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({}, Severity.UNKNOWN),
        (
            {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]},
            Severity.CRITICAL,
        ),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]}, Severity.LOW),
        (
            {
                "severity": [
                    {
                        "type": "CVSS_V4",
                        "score": "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N",
                    },
                    {"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"},
                ]
            },
            Severity.MEDIUM,
        ),
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"severity": [{"type": "CVSS_V3", "score": "nonsense"}]}, Severity.UNKNOWN),
        ({"severity": [{"type": "CVSS_V9", "score": 7}], "database_specific": {"severity": "LOW"}}, Severity.LOW),
    ],
)
def test_the_severity_is_that_of_the_vectors_or_the_word_of_the_database(
    more: dict[str, Any], severity: Severity
) -> None:
    """The worst of several vectors; what is neither is unknown."""
    read = read_record(record("GHSA-1", DEMO, **more), "x", NOW).record
    assert read is not None
    assert read.severity["demo-project"] is severity


def test_digests_of_malicious_files_are_read_and_those_of_members_are_not() -> None:
    """Only sha256, since a file can be made to have a weak one."""
    read = read_record(malicious("MAL-1", "demo", sha256="A" * 64), "x", NOW).record
    assert read is not None
    assert read.malicious
    assert read.digests == ("a" * 64,)


def test_vectors_are_bounded_over_all_entries_and_each_is_there_once() -> None:
    """An entry has its own, or those of the record."""
    vectors = [
        {"type": "CVSS_V3", "score": f"CVSS:3.1/AV:{where}/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"} for where in ("N", "L", "P")
    ]
    own = {**DEMO, "severity": vectors[:1] * 3}
    read = read_record(record("X-1", own, DEMO, own, severity=vectors[1:] * 2), "x", NOW).record
    assert read is not None
    assert [rating.vector for rating in read.ratings["demo-project"]] == [item["score"] for item in vectors]
    many = read_record(record("X-1", *[{**DEMO, "severity": vectors[:1] * 300}] * 4), "x", NOW)
    assert many.unreadable["demo-project"].reason == "severity has more than 1000 items"


def test_a_name_that_no_project_has_keeps_its_digests() -> None:
    """The project that it names without what is odd is not clean."""
    reading = read_record(malicious("MAL-1", "-demo-", sha256="a" * 64), "x", NOW)
    assert reading.record is None
    assert list(reading.unreadable) == ["demo"]
    assert reading.digests == {"a" * 64: "MAL-1"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\u200bfoo-bar", "foo-bar"),
        ("foo\u200b-bar\ufeff", "foo-bar"),
        ("foo\u2010bar", "foo-bar"),
        ("foo\u2013bar", "foo-bar"),
        ("foo\u2212bar", "foo-bar"),
        ("\xa0Foo_Bar", "foo-bar"),
        ("foo-bar\xa0extra", "foo-bar"),
        ("foo-bar.", "foo-bar"),
        ("-foo-bar", "foo-bar"),
        ("\uff46oo-bar", "foo-bar"),
        ("foo-bar[x]", "foo-bar"),
        ("\x00foo-bar", "foo-bar"),
        ("", None),
        (" ", None),
        ("-", None),
        ("\u200b", None),
        ("f\u043eo-bar", None),
        ("foo-bär", None),
        ("foo$bar", None),
        ("foo-bar\udcff", "foo-bar"),
    ],
)
def test_a_name_that_is_none_is_of_the_project_that_it_looks_like(written: str, meant: str | None) -> None:
    """Or of any, where it looks like none."""
    reading = read_record(record("X-1", DEMO, versions_of(written, "introduced 0")), "x", NOW)
    assert reading.record is None
    assert set(reading.unreadable) == {"demo-project", meant}


def spoilt(**changes: Any) -> dict[str, Any]:
    return {**record("GHSA-1", DEMO), **changes}


def entry(**changes: Any) -> dict[str, Any]:
    return spoilt(affected=[{**DEMO, **changes}])


def ranged(*events: Any, kind: Any = "ECOSYSTEM") -> dict[str, Any]:
    return entry(ranges=[{"type": kind, "events": list(events)}])


BROKEN = {
    "no-id": spoilt(id=None),
    "empty-id": spoilt(id=""),
    "id-of-two-lines": spoilt(id="GHSA-1\nGHSA-2"),
    "no-modified": spoilt(modified=None),
    "wrong-modified": spoilt(modified="yesterday"),
    "aliases-as-text": spoilt(aliases="CVE-1"),
    "alias-that-is-a-number": spoilt(aliases=[1]),
    "withdrawn-that-is-no-moment": spoilt(withdrawn=True),
    "empty-event": ranged({}),
    "event-with-two-keys": ranged({"introduced": "0", "fixed": "1"}),
    "event-of-unknown-kind": ranged({"introduced": "0"}, {"repaired": "1"}),
    "event-that-is-a-number": ranged({"introduced": 0}),
    "event-that-is-a-list": ranged(["introduced", "0"]),
    "no-events": ranged(),
    "never-introduced": ranged({"fixed": "1"}),
    "both-ends": ranged({"introduced": "0"}, {"fixed": "2"}, {"last_affected": "1"}),
    "unknown-type": ranged({"introduced": "0"}, kind="CALVER"),
    "no-type": ranged({"introduced": "0"}, kind=None),
    "range-that-is-text": entry(ranges=["0"]),
    "ranges-as-object": entry(ranges={"type": "ECOSYSTEM"}),
    "neither-ranges-nor-versions": entry(ranges=[]),
    "only-commits": ranged({"introduced": "0"}, kind="GIT"),
    "semantic-versions-beside-others": entry(
        ranges=[{"type": kind, "events": [{"introduced": "0"}, {"fixed": "1"}]} for kind in ("ECOSYSTEM", "SEMVER")]
    ),
    "versions-as-text": entry(versions="1.0"),
    "version-that-is-a-number": entry(versions=[1.0]),
    "ecosystem-in-lower-case": entry(package={"name": "demo-project", "ecosystem": "pypi"}),
    "ecosystem-with-suffix": entry(package={"name": "demo-project", "ecosystem": "PyPI:mirror"}),
    "white-space-in-the-name": entry(package={"name": " demo-project ", "ecosystem": "PyPI"}),
    "digest-cut-off": malicious("MAL-1", "demo-project", sha256="a" * 63),
    "indicators-as-list": entry(database_specific={"indicators": []}),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_malformed_record_leaves_its_project_unverified(data: dict[str, Any]) -> None:
    """It is named, and nothing of it is used."""
    reading = read_record(data, "file.json", NOW)
    assert reading.record is None
    ((name, fault),) = reading.unreadable.items()
    assert name == "demo-project"
    assert fault.record == (data["id"] if data["id"] and "\n" not in data["id"] else "file.json")
    assert fault.reason


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        spoilt(affected="all"),
        spoilt(affected=["demo-project"]),
        entry(package={"name": "demo-project"}),
        entry(package={"ecosystem": "PyPI"}),
        entry(package={"name": 7, "ecosystem": "PyPI"}),
        entry(package="demo-project"),
    ],
    ids=repr,
)
def test_a_record_that_does_not_tell_its_project_leaves_every_project_unverified(data: Any) -> None:
    """It could be about any of them."""
    reading = read_record(data, "file.json", NOW)
    assert reading.record is None
    assert None in reading.unreadable


def test_a_malformed_record_on_another_ecosystem_concerns_nothing() -> None:
    """Its mistakes are not PyPI's."""
    other = versions_of("demo", ecosystem="npm")
    assert read_record(record("GHSA-1", other, aliases=("",)), "x", NOW).unreadable == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "modified", "affected", "package", "name", "ecosystem", "ranges", "events", "versions"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_record_is_reading_it_never_fails(data: Any) -> None:
    """And nothing is read as a clean record that is none."""
    reading = read_record(data, "x", NOW)
    assert reading.record is None
