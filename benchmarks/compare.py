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
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of run on one set. `prepared` says what is there before: "", "cache" or "installed".

    `against_pip` is how many times faster than pip safepip should be, `against_uv` how many times uv's time it may
    take; None where there is no target. `delay` is the round trip in milliseconds. `locked` jobs install what
    `safepip lock` wrote: safepip and uv from `pylock.toml`, pip from requirements with hashes.
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
        found += [
            Job("cold dry-run", workload, delay=20, against_pip=6 if goal else None, against_uv=2 if goal else None),
            Job("cold dry-run", workload, delay=80, against_uv=1.5 if goal else None),
            Job("warm dry-run", workload, "cache", against_pip=20 if goal else None, against_uv=2.5 if goal else None),
        ]
    found += [Job("backtracking cold dry-run", "B", against_pip=10, against_uv=3)]
    found += [Job("backtracking warm dry-run", "B", "cache", against_pip=10, against_uv=3)]
    for workload in ("M", "L"):
        found += [
            Job("cold install", workload, "", False, True, against_pip=2),
            Job("cold install without bytecode", workload, "", False, False, against_pip=2, against_uv=2),
            Job("warm install", workload, "cache", False, True, against_pip=1.5),
            Job("warm install without bytecode", workload, "cache", False, False, against_pip=1.5),
            Job("cold install from a lock", workload, "", False, False, locked=True),
            Job("warm install from a lock", workload, "cache", False, False, locked=True),
            Job("nothing to do", workload, "installed", False, True, against_pip=8, against_uv=4),
        ]
    return found


class Bench:
    """The folders, the template and the running index of one comparison."""

    def __init__(self, folder: Path, url: str, programs: list[Tool]) -> None:
        self.folder, self.url, self.programs = folder, url, programs
        self.template = tools.template(folder)
        self.notes: list[str] = []

    def measure(self, job: Job, rounds: int) -> dict[str, list[Run]]:
        """Run a job `rounds` times by each program that can do it."""
        self._control(f"set?delay={job.delay}")
        rooms = {tool.name: self._room(tool, job) for tool in self.programs}
        able = [tool for tool in self.programs if self._prepare(tool, job, rooms[tool.name])]
        results: dict[str, list[Run]] = {tool.name: [] for tool in able}
        for number in range(rounds):
            for tool in able[number % len(able) :] + able[: number % len(able)] if able else []:
                room = rooms[tool.name]
                self._reset(job, room)
                run = self._run(tool, job, room)
                if run is not None:
                    results[tool.name].append(run)
        self._compare_choices(job, [tool for tool in able if results[tool.name]], rooms)
        shutil.rmtree(self.folder / "rooms")
        return {name: runs for name, runs in results.items() if len(runs) == rounds}

    def _room(self, tool: Tool, job: Job) -> Room:
        base = self.folder / "rooms" / tool.name
        base.mkdir(parents=True)
        (base / "requirements.txt").write_text(
            "\n".join(shapes.load().requirements(job.workload)) + "\n", encoding="utf-8"
        )
        room = Room(base / "target", base / "cache", base / "requirements.txt", base / "report.json")
        if not job.locked:
            return room
        locked = tools.locked(self.folder, self.url, room)
        return dataclasses.replace(room, requirements=locked["pip" if tool.name == "pip" else "others"])

    def _prepare(self, tool: Tool, job: Job, room: Room) -> bool:
        """What the job presupposes, and a first run that warms the index and tells whether it works at all."""
        tools.fresh_target(self.template, room.target)
        return self._run(tool, job, room) is not None

    def _reset(self, job: Job, room: Room) -> None:
        if not job.prepared:
            shutil.rmtree(room.cache, ignore_errors=True)
        if not job.dry_run and job.prepared != "installed":
            tools.fresh_target(self.template, room.target)

    def _run(self, tool: Tool, job: Job, room: Room) -> Run | None:
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

    def _compare_choices(self, job: Job, able: list[Tool], rooms: dict[str, Room]) -> None:
        """A program that chose otherwise did another job; its ratios would mean nothing."""
        if not job.dry_run or not able:
            return
        chosen = {}
        for tool in able:
            output = (rooms[tool.name].report.parent / "output").read_text(encoding="utf-8", errors="replace")
            chosen[tool.name] = tool.chosen(rooms[tool.name], output)
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
    """One line of the table."""
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
