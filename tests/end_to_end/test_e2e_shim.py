"""What becomes of a shim: a new pip, no pip, a safepip that is broken, and one that lives in the same environment."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import safepip
from safepip import __version__
from safepip.edges.programs.own_command import own_command
from safepip.edges.programs.own_start import OWN
from safepip.edges.target.listing import find_place, real
from safepip.edges.target.shim import put_on, take_off
from support.environment import Environment, Runner, make_environment
from support.runs import unprivileged
from support.shims import COMMANDS, exact_state
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows a shim is refused")

#: The last line of a shim that cannot start safepip.
OFF = "Nothing was installed. To take the shim off: {0}/bin/python -I {0}/.safepip-shim/remove.py\n"
#: The same where safepip was started and broke: how far it came is not known to what says this.
BROKE = OFF.replace("Nothing was installed.", "It is not known how far it came.")


@pytest.fixture(scope="module")
def newer(newer_pip: Path) -> Path:
    """A folder with a newer pip and a project."""
    make_wheel(newer_pip.parent, "demo", "1.0")
    return newer_pip.parent


@pytest.fixture
def env(with_pip: Environment, tmp_path: Path) -> Environment:
    """A copy with a shim. Its commands begin with the path of the first one, so they are called by its Python."""
    shutil.copytree(with_pip.folder, tmp_path / "env", symlinks=True)
    made = Environment(tmp_path / "env")
    put_on(find_place(str(made.python), os.environ), str(made.python), own_command("", __version__))
    return made


def pip(runner: Runner, env: Environment, *words: str | Path) -> tuple[int, str, str]:
    """`python -m pip` in an environment."""
    done = runner.run([str(env.python), "-m", "pip", *map(str, words)])
    return done.returncode, done.stdout, done.stderr


def is_shim(env: Environment) -> bool:
    """Whether all entry points are the shim's; where some are, the test fails."""
    files = [*(env.folder / "bin" / name for name in COMMANDS), env.site_packages / "pip" / "__main__.py"]
    found = {b"safepip's shim" in file.read_bytes() for file in files}
    assert len(found) == 1
    return found.pop()


def verified(runner: Runner, env: Environment) -> int:
    return runner.inside("verify", "--python", env.folder).returncode


def test_a_new_pip_gets_the_shim_again(runner: Runner, env: Environment, newer: Path) -> None:
    """`pip install -U pip` does not remove it, and off it is the new pip's own."""
    code, out, err = pip(runner, env, "install", "--no-index", "--find-links", newer, "-U", "pip")
    assert (code, "Successfully installed pip-99.0" in out) == (0, True), err
    assert "notice: pip's entry points were new, and the shim of this environment was put in their place again\n" in err
    assert is_shim(env)
    assert pip(runner, env, "list", "--format", "freeze")[1] == "pip==99.0\n"
    assert verified(runner, env) == 0
    assert "demo" not in env.installed()
    assert pip(runner, env, "install", "-q", "--no-index", "--find-links", newer, "demo")[0] == 0
    assert env.installed()["demo"] == "1.0"
    take_off(real(str(env.folder)))
    assert not is_shim(env)
    assert (env.site_packages / "pip" / "__main__.py").read_text().startswith("# of another version\n")
    assert verified(runner, env) == 0


def test_a_pip_that_another_program_installs_is_seen(runner: Runner, env: Environment, newer: Path) -> None:
    """By `verify` at once, and by the next installation, which puts the shim back."""
    done = runner.pip(
        "--python", env.python, *("install", "-q", "--no-compile", "--no-index"), "--find-links", newer, "-U", "pip"
    )
    assert (done.returncode, is_shim(env)) == (0, False), done.stderr
    done = runner.inside("verify", "--python", env.folder)
    assert done.returncode == 20
    assert "is neither the shim nor what it replaced" in done.stdout
    done = runner.inside("install", "--python", env.folder, "--no-index", "--find-links", newer, "demo")
    assert (done.returncode, "was put in their place again" in done.stderr, is_shim(env)) == (0, True, True)
    assert verified(runner, env) == 0


@pytest.mark.parametrize("by", ["pip", "safepip"])
def test_without_pip_the_shim_is_missed_aloud(runner: Runner, env: Environment, newer: Path, by: str) -> None:
    """Whichever uninstalls it; what is left is taken away, or used when there is a pip again."""
    if by == "pip":
        code, _, err = pip(runner, env, "uninstall", "-y", "pip")
        assert (code, "pip was removed, and safepip's shim with it. To take the shim off: " in err) == (0, True), err
    else:
        done = runner.inside("uninstall", "--python", env.folder, "-y", "pip")
        assert (done.returncode, "and so its shim is gone" in done.stderr) == (0, True), done.stderr
    assert list((env.folder / "bin").glob("pip*")) == []
    assert verified(runner, env) == 20
    if by == "pip":
        done = runner.inside("install", "--python", env.folder, "--no-compile", "--no-index", "-f", newer, "pip")
        assert (done.returncode, is_shim(env)) == (0, True), done.stderr
        return
    done = runner.inside("shim", "--remove", "--venv", env.folder)
    assert (done.returncode, done.stdout.count("was not there any more, and stays so\n")) == (0, 4)
    assert not (env.folder / ".safepip-shim").exists()
    assert list(env.site_packages.glob("pip/__main__*")) == []
    assert verified(runner, env) == 0


def test_a_pip_that_was_deleted_in_part_does_not_keep_the_shim(env: Environment) -> None:
    """Its modules are gone and its commands are not: the shim is taken off nevertheless."""
    shutil.rmtree(env.site_packages / "pip")
    main = (env.site_packages / "pip" / "__main__.py").relative_to(env.folder)
    assert take_off(real(str(env.folder))) == [f"{main} was not there any more, and stays so"]
    assert (env.folder / "bin" / "pip").read_bytes().startswith(b"#!")
    assert b"safepip's shim" not in (env.folder / "bin" / "pip").read_bytes()
    assert not (env.folder / ".safepip-shim").exists()


# --- a safepip that is broken -----------------------------------------------------------------------------------------


def own_safepip(folder: Path, environment: Environment | None = None) -> Environment:
    """An environment with a copy of safepip and what it needs; the copy is the folder `copy`."""
    made = environment or make_environment(folder / "own")
    package = Path(safepip.__file__).parent
    copy = folder / "copy"
    shutil.copytree(package, copy / "safepip", ignore=shutil.ignore_patterns("refusals"))
    for part in Path(sysconfig.get_path("purelib")).iterdir():
        if not part.name.startswith(("safepip", "_")) and part.suffix != ".pth":
            (copy / part.name).symlink_to(part)
    (made.site_packages / "safepip.pth").write_text(f"{copy}\n")
    return made


def _put_a_folder(package: Path, _own: Environment) -> None:
    (package / "__main__.py").unlink()
    (package / "__main__.py").mkdir()


def _put_a_text(_package: Path, own: Environment) -> None:
    own.python.unlink()
    own.python.write_text("")


BROKEN: dict[str, Callable[[Path, Environment], object]] = {
    "all of it is gone": lambda package, _: shutil.rmtree(package),
    "its first file is gone": lambda package, _: (package / "__main__.py").unlink(),
    "a folder is in the place of its first file": _put_a_folder,
    "a verb is gone": lambda package, _: (package / "commands" / "install.py").unlink(),
    "what runs pip is gone": lambda package, _: (package / "edges" / "pip" / "running.py").unlink(),
    "half of a file is there": lambda package, _: (package / "commands" / "inputs.py").write_text("def read("),
    "a file is no text": lambda package, _: (package / "__main__.py").write_bytes(b"\0\xff"),
    "its pip is gone": lambda package, _: (package.parent / "pip").unlink(),
    "its Python is gone": lambda _, own: own.python.unlink(),
    "its Python is no program": _put_a_text,
    "its folder cannot be read": lambda package, _: package.chmod(0),
}


@pytest.mark.usually("all*", "a verb*", "what*", "its P*is gone", "its pip*")
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_safepip_installs_nothing(
    runner: Runner, env: Environment, newer: Path, tmp_path: Path, what: str
) -> None:
    """The exit code is not 0, a line says how the shim is taken off, and the environment is as it was before it."""
    bound = unprivileged() if "read" in what else []
    own = own_safepip(tmp_path)
    take_off(real(str(env.folder)))
    before = exact_state(env.folder)
    done = runner.run([str(own.python), "-I", "-m", "safepip", "shim", "--venv", str(env.folder)])
    assert (done.returncode, done.stderr) == (0, "")
    BROKEN[what](tmp_path / "copy" / "safepip", own)
    try:
        words = ["-m", "pip", "install", "--no-index", "--find-links", str(newer), "demo"]
        done = runner.run([*bound, str(env.python), *words])
        assert done.returncode not in (0, 20)
        last = BROKE if done.returncode == 70 else OFF
        assert done.stderr.endswith(last.format(real(str(env.folder)))), done.stderr
        assert env.installed().keys() == {"pip"}
        assert pip(runner, env, "list", "--format", "freeze")[0] == 0
        done = runner.run([str(env.python), "-I", str(env.folder / ".safepip-shim" / "remove.py")])
        assert (done.returncode, done.stdout, done.stderr) == (0, "The shim is off.\n", "")
        assert exact_state(env.folder) == before
    finally:
        if (tmp_path / "copy" / "safepip").is_dir():
            (tmp_path / "copy" / "safepip").chmod(0o755)


def test_safepip_may_live_in_the_environment_itself(
    runner: Runner, env: Environment, newer: Path, tmp_path: Path
) -> None:
    """The pip that it runs is then the one whose place the shim has, and nothing goes round in a circle."""
    own_safepip(tmp_path, env)
    done = runner.run([str(env.python), "-I", "-m", "safepip", "shim", "--venv", str(env.folder)])
    assert (done.returncode, done.stderr) == (0, "")
    code, out, err = pip(runner, env, "install", "--no-index", "--find-links", newer, "demo")
    assert (code, "Successfully installed demo-1.0" in out) == (0, True), err
    done = runner.run([str(env.python), "-I", "-m", "safepip", "list", "--format", "freeze"])
    assert "demo==1.0\n" in done.stdout
    code, _, err = pip(runner, env, "uninstall", "-y", "demo")
    assert (code, "demo" in env.installed()) == (0, False), err


def test_a_safepip_of_one_file_is_started_by_its_path(
    runner: Runner, env: Environment, newer: Path, tmp_path: Path
) -> None:
    """It may lie anywhere, and where it is gone nothing is installed."""
    archive, site = tmp_path / "safepip.pyz", Path(sysconfig.get_path("purelib"))
    info = next(site.glob("pip-*.dist-info")).name
    with zipfile.ZipFile(archive, "w") as packed:
        for part in (
            Path(safepip.__file__).parent,
            *(site / name for name in (*OWN[1:], info) if (site / name).is_dir()),
        ):
            for file in part.rglob("*"):
                if "__pycache__" not in file.parts and "refusals" not in file.parts:
                    packed.write(file, file.relative_to(part.parent))
        packed.write(site / "typing_extensions.py", "typing_extensions.py")
        packed.writestr("__main__.py", "import sys\nfrom safepip.__main__ import main\nsys.exit(main())\n")
    done = runner.run([sys.executable, "-I", str(archive), "shim", "--venv", str(env.folder)])
    assert (done.returncode, done.stderr) == (0, "")
    words = ("install", "--no-index", "--find-links", newer, "demo")
    code, out, err = pip(runner, env, *words, "--dry-run")
    assert (code, out.splitlines()[-1:]) == (0, ["Would install demo-1.0"]), err
    archive.unlink()
    code, _, err = pip(runner, env, *words)
    assert (code, err.endswith(OFF.format(real(str(env.folder))))) == (1, True), err
