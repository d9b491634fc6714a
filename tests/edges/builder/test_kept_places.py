"""What is found in a folder that a build must leave as it is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.kept_places import kept_places, looks_of, mounts_of
from safepip.edges.builder.tree_copy import copy_of
from safepip.model.source import SourceTree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="builds are fenced on Linux alone")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with several of them."""
    root = tmp_path / "project"
    for path in ("envs/one/pyvenv.cfg", "a/b/.git", "a/bare/HEAD", "a/bare/objects/x", "a/bare/refs/x", ".hg/hgrc",
                 "safepip.toml", "pyproject.toml", "src/code.py", "store/x"):  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    (root / ".venv").symlink_to("envs/one")
    (root / "way").symlink_to("envs")
    return root


def test_all_kinds_are_found(folder: Path) -> None:
    """Links to an environment, and on the way to one that is given, are found as links."""
    places = kept_places(str(folder), [str(folder / "way" / "one"), str(folder / "absent"), str(folder / "store")])
    names = {os.path.relpath(path, folder) for path in places}
    assert names == {".venv", "way", "envs/one", "a/b/.git", "a/bare", ".hg", "safepip.toml", "pyproject.toml",
                     "absent", "store"}  # fmt: skip
    mounted = {os.path.relpath(path, folder) for path in mounts_of(places)}
    assert mounted == {"envs/one", "a/b/.git", "a/bare", ".hg", "safepip.toml", "store"}


def test_the_folder_itself_and_what_lies_outside_is_not_kept(folder: Path, tmp_path: Path) -> None:
    """A checkout lies in the target, as pip's `src`."""
    (folder / "pyvenv.cfg").write_text("")
    places = kept_places(str(folder), [str(folder), str(tmp_path), str(tmp_path / "other")])
    assert str(folder) not in places
    assert all(path.startswith(f"{folder}{os.sep}") for path in places)


def test_a_circle_of_links_ends(folder: Path) -> None:
    """It leads nowhere."""
    (folder / "circle").symlink_to("circle")
    assert str(folder / "circle") in kept_places(str(folder), [str(folder / "circle" / "env")])


def test_a_single_file_that_is_changed_is_seen(folder: Path) -> None:
    """safepip's own, where it is one file and lies in the project: larger than what is read each time."""
    (folder / "safepip.pyz").write_bytes(bytes(8 << 20))
    places = kept_places(str(folder), [str(folder / "safepip.pyz")])
    assert str(folder / "safepip.pyz") in mounts_of(places)
    before = looks_of(places, deep=True)
    with (folder / "safepip.pyz").open("r+b") as file:
        file.write(b"x")
    after = looks_of(places, deep=True)
    assert [path for path in before if before[path] != after[path]] == [str(folder / "safepip.pyz")]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("[build-system]\n", False),
        ("[tool.other]\n", False),
        ("[tool.safepip]\n", True),
        ('[tool."safe\\u0070ip"]\nx=1', True),
    ],
)
def test_of_a_pyproject_only_safepips_table_counts(folder: Path, text: str, seen: bool) -> None:
    """A build may write the rest."""
    places = kept_places(str(folder), ())
    before = looks_of(places, deep=False)
    (folder / "pyproject.toml").write_text(text)
    assert (looks_of(places, deep=False) != before) is seen


def test_a_copy_has_everything_but_what_is_left_out(folder: Path) -> None:
    """It is another tree: what is written to it is not in the folder."""
    os.mkfifo(folder / "pipe")
    tree = SourceTree(str(folder / "src"), str(folder), own=True)
    into = folder.parent / "scratch"
    copy = copy_of(tree, str(into), [str(folder / "envs" / "one"), str(folder / ".venv")])
    assert copy == SourceTree(str(into / "project" / "src"), str(into / "project"))
    there = {os.path.relpath(path, copy.root) for path in (into / "project").rglob("*")}
    assert {"src/code.py", ".hg/hgrc", "envs", "way"} <= there
    assert there.isdisjoint({"envs/one", ".venv", "pipe"})
    assert os.readlink(into / "project" / "way") == "envs"
