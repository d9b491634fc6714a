"""The one command to the runner of a code host that safepip prints on purpose: a text shown at a line of a file.

All of its parts are escaped as GitHub's own toolkit does it (`actions/toolkit`, "command"), so that none of them ends
it, adds to it, or begins another one; and no other runner sees a command of its own in it.
"""

from __future__ import annotations

from typing import NamedTuple

from safepip.reporting.runner_commands import disarm


class Annotation(NamedTuple):
    """A text for a line of a file, or, without a file, for the run. `level` is error, warning or notice."""

    level: str
    title: str
    message: str
    file: str = ""
    line: int | None = None

    def command(self) -> str:
        """The line that GitHub's runner takes for it."""
        place = {"file": self.file, "line": "" if self.line is None else str(self.line), "title": self.title}
        properties = ",".join(f"{key}={_property(value)}" for key, value in place.items() if value)
        return f"::{self.level} {properties}::{_escaped(self.message)}"


def _escaped(text: str) -> str:
    return disarm(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property ends at a comma or a colon."""
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
