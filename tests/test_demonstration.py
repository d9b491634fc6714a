"""The demonstration in docs shows what it says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.environment import Runner

SCRIPT = Path(__file__).parent.parent / "docs" / "demonstration.py"


def test_every_outcome_of_the_demonstration_is_as_described(runner: Runner) -> None:
    done = runner.run([sys.executable, str(SCRIPT)])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Every outcome was as described.\n")
