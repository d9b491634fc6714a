"""How many processors a process may use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from safepip.edges.programs.processors import usable

if TYPE_CHECKING:
    from pathlib import Path


def group(root: Path, groups: str, **limits: str) -> str:
    """A system's files: /proc/self/cgroup, and `cpu.max` of groups, whose slashes are `__` here."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, limit in limits.items():
        folder = root / "sys/fs/cgroup" / name.strip("_").replace("__", "/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.max").write_text(limit)
    return str(root)


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which this process may run on eight."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def test_those_it_may_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system tells, and else all."""
    assert usable(str(tmp_path)) == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable(str(tmp_path)) == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable(str(tmp_path)) == 1


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ({"a__b": "150000 100000\n", "a": "max 100000\n"}, 2),
        ({"a__b": "max 100000\n", "a": "300000 100000\n"}, 3),
        ({"_": "50000 100000\n"}, 1),
        ({"a__b": "9900000 100000\n"}, 8),
        ({"a__b": "x 1"}, 8),
        ({"a__b": "1 0"}, 8),
        ({"a__b": ""}, 8),
        ({"other": "100000 100000\n"}, 8),
    ],
)
def test_no_more_than_its_group_is_given(limits: dict[str, str], count: int, tmp_path: Path) -> None:
    """By its own group and those above it; what cannot be read does not count."""
    assert usable(group(tmp_path, "1:cpu:/v1\n0::/a/b\n", **limits)) == count


def test_a_group_that_is_not_named_does_not_count(tmp_path: Path) -> None:
    """The first version of groups has no such line; a name that leads out is taken without that."""
    assert usable(group(tmp_path / "one", "4:cpu:/a\n", a="100000 100000")) == 8
    assert usable(group(tmp_path / "two", "0::/../../a\n", a="100000 100000")) == 1
