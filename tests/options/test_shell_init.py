"""The functions of a shell, loaded by the shells that are there: what they hand to safepip, and what they leave."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from safepip.options.shell_init import LINE, SHELLS, script

if TYPE_CHECKING:
    from pathlib import Path

HERE = [shell for shell in SHELLS if shutil.which(shell)]
OPTIONS = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}

#: In place of safepip's own command: it prints what it is given.
SHOWS = ("/bin/sh", "-c", 'printf "%s" "$0"; for word; do printf "|%s" "$word"; done; echo', "an 'odd' \\ archive")


@pytest.fixture(params=[pytest.param(s, marks=pytest.mark.skipif(s not in HERE, reason=f"no {s}")) for s in SHELLS])
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell that this machine has."""
    return str(request.param)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with programs of the names, which print how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pip", "pip3", "pip3.11", "python", "python3", "python3.11"):
        program = folder / name
        program.write_text('#!/bin/sh\nprintf "%s" "${0##*/}"; for word; do printf "|%s" "$word"; done; echo\n')
        program.chmod(0o755)
    return folder


def lines_of(shell: str, typed: str, programs: Path, command: tuple[str, ...] = SHOWS) -> list[str]:
    """What a shell prints that has loaded the functions, line by line."""
    file = programs.parent / "functions"
    file.write_text(script(shell, command))
    environ = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(programs.parent)}
    done = subprocess.run(
        [shell, *OPTIONS[shell], f". {file}\n{typed}"], capture_output=True, text=True, check=False, env=environ
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


#: What is typed, the program that it is about, and the words that safepip gets.
THROUGH = [
    ("pip install flask", "pip", ["install", "flask"]),
    ("pip3 install -r 'two words.txt' ''", "pip3", ["install", "-r", "two words.txt", ""]),
    ("pip3.11 download six", "pip3.11", ["download", "six"]),
    ("pip wheel .", "pip", ["wheel", "."]),
    ("pip --quiet install x", "pip", ["--quiet", "install", "x"]),
    ("pip -v --log /tmp/x lock", "pip", ["-v", "--log", "/tmp/x", "lock"]),
    ("python -m pip install flask", "python", ["install", "flask"]),
    ("python3 -mpip install flask", "python3", ["install", "flask"]),
    ("python3.11 -Im pip -q install 'a b'", "python3.11", ["-q", "install", "a b"]),
    ("python3 -X dev -W error::DeprecationWarning -Bm pip install x", "python3", ["install", "x"]),
    ("python3 -Xdev -Werror --check-hash-based-pycs always -Impip wheel x", "python3", ["wheel", "x"]),
]


def test_installs_go_through(shell: str, programs: Path) -> None:
    """In every way to type one, with the words as they are and the program that the shell would have started."""
    found = lines_of(shell, "\n".join(typed for typed, _, _ in THROUGH), programs)
    assert found == ["|".join([SHOWS[-1], LINE, str(programs / name), *words]) for _, name, words in THROUGH]


#: What is typed, and what is started.
BESIDE = [
    ("pip", "pip"),
    ("pip list", "pip|list"),
    ("pip show wheel", "pip|show|wheel"),
    ("pip3 uninstall -y install ''", "pip3|uninstall|-y|install|"),
    ("pip --version", "pip|--version"),
    ("python", "python"),
    ("python -V", "python|-V"),
    ("python -c 'import x' -m pip install", "python|-c|import x|-m|pip|install"),
    ("python -cpass -m pip install", "python|-cpass|-m|pip|install"),
    ("python script.py -m pip install", "python|script.py|-m|pip|install"),
    ("python - -m pip install", "python|-|-m|pip|install"),
    ("python -m pip list", "python|-m|pip|list"),
    ("python3 -m venv install", "python3|-m|venv|install"),
    ("python3 -W m pip install", "python3|-W|m|pip|install"),
    ("python3 -m", "python3|-m"),
    ("python3 -m tox -e install -m pip install", "python3|-m|tox|-e|install|-m|pip|install"),
]


def test_everything_else_is_started_as_it_is_typed(shell: str, programs: Path) -> None:
    """Other verbs of pip's, and whatever else Python runs."""
    assert lines_of(shell, "\n".join(typed for typed, _ in BESIDE), programs) == [line for _, line in BESIDE]


@pytest.mark.parametrize("strict", ["bash", "zsh"])
def test_they_work_in_a_strict_shell(strict: str, programs: Path) -> None:
    """One that ends at the first failure, and at a variable that is not set."""
    if strict not in HERE:
        pytest.skip(f"no {strict}")
    typed = "\n".join([*(typed for typed, _, _ in THROUGH), *(typed for typed, _ in BESIDE)])
    found = lines_of(strict, f"set -eu\n{typed}\necho end", programs)
    assert len(found) == len(THROUGH) + len(BESIDE) + 1
    assert found[-len(BESIDE) - 1 :] == [*(line for _, line in BESIDE), "end"]


@pytest.mark.skipif("bash" not in HERE, reason="no bash")
@pytest.mark.parametrize(
    "mode", ["set -o posix", "export POSIXLY_CORRECT=1", "set -eu; POSIXLY_CORRECT=1", "set +o posix"]
)
def test_bash_has_all_functions_in_its_posix_mode(mode: str, programs: Path) -> None:
    """Names with a dot as well; the mode, and whether its variable is exported, are as before."""
    file = programs.parent / "again"
    file.write_text(script("bash", SHOWS))
    shown = "shopt -qo posix && echo posix || echo plain; env | grep -c ^POSIXLY_CORRECT= || :"
    pips = "".join(f"type -t pip{version} python{version}\n" for version in ("", "3", "3.9", "3.20"))
    typed = "\n".join(typed for typed, _, _ in THROUGH)
    before, after = (f"{mode}\n{shown}", f"{shown}\n{pips}{typed}\nsafepip_shell_off\ntype -t pip3.20 || echo off")
    found = lines_of("bash", f"safepip_shell_off\n{before}\n. {file}\n{after}", programs)
    assert found[0] == ("plain" if mode == "set +o posix" else "posix")
    assert found[:2] == found[2:4]
    assert found[4:12] == ["function"] * 8
    assert found[12:-1] == ["|".join([SHOWS[-1], LINE, str(programs / name), *words]) for _, name, words in THROUGH]
    assert found[-1] == "off"


def test_nothing_reaches_what_the_shell_starts(shell: str, programs: Path) -> None:
    """A script and another shell see the programs, also where everything is exported."""
    script_file = programs.parent / "script"
    script_file.write_text(
        "#!/usr/bin/env bash\npip install a\n" if shutil.which("bash") else "#!/bin/sh\npip install a\n"
    )
    script_file.chmod(0o755)
    inner = shlex_of(shell)
    assert lines_of(shell, f"{script_file}\n{inner}\nenv pip install c", programs) == [
        "pip|install|a",
        "pip|install|b",
        "pip|install|c",
    ]
    if shell == "bash":
        file = programs.parent / "functions"
        assert lines_of(shell, f"set -a\n. {file}\n{script_file}", programs) == ["pip|install|a"]


def shlex_of(shell: str) -> str:
    """A command that starts the shell once more and installs in it."""
    options = " ".join(OPTIONS[shell])
    return f"{shell} {options} 'pip install b'"


def test_the_functions_can_be_taken_off(shell: str, programs: Path) -> None:
    """As the line says that is shown where safepip does not start."""
    assert "safepip_shell_off" in LINE
    typed = "safepip_shell_off\npip install a\npython -m pip install b"
    assert lines_of(shell, typed, programs) == ["pip|install|a", "python|-m|pip|install|b"]


def test_a_pip_that_is_not_there_is_not_there(shell: str, programs: Path) -> None:
    """The shell says so, and safepip is not started in its place."""
    (programs / "pip3.11").unlink()
    typed = (
        "pip3.11 install a 2>/dev/null; echo $status" if shell == "fish" else "pip3.11 install a 2>/dev/null; echo $?"
    )
    environ = {"PATH": str(programs), "HOME": str(programs.parent)}
    file = programs.parent / "functions"
    file.write_text(script(shell, SHOWS))
    program = shutil.which(shell)
    assert program is not None
    done = subprocess.run(
        [program, *OPTIONS[shell], f". {file}\n{typed}"], capture_output=True, text=True, check=False, env=environ
    )
    assert done.stdout == "127\n"


def test_a_safepip_that_is_gone_installs_nothing(shell: str, programs: Path) -> None:
    """The functions say how they are taken off, and pip is not started."""
    code = "$status" if shell == "fish" else "$?"
    gone = (str(programs / "gone"), *SHOWS[1:])
    found = lines_of(
        shell, f"pip install a 2>&1; echo {code}\npython -m pip install a 2>&1; echo {code}", programs, gone
    )
    assert found == ["error: safepip could not be started: its Python is not there", LINE, "1"] * 2


@pytest.mark.skipif("zsh" not in HERE or "bash" not in HERE, reason="no zsh or no bash")
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_an_alias_of_the_same_name_is_no_obstacle(shell: str, programs: Path) -> None:
    """Interactive shells replace aliases before functions, where they are defined, too."""
    before = "shopt -s expand_aliases\n" if shell == "bash" else "setopt aliases nounset ksharrays shwordsplit\n"
    file = programs.parent / "functions"
    file.write_text(script(shell, SHOWS))
    alias = programs.parent / "aliases"
    alias.write_text(f"{before}alias pip='python3 -m pip'\n. {file}\neval 'pip install a'\n")
    environ = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [shell, *OPTIONS[shell], f". {alias}"], capture_output=True, text=True, check=False, env=environ
    )
    assert done.stderr == ""
    assert done.stdout.split("|")[2:] == [str(programs / "python3"), "install", "a\n"]
