"""Wheels are read while others are on their way: each once, and none is waited for when the run is given up."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.disk import archive
from safepip.edges.disk.archive import ArchiveError, WheelReading, read_wheel
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.wheel import WheelContent


@pytest.fixture
def wheels(tmp_path: Path) -> list[tuple[str, str]]:
    """Some wheels, as their paths and names."""
    paths = [make_wheel(tmp_path, f"p{n}", "1.0", files={f"p{n}/x.txt": "x" * n * 1000}) for n in range(6)]
    return [(str(path), path.name) for path in paths]


@pytest.mark.parametrize("begun", [(), (4,), (5, 0, 2), range(6)])
@pytest.mark.parametrize("sound", [(), (1,), range(6)])
def test_each_wheel_is_read_once_whenever_that_began(
    wheels: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, begun: tuple[int, ...], sound: tuple[int, ...]
) -> None:
    """Those that have begun, those that have not, and those that are known to be sound: in the order asked for."""
    expected = [read_wheel(*file) for file in wheels]
    honest, read = archive._content, []

    def counted(path: str, filename: str, **more: Any) -> WheelContent | ArchiveError:
        read.append(path)
        return honest(path, filename, **more)

    monkeypatch.setattr(archive, "_content", counted)
    with WheelReading() as reading:
        for number in begun:
            reading.begin(*wheels[number])
        assert reading.contents(wheels, {wheels[number][0] for number in sound}) == expected
    assert sorted(read) == sorted(path for path, _ in wheels)


def test_leaving_gives_up_what_is_not_done(wheels: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error, or Ctrl-C, no thread goes on with the other wheels, nor with those that are half read."""
    outcomes: list[WheelContent | ArchiveError] = []
    honest, read, go = archive._content, [], threading.Event()

    def held(path: str, filename: str, **more: Any) -> WheelContent | ArchiveError:
        read.append(path)
        go.wait(60)
        outcomes.append(honest(path, filename, **more))
        return outcomes[-1]

    def interrupted() -> None:
        with WheelReading() as reading:
            for file in wheels * 10:
                reading.begin(*file)
            raise KeyboardInterrupt

    monkeypatch.setattr(archive, "_content", held)
    before = threading.active_count()
    timer = threading.Timer(0.2, go.set)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    timer.join()
    assert 0 < len(read) <= archive._THREADS
    assert [str(outcome) for outcome in outcomes] == ["the reading was given up"] * len(read)
    assert threading.active_count() == before


def test_wheels_are_read_in_the_order_asked_for(tmp_path: Path, wheels: list[tuple[str, str]]) -> None:
    """Whichever is done first, each stands at its place, and those that cannot be read as their errors."""
    (tmp_path / "broken-1.0-py3-none-any.whl").write_bytes(b"PK")
    bad = [(str(tmp_path / name), name) for name in ("broken-1.0-py3-none-any.whl", "missing-1.0-py3-none-any.whl")]
    with WheelReading() as reading:
        found = reading.contents([*wheels[:3], *bad, *wheels[3:]])
    assert all(isinstance(content, ArchiveError) for content in found[3:5])
    assert found[:3] + found[5:] == [read_wheel(*file) for file in wheels]


def test_no_wheels_are_no_content(wheels: list[tuple[str, str]]) -> None:
    """None and one wheel are read as several."""
    with WheelReading() as reading:
        assert reading.contents([]) == []
        assert reading.contents(wheels[:1]) == [read_wheel(*wheels[0])]


def test_one_file_under_two_names_is_read_under_each(tmp_path: Path) -> None:
    """Two indexes may have the same bytes under two names, and only one of them can be right."""
    path = make_wheel(tmp_path, "app", "1.0")
    names = [path.name, path.name.replace("app", "other")]
    with WheelReading() as reading:
        reading.begin(str(path), names[0])
        right, wrong = reading.contents([(str(path), name) for name in names])
    assert right == read_wheel(str(path), names[0])
    assert isinstance(wrong, ArchiveError)
