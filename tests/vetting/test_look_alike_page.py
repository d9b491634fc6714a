"""The table on the page of `look-alike` says what the rule says, with the list that comes with the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safepip.edges.disk.well_known import shipped_names
from safepip.model.names import normalise
from safepip.vetting.look_alikes import KnownNames, read_names

PAGE = Path(__file__).parents[2] / "docs" / "refusals" / "look-alike.md"
KNOWN = KnownNames(read_names(shipped_names()))

#: What the rule calls the kind of a row; a row is known by how it begins.
KINDS = {
    "other separators": "separator",
    "letters and digits": "homoglyph",
    "the same words": "order",
    "something for Python": "affix",
    "a word more": "affix",
    "one letter": "edit",
    "the name of a module": "import-name",
    "a module": "standard-library",
    "a file": "requirements-file",
}


def rows() -> list[tuple[str, str, str, bool]]:
    """The kind by its first words, an example, what it resembles (a phrase for files and modules), whether strongly."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("| kind | example | resembles | strong |\n|---|---|---|---|\n")[2].partition("\n\n")[0]
    found = []
    for line in table.splitlines():
        kind, examples, known, strong = (cell.strip() for cell in line.strip("|").split(" | "))
        names = re.findall("`([^`]+)`", examples)
        meant = re.findall("`([^`]+)`", known) or [known] * len(names)
        found += [(kind, *pair, not strong.startswith("no")) for pair in zip(names, meant, strict=True)]
    return found


def test_the_table_has_an_example_of_every_kind() -> None:
    assert {kind for kind in KINDS if any(row[0].startswith(kind) for row in rows())} == set(KINDS)


@pytest.mark.parametrize(("kind", "example", "known", "strong"), rows())
def test_each_example_resembles_what_the_page_says_and_as_strongly(
    kind: str, example: str, known: str, strong: bool
) -> None:
    found = KNOWN.resemblance(example)
    assert found is not None
    assert found.kind == next(meant for words, meant in KINDS.items() if kind.startswith(words))
    assert found.strong == strong
    assert normalise(found.known) == normalise(example if known in ("the module", "the file") else known)
