"""safepip as one file, run by Pythons in which nothing of it is installed."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from safepip import __version__
from safepip.edges.programs.installed_pip import default_index_url, pythons_of_pip
from safepip.edges.programs.own_start import OWN
from support.environment import Environment, make_environment, tree_state
from support.hostile_folder import fill, hook, left, names_looked_for, names_of_a_start
from support.index import IndexServer
from support.project_folders import make_project
from support.pythons import pythons_for_pip
from support.runs import shown, unprivileged
from support.wheels import make_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Runner

HERE = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python in whose environment nothing is installed."""
    return str(make_environment(tmp_path_factory.mktemp("bare")).python)


class SingleFile:
    """Runs the file in a Python, with the words of a command."""

    def __init__(self, runner: Runner, application: Path, python: str) -> None:
        self.runner, self.application, self.python = runner, application, python

    def __call__(self, *words: str | Path, flags: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        return self.runner.run([self.python, *flags, str(self.application), *map(str, words)], env=env)


@pytest.fixture
def single(runner: Runner, application: Path, bare: str) -> SingleFile:
    """Run by a Python that has nothing, in an empty folder."""
    return SingleFile(runner, application, bare)


def test_all_of_it_is_inside(single: SingleFile, application: Path) -> None:
    """Pages, lists, and the byte code of each module; and nothing that only one system can load."""
    done = single("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"safepip {__version__} (python {HERE})\n", "")
    page = single("help", "ambiguous-index")
    assert (page.returncode, page.stdout.split()[0], page.stderr) == (0, "ambiguous-index", "")
    done = single("install", "--no-index", "--python", single.python, "reqeusts")
    assert (done.returncode, "look-alike" in done.stderr) == (20, True), shown(done)
    with zipfile.ZipFile(application) as archive:
        names = set(archive.namelist())
    modules = {name for name in names if name.endswith(".py")}
    assert {f"{name}c" for name in modules} == {name for name in names if name.endswith(".pyc")}
    tops = {name.partition("/")[0].removesuffix(".py") for name in modules} - {"__main__"}
    assert tops == set(OWN) - {"yaml"}
    assert [name for name in names if name.endswith((".so", ".pyd"))] == []


def test_it_fills_an_environment_without_pip(
    single: SingleFile, target: Environment, index: IndexServer, runner: Runner
) -> None:
    """It decides, verifies, and starts the pip that is inside of it."""
    index.add("app", "1.0", requires=["lib"])
    index.add("lib", "1.0")
    done = single("install", "--python", target.python, "-i", index.url, "app")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"app": "1.0", "lib": "1.0"}
    for words in (("verify",), ("list",), ("check",), ("uninstall", "-y", "app", "lib")):
        done = single(words[0], "--python", target.python, *words[1:])
        assert done.returncode == 0, shown(done)
    assert target.installed() == {}


def test_it_has_no_environment_of_its_own(
    single: SingleFile, new_target: Callable[[str], Environment], runner: Runner
) -> None:
    """Where none is named or active it refuses, also in an environment's Python; that one is named like any other."""
    make_wheel(runner.folder, "thing", "1.0")
    active = new_target("active")
    single.python = str(active.python)
    words = ("install", "--no-index", "-f", runner.folder, "thing")
    done = single(*words)
    assert done.returncode == 20
    assert "error: no-target" in done.stderr
    assert f"to mean the Python that runs it: --python {active.python}\n" in done.stderr
    assert active.installed() == {}
    assert (single("list").returncode, single("verify").returncode) == (20, 20)
    done = single(*words, VIRTUAL_ENV=str(active.folder))
    assert (done.returncode, active.installed()) == (0, {"thing": "1.0"}), shown(done)
    assert f"Environment: {active.folder} (Python {sys.version.split()[0]}), named by VIRTUAL_ENV\n" in done.stderr


def test_what_is_installed_in_the_python_that_runs_it_is_no_part_of_it(
    single: SingleFile, new_target: Callable[[str], Environment], runner: Runner, tmp_path: Path
) -> None:
    """It may replace a packaging there, which is not its own, but that of another safepip."""
    make_wheel(runner.folder, "packaging", "1.0")
    make_wheel(runner.folder, "packaging", "2.0")
    active = new_target("active")
    other = active.site_packages / "safepip-0.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: safepip\nVersion: 0.0\nRequires-Dist: packaging\n")
    single.python = str(active.python)
    for wanted in ("packaging==1.0", "packaging==2.0"):
        words = ("--no-index", "-f", runner.folder, "--allow-name", "packaging", wanted)
        done = single("install", "--python", active.python, *words)
        assert done.returncode == 0, shown(done)
    assert active.installed()["packaging"] == "2.0"


#: Those that need no pip, and one that does.
COMMANDS = (
    ("--version",),
    ("check-config",),
    ("hash", "file"),
    ("install", "--no-index", "--dry-run", "no-such-project"),
)


class TestWhatRuns:
    """The folders that hold foreign code: the working folder, PYTHONPATH, and the Python's own site-packages."""

    @pytest.fixture
    def marks(self, single: SingleFile, runner: Runner, tmp_path: Path) -> Path:
        """The folder of marks; everything is full of modules that leave one."""
        marks = tmp_path / "marks"
        own = make_environment(tmp_path / "own")
        single.python = str(own.python)
        fill(runner.folder, marks)
        hook(runner.folder, marks)
        fill(own.site_packages, marks, {*names_looked_for(), *OWN} - names_of_a_start())
        fill(tmp_path / "variable", marks, {*names_looked_for(), *OWN} - names_of_a_start())
        (runner.folder / "file").write_text("x")
        return marks

    @pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
    @pytest.mark.usually("plain---version", "plain-install*", "isolated-bare-install*")
    @pytest.mark.parametrize("flags", [(), ("-I",), ("-I", "-S")], ids=["plain", "isolated", "isolated-bare"])
    def test_nothing_of_them_does(
        self, flags: tuple[str, ...], words: tuple[str, ...], single: SingleFile, marks: Path, tmp_path: Path
    ) -> None:
        """However the Python is started."""
        named = ("--python", single.python) if words[0] == "install" else ()
        done = single(*words, *named, flags=flags, PYTHONPATH=str(tmp_path / "variable"))
        assert "Traceback" not in done.stderr, shown(done)
        assert done.returncode == (1 if words[0] == "install" else 0), shown(done)
        assert left(marks) == []

    def test_what_a_hook_has_loaded_is_left_behind(
        self, single: SingleFile, new_target: Callable[[str], Environment], runner: Runner
    ) -> None:
        """A `.pth` of the Python's own environment runs before the first line; safepip starts anew without it."""
        usual = single("check-config")
        own = new_target("own")
        (own.site_packages / "packaging.py").write_text("__version__ = '19.0'\n")
        (own.site_packages / "early.pth").write_text("import packaging, httpx\n")
        (own.site_packages / "httpx.py").write_text("")
        single.python = str(own.python)
        done = single("check-config")
        assert (done.returncode, done.stdout, done.stderr) == (0, usual.stdout, usual.stderr)


#: What is special to a shell, in a variable with folders, in a program's text, in a URL, and to a reader of UTF-8.
FOLDERS = ("a:b", "a b", 'it\'s %s "{x}"', "a\nb", "a#b?c%20d", "\u00e4\u4e2d", os.fsdecode(b"a\xffb"), "-I")


@pytest.mark.usually("*a:b*")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("folder", FOLDERS, ids=ascii)
def test_it_may_lie_in_a_folder_of_any_name(
    folder: str, single: SingleFile, new_target: Callable[[str], Environment], tmp_path: Path
) -> None:
    """Also where it has to start anew, and for what it starts itself: pip, a build and its fence."""
    active = new_target("active")
    (active.site_packages / "early.pth").write_text("import packaging\n")
    (active.site_packages / "packaging.py").write_text("")
    (tmp_path / folder).mkdir()
    application = tmp_path / folder / "safepip.pyz"
    application.write_bytes(single.application.read_bytes())
    single.application = application
    single.python = str(active.python)
    project = make_project(single.runner.folder / "demo", "demo", "1.0")
    done = single("install", "--python", active.python, "--no-index", project)
    assert done.returncode == 0, shown(done)
    assert active.module_version("demo") == "1.0"
    done = single("uninstall", "--python", active.python, "-y", "demo")
    assert done.returncode == 0, shown(done)


def test_the_pip_of_the_report_is_the_one_inside(
    single: SingleFile, new_target: Callable[[str], Environment], runner: Runner
) -> None:
    """Also where safepip has started anew, and the Python that runs it has another pip."""
    make_wheel(runner.folder, "thing", "1.0")
    own = new_target("own")
    (own.site_packages / "pip-1.0.dist-info").mkdir()
    (own.site_packages / "pip-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pip\nVersion: 1.0\n"
    )
    (own.site_packages / "early.pth").write_text("import packaging\n")
    (own.site_packages / "packaging.py").write_text("")
    single.python = str(own.python)
    words = ("--dry-run", "--quiet", "--report", "-", "--no-index", "-f", runner.folder, "thing")
    done = single("install", "--python", own.python, *words)
    assert json.loads(done.stdout)["pip_version"] == version("pip"), shown(done)


_TRUSTED = """
import ssl, sys
sys.path.insert(0, sys.argv[1])
from safepip.edges.network.tls import Trust
from safepip.model.plan import Network
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
Trust(Network(), {})._add_rest(context)
print(len(context.get_ca_certs()))
"""


def test_the_certificates_inside_are_trusted(single: SingleFile, runner: Runner) -> None:
    """They are read from a file, which is gone in the end."""
    done = single.runner.run([single.python, "-c", _TRUSTED, str(single.application)])
    assert done.stderr == ""
    assert int(done.stdout) > 50
    assert list((runner.home / "tmp").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="builds are fenced on Linux alone")
def test_it_builds_from_source(single: SingleFile, target: Environment, runner: Runner) -> None:
    """Hooks, supervisor and fence are read out of the file. The file itself lies in the project, and stays as it is."""
    project = make_project(runner.folder / "demo", "demo", "1.0")
    inside = project / "safepip.pyz"
    inside.write_bytes(single.application.read_bytes())
    before = inside.stat()
    single.application = inside
    done = single("install", "--python", target.python, "--no-index", project)
    assert done.returncode == 0, shown(done)
    assert target.module_version("demo") == "1.0"
    assert inside.stat().st_ctime_ns == before.st_ctime_ns


@pytest.mark.slow
@pytest.mark.parametrize("python", pythons_for_pip(), ids=os.path.basename)
def test_it_runs_on_every_python_from_3_11_on(
    python: str, single: SingleFile, target: Environment, index: IndexServer
) -> None:
    """From the byte code on the one that made it, from the sources on the others. An older Python is told."""
    index.add("app", "1.0")
    single.python = python
    done = single("install", "--python", target.python, "-i", index.url, "app")
    if done.returncode == 1 and "safepip needs Python 3.11 or newer" in done.stderr:
        assert target.installed() == {}
        return
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"app": "1.0"}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_lock_is_installed_offline_by_a_user_whose_home_is_read_only(
    single: SingleFile, new_target: Callable[[str], Environment], runner: Runner, tmp_path: Path
) -> None:
    """Thirty projects, out of the warm store in it, into an environment without pip; no server is there any more."""
    names = [f"part{number}" for number in range(30)]
    with IndexServer() as index:
        for name, needed in zip(names, [*names[1:], ""], strict=True):
            index.add(name, "1.0", requires=[needed] if needed else [])
        first = new_target("first")
        for words in (("lock", names[0]), ("install", "-r", "pylock.toml")):
            done = single(words[0], "--python", first.python, "-i", index.url, *words[1:])
            assert done.returncode == 0, shown(done)
        gone = index.url
    second = new_target("second")
    (tmp_path / "temporary").mkdir()
    folders = [runner.home, *(path for path in runner.home.rglob("*") if path.is_dir())]
    before = tree_state(runner.home)
    try:
        for folder in folders:
            folder.chmod(0o555)
        offline = ["install", "--offline", "--python", str(second.python), "-i", gone, "-r", "pylock.toml"]
        command = [*unprivileged(), single.python, str(single.application), *offline]
        done = runner.run(command, env={"TMPDIR": str(tmp_path / "temporary")})
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 0, shown(done)
    assert second.installed() == dict.fromkeys(names, "1.0")
    assert tree_state(runner.home) == before
    assert list((tmp_path / "temporary").iterdir()) == []


_ASK_PIP = """
import sys
sys.path.insert(0, sys.argv[1])
from safepip.edges.programs import installed_pip
print(installed_pip.default_index_url(), installed_pip.pythons_of_pip(), "pip" in sys.modules)
"""


def test_the_default_index_is_that_of_the_pip_inside(single: SingleFile) -> None:
    """Its text is read out of the file, and no pip is imported."""
    done = single.runner.run([single.python, "-c", _ASK_PIP, str(single.application)])
    assert done.stdout.split() == [default_index_url(), pythons_of_pip(), "False"], shown(done)
