"""What `safepip.requirements.file_format` says beside the meaning of a file: notices, errors, and never a secret."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.edges.network.credentials import Credentials
from safepip.requirements.file_format import (
    FileOption,
    Include,
    Line,
    Misread,
    Notice,
    RequirementLine,
    hide_user_info,
    parse,
)

CANARY = "canary-5f1e"
ENVIRON = {"TOKEN": CANARY, "OPTION": f"--{CANARY}"}


def _parse(text: str, **environ: str) -> list[Line]:
    return parse(text, "r.txt", constraint=False, environ=environ, absorb=Credentials({}).absorb)


def _notices(text: str) -> list[str]:
    return [line.text for line in _parse(text) if isinstance(line, Notice)]


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("flask -i https://i.example/", "--index-url beside a requirement has no effect"),
        ("flask --pre -r b.txt", "--pre, --requirement beside a requirement has no effect"),
        ("-e ./a --hash=sha256:" + "0" * 64, "--hash beside a requirement has no effect"),
        ("-e ./a -e ./b", "only one requirement of a line counts; the others are ignored"),
        ("-r a -r b", "only one -r or -c of a line counts; the others are ignored"),
        ("-c a -r b", "only one -r or -c of a line counts; the others are ignored"),
        ("-r a --pre", "--pre beside -r or -c has no effect"),
        ("-f a -f b", "only the first --find-links of a line counts; the others are ignored"),
        ("--hash=sha256:" + "0" * 64, "--hash without a requirement has no effect"),
        ("--pre flask", "text after the options of a line has no effect"),
        ("flask==${VERSION}", "${VERSION} is not set, and stays as written"),
    ],
)
def test_what_pip_drops_in_silence_is_told(text: str, notice: str) -> None:
    """Each thing on a line without effect has its notice."""
    assert notice in _notices(text)


@pytest.mark.parametrize(
    "text",
    ["", "flask", "flask --hash=sha256:" + "0" * 64, "-r a", "-i https://i.example --pre", "flask --no-binary six"],
)
def test_a_line_without_surprises_has_no_notice(text: str) -> None:
    """Nobody is told about what works."""
    assert _notices(text) == []


def test_each_line_knows_where_it_is() -> None:
    """A joined line counts from its first line."""
    lines = _parse("# one\nflask\\\n  ==1.0\n\n--pre\n-r other.txt\n")
    places = [(type(line), line.origin.line) for line in lines if not isinstance(line, Misread)]
    assert places == [(RequirementLine, 2), (FileOption, 5), (Include, 6)]


def test_one_bad_line_does_not_hide_the_next() -> None:
    """Every line that cannot be read is told of, each with its place."""
    lines = _parse("--nonsense\nflask\n-r\n--hash 'x")
    misread = [line.diagnostic for line in lines if isinstance(line, Misread)]
    assert [str(diagnostic.origins[0]) for diagnostic in misread] == ["r.txt:1", "r.txt:3", "r.txt:4"]
    assert {diagnostic.reference for diagnostic in misread} == {"invalid-requirements-line"}
    assert any(isinstance(line, RequirementLine) for line in lines)


@pytest.mark.parametrize(
    "line", ["--index-url=", "-i ''", "--index-url= https://i.example/", "-i https://a.example -i ''"]
)
def test_an_empty_index_is_not_the_default_one(line: str) -> None:
    """A slip of the space bar, or a template without its value, does not send all names to PyPI, as in pip."""
    (misread,) = _parse(line)
    assert isinstance(misread, Misread)
    assert "--index-url is empty" in misread.diagnostic.message


def test_expansion_is_marked() -> None:
    """What a variable was put into says so, and what was not does not."""
    lines = _parse("-i https://${USER}@i.example/\nflask==${V}\n-c ${V}.txt\nsix\n", USER="me:secret", V="1")
    assert [getattr(line, "expanded", None) for line in lines] == [True, True, True, False]
    assert isinstance(lines[0], FileOption)
    assert lines[0].value == "https://i.example/"


def test_user_information_of_urls_is_absorbed() -> None:
    """However a URL is spelt, its user information is gone from the values and known to the credentials."""
    credentials = Credentials({})
    text = f"-i https://me:{CANARY}@i.example/s\n-f 'https:'//me:{CANARY}@f.example/\nx @ https://me:{CANARY}@x.example/x.whl"
    lines = parse(text, "r.txt", constraint=False, environ={}, absorb=credentials.absorb)
    assert CANARY not in repr(lines)
    assert credentials.for_url("https://i.example/s/x/") == ("me", CANARY)
    assert credentials.for_url("https://x.example/x.whl") == ("me", CANARY)


def test_hidden_user_information_leaves_the_rest() -> None:
    """The host stays to be read."""
    assert hide_user_info(f"-i https://a:{CANARY}@h.example/s") == "-i https://****@h.example/s"


_PIECES = st.sampled_from(
    [
        *(
            "${TOKEN}",
            "${OPTION}",
            "https://${TOKEN}@h.example/",
            f"https://u:{CANARY}@h.example/",
            "-i ",
            "-f ",
            "--hash=",
        ),
        *("-r ", "-e ", "--pre=", "--use-feature ", " -", " ", "\n", "\\\n", "'", '"', "x", "==", "#", "\\", "@"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_no_message_holds_the_value_of_a_variable(text: str) -> None:
    """Notices, errors and the text for messages show a line as it was before expansion, without user information."""
    for line in _parse(text, **ENVIRON):
        match line:
            case Notice() | Misread():
                assert CANARY not in repr(line)
            case RequirementLine() | Include():
                assert CANARY not in line.written
                assert CANARY not in str(line.origin)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_parsing_never_raises(text: str) -> None:
    """Any text at all is a list of lines."""
    assert isinstance(_parse(text, **ENVIRON), list)


def test_long_runs_of_white_space_cost_linear_time() -> None:
    """A line of a million spaces, which a pattern for comments would take hours for, is read at once."""
    assert _parse("flask" + " " * 1_000_000 + "x # c") != []
