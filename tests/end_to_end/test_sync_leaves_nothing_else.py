"""`safepip sync`: in whatever form something is installed, it is gone afterwards, or nothing has changed and it is said
what to do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

from support.environment import tree_state
from support.runs import shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Environment, Runner

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders are linked")


def text(name: str, version: str) -> str:
    return f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n"


def unpacked(site: Path, links: Path, *versions: str, name: str = "lib") -> Path:
    """These versions of a project, one upon the other; the metadata of the last."""
    for version in versions:
        shutil.unpack_archive(make_wheel(links, name, version), site, "zip")
    return site / f"{name}-{versions[-1]}.dist-info"


def without_records(site: Path, links: Path) -> None:
    for info in (unpacked(site, links, "1.0"), unpacked(site, links, "2.0")):
        (info / "RECORD").unlink()


def linked(site: Path, links: Path) -> None:
    info = unpacked(site, links, "1.0")
    info.symlink_to(info.rename(links / "elsewhere"))


def linked_site(site: Path, links: Path) -> None:
    unpacked(site, links, "1.0")
    site.symlink_to(site.rename(links / "site"))


def egg_link(site: Path, links: Path) -> None:
    project = links / "project"
    (project / "lib.egg-info").mkdir(parents=True)
    (project / "lib.egg-info" / "PKG-INFO").write_text(text("lib", "1.0"))
    (site / "lib.egg-link").write_text(f"{project}\n.")
    (site / "easy-install.pth").write_text(f"{project}\n")


def egg(site: Path, _: Path) -> None:
    info = site / "lib-1.0-py3.11.egg" / "EGG-INFO"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text(text("lib", "1.0"))
    (site / "easy-install.pth").write_text("./lib-1.0-py3.11.egg\n")


def egg_info(site: Path, _: Path) -> None:
    info = site / "lib-1.0-py3.11.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text(text("lib", "1.0"))
    (info / "top_level.txt").write_text("lib\n")
    (site / "lib.py").write_text("")


def capitals(site: Path, links: Path) -> None:
    unpacked(site, links, "1.0").rename(site / "lib-1.0.DIST-INFO")


def noted_commands(site: Path, links: Path) -> None:
    info = unpacked(site, links, "1.0")
    (info / "scripts").mkdir()
    (info / "scripts" / "activate").touch()


def no_version(site: Path, _: Path) -> None:
    info = site / "lib-not_a_version.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(text("lib", "not_a_version"))
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")


#: What is installed beside what is locked, and whether it is taken away at once.
FORMS: dict[str, tuple[Callable[[Path, Path], object], bool]] = {
    "twice": (lambda site, links: unpacked(site, links, "1.0", "2.0"), False),
    "one version in two spellings": (lambda site, links: unpacked(site, links, "1.0", "1.0.0"), False),
    "an old one beside the locked one": (lambda site, links: unpacked(site, links, "0.9", "1.0", name="keep"), False),
    "twice without records": (without_records, False),
    "no version": (no_version, False),
    "in capitals": (capitals, False),
    "with commands that go with it": (noted_commands, False),
    "by distutils": (lambda site, _: (site / "lib-1.0.egg-info").write_text(text("lib", "1.0")), False),
    "a link": (linked, False),
    "all behind a link": (linked_site, False),
    "an egg link": (egg_link, True),
    "an egg": (egg, True),
    "an egg's metadata": (egg_info, True),
}


def listed(runner: Runner, target: Environment) -> list[str]:
    done = runner.pip("--python", target.python, "list", "--format", "freeze")
    assert done.returncode == 0, shown(done)
    return sorted(done.stdout.split())


@pytest.mark.usually("twice", "all behind a link", "an egg link")
@pytest.mark.parametrize("name", FORMS)
def test_what_is_installed_in_any_form_goes_or_stops_it(name: str, runner: Runner, target: Environment) -> None:
    """pip itself passes over some forms without an error. What the hint names takes it away."""
    links = runner.folder / "links"
    make_wheel(links, "keep", "1.0")
    where = ("--python", target.python, "--no-index", "-f", links)
    assert runner.inside("lock", *where[2:], "keep").returncode == 0
    install, goes = FORMS[name]
    install(target.site_packages, links)
    before = tree_state(target.folder)
    done = runner.inside("sync", *where, "pylock.toml")
    assert (done.returncode == 0) == goes, shown(done)
    if not goes:
        assert "error: installed-metadata" in done.stderr
        assert tree_state(target.folder) == before
        hint = re.findall(r"^    safepip (uninstall .*)$", done.stderr, re.MULTILINE)
        for _ in range(2 if hint else 0):
            removed = runner.inside(*shlex.split(hint[0]), "-y")
            assert removed.returncode == 0, shown(removed)
        if not hint:
            assert "make a new environment" in done.stderr or "remove that folder" in done.stderr
            return
        done = runner.inside("sync", *where, "pylock.toml")
        assert done.returncode == 0, shown(done)
    assert listed(runner, target) == ["keep==1.0"]


@pytest.mark.parametrize("name", ["setuptools", "wheel"])
def test_what_sync_does_not_touch_may_be_there_twice(runner: Runner, target: Environment, name: str) -> None:
    """As long as no lock names it: then pip would take one of the two away."""
    links = runner.folder / "links"
    unpacked(target.site_packages, links, "0.1", "0.2", name=name)
    make_wheel(links, "keep", "1.0")
    make_wheel(links, name, "0.3")
    where = ("--python", target.python, "--no-index", "-f", links)
    for asked, code in (("keep", 0), (name, 1)):
        locked = runner.inside("lock", *where, asked)
        assert locked.returncode == 0, shown(locked)
        done = runner.inside("sync", *where, "pylock.toml")
        assert done.returncode == code, shown(done)
    assert f"{name} is installed several times" in done.stderr


@pytest.mark.parametrize("versions", [("0.9", "1.0"), ("1.0", "1.0.0")], ids=["two versions", "two spellings of one"])
def test_what_an_upgrade_would_leave_behind_stops_it(
    runner: Runner, target: Environment, versions: tuple[str, str]
) -> None:
    """pip takes one of two away and says that it has succeeded; what it leaves would count as installed. `verify` tells
    of both, and nothing that only reads is stopped."""
    links = runner.folder / "links"
    unpacked(target.site_packages, links, *versions)
    make_wheel(links, "lib", "2.0")
    make_wheel(links, "other", "1.0")
    where = ("--python", target.python, "--no-index", "-f", links)
    before = tree_state(target.folder)
    done = runner.inside("install", *where, "lib==2.0")
    assert done.returncode == 1, shown(done)
    assert "lib is installed several times" in done.stderr
    assert tree_state(target.folder) == before
    assert runner.inside("install", *where, "--target", runner.folder / "place", "lib==2.0").returncode == 0
    done = runner.inside("install", *where, "other", "lib")
    assert done.returncode == 0, shown(done)
    done = runner.inside("verify", "--python", target.python)
    assert (done.returncode, f"lib {versions[0]} and lib {versions[1]}" in done.stdout) == (20, True), shown(done)


def test_a_link_of_an_editable_project_that_no_system_can_follow(runner: Runner, target: Environment) -> None:
    """pip ends with a traceback."""
    (target.site_packages / "x.egg-link").write_bytes(b"/a\0b\n.")
    make_wheel(runner.folder / "links", "lib", "1.0")
    done = runner.inside("install", "--python", target.python, "--no-index", "-f", runner.folder / "links", "lib")
    assert done.returncode == 1, shown(done)
    assert "error: installed-metadata" in done.stderr
    assert "x.egg-link" in done.stderr


def test_where_a_distribution_was_found(target: Environment, runner: Runner) -> None:
    """An environment's own are those in its folders, in an egg there, or behind a link there."""
    from safepip.edges.target.installed import installed, is_own
    from safepip.edges.target.interpreter import probe

    links = runner.folder / "links"
    egg_link(target.site_packages, links)
    unpacked(links / "beside", links, "1.0", name="beside")
    (target.site_packages / "beside.pth").write_text(f"{links / 'beside'}\n")
    there = probe(str(target.python))
    found = installed(there)
    assert {name: is_own(item, there) for name, item in found.items()} == {"lib": True, "beside": False}


def test_a_folder_with_two_names_is_looked_at_once(tmp_path: Path) -> None:
    """As `lib64`, which is a link to `lib`."""
    from safepip.edges.target.installed import check_single
    from safepip.model.errors import Unavailable

    (tmp_path / "lib").mkdir()
    unpacked(tmp_path / "lib", tmp_path, "1.0", "2.0")
    (tmp_path / "lib64").symlink_to("lib")
    with pytest.raises(Unavailable) as raised:
        check_single((str(tmp_path / "lib"), str(tmp_path / "lib64")))
    assert [diagnostic.subject for diagnostic in raised.value.diagnostics] == ["lib"]
