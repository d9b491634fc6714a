"""The usual layout: the environment that a project is installed into lies in the project's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import candidates, find_fence, holds
from support.environment import make_environment
from support.sources import write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Done, Inside

FENCES = {fence.kind: fence for fence in candidates()}


@pytest.fixture(params=["bubblewrap", "landlock"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of the only fence that is found."""
    fence = FENCES.get(request.param)
    if fence is None or not holds(fence):
        pytest.skip("this machine cannot run it")
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: fence)
    return fence.kind


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an environment and a repository in it."""
    folder = tmp_path / "project"
    folder.mkdir()
    make_environment(folder / "envs")
    (folder / ".venv").symlink_to("envs")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("")
    return folder


def wheel(run: Inside, project: Path, *words: str) -> Done:
    """`safepip wheel` for the environment in the project."""
    python = project / ".venv" / "bin" / "python"
    return run("wheel", "--no-index", "--python", str(python), "-w", "out", *words)


def dry(run: Inside, environment: Path, *words: str) -> Done:
    """What an installation into an environment would do."""
    return run("install", "--dry-run", "--no-index", "--python", str(environment / "bin" / "python"), *words)


def test_a_build_cannot_change_what_runs_later(kind: str, run: Inside, project: Path) -> None:
    """In the one fence it is mounted read-only; in the other a copy is built. Each hook tries each of the places."""
    places = (".venv/hook.pth", "envs/hook.pth", ".git/config", ".git/hooks")
    write_project(project, "acme-mine", "1.0", marks=[str(project / place) for place in places])
    done = wheel(run, project, "./project")
    assert done.code == 0, done.err
    assert f"(fence: {kind})" in done.out
    for place in places:
        assert not (project / place).exists() or (project / place).read_text() == "", place


#: What a build may try that a fence cannot forbid in a folder that it may write.
NEW = {
    "a link to another environment": "if os.path.lexists('.venv'): os.unlink('.venv'); os.symlink('evil', '.venv')",
    "a repository": "os.makedirs('docs/.git'); open('docs/.git/config', 'w').close()",
    "a repository without a name": "[os.makedirs('docs/x/' + part) for part in ('HEAD', 'refs', 'objects')]",
    "an environment": "os.mkdir('env'); open('env/pyvenv.cfg', 'w').close()",
    "a policy": "open('safepip.toml', 'w').close()",
    "a policy in the project's file": "open('pyproject.toml', 'a').write('[tool.safepip]\\nx = 1\\n')",
    "a target": "os.mkdir('vendor')",
}


@pytest.mark.usually(
    "bubblewrap-an environment",
    "bubblewrap-a repository",
    "landlock-an environment",
    "landlock-a policy",
    "landlock-a link*",
)
@pytest.mark.parametrize("what", NEW)
def test_what_a_build_newly_makes_is_seen(kind: str, what: str, run: Inside, project: Path) -> None:
    """Or it is made in a copy, and the folder is as it was."""
    then = {"prepare_metadata_for_build_wheel": f"import os\n{NEW[what]}"}
    write_project(project, "acme-mine", "1.0", then=then)
    before = sorted(path.name for path in project.iterdir())
    target = ("--target", str(project / "vendor"))
    done = dry(run, project / ".venv", *(target if what == "a target" else ()), "./project")
    if kind == "bubblewrap":
        assert "error: build-reached-out" in done.err
        assert done.code == 20
    else:
        assert done.code == 0, done.err
        assert sorted(path.name for path in project.iterdir()) == before


def test_a_build_may_write_the_rest(kind: str, run: Inside, project: Path) -> None:
    """Also other parts of pyproject.toml, and what version control has of its own stays readable."""
    then = {"build_wheel": "import os\nopen('.git/config').read()\nopen('pyproject.toml', 'a').write('#')\n"}
    write_project(project, "acme-mine", "1.0", then=then)
    (project / "safepip.toml").write_text("")
    (project / "link").symlink_to("pyproject.toml")
    done = wheel(run, project, "./project")
    assert done.code == 0, done.err


def test_an_editable_beside_an_environment(kind: str, run: Inside, project: Path) -> None:
    """It can only be built where it is, so it is not built where the environment cannot be held."""
    mark = project / "ran"
    write_project(project, "acme-mine", "1.0", marks=[str(mark)])
    done = dry(run, project / ".venv", "-e", "./project")
    if kind == "landlock":
        assert done.code == 20
        assert "error: environment-in-reach" in done.err
    assert mark.exists() == (kind == "bubblewrap")


def test_an_editable_in_a_repository(kind: str, run: Inside, project: Path, tmp_path: Path) -> None:
    """It is built where it is; a change of what git runs programs by is seen."""
    (project / ".venv").unlink()
    (project / "envs").rename(tmp_path / "envs")
    then = {"prepare_metadata_for_build_wheel": "open('.git/index', 'w').close()"}
    write_project(project, "acme-mine", "1.0", then=then if kind == "landlock" else {})
    done = dry(run, tmp_path / "envs", "-e", "./project")
    assert done.code == 0, done.err
    write_project(project, "acme-mine", "1.0", marks=[str(project / ".git" / "config")])
    done = dry(run, tmp_path / "envs", "-e", "./project")
    assert ("error: build-reached-out" in done.err) == (kind == "landlock"), done.err


@pytest.mark.skipif(find_fence() is None, reason="this machine has no fence")
@pytest.mark.parametrize("words", [(".",), ("-e", ".")])
def test_a_home_folder_is_not_built_in_a_fence(words: tuple[str, ...], run: Inside, tmp_path: Path) -> None:
    """The build could read and write all that the fence is there to keep from it. It is refused before it runs."""
    mark = tmp_path / "ran"
    write_project(tmp_path, "acme-mine", "1.0", marks=[str(mark)])
    done = run("install", "--dry-run", "--no-index", *words)
    assert done.code == 20
    assert "error: own-folder-too-wide" in done.err
    assert not mark.exists()
