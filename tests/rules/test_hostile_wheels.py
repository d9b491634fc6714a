"""Every attack of the corpus is refused by the rule that is named for it, and leaves the environment as it was.

The attacks are in `tests/hostile`, one function each; `golden/hostile-pip.toml` says what plain pip does with them.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from hostile import bombs
from hostile.__main__ import load, play, written
from hostile.attack import offer, parts
from hostile.corpus import ATTACKS, ROOMS, Attack
from hostile.world import World, arguments
from safepip.edges.disk.sound_wheels import SoundWheels
from support.zips import zip_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of these, one to a room, the record of pip's behaviour is made again in every run. Bombs would take too long.
SAMPLE = [
    next(attack.name for attack in ATTACKS.values() if room.__name__ == f"hostile.{attack.room}")
    for room in ROOMS
    if room is not bombs
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One machine for all attacks: whatever changes it fails, and is put back for the next."""
    with World(tmp_path_factory.mktemp("hostile")) as made:
        yield made


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_by_its_rule_and_changes_nothing(world: World, attack: Attack) -> None:
    """Exit code 20, the rule's reference among the errors, and the same tree: paths, bytes and modes."""
    check_refusal(world, attack)


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_note_that_the_wheel_is_sound_helps_no_attack(
    world: World, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write to the store can forge it. What it leaves out decides none of these."""
    monkeypatch.setattr(SoundWheels, "known", lambda _self, _file: True)
    check_refusal(world, attack)


def check_refusal(world: World, attack: Attack) -> None:
    """Make the attack, and see that it is refused by its rule and changes nothing."""
    served = attack.make(world.server.host.origin)
    before = world.tree()
    judged = world.safepip("install", *arguments(served, world.serve(attack.name, served)))
    after = world.tree()
    if after != before:
        world.restore()
    assert (judged.code, after == before) == (20, True), judged.output
    assert attack.rule in judged.references, judged.output
    assert "Traceback" not in judged.output
    assert "Nothing was installed." in judged.output


def test_the_wheel_from_which_the_attacks_are_made_is_cleared(world: World) -> None:
    """What is refused is the attack, and not the wheel around it."""
    served = offer(zip_of(parts()))
    judged = world.safepip("install", *arguments(served, world.serve("ordinary", served)))
    assert (judged.code, judged.references) == (0, ()), judged.output
    assert world.environment.installed()["widget"] == "1.0"
    world.restore()


def test_every_attack_has_a_sentence_and_a_record_of_what_pip_does() -> None:
    """The record is that of this corpus: the same attacks in the same words."""
    recorded = load()["attack"]
    assert {name: (table["attack"], table["stopped-by"]) for name, table in recorded.items()} == {
        name: (attack.sentence, attack.rule) for name, attack in ATTACKS.items()
    }
    sentences = [attack.sentence for attack in ATTACKS.values()]
    assert len(sentences) == len(set(sentences)) >= 80
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("name", SAMPLE)
def test_plain_pip_does_what_is_recorded_of_it(world: World, name: str) -> None:
    """The record was made by running pip, and running it again gives the same."""
    recorded = load()
    here = {"pip": version("pip"), "python": ".".join(platform.python_version_tuple()[:2])}
    made_with = {key: recorded[key] for key in here}
    if here != made_with:
        pytest.skip(f"recorded with {made_with}, this is {here}: run `python -m hostile` in tests/")
    done = play(world, ATTACKS[name])
    world.restore()
    assert written(ATTACKS[name], done) == recorded["attack"][name]
