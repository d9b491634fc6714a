"""What has to be there before a backend runs, and when it is asked although its project states everything."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from support.environment import clean_environment
from support.sources import build_source_archive, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks can be left anywhere."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


def test_a_project_without_a_backend_needs_setuptools_among_its_requirements(index: IndexServer, run: Inside) -> None:
    """As for pip; nothing is installed for it that nothing asks for."""
    table = '[build-system]\nrequires = ["helper"]\n'
    filename, data = build_source_archive("acme-old", "1.0", files={"pyproject.toml": table, "setup.py": ""})
    index.add_file("acme-old", filename, data)
    index.add("helper", "1.0")
    done = run("wheel", "--index-url", index.url, "--allow-build", "acme-old", "acme-old")
    assert done.code == 1
    assert "error: build-environment\n  setuptools>=40.8.0 is needed" in done.err


STATIC = """
[project]
name = "acme-mine"
version = "1.0"
dependencies = ["below"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


def test_an_editable_project_is_asked_what_it_requires(index: IndexServer, run: Inside, tmp_path: Path) -> None:
    """A backend may add what makes it editable; for an ordinary wheel the static fields are enough."""
    index.add("below", "1.0")
    folder = write_project(tmp_path / "mine", "acme-mine", "1.0", files={"pyproject.toml": STATIC})
    plain = run("install", "--dry-run", "--index-url", index.url, str(folder))
    assert plain.code == 0, plain.err
    assert not index.mentions("hatchling")
    editable = run("install", "--dry-run", "--index-url", index.url, "-e", str(folder))
    assert editable.code == 1
    assert index.mentions("hatchling")


def test_an_option_among_build_constraints_is_told_to_have_no_effect(
    index: IndexServer, run: Inside, tmp_path: Path
) -> None:
    """A user who writes it counts on it. The constraints hold: what is asked for has to be below them."""
    index.add("helper", "1.0")
    write_project(tmp_path / "mine", "mine", "1.0", asks_for=["helper"])
    (tmp_path / "b.txt").write_text("--no-index\nhelper==2.0\n")
    done = run("wheel", "--index-url", index.url, "--build-constraint", "b.txt", "./mine")
    assert done.code == 1
    assert "notice: --no-index has no effect here, where constraints alone count: b.txt:1" in done.err
    assert "helper==2.0" in done.err


def test_a_backend_does_not_ask_for_hundreds_of_projects(index: IndexServer, run: Inside, tmp_path: Path) -> None:
    """Each is a name that an index is asked for, so it could say something by them."""
    write_project(tmp_path / "mine", "mine", "1.0", asks_for=[f"word-{number}" for number in range(301)])
    done = run("install", "--dry-run", "--index-url", index.url, "./mine")
    assert done.code == 1
    assert "error: build-failed" in done.err
    assert "it asks for 301 projects" in done.err
    assert not index.mentions("word-")


@pytest.mark.parametrize("where", ["requirement", "constraint"])
def test_what_any_line_demands_holds_before_a_hook_runs(where: str, run: Inside, tmp_path: Path) -> None:
    """The second line that names the same archive has a digest, which is another one."""
    mark = tmp_path / "ran"
    filename, data = build_source_archive("mine", "1.0", marks=[str(mark)])
    (tmp_path / filename).write_bytes(data)
    plain = f"mine @ {(tmp_path / filename).as_uri()}"
    (tmp_path / "one.txt").write_text(f"{plain}\n")
    (tmp_path / "two.txt").write_text(f"{plain}#sha256={'0' * 64}\n")
    words = ["-r", "one.txt", "-r" if where == "requirement" else "-c", "two.txt"]
    done = run("install", "--dry-run", "--allow-build", "mine", *words)
    assert done.code != 0
    assert "error: digest-mismatch" in done.err, done.err
    assert not mark.exists()


def test_settings_of_a_second_line_count(run: Inside, tmp_path: Path) -> None:
    """The hooks have them, whichever line comes first."""
    write_project(tmp_path / "mine", "mine", "1.0")
    (tmp_path / "one.txt").write_text("./mine\n./mine --config-settings=level=9\n")
    done = run("wheel", "-w", "out", "-r", "one.txt")
    assert done.code == 0, done.err
    (wheel,) = (tmp_path / "out").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert json.loads(archive.read("mine/settings.json")) == {"level": "9"}


def test_a_run_that_takes_wheels_alone_loads_nothing_that_builds(index: IndexServer, tmp_path: Path) -> None:
    """Source archives beside the wheels change nothing about that."""
    for version in ("1.0", "2.0"):
        index.add("acme-both", version)
        index.add_sdist("acme-both", version)
    words = ["install", "--dry-run", "--index-url", index.url, "acme-both"]
    command = [sys.executable, "-X", "importtime", "-m", "safepip", *words]
    environ = clean_environment(tmp_path / "home")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "safepip.commands.catalogue" in loaded
    heavy = {"zipfile", "tarfile", "pyproject_hooks", "safepip.commands.building"}
    assert {name for name in loaded if name in heavy or name.startswith("safepip.edges.builder.")} == set()
