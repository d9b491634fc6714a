"""Lines for a terminal: broken between words, and never where something is to be pasted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.reporting.messages import Style, render_notice
from safepip.reporting.wrapping import wrapped

GOLDEN = Path(__file__).parents[1] / "golden"


def test_words_go_on_below_the_words_of_their_line() -> None:
    text = "\n".join(
        [
            "error: resolution-impossible",
            "  Cannot install acme-web 1.0 because these package versions conflict",
            "    acme-web 1.0 to 1.59 require acme-utils>=2  <-  requirements.txt:1",
            "",
            "hint: loosen a version that you require, so that a common one exists",
        ]
    )
    assert wrapped(text, 40).splitlines() == [
        "error: resolution-impossible",
        "  Cannot install acme-web 1.0 because",
        "  these package versions conflict",
        "    acme-web 1.0 to 1.59 require",
        "      acme-utils>=2",
        "      <-  requirements.txt:1",
        "",
        "hint: loosen a version that you require,",
        "      so that a common one exists",
    ]


def test_pips_own_lines_go_on_below_themselves() -> None:
    text = "Installing collected packages: alpha, beta, gamma\nSuccessfully installed alpha-1.0 beta-1.0\n"
    assert wrapped(text, 30) == (
        "Installing collected packages:\n  alpha, beta, gamma\nSuccessfully installed\n  alpha-1.0 beta-1.0\n"
    )


@pytest.mark.parametrize(
    "piece",
    [
        "safepip lock -r requirements.txt --universal",
        "--allow-build acme-utils",
        "acme-utils @ https://files.example/acme_utils-1.0-py3-none-any.whl",
        "python3 -I -m venv --without-pip .venv",
        "safepip help one-reference another-reference a-third-one",
        "mv 'a file.toml' pylock.toml",
    ],
)
def test_a_command_stays_whole(piece: str) -> None:
    """Behind a colon, at the end of a line or before what goes on."""
    for text in (f"hint: make a new one: {piece}", f"hint: make a new one: {piece}; that is all that there is to do"):
        assert piece in wrapped(text, 30), wrapped(text, 30)
        assert len(wrapped(text, 30).splitlines()) > 1


def test_an_option_stays_with_its_value_and_backticks_with_what_they_hold() -> None:
    assert "--python .venv" in wrapped("the environment is named with --python .venv in such a case", 42)
    assert "`safepip install --help`" in wrapped("hint: name a project; `safepip install --help` lists all ways", 36)


def test_a_block_to_paste_stays_as_it_is() -> None:
    block = [
        "    # keep each name, without the question mark, only in the table of its owner",
        "    [[index]]",
        "",
        '    packages = ["acme-auth?", "acme-utils?", "billing?"]',
    ]
    text = "\n".join(
        ["hint: find out who owns it, and write that in the existing tables:", *block, "", "More words here."]
    )
    lines = wrapped(text, 30).splitlines()
    assert lines[-6:-2] == block
    assert all(len(line) <= 30 for line in lines[:-6])
    assert lines[-1] == "More words here."


def test_colours_take_no_place() -> None:
    plain, coloured = (render_notice("four words as words", Style(color=color)) for color in (False, True))
    assert wrapped(coloured, len(plain)) == coloured
    assert len(wrapped(coloured, len(plain) - 1).splitlines()) == 2


def test_a_row_goes_on_below_its_second_column() -> None:
    digest = "sha256:" + "0" * 64
    text = f"  required by  requirements.txt: acme-utils\n  digest       {digest}"
    assert wrapped(text, 35).splitlines() == [
        "  required by  requirements.txt:",
        "               acme-utils",
        f"  digest       {digest}",
    ]


@given(st.text(st.sampled_from("ab:-`,; \n"), max_size=120), st.integers(4, 40))
def test_no_word_is_broken_changed_or_lost(text: str, columns: int) -> None:
    found = wrapped(text, columns)
    assert found.split() == text.split()
    assert wrapped(text, 200) == text
    if not set(text) & set(":-`") and all(len(word) <= columns // 2 for word in text.split()):
        assert all(len(line) <= columns or not line.strip(" ").count(" ") for line in found.split("\n"))


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.glob("*.txt")))
def test_each_message_fits_the_terminal_but_for_what_is_one_piece(name: str, columns: int) -> None:
    text = (GOLDEN / name).read_text(encoding="utf-8")
    block = False
    for line in wrapped(text, columns).splitlines():
        block = (block or line.endswith(("tables:", "hash:"))) and not line.startswith("Nothing")
        one_piece = line.split()[-1:] and ("://" in line.split()[-1] or "sha256:" in line.split()[-1])
        assert len(line) <= columns or block or one_piece, line
