"""What is a project's name, and which names are one, is decided in one place and the same for every entrance."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidName, canonicalize_name

from safepip.model.errors import UnusableInput, UsageError
from safepip.model.index import Index, IndexUrl
from safepip.model.names import is_name, name_at_start, normalise
from safepip.model.origin import Origin, Source
from safepip.routing.table import project_name, read_claim
from support.source_tree import FILES, importers_of, module_of

#: Letters whose lower case is ASCII, though they are not: `K` (Kelvin) and the long s.
KELVIN, LONG_S = "\N{KELVIN SIGN}", "\N{LATIN SMALL LETTER LONG S}"
#: Texts that begin like a name, or hold one, and are none.
NO_NAMES = [
    "",
    "-acme",
    "acme-",
    ".acme",
    "acme_",
    "acme\n",
    " acme",
    "ac me",
    f"{KELVIN}eras",
    f"reque{LONG_S}ts",
    "é",
    "a/b",
]


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9._-]*", fullmatch=True)))
def test_packaging_agrees(text: str) -> None:
    """A name is what `packaging` accepts as one, and is normalised as there."""
    try:
        canonicalize_name(text, validate=True)
        valid = True
    except InvalidName:
        valid = False
    assert is_name(text) == valid
    assert normalise(text) == canonicalize_name(text)


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_is_none_for_every_entrance(text: str) -> None:
    """A command's argument and a claim are held to the same grammar."""
    assert not is_name(text)
    with pytest.raises(UnusableInput):
        project_name(text)
    if text.strip() == text:
        index = Index("acme", IndexUrl.parse("https://packages.acme.example/simple/"))
        with pytest.raises(UsageError):
            read_claim(text, index, Origin(Source.PROJECT_CONFIG))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("acme==1", "acme"),
        ("acme[x]", "acme"),
        ("", ""),
        (" acme", ""),
        ("a.b-c_d/e", "a.b-c_d"),
        ("acme-==1", "acme"),
        ("./acme", ""),
    ],
)
def test_a_name_is_found_at_the_start_only(text: str, name: str) -> None:
    """What stands before a name is not passed over."""
    assert name_at_start(text) == name


def test_the_grammar_stands_in_one_file() -> None:
    """No other file has a regular expression for a name (a host's looks like one), and none another normalisation."""
    grammar = re.compile(r"\[(A-Z)?a-z0-9\._-\]\*")
    found = {module_of(path) for path in FILES if grammar.search(path.read_text("utf-8"))}
    # What a shell offers to complete is found by sed.
    assert found <= {"safepip.model.names", "safepip.model.urls", "safepip.options.completion"}
    assert importers_of("packaging.utils.canonicalize_name") == set()
