"""safepip's own configuration: reading one file, and merging levels."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.config.level import Level, read_level
from safepip.config.merging import Declared, merge
from safepip.edges.network.credentials import Credentials
from safepip.model.errors import UsageError
from safepip.model.index import Hashes
from safepip.model.origin import Source
from safepip.model.route import Route, RoutingRule
from safepip.routing import table as routing

if TYPE_CHECKING:
    from safepip.model.finding import Diagnostic

DEFAULT_URL = "https://pips-own.example/simple"

FULL = """\
trusted-hosts = ["build.acme.example:8080"]

[[index]]
name = "acme"
url = "https://packages.acme.example/simple"
packages = [
    "acme-*",   # all of ours
    "billing",
]
file-hosts = ["cdn.acme.example"]
hashes = "optional"

[[index]]
name = "public"
default = true

[policy]
forbid-trusted-hosts = false
allow-direct = ["billing"]
"""


def level(text: str, source: Source = Source.PROJECT_CONFIG, path: str = "safepip.toml") -> Level:
    found = read_level(text, path, source, Credentials({}).absorb)
    assert found is not None
    return found


def problems(text: str, path: str = "safepip.toml") -> list[Diagnostic]:
    with pytest.raises(UsageError) as caught:
        level(text, path=path)
    assert caught.value.exit_code == 2
    return list(caught.value.diagnostics)


def merged(*texts: str) -> Declared:
    """Levels from the highest: the machine's, the user's, the project's."""
    sources = (Source.MACHINE_POLICY, Source.USER_POLICY, Source.PROJECT_CONFIG)
    paths = ("machine.toml", "user.toml", "project.toml")
    return merge([level(*each) for each in zip(texts, sources, paths, strict=False)], lambda: DEFAULT_URL)


def loosened(*texts: str) -> list[str]:
    """The two places that the error names."""
    with pytest.raises(UsageError) as caught:
        merged(*texts)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.reference == "policy-loosened"
    assert diagnostic.hint
    return [str(origin) for origin in diagnostic.origins]


# --- one file --------------------------------------------------------------------------------------------


def test_every_key_of_a_file_reaches_the_plan() -> None:
    """As documented at the head of `safepip_config`."""
    declared = merged(FULL)
    acme, public = declared.indexes
    assert (acme.name, str(acme.url)) == ("acme", "https://packages.acme.example/simple/")
    assert acme.packages == ("acme-*", "billing")
    assert acme.file_hosts == ("cdn.acme.example",)
    assert acme.hashes is Hashes.OPTIONAL
    assert not acme.default
    assert str(public.url) == DEFAULT_URL + "/"
    assert public.default
    assert public.hashes is Hashes.REQUIRED
    assert declared.trusted_hosts == ("build.acme.example:8080",)
    assert declared.policy.allow_direct == {"billing"}
    assert declared.policy.declared


def test_pips_default_index_is_asked_for_only_where_it_is_needed() -> None:
    """Reading it costs a look into pip."""

    def never() -> str:
        raise AssertionError("asked")

    text = '[[index]]\nname = "a"\nurl = "https://a.example/"\ndefault = true\n'
    assert merge([level(text)], never).indexes[0].default


def test_the_same_keys_stand_under_tool_safepip_in_a_pyproject() -> None:
    """With arrays of tables written as `[[tool.safepip.index]]`."""
    text = (
        '[project]\nname = "x"\n\n[[tool.safepip.index]]\nname = "acme"\nurl = "https://a.example/"\npackages = ["b"]\n'
    )
    found = level(text, path="/p/pyproject.toml")
    assert found.indexes[0].name == "acme"
    assert str(found.indexes[0].origin) == "/p/pyproject.toml:4"
    assert str(found.indexes[0].packages[0].origin) == "/p/pyproject.toml:7"


def test_a_pyproject_without_the_table_does_not_count() -> None:
    """So that the search goes on upward."""
    assert read_level('[tool.other]\nsafepip = "x"\n', "pyproject.toml", Source.PROJECT_CONFIG) is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\npakages = ["x"]\n', 4, "did you mean 'packages'"),
        ("[polcy]\n", 1, "did you mean 'policy'"),
        ("cooldown = 7\n", 1, "known keys"),
        ("[policy]\nforbid-trusted = true\n", 2, "forbid-trusted-hosts"),
        ('[[index]]\nname = "a"\nurl = "ftp://a.example/"\n', 3, "https:"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/?q"\n', 3, "query"),
        ('[[index]]\nname = "a"\nurl = 3\n', 3, "string"),
        ('[[index]]\nname = "a b"\nurl = "https://a.example/"\n', 2, "letters"),
        ('[[index]]\nurl = "https://a.example/"\n', 1, "needs a name"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\npackages = [\n  "ok",\n  "a*",\n]\n', 6, "pattern"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\npackages = "a"\n', 4, "list"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\npackages = ["*"]\n', 4, "pattern"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\ndefault = "yes"\n', 4, "true or false"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\nhashes = "none"\n', 4, "required"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\nfile-hosts = ["https://x.example"]\n', 4, "host"),
        ('trusted-hosts = ["h:99999"]\n', 1, "host"),
        ('[index]\nname = "a"\n', 1, "two brackets"),
        ("index = [1]\n", 1, "table"),
        ("[policy]\nallow-direct = [1]\n", 2, "string"),
        ("a = \n", 1, "TOML"),
        ('x = """\n[[index]]\n"""\n\n[policy]\nbad = 1\n', 1, "unknown key 'x'"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_a_way_out(text: str, line: int, words: str) -> None:
    """An unknown key is an error, because a misspelt rule would be no rule."""
    first = problems(text)[0]
    assert first.reference == "bad-configuration"
    assert [str(origin) for origin in first.origins] == [f"safepip.toml:{line}"]
    assert words in first.message + first.hint


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    """One run is enough to mend a file."""
    text = 'cooldown = 7\n[[index]]\nname = "a"\nurl = "x"\n[[index]]\nname = "b"\nurls = "https://b.example/"\n'
    assert [str(found.origins[0].line) for found in problems(text)] == ["1", "4", "7"]


def test_an_index_without_a_url_is_an_error_unless_it_is_the_default() -> None:
    """Only pip's own default index has a URL that safepip knows."""
    with pytest.raises(UsageError, match="no url"):
        merged('[[index]]\nname = "a"\npackages = ["x"]\n')


def test_a_credential_in_a_configuration_is_an_error_that_does_not_show_it() -> None:
    """It belongs into netrc or a keyring."""
    (found,) = problems('[[index]]\nname = "a"\nurl = "https://user:canary@a.example/"\n')
    assert found.reference == "credential-in-configuration"
    assert found.origins[0].line == 3
    assert "canary" not in repr(found)


def test_a_credential_elsewhere_in_a_pyproject_is_no_concern_of_safepips() -> None:
    """The table decides."""
    text = (
        '[project]\ndependencies = ["x @ https://u:p@x.example/x.whl"]\n[tool.safepip.policy]\nallow-direct = ["x"]\n'
    )
    assert level(text, path="pyproject.toml").allow_direct[0].value == "x"
    text += '[[tool.safepip.index]]\nname = "a"\nurl = "https://u:p@a.example/"\n'
    (found,) = problems(text, "pyproject.toml")
    assert found.origins[0].line == 7


def test_an_error_of_syntax_gives_the_line() -> None:
    """From tomllib's message."""
    (found,) = problems('[[index]]\nname = "a"\nurl = https\n')
    assert found.origins[0].line == 3


@settings(max_examples=100)
@given(st.text(st.sampled_from("[]=\"'\n#ai.x-*,{}"), max_size=40))
def test_any_text_is_a_level_or_a_usage_error(text: str) -> None:
    """Nothing else leaves the room."""
    with contextlib.suppress(UsageError):
        read_level(text, "safepip.toml", Source.PROJECT_CONFIG)


# --- levels ----------------------------------------------------------------------------------------------

MACHINE = """\
[[index]]
name = "acme"
url = "https://packages.acme.example/simple/"
packages = ["acme-*", "billing"]

[[index]]
name = "public"
default = true
"""


def test_a_lower_level_may_add_claims_and_indexes_and_ask_for_hashes() -> None:
    """Policy tightens downward."""
    machine = MACHINE.replace('"billing"]', '"billing"]\nhashes = "optional"')
    declared = merged(
        machine,
        '[[index]]\nname = "acme"\npackages = ["extra"]\nhashes = "required"\n',
        '[[index]]\nname = "team"\nurl = "https://team.example/"\npackages = ["team-*"]\n'
        '[policy]\nallow-direct = ["own"]\n',
    )
    acme, public, team = declared.indexes
    assert acme.packages == ("acme-*", "billing", "extra")
    assert [str(place) for place in acme.claim_origins] == ["machine.toml:4", "machine.toml:4", "user.toml:3"]
    assert acme.hashes is Hashes.REQUIRED
    assert public.default
    assert team.packages == ("team-*",)
    routing.build(declared.indexes)


EVIL = '[[index]]\nname = "evil"\nurl = "https://evil.example/"\n'


@pytest.mark.parametrize(
    ("project", "places"),
    [
        # a claimed name is redirected: exactly, within a pattern, by a longer pattern, by another url
        (EVIL + 'packages = ["billing"]\n', ["project.toml:4", "machine.toml:4"]),
        (EVIL + 'packages = ["Acme_Web"]\n', ["project.toml:4", "machine.toml:4"]),
        (EVIL + 'packages = ["acme-web-*"]\n', ["project.toml:4", "machine.toml:4"]),
        (EVIL + 'packages = ["acme-*"]\n', ["project.toml:4", "machine.toml:4"]),
        ('[[index]]\nname = "public"\npackages = ["acme-web"]\n', ["project.toml:3", "machine.toml:4"]),
        ('[[index]]\nname = "acme"\nurl = "https://evil.example/"\n', ["project.toml:3", "machine.toml:1"]),
        # unclaimed names are redirected
        (EVIL + 'default = true\n', ["project.toml:1", "machine.toml:6"]),
        ('[[index]]\nname = "acme"\ndefault = true\n', ["project.toml:1", "machine.toml:6"]),
        ('[[index]]\nname = "public"\ndefault = false\n', ["project.toml:1", "machine.toml:6"]),
        (EVIL + 'mirror-of = "acme"\n', ["project.toml:4", "machine.toml:1"]),
        ('[[index]]\nname = "acme"\nmirror-of = "public"\n', ["project.toml:3", "machine.toml:1"]),
        # what is demanded of an index is lowered
        ('[[index]]\nname = "acme"\nfile-hosts = ["evil.example"]\n', ["project.toml:3", "machine.toml:1"]),
        ('[[index]]\nname = "acme"\nhashes = "optional"\n', ["project.toml:3", "machine.toml:1"]),
        ('trusted-hosts = ["packages.acme.example"]\n', ["project.toml:1", "machine.toml:1"]),
        ('trusted-hosts = ["packages.acme.example:443"]\n', ["project.toml:1", "machine.toml:1"]),
        # a direct URL is allowed for a name that a higher level claims
        ('[policy]\nallow-direct = ["billing"]\n', ["project.toml:2", "machine.toml:4"]),
        ('[policy]\nallow-direct = ["acme.web"]\n', ["project.toml:2", "machine.toml:4"]),
    ],
)  # fmt: skip
def test_a_lower_level_may_not_loosen_and_the_error_names_both_lines(project: str, places: list[str]) -> None:
    """Neither the user's nor the project's file; each case is a way to move a claimed name."""
    assert loosened(MACHINE, project) == [place.replace("project", "user") for place in places]
    assert loosened(MACHINE, "", project) == places


def test_the_longest_claim_above_is_the_one_that_a_lower_level_must_respect() -> None:
    """An index may not take back, through its wider pattern, what a narrower one has given to another."""
    machine = MACHINE + '[[index]]\nname = "web"\nurl = "https://web.example/"\npackages = ["acme-web-*"]\n'
    assert loosened(machine, '[[index]]\nname = "acme"\npackages = ["acme-web-ui"]\n') == [
        "user.toml:3",
        "machine.toml:12",
    ]
    assert loosened(machine, '[[index]]\nname = "acme"\npackages = ["acme-web-ui-*"]\n') == [
        "user.toml:3",
        "machine.toml:12",
    ]
    assert merged(machine, '[[index]]\nname = "web"\npackages = ["acme-web-ui"]\n').indexes


def test_trusted_hosts_once_forbidden_stay_forbidden() -> None:
    """Naming one below is an error, and so is lifting the ban; a ban below takes away what was trusted above."""
    ban = "[policy]\nforbid-trusted-hosts = true\n"
    assert loosened(ban, 'trusted-hosts = ["h.example"]\n') == ["user.toml:1", "machine.toml:2"]
    assert loosened(ban, "[policy]\nforbid-trusted-hosts = false\n") == ["user.toml:2", "machine.toml:2"]
    declared = merged('trusted-hosts = ["h.example"]\n', ban)
    assert declared.trusted_hosts == ()
    assert declared.policy.forbid_trusted_hosts


def test_the_same_index_may_be_repeated_below_word_for_word() -> None:
    """It says nothing new."""
    assert merged(MACHINE, MACHINE).indexes == merged(MACHINE).indexes


def test_two_indexes_of_one_name_in_one_file_are_an_error() -> None:
    """The second is not taken as an addition to the first."""
    with pytest.raises(UsageError, match="two indexes are named acme"):
        merged(MACHINE + '[[index]]\nname = "acme"\nurl = "https://b.example/"\n')


def test_a_policy_without_indexes_leaves_pips_sources_in_force() -> None:
    """A file declares indexes by naming them."""
    declared = merged("[policy]\nforbid-trusted-hosts = true\n")
    assert not declared.policy.declared
    assert declared.policy.forbid_trusted_hosts
    assert merge([], lambda: DEFAULT_URL) == Declared()


_NAMES = st.sampled_from(["a", "a-b", "a-b-c", "b", "a-*", "a-b-*", "b-*"])
_INDEXES = st.lists(
    st.tuples(st.sampled_from("xyz"), st.lists(_NAMES, max_size=2, unique=True), st.booleans()),
    max_size=3,
    unique_by=lambda row: row[0],
)


def _text(indexes: list[tuple[str, list[str], bool]]) -> str:
    return "".join(
        f'[[index]]\nname = "{name}"\nurl = "https://{name}.example/"\npackages = {packages}\n'.replace("'", '"')
        + ("default = true\n" if default else "")
        for name, packages, default in indexes
    )


@settings(max_examples=100, deadline=None)
@given(_INDEXES, _INDEXES)
def test_no_lower_level_changes_where_a_claimed_or_default_name_goes(
    above: list[tuple[str, list[str], bool]], below: list[tuple[str, list[str], bool]]
) -> None:
    """Whatever the lower file says: it is an error, or every name that was claimed goes where it went, and a name of
    the default index goes there still, is claimed by the lower file, or is asked of all sources."""
    try:
        table = routing.build(merged(_text(above)).indexes)
        both = routing.build(merged(_text(above), _text(below)).indexes)
    except UsageError:
        return
    for name in ("a", "a-b", "a-x", "a-b-c", "a-b-x", "b", "b-x", "q"):
        before, after = table.route(name), both.route(name)
        if not isinstance(before, Route) or before.index is None:
            continue
        if before.rule in (RoutingRule.EXACT_CLAIM, RoutingRule.PREFIX_CLAIM):
            assert isinstance(after, Route)
            assert after.index is not None
            assert after.index.url == before.index.url
        elif before.rule is RoutingRule.DEFAULT and isinstance(after, Route) and after.rule is RoutingRule.DEFAULT:
            assert after.index is not None
            assert after.index.url == before.index.url
