"""A value that no option takes is told as that, by whichever command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.inside import Inside

COMMANDS = (
    "install app",
    "download app",
    "wheel app",
    "lock -r r.in",
    "explain app",
    "tree",
    "outdated",
    "audit",
    "cache dir",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("value", [("--cooldown", "x"), ("--timeout", "nan"), ("--retries", "-1")], ids=" ".join)
def test_a_wrong_value_is_told(command: str, value: tuple[str, str], run: Inside) -> None:
    done = run(*command.split(), *value)
    assert done.code == 2, done
    assert done.err.startswith(f"error: bad-option\n  {value[0]}"), done.err
