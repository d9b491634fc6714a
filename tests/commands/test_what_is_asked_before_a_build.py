"""What an earlier run has remembered of an interpreter is not what foreign code is fetched or built for."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import venv
from typing import TYPE_CHECKING

import pytest

from safepip.edges.target import interpreter_memory
from support.sources import build_source_archive, write_project
from support.wheels import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is remembered")


@pytest.fixture
def python(run: Inside, index: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The interpreter of an environment of which something untrue is remembered."""
    monkeypatch.setattr(interpreter_memory, "_SETTLED", 0)
    for name in ("LD_LIBRARY_PATH", "LD_PRELOAD"):
        monkeypatch.delenv(name, raising=False)
    # pytest changes it between a fixture and its test.
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    venv.create(tmp_path / "target", symlinks=True)
    python = str(tmp_path / "target" / "bin" / "python")
    index.add("plain", "1.0")
    assert run("install", "--dry-run", "--python", python, "-i", index.url, "plain").code == 0
    (entry,) = (path for path in (run.folder / "home").rglob("interpreters-2/*/*"))
    said = json.loads(entry.read_bytes().partition(b"\n")[2])
    said["facts"]["schemes"]["scripts"] += "/elsewhere"
    text = json.dumps(said).encode()
    entry.write_bytes(hashlib.blake2b(text, digest_size=32).hexdigest().encode() + b"\n" + text)
    return python


@pytest.mark.parametrize("way", ["folder", "archive", "build requirement", "wheel by URL", "constraint"])
def test_nothing_foreign_comes_before_the_interpreter_has_answered(
    run: Inside, index: IndexServer, python: str, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a dry run: to learn what a project requires it is fetched, and may have to be built."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    mark, asks = tmp_path / "ran", ["tool"] if way == "build requirement" else []
    index.add("tool", "1.0")
    plan = {"marks": [str(mark)], "build_requires": asks}
    index.add_file("listed", *build_source_archive("listed", "1.0", **plan))
    index.add_file("wheeled", *build_wheel("wheeled", "1.0"))
    folder = write_project(tmp_path / "mine", "mine", "1.0", **plan)
    wheel = f"wheeled @ {index.host.origin}{index.file_path('wheeled-1.0-py3-none-any.whl')}"
    (tmp_path / "constraints.txt").write_text(f"{wheel}\n")
    words = {
        "folder": [str(folder)],
        "archive": ["listed"],
        "build requirement": ["listed"],
        "wheel by URL": [wheel],
        "constraint": ["-c", str(tmp_path / "constraints.txt"), "wheeled"],
    }[way]
    options = ("--python", python, "-i", index.url, "--allow-build", "listed")
    done = run("install", "--dry-run", *options, *words)
    assert (done.code, "error: interpreter-changed" in done.err) == (1, True), done.err
    assert not mark.exists()
    assert not index.mentions("tool")
    assert [path for path in index.paths_asked() if path.endswith((".whl", ".tar.gz"))] == []
    assert run("install", "--dry-run", *options, *words).code == 0, "it is forgotten"


def test_what_is_kept_of_environments_that_are_gone_goes(
    run: Inside, index: IndexServer, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a month in which nothing was kept of them."""
    (folder,) = (run.folder / "home").rglob("interpreters-2/*")
    for name, days in (("gone", 31), ("used", 29)):
        place = folder.with_name(name) / "entry"
        place.parent.mkdir()
        place.write_text("")
        os.utime(place, (time.time() - days * 86400,) * 2)
    monkeypatch.setenv("LANG", "C")
    assert run("install", "--dry-run", "--python", python, "-i", index.url, "plain").code == 0
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, "used"}
