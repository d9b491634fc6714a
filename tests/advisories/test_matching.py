"""Records judged together: what is one finding, what repairs it, and what stays unverified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safepip.advisories.at_install import malicious_project
from safepip.advisories.database import EVERY_PROJECT, AdvisoryGathering, records_of, unpack
from safepip.advisories.ignoring import pass_over, sort_out, stale
from safepip.advisories.matching import judge
from safepip.advisories.osv import read_record
from safepip.model.advisories import Ignore, Judgement, Severity, Unverified
from safepip.model.origin import Origin, Source
from support.advisories import NOW, WHEN, malicious, record, versions_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def gathered(records: Iterable[Any]) -> dict[str, bytes]:
    gathering = AdvisoryGathering()
    for number, data in enumerate(records):
        gathering.add(read_record(data, f"{number}.json", NOW), "test")
    return dict(gathering.projects())


def judged(version: str, *records: Any, name: str = "demo") -> Judgement:
    return judge(version, records_of(name, gathered(records)))


PYSEC = record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0", listed=["1.0"]), aliases=("CVE-1",))
GHSA = record(
    "GHSA-1",
    versions_of("Demo", "introduced 0", "last_affected 2.0"),
    aliases=("CVE-1",),
    database_specific={"severity": "CRITICAL"},
    summary="a hole",
)


def test_records_with_a_common_alias_are_one_finding() -> None:
    """The worst of what they say counts, and a repair that one of them affects repairs nothing."""
    (found,) = judged("1.0", PYSEC, GHSA).vulnerabilities
    assert (found.id, found.aliases) == ("PYSEC-1", ("GHSA-1", "CVE-1"))
    assert (found.severity, found.summary, found.fixed) == (Severity.CRITICAL, "a hole", ())
    assert judged("1.0", PYSEC).vulnerabilities[0].fixed == ("2.0",)
    assert judged("2.0", PYSEC).vulnerabilities == ()
    assert [v.id for v in judged("2.0", PYSEC, GHSA).vulnerabilities] == ["PYSEC-1"]


def test_the_smallest_change_is_not_itself_affected() -> None:
    """The lowest repair of one matter may be what another is about."""
    first = record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 1.5", "introduced 2.0", "fixed 2.1"))
    second = record("PYSEC-2", versions_of("demo", "introduced 1.5", "fixed 2.0"))
    verdict = judged("1.0", first, second)
    assert [(v.id, v.fixed) for v in verdict.vulnerabilities] == [("PYSEC-1", ("1.5", "2.1"))]
    assert verdict.smallest == "2.1"
    assert judged("1.0", first).smallest == "1.5"
    assert judged("1.0", record("PYSEC-3", versions_of("demo", "introduced 0"))).smallest is None


def test_a_malicious_record_is_told_apart() -> None:
    """Also where only an alias says so."""
    assert judged("7", malicious("MAL-1", "demo")).vulnerabilities[0].malicious
    other = record("GHSA-1", versions_of("demo", listed=["7"]), aliases=("MAL-2",))
    assert judged("7", other).vulnerabilities[0].malicious


def test_withdrawn_records_count_no_more_and_join_nothing() -> None:
    """What remains of the matter is what the other records say."""
    assert judged("1.0", {**PYSEC, "withdrawn": WHEN}) == Judgement()
    (found,) = judged("1.0", {**PYSEC, "withdrawn": WHEN}, GHSA).vulnerabilities
    assert (found.id, found.aliases) == ("GHSA-1", ("CVE-1",))


def test_an_unreadable_record_is_named_and_clean_is_not_said() -> None:
    """For its own project, or for all where it does not say which."""
    broken = record("PYSEC-9", versions_of("demo"))
    assert judged("1.0", broken).unverified == (
        (("PYSEC-9",), "PYSEC-9 cannot be read: an affected entry says no versions that can be compared", False),
    )
    assert judged("1.0", broken, name="other").unverified == ()
    assert judged("1.0", "garbage", name="other").unverified == (
        (("0.json",), "0.json cannot be read: it is not an object", False),
    )
    assert unpack(gathered(["garbage"])[EVERY_PROJECT]).unreadable[0].source == "test"


def test_what_cannot_be_compared_is_named() -> None:
    """A version without an order, against a range with a bound."""
    verdict = judged("final", record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0")))
    assert verdict.unverified == ((("PYSEC-1",), "PYSEC-1 cannot be compared with the version final", False),)


def test_records_that_are_joined_by_the_thousand_are_each_a_finding() -> None:
    """What is kept of them grows as they do, and not as their square."""
    every = [record(f"GHSA-{n}", versions_of("demo", "introduced 0"), aliases=("CVE-1",)) for n in range(2_000)]
    (packed,) = gathered(every).values()
    assert len(packed) < 100_000
    assert len(judged("1.0", *every).vulnerabilities) == 2_000


def test_of_many_repairs_the_lowest_are_looked_at() -> None:
    """Each is compared with all that is known: a record of strangers could name thousands."""
    spans = [pair for n in range(1, 300) for pair in (f"introduced {n}", f"fixed {n}.5")]
    (found,) = judged("0.5", record("X-1", versions_of("demo", "introduced 0", "fixed 0.7", *spans))).vulnerabilities
    assert (len(found.fixed), found.fixed[:2]) == (100, ("0.7", "1.5"))


RECORDS = st.lists(
    st.builds(
        lambda number, start, end, aliases: record(
            f"GHSA-{number}",
            versions_of("demo", f"introduced {start}", f"fixed {end}"),
            aliases=tuple(f"CVE-{alias}" for alias in aliases),
        ),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 5),
        st.lists(st.integers(0, 3), max_size=2),
    ),
    max_size=6,
)


@given(st.data(), RECORDS, st.integers(0, 5).map(str))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_and_duplication_of_records_change_nothing(data: st.DataObject, records: list[Any], version: str) -> None:
    """Also where one id stands for records that differ."""
    assert judged(version, *data.draw(st.permutations(records * 2))) == judged(version, *records)


@given(RECORDS, st.integers(0, 5).map(str))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_named_as_the_smallest_change_is_clean(records: list[Any], version: str) -> None:
    """And so is each fixed version, of its own matter."""
    verdict = judged(version, *records)
    if verdict.smallest is not None:
        assert judged(verdict.smallest, *records).vulnerabilities == ()
    for matter in verdict.vulnerabilities:
        for fix in matter.fixed:
            assert matter.id not in {other.id for other in judged(fix, *records).vulnerabilities}


PLACE = Origin(Source.PROJECT_CONFIG, "safepip.toml", 3)


def test_an_ignore_holds_for_its_project_by_any_name_and_up_to_its_day() -> None:
    """One that has ended, and one that met nothing, is reported."""
    found = judged("1.0", PYSEC).vulnerabilities
    ignore = Ignore("CVE-1", "demo", "not used", 100.0, PLACE)
    assert sort_out("demo", found, [ignore], 99.0) == ((), ((found[0], ignore),))
    assert sort_out("demo", found, [ignore], 100.0).counting == found
    assert sort_out("other", found, [ignore], 99.0).counting == found
    assert stale([ignore], [ignore], 99.0) == []
    assert stale([ignore], [], 99.0) == ["safepip.toml:3: the ignore of CVE-1 for demo met no finding: remove it?"]
    assert stale([ignore], [ignore], 100.0) == ["safepip.toml:3: the ignore of CVE-1 for demo has ended"]


def test_what_is_malicious_is_ignored_by_an_id_of_malware_alone() -> None:
    """Whichever record joins it to a vulnerability, also where it cannot be compared, and of a whole project."""
    joined = record("ACME-1", versions_of("zzz", "introduced 0"), aliases=("MAL-1", "CVE-1"))
    cve, mal = (Ignore(identity, "demo", "looked at", 100.0, PLACE) for identity in ("CVE-1", "MAL-1"))
    (matter,) = judged("1.0", PYSEC, malicious("MAL-1", "demo"), joined).vulnerabilities
    assert {"MAL-1", "CVE-1"} <= {matter.id, *matter.aliases}
    assert sort_out("demo", [matter], [cve], 99.0).counting == (matter,)
    assert sort_out("demo", [matter], [cve, mal], 99.0).ignored == ((matter, mal),)
    # Joined or not, a vulnerability is not malware.
    (hole,) = judged("1.0", PYSEC, joined).vulnerabilities
    assert sort_out("demo", [hole], [cve], 99.0).ignored == ((hole, cve),)

    doubts = judged("odd", joined, record("MAL-1", versions_of("demo", "introduced 1.0"))).unverified
    assert len(doubts) == 1
    assert pass_over("demo", doubts, [cve], 99.0).counting == doubts
    assert pass_over("demo", doubts, [mal], 99.0).counting == ()

    known = records_of("demo", gathered([malicious("MAL-1", "demo"), joined]))
    assert malicious_project("demo", known, [cve], 99.0) is not None
    assert malicious_project("demo", known, [mal], 99.0) is None


def test_the_digest_of_a_malicious_file_is_known_by_an_id_of_malware() -> None:
    """The record may be another database's, with that id as an alias, and malformed."""
    data = malicious("GHSA-1", "demo", sha256="a" * 64) | {"aliases": ["CVE-1", "MAL-7"]}
    for record_ in (data, data | {"modified": "soon"}):
        gathering = AdvisoryGathering()
        gathering.add(read_record(record_, "x.json", NOW), "test")
        assert list(gathering.digests()) == [("a" * 64, "MAL-7")]


def test_an_ignore_passes_over_a_record_that_cannot_be_judged() -> None:
    """By its id, or by its file; never over an answer that did not come."""
    ignore = Ignore("PYSEC-9", "demo", "read by us", 100.0, PLACE)
    doubts = [Unverified(("PYSEC-9", "CVE-9"), "cannot be compared"), Unverified((), "the server answers 500")]
    counting, ((matter, by),) = pass_over("demo", doubts, [ignore], 99.0)
    assert counting == (doubts[1],)
    assert (matter.id, matter.aliases, matter.summary, by) == ("PYSEC-9", ("CVE-9",), "cannot be compared", ignore)
    assert matter.doubtful
    assert pass_over("demo", doubts, [ignore._replace(id="")], 99.0).counting == tuple(doubts)
    assert pass_over("demo", doubts, [ignore], 100.0).counting == tuple(doubts)
    assert pass_over("other", doubts, [ignore], 99.0).counting == tuple(doubts)
