"""What the hint of a message offers to be pasted: blocks of TOML, and lines that are commands."""

from __future__ import annotations

import re
import textwrap

#: What a hint writes where a person has to give a reason.
OPEN_REASON = '"..."'


def block_of(text: str) -> str:
    """The lines of TOML below the first hint, without their indentation; empty where there are none."""
    below = text.partition("\nhint: ")[2].partition("\nNothing was ")[0]
    lines = [line[4:] for line in below.splitlines()[1:] if line.startswith("    ")]
    start = next((at for at, line in enumerate(lines) if line.startswith("[")), None)
    return "" if start is None else "\n".join(lines[start:]) + "\n"


def exceptions_of(text: str) -> str:
    """Every `[[allow]]` of all hints of a message, each once, as they stand; empty where there are none."""
    blocks = re.findall(r"^ +\[\[allow\]\]\n(?: +[a-z]+ = .*\n)+", text, re.MULTILINE)
    return "\n".join(dict.fromkeys(textwrap.dedent(block) for block in blocks))
