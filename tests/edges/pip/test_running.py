"""pip as a program: its exit code, its streams, its verbs, and what a signal does."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

import packaging
import pip
import pytest

import safepip
from safepip.edges.pip import running as edge
from safepip.edges.pip.running import passthrough, pip_environment, private_folder, run_pip
from safepip.edges.programs import installed_pip
from safepip.edges.programs.installed_pip import default_index_url, pip_home
from safepip.edges.target.choosing import Interpreter
from safepip.edges.target.interpreter import probe
from safepip.model.errors import Refused, Unavailable
from support.watched import watch
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.environment import Environment, Runner

#: Runs `passthrough` as the command would.
PASS = "import sys; from safepip.edges.pip.running import passthrough; sys.exit(passthrough(sys.argv[1], sys.argv[2:]))"


def through(runner: Runner, verb: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`safepip VERB ...`."""
    return runner.run([sys.executable, "-P", "-c", PASS, verb, *map(str, arguments)])


def lay(folder: Path, target: Environment, name: str, version: str, **more: Any) -> None:
    """An installed distribution: the files of its wheel, which is left in the folder."""
    with zipfile.ZipFile(make_wheel(folder, name, version, **more)) as wheel:
        wheel.extractall(target.site_packages)


class TestPassthrough:
    """pip's own verbs."""

    def test_it_says_what_pip_says_with_pips_exit_code(self, runner: Runner) -> None:
        """For what succeeds and for what fails, on both streams."""
        for command in (["show", "packaging"], ["show", "missing"], ["list", "--nonsense"]):
            ours, pips = through(runner, *command), runner.pip(*command)
            assert (ours.returncode, ours.stdout, ours.stderr) == (pips.returncode, pips.stdout, pips.stderr)

    def test_python_may_stand_anywhere(self, runner: Runner, target: Environment) -> None:
        """pip itself demands it before the verb."""
        lay(runner.folder, target, "thing", "1.0")
        for arguments in (
            ["--python", target.folder, "--format", "freeze"],
            ["--format=freeze", f"--python={target.python}"],
        ):
            assert through(runner, "list", *arguments).stdout == "thing==1.0\n"

    def test_uninstall_changes_the_named_target_alone(self, runner: Runner, target: Environment) -> None:
        """And nothing is asked of anybody with -y."""
        lay(runner.folder, target, "thing", "1.0")
        assert target.installed() == {"thing": "1.0"}
        assert through(runner, "uninstall", "-y", "thing", "--python", target.folder).returncode == 0
        assert target.installed() == {}

    def test_the_working_directory_is_not_imported_from(self, runner: Runner, target: Environment) -> None:
        """A pip.py there is not pip."""
        for name in ("pip.py", "json.py", "runpy.py"):
            (runner.folder / name).write_text("raise SystemExit('imported from the working directory')")
        assert through(runner, "list", "--python", target.python).returncode == 0
        assert through(runner, "hash", "pip.py").returncode == 0

    def test_a_tools_home_is_no_target_but_some_verbs_need_none(self, tmp_path: Path) -> None:
        """`list` refuses there; `hash` works."""
        (tmp_path / "pipx_metadata.json").write_text("{}")
        (tmp_path / "file").write_text("x")
        home = Interpreter(sys.executable, str(tmp_path))
        environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | pip_environment({})
        with pytest.raises(Refused, match="no-target"):
            passthrough("list", [], environ, home)
        assert passthrough("hash", [str(tmp_path / "file")], environ, home) == 0

    def test_after_a_double_dash_nothing_is_an_option(self) -> None:
        """As in pip."""
        assert edge.take_python(["a", "--python", "x", "--", "--python", "y"]) == (["a", "--", "--python", "y"], "x")
        assert edge.take_python(["--python=x=y", "--pythonic"]) == (["--pythonic"], "x=y")
        assert edge.take_python(["list"]) == (["list"], None)


def test_the_exit_code_is_pips(capfd: pytest.CaptureFixture[str]) -> None:
    """1 for an unknown command, 2 for an unknown option, 0 for success."""
    env = pip_environment(os.environ)
    assert [run_pip(args, env=env) for args in (["nonsense"], ["list", "--nonsense"], ["--version"])] == [1, 2, 0]
    assert capfd.readouterr().out.startswith("pip ")


def test_a_pip_ended_by_a_signal_gives_a_shells_exit_code(target: Environment) -> None:
    """128 and the signal's number."""
    watch(target.python, "import signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert run_pip(["--version"], env=dict(os.environ), python=str(target.python)) == 128 + signal.SIGKILL


def test_an_interpreter_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(Unavailable, match="pip-not-started"):
        run_pip(["--version"], env={}, python=str(tmp_path / "missing"))


def test_pip_runs_in_the_target_but_comes_from_safepips_side(runner: Runner, target: Environment) -> None:
    """A pip in the target is an installed distribution like any other."""
    lay(runner.folder, target, "pip", "99.0", files={"pip/__main__.py": "raise SystemExit(99)"})
    done = through(runner, "list", "--python", target.folder, "--format", "freeze")
    assert (done.returncode, done.stdout) == (0, "pip==99.0\n")


HOLDS_A_FOLDER = """
import os, sys
from safepip.edges.pip.running import private_folder, run_pip
with private_folder(sys.argv[2]) as folder:
    code = run_pip(["--version"], env=dict(os.environ), python=sys.argv[1])
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("number", "group", "code"),
    [(signal.SIGINT, True, -signal.SIGINT), (signal.SIGTERM, False, 128 + signal.SIGTERM)],
)
def test_a_signal_ends_pip_first_and_leaves_no_private_folder(
    target: Environment, tmp_path: Path, number: int, group: bool, code: int
) -> None:
    """Ctrl-C, which a terminal sends to both, and a SIGTERM, which a supervisor sends to safepip alone."""
    marker, folders = tmp_path / "started", tmp_path / "folders"
    folders.mkdir()
    watch(target.python, f"import time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_FOLDER, str(target.python), str(folders)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    while not marker.exists() or not marker.read_text():
        assert process.poll() is None
        time.sleep(0.01)
    assert list(folders.iterdir())
    (os.killpg if group else os.kill)(process.pid, number)
    assert process.wait(30) == code
    assert not list(folders.iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


class TestPrivateFolder:
    """`private_folder`."""

    def test_it_is_the_users_own_and_gone_afterwards(self, tmp_path: Path) -> None:
        """Nobody else can read it, let alone write to it."""
        with private_folder(str(tmp_path)) as folder:
            assert Path(folder).parent == tmp_path
            assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
            (Path(folder) / "file").touch()
        assert list(tmp_path.iterdir()) == []

    def test_it_is_gone_after_an_error_too(self, tmp_path: Path) -> None:
        """Whatever the error."""
        with pytest.raises(KeyboardInterrupt), private_folder(str(tmp_path)):
            raise KeyboardInterrupt
        assert list(tmp_path.iterdir()) == []

    def test_it_does_not_need_the_place_it_is_asked_for(self, tmp_path: Path) -> None:
        """A cache that cannot be written does not stop an install."""
        with private_folder(str(tmp_path / "missing")) as folder:
            assert Path(folder).is_dir()


def test_the_environment_of_the_handover_reads_no_configuration() -> None:
    """pip's own report of what it has read names no file and no variable."""
    noise = {**os.environ, "PIP_INDEX_URL": "https://evil.example/", "PIP_CONFIG_FILE": "/etc/hosts"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pip", "config", "list"],
        env=pip_environment(noise),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f":env:.config-file={os.devnull!r}\n"


def test_reading_the_default_index_imports_nothing_of_pip() -> None:
    """pip's internals carry no promise, and its import takes long."""
    program = (
        "import sys; from safepip.edges.programs.installed_pip import default_index_url; default_index_url()\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'pip']"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert default_index_url().endswith("/simple")


def test_a_pip_that_is_built_otherwise_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No index is guessed."""
    for text in ("", "PyPI = None", "class PyPI: simple_url = 'ftp://x'", "class PyPI:", "import no_such_module"):
        monkeypatch.setattr(installed_pip, "_source", lambda file, text=text: text)
        with pytest.raises(Unavailable, match="pip-not-understood"):
            default_index_url()


def test_every_environment_runs_the_pip_that_is_beside_safepip() -> None:
    """safepip's own is no exception."""
    for python in (None, "/x/python"):
        command = edge.command(["list"], python)
        assert command[:3] == [python or sys.executable, "-S", "-c"]
        assert command[4:] == [pip_home(), "", "", "list"]
    assert (Path(pip_home()) / "pip" / "__main__.py").is_file()
    assert probe(sys.executable).own


FROM_ARCHIVE = """
import sys
sys.path.insert(0, sys.argv[1])
from safepip.edges.pip import running
from safepip.edges.programs import installed_pip
from safepip.edges.target import choosing, interpreter
assert choosing.Interpreter.here().archive == sys.argv[1], choosing.Interpreter.here()
print(installed_pip.default_index_url(), flush=True)
own = interpreter.probe(sys.executable)
assert not own.own and own.tags
other = interpreter.probe(sys.argv[2])
assert not other.own and other.tags == own.tags
words = ["--format", "freeze", "--python"]
sys.exit(running.passthrough("list", [*words, sys.executable]) or running.passthrough("list", [*words, sys.argv[2]]))
"""


def test_all_of_this_works_from_inside_a_zip_archive(
    runner: Runner, target: Environment, new_target: Callable[[str], Environment], tmp_path: Path
) -> None:
    """With nothing of safepip's installed anywhere, as for a zip application: pip runs out of the archive too."""
    archive = tmp_path / "safepip.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        for module in (packaging, pip, safepip):
            folder = Path(str(module.__file__)).parent
            for path in (*folder.rglob("*.py"), *folder.parent.glob(f"{folder.name}-*.dist-info/METADATA")):
                file.write(path, path.relative_to(folder.parent))
                compiled = Path(cache_from_source(str(path)))
                if compiled.exists():
                    # Saves each interpreter the time to compile it; one that is out of date is passed over.
                    file.write(compiled, path.relative_to(folder.parent).with_suffix(".pyc"))
    lay(runner.folder, target, "thing", "1.0")
    done = runner.run([str(target.python), "-c", FROM_ARCHIVE, str(archive), str(new_target("other").python)])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [default_index_url(), "thing==1.0"]
