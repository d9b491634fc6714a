"""`--no-index` without a folder: nothing is asked, and what is installed may do, as with pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("-U demo", 0),
        ("-U demo<2", 0),
        ("-U --upgrade-strategy eager demo==1.0 --dry-run", 0),
        ("-U demo==2.0", 1),
        ("--force-reinstall demo", 1),
        ("other", 1),
    ],
)
def test_what_is_installed_may_satisfy_what_nothing_is_asked_for(
    runner: Runner, target: Environment, tmp_path: Path, words: str, code: int
) -> None:
    """pip ends with the same code. Where something is needed, the message says why nothing is found."""
    target.unpack(make_wheel(tmp_path, "demo", "1.0"))
    asked = ["install", "--no-index", *words.split()]
    plain = runner.pip("--python", str(target.python), *asked)
    done = runner.inside(*asked, "--python", str(target.python))
    assert (done.returncode, plain.returncode) == (code, code), (done.stderr, plain.stderr)
    if code == 0:
        assert "Requirement already satisfied: demo" in done.stdout
        return
    assert "error: no-source\n" in done.stderr
    assert "--no-index is given, and no folder by --find-links\n" in done.stderr


def test_what_no_index_answers_for_without_the_option_is_still_an_error(
    runner: Runner, target: Environment, tmp_path: Path
) -> None:
    """A configuration without a default is not a wish to ask nobody."""
    target.unpack(make_wheel(tmp_path, "demo", "1.0"))
    text = 'index = [{ name = "acme", url = "https://acme.example/simple/", packages = ["acme-*"] }]\n'
    (runner.folder / "safepip.toml").write_text(text)
    done = runner.inside("install", "-U", "demo", "--python", str(target.python))
    assert (done.returncode, "error: no-source\n" in done.stderr) == (1, True), done.stderr
    assert "no index claims it, and there is no default" in done.stderr
