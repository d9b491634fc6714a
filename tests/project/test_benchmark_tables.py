"""The tables that benchmarks write say what was measured, stand in their places, and leave all else as it was."""

from __future__ import annotations

import json
import math
import shutil
import sys
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
def table() -> Any:
    return import_module("table")


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


@pytest.mark.parametrize("name", ["growth", "speed"])
def test_the_readme_has_its_places(written: Any, name: str) -> None:
    """Each program finds the one that it writes to."""
    assert "| a |" in written.placed(written.README.read_text(encoding="utf-8"), name, ["| a |"])


def test_a_table_is_of_this_checkout(written: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A commit beside the figures of another one would be wrong."""
    monkeypatch.setattr(written, "HERE", tmp_path / "benchmarks")
    with pytest.raises(SystemExit, match="not its checkout"):
        written.state()


def test_a_table_is_of_one_commit(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed or changed meanwhile was measured in part; the day may be another one."""
    said = {"rev-parse": "abc1234", "status": ""}
    monkeypatch.setattr(written, "_git", lambda *words: said[words[0]])
    before = written.state()
    assert before.endswith(", commit abc1234")
    assert written.moved(before.replace("20", "19", 1)) == []
    said["status"] = " M src/safepip/__main__.py"
    assert "with changes" in written.moved(before)[0]
    said.update({"rev-parse": "def5678", "status": ""})
    assert "def5678" in written.moved(before)[0]


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


# --- the table of speed


class Clock:
    """Goes on when a job is done, by what the job costs."""

    def __init__(self, costs: dict[str, float]) -> None:
        self.costs, self.now, self.done = costs, 0.0, list[str]()

    def once(self, job: Any, number: int) -> None:
        assert number == self.done.count(job.name)
        self.done.append(job.name)
        self.now += self.costs[job.name]


def dealt(table: Any, seconds: float, costs: dict[str, float]) -> Clock:
    """What is done in that time; `dry` is a dry run, and `nothing` has nothing to do."""
    compare = import_module("compare")
    clock = Clock(costs)
    there = {"nothing": "installed"}
    jobs = [compare.Job(name, "M", there.get(name, ""), dry_run=name.startswith("dry")) for name in costs]
    table.Rounds(seconds, 5, lambda: clock.now).deal(jobs, clock.once)
    return clock


def test_every_job_is_done_and_short_ones_often(table: Any) -> None:
    """However little time there is; and no round is begun that would not end in time."""
    costs = {"cold": 30.0, "warm": 20.0, "nothing": 1.0, "dry": 2.0}
    clock = dealt(table, 0, costs)
    assert clock.done == ["dry"] * 5 + ["cold", "warm"] + ["nothing"] * 5
    clock = dealt(table, 120, costs)
    assert clock.done[12:] == ["warm", "cold"]
    assert clock.now <= 120
    assert set(map(dealt(table, 10_000, costs).done.count, costs)) == {5}


def test_the_jobs_of_the_table_find_what_they_presuppose(table: Any) -> None:
    """In the same room, left by a job before them; and each promise that has a target is there."""
    left: set[tuple[str, str, str]] = set()
    for job in table.chosen_jobs():
        room = job.workload, table.kind(job)
        assert not job.prepared or (*room, job.prepared) in left, job
        left |= {(*room, "cache"), *([(*room, "installed")] if not job.dry_run else [])}
    names = {(job.name, job.workload) for job in table.chosen_jobs()}
    assert {(f"{heat} install", size) for heat in ("cold", "warm") for size in "ML"} <= names
    assert {(f"{heat} install without bytecode", "M") for heat in ("cold", "warm")} <= names
    assert {(f"{heat} install from a lock", "M") for heat in ("cold", "warm")} <= names


def test_what_failed_is_not_written(table: Any, written: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Real runs on a real index: two programs that do the same, and one that fails."""
    compare, growth, shapes, tools = map(import_module, ("compare", "growth", "shapes", "tools"))
    source = tmp_path / "shapes.json"
    source.write_text(json.dumps(growth.SERIES[0].shapes(2)), encoding="utf-8")
    small = shapes.load(source)
    monkeypatch.setattr(shapes, "load", lambda: small)
    readme = tmp_path / "README.md"
    readme.write_text(before := "\n".join(written.markers("speed")))
    safepip = tools.Tool("safepip", (sys.executable, "-P", "-m", "safepip"))
    jobs = [compare.Job("cold dry-run", "G", delay=0), compare.Job("cold install", "G", dry_run=False, delay=0)]

    def measured(*programs: Any) -> Any:
        """The table of one round, and what is wrong with it."""
        bench.programs = programs
        found = table.Table(bench, jobs)
        table.Rounds(0, 1).deal(jobs, found.once)
        shutil.rmtree(tmp_path / "rooms")
        return found, bench.notes + table.incomplete(found.rows, bench.programs)

    with compare.index(tmp_path / "world", ["--shapes", str(source)]) as url:
        bench = compare.Bench(tmp_path, url, [])
        good, problems = measured(safepip, tools.Tool("pip"))
        assert problems == []
        _, problems = measured(tools.Tool("other", ("false",)))
    lines = table.lines(good.rows)
    assert [len(row.results[name]) for row in good.rows for name in ("safepip", "pip")] == [1, 1, 1, 1]
    assert lines[2].startswith("| cold dry-run, G, 0 ms | ")
    assert any("other ended with" in problem for problem in problems)
    assert sum("rounds that ended well" in problem for problem in problems) == len(jobs)
    assert (table.finish(lines, problems, readme), readme.read_text()) == (1, before)
    assert table.finish(lines, [], readme) == 0
    assert "\n".join(lines) in readme.read_text()


@pytest.mark.parametrize("dry_run", [True, False])
def test_another_choice_is_a_note(table: Any, dry_run: bool, tmp_path: Path) -> None:
    """Of a dry run by its report, of an install by what is in the target then."""
    compare, tools = import_module("compare"), import_module("tools")
    programs, rooms = [tools.Tool("safepip"), tools.Tool("pip")], {}
    for tool, version in zip(programs, ("1.0", "2.0"), strict=True):
        base = tmp_path / tool.name
        (base / "target" / f"demo-{version}.dist-info").mkdir(parents=True)
        (base / "output").touch()
        (base / "report.json").write_text(json.dumps({"install": [{"metadata": {"name": "demo", "version": version}}]}))
        rooms[tool.name] = tools.Room(base / "target", base / "cache", base / "requirements.txt", base / "report.json")
    bench = compare.Bench.__new__(compare.Bench)
    bench.notes = []
    bench.compare_choices(compare.Job("any", "M", dry_run=dry_run), programs[:1], rooms)
    assert bench.notes == []
    bench.compare_choices(compare.Job("any", "M", dry_run=dry_run), programs, rooms)
    assert ["pip chose otherwise than safepip" in note for note in bench.notes] == [True]


def test_a_variant_has_a_row_of_its_own_and_no_target(table: Any) -> None:
    """It is held against the same runs of the others."""
    compare = import_module("compare")
    job = compare.Job("warm install", "M", "cache", dry_run=False, against_pip=1.4, variants=True)
    times = {"safepip": 5.0, "pip": 10.0, "uv": 2.0, "safepip --jobs 1": 8.0}
    results = {name: [compare.Run(wall, wall, 50.0, 0)] * 2 for name, wall in times.items()}
    _, _, plain, one = table.lines([table.Row(job, results)])
    assert plain.split(" | ")[1:3] == ["2.00 (2.00..2.00) >= 1.4: met", "2.50 (2.50..2.50)"]
    assert one.split(" | ")[:3] == ["| warm install, `--jobs 1`, M, 20 ms", "1.25 (1.25..1.25)", "4.00 (4.00..4.00)"]
    assert plain.endswith("| 2 |")
