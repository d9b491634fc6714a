"""In an interpreter that safepip starts for itself or for pip runs no code but the standard library, pip and packaging.

Nothing of the target, of the working folder, of the user's site and of PYTHONPATH; and yet such an interpreter has the
prefix, the folders and the path of an ordinary one, and pip sees in it what it sees there.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from safepip.edges.pip.running import passthrough, pip_environment, run_pip
from safepip.edges.programs.own_start import OWN
from safepip.edges.programs.starting import bare_command
from safepip.edges.target.choosing import find_interpreter
from safepip.edges.target.installed import parts_of_safepip
from safepip.edges.target.interpreter import probe
from support.environment import Environment
from support.hostile_folder import fill, hook, left, names_looked_for, names_of_a_start
from support.pythons import pythons_for_pip
from support.runs import pip_in, shown

if TYPE_CHECKING:
    from support.environment import Runner
    from support.index import IndexServer

POSIX = pytest.mark.skipif(os.name == "nt", reason="venvs are found by their layout on POSIX")

OLDEST_AND_NEWEST = tuple(dict.fromkeys((pythons_for_pip()[0], pythons_for_pip()[-1])))

#: What an interpreter says of itself. An ordinary one has the working directory on its path.
SAYS = """
import json, site, sysconfig
print(json.dumps([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, sys.path, sysconfig.get_paths(),
    site.ENABLE_USER_SITE, site.USER_SITE, site.USER_BASE, site.PREFIXES, site.getsitepackages(), sys.executable,
    {name: sysconfig.get_paths(name) for name in sysconfig.get_scheme_names()}]))
"""


def venv(python: str, folder: Path, *options: str) -> str:
    """An environment of any Python; its interpreter."""
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", *options, str(folder)], check=True)
    found = find_interpreter(str(folder))
    assert found is not None
    return found


def site_of(python: str) -> str:
    """The folder in which the environment of an interpreter keeps distributions."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def user_site_of(python: str, environ: dict[str, str]) -> str:
    """The user's site for the home folder of an environment of variables."""
    code = "import site; print(site.getusersitepackages())"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=environ)
    return done.stdout.strip()


def both_starts(python: str, environ: dict[str, str]) -> list[object]:
    """What an interpreter says of itself after an ordinary start, and after ours."""
    commands = ([python, "-c", f"import sys; del sys.path[0]{SAYS}"], bare_command(python, f"start({{}}){SAYS}", []))
    done = [subprocess.run(it, capture_output=True, text=True, env=environ, check=True) for it in commands]
    assert [one.stderr for one in done] == ["", ""]
    return [json.loads(one.stdout) for one in done]


class TestAnOrdinaryStart:
    """What is not run leaves everything else as it is."""

    @pytest.mark.parametrize("python", pythons_for_pip(), ids=os.path.basename)
    @pytest.mark.parametrize("kind", ["base", "environment", "environment-that-sees-its-base", "no-user-site"])
    def test_prefix_folders_and_path_are_those_of_an_ordinary_start(
        self, python: str, kind: str, runner: Runner, tmp_path: Path
    ) -> None:
        """With path lines of every shape, in the environment's own folder and in the user's."""
        environ = runner.environment({"PYTHONNOUSERSITE": "1"} if kind == "no-user-site" else None)
        user = user_site_of(python, environ)
        lines = [str(tmp_path / "here"), "", "# comment", "  ", "below", str(tmp_path / "missing"), "import sys", "fäx"]
        (tmp_path / "here").mkdir()
        folders = [user]
        if "environment" in kind:
            python = venv(python, tmp_path / "venv", *(["--system-site-packages"] if "sees" in kind else []))
            folders.append(site_of(python))
        for folder in folders:
            for name in ("below", "fäx"):
                os.makedirs(os.path.join(folder, name), exist_ok=True)
            with open(os.path.join(folder, "old.pth"), "w", encoding="utf-8", newline="") as file:
                file.write("\r\n".join(lines))
        ordinary = subprocess.run(
            [python, "-c", f"import sys; del sys.path[0]{SAYS}"],
            capture_output=True,
            text=True,
            env=environ,
            check=True,
        )
        bare = subprocess.run(
            bare_command(python, f"start({{}}){SAYS}", []), capture_output=True, text=True, env=environ, check=True
        )
        assert json.loads(bare.stdout) == json.loads(ordinary.stdout)
        assert bare.stderr == ""

    def test_an_environment_file_without_the_key_sees_its_base(self, tmp_path: Path) -> None:
        """As `site` reads it."""
        python = venv(sys.executable, tmp_path / "venv")
        config = tmp_path / "venv" / "pyvenv.cfg"
        lines = config.read_text().splitlines(keepends=True)
        config.write_text("".join(line for line in lines if not line.startswith("include")))
        ordinary, bare = both_starts(python, dict(os.environ))
        assert bare == ordinary

    @pytest.mark.parametrize(
        ("python", "verb"),
        [
            pytest.param(
                python,
                verb,
                id=f"{os.path.basename(python)}-{verb}",
                marks=[pytest.mark.slow] if at != place and len(OLDEST_AND_NEWEST) > 1 else [],
            )
            for at, python in enumerate(OLDEST_AND_NEWEST)
            for place, verb in enumerate(("freeze", "inspect"))
        ],
    )
    def test_pip_lists_what_it_lists_in_an_ordinary_start(
        self, python: str, verb: str, runner: Runner, tmp_path: Path
    ) -> None:
        """Distributions, editable ones of both kinds, eggs, links to eggs, and what lies on PYTHONPATH."""
        python = venv(python, tmp_path / "venv")
        site = tmp_path / "venv" / os.path.relpath(site_of(python), tmp_path / "venv")
        for place, name in [(site, "plain"), (tmp_path / "develop", "developed"), (tmp_path / "variable", "named")]:
            (place / f"{name}-1.0.dist-info").mkdir(parents=True)
            (place / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (tmp_path / "linked" / "linked.egg-info").mkdir(parents=True)
        (tmp_path / "linked" / "linked.egg-info" / "PKG-INFO").write_text("Name: linked\nVersion: 1.0\n")
        (site / "linked.egg-link").write_text(f"{tmp_path / 'linked'}\n.")
        (site / "easy-install.pth").write_text(f"{tmp_path / 'develop'}\n{tmp_path / 'linked'}\n")
        (site / "__editable__.thing.pth").write_text("import no_such_module")
        environ = {"PYTHONPATH": str(tmp_path / "variable")}
        pips = pip_in(runner, Environment(tmp_path / "venv"), verb, env=environ)
        ours = runner.safepip("--python", python, verb, env=environ)
        assert (ours.returncode, ours.stdout) == (pips.returncode, pips.stdout), shown(ours)
        assert "linked" in ours.stdout

    def test_a_hook_that_policy_let_in_prints_no_error(self, runner: Runner, target: Environment) -> None:
        """It does not run, so that nothing of it can fail."""
        (target.site_packages / "hook.pth").write_text("import no_such_module\n")
        done = runner.safepip("--python", target.python, "list", "-q")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Hostile:
    """Everything that may hold foreign code, full of it: target, user's site, working folder, PYTHONPATH."""

    def __init__(self, runner: Runner, root: Path) -> None:
        self.runner = runner
        self.marks = root / "marks"
        self.variable = root / "variable"
        fill(runner.folder, self.marks)
        hook(runner.folder, self.marks)

    def environ(self, **more: str) -> dict[str, str]:
        """The variables of a run, without PYTHONPATH."""
        return self.runner.environment(more)


@POSIX
@pytest.mark.parametrize("python", OLDEST_AND_NEWEST, ids=os.path.basename)
class TestTheInterpretersThatAreStarted:
    """The probe, the handover, pip's own verbs, and verify."""

    @pytest.fixture
    def hostile(self, python: str, runner: Runner, tmp_path: Path) -> Hostile:
        """A target and a home full of modules and hooks."""
        world = Hostile(runner, tmp_path)
        self.python = venv(python, tmp_path / "venv", "--system-site-packages")
        for folder in (site_of(self.python), user_site_of(python, runner.environment())):
            fill(Path(folder), world.marks)
            hook(Path(folder), world.marks)
        subprocess.run([self.python, "-c", "import org.python.core"], env=runner.environment(), check=False)
        assert {"sitecustomize", "org", "pth"} <= {*left(world.marks)}, "an ordinary start runs all of it"
        for mark in world.marks.iterdir():
            mark.unlink()
        return world

    #: One command for each program that is started in a target: the probe and the handover, pip's own verbs, and what
    #: looks at each file.
    EACH_PROGRAM = ("install -i INDEX app", "list", "verify", "uninstall -y app")

    #: All that there is to ask.
    EACH_VERB = (
        *EACH_PROGRAM[:1],
        *("install -i INDEX --force-reinstall app", "install -i INDEX --user lib", "download -i INDEX app -d wheels"),
        *("lock -i INDEX app", "sync -i INDEX pylock.toml", "list", "show app", "check", "inspect", "debug"),
        *EACH_PROGRAM[2:],
    )

    @pytest.mark.parametrize(
        "commands", [EACH_PROGRAM, pytest.param(EACH_VERB, marks=pytest.mark.slow)], ids=["each program", "each verb"]
    )
    def test_nothing_runs_but_what_safepip_and_pip_are(
        self, commands: tuple[str, ...], hostile: Hostile, index: IndexServer
    ) -> None:
        """Whatever is asked of the target."""
        index.add("app", "1.0", requires=["lib"])
        index.add("lib", "1.0")
        runner = hostile.runner
        for command in commands:
            words = command.replace("INDEX", index.url).split()
            done = runner.safepip(words[0], "--python", self.python, *words[1:])
            assert "Traceback" not in done.stderr, shown(done)
            assert done.returncode == (20 if words[0] == "verify" else 0), shown(done)
            assert left(hostile.marks) == [], shown(done)

    def test_not_from_pythonpath_either(self, hostile: Hostile) -> None:
        """Of which pip's own verbs see what is installed there."""
        fill(hostile.variable, hostile.marks)
        environ = {"PYTHONPATH": str(hostile.variable)}
        here = hostile.environ(**environ)
        assert probe(self.python, environ=here).site_paths
        assert run_pip(["--version"], env=pip_environment(here), python=self.python) == 0
        assert passthrough("list", ["--python", self.python], here) == 0
        assert left(hostile.marks) == []


class TestSafepipsOwnProcess:
    """It takes nothing from PYTHONPATH, the user's site, the folder it is started in, and what else is installed."""

    COMMANDS = (("--version",), ("check-config",), ("list",), ("install", "--no-index", "--dry-run", "no-such-project"))

    @pytest.fixture
    def world(self, runner: Runner, tmp_path: Path) -> Hostile:
        """A hostile working folder."""
        return Hostile(runner, tmp_path)

    @pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
    def test_isolated_it_runs_nothing_at_all(self, words: tuple[str, ...], world: Hostile) -> None:
        """`python -I -m safepip`: PYTHONPATH and the working folder may hold anything."""
        fill(world.variable, world.marks)
        environ = {"PYTHONPATH": str(world.variable)}
        done = world.runner.run([sys.executable, "-I", "-m", "safepip", *words], env=environ)
        assert "Traceback" not in done.stderr, shown(done)
        assert left(world.marks) == []

    @pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
    def test_its_command_runs_nothing_but_what_python_itself_has_started_with(
        self, words: tuple[str, ...], world: Hostile
    ) -> None:
        """What the interpreter and the wrapper import before the first line of safepip cannot be taken back."""
        fill(world.variable, world.marks, names_looked_for() - names_of_a_start())
        done = world.runner.safepip(*words, env={"PYTHONPATH": str(world.variable)})
        assert "Traceback" not in done.stderr, shown(done)
        assert left(world.marks) == []

    def test_what_is_in_the_process_before_is_left_behind(self, runner: Runner, tmp_path: Path) -> None:
        """A `sitecustomize` that has loaded an old packaging, and a module in front of the standard library's."""
        early, shadowing = tmp_path / "early", tmp_path / "shadowing"
        for folder in (early, shadowing):
            folder.mkdir()
        (early / "sitecustomize.py").write_text("import packaging")
        (early / "packaging.py").write_text("__version__ = '19.0'")
        (shadowing / "re.py").write_text("def sub(pattern, new, text): return text")
        for words in self.COMMANDS:
            usual = runner.safepip(*words)
            done = runner.safepip(*words, env={"PYTHONPATH": f"{early}{os.pathsep}{shadowing}"})
            assert (done.returncode, done.stdout, done.stderr) == (usual.returncode, usual.stdout, usual.stderr)

    def test_its_own_parts_are_found_wherever_they_lie(self, runner: Runner, tmp_path: Path) -> None:
        """Also in a folder that only PYTHONPATH names, and that has hostile neighbours."""
        marks, home = tmp_path / "marks", tmp_path / "home-of-safepip"
        fill(home, marks, {"org", "attr", "socks", "_manylinux", "msvcrt", "keyring"})
        for name in OWN:
            module = sys.modules.get(name) or importlib.import_module(name)
            path = Path(str(module.__file__))
            source = path.parent if path.name == "__init__.py" else path
            (home / source.name).symlink_to(source)
        python = venv(os.path.realpath(sys.executable), tmp_path / "bare")
        run = [python, "-m", "safepip"]
        for words in (["--version"], ["check-config"], ["download", "--no-index", "x"]):
            done = runner.run([*run, *words], env={"PYTHONPATH": str(home)})
            usual = runner.safepip(*words)
            assert (done.returncode, done.stdout) == (usual.returncode, usual.stdout), shown(done)
        assert left(marks) == []

    def test_an_editable_one_in_the_users_site_has_its_parts_there(self, runner: Runner, tmp_path: Path) -> None:
        """`pip install --user -e`: a path line names the folder of safepip, and what it needs lies beside that line.

        In a folder that PYTHONPATH names nothing changes by such a line: then the user's site stays foreign.
        """
        home, base = tmp_path / "checkout", tmp_path / "user"
        environ = {"PYTHONUSERBASE": str(base), "HOME": str(tmp_path)}
        python = os.path.realpath(sys.executable)
        user = Path(user_site_of(python, runner.environment(environ)))
        for folder in (home, user):
            folder.mkdir(parents=True, exist_ok=True)
        for name in OWN:
            module = sys.modules.get(name) or importlib.import_module(name)
            path = Path(str(module.__file__))
            source = path.parent if path.name == "__init__.py" else path
            ((home if name == "safepip" else user) / source.name).symlink_to(source)
        (user / "_safepip.pth").write_text(str(home))
        code = "import sys; from safepip.edges.programs.own_start import guard; guard(); import packaging, resolvelib"
        says = f"{code}; print(packaging.__file__, resolvelib.__file__)"
        done = runner.run([python, "-c", says], env=environ)
        assert done.stdout.split() == [str(user / name / "__init__.py") for name in ("packaging", "resolvelib")]
        done = runner.run([python, "-c", says], env={**environ, "PYTHONPATH": str(home)})
        assert str(user) not in done.stdout, shown(done)

    def test_where_it_lives_in_the_environment_that_it_fills_nothing_else_of_it_is_imported(
        self, runner: Runner, index: IndexServer, tmp_path: Path
    ) -> None:
        """`copy` and `pickle` look for `org.python.core`, `getpass` for `msvcrt`, rich for `attr`."""
        marks, environment = tmp_path / "marks", Environment(tmp_path / "own")
        venv(os.path.realpath(sys.executable), environment.folder)
        places = dict.fromkeys(str(Path(str(sys.modules[name].__file__)).parents[1]) for name in ("safepip", "pip"))
        (environment.site_packages / "parts.pth").write_text("\n".join(places))
        foreign = {"org", "attr", "socks", "trio", "_manylinux", "msvcrt", "keyring", "_typeshed", "IPython"}
        fill(environment.site_packages, marks, foreign)
        index.add("app", "1.0")
        for words in (("install", "-i", index.url, "app"), ("list",), ("uninstall", "-y", "app")):
            done = runner.run([str(environment.python), "-P", "-m", "safepip", *words])
            assert done.returncode == 0, shown(done)
        assert left(marks) == []

    def test_the_names_of_its_parts_are_those_of_its_distributions(self) -> None:
        """The closure of what `safepip` requires, by their metadata."""
        target = probe(sys.executable)
        names = parts_of_safepip(target)
        tops = {top for top, owners in packages_distributions().items() if names & set(map(canonicalize_name, owners))}
        # From Python 3.12 on also the folder of what is compiled of a single module.
        assert tops - set(OWN) <= {"README", "LICENSE", "__pycache__"}
        assert {"packaging", "httpx", "httpcore", "pip"} <= tops
