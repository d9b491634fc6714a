"""Every statement of the routing rules, attacked in a world of its own by a whole command line.

The scenarios are the files in tests/scenarios; `support.scenarios` says how they are written.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.environment import make_environment
from support.scenarios import Case, World, load, play, play_pip, play_without_pip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.certificates import Authority
    from support.environment import Environment

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

#: By default pip installs these, the first of each kind of statements, and the first of those in which a user names the
#: wheel; of all others the wheels that it would be given are looked at.
WITH_PIP = {
    case.file if case.file == "claimed_6_direct" else case.file.partition("_")[0]: str(case)
    for case in reversed(INSTALLING)
}


def _installed(case: Case) -> object:
    usual = case not in INSTALLING or str(case) in OF_INSTALL or str(case) in WITH_PIP.values()
    return pytest.param(case, id=str(case), marks=[] if usual else [pytest.mark.slow])


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A target for all cases that install nothing."""
    target = make_environment(tmp_path_factory.mktemp("scenarios") / "target")
    before = target.state()
    yield target
    assert target.state() == before


@pytest.fixture
def world_of(unchanged: Environment, authority: Authority) -> Iterator[Callable[[Case], World]]:
    """Makes the world of a case. They stand in the same place, one after the other, and nothing is left of one in the
    next but what is remembered of the interpreter: to ask it takes longer than all else of most cases."""
    worlds, place = list[World](), unchanged.folder.parent / "world"
    memory, kept = place / "home" / "cache" / "safepip", place.parent / "kept"
    if kept.exists():
        memory.parent.mkdir(parents=True)
        kept.rename(memory)

    def make(case: Case) -> World:
        worlds.append(World(case, place, authority))
        return worlds[0]

    yield make
    for world in worlds:
        world.close()
    if memory.exists():
        for path in memory.iterdir():
            if not path.name.startswith("interpreters-"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        memory.rename(kept)
    shutil.rmtree(place)


@pytest.mark.parametrize("case", [_installed(case) for case in CASES])
def test_scenario(
    case: Case, world_of: Callable[[Case], World], unchanged: Environment, new_target: Callable[[str], Environment]
) -> None:
    play(world_of(case), new_target("target") if case in INSTALLING else unchanged)


@pytest.mark.parametrize("case", [case for case in INSTALLING if str(case) not in OF_INSTALL], ids=str)
def test_what_pip_would_be_given(case: Case, world_of: Callable[[Case], World], unchanged: Environment) -> None:
    play_without_pip(world_of(case), unchanged)


@pytest.mark.parametrize("case", ON_PIP)
def test_the_attack_is_one_on_pip(case: Case, world_of: Callable[[Case], World]) -> None:
    play_pip(world_of(case))


def test_every_statement_has_a_scenario_and_every_scenario_a_statement() -> None:
    assert {case.statement for case in CASES} == STATEMENTS.keys()


def test_every_scenario_says_what_the_attack_is_and_has_a_name_of_its_own() -> None:
    assert all(case.attack.endswith(".") for case in CASES)
    assert len({str(case) for case in CASES}) == len(CASES)
