"""Where the real command installs, for each way of starting it, and the line that says so."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.environment import Environment, Runner, make_environment
from support.homes import Home, make_home, make_python
from support.runs import unprivileged
from support.wheels import make_wheel

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs here are scripts, as POSIX systems start them")

VERSION = ".".join(map(str, sys.version_info[:3]))
NO_OTHER = ", the one that safepip runs in: no other is named or active"


class Places(NamedTuple):
    """Environments of every kind: three with safepip in them, and two others, as venv and conda make them."""

    plain: Home
    pipx: Home
    uv: Home
    other: Environment
    conda: Environment
    wheels: Path


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Made once: nothing is installed into them."""
    folder = tmp_path_factory.mktemp("places").resolve()
    for name in ("plain", "pipx", "uv"):
        (folder / name).mkdir()
    conda = make_python(folder / "conda" / "envs" / "web")
    (conda.folder / "conda-meta").mkdir()
    make_wheel(folder / "wheels", "thing", "1.0")
    return Places(
        make_home(folder / "plain"),
        make_home(folder / "pipx", "pipx_metadata.json"),
        make_home(folder / "uv", "uv-receipt.toml"),
        make_environment(folder / "other"),
        conda,
        folder / "wheels",
    )


def line(environment: Environment, reason: str = "") -> str:
    """The line that names an environment."""
    return f"Environment: {environment.folder} (Python {VERSION}){reason}\n"


#: How safepip is started. `name` is a search along PATH, with the folder of its program first there; `link` one with a
#: folder of links; `path` is the program's path, `module` is `python -m safepip`, `relative` a path from the folder
#: above. Then which safepip, the variables, the environment that is meant, and what the line says (None: no line).
WAYS = [
    ("name", "plain", {"VIRTUAL_ENV": "other"}, "other", ", named by VIRTUAL_ENV"),
    ("link", "plain", {"VIRTUAL_ENV": "other"}, "other", ", named by VIRTUAL_ENV"),
    ("name", "plain", {"VIRTUAL_ENV": "other", "CONDA_PREFIX": "conda"}, "other", ", named by VIRTUAL_ENV"),
    ("name", "plain", {"CONDA_PREFIX": "conda", "CONDA_DEFAULT_ENV": "web"}, "conda", ", named by CONDA_PREFIX"),
    (
        *("name", "plain", {"CONDA_PREFIX": "conda", "_CONDA_ROOT": "conda"}, "conda"),
        ", conda's base, named by CONDA_PREFIX: no other is named or active",
    ),
    ("name", "plain", {}, "plain", NO_OTHER),
    ("link", "plain", {}, "plain", NO_OTHER),
    ("name", "plain", {"VIRTUAL_ENV": "plain"}, "plain", None),
    ("path", "plain", {}, "plain", None),
    ("relative", "plain", {}, "plain", None),
    ("path", "plain", {"VIRTUAL_ENV": "other"}, "plain", ", named by the path of the program"),
    ("module", "plain", {"VIRTUAL_ENV": "other"}, "plain", None),
    ("module", "plain", {}, "plain", None),
    ("link", "pipx", {"VIRTUAL_ENV": "other"}, "other", ", named by VIRTUAL_ENV"),
    ("path", "pipx", {"VIRTUAL_ENV": "other"}, "other", ", named by VIRTUAL_ENV"),
    ("module", "pipx", {"VIRTUAL_ENV": "other"}, "other", ", named by VIRTUAL_ENV"),
    ("link", "uv", {"VIRTUAL_ENV": "other"}, "other", ", named by VIRTUAL_ENV"),
    ("link", "uv", {"VIRTUAL_ENV": "uv", "CONDA_PREFIX": "conda"}, "conda", ", named by CONDA_PREFIX"),
]


def folder_of(places: Places, name: str) -> Environment:
    """An environment by its name."""
    found = getattr(places, name)
    return found.environment if isinstance(found, Home) else found


def start(
    places: Places, runner: Runner, how: str, who: str, variables: dict[str, str], *words: str | Path
) -> subprocess.CompletedProcess[str]:
    """Start safepip in one of the ways, with variables that name environments."""
    home: Home = getattr(places, who)
    env = {name: str(folder_of(places, value).folder) if name != "CONDA_DEFAULT_ENV" else value
           for name, value in variables.items()}  # fmt: skip
    path = runner.environment()["PATH"]
    folders = {"name": home.program.parent, "link": home.links}
    if how in folders:
        env["PATH"] = f"{folders[how]}:{path}"
    cwd = home.environment.folder if how == "relative" else None
    command = {
        "path": [str(home.program)],
        "relative": ["bin/safepip"],
        "module": [home.python, "-m", "safepip"],
    }.get(how, ["safepip"])
    return runner.run([*command, *map(str, words)], env=env, cwd=cwd)


@pytest.mark.usually(
    "name-plain-variables[0357]-*",
    "link-plain-variables6-*",
    "path-plain-*",
    "module-plain-variables11-*",
    "link-*variables1[367]-*",
)
@pytest.mark.parametrize(("how", "who", "variables", "meant", "reason"), WAYS)
def test_each_way_of_starting_it_means_one_environment(
    places: Places,
    runner: Runner,
    how: str,
    who: str,
    variables: dict[str, str],
    meant: str,
    reason: str | None,
) -> None:
    """And one line names it, where the command line does not."""
    done = start(places, runner, how, who, variables, "verify", "--json", "no-such-name")
    assert json.loads(done.stdout)["prefix"] == str(folder_of(places, meant).folder), done.stderr
    said = done.stderr.replace("notice: safepip runs from this environment itself, so its start-up hooks have run"
                               " already\n", "")  # fmt: skip
    assert said == ("" if reason is None else line(folder_of(places, meant), reason))


@pytest.mark.usually("pipx")
@pytest.mark.parametrize("who", ["pipx", "uv"])
def test_the_environment_of_a_tool_is_never_meant(places: Places, runner: Runner, who: str) -> None:
    """The refusal offers the one that is near, and what it offers can be pasted."""
    make_environment(runner.folder / ".venv")
    for how in ("link", "path", "module"):
        done = start(places, runner, how, who, {}, "install", "--no-index", "-f", places.wheels, "thing")
        assert done.returncode == 20, done.stderr
        assert "error: no-target" in done.stderr
    offered = done.stderr.partition("or name one: ")[2].splitlines()[0].split()
    done = start(places, runner, "link", who, {}, "list", *offered)
    assert (done.returncode, done.stderr) == (0, line(Environment(runner.folder / ".venv")))


INSTALLED = "Successfully installed thing-1.0\n"
WOULD = "Would install thing-1.0\n"


def run_active(places: Places, runner: Runner, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run safepip by its name while the environment `active` is the active one; it ends with 0."""
    path = f"{places.plain.links}:{runner.environment()['PATH']}"
    done = runner.run(["safepip", *map(str, words)], env={"VIRTUAL_ENV": str(runner.folder / "active"), "PATH": path})
    assert done.returncode == 0, done.stderr
    return done


def test_an_install_goes_where_the_line_says(places: Places, runner: Runner) -> None:
    """And pip's own verbs work on the same environment."""
    active = make_environment(runner.folder / "active")
    said = line(active, ", named by VIRTUAL_ENV")
    done = run_active(places, runner, "install", "--no-index", "-f", places.wheels, "thing")
    assert done.stderr.startswith(said)
    assert INSTALLED in done.stdout
    assert active.installed() == {"thing": "1.0"}
    assert "thing" not in places.plain.environment.installed()
    done = run_active(places, runner, "freeze")
    assert (done.stdout, done.stderr) == ("thing==1.0\n", said)
    assert "Environment:" not in run_active(places, runner, "uninstall", "-y", "-q", "thing").stderr
    assert active.installed() == {}


@pytest.mark.slow
def test_every_verb_means_the_same_environment(places: Places, runner: Runner) -> None:
    """Whatever it does with it; with -q there is no line."""
    active = make_environment(runner.folder / "active")
    said = line(active, ", named by VIRTUAL_ENV")
    offline = ("--no-index", "-f", places.wheels)
    verbs: tuple[tuple[str | Path, ...], ...] = (
        ("download", *offline, "-d", "files", "thing"),
        ("wheel", *offline, "-w", "files", "thing"),
        ("lock", *offline, "thing"),
        ("explain", *offline, "-r", "pylock.toml", "thing"),
        ("sync", *offline, "pylock.toml"),
        ("tree",),
        ("verify",),
        ("list",),
        ("show", "thing"),
        ("inspect",),
        ("check",),
    )
    for words in verbs:
        assert said in run_active(places, runner, *words).stderr, words
    for words in (("list", "-q"), ("install", "-q", *offline, "thing"), ("verify", "-q")):
        assert "Environment:" not in run_active(places, runner, *words).stderr, words
    assert active.installed() == {"thing": "1.0"}


def test_without_an_active_environment_a_near_one_is_offered_and_not_taken(places: Places, runner: Runner) -> None:
    """What the hint says can be pasted."""
    near = make_environment(runner.folder / ".venv")
    below = runner.folder / "src"
    below.mkdir()
    env = {"PATH": f"{places.plain.links}:{runner.environment()['PATH']}"}
    words = ["install", "--dry-run", "--no-index", "-f", str(places.wheels), "thing"]
    done = runner.run(["safepip", *words], env=env, cwd=below)
    first, hint = done.stderr.splitlines()
    assert f"{first}\n" == line(places.plain.environment, NO_OTHER)
    assert hint == f"hint: if you mean {near.folder}, add: --python {near.folder}"
    done = runner.run(["safepip", *words, *hint.partition("add: ")[2].split()], env=env, cwd=below)
    assert done.stdout.endswith(WOULD)
    assert done.stderr == line(near)


@pytest.mark.usually("install", "list")
@pytest.mark.parametrize("verb", ["install", "list", "verify", "lock"])
def test_a_variable_that_names_nothing_is_an_error_for_each_verb(places: Places, runner: Runner, verb: str) -> None:
    """And what the hint says settles it."""
    gone = str(runner.folder / "gone")
    words = [str(places.pipx.links / "safepip"), verb, *(["thing"] if verb in ("install", "lock") else [])]
    done = runner.run(words, env={"VIRTUAL_ENV": gone})
    assert done.returncode == 1
    assert f"VIRTUAL_ENV names {gone}, which does not exist" in done.stderr
    assert "unset VIRTUAL_ENV" in done.stderr
    done = runner.run(["sh", "-c", f"unset VIRTUAL_ENV; {places.plain.links}/safepip list"], env={"VIRTUAL_ENV": gone})
    assert done.returncode == 0


def test_the_configuration_of_the_active_environment_counts_as_with_its_pip(places: Places, runner: Runner) -> None:
    """As with `--python`: pip's site configuration is that of the environment it works on."""
    active = make_environment(runner.folder / "active")
    (active.folder / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {places.wheels}\n")
    env = {"PATH": f"{places.plain.links}:{runner.environment()['PATH']}", "PIP_CONFIG_FILE": ""}
    by_variable = runner.run(
        ["safepip", "install", "--dry-run", "thing"], env={**env, "VIRTUAL_ENV": str(active.folder)}
    )
    by_option = runner.run(["safepip", "install", "--dry-run", "--python", "active", "thing"], env=env)
    assert by_variable.stdout == by_option.stdout, by_variable.stderr
    assert by_variable.stdout.endswith(WOULD)


def test_what_cannot_be_written_is_told_before_an_index_is_asked(places: Places, runner: Runner) -> None:
    """Nothing is fetched. What is there already needs no right to write, and a dry run needs none either."""
    active = make_environment(runner.folder / "active")
    words = ["install", "--index-url", "http://127.0.0.1:9/simple/", "--retries", "0", "thing"]
    command = [*unprivileged(), str(places.plain.links / "safepip")]
    active.site_packages.chmod(0o555)
    try:
        done = runner.run([*command, *words], env={"VIRTUAL_ENV": str(active.folder)})
        assert done.returncode == 1
        assert "error: target-not-writable" in done.stderr
        assert f"packages would go to {active.site_packages}, and that cannot be written" in done.stderr
        for line_of_hint in ("python3 -I -m venv --without-pip .venv", "--python .venv"):
            assert line_of_hint in done.stderr
        offline = ["--no-index", "-f", str(places.wheels), "thing"]
        done = runner.run([*command, "install", "--dry-run", *offline], env={"VIRTUAL_ENV": str(active.folder)})
        assert (done.returncode, done.stdout.endswith(WOULD)) == (0, True)
    finally:
        active.site_packages.chmod(0o755)
    assert active.installed() == {}


def test_a_folder_that_only_scripts_need_is_looked_at_before_pip_starts(places: Places, runner: Runner) -> None:
    """Half of a wheel is not put into place."""
    active = make_environment(runner.folder / "active")
    make_wheel(runner.folder / "wheels", "tool", "1.0", scripts={"tool-run": "tool:main"})
    before = active.state()
    active.python.parent.chmod(0o555)
    try:
        words = ["install", "--no-index", "-f", "wheels", "tool"]
        command = [*unprivileged(), str(places.plain.links / "safepip"), *words]
        done = runner.run(command, env={"VIRTUAL_ENV": str(active.folder)})
    finally:
        active.python.parent.chmod(0o755)
    assert done.returncode == 1
    assert f"packages would go to {active.python.parent}, and that cannot be written" in done.stderr
    assert active.state() == before


def test_an_environment_that_is_as_asked_need_not_be_writable(places: Places, runner: Runner) -> None:
    """As with pip: nothing to do is done."""
    active = make_environment(runner.folder / "active")
    words = ["install", "--no-index", "-f", str(places.wheels), "thing"]
    env = {"VIRTUAL_ENV": str(active.folder)}
    assert runner.run([str(places.plain.links / "safepip"), *words], env=env).returncode == 0
    active.site_packages.chmod(0o555)
    try:
        done = runner.run([*unprivileged(), str(places.plain.links / "safepip"), *words], env=env)
        assert (done.returncode, done.stdout.count("already satisfied")) == (0, 1), done.stderr
    finally:
        active.site_packages.chmod(0o755)


def test_a_folder_of_ones_own_that_cannot_be_written_is_told_too(places: Places, runner: Runner) -> None:
    """`--target` and `--prefix`, also where the folder is yet to be made, or is a file."""
    closed = runner.folder / "closed"
    closed.mkdir(mode=0o555)
    (runner.folder / "file").write_text("")
    words = ["install", "--no-index", "-f", str(places.wheels), "thing"]
    for option, place in (("--target", "closed/new"), ("--prefix", "closed"), ("--target", "file")):
        done = runner.run([*unprivileged(), places.plain.python, "-m", "safepip", *words, option, place])
        assert done.returncode == 1, done.stderr
        assert "error: target-not-writable" in done.stderr
        assert "hint: name a folder that you can write to" in done.stderr


def test_an_environment_that_its_system_manages_is_left_alone(places: Places, runner: Runner) -> None:
    """PEP 668 holds however the environment was decided."""
    managed = make_python(runner.folder / "managed")
    (managed.folder / "conda-meta").mkdir()
    marker = managed.site_packages.parent / "EXTERNALLY-MANAGED"
    marker.write_text("[externally-managed]\nError = Use the package manager.\n")
    env = {"CONDA_PREFIX": str(managed.folder)}
    words = [str(places.plain.links / "safepip"), "install", "--no-index", "-f", str(places.wheels), "thing"]
    done = runner.run(words, env=env)
    assert done.returncode == 1
    assert done.stderr.startswith(line(managed, ", named by CONDA_PREFIX"))
    assert "Use the package manager." in done.stderr
    marker.unlink()
    assert INSTALLED in runner.run(words, env=env).stdout
    assert managed.installed() == {"thing": "1.0"}


def test_where_pip_installs_for_the_user_safepip_does(places: Places, runner: Runner) -> None:
    """pip's own way out of a site-packages that it may not write to, which it does not have in virtual environments."""
    shared = make_python(runner.folder / "shared")
    (shared.folder / "conda-meta").mkdir()
    words = ["install", "--no-index", "-f", str(places.wheels), "thing"]
    shared.site_packages.chmod(0o555)
    try:
        command = [*unprivileged(), str(places.plain.links / "safepip"), *words]
        done = runner.run(command, env={"CONDA_PREFIX": str(shared.folder)})
        assert done.returncode == 0, done.stderr
        assert "Defaulting to user installation because normal site-packages is not writeable" in done.stdout
        assert list(runner.home.glob(".local/lib/python*/site-packages/thing"))
        # Where that is switched off, pip would end with "Permission denied".
        env = {"CONDA_PREFIX": str(shared.folder), "PYTHONNOUSERSITE": "1"}
        assert "error: target-not-writable" in runner.run([*command, "-I"], env=env).stderr
    finally:
        shared.site_packages.chmod(0o755)
    assert shared.installed() == {}
