"""A verb that pip answers never asks pip's index where safepip's configuration declares the indexes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.options.pip_verbs import may_ask
from support.environment import Runner, make_environment
from support.runs import pip_in
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment
    from support.index import IndexServer

ASKING = [
    ["index", "versions", "corp-lib"],
    ["index", "versions", "corp-lib", "--json"],
    ["list", "--outdated"],
    ["list", "-o"],
    ["list", "--uptodate"],
    ["list", "-u"],
    ["list", "--out"],
    ["list", "--upt"],
    ["list", "-lo"],
    ["list", "-lu"],
    ["list", "--format=json", "-vo"],
    ["-v", "list", "-o"],
    ["list", "--log", "--", "-o"],
]


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip installs of corp-lib 1.0."""
    root = tmp_path_factory.mktemp("older")
    made = make_environment(root / "target")
    make_wheel(root, "corp-lib", "1.0")
    words = ("install", "--no-compile", "--no-index", "-f", root, "corp-lib")
    done = pip_in(Runner(root, root / "home"), made, *words)
    assert done.returncode == 0, done.stderr
    return made.site_packages


@pytest.fixture
def claimed(
    two_indexes: tuple[IndexServer, IndexServer], runner: Runner, target: Environment, older: Path
) -> tuple[IndexServer, IndexServer]:
    """An internal index that owns corp-*, a public one that pip would ask, and its corp-lib
    installed in the older of two versions."""
    internal, public = two_indexes
    internal.add("corp-lib", "1.0")
    internal.add("corp-lib", "2.0")
    public.add("corp-lib", "99.0")
    (runner.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "corp"\nurl = "{internal.url}"\npackages = ["corp-*"]\n'
    )
    shutil.copytree(older, target.site_packages, dirs_exist_ok=True)
    return internal, public


def ask(
    runner: Runner, target: Environment, public: IndexServer, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a verb with the public index as pip's own, its version check included."""
    public.host.requests.clear()
    more = {"PIP_INDEX_URL": public.url, "PIP_DISABLE_PIP_VERSION_CHECK": "0", **env}
    return runner.inside("--python", str(target.python), *words, env=more)


@pytest.mark.usually("index versions corp-lib", "list --outdated", "list -lo", "list --log -- -o")
@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_pip_is_not_asked(
    words: list[str], claimed: tuple[IndexServer, IndexServer], runner: Runner, target: Environment
) -> None:
    """However the option is written: safepip answers `list` itself, along the routes, and refuses `index`."""
    public = claimed[1]
    done = ask(runner, target, public, *words)
    assert public.host.requests == []
    if "index" in words:
        assert done.returncode == 20, done.stdout + done.stderr
        assert "error: pip-would-ask" in done.stderr
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        newer = not any(word in ("--uptodate", "-u", "--upt", "-lu") for word in words)
        assert ("corp-lib" in done.stdout, "2.0" in done.stdout) == (newer, newer)


@pytest.mark.parametrize("name", ["PIP_OUTDATED", "PIP_UPTODATE"])
def test_a_variable_may_be_what_asks(
    name: str, claimed: tuple[IndexServer, IndexServer], runner: Runner, target: Environment
) -> None:
    """pip's configuration sets any option."""
    done = ask(runner, target, claimed[1], "list", **{name: "1"})
    assert (done.returncode, claimed[1].host.requests) == (0, [])
    assert ("corp-lib" in done.stdout) == (name == "PIP_OUTDATED")


@pytest.mark.usually("outdated-global", "--outdated-list")
@pytest.mark.parametrize("section", ["global", "list"])
@pytest.mark.parametrize("key", ["outdated", "uptodate", "Up-To-Date", "--outdated"])
def test_a_file_may_be_what_asks(
    section: str,
    key: str,
    claimed: tuple[IndexServer, IndexServer],
    runner: Runner,
    target: Environment,
    tmp_path: Path,
) -> None:
    """Whatever pip takes for a key; what it does not take asks nothing."""
    (tmp_path / "pip.conf").write_text(f"[{section}]\n{key} = yes\n")
    done = ask(runner, target, claimed[1], "list", PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert (done.returncode, claimed[1].host.requests) == (0, [])
    assert ("corp-lib" in done.stdout) == (key != "uptodate")


def test_the_hint_answers_along_the_routes(
    claimed: tuple[IndexServer, IndexServer], runner: Runner, target: Environment
) -> None:
    """What it names is a command that works and asks the right index alone."""
    public = claimed[1]
    hint = ask(runner, target, public, "index", "versions", "corp-lib").stderr.partition("hint: ")[2]
    words = next(line for line in hint.splitlines() if "--dry-run" in line).replace("NAME", "corp-lib").split()[1:]
    done = ask(runner, target, public, *words)
    assert (done.returncode, public.host.requests) == (0, [])
    assert "Would install corp-lib-2.0" in done.stdout


@pytest.mark.usually("words[0345]")
@pytest.mark.parametrize(
    "words", [["list"], ["list", "--format=freeze"], ["freeze"], ["show", "corp-lib"], ["check"], ["inspect"]]
)
def test_what_asks_nothing_goes_on(
    words: list[str], claimed: tuple[IndexServer, IndexServer], runner: Runner, target: Environment
) -> None:
    """The rest of pip's verbs, and `list` itself."""
    done = ask(runner, target, claimed[1], *words)
    assert (done.returncode, claimed[1].host.requests) == (0, [])


def test_help_is_shown(claimed: tuple[IndexServer, IndexServer], runner: Runner, target: Environment) -> None:
    """It asks nothing; and a word that only looks like it asks nothing either."""
    for verb in ("index", "list"):
        done = ask(runner, target, claimed[1], verb, "--help")
        assert (done.returncode, done.stdout.startswith("\nUsage:")) == (0, True)
    done = ask(runner, target, claimed[1], "index", "versions", "corp-lib", "--log", "--help")
    assert done.returncode != 0
    assert claimed[1].host.requests == []


def test_without_a_declaration_pip_answers_as_pip(index: IndexServer, runner: Runner, target: Environment) -> None:
    """There are no claims then, and pip's index is the only one."""
    index.add("thing", "1.0")
    done = ask(runner, target, index, "index", "versions", "thing")
    assert done.returncode == 0, done.stderr
    assert "thing (1.0)" in done.stdout


def test_uninstall_reads_no_file_from_a_network(index: IndexServer, runner: Runner, target: Environment) -> None:
    """pip would put a variable's value into a URL of the file's choice."""
    canary = {"TOKEN": "canary-31b7"}
    (runner.folder / "gone.txt").write_text(f"-r {index.host.origin}/${{TOKEN}}.txt\nthing\n")
    for words in (["-r", "gone.txt"], ["-r", f"{index.host.origin}/x.txt"], [f"-r{index.host.origin}/x.txt"]):
        done = ask(runner, target, index, "uninstall", "-y", *words, **canary)
        assert done.returncode != 0
        assert index.host.requests == []


SECRETS = {"TOKEN": "Canary77e1c9", "PIP_EXTRA_INDEX_URL": "https://u:Canary77e1c9@x.example/", "SHORT": "q7z"}


def test_uninstall_puts_no_secret_into_what_it_reads(index: IndexServer, runner: Runner, target: Environment) -> None:
    """pip prints names, paths, URLs and the whole of a line that it cannot read, in tracebacks too."""
    (runner.folder / "more.txt").write_text("".join(f"${{{name}}}.x\n" for name in SECRETS) + "-r h.example/${TOKEN}\n")
    for line in (
        "-r more.txt",
        "-r https://h.example/${TOKEN}",
        "lib @ https://[${TOKEN}/",
        "--${PIP_EXTRA_INDEX_URL}",
    ):
        (runner.folder / "gone.txt").write_text(f"{line}\n")
        done = ask(runner, target, index, "uninstall", "-y", "-r", "gone.txt", **SECRETS)
        for value in SECRETS.values():
            assert value.lower() not in (done.stdout + done.stderr).lower(), line


def test_uninstall_reads_an_honest_file(index: IndexServer, runner: Runner, target: Environment) -> None:
    """An index with a password is of no concern to it, and where files lie is no secret."""
    index.add("thing", "1.0")
    assert runner.inside("install", "--python", target.folder, "-i", index.url, "thing").returncode == 0
    (runner.folder / "gone.txt").write_text("-i https://u:${TOKEN}@h.example/simple/\n-r ${HOME}/more.txt\n")
    (runner.home / "more.txt").write_text("thing\n")
    done = ask(runner, target, index, "uninstall", "-y", "-r", "gone.txt", **SECRETS)
    assert done.returncode == 0, done.stderr
    assert target.installed() == {}


def test_every_option_of_pip_that_may_ask_is_known() -> None:
    """Of the options of `pip list`, these two are described as asking, and no other is one of their abbreviations."""
    help_text = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--help"], check=True, capture_output=True, text=True
    ).stdout
    assert "-o, --outdated" in help_text
    assert "-u, --uptodate" in help_text
    for words in (["--format", "json"], ["--user"], ["-l"], ["-e"], ["--not-required"], ["-v"], ["--exclude", "x"]):
        assert not may_ask("list", words, ())
