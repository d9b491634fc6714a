"""Where wheels are installed or removed no program of `PATH` is started: not by safepip, and not by its pip.

In an environment that is active, the programs of `PATH` are first of all those that wheels have brought.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.environment import Runner, make_environment
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are scripts for a shell")

#: What pip looks for to tell an index about the machine, and what Python's `platform` does. Everything else that this
#: machine has is beside them.
KNOWN = {"lsb_release", "rustc", "uname", "file", "ldconfig", "sw_vers", "git"}


class World:
    """Wheels, a target, and a `PATH` whose first folder has a program of each name that any folder of it has."""

    def __init__(self, folder: Path) -> None:
        self.target = make_environment(folder / "target")
        self.wheels, self.programs, self.started = folder / "wheels", folder / "programs", folder / "started"
        project = folder / "project"
        for place in (self.wheels, self.programs, project):
            place.mkdir()
        witness = folder / "witness"
        witness.write_text(f'#!/bin/sh\necho "$0" >> {self.started}\nexit 1\n', encoding="utf-8")
        witness.chmod(0o755)
        folders = [place for place in os.environ["PATH"].split(os.pathsep) if os.path.isdir(place)]
        for name in KNOWN.union(*map(os.listdir, folders)):
            (self.programs / name).symlink_to(witness)
        path = os.pathsep.join([str(self.programs), *folders])
        self.runner = Runner(project, folder / "home", {"PATH": path})
        for number in range(4):
            make_wheel(self.wheels, f"plain-{number}", "1.0")
        make_wheel(self.wheels, "plain-0", "0.9")
        self.sources = ("--no-index", "--find-links", str(self.wheels))

    def safepip(self, line: str, *more: str) -> None:
        """Run it for the target; it ends with 0."""
        verb, *words = line.split()
        done = self.runner.safepip(verb, "--python", self.target.folder, *words, *more)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_nothing_is_started_for_wheels(world: World) -> None:
    """By one pip, by several, for a replacement before them, and for removals. Plain pip does start some."""
    world.safepip("install plain-0==0.9", *world.sources)
    world.safepip("install --jobs 2 --upgrade plain-0 plain-1 plain-2 plain-3", *world.sources)
    assert len(world.target.installed()) == 4
    world.safepip("uninstall --yes plain-0")
    world.safepip("lock plain-1 --output pylock.toml", *world.sources)
    world.safepip("sync pylock.toml", *world.sources)
    assert set(world.target.installed()) == {"plain-1"}
    assert not world.started.exists(), world.started.read_text(encoding="utf-8")
    world.runner.pip("install", "--target", world.runner.folder / "there", "plain-1", *world.sources)
    assert world.started.exists()


def test_what_a_wheel_has_brought_is_not_run_by_the_next_installation(world: World) -> None:
    """The environment is active, as is usual. The programs say so where they run."""
    names = ["lsb_release", "rustc", "uname"]
    code = f"def main():\n    open({str(world.started)!r}, 'w').close()\n"
    make_wheel(world.wheels, "tool", "1.0", files={"tool/__init__.py": code}, scripts=dict.fromkeys(names, "tool:main"))
    world.runner.extra["PATH"] = os.pathsep.join([str(world.target.python.parent), os.environ["PATH"]])
    world.safepip("install tool", *world.sources)
    world.safepip("install plain-1", *world.sources)
    assert not world.started.exists()
    for name in names:
        world.runner.run([str(world.target.python.parent / name)])
        world.started.unlink()
