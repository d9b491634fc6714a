"""The real private indexes start, take wheels, and serve them to pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.servers import DevpiServer, PypiServer


def test_pypiserver_serves_a_wheel(pypiserver: PypiServer, runner: Runner, target: Environment) -> None:
    make_wheel(pypiserver.folder, "smoke-pypiserver", "1.0")
    done = runner.pip("--python", target.python, "install", "-i", pypiserver.url, "smoke-pypiserver")
    assert done.returncode == 0, done.stderr
    assert target.installed() == {"smoke-pypiserver": "1.0"}


@pytest.mark.slow
def test_devpi_serves_a_wheel(devpi: DevpiServer, runner: Runner, target: Environment, tmp_path: Path) -> None:
    index = devpi.make_index("smoke")
    index.upload(make_wheel(tmp_path, "smoke-devpi", "1.0"), "smoke-devpi", "1.0")
    done = runner.pip("--python", target.python, "install", "-i", index.url, "smoke-devpi")
    assert done.returncode == 0, done.stderr
    assert target.installed() == {"smoke-devpi": "1.0"}
