"""The table of `README.md`: the jobs that matter, by safepip, pip and uv side by side, within a quarter of an hour.

Every job is done at least once by each program, short ones five times, long ones as often as the time lets, and the
table says how often. To save time nothing is done for one job that another one has left behind: warm jobs have the
caches of the cold ones before them, and what has nothing to do the environment of an install. Each program has done a
small set first. Ratios, targets and notes are as in `compare.py`.

    table.py                                    prints it
    table.py --write                            and writes it into README.md, where all went well
    table.py --rounds 5 --minutes 120 --write   five rounds of everything
    table.py --sets M                           a part of it
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import compare
import world
import written
from tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare import Bench, Job, Run
    from tools import Room

#: The sets of the table, in its order.
SETS = ("M", "L")

#: What is left out: of the large set what the small one tells as well, since each run of it takes a minute.
LEFT_OUT = {
    "M": ("from a lock without bytecode",),
    "L": ("from a lock", "without bytecode"),
}

#: Further options of safepip for the jobs that have variants.
VARIANTS = ("--jobs 1", "--jobs 4")

HEADINGS = (
    "job, set, round trip",
    "times faster than pip",
    "times uv's time",
    "CPU: pip's / safepip's",
    "memory: safepip's / pip's",
    "rounds",
)


class Row(NamedTuple):
    """A job and what its programs took, round by round."""

    job: Job
    results: dict[str, list[Run]]


def chosen_jobs(sets: Sequence[str] = SETS) -> list[Job]:
    """The jobs of the table: each comes behind the one that leaves behind what it needs."""
    jobs = [job for workload in sets for job in compare.jobs() if job.workload == workload]
    return [job for job in jobs if not any(words in job.name for words in LEFT_OUT[job.workload])]


def kind(job: Job) -> str:
    """Jobs of one set and of one kind share their rooms: dry runs, installs and installs from a lock."""
    return "dry" if job.dry_run else "locked" if job.locked else "install"


def _is_short(job: Job) -> bool:
    """Whether all is there already that a job is to install."""
    return job.prepared == "installed"


class Rounds:
    """Deals the time to the jobs. `clock` is in seconds."""

    def __init__(self, seconds: float, rounds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._rounds = clock, rounds
        self._end = clock() + seconds
        self._cost: dict[Job, float] = {}

    def deal(self, jobs: Sequence[Job], once: Callable[[Job, int], None]) -> None:
        """Do short jobs `rounds` times, then each other job once and again as often as there is time for it.

        Further rounds begin with the shortest. An install leaves behind what the jobs after it need, in the first round
        and for all others. What has nothing to do is short, too, and is done at once as often as it is to be: to make
        or to remove another target touches the files that its own has in common with it.
        """
        for number in range(self._rounds):
            for job in jobs:
                if job.dry_run:
                    self._do(job, number, once)
        installs = [job for job in jobs if not job.dry_run]
        for job in installs:
            for number in range(self._rounds if _is_short(job) else 1):
                self._do(job, number, once)
        longer = [job for job in installs if not _is_short(job)]
        for number in range(1, self._rounds):
            for job in sorted(longer, key=self._cost.__getitem__):
                if self._clock() + self._cost[job] <= self._end:
                    self._do(job, number, once)

    def _do(self, job: Job, number: int, once: Callable[[Job, int], None]) -> None:
        begin = self._clock()
        once(job, number)
        self._cost[job] = max(self._cost.get(job, 0.0), self._clock() - begin)


class Table:
    """Measures on a bench, whose rooms last as long as this does. `rows` are what was found, in the jobs' order."""

    def __init__(self, bench: Bench, jobs: Sequence[Job]) -> None:
        self._bench = bench
        self._rooms: dict[tuple[str, str, str], Room] = {}
        self.rows = [Row(job, {}) for job in jobs]

    def once(self, job: Job, number: int) -> None:
        """One round of a job."""
        programs = [tool for tool in self._bench.programs if job.variants or not tool.more]
        rooms = {tool.name: self._room(tool, job) for tool in programs}
        results = next(row.results for row in self.rows if row.job is job)
        if not number and _is_short(job):
            # As in `compare.py`: what a first run remembers of the environment is there.
            for tool in programs:
                self._bench.run(tool, job, rooms[tool.name])
        done = self._bench.round(job, programs, rooms, number)
        for name, run in done.items():
            results.setdefault(name, []).append(run)
        if not number:
            self._bench.compare_choices(job, [tool for tool in programs if tool.name in done], rooms)
        if sys.stderr.isatty():
            print(f"\r{job.name}, {job.workload}, round {number + 1:<40}", end="", file=sys.stderr, flush=True)

    def _room(self, tool: Tool, job: Job) -> Room:
        """The room of a program for one kind of job. Variants of a program have its cache."""
        key = job.workload, kind(job), tool.folder
        if key not in self._rooms:
            self._rooms[key] = self._bench.room(tool, job, self._bench.folder.joinpath("rooms", *key))
            if tool.more:
                same = (other for other in self._bench.programs if other.command == tool.command and not other.more)
                self._rooms[key] = dataclasses.replace(self._rooms[key], cache=self._room(next(same), job).cache)
        return self._rooms[key]


def lines(rows: Iterable[Row]) -> list[str]:
    """The table in Markdown."""
    found = ["| " + " | ".join(HEADINGS) + " |", "|---" * len(HEADINGS) + "|"]
    for job, results in rows:
        found.append("| " + " | ".join(_cells(job, results)) + " |")
        for name in results:
            if name.startswith("safepip "):
                other = dataclasses.replace(job, name=f"{job.name}, `{name[8:]}`", against_pip=None, against_uv=None)
                found.append("| " + " | ".join(_cells(other, results | {"safepip": results[name]})) + " |")
    return found


def _cells(job: Job, results: dict[str, list[Run]]) -> list[str]:
    title, faster, uv, cpu, _, memory, *_ = compare.row(job, results)
    return [title, faster, uv, cpu, memory, str(min(map(len, results.values()), default=0))]


def incomplete(rows: Iterable[Row], programs: Sequence[Tool]) -> list[str]:
    """A sentence for each job of which a program has not done every round."""
    found = []
    for job, results in rows:
        wanted = [tool.name for tool in programs if job.variants or not tool.more]
        counts = {name: len(results.get(name, ())) for name in wanted}
        if len(set(counts.values())) != 1 or not all(counts.values()):
            found.append(f"{job.name}, {job.workload}: rounds that ended well: {counts}")
    return found


def _programs(safepip: str, uv: str) -> list[Tool]:
    """The three programs, and safepip with each of VARIANTS that it knows."""
    command = tuple(shlex.split(safepip))
    options = subprocess.run([*command, "install", "--help"], check=True, capture_output=True, text=True).stdout
    variants = [Tool(f"safepip {words}", command, tuple(words.split())) for words in VARIANTS]
    known = [tool for tool in variants if tool.more[0] in options]
    return [Tool("safepip", command), Tool("pip"), Tool("uv", tuple(shlex.split(uv))), *known]


def _versions(programs: Sequence[Tool]) -> str:
    """The versions of Python, pip and uv, for the line above the table."""
    import pip

    uv = next(tool for tool in programs if tool.name == "uv")
    if shutil.which(uv.command[0]) is None:
        raise SystemExit(f"{uv.command[0]} is not there: install uv beside safepip, or name it with --uv")
    said = subprocess.run([*uv.command, "--version"], check=True, capture_output=True, text=True).stdout
    return f"Python {sys.version.split()[0]}, pip {pip.__version__}, uv {said.split()[1]}"


def finish(text: list[str], problems: Sequence[str], path: Path | None) -> int:
    """Print the table with what went wrong; where nothing did, write it to a file that has a place for it. The exit
    code: 1 where something went wrong, and then nothing is written."""
    print("\n".join(text))
    for problem in problems:
        print(f"\nnote: {problem}")
    if path is not None and not problems:
        written.write("speed", text, path)
    return 1 if problems else 0


def main() -> int:
    """Measure and print the table; 1 where a job failed or a program chose otherwise, and then nothing is written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(sys.executable).parent
    parser.add_argument("--world", type=Path, default=world.default())
    parser.add_argument("--rounds", type=int, default=5, help="at most so many (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=14, help="a further round ends by then (default: %(default)s)")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--uv", default=str(beside / "uv"), help="the command (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    arguments = parser.parse_args()
    if arguments.write and set(arguments.sets) != set(SETS):
        parser.error("--write is for all sets")
    state, begin = written.state(), time.monotonic()
    programs = _programs(str(beside / "safepip"), arguments.uv)
    rounds = Rounds(arguments.minutes * 60, arguments.rounds)
    with tempfile.TemporaryDirectory() as folder, compare.index(arguments.world, []) as url:
        bench = compare.Bench(Path(folder), url, programs)
        bench.measure(next(job for job in compare.jobs() if job.workload == "S"), 1)
        table = Table(bench, chosen_jobs(arguments.sets))
        rounds.deal([row.job for row in table.rows], table.once)
    minutes = (time.monotonic() - begin) / 60
    head = f"{state}; {_versions(programs)}; {minutes:.0f} minutes."
    problems = bench.notes + incomplete(table.rows, programs) + written.moved(state)
    return finish([head, "", *lines(table.rows)], problems, written.README if arguments.write else None)


if __name__ == "__main__":
    sys.exit(main())
