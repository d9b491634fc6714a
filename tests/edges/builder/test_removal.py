"""What a build leaves behind is removed whatever it is, and nothing beside it is touched, by each user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.yard import OTHER_USER, python_for, source_for_all, user_options

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Makes what a hostile backend can make, and calls what is tested.
PROGRAM = """\
import os, sys
from safepip.edges.builder.removal import keep_only, remove
from safepip.edges.builder.scratch import Scratch
what, base = sys.argv[1:]
os.chdir(base)
os.mkdir("left")
if what == "folders without rights":
    os.makedirs("left/a/b/c")
    open("left/a/b/c/file", "w").close()
    for path in ("left/a/b/c", "left/a/b", "left/a", "left"):
        os.chmod(path, 0)
elif what == "links out":
    os.makedirs("left/locked")
    os.symlink(base + "/beside/file", "left/locked/link")
    os.symlink(base + "/beside", "left/locked/folder")
    os.symlink(base + "/beside", "left/folder")
    os.chmod("left/locked", 0o500)
elif what == "a deep tree":
    os.chdir("left")
    for _ in range(1200):
        os.mkdir("deeper")
        os.chdir("deeper")
    open("file", "w").close()
    os.chdir(base)
elif what == "many forms":
    os.mkfifo("left/pipe")
    os.link("beside/file", "left/second-name")
    open(b"left/\\xff\\x1b[2J", "w").close()
elif what == "a folder that is held":
    os.chmod(base, 0o500)
elif what == "all but one":
    os.makedirs("left/sub/sub")
    os.symlink(base + "/beside/file", "left/sub/link")
    os.symlink(base + "/beside/file", "left/link")
    open("left/answer", "w").close()
    os.chmod("left/sub", 0o500)
    os.chmod("left", 0o500)
    keep_only("left", "answer")
    assert os.listdir("left") == ["answer"]
elif what.startswith("a link"):
    os.makedirs("left/a/b/c")
    turning = "left/a" if what.endswith("at the top") else "left/a/b"
    scandir = os.scandir

    class Turned(list):
        # A process of the build puts a link in the place of a folder that was just found to be one.
        def __init__(self, where):
            super().__init__(scandir(where))
            if {entry.name for entry in self} == {os.path.basename(turning)} and not os.path.islink(turning):
                for entry in self:
                    entry.is_dir()
                os.rename(turning, "beside/taken")
                os.symlink(base + "/beside", turning)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    os.scandir = Turned
remove(os.path.join(base, "left"))
print(os.path.lexists("left"))
"""


@pytest.fixture(params=["the tests' user", "ordinary"])
def base(request: pytest.FixtureRequest) -> Iterator[tuple[Path, str, int | None]]:
    """A folder with something beside what is removed, a Python, and the user whose both are."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such modes and links")
    user = OTHER_USER if request.param == "ordinary" else None
    if user is not None and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    python = python_for(user)
    if python is None:
        pytest.skip("there is no Python 3.11 that another user may run")
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="safepip-removal-")))
    beside = folder / "beside"
    beside.mkdir(mode=0o755)
    (beside / "file").write_text("not the build's")
    (beside / "file").chmod(0o644)
    if user is not None:
        for path in (folder, beside, beside / "file"):
            os.chown(path, user, user)
    yield folder, python, user
    folder.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    "what",
    [
        "folders without rights",
        "links out",
        "a deep tree",
        "many forms",
        "a folder that is held",
        "all but one",
        "a link in the place of a folder",
        "a link at the top",
    ],
)
def test_everything_goes_and_nothing_else_changes(what: str, base: tuple[Path, str, int | None]) -> None:
    """Neither the mode of what a link points to, nor that of the folder above."""
    folder, python, user = base
    before = {path: path.stat().st_mode for path in folder.rglob("*")}
    done = subprocess.run(
        [python, "-c", PROGRAM, what, str(folder)],
        env={"PYTHONPATH": str(source_for_all())},
        capture_output=True,
        text=True,
        check=False,
        **user_options(user),
    )
    held = what == "a folder that is held" and (user is not None or os.geteuid() != 0)
    # A link that came while it was at work stays, and is removed by the next run.
    stays = held or what.startswith("a link")
    assert (done.returncode, done.stdout) == (0, f"{stays}\n"), done.stderr
    assert folder.stat().st_mode & 0o777 == (0o500 if what == "a folder that is held" else 0o700)
    assert {path: path.stat().st_mode for path in before} == before
    assert (folder / "beside" / "file").read_text() == "not the build's"
