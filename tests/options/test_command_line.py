"""The option table against the real pip, and the reading of a command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from safepip.config.pip_config import ConfiguredValue
from safepip.model.errors import Refused, UsageError
from safepip.model.origin import Origin, Source
from safepip.options import table
from safepip.options.command_line import HelpRequested, parse, split_command
from safepip.options.help_text import GROUPS, format_help, wrapped
from safepip.options.table import OPTIONS, Handling, options_of
from support.nowhere import NOWHERE

_PIP_ENV = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "COLUMNS": "400", "HOME": NOWHERE}


def _pip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", *words], env=_PIP_ENV, capture_output=True, text=True, check=False
    )


def configured(key: str, value: str, section: str = "global") -> ConfiguredValue:
    return ConfiguredValue(key, value, Origin(Source.PIP_CONFIG, "pip.conf", 2), section)


@pytest.mark.parametrize("verb", ["install", "download", "lock", "wheel"])
def test_every_option_that_pip_shows_is_a_row_and_no_other_is(verb: str) -> None:
    """`pip VERB --help` names, for each option, the first short and the first long flag, and the metavar."""
    text = _pip(verb, "--help").stdout
    shown = {
        (short, long, bool(metavar))
        for short, long, metavar in re.findall(r"^ +(?:(-\w), )?(--[a-z0-9-]+)( <[^>]+>)?(?:  |$)", text, re.MULTILINE)
    }
    ours = {
        (next((flag for flag in row.flags if not flag.startswith("--")), ""), row.long, row.action.takes_value)
        for row in options_of(verb)
        if not row.own and not row.hidden
    }
    assert len(shown) > 50
    assert shown == ours


@pytest.mark.parametrize("verb", ["install", "download", "lock", "wheel"])
def test_rows_have_pips_aliases_actions_defaults_and_choices(verb: str) -> None:
    """What `--help` leaves out (aliases, hidden options, kinds) is compared with pip's own parser."""
    from pip._internal.commands import create_command

    parser = create_command(verb).parser
    theirs = {flag: option for option in parser.option_list_all for flag in (*option._short_opts, *option._long_opts)}
    ours = {flag: row for row in options_of(verb) if not row.own for flag in row.flags}
    assert set(theirs) == set(ours)
    for flag, option in theirs.items():
        row = ours[flag]
        assert set(row.flags) == {*option._short_opts, *option._long_opts}
        assert option.dest is not None
        # --src is a callback in pip only to make the path absolute.
        if row.long != "--src":
            assert row.action.callback == (option.action == "callback"), flag
            assert row.action.callback or row.action.value == option.action
        assert row.action.takes_value == option.takes_value()
        assert row.choices == tuple(option.choices or ())
        kinds = {"string": "str", "choice": "str", None: "str"}
        # What these two have pip expands itself.
        if not row.action.callback and row.long not in ("--dest", "--wheel-dir"):
            assert row.kind == kinds.get(option.type, option.type), flag
        if row.dest not in ("index_url", "cache_dir", "src_dir") and not row.action.callback:
            assert (row.default or None) == (parser.defaults[option.dest] or None), flag


def test_every_row_says_what_becomes_of_it() -> None:
    """A refused row has a reason and a hint; whoever does nothing says why; nothing is both refused and done."""
    for row in OPTIONS:
        assert row.handling
        if Handling.REFUSED in row.handling:
            assert row.handling is Handling.REFUSED
            assert row.note
            assert row.hint
        assert row.help.endswith((".", ")"))


def test_each_pair_of_rows_with_one_dest_agrees_on_the_default() -> None:
    """Otherwise the parser's default would depend on the order of the rows."""
    for row in OPTIONS:
        for other in OPTIONS:
            if row.dest == other.dest:
                assert row.default == other.default


def test_options_may_stand_after_arguments_and_be_abbreviated() -> None:
    """As in pip, whose parser allows both."""
    parsed = parse("install", ["a", "--extra-index", "https://one.example", "b", "-rfile.txt", "--timeo=3"])
    assert parsed.arguments == ("a", "b")
    assert parsed["requirements"] == ["file.txt"]
    assert parsed["timeout"] == 3.0
    assert parsed["extra_index_urls"] == ["https://one.example"]


def test_an_abbreviation_means_what_it_means_in_pip_though_safepip_has_options_of_its_own() -> None:
    """`--conf` is pip's `--config-settings`; safepip's `--config` is matched whole only."""
    assert parse("install", ["--conf", "a=b"])["config_settings"] == [("a", "b")]
    assert parse("install", ["--config", "a=b"])["config"] == "a=b"
    with pytest.raises(UsageError, match="no such option: --offl"):
        parse("install", ["--offl"])


@pytest.mark.parametrize(
    ("verb", "words", "hint"),
    [
        ("install", ["--universal"], "--universal is an option of safepip lock"),
        ("install", ["-P", "x"], "-P is an option of safepip lock"),
        ("lock", ["--dry-run"], "--dry-run is an option of safepip install and safepip audit"),
        ("lock", ["--target=x"], "--target is an option of safepip install"),
        (
            "install",
            ["-yq"],
            "-y is an option of safepip uninstall; safepip install asks for no such answer: leave it out",
        ),
        (
            "verify",
            ["-r", "x"],
            "-r is an option of safepip install, safepip download, safepip lock, safepip wheel and safepip audit",
        ),
        ("install", ["--requirment"], "did you mean --requirement?"),
        ("lock", ["--univrsal"], "did you mean --universal?"),
        ("install", ["--nothing"], "`safepip install --help` lists the options"),
        ("install", ["-Z"], "`safepip install --help` lists the options"),
    ],
)
def test_an_option_of_another_verb_is_known_by_its_verb(verb: str, words: list[str], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(verb, words)
    (found,) = caught.value.diagnostics
    assert (found.reference, found.hint) == ("bad-option", hint)


@pytest.mark.parametrize("verb", sorted(set(table._PASSED_THROUGH.values())))
def test_a_verb_of_pip_has_the_options_that_are_known_of_it(verb: str) -> None:
    shown = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", _pip(verb, "--help").stdout))
    assert {flag for flag, other in table._PASSED_THROUGH.items() if other == verb} <= shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--nope"], 2),
        (["--no-"], 2),
        (["--timeout"], 2),
        (["--timeout", "abc"], 2),
        (["--upgrade-strategy", "never"], 2),
        (["--python-version", "3.x"], 2),
        (["--python-version", "1.2.3.4"], 2),
        (["--uploaded-prior-to", "junk"], 2),
        (["--group", "a/b:c"], 2),
        (["-C", "novalue"], 2),
        (["-V"], 2),
        (["--no-deps=1"], 2),
        (["--no-binary", "-x"], 1),
        (["--refresh-package", "-x"], 1),
    ],
)
def test_a_wrong_command_line_ends_with_pips_exit_code(words: list[str], code: int) -> None:
    """Measured on the real pip, in the same test."""
    with pytest.raises(UsageError) as caught:
        parse("install", [*words, "x"] if len(words) != 1 or words != ["--timeout"] else words)
    assert caught.value.exit_code == code


@pytest.mark.parametrize("words", [["--nope"], ["--no-binary", "-x", "y"], ["--timeout", "abc"]])
def test_the_exit_code_is_that_of_the_real_pip(words: list[str]) -> None:
    """One program run for each kind of mistake."""
    with pytest.raises(UsageError) as caught:
        parse("install", words)
    assert _pip("install", *words).returncode == caught.value.exit_code


def test_a_configured_value_of_the_wrong_type_ends_with_3() -> None:
    """As pip: exit 3 for a wrong number or choice, 2 for a wrong truth value."""
    for key, value, code in (("timeout", "x", 3), ("keyring-provider", "x", 3), ("use-feature", "x", 3),
                             ("no-index", "x", 2), ("verbose", "-1", 2), ("no-cache-dir", "x", 2)):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            parse("install", [], [configured(key, value)])
        assert caught.value.exit_code == code, key
        assert caught.value.diagnostics[0].origins == (Origin(Source.PIP_CONFIG, "pip.conf", 2),)


def test_a_configured_list_is_a_default_to_which_the_command_line_adds() -> None:
    """And each element keeps its own origin."""
    parsed = parse("install", ["-f", "three"], [configured("find-links", "zero"), configured("find-links", "one two")])
    assert parsed["find_links"] == ["one", "two", "three"]
    file = Origin(Source.PIP_CONFIG, "pip.conf", 2)
    assert parsed.stated["find_links"] == (file, file, Origin(Source.COMMAND_LINE, "-f"))


def test_sets_of_names_add_up_and_exclude_each_other() -> None:
    """pip's `--no-binary` rules, over configuration and command line."""
    parsed = parse("install", ["--only-binary", "A_b", "--no-binary", ":none:"], [configured("no-binary", "a.B,c")])
    assert parsed["only_binary"] == {"a-b"}
    assert parsed["no_binary"] == set()
    parsed = parse("install", ["--no-binary", "x,:all:,y,:none:,z"])
    assert parsed["no_binary"] == {"z"}


def test_no_cache_dir_wins_over_a_configured_folder_whatever_the_order() -> None:
    """pip evaluates callbacks last; on the command line the last one wins."""
    values = [configured("no-cache-dir", "no"), configured("cache-dir", "/c")]
    assert parse("install", [], values)["cache_dir"] is False
    assert parse("install", ["--cache-dir", "/d"], values)["cache_dir"] == "/d"


def test_no_compile_in_the_configuration_takes_the_value_itself() -> None:
    """pip's documented oddity: `no-compile = no` switches compiling off."""
    assert parse("install", [], [configured("no-compile", "no")])["compile"] is False
    assert parse("install", [], [configured("no-compile", "yes")])["compile"] is True


def test_uploaded_prior_to_counts_days_back_from_now_or_reads_a_time() -> None:
    """`P<n>D` or ISO 8601; nothing else."""
    day = 86400.0
    assert parse("install", ["--uploaded-prior-to", "P3D"], now=10 * day)["uploaded_prior_to"] == 7 * day
    assert parse("install", ["--uploaded-prior-to", "1970-01-02T00:00:00Z"])["uploaded_prior_to"] == day
    for wrong in ("P3H", "p3D", "P-3D", "P٣D", "", "2020-01-01x", f"P{'9' * 999}D"):
        with pytest.raises(UsageError):
            parse("install", ["--uploaded-prior-to", wrong])
    assert parse("install", ["--uploaded-prior-to", "P99999999999D"])["uploaded_prior_to"] < 0


def test_deprecated_features_are_refused_with_reason_and_hint() -> None:
    """Wherever they are said."""
    for words, values in (
        (["--use-deprecated", "legacy-resolver"], []),
        ([], [configured("use-deprecated", "legacy-certs")]),
    ):
        with pytest.raises(Refused) as caught:
            parse("install", words, values)
        (diagnostic,) = caught.value.diagnostics
        assert diagnostic.reference == "unsupported-option"
        assert diagnostic.hint
        assert diagnostic.origins


def test_pips_configuration_cannot_set_safepips_own_options() -> None:
    """PIP_CONFIG, PIP_OFFLINE and the like mean nothing to pip, so they mean nothing here."""
    parsed = parse("install", [], [configured("config", "x"), configured("offline", "yes"), configured("help", "yes")])
    assert parsed["config"] is None
    assert parsed["offline"] is False


def test_help_is_shown_unless_a_mistake_comes_first() -> None:
    """Options after `--help` are not looked at, as in pip."""
    with pytest.raises(HelpRequested) as caught:
        parse("install", ["x", "-h", "--nope"])
    assert "--requirement <file>" in caught.value.shown(80)
    with pytest.raises(UsageError):
        parse("install", ["--nope", "-h"])


VERBS = sorted({verb for option in OPTIONS for verb in option.verbs})


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("verb", VERBS)
def test_help_names_every_option_that_is_not_hidden(verb: str, width: int) -> None:
    """In lines that fit the terminal, but for a flag with its value."""
    text = format_help(verb, width)
    for row in options_of(verb):
        assert (row.long in text.split()) or row.long + "," in text or row.hidden
    assert all(len(line) <= width or line.startswith("  -") for line in text.splitlines())
    assert "%default" not in text


def test_every_option_that_is_shown_stands_in_one_group() -> None:
    grouped = [flag for flags in GROUPS.values() for flag in flags.split()]
    assert sorted(grouped) == sorted({option.long for option in OPTIONS if not option.hidden})


def test_what_is_used_every_day_stands_on_the_first_screen() -> None:
    """In a terminal of 80 columns and 24 lines, below the usage."""
    first = "\n".join(format_help("install", 80).splitlines()[:24])
    for flag in ("--requirement", "--editable", "--upgrade", "--constraint"):
        assert flag in first


def test_a_default_that_is_a_value_is_named() -> None:
    for option in OPTIONS:
        if option.action.takes_value and option.default not in (None, (), frozenset()):
            assert "(default: " in option.help, option.long


def test_the_help_of_a_command_is_wrapped_between_words() -> None:
    text = "Usage: safepip x\n\nOne two three\nfour five.\n\n  name   what it is and more\n  b      short"
    shown = "Usage: safepip x\n\nOne two three four\nfive.\n\n  name   what it is\n         and more\n  b      short"
    assert wrapped(text, 20) == shown


@pytest.mark.parametrize(
    ("argv", "verb", "rest"),
    [
        (["install", "x"], "install", ["x"]),
        (["-v", "install", "x"], "install", ["-v", "x"]),
        (["--timeout", "3", "install", "x"], "install", ["--timeout", "3", "x"]),
        (["--timeout=3", "install"], "install", ["--timeout=3"]),
        (["--timeo", "3", "list"], "list", ["--timeo", "3"]),
        (["--python", "install", "install"], "install", ["--python", "install"]),
        (["-vq", "show", "install"], "show", ["-vq", "install"]),
        (["--help"], None, ["--help"]),
        ([], None, []),
        (["--timeout"], None, ["--timeout"]),
        (["--", "install"], "install", ["--"]),
    ],
)
def test_the_verb_is_the_first_word_that_is_no_option_nor_an_options_argument(
    argv: list[str], verb: str | None, rest: list[str]
) -> None:
    """As in pip, options before the verb belong to it."""
    assert split_command(argv) == (verb, rest)


def test_the_representation_of_parsed_options_shows_no_value() -> None:
    """A value may hold a credential until the edge has taken it out."""
    parsed = parse("install", ["--proxy", "user:canary@proxy.example"])
    assert "canary" not in repr(parsed)
    assert "canary" not in repr(configured("proxy", "user:canary@proxy.example"))
