"""What is unpacked at all is what pip would have unpacked: any members, in any order."""

from __future__ import annotations

import os
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.utils.unpacking import unpack_file

from safepip.edges.builder.archives import unpack
from safepip.model.errors import Refused
from support.source_archives import Entry, tar_of, zip_of_files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and execute bits are made as on POSIX systems")

_PARTS = st.sampled_from(["a", "b", "x.py", "A", ".", "..", "", "\xe9", "e\u0301", "x" * 120])
_ODD = st.lists(_PARTS, min_size=1, max_size=3).map("/".join)
_PLAIN = st.builds(
    "{}{}".format, st.sampled_from(["", "", "a/", "a/b/", "c/"]), st.sampled_from(["x.py", "y", "z", "\xe9"])
)
_NAMES = st.one_of(*[_PLAIN] * 9, _ODD)
_IN_ONE = _NAMES.map(lambda name: f"t/{name}")
_MODES = st.sampled_from([0o644, 0o755, 0o4711, 0o601, 0])


def _entries(names: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
    def made(kind: bytes, contents: tuple[bytes, ...], targets: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
        values = st.tuples(names, st.sampled_from(contents), st.just(kind), targets, _MODES)
        return values.map(lambda value: Entry(*value))

    files = made(tarfile.REGTYPE, (b"", b"x", b"y" * 600), st.just(""))
    folders = made(tarfile.DIRTYPE, (b"",), st.just(""))
    hard = made(tarfile.LNKTYPE, (b"",), names)
    soft = made(tarfile.SYMTYPE, (b"",), st.one_of(*[_NAMES] * 5, st.just("/etc")))
    return st.one_of(*[files] * 6, *[folders] * 2, hard, *[soft] * 2)


def _tree(folder: Path) -> dict[str, object]:
    """Names, kinds, contents, permissions, times of files. A target is what it leads to, however it is written."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name, status = path.relative_to(folder).as_posix(), path.lstat()
        if path.is_symlink():
            found[name] = os.path.normpath(os.readlink(path))
        else:
            found[name] = (status.st_mode, status.st_mtime, path.read_bytes()) if path.is_file() else status.st_mode
    return found


def _compare(base: Path, name: str, data: bytes) -> bool:
    """Unpack it twice where safepip does; whether it did."""
    ours, pips, archive = base / "ours", base / "pips", base / name
    for folder in (ours, pips):
        shutil.rmtree(folder, ignore_errors=True)
    archive.write_bytes(data)
    try:
        unpack(str(archive), name, str(ours))
    except Refused:
        assert not ours.exists()
        return False
    unpack_file(str(archive), str(pips))
    one, other = _tree(ours), _tree(pips)
    if name.endswith(".zip"):
        one, other = ({path: value[::2] if isinstance(value, tuple) else value for path, value in tree.items()}
                      for tree in (one, other))  # fmt: skip
    assert one == other
    return True


@settings(max_examples=80, deadline=None)
@given(
    entries=st.lists(_entries(_IN_ONE), min_size=1, max_size=5) | st.lists(_entries(_NAMES), min_size=1, max_size=4),
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_a_tar_archive_that_is_unpacked_is_unpacked_as_by_pip(
    entries: list[Entry], form: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files, folders, links, one name several times, with and without a folder around everything."""
    _compare(tmp_path_factory.getbasetemp(), "t.tar", tar_of(entries, form=form))


@settings(max_examples=100, deadline=None)
@given(
    files=st.lists(st.tuples(_IN_ONE | _NAMES, st.sampled_from([b"", b"x", b"y" * 600])), min_size=1, max_size=4),
    mode=st.sampled_from([0, 0o100644, 0o100755]),
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_zip_archive_that_is_unpacked_is_unpacked_as_by_pip(
    files: list[tuple[str, bytes]], mode: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same for the other form."""
    _compare(tmp_path_factory.getbasetemp(), "t.zip", zip_of_files(files, mode))


def test_some_are_unpacked(tmp_path: Path) -> None:
    """So that the comparison compares."""
    entries = [Entry("t/a", b"x", mode=0o755), Entry("t/b/c", kind=tarfile.SYMTYPE, target="../a")]
    assert _compare(tmp_path, "t.tar", tar_of([*entries, Entry("t/d", kind=tarfile.LNKTYPE, target="t/a")]))
    assert _compare(tmp_path, "t.zip", zip_of_files([("t/a", b"x"), ("t/b/c", b"y")], 0o100755))
