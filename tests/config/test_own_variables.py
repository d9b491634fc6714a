"""A variable that begins with SAFEPIP_ is known, close to a known one (an error), or somebody else's (a notice)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.config import own_variables
from support.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

CLOSE = {
    "SAFEPIP_OFLINE": "SAFEPIP_OFFLINE",
    "SAFEPIP_Offline": "SAFEPIP_OFFLINE",
    "SAFEPIP_no_config": "SAFEPIP_NO_CONFIG",
    "SAFEPIP_OFF_LINE": "SAFEPIP_OFFLINE",
    "SAFEPIP_OFFLINE_MODE": "SAFEPIP_OFFLINE",
    "SAFEPIP_NOCONFIG": "SAFEPIP_NO_CONFIG",
    "SAFEPIP_NO_CONFIGURATION": "SAFEPIP_NO_CONFIG",
    "SAFEPIP_CONFG": "SAFEPIP_CONFIG",
    "SAFEPIP_CONFIG_FILE": "SAFEPIP_CONFIG",
    "SAFEPIP_CONFIGURATION": "SAFEPIP_CONFIG",
    "SAFEPIP_JOB": "SAFEPIP_JOBS",
    "SAFEPIP_INDEX_ACME_USER": "SAFEPIP_INDEX_<NAME>_USERNAME",
    "SAFEPIP_INDEX_ACME_PASSWD": "SAFEPIP_INDEX_<NAME>_PASSWORD",
    "SAFEPIP_INDEX_ACME_TOKEN": "SAFEPIP_INDEX_<NAME>_PASSWORD",
}
FOREIGN = [
    "SAFEPIP_VERSION",
    "SAFEPIP_SOURCE",
    "SAFEPIP_HOME",
    "SAFEPIP_IMAGE",
    "SAFEPIP_",
    "SAFEPIP_CI_JOB",
    "SAFEPIP_JOB_ID",
]


@pytest.mark.parametrize("name", CLOSE)
def test_a_close_one_is_an_error_with_what_was_meant(name: str, tmp_path: Path) -> None:
    """It would have had an effect, and has none."""
    diagnostic = Machine(tmp_path).fails("demo", **{name: "1"}).diagnostics[0]
    assert (diagnostic.reference, diagnostic.hint) == ("bad-variable", f"did you mean {CLOSE[name]}?")


@pytest.mark.parametrize("name", FOREIGN)
def test_any_other_is_told_and_changes_nothing(name: str, tmp_path: Path) -> None:
    """A Dockerfile may have a variable for the version it installs."""
    assert Machine(tmp_path).plan("demo", **{name: "secret-7f"}).notices == (
        f"not a variable of safepip, and without effect: {name}",
    )


def test_many_are_one_notice(tmp_path: Path) -> None:
    """In the order of the alphabet, without their values."""
    notices = Machine(tmp_path).plan("demo", SAFEPIP_VERSION="1", SAFEPIP_SOURCE="2", OTHER="3").notices
    assert notices == ("not a variable of safepip, and without effect: SAFEPIP_SOURCE, SAFEPIP_VERSION",)


def test_known_ones_are_told_nothing_of() -> None:
    """Those by name, and those that give an index its credentials."""
    names = [*own_variables.KNOWN, "SAFEPIP_INDEX_ACME_USERNAME", "SAFEPIP_INDEX_MY_OWN_PASSWORD"]
    assert list(own_variables.misspelt(names)) == []
    assert list(own_variables.foreign(names)) == []
    assert own_variables.credential_variable("SAFEPIP_INDEX_MY_OWN_PASSWORD") == ("MY_OWN", "PASSWORD")
    assert own_variables.credential_variable("SAFEPIP_INDEX_PASSWORD") is None


def test_the_command_says_it(run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and goes on."""
    monkeypatch.setenv("SAFEPIP_VERSION", "1.0")
    done = run("check-config")
    assert done.code == 0
    assert done.err.count("SAFEPIP_VERSION") == 1
