"""A configuration that nobody has named belongs to this user, to root, or to another who may speak here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.trusted_files import stranger_of, trusted_users
from support.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.errors import SafepipError

STRANGER, OTHER = 12345, 12346
#: Only root can give files away.
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to give files away")

SAFEPIP = '[[index]]\nname = "theirs"\nurl = "https://theirs.example/simple/"\ndefault = true\n'
FILES = {
    "safepip.toml": SAFEPIP,
    "pyproject.toml": SAFEPIP.replace("[index]", "[tool.safepip.index]"),
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refused(machine: Machine, **environ: str) -> SafepipError:
    error = machine.fails("demo", **environ)
    assert [item.reference for item in error.diagnostics] == ["untrusted-configuration"]
    return error


def obeyed(machine: Machine, *words: str, **environ: str) -> bool:
    return [index.name for index in machine.plan("demo", *words, **environ).indexes] == ["theirs"]


@as_root
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("folder", ["work", "work/project", "."])
def test_a_strangers_file_is_an_error(name: str, folder: str, machine: Machine) -> None:
    """In the working folder or above it, and the message names the ways out, which work."""
    path = machine.write(f"{folder}/{name}", FILES[name])
    os.chown(path, STRANGER, STRANGER)
    error = refused(machine)
    assert str(path) in str(error)
    assert "--no-config" in error.diagnostics[0].hint
    assert not obeyed(machine, "--no-config")
    assert not obeyed(machine, SAFEPIP_NO_CONFIG="1")
    assert obeyed(machine, "--config", str(path))
    assert obeyed(machine, SAFEPIP_CONFIG=str(path))


@as_root
@pytest.mark.parametrize("place", ["safepip.toml", "work/pyproject.toml"])
def test_a_strangers_file_is_not_one_that_is_hidden(place: str, machine: Machine) -> None:
    """It would not be obeyed, so it keeps no one from being."""
    machine.write("work/safepip.toml", "[policy]\nfull-commits = true\n")
    path = machine.write(place, FILES[place.rpartition("/")[2]])
    assert [item.reference for item in machine.fails("demo").diagnostics] == ["hidden-configuration"]
    os.chown(path, STRANGER, STRANGER)
    assert not obeyed(machine)


@as_root
@pytest.mark.parametrize("name", FILES)
def test_the_owner_of_the_working_folder_may_speak(name: str, machine: Machine) -> None:
    """root in a container, with a checkout of a user of the host."""
    os.chown(machine.write(f"work/{name}", FILES[name]), STRANGER, STRANGER)
    os.chown(machine.project, STRANGER, STRANGER)
    assert obeyed(machine)
    os.chown(machine.project, OTHER, OTHER)
    refused(machine)


@as_root
def test_the_user_behind_sudo_may_speak(machine: Machine) -> None:
    """And nobody else by such a variable."""
    os.chown(machine.write("work/safepip.toml", SAFEPIP), STRANGER, STRANGER)
    assert obeyed(machine, SUDO_UID=str(STRANGER))
    for word in (str(OTHER), "", "-1", "nobody", "²"):
        refused(machine, SUDO_UID=word)


@as_root
@pytest.mark.parametrize("name", FILES)
def test_a_link_is_as_good_as_the_worse_of_its_ends(name: str, machine: Machine) -> None:
    """A stranger's link to a file of one's own speaks out of its place."""
    own = machine.write(f"elsewhere/{name}", FILES[name])
    link = machine.root / "work" / name
    link.symlink_to(own)
    assert obeyed(machine)
    os.lchown(link, STRANGER, STRANGER)
    refused(machine)
    os.lchown(link, 0, 0)
    os.chown(own, STRANGER, STRANGER)
    refused(machine)


@as_root
@pytest.mark.parametrize("name", FILES)
def test_a_link_on_the_way_is_a_strangers(name: str, machine: Machine) -> None:
    """He could let it lead to another file of one's own tomorrow."""
    own = machine.write(f"elsewhere/{name}", FILES[name])
    between = machine.root / "elsewhere" / "between"
    between.symlink_to(own.name)
    (machine.root / "work" / name).symlink_to(f"../elsewhere/{between.name}")
    assert obeyed(machine)
    os.lchown(between, STRANGER, STRANGER)
    refused(machine)


@as_root
def test_a_strangers_file_is_not_even_read(machine: Machine) -> None:
    """Whatever is in it."""
    path = machine.write("work/safepip.toml", "this is no TOML")
    os.chown(path, STRANGER, STRANGER)
    refused(machine)


@as_root
def test_what_says_nothing_of_safepip_may_be_anybodys(machine: Machine) -> None:
    """A pyproject.toml without the table, broken or not."""
    for text in ('[project]\nname = "safepip-plugin"\n', "no TOML [["):
        os.chown(machine.write("work/pyproject.toml", text), STRANGER, STRANGER)
        assert machine.plan("demo").indexes


def test_ones_own_file_speaks(machine: Machine) -> None:
    """Where there is no stranger, nothing changes."""
    machine.write("work/safepip.toml", SAFEPIP)
    assert obeyed(machine)


def test_who_may_speak(tmp_path: Path) -> None:
    """The rule itself, for any user; SUDO_UID counts for root alone."""
    here = os.stat(tmp_path).st_uid
    assert trusted_users({"SUDO_UID": "7"}, str(tmp_path), 0) == frozenset({0, 7, here})
    assert trusted_users({"SUDO_UID": "7"}, str(tmp_path), 5) == frozenset({0, 5, here})
    assert trusted_users({}, str(tmp_path / "gone"), 5) == frozenset({0, 5})
    file = tmp_path / "file"
    file.touch()
    assert stranger_of(str(file), {here}) is None
    assert stranger_of(str(file), {here + 1}) == here
    assert stranger_of(str(file), None) is None
