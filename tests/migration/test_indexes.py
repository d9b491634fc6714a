"""Indexes that several places name: each once, by one name, and a default only where the tools agree on it."""

from __future__ import annotations

import pytest

from safepip.migration.findings import Findings, FoundIndex, Role, UnreadSource
from safepip.migration.grouping import by_prefix
from safepip.migration.indexes import read_named, unite
from safepip.migration.ownership import NameReport, owner_of, read_claim
from safepip.model.errors import Unavailable, UsageError
from safepip.model.index import IndexUrl
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source

BUILT_IN = IndexUrl.parse("https://index.example/simple/")


def found(host: str, role: Role, name: str = "", path: str = "/simple/") -> FoundIndex:
    return FoundIndex(IndexUrl.parse(f"https://{host}.example{path}"), role, Origin(Source.FILE, "f"), name)


def test_an_index_that_two_places_name_is_one() -> None:
    """With the name that a tool has for it, and asked for every name if one of the tools does."""
    indexes = unite(
        Findings((found("a", Role.EXPLICIT, "acme"), found("a", Role.EXTRA)), default_too=True), BUILT_IN, {}, None
    )
    assert [(index.name, index.for_all, index.default) for index in indexes] == [
        ("acme", True, False),
        ("default", True, True),
    ]


def test_a_default_is_taken_over_only_where_the_tools_agree() -> None:
    """Else a person says which one it is; pip's own is there only if a tool asks it."""
    two = Findings((found("a", Role.DEFAULT), found("b", Role.DEFAULT)))
    assert [index.default for index in unite(two, BUILT_IN, {}, None)] == [False, False]
    assert [(index.name, index.default) for index in unite(two, BUILT_IN, {}, "b.example")] == [
        ("a.example", False),
        ("b.example", True),
    ]
    one = Findings((found("a", Role.DEFAULT),))
    assert [index.name for index in unite(one, BUILT_IN, {}, None) if index.default] == ["a.example"]
    both = one._replace(default_too=True)
    assert [index.default for index in unite(both, BUILT_IN, {}, None)] == [False, False]
    extra = Findings((found("a", Role.EXTRA),), default_too=True)
    assert [index.name for index in unite(extra, BUILT_IN, {}, "a.example")] == ["a.example"]


def test_no_two_indexes_have_names_that_share_their_variables() -> None:
    """Also where tools use one name for two, or a name that no index can have."""
    several = Findings((
        found("a", Role.EXTRA, "acme"),
        found("b", Role.EXTRA, "Acme"),
        found("c", Role.EXTRA, "not a name"),
        found("c", Role.EXTRA, path="/other/simple/"),
        found("d", Role.EXTRA, "default"),
    ))  # fmt: skip
    indexes = unite(several._replace(default_too=True), BUILT_IN, {"mine": found("b", Role.EXTRA).url}, None)
    assert [index.name for index in indexes][:2] == ["acme", "mine"]
    assert len({normalise(index.name) for index in indexes}) == len(indexes) == 6


@pytest.mark.parametrize("name", ["default", "Default", "pypi", "PyPI"])
def test_no_file_gives_an_index_the_name_of_pips_own(name: str) -> None:
    """`--default default` means pip's own, whatever a project's file calls its indexes; so does a host called so."""
    several = Findings((found("a", Role.EXTRA, name),), default_too=True)
    url = IndexUrl.parse("http://default/")
    several = several._replace(sources=(*several.sources, FoundIndex(url, Role.EXTRA, Origin(Source.FILE, "f"))))
    indexes = unite(several, BUILT_IN, {}, "default")
    assert [(index.name, index.url == BUILT_IN, index.default) for index in indexes] == [
        ("a.example", False, False),
        ("default-2", False, False),
        ("default", True, True),
    ]
    with pytest.raises(UsageError, match="pip's own default index"):
        unite(several, BUILT_IN, {"Default": found("a", Role.EXTRA).url}, None)


def test_the_default_is_open_where_a_tools_own_is_not_taken_over() -> None:
    """pip's own is not asked in its place, nor any other; where there is none, there is nothing to configure."""
    left_out = UnreadSource("an index that is a path", Role.DEFAULT, Origin(Source.FILE, "f", 3))
    some = Findings((left_out, found("a", Role.EXTRA)))
    assert [(index.name, index.default) for index in unite(some, BUILT_IN, {}, None)] == [("a.example", False)]
    two = Findings((left_out, found("a", Role.DEFAULT)))
    assert [index.default for index in unite(two, BUILT_IN, {}, None)] == [False]
    with pytest.raises(Unavailable, match="no index that is in use can be taken over") as raised:
        unite(Findings((left_out,)), BUILT_IN, {}, None)
    assert raised.value.diagnostics[0].context == ("f:3: an index that is a path",)


@pytest.mark.parametrize(
    ("path", "may_be"),
    [
        ("/basic/3fG7k2LqPz9XvB4nT8wY/acme/simple/", True),
        ("/0b1c2d3e-1111-2222-3333-444455556666/simple/", True),
        ("/acme/an-honest-path-of-some-words/simple/", False),
        ("/12345678901234567890/", False),
        ("/team1/simple/", False),
    ],
)
def test_a_path_that_may_hold_a_token_is_known(path: str, may_be: bool) -> None:
    assert unite(Findings((found("a", Role.EXTRA, path=path),)), BUILT_IN, {}, None)[0].may_hold_token is may_be


def test_an_index_may_be_given_on_the_command_line() -> None:
    named = read_named(["own=https://a.example/simple", "other=https://b.example/x/"])
    indexes = unite(Findings((found("a", Role.EXPLICIT),)), BUILT_IN, named, None)
    assert {index.name: index.places for index in indexes} == {
        "own": "f, --index",
        "other": "--index",
        "default": "pip's own default",
    }


@pytest.mark.parametrize("text", ["", "https://a.example/", "=https://a.example/", "a=", "a=b", "a=ftp://b.example/"])
def test_what_names_no_index_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="bad-option"):
        read_named([text])


def test_a_claim_is_the_longest_that_covers_a_name() -> None:
    indexes = unite(Findings((found("a", Role.EXTRA, "a"), found("b", Role.EXTRA, "b"))), BUILT_IN, {}, None)
    claims = [
        read_claim(text, indexes, Source.COMMAND_LINE) for text in ("Acme-*=a", "acme-core-*=b", "acme_core.web=a")
    ]
    assert [owner_of(name, claims) for name in ("acme", "acme-x", "acme-core-x", "acme-core-web", "acmex")] == [
        "", "a", "b", "a", "",
    ]  # fmt: skip


def test_names_are_grouped_by_their_first_word() -> None:
    names = ("acme", "acme-web", "zoo-one", "acme-core", "billing")
    groups = by_prefix(NameReport(name, ()) for name in names)
    assert [(group.pattern, [report.name for report in group.reports]) for group in groups] == [
        ("", ["acme"]),
        ("acme-*", ["acme-core", "acme-web"]),
        ("", ["billing"]),
        ("", ["zoo-one"]),
    ]
