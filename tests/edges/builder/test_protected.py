"""What lies in a folder of the user's own and is not for a build to change, in each fence that this machine has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.bubblewrap import BubblewrapFence
from safepip.edges.builder.fence import holds
from safepip.edges.builder.fenced_command import FencedCommand
from safepip.edges.builder.kept_places import kept_places, mounts_of
from safepip.edges.builder.landlock import LandlockFence
from safepip.edges.builder.protected import state_of
from safepip.edges.builder.toolchains import interpreter_folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from safepip.edges.builder.fenced_command import Fence

#: Tries to change what is protected in several ways, and to write beside it.
TRY = """
import os, sys
folder = sys.argv[1]
def attempt(what, *words):
    try:
        what(*words)
    except OSError as error:
        print("refused", error.strerror)
attempt(lambda: open(os.path.join(folder, ".venv", "new.pth"), "w").close())
attempt(lambda: open(os.path.join(folder, ".venv", "there"), "a").write("more"))
attempt(os.unlink, os.path.join(folder, ".venv", "there"))
attempt(os.rename, os.path.join(folder, ".venv"), os.path.join(folder, "moved"))
attempt(lambda: open(os.path.join(folder, ".git", "hooks"), "w").close())
open(os.path.join(folder, "allowed"), "w").close()
"""


@pytest.fixture(params=[BubblewrapFence.of_this_system, LandlockFence.of_this_kernel], ids=["bubblewrap", "landlock"])
def fence(request: pytest.FixtureRequest) -> Fence:
    """Each that works here."""
    found: Fence | None = request.param()
    if found is None or not holds(found):
        pytest.skip("this machine cannot run it")
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an environment and a repository in it."""
    folder = tmp_path / "project"
    for name in (".venv", ".git"):
        (folder / name).mkdir(parents=True)
        (folder / name / "there").write_text("as it was")
    return folder


def tried(fence: Fence, project: Path) -> tuple[str, ...]:
    """What is protected, after the attempts."""
    protected = mounts_of(kept_places(str(project), [str(project / ".venv"), str(project / "absent")]))
    assert len(protected) == 2
    command = FencedCommand(
        arguments=(sys.executable, "-c", TRY, str(project)),
        cwd=str(project),
        environ={"HOME": str(project), "TMPDIR": str(project)},
        readable=interpreter_folders(sys.executable),
        writable=(str(project),),
        protected=protected,
    )
    outcome = fence.run(command)
    assert outcome.code == 0, outcome.output
    assert (project / "allowed").exists()
    return protected


def test_what_is_protected_stays_or_its_change_is_seen(fence: Fence, project: Path) -> None:
    """Only Landlock lets it be changed; and then that is seen."""
    before = state_of([str(project / ".venv"), str(project / ".git")])
    protected = tried(fence, project)
    if fence.kind == "landlock":
        assert state_of(protected) != before
    else:
        assert state_of(protected) == before
        assert sorted(path.name for path in project.iterdir()) == [".git", ".venv", "allowed"]


def test_every_kind_of_change_shows(project: Path) -> None:
    """Content with its old time, a mode, a name, a file more, a file less."""
    venv = project / ".venv"

    def rewritten() -> None:
        times = (venv / "there").stat()
        (venv / "there").write_text("otherwise")
        os.utime(venv / "there", ns=(times.st_atime_ns, times.st_mtime_ns))

    changes: list[Callable[[], object]] = [
        rewritten,
        lambda: (venv / "there").chmod(0o700),
        lambda: (venv / "there").rename(venv / "other"),
        lambda: (venv / "deep").mkdir(),
        lambda: (venv / "deep").rmdir(),
        lambda: (venv / "link").symlink_to("other"),
    ]
    seen = [state_of([str(venv)])]
    for change in changes:
        change()
        seen.append(state_of([str(venv)]))
    assert len(set(seen)) == len(seen)
    assert state_of([str(venv)]) == seen[-1]


def test_groups_stay_as_they_were(fence: Fence, project: Path) -> None:
    """As root the folder is lent to another user for a while; what comes back is what was there."""
    if os.geteuid() != 0:
        pytest.skip("only root's files are lent")
    (project / "own").write_text("")
    os.chown(project / "own", 0, 23456)
    tried(fence, project)
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in project.iterdir()}
    assert owners["own"] == (0, 23456)
    assert owners["allowed"][0] == 0
    assert owners["allowed"][1] in (0, os.getegid())


def test_a_folder_that_holds_what_is_protected_cannot_be_replaced(fence: Fence, project: Path) -> None:
    """Else another one could be put in its place, with what the build wants in it."""
    deep = project / "one" / "two" / ".venv"
    deep.mkdir(parents=True)
    (deep / "there").write_text("as it was")
    text = "import os\ntry: os.rename('one', 'other'); os.makedirs('one/two/.venv')\nexcept OSError: print('refused')"
    command = FencedCommand(
        arguments=(sys.executable, "-c", text),
        cwd=str(project),
        environ={"HOME": str(project), "TMPDIR": str(project)},
        readable=interpreter_folders(sys.executable),
        writable=(str(project),),
        protected=(str(deep),),
    )
    before = state_of([str(deep)])
    outcome = fence.run(command)
    if fence.kind == "landlock":
        assert state_of([str(deep)]) != before
    else:
        assert outcome.output == b"refused\n"
        assert (deep / "there").read_text() == "as it was"
