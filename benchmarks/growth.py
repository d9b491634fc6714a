"""How time and memory grow: with distributions, with versions and files on a page, and with versions that are tried.

For each point a synthetic index of its own (`growing.py`) is built once and served on loopback without a delay, and
safepip does the same jobs on it: a cold and a warm dry-run, and along the distributions an install from a warm store
without bytecode and the same again with nothing to do. Time is processor time, user and system, as the operating system
counts it; pip's part is that of the programs that safepip starts. Memory is safepip's own peak. Of several rounds the
least counts: whatever else a machine does only adds to it.

A run has a constant cost, which is what the first point (a count of 1) shows. The exponent between two neighbours is of
what comes on top of it: 1 is linear, 2 is quadratic. Where that is too little to be told from noise at the first of two
neighbours, the exponent is a least one (`>`); at both, there is none.

A curve is judged by its last stretch, over at least four times the count: noise makes much of a small step. What grows
there faster than by `--at-most` has a reason in REASONS, or the exit code is 1.

    growth.py                                   all of it, in some minutes
    growth.py --only distributions --rounds 5   one series
    growth.py --write                           also into README.md
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import shapes
import tools
import world
import written
from compare import index
from growing import SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from growing import Series

HERE = Path(__file__).parent

_EACH_ROUND = "resolvelib looks in each round at every project that it has met"
_EACH_CHOICE = "resolvelib keeps with each choice the tables of all choices before it"

#: Why something grows faster than linearly, by series and curve. What is not here has no reason to.
REASONS: dict[tuple[str, str], str] = {
    ("distributions", "cold dry-run"): _EACH_ROUND,
    ("distributions", "warm dry-run"): _EACH_ROUND,
    ("distributions", "cold dry-run: memory"): _EACH_CHOICE,
    ("distributions", "warm dry-run: memory"): _EACH_CHOICE,
    ("distributions", "install: memory"): _EACH_CHOICE,
    ("distributions", "install, safepip's part"): _EACH_ROUND,
    ("distributions", "install, pip's part"): f"in pip {_EACH_ROUND}",
}

#: What is on top of the constant cost is told from noise where it is at least this share of the whole: of processor
#: time, and of memory.
LEAST_SHARES = (0.1, 0.02)

#: Over how many times the count a curve is judged.
STRETCH = 4


class Used(NamedTuple):
    """What one run has used: seconds of processor time, and peak memory in MB."""

    own: float
    programs: float
    memory: float

    @property
    def all(self) -> float:
        """Seconds, the programs' included."""
        return self.own + self.programs


class Bench:
    """Runs safepip on one index, in a folder that is gone afterwards."""

    def __init__(self, folder: Path, template: Path, url: str, requirements: Sequence[str]) -> None:
        self._folder, self._template, self._url = folder, template, url
        self._target = folder / "target"
        (folder / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
        tools.fresh_target(template, self._target)

    def run(self, verb: str, cache: str, *words: str) -> Used:
        """One run. Ends the program where it fails."""
        report, output = self._folder / "used.json", self._folder / "output"
        arguments = [verb, "-q", "--no-input", "--progress-bar", "off", "-i", self._url, *words]
        arguments += ["--python", str(self._target), "--cache-dir", str(self._folder / cache)]
        arguments += ["-r", str(self._folder / "requirements.txt")]
        command = [sys.executable, "-P", str(HERE / "usage.py"), str(report), *arguments]
        done = tools.measure(command, self._folder, output)
        if done.code:
            raise SystemExit(f"safepip {' '.join(arguments)} ended with {done.code}:\n{tools.last_words(output)}")
        found = json.loads(report.read_text(encoding="utf-8"))
        return Used(found["own"]["cpu"], found["programs"]["cpu"], found["own"]["memory"] / 1024)

    def round(self, *, installs: bool) -> dict[str, Used]:
        """Every job once."""
        tools.set_aside(self._folder / "dry")
        found = {"cold dry-run": self.run("install", "dry", "--dry-run")}
        found["warm dry-run"] = self.run("install", "dry", "--dry-run")
        if installs:
            if not (self._folder / "store").exists():
                self.run("download", "store", "-d", str(self._folder / "wheels"))
            tools.fresh_target(self._template, self._target)
            found["install"] = self.run("install", "store", "--no-compile")
            found["nothing to do"] = self.run("install", "store", "--no-compile")
            tools.fresh_target(self._template, self._target)
        return found


def curves(points: dict[int, list[dict[str, Used]]]) -> dict[str, dict[int, float]]:
    """What grows, by its title: for each count the least of the rounds."""
    found: dict[str, dict[int, float]] = {}
    for count, rounds in points.items():
        for job in rounds[0]:
            used = [one[job] for one in rounds]
            if job == "install":
                found.setdefault("install, safepip's part", {})[count] = min(one.own for one in used)
                found.setdefault("install, pip's part", {})[count] = min(one.programs for one in used)
            else:
                found.setdefault(job, {})[count] = min(one.all for one in used)
            found.setdefault(f"{job}: memory", {})[count] = min(one.memory for one in used)
    return found


class Step(NamedTuple):
    """The growth from one count to another one; `least` says that it may be larger."""

    exponent: float
    least: bool

    def __str__(self) -> str:
        return f"{'>' if self.least else ''}{self.exponent:.2f}"


def step(title: str, curve: dict[int, float], before: int, after: int) -> Step | None:
    """The growth from one count to another, where that can be told.

    From the least count on a curve is taken for `a + b * (count - least) ** exponent`, of which `a` is measured.
    """
    least, share = min(curve), LEAST_SHARES[title.endswith(": memory")]
    constant, low, high = curve[least], curve[before], curve[after]
    if high - constant < share * high:
        return None
    unseen = low - constant < share * low
    ratio = (high - constant) / (share * low if unseen else low - constant)
    return Step(math.log(ratio) / math.log((after - least) / (before - least)), unseen)


def verdict(series: str, title: str, curve: dict[int, float], most: float) -> tuple[str, bool]:
    """What the last stretch of a curve comes to, and whether it may stay so."""
    last = max(curve)
    before = max(count for count in curve if count * STRETCH <= last)
    found = step(title, curve, before, last)
    if found is None or found.exponent <= most:
        return "linear or less", True
    reason = REASONS.get((series, title))
    grows = f"by {found} from {before:,} to {last:,}"
    return (f"{grows}: {reason}", True) if reason else (f"{grows}, FASTER than linear, for no known reason", False)


def table(series: Series, found: dict[str, dict[int, float]], most: float, *, absolute: bool) -> Iterator[str]:
    """The lines of a series: multiples of the second count's value, behind each the exponent from the one before."""
    first = series.counts[1]
    yield f"| {series.name} | " + " | ".join(f"{count:,}" for count in series.counts) + " | |"
    yield "|---|" + "--:|" * len(series.counts) + "---|"
    for title, curve in found.items():
        cells = [f"{value / curve[first]:.2f}" for value in curve.values()]
        for place, (before, after) in enumerate(pairwise(series.counts[1:]), 2):
            grown = step(title, curve, before, after)
            cells[place] += f" ({grown})" if grown else ""
        yield f"| {title} | " + " | ".join(cells) + f" | {verdict(series.name, title, curve, most)[0]} |"
        if absolute:
            unit = "MB" if title.endswith("memory") else "s"
            yield f"|   in {unit} | " + " | ".join(f"{curve[count]:.3f}" for count in series.counts) + " | |"


def measure(series: Series, folder: Path, worlds: Path, rounds: int) -> dict[int, list[dict[str, Used]]]:
    """All points of a series, all rounds of each."""
    template = tools.template(folder)
    found = {}
    for count in series.counts:
        source = folder / f"shapes-{count}.json"
        source.write_text(json.dumps(series.shapes(count)), encoding="utf-8")
        name = f"{series.name.replace(',', '').replace(' ', '-')}-{count}"
        place = folder / name
        place.mkdir()
        # In a process of its own: a child's peak memory is never less than its parent's was.
        build = [sys.executable, str(HERE / "index.py"), "build", str(worlds / name), "--shapes", str(source)]
        subprocess.run(build, check=True, stderr=subprocess.DEVNULL)
        with index(worlds / name, ["--as-is"]) as url:
            bench = Bench(place, template, url, shapes.load(source).requirements("G"))
            # All others are told from the first two, which are cheap.
            often = rounds * 3 if count in series.counts[:2] else rounds
            found[count] = [bench.round(installs=series.installs) for _ in range(often)]
        shutil.rmtree(place)
    return found


def main() -> int:
    """Measure, print a table for each series as it ends; 1 where something grows too fast for no known reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORD", default="", help="series whose name contains it")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--at-most", type=float, default=1.2, metavar="EXPONENT")
    parser.add_argument("--worlds", type=Path, default=Path(tempfile.gettempdir()) / f"{world.default().name}-growth")
    parser.add_argument("--seconds", action="store_true", help="also print seconds and MB")
    parser.add_argument("--write", action="store_true", help="write the tables into README.md; not with --only")
    arguments = parser.parse_args()
    if arguments.write and (arguments.only or arguments.seconds):
        parser.error("--write is for all series, and for no seconds")
    state = written.state() if arguments.write else ""
    begin, lines, good = time.monotonic(), [], True
    for series in SERIES:
        if arguments.only not in series.name:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            found = curves(measure(series, Path(temporary), arguments.worlds, arguments.rounds))
        rows = list(table(series, found, arguments.at_most, absolute=arguments.seconds))
        print("\n".join(rows) + "\n", flush=True)
        good &= all(verdict(series.name, title, curve, arguments.at_most)[1] for title, curve in found.items())
        lines += [*rows, ""]
    minutes = (time.monotonic() - begin) / 60
    print(f"{minutes:.1f} minutes")
    changed = written.moved(state) if arguments.write else []
    print("\n".join(changed))
    if arguments.write and good and not changed:
        head = (
            f"{state}, Python {sys.version.split()[0]}, the least of {arguments.rounds} rounds, {minutes:.0f} minutes."
        )
        written.write("growth", [head, "", *lines[:-1]])
    return 0 if good and not changed else 1


if __name__ == "__main__":
    sys.exit(main())
