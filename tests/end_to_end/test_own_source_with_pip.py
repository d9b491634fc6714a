"""Wheels that were built from the user's own source, handed to the real pip: all reads as after pip's own install."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safepip.edges.target.installed import installed, is_editable
from safepip.edges.target.interpreter import probe
from safepip.model.digest import strong
from safepip.model.source import BuiltFrom, SourceCode, SourceKind
from support.environment import tree_state
from support.handing import Chosen, install
from support.project_folders import build_project, make_project
from support.repositories import needs_git
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from safepip.model.resolution import InstalledDistribution
    from support.environment import Environment, Runner


class Named(NamedTuple):
    """What the user names: pip's words, the project's folder, the URL to record, and what the wheel is built from."""

    words: tuple[str, ...]
    project: Path
    url: str
    built_from: BuiltFrom


class World:
    """A project, and two environments: one for pip alone, one for the handover."""

    def __init__(self, runner: Runner, plain: Environment, handed: Environment) -> None:
        self.runner, self.plain, self.handed = runner, plain, handed
        self.wheels = runner.folder / "wheels"
        self.wheels.mkdir()
        self.project = make_project(runner.folder / "demo project", "demo", "1.0", ["lib"])
        self.lib = make_wheel(self.wheels, "lib", "1.0")

    def pip(self, *words: str | Path, into: Environment | None = None) -> str:
        """Plain pip, which must succeed."""
        done = self.runner.pip("--python", (into or self.plain).python, *words)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def install(self, named: Named, *more: Chosen) -> None:
        """By pip into one environment, and by the handover into the other."""
        self.pip("install", "--no-index", "--find-links", self.wheels, *named.words)
        self.hand(named, *more)

    def hand(self, named: Named, *more: Chosen) -> None:
        """By the handover, as a run of safepip would."""
        wheel = build_project(named.project, self.runner.folder / "built", editable=named.built_from.source.editable)
        chosen = Chosen(
            wheel, requested=True, direct_url=named.url, built_from=named.built_from, replaces=self.there("demo")
        )
        assert install(self.handed.python, [chosen, *more], environ=self.runner.environment()) == 0

    def there(self, name: str) -> InstalledDistribution | None:
        """What is installed by that name."""
        found = installed(probe(str(self.handed.python), environ=self.runner.environment())).get(name)
        return found and found._replace(editable=is_editable(found))

    def assert_alike(self) -> None:
        """The same files with the same bytes in both; pip says the same of both."""
        handed, plain = (tree_state(target.site_packages) for target in (self.handed, self.plain))
        for state in (handed, plain):
            for name in [name for name in state if name.endswith(".pyc")]:
                state[name] = "bytecode"  # it holds the time of its source
        assert handed == plain
        assert self.pip("freeze", into=self.handed) == self.pip("freeze")

    def record(self) -> dict[str, object]:
        """The direct_url.json of the handed environment."""
        text = (self.handed.site_packages / "demo-1.0.dist-info" / "direct_url.json").read_text()
        record: dict[str, object] = json.loads(text)
        return record


@pytest.fixture
def world(runner: Runner, new_target: Callable[[str], Environment]) -> World:
    """Two empty environments."""
    return World(runner, new_target("plain"), new_target("handed"))


def folder(world: World) -> Named:
    """`pip install ./folder`."""
    url = world.project.as_uri()
    return Named((str(world.project),), world.project, url, BuiltFrom(SourceCode(SourceKind.DIRECTORY, url)))


def editable(world: World) -> Named:
    """`pip install -e ./folder`."""
    url = world.project.as_uri()
    built_from = BuiltFrom(SourceCode(SourceKind.DIRECTORY, url, editable=True))
    return Named(("-e", str(world.project)), world.project, url, built_from)


def archive(world: World) -> Named:
    """`pip install ./demo-1.0.tar.gz`."""
    path = world.runner.folder / "demo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(world.project, "demo-1.0")
    digest = strong("sha256", hashlib.sha256(path.read_bytes()).hexdigest())
    built_from = BuiltFrom(SourceCode(SourceKind.ARCHIVE, path.as_uri()), digest)
    return Named((str(path),), world.project, path.as_uri(), built_from)


def _repository(world: World) -> tuple[str, str]:
    """The URL of a repository that has the project in a folder, and its commit."""
    place = world.runner.folder / "repository"
    shutil.copytree(world.project, place / "sub")

    def git(*words: str) -> str:
        settings = ("-c", "user.name=x", "-c", "user.email=x@example.example")
        environ = world.runner.environment()
        command = ["git", *settings, *words]
        return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, env=environ).stdout

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    return place.as_uri(), git("rev-parse", "HEAD").strip()


def repository(world: World) -> Named:
    """`pip install git+file:...@main#subdirectory=sub`."""
    url, commit = _repository(world)
    source = SourceCode(SourceKind.VCS, url, subdirectory="sub", vcs="git", revision="main")
    words = (f"demo @ git+{url}@main#subdirectory=sub",)
    return Named(words, world.project, url, BuiltFrom(source, None, commit))


def editable_repository(world: World) -> Named:
    """`pip install -e git+file:...#egg=demo&subdirectory=sub`: the record names the checkout."""
    url, commit = _repository(world)
    source = SourceCode(SourceKind.VCS, url, editable=True, subdirectory="sub", vcs="git")
    words = ("--src", str(world.runner.folder / "src"), "-e", f"git+{url}#egg=demo&subdirectory=sub")
    checkout = world.runner.folder / "src" / "demo" / "sub"
    return Named(words, checkout, checkout.as_uri(), BuiltFrom(source, None, commit))


@pytest.mark.usually("repository")
@pytest.mark.parametrize(
    "kind",
    [
        folder,
        editable,
        archive,
        pytest.param(repository, marks=needs_git),
        pytest.param(editable_repository, marks=needs_git),
    ],
)
def test_what_was_built_reads_as_after_pip(kind: Callable[[World], Named], world: World) -> None:
    """direct_url.json and its row in RECORD, REQUESTED on what was named alone, and `pip freeze`."""
    named = kind(world)
    world.install(named, Chosen(world.lib))
    world.assert_alike()
    assert world.record()["url"] == named.url
    assert world.handed.module_version("demo") == "1.0"
    verified = world.runner.inside("verify", "--python", world.handed.python)
    assert verified.returncode == 0, verified.stdout


@pytest.mark.usually("editable-folder")
@pytest.mark.parametrize("first", [folder, editable])
@pytest.mark.parametrize("second", [folder, editable, archive])
def test_the_same_version_is_installed_again_as_by_pip(
    first: Callable[[World], Named], second: Callable[[World], Named], world: World
) -> None:
    """Whatever was there before; a dependency that is new then is not marked as requested."""
    world.pip("install", "--no-index", "--find-links", world.wheels, *first(world).words)
    shutil.copytree(world.plain.site_packages, world.handed.site_packages, dirs_exist_ok=True)
    make_project(world.project, "demo", "1.0", ["lib", "more"])
    (world.project / "src" / "demo" / "__init__.py").write_text("__version__ = 'changed'\n")
    more = make_wheel(world.wheels, "more", "1.0")
    world.install(second(world), Chosen(more))
    world.assert_alike()
    assert world.handed.module_version("demo") == "changed"


def test_an_editable_project_is_uninstalled_without_a_trace(world: World) -> None:
    """By safepip's own verb; the folder stays as it is."""
    world.hand(editable(world), Chosen(world.lib))
    before = tree_state(world.project)
    done = world.runner.safepip("uninstall", "--python", world.handed.python, "-y", "demo")
    assert done.returncode == 0, done.stderr
    assert sorted(world.handed.installed()) == ["lib"]
    assert [name for name in os.listdir(world.handed.site_packages) if "demo" in name] == []
    assert tree_state(world.project) == before
