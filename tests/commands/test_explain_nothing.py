"""`safepip explain` without anything to explain from, and with arguments that are no names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.environment import Runner


def test_without_lock_and_without_r_it_says_what_is_missing(runner: Runner) -> None:
    """To name a project is no help: one is named."""
    done = runner.inside("explain", "flask")
    assert done.returncode == 1
    assert "error: no-requirements" in done.stderr
    assert "no -r is given, and the working directory has no pylock.toml" in done.stderr
    assert "safepip explain NAME -r FILE" in done.stderr


def test_an_empty_word_is_no_name(runner: Runner) -> None:
    """It asks for nothing, and so there is nothing to explain."""
    done = runner.inside("explain", "")
    assert done.returncode == 1
    assert "error: no-requirements" in done.stderr


def test_a_requirement_is_no_name(runner: Runner) -> None:
    """`flask==3` is said to be no name, and not to be needed by nobody; `check-config` shows no route for it."""
    for verb in ("explain", "check-config"):
        done = runner.inside(verb, "flask==3")
        assert done.returncode == 1
        assert done.stdout == ""
        assert "flask==3 is not a valid project name" in done.stderr
        assert "hint: give the name alone: flask" in done.stderr
