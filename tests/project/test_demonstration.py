"""The demonstrations in docs show what they say."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.environment import Runner
from support.inside import run_inside

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"
HELD = "Every outcome was as described.\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demonstration.py", "lock-demonstration.py"])
def test_every_outcome_of_the_demonstration_is_as_described(runner: Runner, name: str) -> None:
    """As a reader starts it."""
    done = runner.run([sys.executable, str(DOCS / name)])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(HELD)


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """One of the demonstrations as a module, under a name that none of them imports."""
    monkeypatch.syspath_prepend(str(DOCS))
    spec = spec_from_file_location("demonstration_here", DOCS / name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def inside(runner: Runner, *words: str) -> subprocess.CompletedProcess[str]:
    """safepip run in this process; in the place of `Runner.safepip`."""
    done = run_inside(runner.folder, runner.environment(), *words)
    return subprocess.CompletedProcess(words, done.code, done.out, done.err)


#: The cases of `docs/demonstration.py`.
TITLES = [
    "A higher version",
    "The same version with a build tag",
    "A local version for an exact pin",
    "The internal index is down",
    "The internal index answers 404",
    "The internal index redirects to the public one",
]


@pytest.mark.usually("A higher version", "The internal index *")
@pytest.mark.parametrize("title", TITLES)
def test_the_outcome_is_as_described_where_this_process_refuses(
    title: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same cases one by one. What installs something is a program here, too, and so is each pip.

    `scenarios/wrong_answers.toml` has the build tag and the local version, in the same steps.
    """
    module = loaded("demonstration.py", monkeypatch)
    assert [case.title for case in module.CASES] == TITLES
    monkeypatch.setattr(module, "CASES", [case for case in module.CASES if case.title == title])
    as_program, played = Runner.safepip, module.Stage.run

    def run(stage: Any, name: str, *words: Any) -> Any:
        installs = {"pip": True, "refused": not stage.case.noticed, "settled": stage.case.internal_answers}
        monkeypatch.setattr(Runner, "safepip", as_program if installs.get(name) else inside)
        return played(stage, name, *words)

    monkeypatch.setattr(module.Stage, "run", run)
    code = module.main()
    text = capsys.readouterr().out
    assert code == 0, text
    assert text.endswith(HELD)


def test_every_lock_is_as_described_where_this_process_makes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same cases, without a program."""
    module = loaded("lock-demonstration.py", monkeypatch)
    monkeypatch.setattr(Runner, "safepip", inside)
    code = module.main([])
    text = capsys.readouterr().out
    assert code == 0, text
    assert text.endswith(HELD)
