"""Every statement of the routing rules, attacked in a world of its own through the real `safepip` command.

The scenarios are the files in tests/scenarios; `support.scenarios` says how they are written.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.scenarios import Case, World, load, play

if TYPE_CHECKING:
    from support.certificates import Authority

FOLDER = Path(__file__).parents[1] / "scenarios"
STATEMENTS: dict[str, str] = tomllib.loads((FOLDER / "statements.toml").read_text(encoding="utf-8"))
FILES = sorted(path for path in FOLDER.glob("*.toml") if path.name != "statements.toml")
CASES = [case for path in FILES for case in load(path)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_scenario(case: Case, tmp_path: Path, authority: Authority) -> None:
    world = World(case, tmp_path, authority)
    try:
        play(world)
    finally:
        world.close()


def test_every_statement_has_a_scenario_and_every_scenario_a_statement() -> None:
    assert {case.statement for case in CASES} == STATEMENTS.keys()


def test_every_scenario_says_what_the_attack_is_and_has_a_name_of_its_own() -> None:
    assert all(case.attack.endswith(".") for case in CASES)
    assert len({str(case) for case in CASES}) == len(CASES)
