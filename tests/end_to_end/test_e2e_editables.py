"""`install -e` of projects of the usual backends, from the first time to the last: all reads as after plain pip.

hatchling is here, so it builds without a network: what is installed of it is packed again. The others come from pip's
default index.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.environment import tree_state
from support.repacking import repack_all
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from support.environment import Environment, Runner

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the layout of POSIX environments"),
    pytest.mark.timeout(900),  # each test builds and installs four times
]


class Backend(NamedTuple):
    """What builds a project, and what its table in `pyproject.toml` has to say for a package `demo_proj`."""

    requires: str
    module: str
    more: str = ""


BACKENDS = {
    "setuptools": Backend("setuptools>=64", "setuptools.build_meta"),
    "hatchling": Backend("hatchling", "hatchling.build"),
    "flit": Backend("flit_core>=3.4", "flit_core.buildapi", '[tool.flit.module]\nname = "demo_proj"\n'),
    "pdm": Backend("pdm-backend", "pdm.backend"),
}
LAYOUTS = {"src": "src/demo_proj", "flat": "demo_proj"}
NETWORK = {"HTTPS_PROXY": "", "HTTP_PROXY": ""}


def write(project: Path, backend: Backend, package: str, version: str) -> None:
    """Write the project, over what is there: its name is not the normalised one, and it has a command."""
    (project / package).mkdir(parents=True, exist_ok=True)
    (project / package / "__init__.py").write_text(f"__version__ = {version!r}\n\n\ndef main():\n    print('demo')\n")
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "Demo.Proj"\nversion = "{version}"\ndescription = "x"\n'
        '[project.scripts]\nsay-demo = "demo_proj:main"\n'
        f'[build-system]\nrequires = ["{backend.requires}"]\nbuild-backend = "{backend.module}"\n{backend.more}'
    )


def files_of(target: Environment) -> dict[str, str]:
    """Every installed file with its digest, where there can be no difference: bytecode holds the time of its source,
    and a command the path of its environment, of which RECORD has a digest."""
    state = tree_state(target.site_packages)
    state |= {name: "" for name in state if name.endswith(".pyc")}
    for path in target.site_packages.glob("*.dist-info/RECORD"):
        rows = path.read_text(encoding="utf-8").splitlines()
        key = path.relative_to(target.site_packages).as_posix()
        state[key] = "\n".join(row.partition(",")[0] if "/bin/" in row else row for row in rows)
    return state


class Pair:
    """An environment that pip alone changes, and one that safepip changes, each for the same project."""

    def __init__(self, runner: Runner, plain: Environment, kept: Environment, env: Mapping[str, str]) -> None:
        self.runner, self.plain, self.kept, self.env = runner, plain, kept, env
        self.project = runner.folder / "a project"

    def both(self, verb: str, *words: str | Path) -> None:
        """The same by each, which must succeed."""
        for run, target in ((self.runner.pip, self.plain), (self.runner.inside, self.kept)):
            where = ("--python", target.python)
            command = (*where, verb) if run == self.runner.pip else (verb, *where)
            done = run(*command, *words, env=self.env)
            assert done.returncode == 0, done.stdout + done.stderr

    def assert_alike(self) -> None:
        """The same files, and pip says the same of both."""
        assert files_of(self.plain) == files_of(self.kept)
        for words in (("list", "--format", "json"), ("freeze",)):
            said = []
            for target in (self.plain, self.kept):
                done = self.runner.pip("--python", target.python, *words, env=self.env)
                said.append((done.returncode, done.stdout))
            assert said[0] == said[1]

    def assert_works(self, version: str) -> None:
        """It is imported from the folder, its command runs, its record names the folder, and `verify` is content."""
        assert self.kept.module_version("demo_proj") == version
        said = self.runner.run([str(self.kept.folder / "bin" / "say-demo")])
        assert said.stdout == "demo\n", said.stderr
        (info,) = self.kept.site_packages.glob("demo_proj-*.dist-info")
        record = json.loads((info / "direct_url.json").read_text())
        assert record == {"url": self.project.as_uri(), "dir_info": {"editable": True}}
        verified = self.runner.inside("verify", "--python", self.kept.python, env=self.env)
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def live(self, backend: Backend, package: str, *options: str | Path, again: bool = True) -> None:
        """Install, change, install again, and uninstall."""
        write(self.project, backend, package, "1.0")
        self.both("install", *options, "-e", self.project)
        assert files_of(self.plain) == files_of(self.kept)
        self.assert_works("1.0")
        write(self.project, backend, package, "2.0")
        assert self.kept.module_version("demo_proj") == "2.0"
        if again:
            self.both("install", *options, "-e", self.project)
            self.assert_alike()
            self.assert_works("2.0")
        before = tree_state(self.project / package)
        self.both("uninstall", "-y", "demo.proj")
        assert files_of(self.plain) == files_of(self.kept)
        assert [name for name in files_of(self.kept) if "demo" in name.lower()] == []
        assert tree_state(self.project / package) == before


@pytest.fixture
def pair(runner: Runner, new_target: Callable[[str], Environment]) -> Pair:
    """Two empty environments, without a network."""
    return Pair(runner, new_target("plain"), new_target("kept"), {})


@pytest.mark.usually("src")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_project_of_hatchling_lives_as_with_pip(layout: str, pair: Pair, tmp_path: Path) -> None:
    """Without a network: its build requirements lie in a folder. One of them is not installed a second time."""
    links = tmp_path / "links"
    links.mkdir()
    repack_all("hatchling", links)
    # hatchling asks for it always, and where the folder is named it does not use it.
    make_wheel(links, "editables", "0.5")
    named = f'[tool.hatch.build]\ndev-mode-dirs = ["{LAYOUTS[layout].rpartition("demo_proj")[0] or "."}"]\n'
    pair.live(
        BACKENDS["hatchling"]._replace(more=named),
        LAYOUTS[layout],
        "--no-index",
        "--find-links",
        links,
        again=layout != "src",
    )


@pytest.mark.network
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_project_lives_as_with_pip(backend: str, layout: str, pair: Pair) -> None:
    """With the backends of pip's default index."""
    pair.env = NETWORK
    pair.live(BACKENDS[backend], LAYOUTS[layout])
