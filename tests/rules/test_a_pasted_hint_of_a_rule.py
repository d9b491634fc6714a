"""What the hint of a rule on wheels offers to be pasted: it settles the refusal, or waits for a person's reason.

The wheels are those of the hostile corpus. A rule that takes exceptions shows the `[[allow]]`: as it stands the run is
refused for the reason that is still dots, and with a reason the rule objects no more. A rule that takes none says which
version to leave out: as a constraint, that is a run of another version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hostile.attack import offer_files
from hostile.corpus import ATTACKS, Attack, Offer, Offered
from hostile.world import World, arguments
from support.pasting import OPEN_REASON, exceptions_of
from support.wheels import build_wheel, metadata_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.world import Judged

#: The first attack of each rule runs by default, and one where what is allowed is known from RECORD only; the others
#: say the same of more wheels.
FIRST = {attack.rule: attack.name for attack in reversed(ATTACKS.values())}
BY_DEFAULT = {*FIRST.values(), "command-of-another-wheel-of-the-run"}

#: These are about an environment, which `download` does not look at.
WITH_ENVIRONMENT = {"file-overlap", "command-clash"}


def named(attack: Attack) -> object:
    marks = [] if attack.name in BY_DEFAULT else [pytest.mark.slow]
    return pytest.param(attack, id=attack.name, marks=marks)


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("pasting")) as made:
        yield made


@pytest.fixture
def world(one_world: World) -> Iterator[World]:
    """One machine for all; what was pasted is taken away."""
    yield one_world
    for path in one_world.runner.folder.glob("*.t[ox]*"):
        path.unlink()


@pytest.mark.parametrize("attack", [named(attack) for attack in ATTACKS.values()])
def test_a_pasted_hint_settles_a_refusal_or_waits_for_a_reason(world: World, attack: Attack) -> None:
    offer = attack.make(world.server.host.origin)
    words = arguments(offer, world.serve(attack.name, offer))

    installs = attack.rule in WITH_ENVIRONMENT or "--target" in words

    def judged(*more: str) -> Judged:
        if installs:
            return world.safepip("install", *words, *more)
        return world.safepip("download", "-d", "wheels", *words, *more)

    first = judged()
    assert attack.rule in first.references, first.output
    block = exceptions_of(first.output)
    if f'rule = "{attack.rule}"' in block:
        file = world.runner.folder / "safepip.toml"
        file.write_text(block, "utf-8")
        open_ = judged()
        assert (open_.code, set(open_.references)) == (2, {"bad-configuration"}), open_.output
        assert "reason: '...' is not a reason: write why, in one line" in open_.output
        file.write_text(block.replace(OPEN_REASON, '"read by us"'), "utf-8")
        settled = judged()
        if installs:
            world.restore()
        allowed = re.findall(r'^rule = "(.*)"$', block, re.MULTILINE)
        assert set(settled.references) == {*first.references} - {*allowed}, settled.output
        assert (settled.code == 0) == (not settled.references), settled.output
    else:
        without_it(world, attack, offer, first.output)


def without_it(world: World, attack: Attack, offer: Offer, said: str) -> None:
    """The hint names what else can be asked for: that is done as it stands, where an older version of all is there."""
    constraints = re.findall(r"write (\S+ != \S+) into a constraints file \(-c FILE\)$", said, re.MULTILINE)
    named = r"(?:require the same URL yourself: |name the same URL in your requirements or constraints:\n +)(.*)$"
    requirements = re.findall(named, said, re.MULTILINE)
    assert constraints or requirements, said
    names = {constraint.partition(" != ")[0] for constraint in constraints}
    more = [Offered(*build_wheel(name, "0.9"), metadata_text(name, "0.9").encode()) for name in sorted(names)]
    mended = offer._replace(wheels=(*offer.wheels, *more))
    file = world.runner.folder / "constraints.txt"
    file.write_text("".join(f"{constraint}\n" for constraint in constraints), "utf-8")
    words = (*arguments(mended, world.serve(f"{attack.name}-mended", mended)), *requirements)
    settled = world.safepip("download", "-d", "other", "-c", file.name, *words)
    if requirements and settled.code:
        # What the attack names is on no host.
        assert settled.references == ("download-failed",), settled.output
    else:
        assert (settled.code, settled.references) == (0, ()), settled.output


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("victim", "victim: this is a folder of victim, which is installed"),
        ("victim/__init__.py/x", "victim/__init__.py/x: __init__.py is a file of victim, which is installed"),
    ],
)
def test_no_exception_is_offered_where_a_file_and_a_folder_have_one_place(world: World, file: str, said: str) -> None:
    """pip would stop half-way: none is taken either, and the hint says what helps."""
    offer = offer_files({file: "x = 1\n"})
    words = arguments(offer, world.serve(f"one-place-{file.count('/')}", offer))
    before = world.tree()
    refused = world.safepip("install", *words)
    assert (refused.code, refused.references) == (20, ("file-overlap",))
    assert said in refused.output
    assert "[[allow]]" not in refused.output
    assert re.search(
        r"to go on without this version, write \S+ != \S+ into a constraints file", refused.output, re.MULTILINE
    )
    exception = '[[allow]]\nproject = "PROJECT"\nrule = "file-overlap"\nreason = "ours"\n'
    project = re.search(r"the wheel of (\S+) ", refused.output)
    assert project is not None
    (world.runner.folder / "safepip.toml").write_text(exception.replace("PROJECT", project[1]))
    again = world.safepip("install", *words)
    assert (again.code, again.references) == (20, ("file-overlap",)), again.output
    assert world.tree() == before


def test_every_rule_is_pasted() -> None:
    from safepip.rules.judging import RULES

    assert {rule.reference for rule in RULES} <= FIRST.keys()
