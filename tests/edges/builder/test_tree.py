"""Two trees have one digest where all that a build could read of them is the same, and only there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.edges.builder import tree
from safepip.edges.builder.tree import digest_of_tree
from safepip.model.errors import Refused, Unavailable
from support.growth import check_growth

if TYPE_CHECKING:
    from pathlib import Path

#: A tree: a folder by its entries' names, a file by content and execute bit, a link by its target.
Tree: TypeAlias = "dict[str, Tree | tuple[bytes, bool] | str]"

_NAMES = st.sampled_from(["a", "b", "ab", "a.b", "a-b", "\xe9", "e\u0301", "A", "x\ny", " "])
_LEAVES = st.one_of(
    st.tuples(st.sampled_from([b"", b"a", b"b", b"x" * 32]), st.booleans()), st.sampled_from(["a", "b", "ab", "../x"])
)
_TREES = st.dictionaries(
    _NAMES, st.recursive(_LEAVES, lambda inner: st.dictionaries(_NAMES, inner, max_size=3), max_leaves=6), max_size=4
)

needs_links = pytest.mark.skipif(os.name != "posix", reason="links and execute bits are made as on POSIX systems")


def write(folder: Path, entries: Tree) -> None:
    """Make a tree."""
    folder.mkdir()
    for name, entry in entries.items():
        if isinstance(entry, dict):
            write(folder / name, entry)
        elif isinstance(entry, str):
            (folder / name).symlink_to(entry)
        else:
            (folder / name).write_bytes(entry[0])
            (folder / name).chmod(0o755 if entry[1] else 0o644)


def digest(folder: Path, entries: Tree) -> str:
    """Of a tree that is made for it."""
    shutil.rmtree(folder, ignore_errors=True)
    write(folder, entries)
    return digest_of_tree(str(folder)).hex


@needs_links
@settings(max_examples=150, deadline=None)
@given(one=_TREES, other=_TREES)
def test_one_digest_means_one_tree(one: Tree, other: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names, kinds, contents, execute bits, targets, empty folders."""
    base = tmp_path_factory.getbasetemp()
    assert (digest(base / "one", one) == digest(base / "elsewhere", other)) == (one == other)


@needs_links
def test_each_change_of_a_byte_or_a_kind_shows(tmp_path: Path) -> None:
    """Among them trees whose names and contents, written one behind the other, are the same text."""
    trees: list[Tree] = [
        {"a": (b"b", False)},
        {"a": (b"b", True)},
        {"a": (b"c", False)},
        {"a": "b"},
        {"a": {}},
        {"a": {"b": (b"", False)}},
        {"ab": (b"", False)},
        {"a": (b"", False), "b": (b"", False)},
        {"a": (b"", False)},
        {},
        {"a": {"b": {}}},
        {"a": {}, "b": {}},
    ]
    assert len({digest(tmp_path / "t", each) for each in trees}) == len(trees)


@needs_links
def test_times_owners_and_other_permissions_do_not_count(tmp_path: Path) -> None:
    """A second checkout has others."""
    before = digest(tmp_path / "t", {"a": (b"x", False), "d": {"b": (b"y", True)}})
    (tmp_path / "t" / "a").chmod(0o600)
    (tmp_path / "t" / "d").chmod(0o700)
    os.utime(tmp_path / "t" / "a", (1, 1))
    assert digest_of_tree(str(tmp_path / "t")).hex == before


@needs_links
def test_what_version_control_keeps_does_not_count(tmp_path: Path) -> None:
    """In the root, and that of git in submodules; a folder of another program further down is one like any other."""
    plain: Tree = {"a": (b"x", False), "sub": {"b": (b"y", False)}}
    kept: Tree = {
        **plain,
        **{name: {"x": (b"", False)} for name in (".git", ".hg", ".svn", ".bzr")},
        "sub": {"b": (b"y", False), ".git": (b"gitdir: ../.git/modules/sub", False)},
    }
    before = digest(tmp_path / "t", plain)
    assert digest(tmp_path / "t", kept) == before
    assert digest(tmp_path / "t", {**plain, "sub": {"b": (b"y", False), ".hg": {"x.py": (b"", False)}}}) != before
    assert digest_of_tree(str(tmp_path / "t"), leave_out=("sub", "a")) != digest_of_tree(str(tmp_path / "t"))


@needs_links
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """What it leads to is no part of the tree."""
    (tmp_path / "outside").mkdir()
    before = digest(tmp_path / "t", {"l": "../outside"})
    (tmp_path / "outside" / "x").write_text("x")
    assert digest_of_tree(str(tmp_path / "t")).hex == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """Without waiting for it."""
    os.mkfifo(tmp_path / "p")
    with pytest.raises(Refused, match="unreadable-tree"):
        digest_of_tree(str(tmp_path))


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """And never a part that is passed over."""
    with pytest.raises(Unavailable, match="unreadable-tree"):
        digest_of_tree(str(tmp_path / "none"))


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the list of them fits into memory."""
    write(tmp_path / "t", {str(number): {} for number in range(6)})
    digest_of_tree(str(tmp_path / "t"))
    monkeypatch.setattr(tree, "MOST_ENTRIES", 5)
    with pytest.raises(Refused, match="unreadable-tree"):
        digest_of_tree(str(tmp_path / "t"))


def test_the_time_grows_with_the_number_of_files(tmp_path: Path) -> None:
    """The square would be 256 times."""

    def made(size: int) -> str:
        folder = tmp_path / str(size)
        if not folder.exists():
            write(folder, {f"f{number}": (b"x", False) for number in range(size)})
        return str(folder)

    check_growth(digest_of_tree, made, 20, 20)
