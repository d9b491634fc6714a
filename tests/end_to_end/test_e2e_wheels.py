"""Wheels that are broken, or that are not what their names say, end in a refusal that explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.wheels import build_wheel

if TYPE_CHECKING:
    from support.environment import Environment
    from support.index import IndexServer
    from support.inside import Inside

FILENAME = "tool-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"junk", "too short to be a ZIP archive", id="no-archive"),
        pytest.param(build_wheel("payload", "9.9")[1], "payload-9.9.dist-info", id="another-project"),
        pytest.param(build_wheel("tool", "1.0")[1] + b"PK", "", id="bytes-after-the-end"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--no-deps",)], ids=["", "no-deps"])
def test_a_wheel_that_cannot_be_read_in_one_way_is_refused_and_nothing_is_installed(
    index: IndexServer, run: Inside, target: Environment, content: bytes, reason: str, options: tuple[str, ...]
) -> None:
    index.add_wheel("tool", FILENAME, content, version="1.0")
    before = target.state()
    done = run("install", "--python", target.python, "-i", index.url, *options, "tool")
    assert done.code == 20, done.err
    assert "error: unreadable-wheel" in done.err
    assert FILENAME in done.err
    assert reason in done.err
    assert target.state() == before
