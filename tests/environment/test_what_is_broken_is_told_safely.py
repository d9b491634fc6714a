"""What an installation breaks is told with pip's facts, by safepip, and without what a terminal would obey."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from safepip.edges.programs.bare_pip import cleaner
from support.inside import run_inside
from support.runs import pip_in, shown

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from support.environment import Environment, Runner
    from support.index import IndexServer

#: What is installed before, with what it requires.
THERE: dict[str, list[str]] = {
    "wants-old": ["lib<2", "missing-one", "never; python_version < '3'", "an-extra; extra == 'x'"],
    "Wants_Any.Case": ["LIB==1.*", "other"],
    "has-pre": ["lib>=0", "lib !=2.0rc1"],
    "unconcerned": ["missing-two", "other<1"],
    "other": [],
    "by-url": ["lib @ https://host.example/lib.whl", "missing-three @ https://host.example/x.whl"],
    "broken-metadata": ["lib ==== 1"],
}

_SENTENCE = re.compile(r"\S+ \S+ requires .*")


def lay(target: Environment, name: str, requires: list[str], version: str = "1.0") -> None:
    """An installed distribution, whatever its metadata says."""
    info = target.site_packages / f"{re.sub('[-.]', '_', name)}-{version}.dist-info"
    info.mkdir()
    lines = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        *(f"Requires-Dist: {it}\n" for it in requires),
    ]
    (info / "METADATA").write_text("".join(lines), encoding="utf-8")
    (info / "RECORD").write_text("".join(f"{info.name}/{it},,\n" for it in ("METADATA", "RECORD", "INSTALLER")))
    (info / "INSTALLER").write_text("pip\n")


def sentences(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The facts that are told: pip ends them with a full stop."""
    found = _SENTENCE.findall(done.stderr)
    return {sentence.rstrip(".") for sentence in found}


@pytest.fixture
def offering(index: IndexServer) -> IndexServer:
    """Two versions of what others require, and something that requires in vain."""
    for version in ("1.0", "2.0rc1", "3.0"):
        index.add("lib", version)
    index.add("app", "1.0", requires=["lib"])
    return index


@pytest.mark.usually("words0", "words4")
@pytest.mark.parametrize("words", [("lib",), ("lib==2.0rc1",), ("lib==1.0",), ("app", "lib<3"), ("lib", "--no-deps")])
def test_the_facts_are_pips(
    words: tuple[str, ...],
    offering: IndexServer,
    runner: Runner,
    new_target: Callable[[str], Environment],
) -> None:
    """For what this run concerns: what is missing, and what has a version that is not admitted."""
    ours, pips = new_target("ours"), new_target("pips")
    for target in (ours, pips):
        for name, requires in THERE.items():
            lay(target, name, requires)
    done = runner.safepip("install", "--python", ours.python, "-i", offering.url, *words)
    pip = pip_in(runner, pips, "install", "-i", offering.url, *words)
    assert (done.returncode, pip.returncode) == (0, 0), shown(done) + shown(pip)
    assert sentences(done) == sentences(pip), shown(done) + shown(pip)
    assert bool(sentences(done)) == ("--no-deps" not in words)


def test_what_a_terminal_would_obey_is_not_printed(offering: IndexServer, runner: Runner, target: Environment) -> None:
    """Neither escape sequences nor what turns the direction of writing around, in any field of the metadata."""
    bell, turn = "\x1b]0;owned\x07", "\u202e"
    lay(target, "evil", [f"lib<2; python_version != '{bell}'", f"gone @ https://host.example/{bell}{turn}"])
    (target.site_packages / "named-1.0.dist-info").mkdir()
    (target.site_packages / "named-1.0.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: named{bell}\nVersion: 1.0{bell}\nRequires-Dist: lib<2 {bell}\n"
    )
    done = runner.safepip("install", "--python", target.python, "-i", offering.url, "--upgrade", "lib", "app")
    assert done.returncode == 0, shown(done)
    assert not {"\x1b", "\x07", turn} & {*done.stdout, *done.stderr}, shown(done)
    assert sum("evil 1.0 requires " in line for line in done.stderr.splitlines()) == 2, shown(done)


@pytest.mark.usually("-v")
@pytest.mark.parametrize("verbosity", ["", "-v", "-vv"])
def test_nor_by_pip_in_any_other_line(
    verbosity: str, offering: IndexServer, runner: Runner, target: Environment
) -> None:
    """pip names what it replaces and takes away as its metadata has it, and what it cannot read."""
    bell, turn = "\x1b]0;owned\x07\x1b[2K\x1b[1A\r", "\u202e"
    steering = {"\x1b", "\x07", "\r", turn}
    for name in ("app", "gone"):
        lay(target, name, ["lib ==== 1"], "0.5")
        path = target.site_packages / f"{name}-0.5.dist-info" / "METADATA"
        named = path.read_text().replace(f"Name: {name}", f"Name: {name}{bell.strip()}{turn}")
        path.write_text(named, encoding="utf-8", newline="\n")
    (target.site_packages / f"bad{bell}-1.0.dist-info").mkdir()
    words = [verbosity] if verbosity else []
    for command in (
        ["install", "-i", offering.url, *words, "app"],
        ["uninstall", "-y", *words, "gone"],
        ["list", *words],
        ["show", *words, "app"],
        ["check", *words],
    ):
        done = runner.safepip(command[0], "--python", target.python, *command[1:])
        assert not steering & {*done.stdout, *done.stderr}, shown(done)
    lay(target, "odd", [], "1.0+\x1b]0;owned\x07")
    offering.add("odd", "2.0")
    done = runner.safepip("install", "--python", target.python, "-i", offering.url, "odd")
    assert not steering & {*done.stdout, *done.stderr}, shown(done)


def test_colours_pass_to_a_terminal_and_nothing_else() -> None:
    """And no colour to where there is none."""
    text = "\x1b[31mred\x1b[0m\x1b[2K\x1b]0;x\x07\r\u202efäx\tend\n"
    assert cleaner(colours=True)(text) == "\x1b[31mred\x1b[0m\ufffd[2K\ufffd]0;x\ufffd\ufffd\ufffdfäx\tend\n"
    assert "\x1b" not in cleaner(colours=False)(text)


@pytest.mark.usually("--no-warn-conflicts", "--target=elsewhere")
@pytest.mark.parametrize("option", ["--no-warn-conflicts", "--no-deps", "--target=elsewhere", "-qq"])
def test_where_nobody_wants_it_nothing_is_said(
    option: str, offering: IndexServer, runner: Runner, target: Environment
) -> None:
    """And nothing in the environment requires what goes into a folder of its own."""
    lay(target, "wants-old", ["lib<2"])
    done = runner.safepip("install", "--python", target.python, "-i", offering.url, option, "lib")
    assert done.returncode == 0, shown(done)
    assert sentences(done) == set()


def test_what_sync_takes_away_is_missed_by_nobody(offering: IndexServer, runner: Runner, target: Environment) -> None:
    """What goes in the same run requires nothing any more."""
    lay(target, "wants-old", ["lib<2"])
    assert run_inside(runner.folder, runner.environment(), "lock", "-i", offering.url, "lib").code == 0
    done = runner.safepip("sync", "--python", target.python, "-i", offering.url, "pylock.toml")
    assert done.returncode == 0, shown(done)
    assert (sentences(done), target.installed()) == (set(), {"lib": "3.0"})
