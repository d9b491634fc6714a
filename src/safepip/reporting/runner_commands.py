"""Lines that the runner of a code host would obey: it looks for commands in all that a step prints, on both streams.

An attacker who chooses a file's name, a reason or a piece of metadata chooses part of a line that safepip prints. A
runner takes

- a line that begins with `::`, white space before it or not, for a command (GitHub: `::add-path::`, `::error::`);
- `##[`, `##vso[`, `##teamcity[` and the like for one, anywhere in a line (GitHub's older form, Azure and TeamCity).

In text for people a space is put into such a beginning. In data nothing may change: JSON and TOML can say the same
character by its number. A line ends where a runner ends one: at a line feed or a carriage return.

The one command that is meant is an annotation that the user asked for (`reporting.annotation`).
"""

from __future__ import annotations

import re

_AT_START = r"(?:\A|(?<=[\r\n]))([^\S\r\n]*):(?=:)"
_ANYWHERE = r"#(?=#\w*\[)"


def disarm(text: str) -> str:
    """Text for people in which no runner sees a command."""
    if "::" in text:
        text = re.sub(_AT_START, r"\1: ", text)
    return re.sub(_ANYWHERE, "# ", text) if "##" in text else text


def disarm_data(text: str) -> str:
    """JSON, or TOML with basic strings alone, that says the same and in which no runner sees a command."""
    return re.sub(_ANYWHERE, r"\\u0023", text) if "##" in text else text
