"""Wheels that take the place of others, in a real environment: refused, and nothing in it has changed."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from support.environment import Environment, Runner, make_environment
from support.runs import pip_in, shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from support.index import IndexServer
    from support.inside import Inside

SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
posix = pytest.mark.skipif(os.name == "nt", reason="launchers of Windows are no scripts")
PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"

#: What the index has as demo, which is installed first, and what is refused beside it.
INTRUDERS = [
    pytest.param({"demo/core.py": "taken"}, {}, "file-overlap", "demo/core.py", id="file"),
    pytest.param({"evil-1.0.data/purelib/demo/core.py": "taken"}, {}, "file-overlap", "demo/core.py", id="by-purelib"),
    pytest.param({"demo/core/__init__.py": "taken"}, {}, "file-overlap", "import it instead of", id="package"),
    pytest.param({"demo/core.so": "taken"}, {}, "file-overlap", "import it instead of", id="extension-module"),
    pytest.param({"demo/__pycache__/core.cpython-311.pyc": "x"}, {}, "file-overlap", "belongs to demo", id="byte-code"),
    pytest.param({"demo/core.py/x.py": "taken"}, {}, "file-overlap", "is a file of demo", id="folder-for-file"),
    pytest.param({"demo": "taken"}, {}, "file-overlap", "is a folder of demo", id="file-for-folder"),
    pytest.param({"evil-1.0.data/scripts/demo": "#!python\n"}, {}, "command-clash", "belongs to demo", id="script"),
    pytest.param({"evil-1.0.data/data/bin/demo": "#!/bin/sh\n"}, {}, "command-clash", "belongs to demo", id="data"),
    pytest.param({}, {"demo": "evil:main"}, "command-clash", "entry point demo: this command", id="entry-point"),
    pytest.param({}, {"pip3": "evil:main"}, "command-clash", "pip3: this name is reserved for pip", id="pip"),
    pytest.param({"evil-1.0.data/data/bin/activate": "x"}, {}, "command-clash", "environment itself", id="activate"),
    pytest.param({"ssl.py": "taken"}, {}, "standard-library", "a module ssl", id="standard-library"),
]


#: What is in the way: a project with a module and a command.
DEMO: dict[str, Any] = {"files": {"demo/core.py": "mine"}, "scripts": {"demo": "demo.core:main"}}


@pytest.fixture(scope="module")
def with_demo(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which pip has installed demo 1.0."""
    place = tmp_path_factory.mktemp("with-demo")
    made = make_environment(place / "target")
    (place / "project").mkdir()
    make_wheel(place, "demo", "1.0", **DEMO)
    words = ("install", "--no-compile", "--no-index", "--find-links", place, "demo")
    done = pip_in(Runner(place / "project", place / "home"), made, *words)
    assert done.returncode == 0, shown(done)
    return made


@pytest.fixture
def target(with_demo: Environment, tmp_path: Path) -> Environment:
    """A copy of it. Nothing in it is started that names the place it was made for."""
    shutil.copytree(with_demo.folder, tmp_path / "target", symlinks=True)
    return Environment(tmp_path / "target")


@pytest.fixture
def words(index: IndexServer, target: Environment) -> tuple[str, ...]:
    """The options of every run; demo 1.0 is installed and on the index."""
    index.add("demo", "1.0", **DEMO)
    return ("--python", str(target.python), "-i", index.url)


@pytest.mark.parametrize(("files", "scripts", "rule", "stated"), INTRUDERS)
def test_what_takes_the_place_of_an_installed_distribution_is_refused(
    index: IndexServer,
    run: Inside,
    target: Environment,
    words: tuple[str, ...],
    files: dict[str, str],
    scripts: dict[str, str],
    rule: str,
    stated: str,
) -> None:
    """Whatever of it is taken; the environment's tree is the one it was."""
    index.add("evil", "1.0", files=files, scripts=scripts)
    before = target.state()
    done = run("install", *words, "evil")
    assert done.code == 20, done.err
    assert f"error: {rule}\n" in done.err, done.err
    assert stated in done.err
    assert target.state() == before


def test_a_distribution_takes_its_own_place(
    index: IndexServer, runner: Runner, target: Environment, words: tuple[str, ...]
) -> None:
    """Installed again, and in another version in which a module has become a package."""
    done = runner.safepip("install", *words, "--force-reinstall", "demo")
    assert done.returncode == 0, shown(done)
    index.add("demo", "2.0", files={"demo/core/__init__.py": "new"}, scripts={"demo": "demo.core:main"})
    done = runner.inside("install", *words, "--no-cache-dir", "-U", "demo")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"demo": "2.0"}


def test_two_of_a_namespace_package_go_into_one_run_or_two(
    index: IndexServer, runner: Runner, target: Environment, words: tuple[str, ...]
) -> None:
    """With the `__init__.py` that both bring, as long as it is the same."""
    for name in ("one", "two", "three"):
        text = PKGUTIL if name != "three" else "taken = True\n"
        index.add(f"space-{name}", "1.0", files={"space/__init__.py": text, f"space/{name}.py": ""})
    target.unpack(index.project("space-one").files[0].data)
    done = runner.inside("install", *words, "space-two")
    assert done.returncode == 0, shown(done)
    done = runner.inside("install", *words, "space-three")
    assert done.returncode == 20, shown(done)
    assert "space/__init__.py: this path belongs to space-" in done.stderr
    assert target.installed().keys() == {"demo", "space-one", "space-two"}


def test_what_a_killed_installation_left_is_written_over(
    index: IndexServer, runner: Runner, target: Environment, words: tuple[str, ...]
) -> None:
    """Files that no distribution lists, commands among them, stop nothing."""
    index.add("plain", "1.0", scripts={"plain": "plain:main"})
    (target.site_packages / "plain").mkdir()
    (target.site_packages / "plain" / "__init__.py").write_text("half of it")
    (target.python.parent / "plain").write_text("half of it")
    done = runner.inside("install", *words, "plain")
    assert done.returncode == 0, shown(done)
    assert target.module_version("plain") == "1.0"


def test_a_target_folder_has_distributions_of_its_own(
    index: IndexServer, runner: Runner, words: tuple[str, ...]
) -> None:
    """With `--target` what counts is what lies in that folder, and not what the environment has."""
    index.add("evil", "1.0", files={"demo/core.py": "taken"}, scripts={"demo": "evil:main"})
    into = ("--target", str(runner.folder / "into"))
    assert runner.inside("install", *words, *into, "demo").returncode == 0
    done = runner.inside("install", *words, *into, "evil")
    assert done.returncode == 20, shown(done)
    assert {"error: file-overlap", "error: command-clash"} <= set(done.stderr.splitlines())
    elsewhere = ("--target", str(runner.folder / "elsewhere"))
    assert runner.inside("install", *words, *elsewhere, "evil").returncode == 0


def test_a_download_is_not_held_against_what_is_installed(
    index: IndexServer, runner: Runner, words: tuple[str, ...]
) -> None:
    """But its wheels are held against each other."""
    index.add("evil", "1.0", files={"demo/core.py": "taken"})
    into = ("-d", str(runner.folder / "wheels"))
    done = runner.inside("download", *words, *into, "evil")
    assert done.returncode == 0, shown(done)
    done = runner.inside("download", *words, *into, "evil", "demo")
    assert done.returncode == 20, shown(done)
    assert "demo/core.py: the wheel of demo has another file at this path" in done.stderr


@posix
def test_a_script_finds_modules_beside_itself_first(
    index: IndexServer, runner: Runner, target: Environment, words: tuple[str, ...]
) -> None:
    """Why modules among the commands are refused: this is what Python does with them."""
    index.add("tool", "1.0", files={"tool/__init__.py": "import random\nmain = print\n"}, scripts={"tool": "tool:main"})
    assert runner.inside("install", *words, "tool").returncode == 0
    (target.python.parent / "random.py").write_text("raise SystemExit('taken')\n")
    assert runner.run([str(target.python.parent / "tool")]).stderr == "taken\n"
    for place in ("random.py", "demo.py"):
        index.add(f"evil-{place[0]}", "1.0", files={f"evil_{place[0]}-1.0.data/scripts/{place}": ""})
    before = target.state()
    done = runner.inside("install", *words, "evil-r", "evil-d")
    assert done.returncode == 20, shown(done)
    assert "random.py: the standard library has a module random" in done.stderr
    assert "demo.py: Python would import it instead of" in done.stderr
    assert target.state() == before
