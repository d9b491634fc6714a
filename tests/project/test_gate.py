"""What is checked before a change is taken is said in one place: in .ci/check, for the gate and for pre-commit."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECK = ROOT / ".ci" / "check"

#: Each hook of the configuration for pre-commit: its id, and the command that it runs.
_HOOK = re.compile(r"- id: (\S+)\n(?:\s+(?!- id)\S.*\n)*?\s+entry: (.+)\n")


def _checks() -> set[str]:
    """The names that .ci/check knows: the branches of its `case`."""
    return set(re.findall(r"^    ([a-z]+)\)$", CHECK.read_text("utf-8"), re.MULTILINE))


def _called(text: str) -> list[str]:
    return re.findall(r"^(?:\s*entry: )?\.ci/check (\S+)$", text, re.MULTILINE)


def test_the_gate_runs_each_check_once() -> None:
    """And no tool besides, which pre-commit would not know of; safepip itself makes the environment once more."""
    text = (ROOT / ".ci" / "run").read_text("utf-8")
    assert _called(text) == ["style", "types", "docs", "tests"]
    assert set(_called(text)) == _checks()
    assert set(re.findall(r"\$TOOLS/(\w+)", text)) == {"python", "safepip"}


def test_pre_commit_runs_what_the_gate_runs() -> None:
    """Style and types before each commit, the gate itself before each push."""
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    hooks = dict(_HOOK.findall(text))
    assert len(hooks) == text.count("- id: ")
    assert hooks == {"style": ".ci/check style", "types": ".ci/check types", "gate": ".ci/run"}
    assert set(_called(text)) == _checks() - {"docs", "tests"}  # which take longer, and the gate runs them
    assert "repo: local" in text
    assert text.count("repo: ") == 1


@pytest.mark.skipif(os.name == "nt", reason="the gate is a script for bash")
@pytest.mark.parametrize("words", [[], ["stile"], ["style;types"]], ids=str)
def test_an_unknown_check_is_an_error(words: list[str]) -> None:
    """A name that is written wrongly does not pass as a check."""
    done = subprocess.run([CHECK, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage: .ci/check style|types|docs|tests" in done.stderr


def test_coverage_has_a_floor() -> None:
    """The gate fails where less is covered, and what is measured is safepip alone, by branches."""
    coverage = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert coverage["run"]["source"] == ["src/safepip"]
    assert coverage["run"]["branch"]
    assert 50 < coverage["report"]["fail_under"] < 100
    assert "--cov " in CHECK.read_text("utf-8")
