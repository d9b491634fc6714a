"""Where indexes may be named: routing.md's section of that name, statement by statement."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from safepip.config.level import read_level
from safepip.config.merging import Declared, merge
from safepip.config.pip_config import ConfiguredValue
from safepip.model.errors import Refused, UsageError
from safepip.model.index import Index, IndexKind, IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.plan import NameSet, Network, Plan, Selection, Settings
from safepip.model.urls import is_loopback, is_secure, read_host
from safepip.options.command_line import parse
from safepip.options.in_files import apply_file_options, name_words
from safepip.options.index_options import Sources, decide
from safepip.requirements.file_format import FileOption
from safepip.requirements.file_format import parse as parse_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEFAULT = "https://pips-own.example/simple"
TOML = """\
trusted-hosts = ["old.acme.example"]

[[index]]
name = "acme"
url = "https://packages.acme.example/simple/"
packages = ["acme-*"]

[[index]]
name = "public"
default = true
"""


def locate(text: str) -> str | None:
    """A disk on which ./wheels and ~/wheels exist."""
    return {"./wheels": "file:///srv/wheels", "~/wheels": "file:///home/wheels"}.get(text)


def declared(text: str) -> Declared:
    level = read_level(text, "safepip.toml", Source.PROJECT_CONFIG)
    assert level is not None
    return merge([level], lambda: DEFAULT)


def from_pip(variable: str, value: str, *, file: bool = False) -> ConfiguredValue:
    key = variable.removeprefix("PIP_").lower().replace("_", "-")
    origin = Origin(Source.PIP_CONFIG, "pip.conf", 2) if file else Origin(Source.ENVIRONMENT, variable)
    return ConfiguredValue(key, value, origin)


def given(words: Sequence[str], configured: Sequence[ConfiguredValue] = (), config: Declared | None = None) -> Sources:
    return decide(parse("install", words, configured), config or Declared(), lambda: DEFAULT, locate)


def urls(indexes: Sequence[Index]) -> list[str]:
    return [index.location or str(index.url) for index in indexes]


def references(words: Sequence[str], config: Declared | None = None) -> list[str]:
    with pytest.raises((Refused, UsageError)) as caught:
        given(words, (), config)
    return [diagnostic.reference for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["-i", "packages.acme.example/simple"], "did you mean https://packages.acme.example/simple?"),
        (["-i", "packages.acme.example"], "did you mean https://packages.acme.example?"),
        (["-i", "packages"], ""),
        (["-i", "../packages.acme"], ""),
        (["-i", "packages.acme/simple;x"], ""),
        (["-f", "wheels.acme/old"], ""),
    ],
)
def test_a_scheme_that_was_left_out_is_offered(words: list[str], hint: str) -> None:
    """Of an index: what --find-links names is more often a folder. Only a plain host and path is repeated."""
    with pytest.raises(UsageError) as caught:
        given(words)
    assert [(d.reference, d.hint) for d in caught.value.diagnostics] == [("invalid-index-url", hint)]


# --- without a configuration of safepip's ----------------------------------------------------------------


def test_without_any_option_pips_own_default_index_is_the_only_source() -> None:
    """So nothing needs configuration."""
    (index,) = given([]).indexes
    assert (index.name, str(index.url), index.default) == ("default", DEFAULT + "/", True)


def test_the_index_given_is_the_default_and_the_others_are_sources_beside_it() -> None:
    """`-i`, `--extra-index-url` and `--find-links`, each with the place it was said at."""
    found = given(
        ["-i", "https://one.example/simple", "--extra-index-url", "https://two.example/", "-f", "./wheels"],
        [from_pip("PIP_EXTRA_INDEX_URL", "https://zero.example/ https://one.example/other", file=True)],
    ).indexes
    assert urls(found) == ["https://one.example/simple/", "https://zero.example/", "https://one.example/other/",
                           "https://two.example/", "file:///srv/wheels"]  # fmt: skip
    assert [index.default for index in found] == [True, False, False, False, False]
    assert [index.kind for index in found] == [IndexKind.SIMPLE] * 4 + [IndexKind.FIND_LINKS]
    assert [str(index.origin) for index in found] == ["-i", "pip.conf:2", "pip.conf:2", "--extra-index-url", "-f"]
    assert len({index.name for index in found}) == 5


def test_an_index_said_twice_is_one_source() -> None:
    """Two of them would make every name ambiguous."""
    assert len(given(["-i", "https://one.example/s", "--extra-index-url", "https://ONE.example:443/s/"]).indexes) == 1


def test_no_index_leaves_find_links_only() -> None:
    """As in pip."""
    found = given(["--no-index", "-i", "https://one.example/", "-f", "https://two.example/links.html?a=b#c"]).indexes
    assert urls(found) == ["https://two.example/links.html?a=b"]
    assert given(["--no-index"]).indexes == []


@pytest.mark.parametrize("words", [["-i", "one.example/simple"], ["-i", ""], ["-i", "ftp://one.example/"],
                                   ["-f", "./missing"],
                                   ["-i", "https://one.example/?q=1"], ["--trusted-host", "https://h.example"],
                                   ["--trusted-host", "h:0"]])  # fmt: skip
def test_a_value_that_is_no_url_path_or_host_is_a_usage_error(words: list[str]) -> None:
    """pip warns and goes on without the source; then another would answer for the names that stand there."""
    assert references(words) == ["invalid-index-url"]


def test_plain_http_is_for_loopback_and_trusted_hosts() -> None:
    """All others are refused, each with its place."""
    assert (
        references(["-i", "http://one.example/", "--extra-index-url", "http://two.example/"]) == ["insecure-index"] * 2
    )
    for words in (["-i", "http://127.0.0.1:8080/"], ["-i", "http://localhost/"], ["-i", "http://[::1]:3141/"],
                  ["-i", "http://one.example/", "--trusted-host", "ONE.example"],
                  ["-i", "http://one.example:81/", "--trusted-host", "one.example:81"]):  # fmt: skip
        assert given(words).indexes
    assert references(["-i", "http://one.example/", "--trusted-host", "two.example"]) == ["insecure-index"]
    assert references(["-i", "http://one.example:82/", "--trusted-host", "one.example:81"]) == ["insecure-index"]


def test_a_host_that_only_looks_like_loopback_is_not() -> None:
    """Names and addresses that begin or end like this machine's."""
    for name in ("127.0.0.1.example", "localhost.example", "1127.0.0.1", "127.0.0.1x", "0.0.0.0", "::2"):
        assert not is_loopback(name)
    assert not is_secure(IndexUrl.parse("http://127.0.0.1.example/"), ())


def test_a_host_is_read_with_its_port_or_without() -> None:
    """Without one it covers every port, as in pip."""
    assert read_host("[::1]:80") == ("::1", 80)
    assert read_host("H.example") == ("h.example", None)
    for wrong in ("", "a b", "h:", "h:x", "http://h", "h/", "u@h", "h:65536"):
        assert read_host(wrong) is None


# --- with a configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["-i", "https://other.example/"], ["--extra-index-url", "https://other.example/"],
                                   ["-f", "./wheels"], ["-f", "https://packages.acme.example/simple/"],
                                   ["--trusted-host", "packages.acme.example"],
                                   ["-i", "https://packages.acme.example/other/"]])  # fmt: skip
def test_what_the_configuration_does_not_declare_is_refused_on_the_command_line(words: list[str]) -> None:
    """An index, --find-links or --trusted-host."""
    assert references(words, declared(TOML)) == ["undeclared-index"]


def test_what_it_does_not_declare_is_ignored_with_one_notice_in_pips_environment_and_configuration() -> None:
    """However much of it there is."""
    found = given(
        [],
        [
            from_pip("PIP_INDEX_URL", "https://other.example/"),
            from_pip("PIP_TRUSTED_HOST", "other.example"),
            from_pip("PIP_FIND_LINKS", "./wheels /nowhere", file=True),
        ],
        declared(TOML),
    )
    assert urls(found.indexes) == ["https://packages.acme.example/simple/", DEFAULT + "/"]
    assert found.trusted_hosts == ["old.acme.example"]
    (notice,) = found.notices()
    for place in ("PIP_INDEX_URL", "PIP_TRUSTED_HOST", "pip.conf:2"):
        assert place in notice


def test_what_it_declares_may_be_named_again() -> None:
    """It changes nothing."""
    words = [
        "-i",
        "https://packages.acme.example/simple",
        "--extra-index-url",
        DEFAULT,
        "--trusted-host",
        "old.acme.example",
    ]
    found = given(words, [], declared(TOML))
    assert found.indexes == list(declared(TOML).indexes)
    assert found.notices() == ()


def test_no_index_holds_with_a_configuration_too() -> None:
    """It asks for less, so no policy speaks against it."""
    assert given(["--no-index"], [], declared(TOML)).indexes == []


def test_a_policy_that_forbids_trusted_hosts_forbids_them_without_indexes_too() -> None:
    """On the command line refused, in pip's configuration ignored."""
    config = declared("[policy]\nforbid-trusted-hosts = true\n")
    assert references(["--trusted-host", "h.example"], config) == ["undeclared-index"]
    found = given([], [from_pip("PIP_TRUSTED_HOST", "h.example")], config)
    assert found.trusted_hosts == []
    assert found.notices()
    assert urls(found.indexes) == [DEFAULT + "/"]


def test_a_declared_index_over_plain_http_needs_a_trusted_host() -> None:
    """The configuration's own word is not enough."""
    text = '[[index]]\nname = "a"\nurl = "http://a.example/"\ndefault = true\n'
    assert references([], declared(text)) == ["insecure-index"]
    assert given([], [], declared('trusted-hosts = ["a.example"]\n' + text)).indexes


# --- options of requirements files -----------------------------------------------------------------------


def plan(words: Sequence[str] = (), config: Declared | None = None, **more: object) -> Plan:
    sources = given(words, (), config)
    network = Network(trusted_hosts=tuple(sources.trusted_hosts))
    made = Settings(network=network, no_index=sources.no_index, **more)  # type: ignore[arg-type]
    return Plan(made, sources.policy, tuple(sources.indexes))


def option(name: str, value: str | None = None, line: int = 3, *, expanded: bool = False) -> FileOption:
    return FileOption(name, value, Origin(Source.FILE, "requirements.txt", line), expanded)


def applied(start: Plan, *options: FileOption) -> Plan:
    return apply_file_options(start, options, locate=locate)


def test_an_index_in_a_file_replaces_the_whole_list_and_keeps_find_links() -> None:
    """pip's rule, dropping the command line's extras."""
    start = plan(["--extra-index-url", "https://two.example/", "-f", "./wheels"])
    after = applied(
        start, option("index-url", "https://file.example/"), option("extra-index-url", "https://more.example/")
    )
    assert urls(after.indexes) == ["https://file.example/", "file:///srv/wheels", "https://more.example/"]
    assert [index.default for index in after.indexes] == [True, False, False]
    assert str(after.indexes[0].origin) == "requirements.txt:3"


def test_after_no_index_a_files_indexes_are_not_taken() -> None:
    """Wherever --no-index stood."""
    index = option("index-url", "https://file.example/")
    assert applied(plan(["--no-index"]), index).indexes == ()
    assert applied(plan(), option("no-index"), index).indexes == ()
    assert urls(applied(plan(), index, option("no-index"), option("find-links", "./wheels")).indexes) == [
        "file:///srv/wheels"
    ]


@pytest.mark.parametrize("name", ["index-url", "extra-index-url", "find-links"])
def test_a_source_that_the_configuration_does_not_declare_is_refused_with_file_and_line(name: str) -> None:
    """The author of a requirements file is not the author of the policy."""
    with pytest.raises(Refused) as caught:
        applied(
            plan(config=declared(TOML)),
            option(name, "https://file.example/", 7),
            option("trusted-host", "h.example", 8),
        )
    assert [d.reference for d in caught.value.diagnostics] == ["undeclared-index"] * 2
    assert [str(d.origins[0]) for d in caught.value.diagnostics] == ["requirements.txt:7", "requirements.txt:8"]


def test_a_declared_index_named_in_a_file_changes_nothing() -> None:
    """Not even the order."""
    start = plan(config=declared(TOML))
    assert applied(start, option("index-url", "https://packages.acme.example/simple")).indexes == start.indexes


def test_plain_http_in_a_file_is_refused_unless_trusted() -> None:
    """By an option in a file as well, where no configuration is in force."""
    index = option("index-url", "http://file.example/")
    with pytest.raises(Refused) as caught:
        applied(plan(), index)
    assert caught.value.diagnostics[0].reference == "insecure-index"
    after = applied(plan(), index, option("trusted-host", "file.example"))
    assert after.settings.network.trusted_hosts == ("file.example",)


def test_an_expanded_variable_reaches_no_index_that_only_the_file_names() -> None:
    """A value so expanded is a credential."""
    for name in ("index-url", "extra-index-url", "find-links"):
        with pytest.raises(Refused) as caught:
            applied(plan(), option(name, "https://evil.example/token/", 5, expanded=True))
        assert [d.reference for d in caught.value.diagnostics] == ["expanded-credential"]
        assert "token" not in str(caught.value)
    start = plan(["-i", "https://one.example/"])
    assert applied(start, option("index-url", "https://one.example/token/", expanded=True)).indexes
    # Another registry on the host that the user named is another index.
    with pytest.raises(Refused):
        applied(plan(["-i", "https://one.example/ours/"]), option("find-links", "https://one.example/t", expanded=True))
    # An index that the file itself has named before does not make the second one known.
    with pytest.raises(Refused):
        applied(
            start,
            option("extra-index-url", "https://evil.example/"),
            option("find-links", "https://evil.example/t", expanded=True),
        )


def test_pips_default_index_gets_no_expanded_variable() -> None:
    """Nobody named it."""
    with pytest.raises(Refused):
        applied(plan(), option("index-url", DEFAULT + "/token", expanded=True))


def test_a_local_path_may_be_expanded() -> None:
    """It reaches nobody."""
    assert len(applied(plan(), option("find-links", "./wheels", expanded=True)).indexes) == 2


def test_selection_options_of_a_file_go_on_from_the_command_lines() -> None:
    """--pre is --all-releases :all:; names leave the other set."""
    selection = Selection(no_binary=NameSet(names=frozenset({"a", "b"})), only_final=NameSet(names=frozenset({"c"})))
    after = applied(plan(selection=selection), option("only-binary", "A,d"), option("pre"), option("prefer-binary"))
    found = after.settings.selection
    assert found.no_binary == NameSet(names=frozenset({"b"}))
    assert found.only_binary == NameSet(names=frozenset({"a", "d"}))
    assert found.all_releases.all
    assert found.only_final.names == {"c"}
    assert found.prefer_binary


def test_hash_options_of_a_file_hold_for_the_run_and_exclude_each_other() -> None:
    """With pip's exit code."""
    assert applied(plan(), option("require-hashes")).settings.require_hashes
    with pytest.raises(UsageError) as caught:
        applied(plan(require_hashes=True), option("no-require-hashes"))
    assert caught.value.exit_code == 1


def test_every_option_that_a_file_can_give_is_handled() -> None:
    """Those that requirements_txt knows; another one is a mistake in safepip, not a silent nothing."""
    from safepip.requirements.file_format import _CONTROLS, _OWN_LINE

    values = {"index-url": "https://a.example/", "extra-index-url": "https://b.example/", "find-links": "./wheels",
              "trusted-host": "h.example", "use-feature": "fast-deps"}  # fmt: skip
    for name in (*_CONTROLS, *_OWN_LINE):
        applied(plan(), option(name, values.get(name, "x" if name in _CONTROLS else None)))
    with pytest.raises(ValueError, match="not an option"):
        applied(plan(), option("quiet"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_all(
    words=st.lists(st.sampled_from(["--no-index", "--extra-index-url=https://two.example/b"]), max_size=2),
    lines=st.lists(
        st.sampled_from(
            ["--extra-index-url https://f.example/x", "-i https://f.example/y", "--extra-index-url https://f.example/z",
             "--no-index", "--pre", "--only-final a", "--only-binary :all:", "--no-binary a,b", "--all-releases a"]
        ),
        max_size=4,
    ),
)  # fmt: skip
def test_file_options_give_the_indexes_and_controls_of_pip(words: list[str], lines: list[str], tmp_path: Path) -> None:
    """Against pip's own handling of a requirements file, for any options in any order."""
    from pip._internal.commands.install import InstallCommand
    from pip._internal.req.req_file import parse_requirements

    command = InstallCommand("install", "", isolated=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        values, _ = command.parser.parse_args(["-i", DEFAULT, *words])
    file = tmp_path / "requirements.txt"
    file.write_text("\n".join(lines))
    with command.main_context():
        session = command.get_default_session(values)
        finder = command._build_package_finder(values, session)
        for _line in parse_requirements(str(file), session, finder, values):
            raise AssertionError("no requirement stands there")
    read = parse_text("\n".join(lines), "requirements.txt", constraint=False, environ={}, absorb=str)
    mine = applied(plan(["-i", DEFAULT, *words]), *[line for line in read if isinstance(line, FileOption)])
    # pip asks an index that is named twice once.
    assert urls(mine.indexes) == list(dict.fromkeys(url.rstrip("/") + "/" for url in finder.index_urls))
    found = mine.settings.selection
    release, formats = finder.release_control, finder.format_control
    assert release is not None
    assert name_words(found.all_releases) == release.all_releases
    assert name_words(found.only_final) == release.only_final
    assert name_words(found.no_binary) == formats.no_binary
    assert name_words(found.only_binary) == formats.only_binary
