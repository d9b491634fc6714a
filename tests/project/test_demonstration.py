"""The demonstrations in docs show what they say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.environment import Runner

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["demonstration.py", "lock-demonstration.py"])
def test_every_outcome_of_the_demonstration_is_as_described(runner: Runner, name: str) -> None:
    done = runner.run([sys.executable, str(DOCS / name)])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Every outcome was as described.\n")
