"""Which folders are too wide for a build to write in."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.own_folder import check_own_folder
from safepip.model.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fences exist on Linux alone")


def refused(root: Path | str, home: Path, scratch: Path) -> str:
    """What is wrong with it, empty for a folder that may be built."""
    try:
        check_own_folder(str(root), str(home), str(scratch), "acme")
    except Refused as error:
        found = error.diagnostics[0]
        return f"{found.reference}: {found.message}"
    return ""


@pytest.mark.parametrize("root", ["/", "/usr", "/etc", "/opt", "/var", "/home", tempfile.gettempdir()])
def test_a_folder_of_the_system_is_too_wide(root: str, tmp_path: Path) -> None:
    """It is never a project's."""
    assert refused(root, tmp_path / "home", tmp_path / "scratch").startswith("own-folder-too-wide: ")


def test_what_holds_a_home_or_the_scratch_folder_is_too_wide(tmp_path: Path) -> None:
    """Itself, above it, and by a link."""
    home, scratch, beside = (tmp_path / name for name in ("all/home", "all/scratch", "all/project"))
    for folder in (home, scratch, beside):
        folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    assert "home folder" in refused(home, home, scratch)
    assert "home folder" in refused(tmp_path / "all", home, scratch)
    assert "home folder" in refused(tmp_path / "link", home, scratch)
    assert "in which safepip works" in refused(scratch, home, scratch)
    assert refused(beside, home, scratch) == ""


def test_a_project_may_lie_in_a_folder_of_the_system(tmp_path: Path) -> None:
    """Images keep theirs in `/usr/src/app`, `/app` or `/opt/app`; nothing has to be there for the answer."""
    for root in ("/usr/src/app", "/app", "/opt/app", "/home/ada/acme", "/srv/acme"):
        assert refused(root, tmp_path / "home", tmp_path / "scratch") == ""
