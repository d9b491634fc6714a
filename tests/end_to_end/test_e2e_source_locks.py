"""Locks of source code from end to end: plain pip installs what safepip locks, and the environments are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.environment import tree_state
from support.repositories import GitHome, needs_git
from support.runs import pip_in, shown
from support.source_archives import tar_of_files
from support.sources import build_source_archive, source_files, write_project

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.repositories import Repository

pytestmark = needs_git

ALL = {"plain": "1.0", "dep": "1.0", "arch": "1.0", "proj": "0.1", "tool": "3.0"}


@pytest.fixture
def world(index: IndexServer, runner: Runner) -> IndexServer:
    """`plain`, a source archive of the index; `arch`, an archive with its project in a folder; `proj`, a folder."""
    index.add("dep", "1.0")
    filename, data = build_source_archive("plain", "1.0", static=True, requires=["dep"])
    index.add_file("plain", filename, data)
    filename, data = build_source_archive("arch", "1.0")
    (runner.folder / filename).write_bytes(data)
    write_project(runner.folder / "proj", "proj", "0.1", requires=["dep"])
    return index


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with `tool` in a folder."""
    made = GitHome(tmp_path / "git").repository("tool")
    files = {path: data.decode() for path, data in source_files("tool", "3.0").items() if path != "PKG-INFO"}
    made.commit({f"python/{path}": text for path, text in files.items()})
    return made


def ended(done: subprocess.CompletedProcess[str], code: int = 0) -> subprocess.CompletedProcess[str]:
    assert done.returncode == code, shown(done)
    return done


def wanted(repository: Repository, *, editable: bool) -> tuple[str, ...]:
    """One requirement of each kind."""
    folder = ("-e", "./proj") if editable else ("./proj",)
    return ("plain", "./arch-1.0.tar.gz", *folder, f"tool @ {repository.url}@main#subdirectory=python")


def state(target: Environment) -> dict[str, str]:
    """Every file and its bytes, but for byte code, which holds the time of its source."""
    found = tree_state(target.site_packages)
    return {name: "bytecode" if name.endswith(".pyc") else value for name, value in found.items()}


@pytest.mark.usually("plain")
@pytest.mark.parametrize("how", ["plain", "editable", "universal"])
def test_a_lock_of_source_code_is_installed_as_plain_pip_installs_it(
    world: IndexServer,
    repository: Repository,
    runner: Runner,
    target: Environment,
    new_target: Callable[[str], Environment],
    how: str,
) -> None:
    """The same files with the same bytes, direct_url.json and REQUESTED among them."""
    words = wanted(repository, editable=how == "editable")
    universal = ("--universal",) if how == "universal" else ()
    ended(runner.inside("lock", "-q", "-i", world.url, *words, *universal))
    by_pip = new_target("pip")
    ended(runner.safepip("install", "--python", target.python, "-i", world.url, "-r", "pylock.toml"))
    # pip takes no folder and no checkout beside what has a hash, unless hashes are not required.
    ended(pip_in(runner, by_pip, "install", "--no-index", "--no-require-hashes", "-r", "pylock.toml"))
    assert target.installed() == by_pip.installed() == ALL
    assert state(target) == state(by_pip)
    frozen = [ended(pip_in(runner, place, "freeze")).stdout for place in (target, by_pip)]
    assert frozen[0] == frozen[1]


def test_what_pip_locks_of_source_code_is_installed(
    world: IndexServer, repository: Repository, runner: Runner, target: Environment
) -> None:
    """pip records neither the digest of a tree nor a version of what is named directly."""
    made = runner.pip("lock", "-i", world.url, *wanted(repository, editable=True))
    ended(made)
    ended(runner.inside("install", "--python", target.python, "-i", world.url, "-r", "pylock.toml"))
    assert target.installed() == ALL


def test_sync_with_source_code_in_the_lock(world: IndexServer, runner: Runner, target: Environment) -> None:
    """What is locked comes and the rest goes; a second time the folder alone is installed anew, as by pip."""
    sync = ("sync", "--python", target.python, "-i", world.url, "pylock.toml")
    target.unpack(world.add("stray", "1.0").data)
    ended(runner.inside("lock", "-q", "-i", world.url, "plain", "./proj"))
    ended(runner.inside(*sync))
    assert target.installed() == {name: ALL[name] for name in ("plain", "dep", "proj")}
    before = state(target)
    done = ended(runner.inside(*sync))
    assert "Installing collected packages: proj\n" in done.stdout
    assert "unknown" not in done.stderr
    assert state(target) == before


def test_a_commit_with_other_files_than_were_locked_changes_nothing(
    world: IndexServer, repository: Repository, runner: Runner, target: Environment
) -> None:
    """As if a second content had been found for the commit's id."""
    ended(runner.inside("lock", "-q", "-i", world.url, f"tool @ {repository.url}@main#subdirectory=python"))
    path = runner.folder / "pylock.toml"
    head, mark, rest = path.read_text().partition('tree-sha256 = "')
    path.write_text(head + mark + ("1" if rest[0] == "0" else "0") + rest[1:])
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", world.url, "-r", "pylock.toml")
    assert "has other files than were locked" in ended(done, 20).stderr
    assert target.state() == before


@pytest.fixture
def other_form(world: IndexServer) -> str:
    """The URL of `plain` in a form that pip reads and no lock can name."""
    files = source_files("plain", "2.0", static=True)
    archive = tar_of_files({f"plain-2.0/{path}": data for path, data in files.items()}, "bz2")
    return f"{world.url.removesuffix('simple/')}files/{world.add_file('plain', 'plain-2.0.tar.bz2', archive).filename}"


@pytest.mark.slow
def test_pip_makes_a_lock_of_such_an_archive_and_then_refuses_it(
    world: IndexServer, other_form: str, runner: Runner, target: Environment
) -> None:
    """So it would be no use to write one. When pip reads what it writes, safepip can write it, too."""
    ended(runner.pip("lock", "-i", world.url, "--no-build-isolation", "plain"))
    assert f'url = "{other_form}"' in (runner.folder / "pylock.toml").read_text()
    done = ended(pip_in(runner, target, "install", "--no-index", "-r", "pylock.toml"), 1)
    assert "Invalid sdist filename 'plain-2.0.tar.bz2'" in done.stderr


@pytest.mark.usually("by hash")
@pytest.mark.parametrize("way", ["by hash", "by URL"])
def test_such_an_archive_is_pinned_in_two_other_ways(
    world: IndexServer,
    other_form: str,
    runner: Runner,
    target: Environment,
    new_target: Callable[[str], Environment],
    way: str,
) -> None:
    """Those that the page of the refusal names."""
    done = ended(runner.inside("lock", "-i", world.url, "plain"), 20)
    assert done.stderr.startswith("error: unlockable-archive\n"), shown(done)
    assert not (runner.folder / "pylock.toml").exists()
    words = ("plain", "--format", "requirements") if way == "by hash" else (f"plain @ {other_form}",)
    made = "requirements.txt" if way == "by hash" else "pylock.toml"
    ended(runner.inside("lock", "-q", "-i", world.url, "-o", made, *words))
    by_pip = new_target("pip")
    ended(runner.inside("install", "--python", target.python, "-i", world.url, "-r", made))
    ended(pip_in(runner, by_pip, "install", "-i", world.url, "-r", made))
    assert target.installed() == by_pip.installed() == {"plain": "2.0"}
    assert state(target) == state(by_pip)
