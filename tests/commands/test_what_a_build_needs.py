"""What has to be there before a backend runs, and when it is asked although its project states everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
