"""Every look-alike (`tests/hostile/lookalike.py`) is cleared and installed, exactly as plain pip installs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostile.corpus import LOOK_ALIKES, LookAlike, Offer
from hostile.world import World, difference
from support.environment import make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A machine whose index has all of them, and whose environment is empty."""
    folder = tmp_path_factory.mktemp("benign")
    empty = make_environment(folder / "empty")
    with World(folder, empty) as made:
        made.serve("benign", Offer(tuple(look.make() for look in LOOK_ALIKES.values())))
        yield made


def url(world: World) -> str:
    return f"{world.server.host.origin}/benign/simple/"


@pytest.mark.parametrize("look", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_a_look_alike_is_cleared(world: World, look: LookAlike, tmp_path: Path) -> None:
    """By itself it passes every rule, and its file is saved as it was served."""
    judged = world.safepip("download", "-i", url(world), "-d", str(tmp_path), look.project)
    assert (judged.code, judged.references) == (0, ()), judged.output
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [look.make().data]


def test_all_look_alikes_are_installed_as_plain_pip_installs_them(world: World) -> None:
    """One run with all of them: the same files with the same bytes and modes as after plain pip's."""
    empty = world.tree()
    projects = [look.project for look in LOOK_ALIKES.values()]
    done = world.pip("-i", url(world), *projects)
    assert done.outcome == "installed silently"
    by_pip = world.tree()
    world.restore()
    judged = world.safepip("install", "-i", url(world), *projects)
    assert (judged.code, judged.references) == (0, ()), judged.output
    # Bytecode holds the time of its source.
    assert [change for change in difference(by_pip, world.tree(), "") if not change.endswith(".pyc")] == []
    assert len(difference(empty, by_pip, "")) > 4 * len(projects)
    assert world.environment.installed().keys() >= {"plain-package", "nothing-but-metadata", "setuptools"}
    world.restore()


def test_there_are_at_least_twenty_look_alikes() -> None:
    """And each says what is unusual about it."""
    sentences = {look.sentence for look in LOOK_ALIKES.values()}
    assert len(sentences) == len(LOOK_ALIKES) >= 20
    assert all(sentence.endswith(".") for sentence in sentences)
