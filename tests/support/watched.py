"""Interpreters of targets that are watched: code that runs before each start of one, without a start-up hook."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: A program that becomes the interpreter in whose place it stands: which one that is Python reads from `argv[0]`.
_SCRIPT = """\
#!{base} -IS
import os, sys
words = sys.argv
{code}
os.execv({base!r}, [{place!r}, *words[1:]])
"""


def watch(python: Path, code: str) -> None:
    """Let each start of the environment's interpreter `python` first run `code`, with its command line as `words`."""
    base = os.path.realpath(sys.executable)
    python.unlink()
    python.write_text(_SCRIPT.format(base=base, code=code, place=str(python)))
    python.chmod(0o755)
