"""Writes down what plain pip does with every attack: `python -m hostile [NAME ...]`, started in `tests/`.

With names only those are run, and the others kept as they are recorded. Takes about a second for each.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostile.attack import INFO, INIT
from hostile.corpus import ATTACKS
from hostile.world import World, arguments
from support.site import SITE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostile.attack import Attack
    from hostile.world import Done

RECORD = Path(__file__).parent.parent / "golden" / "hostile-pip.toml"

_HEAD = """\
# What plain pip does with every attack of tests/hostile: written by `python -m hostile` in tests/, not by hand.
# `landed` is what changed: + new, - gone, ! changed; paths below the environment, bytecode left out, and of a whole
# installation also what every wheel of `widget` leaves.
"""

#: What an installation of the ordinary wheel leaves.
_INFO = ("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL")
_ORDINARY = {f"+{SITE}/{INIT}", *(f"+{SITE}/{INFO}/{name}" for name in _INFO)}


def load() -> dict[str, Any]:
    """The record, `pip`, `python` and `attack` by name."""
    return tomllib.loads(RECORD.read_text(encoding="utf-8"))


def written(attack: Attack, done: Done) -> dict[str, Any]:
    """What is kept of a run."""
    return {
        "attack": attack.sentence,
        "stopped-by": attack.rule,
        "pip": done.outcome,
        "exit": done.code,
        "landed": [path for path in done.landed if done.code or path not in _ORDINARY],
    }


def play(world: World, attack: Attack) -> Done:
    """Run plain pip on an attack, in a fresh environment."""
    world.restore()
    offer = attack.make(world.server.host.origin)
    return world.pip(*arguments(offer, world.serve(attack.name, offer)))


def main(names: Sequence[str]) -> None:
    """Run pip and write the record."""
    kept = load()["attack"] if names else {}
    with tempfile.TemporaryDirectory() as folder, World(Path(folder)) as world:
        for attack in ATTACKS.values():
            if not names or attack.name in names or attack.room in names:
                kept[attack.name] = written(attack, play(world, attack))
                print(f"{attack.name}: {kept[attack.name]['pip']}", flush=True)
                # At once, so that an interrupted run can be taken up again by name.
                RECORD.write_text(_text({name: kept[name] for name in ATTACKS if name in kept}), encoding="utf-8")


def _text(attacks: Mapping[str, Mapping[str, Any]]) -> str:
    made_with = {"pip": version("pip"), "python": ".".join(platform.python_version_tuple()[:2])}
    lines = [_HEAD, *(f"{key} = {json.dumps(value)}" for key, value in made_with.items())]
    for name, table in attacks.items():
        lines += ["", f"[attack.{name}]"]
        for key, value in table.items():
            # A JSON text is a TOML text as well, as long as no character stands outside the first plane.
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
