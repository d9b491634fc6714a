"""Sources of advisories: folders and archives within bounds, and no half of one taken for a whole."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from safepip.advisories.database import EVERY_PROJECT
from safepip.edges.advisories import gathering, records
from safepip.edges.advisories.records import NotARecord, SourceFile, parse, read_archive, read_files
from safepip.model.errors import Unavailable
from support.advisories import NOW, record, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 1.10"))

YAML = """\
id: PYSEC-1
modified: 2024-03-01T00:00:00Z
affected:
- package: {name: demo, ecosystem: PyPI}
  ranges:
  - type: ECOSYSTEM
    events: [{introduced: 0}, {fixed: 1.10}]
"""


def archive(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", ".").replace("_s_", "/"), content)
    return path


def names(path: Path) -> list[str]:
    return [file.name for file in read_files(str(path))]


def test_a_folder_is_read_in_order_without_hidden_names(tmp_path: Path) -> None:
    """A clone has a `.git`, and a link that stands for no record decides nothing."""
    (tmp_path / "db" / ".git").mkdir(parents=True)
    (tmp_path / "db" / "vulns" / "b").mkdir(parents=True)
    for name in ("z.json", "a.json", ".git/x.json", "vulns/b/c.yaml", "README.md"):
        (tmp_path / "db" / name).write_text(json.dumps(ONE))
    os.symlink(tmp_path, tmp_path / "db" / ".git" / "link")
    os.symlink(tmp_path / "nowhere", tmp_path / "db" / "LICENSE")
    assert names(tmp_path / "db") == ["a.json", "vulns/b/c.yaml", "z.json"]


def test_an_archive_is_read_like_the_folder_that_it_holds(tmp_path: Path) -> None:
    """Other files in it are passed over."""
    made = archive(tmp_path / "all.zip", b__json="{}", a_s_a__json=json.dumps(ONE), README__md="words")
    assert names(made) == ["a/a.json", "b.json"]


def test_yaml_says_what_json_says() -> None:
    """A version stays the text that it is, and is no number."""
    read = parse(SourceFile("x.yaml", YAML.encode()))
    assert read["affected"] == [
        {"package": {"name": "demo", "ecosystem": "PyPI"}, "ranges": ONE["affected"][0]["ranges"]}
    ]


def alias_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"{"),
        ("x.json", b"\xff\xfe"),
        ("x.json", b"[" * 200_000),
        ("x.json", b""),
        ("x.yaml", alias_bomb().encode()),
        ("x.yaml", b"a: [b"),
        ("x.yaml", b"a: &a [*a]"),
        ("x.yml", b"a: 1\n--- \nb: 2"),
        ("x.yaml", b"\x00\x01"),
        ("x.yaml", b"!!python/object/apply:os.system [true"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_what_is_no_record_is_told_and_not_built(name: str, content: bytes) -> None:
    """Neither depth nor aliases cost more than the text."""
    with pytest.raises(NotARecord):
        parse(SourceFile(name, content))
    assert list(gathering.read_file(SourceFile(name, content), NOW).unreadable) == [None]


def bomb(path: Path) -> Path:
    return archive(path / "bomb.zip", a__json=" " * (records.LARGEST_RECORD + 1))


def truncated(path: Path) -> Path:
    made = archive(path / "cut.zip", a__json=json.dumps(ONE))
    made.write_bytes(made.read_bytes()[:-30])
    return made


def damaged(path: Path) -> Path:
    made = archive(path / "damaged.zip", a__json=json.dumps([ONE] * 20))
    data = bytearray(made.read_bytes())
    data[60:70] = b"\0" * 10
    made.write_bytes(data)
    return made


def in_directory(path: Path, name: bytes, offset: int) -> Path:
    """An archive whose directory has another name for its file, and another place for it, of eight bytes (APPNOTE
    4.3.12, 4.5.3)."""
    data = json.dumps(ONE).encode()
    sizes = struct.pack("<3I", zlib.crc32(data), len(data), len(data))
    member = b"PK\3\4" + struct.pack("<5H", 45, 0, 0, 0, 0) + sizes + struct.pack("<2H", 6, 0) + b"a.json" + data
    extra = struct.pack("<2HQ", 1, 8, offset)
    entry = b"PK\1\2" + struct.pack("<6H", 45, 45, 0, 0, 0, 0) + sizes
    entry += struct.pack("<5H2I", len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF) + name + extra
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, len(entry), len(member), 0)
    made = path / "odd.zip"
    made.write_bytes(member + entry + end)
    return made


def empty_folder(path: Path) -> Path:
    (path / "empty").mkdir()
    return path / "empty"


def deep_folder(path: Path) -> Path:
    below = path / "deep"
    below.joinpath(*["d"] * 40).mkdir(parents=True)
    (below / "a.json").write_text("{}")
    return below


def large_file(path: Path) -> Path:
    (path / "large").mkdir()
    (path / "large" / "a.json").write_bytes(b" " * (records.LARGEST_RECORD + 1))
    return path / "large"


def pipe(path: Path) -> Path:
    os.mkfifo(path / "pipe.zip")
    return path / "pipe.zip"


@pytest.mark.parametrize(
    "make",
    [bomb, truncated, damaged, empty_folder, deep_folder, large_file, pipe, lambda path: path / "missing"],
    ids=["bomb", "truncated", "damaged", "empty", "deep", "large", "pipe", "missing"],
)
def test_a_source_that_cannot_be_read_whole_is_not_read(make: Callable[[Path], Path], tmp_path: Path) -> None:
    """Half of one would look like a whole one."""
    with pytest.raises(Unavailable) as caught:
        list(read_files(str(make(tmp_path))))
    assert caught.value.diagnostics[0].reference == "advisories-unreadable"


@pytest.mark.parametrize(("name", "offset"), [(b"", 0), (b"a.json", 1 << 63), (b"a.json", (1 << 64) - 1)])
def test_an_archive_whose_directory_is_none_is_not_read(tmp_path: Path, name: bytes, offset: int) -> None:
    """From the disk and out of memory, which fail in ways of their own."""
    made = in_directory(tmp_path, name, offset)
    for files in (read_files(str(made)), read_archive(made.read_bytes(), "https://x.example/all.zip")):
        with pytest.raises(Unavailable, match="advisories-unreadable"):
            list(files)
    sound = in_directory(tmp_path, b"a.json", 0)
    assert [file.name for file in read_archive(sound.read_bytes(), "x")] == ["a.json"]


def test_the_bounds_hold_for_all_files_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many, and how large."""
    made = archive(tmp_path / "all.zip", a__json="{}", b__json="{}")
    for bound, value in (("MOST_RECORDS", 1), ("LARGEST_SOURCE", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(records, bound, value)
            with pytest.raises(Unavailable):
                list(read_files(str(made)))


def test_a_file_that_is_no_record_leaves_every_project_unverified(tmp_path: Path) -> None:
    """It is named by its path."""
    made: dict[str, Any] = {}
    reading = gathering.read_file(SourceFile("vulns/x.json", b"{"), NOW)
    made.update({name or EVERY_PROJECT: fault for name, fault in reading.unreadable.items()})
    assert made[EVERY_PROJECT][:2] == ("vulns/x.json", "it is not JSON")
