"""OpenVEX documents: what they say, and that a broken one says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.advisories.openvex import MalformedVex, read_openvex
from safepip.model.origin import Origin, Source
from safepip.model.vex import PackageUrl, VexStatus
from support.vex import document, product, statement

HERE = Origin(Source.FILE, "app.openvex.json")
#: 2024-03-02.
NOW = 1_709_337_600.0
DAY = 86_400.0
DEMO = "pkg:pypi/demo@1.0"


def read(text: str) -> Any:
    return read_openvex(text.encode(), HERE, NOW)


def test_a_statement_says_what_of_which_vulnerability_in_which_product() -> None:
    """With its author, and the time of its document."""
    (found,) = read(document(statement("not_affected", "CVE-1", DEMO, impact_statement="never called")))
    assert (found.status, found.names, found.author) == (VexStatus.NOT_AFFECTED, ("CVE-1",), "Acme Security")
    assert found.products[0].packages == (PackageUrl("demo", "1.0", narrowed=False),)
    assert found.reason == "vulnerable_code_not_in_execute_path: never called"
    assert (found.moment, found.origin) == (NOW - DAY, HERE)


def test_names_times_and_products_of_a_statement_come_before_those_of_its_document() -> None:
    """Digests, and subcomponents, are kept as what they are."""
    made = statement(
        "affected",
        "CVE-1",
        product("https://acme.example/app", DEMO, identifiers={"cpe23": "cpe:2.3:a:acme:app"}),
        product(DEMO, hashes={"sha-256": "ab"}),
        vulnerability={"name": "CVE-1", "aliases": ["GHSA-1", "CVE-1"]},
        timestamp="2024-01-01T01:00:00.123456789+01:00",
        last_updated="2024-01-02T00:00:00Z",
    )
    (found,) = read(document(made))
    assert found.names == ("CVE-1", "GHSA-1")
    assert found.moment == NOW - 60 * DAY
    whole, file = found.products
    assert whole.ids == ("https://acme.example/app", "cpe:2.3:a:acme:app")
    assert (whole.is_part, whole.packages, len(whole.subcomponents)) == (True, (), 1)
    assert (file.is_part, file.packages[0].narrowed) == (False, True)


BROKEN = {
    "not JSON": "{",
    "another context": document(statement("fixed", "CVE-1", DEMO), **{"@context": "https://openvex.dev/ns"}),
    "no author": document(statement("fixed", "CVE-1", DEMO), author=" "),
    "no version": document(statement("fixed", "CVE-1", DEMO), version="1"),
    "no statements": document(),
    "a list": "[]",
    "a key twice": document(statement("affected", "CVE-1", DEMO)).replace('"status"', '"status": "fixed", "status"'),
    "NaN": document(statement("fixed", "CVE-1", DEMO)).replace('"version"', '"x": NaN, "version"'),
    "deep": "[" * 100_000,
    "no time zone": document(statement("fixed", "CVE-1", DEMO), timestamp="2024-03-01T00:00:00"),
    "a day": document(statement("fixed", "CVE-1", DEMO), timestamp="2024-03-01"),
    "the future": document(statement("fixed", "CVE-1", DEMO, timestamp="2024-03-03T00:00:00Z")),
    "changed in the future": document(statement("fixed", "CVE-1", DEMO, last_updated="2024-03-03T00:00:00Z")),
    "another status": document(statement("harmless", "CVE-1", DEMO)),
    "another justification": document(statement("not_affected", "CVE-1", DEMO, justification="because")),
    "no reason": document({**statement("affected", "CVE-1", DEMO), "status": "not_affected"}),
    "no products": document(statement("fixed", "CVE-1")),
    "no vulnerability": document(statement("fixed", "CVE-1", DEMO, vulnerability="CVE-1")),
    "no name": document(statement("fixed", "CVE-1", DEMO, vulnerability={"@id": "CVE-1"})),
    "an alias": document(statement("fixed", "CVE-1", DEMO, vulnerability={"name": "CVE-1", "aliases": [1]})),
    "an anonymous product": document(statement("fixed", "CVE-1", {"hashes": {}})),
    "a product as text": document(statement("fixed", "CVE-1", DEMO, products=[DEMO])),
    "a broken package URL": document(statement("fixed", "CVE-1", "pkg:pypi/demo@")),
    "a broken subcomponent": document(statement("fixed", "CVE-1", product("app", "pkg:pypi/@1"))),
    "a statement": document(json.loads("[]")),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_document_says_nothing(text: str) -> None:
    """Whatever is wrong with it, and however much of it is right."""
    with pytest.raises(MalformedVex):
        read(text)


@pytest.mark.parametrize(
    "content", [b"\xff", b"\xef\xbb\xbf{}", document(statement("fixed", "CVE-1", DEMO)).encode("utf-16")]
)
def test_it_is_utf_8(content: bytes) -> None:
    """As OpenVEX says. A byte order mark before it is passed over, as in a record."""
    with pytest.raises(MalformedVex):
        read_openvex(content, HERE, NOW)
    sound = document(statement("fixed", "CVE-1", DEMO)).encode("utf-8-sig")
    assert len(read_openvex(sound, HERE, NOW)) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(["@context", "author", "timestamp", "version", "statements"])
_PARTS = st.sampled_from(["vulnerability", "products", "status", "justification", "timestamp", "last_updated"])


@given(_KEYS, _PARTS, _JSON, st.booleans())
def test_a_wrong_value_anywhere_is_an_error_and_never_a_crash(key: str, part: str, value: Any, outside: bool) -> None:
    """Or, where it happens to be right, it is read."""
    inner = statement("not_affected", "CVE-1", DEMO)
    text = document(inner, **{key: value}) if outside else document({**inner, part: value})
    try:
        found = read(text)
    except MalformedVex:
        return
    assert all(one.names and one.products for one in found)
