"""Wheels that say something wrong of themselves, from the command line to the exit code; the environment stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.environment import Environment, Runner
    from support.index import IndexServer

INFO = "tool-1.0.dist-info"


@pytest.mark.parametrize(
    ("reference", "files"),
    [
        ("wrong-identity", {"tool-1.0.data/purelib/requests-9.9.dist-info/METADATA": "Name: requests\n"}),
        ("wrong-tags", {f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp311-cp311-win_amd64\n"}),
        ("wrong-record", {f"{INFO}/RECORD": f"{INFO}/RECORD,,\n"}),
        ("installer-file", {f"{INFO}/direct_url.json": '{"url": "https://elsewhere.example/", "archive_info": {}}'}),
    ],
)
def test_a_wheel_that_says_something_wrong_of_itself_is_refused(
    index: IndexServer, runner: Runner, target: Environment, reference: str, files: Mapping[str, str]
) -> None:
    """Plain pip installs each of them and exits with 0."""
    filename, data = build_wheel("tool", "1.0", files=files)
    index.add_wheel("tool", filename, data, version="1.0")
    before = target.state()
    done = runner.inside("install", "--python", str(target.python), "-i", index.url, "tool")
    assert done.returncode == 20, done.stderr
    assert f"error: {reference}" in done.stderr
    assert done.stderr.count("error: ") == 1
    assert target.state() == before


def test_a_url_that_nobody_followed_is_refused_unless_the_user_names_it(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    """With --no-deps no resolution sees it; a line of a constraints file settles it and installs nothing more."""
    url = "https://elsewhere.example/payload-1.0-py3-none-any.whl"
    requires = [f"payload @ {url}", f"other @ {url} ; extra == 'dev'"]
    filename, data = build_wheel("tool", "1.0", requires=requires)
    index.add_wheel("tool", filename, data, version="1.0", requires=requires)
    arguments = ("install", "--python", str(target.python), "-i", index.url, "--no-deps", "tool")
    before = target.state()
    done = runner.inside(*arguments)
    assert done.returncode == 20, done.stderr
    assert "error: direct-reference" in done.stderr
    assert f"    payload @ {url}" in done.stderr
    assert "other @" not in done.stderr
    assert target.state() == before
    constraints = runner.folder / "constraints.txt"
    constraints.write_text(f"payload @ {url}\n", encoding="utf-8")
    done = runner.inside(*arguments, "-c", str(constraints))
    assert done.returncode == 0, done.stderr
