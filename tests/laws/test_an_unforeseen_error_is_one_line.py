"""An exception that nobody foresaw ends the run in one line with a reference and exit 70, wherever it is raised.

The line holds the kind and the place. The exception's own message may hold a piece of a secret, and so may a traceback.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Runner

SECRET = "canary-4e1b79"

#: Replaces something that a run comes by, and runs.
RAISING = """
import sys
import {module} as module
def raises(*arguments, **more):
    {statement}
module.{name} = raises
from safepip.__main__ import main
sys.argv[1:] = {words!r}
sys.exit(main())
"""

PLACES = {
    "the reading of the command line": ("safepip.options.command_line", "split_command", ["check-config"]),
    "the configuration": ("safepip.edges.user.arguments", "pip_places", ["check-config"]),
    "the inputs": ("safepip.commands.inputs", "make_plan", ["install", "app"]),
    "the start of another Python": ("safepip.commands.inputs", "start_probe", ["install", "app"]),
    "the passing on to pip": ("safepip.edges.pip.running", "passthrough", ["freeze"]),
    "the guard at the start": ("safepip.edges.programs.own_start", "guard", ["--version"]),
}

ERRORS = {
    "ValueError": f"raise ValueError('bad port in https://me:{SECRET}@host.example')",
    "KeyError": f"raise KeyError({SECRET!r})",
    # Of a function without arguments: with `*arguments` CPython 3.13.0 does not see that it goes too deep.
    "RecursionError": "(again := lambda: again())()",
    "MemoryError": "raise MemoryError",
    "AssertionError": f"assert False, {SECRET!r}",
    "ExceptionGroup": f"raise ExceptionGroup({SECRET!r}, [ValueError({SECRET!r})])",
    "ModuleNotFoundError (no_such_module)": "import no_such_module",
    "OSError (No space left on device)": f"raise OSError(28, 'No space left on device', {SECRET!r})",
    "UnicodeEncodeError": f"({SECRET!r} + chr(0xdc80)).encode('utf-8')",
}


def run(runner: Runner, place: str, statement: str) -> tuple[int, str, str]:
    """The run in which `place` raises."""
    module, name, words = PLACES[place]
    code = RAISING.format(module=module, name=name, statement=statement, words=words)
    done = runner.run([sys.executable, "-P", "-c", code])
    assert SECRET not in done.stdout + done.stderr, shown(done)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("error", ERRORS)
def test_every_kind_of_error_is_named_and_no_more_of_it_is_shown(error: str, runner: Runner) -> None:
    """Kind and place find it; for the system's errors and missing modules their names."""
    code, out, err = run(runner, "the inputs", ERRORS[error])
    assert (code, out) == (70, "")
    place = r"safepip/[a-z_/]+\.py:\d+( \([^()\n]+:\d+\))?"
    line = rf"error: internal-error: {re.escape(error)} at {place}  More: safepip help internal-error\n"
    assert re.fullmatch(line, err), err


@pytest.mark.parametrize("place", PLACES)
def test_it_does_not_matter_where_it_is_raised(place: str, runner: Runner) -> None:
    """From the first line of the program on."""
    code, out, err = run(runner, place, ERRORS["ValueError"])
    assert (code, out) == (70, "")
    assert err.startswith("error: internal-error: ValueError at ")
    assert len(err.splitlines()) == 1


def test_in_a_task_that_nobody_waits_for_it_is_one_line_as_well(runner: Runner) -> None:
    """asyncio would print a traceback when the task is thrown away."""
    code = f"""
import asyncio, gc
from safepip.edges.network.loop import Loop
async def fails():
    raise ValueError({SECRET!r})
async def begins():
    asyncio.ensure_future(fails())
    await asyncio.sleep(0.01)
    gc.collect()
with Loop() as loop:
    loop.run(begins())
"""
    done = runner.run([sys.executable, "-P", "-c", code])
    assert SECRET not in done.stderr
    assert done.stderr.startswith("error: internal-error: ValueError at ")
    assert len(done.stderr.splitlines()) == 1
