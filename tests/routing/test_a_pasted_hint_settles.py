"""The block of TOML in a refusal's hint, pasted as it stands: it is read, and it settles the question or is refused as
its page says.

The worlds are those of the routing scenarios. A block that has question marks (`packages = ["team-lib?"]`) waits for a
person: as it stands the run is refused for that (`undecided-owner`), and with the mark taken out of one table, and the
name out of the others, the index of that table is the owner. Any other block is a decision already.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.environment import Environment, make_environment
from support.inside import run_inside
from support.pasting import block_of
from support.runs import references
from support.scenarios import Case, World, load

if TYPE_CHECKING:
    from support.certificates import Authority
    from support.inside import Done

FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted(path for path in FOLDER.glob("*.toml") if path.name != "statements.toml")

#: Refusals whose hint has a block.
WITH_BLOCK = ("ambiguous-index", "unanswered-index", "claimed-name", "undeclared-index")


def error_of(case: Case) -> str:
    """The one reference of a case's refusal; empty where there are several or none."""
    error = case.expected.get("error", "")
    return error if isinstance(error, str) else ""


CASES = [
    case
    for path in FILES
    for case in load(path)
    if case.expected["args"][0] == "install" and error_of(case) in WITH_BLOCK
]

#: These run by default; the others say the same of more worlds.
FIRST = {error_of(case): str(case) for case in CASES}


def named(case: Case) -> object:
    marks = [] if str(case) in FIRST.values() else [pytest.mark.slow]
    return pytest.param(case, id=str(case), marks=marks)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One environment for all: nothing is installed."""
    return make_environment(tmp_path_factory.mktemp("target"))


def dry_run(world: World, target: Environment) -> Done:
    """The case's own command, which installs nothing."""
    verb, *rest = (world.text(argument) for argument in world.case.expected["args"])
    words = [verb, "--dry-run", "--python", str(target.python), "--retries", "0", "--timeout", "3", *rest]
    env = {name: world.text(value) for name, value in world.case.world.get("env", {}).items()}
    folder = world.runner.folder / world.case.expected.get("cwd", ".")
    return run_inside(folder, world.runner.environment(env), *words)


def decided(block: str) -> str:
    """The block as a person decides it who says that the first index owns the names."""
    first, *others = re.split(r"^(?=packages = )", block, flags=re.MULTILINE)
    owner, *rest = [
        re.sub(r"^packages = .*\n", "", part, flags=re.MULTILINE) if n else part for n, part in enumerate(others)
    ]
    return first + owner.replace("?", "") + "".join(rest)


@pytest.mark.parametrize("case", [named(case) for case in CASES])
def test_a_pasted_block_settles_the_question_or_is_refused_for_what_is_open(
    case: Case, tmp_path: Path, authority: Authority, target: Environment
) -> None:
    world = World(case, tmp_path, authority)
    try:
        block = block_of(dry_run(world, target).err)
        if not block:
            pytest.skip("its hint has words and no block")
        file = world.runner.folder / case.expected.get("cwd", ".") / "safepip.toml"
        before = file.read_text("utf-8") if file.exists() else ""
        file.write_text(f"{before}\n{block}", "utf-8")
        done = dry_run(world, target)
        if "index = [" in before and "[[index]]" in block:
            assert references(done.err) == ["bad-configuration"]
            assert "hint: index = ... is there already, in brackets or braces" in done.err
        elif "?" in block:
            assert set(references(done.err)) == {"undecided-owner"}
            assert done.code == 2
            file.write_text(f"{before}\n{decided(block)}", "utf-8")
            settled = references(dry_run(world, target).err)
            if "is --find-links and cannot own names" in block:
                assert settled == ["undeclared-index"]  # as the block says: it has to be served as an index
            else:
                assert not {*WITH_BLOCK, "undecided-owner", "bad-configuration"}.intersection(settled)
        else:
            assert done.code in (0, 1)
            assert error_of(case) not in references(done.err)
    finally:
        world.close()


def test_there_are_worlds_of_every_kind() -> None:
    assert FIRST.keys() == set(WITH_BLOCK)
