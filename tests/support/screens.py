"""What is left on a terminal when a program has ended, compared as a whole with files in `tests/golden/screens`.

With `SAFEPIP_WRITE_GOLDEN=1` in the environment the files are written anew; read the difference before you keep it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.terminals import Terminal

GOLDEN = Path(__file__).parents[1] / "golden" / "screens"

#: What is another on each machine and in each run, with the breaks that its length makes, and what stands for it.
_VARIABLE = (
    (r"Environment:\s+\S+\s+\(Python\s+\S+\)", "Environment: PATH (Python VERSION)"),
    (r"\b127\.0\.0\.1[:-]\d+", "HOST"),
    (r"\bin\s+\d+\.\d\s+s$", "in SECONDS s"),
    (r"\(fence: \w+\)", "(fence: KIND)"),
)


def check_screen(terminal: Terminal, name: str) -> None:
    """No line is broken in the middle of a word, the prompt stands on a line of its own, and all is as in the file."""
    screen = terminal.screen
    for line in screen.lines:
        # How long the path of a test's environment is depends on the machine: it may be longer than a line.
        assert len(line) <= screen.columns or line.startswith("Environment: "), f"the terminal breaks {line!r}"
    assert screen.lines[-1] == "", "the prompt stands behind it"
    text = screen.text
    for pattern, word in _VARIABLE:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    path = GOLDEN / f"{name}-{screen.columns}.txt"
    if os.environ.get("SAFEPIP_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    assert text == kept, f"the screen is not as kept in {path.name}:\n{text}"
