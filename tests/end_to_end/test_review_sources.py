"""What a requirements file may do with the network, and what it may show on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from safepip.edges.programs.installed_pip import default_index_url
from safepip.index.simple_api import FileList
from safepip.model.page import ProjectFile
from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Runner
    from support.index import IndexServer


def test_a_variable_is_not_sent_to_the_default_index_that_nobody_named(runner: Runner) -> None:
    """An index that everybody may publish on is no place for a secret of the environment."""
    host = urlsplit(default_index_url()).netloc
    (runner.folder / "r.txt").write_text(f"app @ https://{host}/${{SECRET}}/app-1.0-py3-none-any.whl\n")
    done = runner.inside("download", "-r", "r.txt", env={"SECRET": "canary-7f3a"})
    assert "expanded-credential" in done.stderr, shown(done)
    assert "canary" not in done.stderr + done.stdout, shown(done)


def test_a_trusted_host_of_a_requirements_file_counts_as_in_pip(runner: Runner, tls_index: IndexServer) -> None:
    tls_index.add("app", "1.0")
    host = tls_index.url.split("/")[2]
    (runner.folder / "r.txt").write_text(f"-i {tls_index.url}\n--trusted-host {host}\napp\n")
    done = runner.inside("install", "--dry-run", "--ignore-installed", "--retries", "0", "-r", "r.txt")
    assert "Would install app-1.0" in done.stdout, shown(done)


@pytest.mark.parametrize(
    "line",
    [
        'app; python_version > "\x1b]0;owned\x07"',
        "app==1.0 \x1b[31m",
        "-r \x1b[2J.txt",
        "-i https://\x1b[2J.example/",
        "app @ https://files.example/\x1b[2J-1.0-py3-none-any.whl",
        "--no-such-\x1b[31m",
        "./app-1.0-1\x9b31m-py3-none-any.whl",
        "missing-project; extra != '\u202e'",
    ],
)
def test_nothing_in_a_requirements_file_reaches_the_terminal_as_a_control(
    runner: Runner, index: IndexServer, line: str
) -> None:
    (runner.folder / "r.txt").write_text(f"{line}\n", encoding="utf-8")
    (runner.folder / "app-1.0-1\x9b31m-py3-none-any.whl").write_bytes(b"PK\x03\x04")
    done = runner.inside("install", "--dry-run", "-i", index.url, "-r", "r.txt")
    assert "Traceback" not in done.stderr, shown(done)
    bad = [c for c in done.stderr + done.stdout if c in "\x1b\x07\x9b\u202e"]
    assert not bad, shown(done)


@pytest.mark.parametrize("name", ["_r-1.0-py3-none-any.whl", "_i-1.0-py3-none-any.whl", "_e-1.0-py3-none-any.whl"])
def test_a_wheel_whose_name_would_be_an_option_to_pip_is_no_requirement(
    runner: Runner, index: IndexServer, name: str
) -> None:
    """`_r` is normalised to `-r`, and the line for pip would begin with it."""
    (runner.folder / name).write_bytes(b"PK\x03\x04")
    done = runner.inside("install", "--dry-run", "-i", index.url, f"./{name}")
    assert "invalid-requirement" in done.stderr, shown(done)


def test_a_file_is_present_however_its_name_is_separated() -> None:
    """A source that has a file and is taken not to have it would leave the name to another one."""

    def has(filename: str, name: str) -> bool:
        return FileList([ProjectFile(filename, "file:///x")]).page_of(name, "file:///") is not None

    assert has("a____________________b-1.0-py3-none-any.whl", "a-b")
    assert not has("a-1.0-py3-none-any.whl", "a-b")
