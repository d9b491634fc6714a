"""What a command line ends with that names no command, or a command and nothing for it to do: pip's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.__main__ import _HELP

if TYPE_CHECKING:
    from support.environment import Runner
    from support.inside import Inside

#: Command lines that both know, by the code.
LINES = {
    0: ("", "-v", "-qq --no-color", "--debug --log x.log", "--retries=3 --timeout 4", "--", "-v help", "--verb"),
    1: (
        *("install", "download", "wheel", "lock", "show", "config", "hash", "index", "uninstall", "index versions"),
        *("cache", "cache remove", "cache dir more", "cache nothing", "nothing", "help nothing"),
    ),
    2: ("--no-such", "--log", "-v --timeout", "-vr x", "-r x", "--no", "install --no-such"),
}
#: Those that safepip reads otherwise, with its code.
OTHERWISE = {"completion": 2, "--python nowhere": 0}


@pytest.mark.parametrize(("line", "code"), [(line, code) for code, lines in LINES.items() for line in lines])
def test_safepip_ends_with_the_code_that_is_expected(run: Inside, line: str, code: int) -> None:
    done = run(*line.split())
    assert done.code == code, done.err
    assert (done.out == f"{_HELP}\n") is (code == 0)
    assert code != 0 or done.err == ""


@pytest.mark.parametrize(("line", "code"), OTHERWISE.items())
def test_what_is_read_otherwise_than_by_pip(run: Inside, line: str, code: int) -> None:
    """pip says which shells there are, and ends with 0; and it starts the interpreter for its help."""
    assert run(*line.split()).code == code


@pytest.mark.usually("-v", "cache", "-r x")
@pytest.mark.parametrize(("line", "code"), [(line, code) for code, lines in LINES.items() for line in lines])
def test_and_that_is_pips(runner: Runner, line: str, code: int) -> None:
    done = runner.pip(*line.split())
    assert done.returncode == code, done.stderr
