"""What a terminal has shown, compared with files in `tests/golden/screens`.

What is left when a program has ended is compared as a whole (`NAME.txt`), and the states of its line of progress as a
set (`NAME.states.txt`). A line of the latter is a state that has to be shown, in this order: the test holds the program
until it has been. One that begins with `? ` may be shown: it lasts as long as the machine takes for it, and the line is
drawn some times a second. No other state may be shown.

With `SAFEPIP_WRITE_GOLDEN=1` in the environment the files are written anew, of the states those that are not there yet
(set `? ` before them where it belongs); read the difference before you keep it.
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

#: The same in a state. How long work has gone on is told after three seconds, wherever it takes so long.
_VARIABLE_IN_STATES = (
    (r"\^C$", ""),
    (r"\bfor \d+ s\b", "for SECONDS s"),
    (r"(?<=Fetching: )(?!0/\d+ files?, 0\.0/)\d+/(\d+ files?), \d+\.\d/", r"SOME of \1, SOME of "),
    (r", \d+\.\d MB/s", ""),
    (r", \d+ s\b", ""),
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


def check_states(terminal: Terminal, name: str) -> None:
    """The states of the line are those of the file, each of at most the terminal's width."""
    shown: dict[str, None] = {}
    for state in terminal.screen.states:
        assert len(state.removesuffix("^C")) < terminal.screen.columns, state
        for pattern, word in _VARIABLE_IN_STATES:
            state = re.sub(pattern, word, state)
        shown[state] = None
    path = GOLDEN / f"{name}-{terminal.screen.columns}.states.txt"
    if os.environ.get("SAFEPIP_WRITE_GOLDEN"):
        before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        new = [state for state in shown if state not in before and f"? {state}" not in before]
        path.write_text("".join(f"{line}\n" for line in [*before, *new]), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    held = [line for line in lines if not line.startswith("? ")]
    assert [state for state in shown if state in held] == held, f"what was held was not shown: {list(shown)}"
    others = [state for state in shown if state not in lines and f"? {state}" not in lines]
    assert others == [], f"{path.name} has no such states: {others}"
