"""The tables that benchmarks write say what was measured, stand in their places, and leave all else as it was."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.inside import Inside

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs are no package: they find their neighbours beside them."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def written() -> Any:
    return import_module("written")


@pytest.fixture
def growth() -> Any:
    return import_module("growth")


# --- where a table stands


def test_a_table_takes_the_place_of_the_one_before(written: Any) -> None:
    """And what is around it stays."""
    begin, end = written.markers("speed")
    text = f"# Title\n\n{begin}\n\nold\n\n{end}\n\nmore\n"
    once = written.placed(text, "speed", ["| a |", "| b |"])
    assert once == f"# Title\n\n{begin}\n\n| a |\n| b |\n\n{end}\n\nmore\n"
    assert written.placed(once, "speed", ["| a |", "| b |"]) == once
    assert written.placed(once, "speed", ["old"]) == text


@pytest.mark.parametrize(
    "text", ["", "{begin}\n", "{end}\n", "{end}\n{begin}\n", "{begin}\n{begin}\n{end}\n", "{begin}\n{end}\n{end}\n"]
)
def test_without_its_place_a_table_is_not_written(written: Any, text: str, tmp_path: Path) -> None:
    """Nor where it would have two."""
    begin, end = written.markers("speed")
    path = tmp_path / "README.md"
    path.write_text(before := text.format(begin=begin, end=end))
    with pytest.raises(written.NoPlace):
        written.write("speed", ["| a |"], path)
    assert path.read_text() == before


def test_a_table_cannot_bring_the_end_of_its_place(written: Any) -> None:
    """The next one would not find it."""
    begin, end = written.markers("speed")
    with pytest.raises(written.NoPlace):
        written.placed(f"{begin}\n{end}\n", "speed", ["| a |", end])


@pytest.mark.parametrize("name", ["growth"])
def test_the_readme_has_its_places(written: Any, name: str) -> None:
    """Each program finds the one that it writes to."""
    assert "| a |" in written.placed(written.README.read_text(encoding="utf-8"), name, ["| a |"])


def test_a_table_is_of_this_checkout(written: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A commit beside the figures of another one would be wrong."""
    monkeypatch.setattr(written, "HERE", tmp_path / "benchmarks")
    with pytest.raises(SystemExit, match="not its checkout"):
        written.state()


# --- growth

COUNTS = (1, 10, 100, 1_000, 10_000)


def curve(of: Any) -> dict[int, float]:
    """The values of a function at the counts."""
    return {count: float(of(count)) for count in COUNTS}


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 2.0])
def test_the_exponent_is_found_whatever_the_constant_cost(growth: Any, power: float) -> None:
    """`a` in `a + b * n ** power` is what a run costs in any case."""
    found = growth.step("x", curve(lambda n: 3 + 0.1 * (n - 1) ** power), 1_000, 10_000)
    assert math.isclose(found.exponent, power)
    assert not found.least


def test_what_cannot_be_told_from_noise_is_not_told(growth: Any) -> None:
    """Neither where nothing grows, nor what it grew by before it was seen."""
    flat = curve(lambda n: 1 + 0.01 * math.log10(n))
    assert growth.step("x", flat, 1_000, 10_000) is None
    assert growth.verdict("any", "x", flat, 1.2) == ("linear or less", True)
    late = growth.step("x", curve(lambda n: 1 + 1e-6 * n**2), 100, 1_000)
    assert late.least
    assert str(late) == f">{late.exponent:.2f}"


def test_what_grows_too_fast_needs_a_reason(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the growth shows at the last point alone."""
    steep = curve(lambda n: 1 + 1e-6 * n**2)
    words, good = growth.verdict("distributions", "x", steep, 1.2)
    assert (good, "no known reason" in words) == (False, True)
    monkeypatch.setitem(growth.REASONS, ("distributions", "x"), "it is so")
    words, good = growth.verdict("distributions", "x", steep, 1.2)
    assert (good, words.endswith("it is so")) == (True, True)
    assert growth.verdict("distributions", "y", curve(lambda n: 1 + 1e-3 * n), 1.2) == ("linear or less", True)


def test_every_reason_is_of_a_curve(growth: Any) -> None:
    """One of another name would never be given."""
    used = growth.Used(1.0, 1.0, 1.0)
    for series in growth.SERIES:
        jobs = ["cold dry-run", "warm dry-run", *(["install", "nothing to do"] if series.installs else [])]
        titles = growth.curves({count: [dict.fromkeys(jobs, used)] for count in series.counts})
        assert {title for name, title in growth.REASONS if name == series.name} <= set(titles)
    assert {name for name, _ in growth.REASONS} <= {series.name for series in growth.SERIES}


def test_the_worlds_are_what_they_are_called(run: Inside, growth: Any) -> None:
    """So many versions are tried before the right one is found; so many distributions are needed."""
    compare, shapes = import_module("compare"), import_module("shapes")
    expected = {"versions that are tried": {"train-1.0.4", "rail-1.0.4"}, "distributions": None}
    for series in growth.SERIES:
        if series.name not in expected:
            continue
        source = run.folder / "shapes.json"
        source.write_text(json.dumps(series.shapes(10)), encoding="utf-8")
        world = run.folder / series.name
        with compare.index(world, ["--shapes", str(source)]) as url:
            requirements = shapes.load.__wrapped__(source).requirements("G")
            done = run("install", "--dry-run", "--ignore-installed", "-i", url, *requirements)
        assert done.code == 0, done
        chosen = set(done.out.split("Would install ")[1].split())
        assert len(chosen) == 10 if expected[series.name] is None else chosen == expected[series.name]


@pytest.mark.parametrize("count", [1, 10, 100])
def test_pages_have_so_many_versions_and_files(growth: Any, count: int, tmp_path: Path) -> None:
    """As the first column of their tables says."""
    world, shapes = import_module("world"), import_module("shapes")
    for series in growth.SERIES:
        if not series.name.endswith(("on a page", "long names")):
            continue
        source = tmp_path / f"{len(series.name)}.json"
        source.write_text(json.dumps(series.shapes(count)), encoding="utf-8")
        world.build(tmp_path / series.name, source)
        (page,) = (json.loads(path.read_text()) for path in (tmp_path / series.name / "pages").iterdir())
        assert len(page["files"]) == count
        assert series.name != "versions on a page" or len(page["versions"]) == count
        assert shapes.load(source).requirements("G") == [page["name"]]
