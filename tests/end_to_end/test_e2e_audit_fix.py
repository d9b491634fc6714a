"""The workflow of docs/how-to/audit.md: the script that runs `audit --fix` every night, in a repository with an origin.

The code host's own command is the one thing that cannot run here. A program of its name writes down what it is told.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.advisories import record, versions_of
from support.environment import SAFEPIP
from support.repositories import needs_git
from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "audit.md"

#: There is a request to edit once one was created.
_HOST = """\
#!/bin/sh
echo "$@" >> "$ASKED"
[ "$2" = create ] || [ "$(grep -c create "$ASKED")" -gt 0 ]
"""


def script() -> str:
    """The last step of the workflow."""
    (found,) = re.findall(r"- name: Fix the lock\n.*?run: \|\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return textwrap.dedent(found)


def know(runner: Runner, *holes: dict[str, object]) -> None:
    (runner.folder / "db").mkdir(exist_ok=True)
    for hole in holes:
        (runner.folder / "db" / f"{hole['id']}.json").write_text(json.dumps(hole))


def done_with(runner: Runner, *words: str, code: int = 0) -> str:
    done = runner.run(words)
    assert done.returncode == code, shown(done)
    return done.stdout


@pytest.fixture
def repository(runner: Runner, index: IndexServer) -> Runner:
    """A repository with a lock in which two projects are vulnerable, its origin, and the programs of the script."""
    root = runner.folder.parent
    for name in ("demo", "other"):
        index.add(name, "1.0")
    (runner.folder / "requirements.in").write_text("demo\nother\n")
    (runner.folder / "safepip.toml").write_text(
        f'[[advisories]]\nname = "own"\npath = "db"\n[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n'
    )
    know(
        runner,
        record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",)),
    )
    for name, target in {"safepip": SAFEPIP, "python3": sys.executable}.items():
        (root / "tools").mkdir(exist_ok=True)
        (root / "tools" / name).symlink_to(target)
    (root / "tools" / "gh").write_text(_HOST)
    (root / "tools" / "gh").chmod(0o755)
    (root / "temporary").mkdir()
    runner.extra.update(
        PATH=f"{root / 'tools'}:/usr/bin:/bin",
        RUNNER_TEMP=str(root / "temporary"),
        ASKED=str(root / "asked"),
        GIT_CONFIG_NOSYSTEM="1",
    )
    done_with(runner, "safepip", "lock", "--python", sys.executable)
    for words in (
        ("init", "-q", "--bare", "-b", "main", str(root / "origin")),
        ("init", "-q", "-b", "main"),
        ("add", "requirements.in", "pylock.toml", "safepip.toml"),
        ("-c", "user.name=own", "-c", "user.email=own@acme.example", "commit", "-q", "-m", "first"),
        ("remote", "add", "origin", str(root / "origin")),
        ("push", "-q", "origin", "main"),
    ):
        done_with(runner, "git", *words)
    index.add("demo", "2.0")
    return runner


def night(runner: Runner, *, code: int = 0) -> list[str]:
    """What the code host is told in one run of the script, on a fresh checkout of main."""
    asked = Path(runner.extra["ASKED"])
    before = asked.read_text().splitlines() if asked.exists() else []
    done = runner.run(["bash", "-e", "-c", script()])
    assert done.returncode == code, shown(done)
    lines = asked.read_text().splitlines() if asked.exists() else []
    done_with(runner, "git", "switch", "-q", "main")
    runner.run(["git", "branch", "-q", "-D", "safepip-advisories"])
    return [" ".join(line.split()[:2]) for line in lines[len(before) :]]


@needs_git
def test_the_workflow_opens_one_request_and_brings_it_up_to_date(
    repository: Runner, index: IndexServer, target: Environment
) -> None:
    """Its text is the table; what stays makes the run fail; the lock of its branch can be installed."""
    assert night(repository) == ["pr edit", "pr create"]
    text = (Path(repository.extra["RUNNER_TEMP"]) / "request.md").read_text()
    assert "| `demo` | `PYSEC-1`, `CVE-1` | unknown | `1.0` | `2.0` |" in text
    lock = done_with(repository, "git", "show", "origin/safepip-advisories:pylock.toml")
    (repository.folder / "pylock.new.toml").write_text(lock)
    done_with(repository, "safepip", "install", "-q", "--python", str(target.python), "-r", "pylock.new.toml")
    assert target.installed() == {"demo": "2.0", "other": "1.0"}

    know(repository, record("PYSEC-2", versions_of("other", "introduced 0")))
    assert night(repository, code=1) == ["pr edit"]
    text = (Path(repository.extra["RUNNER_TEMP"]) / "request.md").read_text()
    assert "- `other 1.0`: `PYSEC-2`, unknown" in text

    done_with(repository, "git", "merge", "-q", "--ff-only", "origin/safepip-advisories")
    assert night(repository, code=1) == []
