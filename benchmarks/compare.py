"""safepip, pip and uv side by side on the synthetic index: ratios, beside the targets.

In each round every program does the job once, in turn, the first one changing from round to round. A ratio is the
median over the rounds; in brackets its smallest and largest value, which tell how far to trust it on a noisy machine.
Ratios of processor time, children included, are steadier than those of the clock. Nothing here passes or fails.

    compare.py                              everything; takes long
    compare.py --only dry-run --rounds 5    the jobs whose name contains a word
    compare.py --sets L --tools safepip uv  one set, two programs
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import shapes
import tools
import world
from tools import Room, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of run on one set. `prepared` says what is there before: "", "cache" or "installed".

    `against_pip` is how many times faster than pip safepip should be, `against_uv` how many times uv's time it may
    take; None where there is no target. `delay` is the round trip in milliseconds. `locked` jobs install what
    `safepip lock` wrote: safepip and uv from `pylock.toml`, pip from requirements with hashes. `variants` are done by
    safepip with further options as well.
    """

    name: str
    workload: str
    prepared: str = ""
    dry_run: bool = True
    compile_bytecode: bool = True
    delay: float = 20
    against_pip: float | None = None
    against_uv: float | None = None
    locked: bool = False
    variants: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: seconds by the clock, seconds of processor time, peak memory in MB, and requests."""

    wall: float
    cpu: float
    memory: float
    requests: int


def jobs() -> list[Job]:
    """Every job, in the order of the targets."""
    found = []
    for workload in ("S", "M", "L", "XL"):
        goal = workload in {"M", "L"}
        near = {"M": 2.0, "L": 2.5}.get(workload)
        found += [
            Job("cold dry-run", workload, delay=20, against_pip=6 if goal else None, against_uv=near),
            Job("cold dry-run", workload, delay=80, against_uv=1.5 if goal else None),
            Job("warm dry-run", workload, "cache"),
        ]
    found += [Job("backtracking cold dry-run", "B", against_pip=10, against_uv=3)]
    found += [Job("backtracking warm dry-run", "B", "cache", against_pip=10, against_uv=3)]
    for workload in ("M", "L"):
        cold: dict[str, Any] = {"workload": workload}
        warm = cold | {"prepared": "cache"}
        found += [
            *_installs("cold install", against_uv=2, **cold),
            *_installs("warm install", variants=True, **warm),
            *_installs("cold install from a lock", locked=True, **cold),
            *_installs("warm install from a lock", locked=True, **warm),
            Job("nothing to do", workload, "installed", False, True, against_pip=4 if workload == "M" else None),
        ]
    return found


def _installs(name: str, against_uv: float | None = None, **fields: Any) -> list[Job]:
    """An install with bytecode and without; compiling takes all programs long, so that uv's time is for the latter."""
    compiled = Job(name, dry_run=False, against_pip=1.4, **fields)
    bare = dataclasses.replace(compiled, name=f"{name} without bytecode", compile_bytecode=False)
    return [compiled, dataclasses.replace(bare, against_pip=1, against_uv=against_uv)]


class Bench:
    """The folders, the template and the running index of one comparison. `notes` are what went wrong."""

    def __init__(self, folder: Path, url: str, programs: list[Tool]) -> None:
        self.folder, self.url, self.programs = folder, url, programs
        self.template = tools.template(folder)
        self.notes: list[str] = []
        self._locks: dict[str, dict[str, Path]] = {}

    def measure(self, job: Job, rounds: int) -> dict[str, list[Run]]:
        """Run a job `rounds` times by each program that can do it."""
        programs = [tool for tool in self.programs if job.variants or not tool.more]
        rooms = {tool.name: self.room(tool, job, self.folder / "rooms" / tool.folder) for tool in programs}
        able = [tool for tool in programs if self.run(tool, job, rooms[tool.name]) is not None]
        results: dict[str, list[Run]] = {tool.name: [] for tool in able}
        for number in range(rounds):
            for name, run in self.round(job, able, rooms, number).items():
                results[name].append(run)
        self.compare_choices(job, [tool for tool in able if results[tool.name]], rooms)
        # The first runs of the next job, which count for nothing, take longer than ext4 remembers what was deleted.
        shutil.rmtree(self.folder / "rooms")
        return {name: runs for name, runs in results.items() if len(runs) == rounds}

    def round(self, job: Job, programs: Sequence[Tool], rooms: dict[str, Room], number: int) -> dict[str, Run]:
        """One run of each program, beginning with another one in each round; without those that failed."""
        found = {}
        turn = number % len(programs) if programs else 0
        for tool in (*programs[turn:], *programs[:turn]):
            self.reset(job, rooms[tool.name])
            run = self.run(tool, job, rooms[tool.name])
            if run is not None:
                found[tool.name] = run
        return found

    def room(self, tool: Tool, job: Job, base: Path) -> Room:
        """A new room in a folder, with an empty target and no cache."""
        base.mkdir(parents=True)
        room = Room(base / "target", base / "cache", base / "requirements.txt", base / "report.json")
        room.requirements.write_text("\n".join(shapes.load().requirements(job.workload)) + "\n", encoding="utf-8")
        tools.fresh_target(self.template, room.target)
        if not job.locked:
            return room
        if job.workload not in self._locks:
            self._locks[job.workload] = tools.locked(self.folder, self.url, room.requirements, job.workload)
        lock = self._locks[job.workload]["pip" if tool.name == "pip" else "others"]
        return dataclasses.replace(room, requirements=lock)

    def reset(self, job: Job, room: Room) -> None:
        """Take out of a room what its last run has left there and this job does not presuppose."""
        if not job.prepared:
            tools.set_aside(room.cache)
        if not job.dry_run and job.prepared != "installed":
            tools.fresh_target(self.template, room.target)

    def run(self, tool: Tool, job: Job, room: Room) -> Run | None:
        """One run; None, and a note, where it fails."""
        self._control(f"set?delay={job.delay}")
        command = tool.arguments(room, self.url, dry_run=job.dry_run, compile_bytecode=job.compile_bytecode)
        self._control("counts")
        output = room.report.parent / "output"
        run = tools.measure(command, self.folder, output)
        counts = self._control("counts")
        if run.code:
            self.notes.append(
                f"{job.name} {job.workload}: {tool.name} ended with {run.code}: {tools.last_words(output)}"
            )
            return None
        requests = sum(counts[kind] for kind in ("pages", "sidecars", "ranges", "files", "missing"))
        return Run(run.wall, run.cpu, run.memory, requests)

    def compare_choices(self, job: Job, able: Sequence[Tool], rooms: dict[str, Room]) -> None:
        """A note where a program chose otherwise: it did another job, and its ratios mean nothing."""
        if not able:
            return
        chosen = {}
        for tool in able:
            room = rooms[tool.name]
            output = (room.report.parent / "output").read_text(encoding="utf-8", errors="replace")
            chosen[tool.name] = tool.chosen(room, output) if job.dry_run else tools.installed(room)
        first = chosen[able[0].name]
        for name, choice in chosen.items():
            if choice != first:
                some = sorted(choice ^ first)[:6]
                self.notes.append(f"{job.name} {job.workload}: {name} chose otherwise than {able[0].name}: {some}")

    def _control(self, words: str) -> dict[str, int]:
        return control(self.url, words)


def control(url: str, words: str) -> dict[str, int]:
    """Tell the index at `url` something (`server` says what); what was asked of it since the last time."""
    with urllib.request.urlopen(url.removesuffix("simple/") + "-/" + words) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts


@contextlib.contextmanager
def serving(folder: Path, options: list[str]) -> Iterator[dict[str, str]]:
    """A folder, served by a process of its own; gives what that process says of its URLs."""
    command = [sys.executable, str(HERE / "index.py"), "serve", str(folder), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the index did not start")
        yield json.loads(line)  # leaving the block closes its input, at which it ends


@contextlib.contextmanager
def index(folder: Path, options: list[str]) -> Iterator[str]:
    """The synthetic index; gives its URL."""
    with serving(folder, options) as reported:
        yield reported["url"]


def ratio(results: dict[str, list[Run]], over: str, under: str, of: Callable[[Run], float]) -> list[float]:
    """The ratios of two programs, round by round, sorted; empty where one of them has no result."""
    if over not in results or under not in results:
        return []
    return sorted(of(left) / of(right) for left, right in zip(results[over], results[under], strict=True) if of(right))


def cell(ratios: list[float], target: float | None = None, *, at_least: bool = False) -> str:
    """A ratio with its range and, where there is one, its target."""
    if not ratios:
        return "-"
    middle = statistics.median(ratios)
    text = f"{middle:.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f})"
    if target is None:
        return text
    sign, met = (">=", middle >= target) if at_least else ("<=", middle <= target)
    return f"{text} {sign} {target:g}: {'met' if met else 'missed'}"


def row(job: Job, results: dict[str, list[Run]]) -> list[str]:
    """One line of the table, of safepip without further options."""
    requests = " / ".join(
        str(results[name][-1].requests) if name in results else "-" for name in ("safepip", "pip", "uv")
    )
    memory = 1.0 if job.workload == "L" and not job.prepared else None
    return [
        f"{job.name}, {job.workload}, {job.delay:g} ms",
        cell(ratio(results, "pip", "safepip", lambda run: run.wall), job.against_pip, at_least=True),
        cell(ratio(results, "safepip", "uv", lambda run: run.wall), job.against_uv),
        cell(ratio(results, "pip", "safepip", lambda run: run.cpu)),
        cell(ratio(results, "safepip", "uv", lambda run: run.cpu)),
        cell(ratio(results, "safepip", "pip", lambda run: run.memory), memory),
        cell(ratio(results, "pip", "uv", lambda run: run.wall)),
        requests,
    ]


HEADINGS = (
    "job, set, round trip",
    "times faster than pip",
    "times uv's time",
    "CPU: pip's / safepip's",
    "CPU: safepip's / uv's",
    "memory: safepip's / pip's",
    "pip's time / uv's",
    "requests safepip / pip / uv",
)


def main() -> None:
    """Run the jobs that the command line selects and print the table as they end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(sys.executable).parent
    parser.add_argument("--world", type=Path, default=world.default())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", metavar="WORD", default="", help="jobs whose name contains it")
    parser.add_argument("--sets", nargs="+", default=["M", "L", "B"], choices=sorted(shapes.load().roots))
    parser.add_argument("--tools", nargs="+", default=["safepip", "pip", "uv"], choices=["safepip", "pip", "uv"])
    parser.add_argument(
        "--also", nargs="+", metavar="OPTIONS", default=[], help="warm installs by safepip with '--jobs 1' and the like"
    )
    parser.add_argument("--delay", type=float, metavar="MS", help="this round trip instead of each job's own")
    parser.add_argument("--safepip", default=str(beside / "safepip"), help="the command (default: %(default)s)")
    parser.add_argument("--uv", default=str(beside / "uv"), help="the command (default: %(default)s)")
    parser.add_argument(
        "--index", metavar="OPTIONS", default="", help="for the index, such as '--no-sidecars --no-gzip'"
    )
    parser.add_argument("--seconds", action="store_true", help="also print medians in seconds and MB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single run to a file")
    arguments = parser.parse_args()
    commands = {"safepip": tuple(shlex.split(arguments.safepip)), "uv": tuple(shlex.split(arguments.uv)), "pip": ()}
    programs = [Tool(name, commands[name]) for name in arguments.tools]
    programs += [Tool(f"safepip {words}", commands["safepip"], tuple(words.split())) for words in arguments.also]
    wanted = [job for job in jobs() if arguments.only in job.name and job.workload in arguments.sets]
    if arguments.delay is not None:
        # Jobs that differed by their round trip alone are one job now.
        once = {(job.name, job.workload): job for job in reversed(wanted)}
        wanted = [dataclasses.replace(job, delay=arguments.delay) for job in reversed(once.values())]
    every = []
    print("| " + " | ".join(HEADINGS) + " |\n|" + "---|" * len(HEADINGS), flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        index(arguments.world, shlex.split(arguments.index)) as url,
    ):
        bench = Bench(Path(folder), url, programs)
        for job in wanted:
            results = bench.measure(job, arguments.rounds)
            print("| " + " | ".join(row(job, results)) + " |", flush=True)
            for name in results:
                if name.startswith("safepip "):
                    # The variant in the place of safepip; it has no targets of its own.
                    other = dataclasses.replace(job, name=f"{job.name} {name[8:]}", against_pip=None, against_uv=None)
                    print("| " + " | ".join(row(other, results | {"safepip": results[name]})) + " |", flush=True)
            if arguments.seconds:
                _print_seconds(results)
            runs = {name: [dataclasses.asdict(run) for run in runs] for name, runs in results.items()}
            every.append({"job": dataclasses.asdict(job), "runs": runs})
    for note in bench.notes:
        print(f"\nnote: {note}")
    if arguments.json:
        arguments.json.write_text(json.dumps(every, indent=1), encoding="utf-8")


def _print_seconds(results: dict[str, list[Run]]) -> None:
    for name, runs in results.items():
        wall, cpu, memory = (statistics.median(getattr(run, key) for run in runs) for key in ("wall", "cpu", "memory"))
        print(f"    {name:8} {wall:8.3f} s   {cpu:8.3f} s of processor time   {memory:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
