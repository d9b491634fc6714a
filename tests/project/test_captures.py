"""The pictures of a terminal in the pages show what safepip writes today."""

from __future__ import annotations

import html
import importlib.util
import re
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "captures.py"


def letters(text: str) -> str:
    """Without colours and spaces, which a picture has in another form."""
    return re.sub(r"\x1b\[[\d;]*m|\s", "", text)


def drawn(picture: Path) -> str:
    """The text of the lines of a picture."""
    found = re.findall(r'<text [^>]*-line-\d+\)">(.*?)</text>', picture.read_text("utf-8"), re.DOTALL)
    return html.unescape("".join(found))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_the_pictures_are_what_the_commands_write() -> None:
    spec = importlib.util.spec_from_file_location("captures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    captures = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = captures
    spec.loader.exec_module(captures)
    pictures = {path.stem: letters(drawn(path)) for path in SCRIPT.with_name("captures").glob("*.svg")}
    now = {name: letters(text) for name, text in captures.captured().items()}
    assert pictures == now, "write them anew: python docs/captures.py (it needs the extra `docs`)"


def test_a_picture_asks_no_host_for_a_font() -> None:
    for path in SCRIPT.with_name("captures").glob("*.svg"):
        assert re.findall(r"url\((?!#)[^)]*\)|@import|href", path.read_text("utf-8")) == []


def test_the_description_of_a_picture_is_one_line() -> None:
    """The site drops a break in it, and the space that it stands for: two words would be read aloud as one."""
    pages = SCRIPT.parent.rglob("*.md")
    found = {page.name: re.findall(r"(?<!<)!\[([^\]]*)\]\(", page.read_text("utf-8")) for page in pages}
    assert sum(map(len, found.values())) >= 5
    assert [name for name, texts in found.items() if any("\n" in text or not text for text in texts)] == []
