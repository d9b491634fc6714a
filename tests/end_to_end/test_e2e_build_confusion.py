"""What a build requires comes from the index that owns it, or the build is refused; pip takes the higher version.

The project's wheel says which versions it was built with. Versions of the internal index are small, and those that an
attacker has put on the public one are 99.0.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from support.runs import references, shown
from support.sources import BACKEND, build_source_archive
from support.wheels import make_wheel, sha256

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer

#: The ways in which a build comes to require something: what `acme-app` says of its build.
STATED = {"build_requires": ["acme-helper"]}
ASKED_FOR = {"asks_for": ["acme-helper"]}
BELOW = {"build_requires": ["tool"]}
BACKENDS_OWN = {
    "files": {"pyproject.toml": '[build-system]\nrequires = ["acme-backend"]\nbuild-backend = "acme_backend"\n'}
}
WAYS = pytest.mark.parametrize(
    ("way", "name"),
    [(STATED, "acme-helper"), (ASKED_FOR, "acme-helper"), (BELOW, "acme-helper"), (BACKENDS_OWN, "acme-backend")],
    ids=["stated", "asked for by the backend", "required by a build requirement", "the backend itself"],
)


@dataclass(frozen=True, slots=True)
class World:
    """An internal index, a public one, and a project folder."""

    internal: IndexServer
    public: IndexServer
    runner: Runner

    def offer(self, **plan: object) -> None:
        """Put `acme-app`, which has to be built, on the internal index."""
        filename, data = build_source_archive("acme-app", "1.0", lists=True, **plan)
        self.internal.add_file("acme-app", filename, data)

    def declare(self) -> None:
        """The internal index owns `acme-*`; the public one is the default."""
        text = f'[[index]]\nname = "acme"\nurl = "{self.internal.url}"\npackages = ["acme-*"]\n'
        text += f'[[index]]\nname = "public"\nurl = "{self.public.url}"\ndefault = true\n'
        (self.runner.folder / "safepip.toml").write_text(text)

    @property
    def both(self) -> tuple[str, ...]:
        """The options by which neither index owns anything."""
        return ("--index-url", self.internal.url, "--extra-index-url", self.public.url)

    def build(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """safepip builds `acme-app`, in a fence or, where there is none, without."""
        return self.runner.inside("wheel", "-w", "out", "--allow-build", "acme-app", *words, "acme-app")

    def built_with(self) -> dict[str, str]:
        """What was in the build environment, by name with its version."""
        (wheel,) = (self.runner.folder / "out").glob("acme_app-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            found: dict[str, str] = json.loads(archive.read("acme_app/built_with.json"))
            return found

    def nothing_built(self) -> bool:
        """Whether there is no wheel."""
        return not list((self.runner.folder / "out").glob("*"))


@pytest.fixture
def world(two_indexes: tuple[IndexServer, IndexServer], runner: Runner) -> World:
    """The names of the internal index are on the public one, too, in a higher version."""
    internal, public = two_indexes
    for index, version in ((internal, "1.0"), (public, "99.0")):
        index.add("acme-helper", version)
        index.add("acme-backend", version, files={"acme_backend/__init__.py": BACKEND})
    public.add("tool", "1.0", requires=["acme-helper"])
    return World(internal, public, runner)


@pytest.mark.usually("stated")
@WAYS
def test_pip_takes_the_public_one(way: dict[str, object], name: str, world: World) -> None:
    """So there is something to protect from: it has run what an attacker has uploaded."""
    world.offer(**way)
    done = world.runner.pip("wheel", "-w", "out", *world.both, "acme-app")
    assert done.returncode == 0, shown(done)
    assert world.built_with()[name] == "99.0"


@pytest.mark.usually("asked for by the backend", "the backend itself")
@WAYS
def test_a_claimed_name_is_the_owners(way: dict[str, object], name: str, world: World) -> None:
    """The public index is not even asked for it."""
    world.offer(**way)
    world.declare()
    done = world.build()
    assert done.returncode == 0, shown(done)
    assert world.built_with()[name] == "1.0"
    assert world.public.mentions("acme") == []


@pytest.mark.usually("stated", "required by a build requirement")
@WAYS
def test_an_unclaimed_name_is_refused(way: dict[str, object], name: str, world: World) -> None:
    """Both indexes are named, and nothing is built."""
    world.offer(**way)
    done = world.build(*world.both)
    assert done.returncode == 20, shown(done)
    assert references(done.stderr) == ["ambiguous-index"], shown(done)
    assert f"{name} is offered by two indexes" in done.stderr
    assert world.nothing_built()


def test_an_installation_holds_it_too(world: World, target: Environment) -> None:
    """Where the archive is what a requirement of the project requires."""
    world.offer(**BACKENDS_OWN)
    world.declare()
    world.public.add("web", "1.0", requires=["acme-app"])
    done = world.runner.safepip("install", "--python", target.python, "--allow-build", "acme-app", "web")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"web": "1.0", "acme-app": "1.0"}
    seen = json.loads((target.site_packages / "acme_app" / "built_with.json").read_text())
    assert seen["acme-backend"] == "1.0"
    assert world.public.mentions("acme") == []


@pytest.mark.parametrize("more", [(), ("--no-index",)], ids=["beside the index", "alone"])
def test_a_folder_of_links_cannot_answer_for_a_claimed_name(more: tuple[str, ...], world: World) -> None:
    """Where indexes are declared, a place that is not among them is refused."""
    world.offer(**STATED)
    world.declare()
    make_wheel(world.runner.folder / "links", "acme-helper", "99.0")
    done = world.build("--find-links", world.runner.folder / "links", *more)
    assert done.returncode == 20, shown(done)
    assert references(done.stderr) == ["undeclared-index"], shown(done)
    assert world.nothing_built()


def test_links_are_enough_where_nothing_is_claimed(world: World) -> None:
    """Offline, as pip; no index is asked for anything."""
    links = world.runner.folder / "links"
    make_wheel(links, "acme-helper", "2.0")
    filename, data = build_source_archive("acme-app", "1.0", lists=True, **STATED)
    links.joinpath(filename).write_bytes(data)
    done = world.build("--no-index", "--find-links", links)
    assert done.returncode == 0, shown(done)
    assert world.built_with()["acme-helper"] == "2.0"
    assert world.internal.paths_asked() == world.public.paths_asked() == []


@pytest.mark.usually("asks_for")
@pytest.mark.parametrize("form", ["build_requires", "asks_for"])
def test_a_look_alike_is_not_built_with(form: str, world: World) -> None:
    """Names are judged as those of an installation."""
    world.declare()
    world.public.add("reqeusts", "1.0")
    world.offer(**{form: ["reqeusts"]})
    done = world.build()
    assert done.returncode == 20, shown(done)
    assert references(done.stderr) == ["look-alike"]
    assert world.nothing_built()
    assert not any(path.endswith(".whl") for path in world.public.paths_asked())


@pytest.mark.usually("build_requires")
@pytest.mark.parametrize("form", ["build_requires", "asks_for"])
def test_a_file_that_is_too_young_is_passed_over(form: str, world: World) -> None:
    """The cooldown holds: the version before is taken."""
    world.declare()
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.public.add("tools", "1.0")
    world.public.add("tools", "2.0", file={"upload_time": now})
    world.offer(**{form: ["tools"]})
    done = world.build()
    assert done.returncode == 0, shown(done)
    assert world.built_with()["tools"] == "1.0"


def test_what_is_quarantined_is_refused(world: World) -> None:
    """As in an installation."""
    world.declare()
    world.public.add("tools", "1.0")
    world.public.project("tools").status = "quarantined"
    world.offer(build_requires=["tools"])
    done = world.build()
    assert done.returncode == 20, shown(done)
    assert references(done.stderr) == ["quarantined"]


@pytest.mark.usually("*-yanked")
@pytest.mark.parametrize(("requirement", "reference"), [("tools", ""), ("tools==2.0", "yanked")])
def test_what_is_yanked_is_not_taken(requirement: str, reference: str, world: World) -> None:
    """Nor where the project pins it: the user has not."""
    world.declare()
    world.public.add("tools", "1.0")
    world.public.add("tools", "2.0", file={"yanked": "bad"})
    world.offer(build_requires=[requirement])
    done = world.build()
    if reference:
        assert done.returncode == 20, shown(done)
        assert references(done.stderr) == [reference]
    else:
        assert done.returncode == 0, shown(done)
        assert world.built_with()["tools"] == "1.0"


@pytest.mark.usually("*-wrong", "asks_for-right")
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("form", ["build_requires", "asks_for"])
def test_hashes_of_build_constraints_hold(form: str, right: bool, world: World) -> None:
    """In both rounds of a build."""
    world.declare()
    wheel = world.internal.projects["acme-helper"].files[0]
    digest = sha256(wheel.data) if right else sha256(b"another file")
    (world.runner.folder / "build.txt").write_text(f"acme-helper==1.0 --hash=sha256:{digest}\n")
    world.offer(**{form: ["acme-helper"]})
    done = world.build("--build-constraint", "build.txt")
    if right:
        assert done.returncode == 0, shown(done)
        assert world.built_with()["acme-helper"] == "1.0"
    else:
        assert done.returncode == 20, shown(done)
        assert references(done.stderr) == ["hash-mismatch"], shown(done)
        assert world.nothing_built()
