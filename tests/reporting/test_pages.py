"""Pages as text for a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safepip.reporting.pages import references_in, render_page

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "refusals").glob("*.md"))
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PAGE = """\
# late-file

A file came *late*, see
[cooldown](cooldown.md), [its limits](../reference/limits.md) and `--cooldown P1D`. **Not** `a*b*c`.

```toml
[[allow]]
project = "demo"   # a line that is longer than the width of the terminal in this test
```

- one item with more words than a line can hold
- two
  lines

1. first

| what | at most | why |
|---|---|---|
| [members](limits.md) | 10 | `*` |
"""

SHOWN = """\
late-file

A file came late, see cooldown
(`safepip help cooldown`), its
limits and `--cooldown P1D`. Not
`a*b*c`.

    [[allow]]
    project = "demo"   # a line that is longer than the width of the terminal in this test

- one item with more words than a
  line can hold
- two lines

1. first

members
    at most: 10
    why: `*`"""


def test_a_page_is_wrapped_and_what_is_to_be_pasted_is_not() -> None:
    assert render_page(PAGE, 34) == SHOWN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_shipped_page_has_no_markup_left_and_fits_the_width(page: Path) -> None:
    """Only what is to be pasted may be longer, and one word that is."""
    text = page.read_text("utf-8")
    blocks = [[f"    {line}".rstrip() for line in block.splitlines()] for block in FENCE.findall(text)]
    shown = render_page(text, 80)
    pasted = {line for block in blocks for line in block}
    for block in blocks:
        assert "\n".join(block) in shown
    for line in shown.splitlines():
        if line not in pasted:
            assert len(line) <= 80 or len(line.split()) == 1, line
            assert not re.search(r"\]\(|\*\*|^#|^\||```|\0", line), line


def test_the_references_are_those_of_neighbouring_pages_in_their_order() -> None:
    text = "| [b](b-c.md) | | [a](a.md#x) [again](b-c.md) [up](../d.md) [out](https://e.example/f.md)"
    assert references_in(text) == ("b-c", "a")
