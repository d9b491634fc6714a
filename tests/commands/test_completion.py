"""`safepip completion`: the scripts, loaded by the shells that are there."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from safepip import __main__ as start
from safepip.options.completion import SHELLS, script
from safepip.options.table import options_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

#: Each prints what is offered for the last of its words, a line for each.
DRIVERS = {
    "bash": """
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _safepip; printf '%s\\n' "${COMPREPLY[@]}" """,
    # Completion works in the line editor only: what would be given to it is printed.
    "zsh": """
        compdef() { }; compadd() { shift; print -l -- ${(M)@:#$PREFIX*} }
        compset() { PREFIX=${PREFIX#*=} }; _files() { print -l -- ${PREFIX}*(N) }
        source $1; shift
        words=("$@"); CURRENT=$#; PREFIX=${@[-1]}; _safepip""",
    "fish": "source $argv[1]; complete -C (string join ' ' -- $argv[2..-1]) | string replace -r '\\t.*' ''",
}

#: How each is started on a terminal, and what its user has it do: the first line is for what `completion --help` says.
STARTED = {
    "bash": (["--norc", "--noprofile", "-i"], 'eval "$(cat script)"'),
    "zsh": (["-f", "-i"], 'autoload -Uz compinit; compinit -u -D; eval "$(cat script)"'),
    "fish": (["--no-config", "-i"], "source script"),
}
SHOWS_ITS_WORDS = {
    "bash": "safepip() { printf '<%s>' \"$@\"; }",
    "zsh": "safepip() { printf '<%s>' $@ }",
    "fish": "function safepip; printf '<%s>' $argv; end",
}

HERE = [shell for shell in SHELLS if shutil.which(shell)]


@pytest.fixture(params=[pytest.param(s, marks=pytest.mark.skipif(s not in HERE, reason=f"no {s}")) for s in SHELLS])
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell that this machine has."""
    return str(request.param)


def offered(shell: str, run: Inside, *words: str) -> set[str]:
    """What a shell offers for the last word, in the folder of `run`, which has some files."""
    file = run.folder / "script"
    done = run("completion", shell)
    assert (done.code, done.err) == (0, "")
    file.write_text(done.out)
    options = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
    name = [] if shell == "fish" else [shell]
    command = [shell, *options, DRIVERS[shell], *name, str(file), *words]
    environ = {**os.environ, "HOME": str(run.folder / "home")}
    shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=run.folder, env=environ)
    assert shown.stderr == ""
    return set(filter(None, shown.stdout.splitlines()))


def fill(folder: Path) -> None:
    """Requirements and a lock, one with lines that a stranger has written."""
    hostile = "-r other.txt\n# numpy\n$(touch pwned)\n`touch pwned`\n../x\nno name\n"
    (folder / "requirements.txt").write_text(f"flask[async]>=2\nrequests ; python_version > '3'\n{hostile}")
    (folder / "pylock.toml").write_text('lock-version = "1.0"\n[[packages]]\nname = "idna"\nversion = "3.7"\n')


def test_commands_are_offered_first(shell: str, run: Inside) -> None:
    assert offered(shell, run, "safepip", "ins") == {"install", "inspect"}
    assert offered(shell, run, "safepip", "") >= set(start._COMMANDS)


def test_options_are_those_of_the_command(shell: str, run: Inside) -> None:
    assert offered(shell, run, "safepip", "install", "--upg") == {"--upgrade", "--upgrade-strategy"}
    assert offered(shell, run, "safepip", "lock", "--univ") == {"--universal"}
    assert offered(shell, run, "safepip", "install", "--univ") == set()
    assert offered(shell, run, "safepip", "sync", "--dry") == {"--dry-run"}


def test_choices_and_files_are_offered_as_values(shell: str, run: Inside) -> None:
    fill(run.folder)
    (run.folder / "folder").mkdir()
    assert offered(shell, run, "safepip", "install", "--upgrade-strategy", "e") == {"eager"}
    assert offered(shell, run, "safepip", "install", "-r", "req") == {"requirements.txt"}
    assert offered(shell, run, "safepip", "help", "look-a") == {"look-alike"}
    assert offered(shell, run, "safepip", "completion", "z") == {"zsh"}


@pytest.mark.parametrize(
    ("option", "begun", "values"),
    [("--requirement", "req", {"requirements.txt"}), ("--upgrade-strategy", "", {"eager", "only-if-needed"})],
)
def test_a_value_behind_an_equals_sign_is_completed(
    shell: str, run: Inside, option: str, begun: str, values: set[str]
) -> None:
    """Readline takes the sign for a word of its own."""
    fill(run.folder)
    words = [option, "=", begun] if shell == "bash" and begun else [option, "="] if shell == "bash" else []
    found = offered(shell, run, "safepip", "install", *(words or [f"{option}={begun}"]))
    assert {word.removeprefix(f"{option}=") for word in found} == values


def test_a_tab_completes_what_is_typed_on_a_terminal(shell: str, run: Inside) -> None:
    """In the shell's own line editor, with the shell's own loading of the script: nothing of it is imitated."""
    fill(run.folder)
    (run.folder / "script").write_text(run("completion", shell).out)
    from support.terminals import Terminal, Unread

    options, loading = STARTED[shell]
    typed = "safepip inst\t--upgrade-s\tea\t-r req\t--requirement=req\tfl\t"
    keys = "".join(f"{line}\r" for line in (loading, SHOWS_ITS_WORDS[shell], typed))
    env = {"PATH": os.environ["PATH"], "HOME": str(run.folder / "home"), "LANG": "C.UTF-8"}
    with Terminal([shell, *options], columns=80, env=env, cwd=run.folder, screen=Unread) as terminal:
        terminal.type(keys)
        terminal.wait_for_written(
            "<install><--upgrade-strategy><eager><-r><requirements.txt><--requirement=requirements.txt><flask>"
        )


def test_names_of_projects_come_from_the_files_here_and_run_nothing(shell: str, run: Inside) -> None:
    """No command of a file's lines runs, and what is no name is not offered."""
    fill(run.folder)
    names = offered(shell, run, "safepip", "uninstall", "")
    assert names == {"flask", "requests", "idna", "no"}
    assert offered(shell, run, "safepip", "install", "--allow-name", "fl") == {"flask"}
    assert not (run.folder / "pwned").exists()


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_has_every_command_and_every_option(name: str) -> None:
    text = script(name, start._COMMANDS, ("look-alike",))
    for verb in start._COMMANDS:
        assert verb in text
    for verb in ("install", "lock", "download", "wheel", "verify"):
        for option in options_of(verb):
            flag = f"-l {option.long[2:]} " if name == "fish" else option.long
            assert flag in text or option.hidden
    assert "{" not in text.replace("{", "", text.count("}"))  # each brace that opens is closed


@pytest.mark.parametrize("words", [(), ("tcsh",), ("bash", "zsh")])
def test_another_shell_is_an_error_that_names_those_there_are(run: Inside, words: tuple[str, ...]) -> None:
    done = run("completion", *words)
    assert done.code == 2
    assert "bash, zsh or fish\n\nhint: safepip completion bash\n" in done.err
