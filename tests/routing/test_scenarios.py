"""Every statement of the routing rules, attacked in a world of its own through the real `safepip` command.

The scenarios are the files in tests/scenarios; `support.scenarios` says how they are written.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.scenarios import Case, World, load, play, play_pip, play_without_pip

if TYPE_CHECKING:
    from support.certificates import Authority

FOLDER = Path(__file__).parents[1] / "scenarios"
STATEMENTS: dict[str, str] = tomllib.loads((FOLDER / "statements.toml").read_text(encoding="utf-8"))
FILES = sorted(path for path in FOLDER.glob("*.toml") if path.name != "statements.toml")
CASES = [case for path in FILES for case in load(path)]
#: What pip does is tried too; one in four by default, since it is no promise of safepip's.
ON_PIP = [
    pytest.param(case, id=str(case), marks=[pytest.mark.slow] if number % 4 else [])
    for number, case in enumerate(case for case in CASES if "pip-installs" in case.expected)
]


INSTALLING = [case for case in CASES if "installs" in case.expected]

#: What is about `install` itself, and not about what `download` decides alike.
OF_INSTALL = ("claimed_3_one_index:an-upgrade", "configuration_overrides:the-command's-section-over-the-global-one")

#: By default pip installs these, one of each statement; of the others the wheels that it would be given are looked at.
WITH_PIP = {case.statement: str(case) for case in reversed(INSTALLING)}


def _installed(case: Case) -> object:
    usual = case not in INSTALLING or str(case) in OF_INSTALL or str(case) in WITH_PIP.values()
    return pytest.param(case, id=str(case), marks=[] if usual else [pytest.mark.slow])


@pytest.mark.parametrize("case", [_installed(case) for case in CASES])
def test_scenario(case: Case, tmp_path: Path, authority: Authority) -> None:
    world = World(case, tmp_path, authority)
    try:
        play(world)
    finally:
        world.close()


@pytest.mark.parametrize("case", [case for case in INSTALLING if str(case) not in OF_INSTALL], ids=str)
def test_what_pip_would_be_given(case: Case, tmp_path: Path, authority: Authority) -> None:
    world = World(case, tmp_path, authority)
    try:
        play_without_pip(world)
    finally:
        world.close()


@pytest.mark.parametrize("case", ON_PIP)
def test_the_attack_is_one_on_pip(case: Case, tmp_path: Path, authority: Authority) -> None:
    world = World(case, tmp_path, authority)
    try:
        play_pip(world)
    finally:
        world.close()


def test_every_statement_has_a_scenario_and_every_scenario_a_statement() -> None:
    assert {case.statement for case in CASES} == STATEMENTS.keys()


def test_every_scenario_says_what_the_attack_is_and_has_a_name_of_its_own() -> None:
    assert all(case.attack.endswith(".") for case in CASES)
    assert len({str(case) for case in CASES}) == len(CASES)
