"""Tools that make environments of their own, started where a shim is: in an active environment with one, by its Python.

The pip in what they make is the real one and works, and the shim stays as it is.
"""

from __future__ import annotations

import ensurepip
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip import __version__
from safepip.edges.programs.own_command import own_command
from safepip.edges.target.listing import find_place, real
from safepip.edges.target.shim import put_on
from safepip.options.shell_init import script
from support.environment import Environment, Runner
from support.project_folders import project_files
from support.repositories import GitHome, Repository, needs_git
from support.runs import shown
from support.shims import exact_state
from support.tmux import SHELLS, Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.index import IndexServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows a shim is refused")


@pytest.fixture(scope="module")
def env(with_pip: Environment, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with a shim, whose Python finds the tools that are installed beside the tests."""
    made = Environment(tmp_path_factory.mktemp("shim") / "env")
    shutil.copytree(with_pip.folder, made.folder, symlinks=True)
    (made.site_packages / "tools.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    put_on(find_place(str(made.python), os.environ), str(made.python), own_command("", __version__))
    # Python compiles the shim.
    subprocess.run([made.python, "-m", "pip", "--version"], check=True, capture_output=True)
    return made


class Shell:
    """Starts programs as a shell does in which the environment is active; the index is that of pip's configuration."""

    def __init__(self, runner: Runner, env: Environment, index: IndexServer) -> None:
        self.runner, self.env, self.index = runner, env, index
        self.variables = {
            "PATH": os.pathsep.join([str(env.folder / "bin"), runner.environment()["PATH"]]),
            "VIRTUAL_ENV": str(env.folder),
            "PIP_INDEX_URL": index.url,
            # virtualenv would look for a newer pip, in a process that goes on.
            "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        }

    def __call__(self, *words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self.runner.run([*map(str, words)], env={**self.variables, **(env or {})})

    def tool(self, *words: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Run a tool; both of its streams. It must end with 0, and no safepip have a part in it."""
        done = self(*words, env=env)
        assert done.returncode == 0, shown(done)
        said = done.stdout + done.stderr
        assert "safepip" not in said.replace(str(self.runner.folder.parent), ""), shown(done)
        return said


@pytest.fixture
def shell(env: Environment, runner: Runner, index: IndexServer) -> Iterator[Shell]:
    """A place where `pip install` goes through safepip, which no tool changes."""
    for name in ("demo", "other"):
        index.add(name, "1.0")
    before, shell = exact_state(env.folder), Shell(runner, env, index)
    yield shell
    assert exact_state(env.folder) == before


def test_without_a_tool_an_install_goes_through_safepip(shell: Shell) -> None:
    """By the name that the tools call, too, in the same place."""
    done = shell("pip", "install", "--dry-run", "demo")
    assert done.stderr.startswith(f"Environment: {real(str(shell.env.folder))} "), shown(done)
    assert done.stdout.endswith("Would install demo-1.0\n"), shown(done)


def check_own(made: Environment, *names: str) -> None:
    """A tool's environment has what was to be installed, and pip's own entry points."""
    assert {*names} <= made.installed().keys()
    entries = [*(made.folder / "bin").glob("pip*"), *made.site_packages.glob("pip/__main__.py")]
    assert entries
    assert [entry for entry in entries if "safepip" in entry.read_text()] == []
    assert not (made.folder / ".safepip-shim").exists()


TOX = """\
[tox]
no_package = true
env_list = own
[testenv]
deps = demo
commands =
    python -m pip install other
    pip --version
"""


def test_tox(shell: Shell) -> None:
    """It installs what an environment needs, and a command in there installs more."""
    (shell.runner.folder / "tox.ini").write_text(TOX)
    said = shell.tool("python", "-m", "tox", "run", "--colored=no")
    own = Environment(shell.runner.folder / ".tox" / "own")
    assert "Successfully installed other-1.0" in said
    assert f" from {own.site_packages / 'pip'} " in said
    check_own(own, "demo", "other")


NOX = """\
import nox

@nox.session
def own(session):
    session.install("demo")
    session.run("pip", "install", "other")
"""


def test_nox(shell: Shell) -> None:
    """The same, by the command's bare name."""
    (shell.runner.folder / "noxfile.py").write_text(NOX)
    said = shell.tool("python", "-m", "nox")
    own = Environment(shell.runner.folder / ".nox" / "own")
    assert "Successfully installed other-1.0" in said
    check_own(own, "demo", "other")


HOOKS = """\
- id: hooked
  name: a hook in Python
  language: python
  entry: python -c "import demo, hooked, sys; print(sys.prefix)"
  pass_filenames: false
  verbose: true
"""
CONFIGURATION = """\
repos:
- repo: {folder}
  rev: {commit}
  hooks:
  - id: hooked
    additional_dependencies: [demo]
"""


class Hooks:
    """A project with a hook in Python, which lies in a repository of its own and needs `demo` besides."""

    def __init__(self, folder: Path, project: Path) -> None:
        git = GitHome(folder / "git")
        hook = Repository(git, folder / "hook")
        commit = hook.commit({**project_files("hooked", "1.0"), ".pre-commit-hooks.yaml": HOOKS})
        git.git("init", "--quiet", cwd=project)
        (project / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(folder=hook.path, commit=commit))
        git.git("add", ".pre-commit-config.yaml", cwd=project)
        self.kept = folder / "kept"
        self.variables = {"PRE_COMMIT_HOME": str(self.kept), "GIT_CONFIG_GLOBAL": str(git.settings)}

    def check(self) -> Environment:
        """The environment that pre-commit has made."""
        (own,) = self.kept.glob("repo*/py_env-*")
        check_own(Environment(own), "demo", "hooked")
        return Environment(own)


@needs_git
def test_pre_commit(shell: Shell, tmp_path: Path) -> None:
    """It builds the project of a hook, and installs what the hook needs besides."""
    hooks = Hooks(tmp_path, shell.runner.folder)
    words = ("python", "-m", "pre_commit", "run", "--all-files", "--color=never")
    said = shell.tool(*words, env=hooks.variables)
    assert f"{hooks.check().folder}\n" in said


@needs_git
@pytest.mark.slow
@pytest.mark.parametrize("kind", SHELLS)
def test_all_of_them_at_a_terminal(shell: Shell, tmp_path: Path, kind: str) -> None:
    """Typed into a shell in which `pip` and `python` are functions of safepip's besides."""
    folder, functions = shell.runner.folder, tmp_path / "functions"
    functions.write_text(script(kind, own_command("", __version__)))
    (folder / "tox.ini").write_text(TOX)
    (folder / "noxfile.py").write_text(NOX)
    hooks = Hooks(tmp_path, folder)
    environ = shell.runner.environment({**shell.variables, **hooks.variables})
    code = "$status" if kind == "fish" else "$?"
    with Tmux(SHELLS[kind], columns=80, env=environ, cwd=folder) as tmux:
        tmux.type(f". {functions}")
        for tool, words in (("tox", "tox run"), ("nox", "nox"), ("hooks", "pre_commit run --all-files")):
            tmux.type(f"python -m {words}; echo {tool}={code}")
            assert tmux.wait_for(rf"{tool}=\d+") == f"{tool}=0", tmux.lines()
        assert not [line for line in tmux.lines() if line.startswith("Environment: ")]
        tmux.type(f"python -m pip install --dry-run demo; echo pip={code}")
        assert tmux.wait_for(r"pip=\d+") == "pip=0"
        assert [line for line in tmux.lines() if line.startswith("Environment: ")]
    check_own(Environment(folder / ".tox" / "own"), "demo", "other")
    check_own(Environment(folder / ".nox" / "own"), "demo", "other")
    hooks.check()


@pytest.mark.slow
def test_pipx(shell: Shell, tmp_path: Path, newer_pip: Path) -> None:
    """It keeps one pip for all that it installs, and brings that up to date."""
    shell.index.add_file("pip", newer_pip.name, newer_pip.read_bytes())
    shell.index.add("tool", "1.0", scripts={"tool": "tool:__doc__"})
    shell.tool("python", "-m", "pipx", "install", "--backend", "pip", "tool", env={"PIPX_HOME": str(tmp_path / "kept")})
    check_own(Environment(tmp_path / "kept" / "shared"), "pip")
    assert Environment(tmp_path / "kept" / "venvs" / "tool").installed() == {"tool": "1.0"}


def make_by_venv(shell: Shell, folder: Path) -> None:
    shell.tool("python", "-m", "venv", folder)


def make_with_upgraded_pip(shell: Shell, folder: Path) -> None:
    shell.tool("python", "-m", "venv", "--upgrade-deps", folder, env={"PIP_NO_COMPILE": "1"})
    assert Environment(folder).installed()["pip"] == "99.0"


def make_by_ensurepip(shell: Shell, folder: Path) -> None:
    shell.tool("python", "-m", "venv", "--without-pip", folder)
    shell.tool(folder / "bin" / "python", "-m", "ensurepip", "--default-pip")


def make_by_virtualenv(shell: Shell, folder: Path) -> None:
    shell.tool("python", "-m", "virtualenv", folder)


def make_by_uv(shell: Shell, folder: Path) -> None:
    if shutil.which("uv") is None:
        pytest.skip("no uv")
    # What it brings beside pip to a Python before 3.12.
    for name in ("setuptools", "wheel"):
        shell.index.add(name, "1.0")
    more = {"UV_DEFAULT_INDEX": shell.index.url, "UV_PYTHON": str(shell.env.python)}
    shell.tool("uv", "venv", "--seed", folder, env=more)
    shell.tool("uv", "pip", "install", "--python", folder, "other", env=more)
    assert Environment(folder).installed()["other"] == "1.0"


MAKERS = {
    "venv": make_by_venv,
    "venv --upgrade-deps": make_with_upgraded_pip,
    "ensurepip": make_by_ensurepip,
    "virtualenv": make_by_virtualenv,
    "uv": make_by_uv,
}
BY_ENSUREPIP = ("venv", "venv --upgrade-deps", "ensurepip")


@pytest.mark.usually("*-deps")
@pytest.mark.parametrize("maker", MAKERS)
def test_a_new_environment(shell: Shell, tmp_path: Path, newer_pip: Path, maker: str) -> None:
    """What `python -m venv`, ensurepip and others make has the pip that they bring, and nothing of a shim."""
    if maker in BY_ENSUREPIP and not list(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")):
        pytest.skip("this Python comes without a pip")
    shell.index.add_file("pip", newer_pip.name, newer_pip.read_bytes())
    MAKERS[maker](shell, tmp_path / "new")
    new = Environment(tmp_path / "new")
    said = shell.tool(new.folder / "bin" / "pip", "install", "demo")
    assert "Successfully installed demo-1.0" in said
    check_own(new, "demo", "pip")
