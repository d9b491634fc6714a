"""Remains of a distribution (a metadata folder without metadata, or without RECORD) stop a run before anything changes,
and the hint's command puts the distribution there again, by safepip."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from support.environment import tree_state
from support.pairs import pairs
from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer

#: What is left of the files of `lib-1.0.dist-info`.
REMAINS = {
    "nothing": {},
    "no metadata": {"RECORD": "lib-1.0.dist-info/RECORD,,\nlib-1.0.dist-info/INSTALLER,,\n", "INSTALLER": "pip\n"},
    "garbage": {"METADATA": "x\n", "RECORD": "lib-1.0.dist-info/RECORD,,\nlib-1.0.dist-info/METADATA,,\n"},
    "no record": {"METADATA": "Metadata-Version: 2.1\nName: lib\nVersion: 1.0\n"},
}

#: What needs the distribution's metadata, its removal, or neither.
COMMANDS = ("app", "lib==2.0", "--force-reinstall lib==1.0", "other")


@pytest.fixture
def offering(index: IndexServer) -> IndexServer:
    """`app` requires `lib`."""
    index.add("lib", "1.0")
    index.add("lib", "2.0")
    index.add("app", "1.0", requires=["lib"])
    index.add("other", "1.0")
    return index


@pytest.mark.parametrize(("command", "left"), pairs(COMMANDS, REMAINS))
def test_either_it_works_or_the_hint_does(
    command: str, left: str, offering: IndexServer, runner: Runner, target: Environment
) -> None:
    """Nothing has changed where it does not work, and pip is neither started nor proposed."""
    info = target.site_packages / "lib-1.0.dist-info"
    info.mkdir()
    for name, text in REMAINS[left].items():
        (info / name).write_text(text)
    before = tree_state(target.folder)
    install = ("install", "--python", target.python, "-i", offering.url)
    done = runner.inside(*install, *command.split())
    if done.returncode:
        assert tree_state(target.folder) == before
        assert "error: installed-metadata" in done.stderr, shown(done)
        assert "Installing collected packages" not in done.stdout
        assert "pip install" not in done.stderr.replace("safepip install", "")
        (hint,) = re.findall(r"safepip (install --.*)", done.stderr)
        repaired = runner.inside(*install, *shlex.split(hint)[1:])
        assert repaired.returncode == 0, shown(repaired)
        done = runner.inside(*install, *command.split())
    assert done.returncode == 0, shown(done)
    if command != "other":
        assert runner.inside("list", "--python", target.python).returncode == 0
        assert len([*target.site_packages.glob("lib-*.dist-info")]) == 1


def test_sync_does_not_begin_to_take_away_what_it_cannot(
    offering: IndexServer, runner: Runner, target: Environment
) -> None:
    """All that has to go is looked at before the first goes."""
    install = ("--python", target.python, "-i", offering.url)
    (other,) = offering.project("other").files
    target.unpack(other.data)
    (target.site_packages / "lib-1.0.dist-info").mkdir()
    assert runner.inside("lock", "-i", offering.url, "other").returncode == 0
    before = tree_state(target.folder)
    done = runner.inside("sync", *install, "pylock.toml")
    assert (done.returncode, tree_state(target.folder) == before) == (1, True), shown(done)
    (hint,) = re.findall(r"safepip (install --.*)", done.stderr)
    assert runner.inside("install", *install, *shlex.split(hint)[1:]).returncode == 0
    assert runner.inside("sync", *install, "pylock.toml").returncode == 0
    assert target.installed() == {"other": "1.0"}
