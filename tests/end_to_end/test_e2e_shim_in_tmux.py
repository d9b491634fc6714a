"""A shim as a person at a terminal has it: bash, zsh and fish in tmux, with the environment active."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from safepip.edges.target.listing import real
from support.environment import SAFEPIP, Environment, Runner
from support.shims import exact_state
from support.tmux import SHELLS, Tmux

if TYPE_CHECKING:
    from support.index import IndexServer

COLUMNS = 80


@pytest.mark.skipif(os.name == "nt", reason="on Windows a shim is refused")
@pytest.mark.parametrize("shell", SHELLS)
def test_a_day_with_a_shim(
    shell: str, with_pip: Environment, runner: Runner, two_indexes: tuple[IndexServer, IndexServer]
) -> None:
    """On, refused, off: what is typed is `pip install`, and what is shown can be read."""
    env, (internal, public) = with_pip, two_indexes
    internal.add("acme-utils", "1.0")
    public.add("acme-utils", "99.0")
    before, root = exact_state(env.folder), real(str(env.folder))
    variables = {"PYTHONDONTWRITEBYTECODE": "1", "PIP_INDEX_URL": internal.url, "PIP_EXTRA_INDEX_URL": public.url}
    code = "$status" if shell == "fish" else "$?"
    script = "activate.fish" if shell == "fish" else "activate"
    with Tmux(SHELLS[shell], columns=COLUMNS, env=runner.environment(variables), cwd=runner.folder) as tmux:
        tmux.type(f". {env.folder / 'bin' / script}")
        tmux.type(f"{SAFEPIP} shim --venv {env.folder}; echo shim={code}")
        assert tmux.wait_for(r"shim=\d+") == "shim=0"
        tmux.type(f"clear; pip install acme-utils; echo install={code}")
        assert tmux.wait_for(r"install=\d+") == "install=20"
        check_refusal(tmux.lines(joined=True), root)
        assert env.installed().keys() == {"pip"}
        tmux.type(f"clear; pip list --format freeze; echo list={code}")
        assert tmux.wait_for(r"list=\d+") == "list=0"
        assert [line for line in tmux.lines() if line.startswith("pip==")] == [f"pip=={env.installed()['pip']}"]
        tmux.type(f"{SAFEPIP} shim --remove --venv {env.folder}; echo removed={code}")
        assert tmux.wait_for(r"removed=\d+") == "removed=0"
        assert exact_state(env.folder) == before
        tmux.type(f"clear; pip download --no-deps acme-utils; echo pip={code}")
        assert tmux.wait_for(r"pip=\d+") == "pip=0"
    assert [path.name for path in runner.folder.glob("*.whl")] == ["acme_utils-99.0-py3-none-any.whl"], "pip's own"


def check_refusal(lines: list[str], root: str) -> None:
    """It says what is wrong, and no line of it is broken by the terminal but one with the path of a test."""
    begin = next(number for number, line in enumerate(lines) if line.startswith("Environment: "))
    end = next(number for number, line in enumerate(lines) if line.startswith("install="))
    first, *rest = lines[begin:end]
    assert root in first
    error = rest.index("error: ambiguous-index")
    assert rest[error + 1] == "  acme-utils is offered by two indexes, and no rule says which one owns it"
    assert rest[-1] == "Nothing was installed.  More: safepip help ambiguous-index"
    assert [line for line in rest if len(line) > COLUMNS] == []
