"""Two environments of safepip in turn, such as those of the commits before and after a change: ratios, after to before.

In each round both do the same job once, the first one changing from round to round. A ratio is the median over the
rounds of the ratio within a round; in brackets its smallest and largest value. Processor time is that of the whole
process and its children, in user and system mode; the server has a process of its own, which is not counted.

    paired.py --before PYTHON --after PYTHON                        every job; takes long
    paired.py --before PYTHON --after PYTHON --only dry-run --rounds 9
    paired.py ... --at-most dry-run cpu 1.15 --at-most stream wall 1.25

PYTHON is the interpreter of an environment in which that safepip is installed.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import shapes
import tools
import world
from compare import cell, control, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent

#: What can be bounded.
MEASURES = ("cpu", "wall", "memory")

#: The order of a job's two runs in one round.
SIDES = ("before", "after")


class Job(NamedTuple):
    """One kind of run. `requirements` are installed, downloaded or streamed; `delay` is in milliseconds."""

    name: str
    what: str
    requirements: tuple[str, ...]
    secure: bool
    delay: float

    @property
    def of_world(self) -> bool:
        """Whether it asks the synthetic index, and not that of the large files."""
        return self.name in ("dry-run", "warm dry-run", "install")

    @property
    def title(self) -> str:
        """For the table. Files come over HTTP/1.1 whatever the pages come over."""
        pages = self.of_world
        return f"{self.name}, {self.what}, {'TLS' if self.secure else 'plain'}" + (
            f", HTTP/{'2' if self.secure else '1.1'}, {self.delay:g} ms" if pages else ""
        )


@dataclass(frozen=True, slots=True)
class Place:
    """An index that runs: its plain URL, its secure one, and the certificate file for the latter."""

    url: str
    secure_url: str
    bundle: str

    def simple(self, job: Job) -> str:
        """The URL that a job is given."""
        return self.secure_url if job.secure else self.url


def jobs(bulk_names: Sequence[str], megabytes: int) -> list[Job]:
    """Every job, in the order of the table."""
    sets = shapes.load()
    found = [
        Job("dry-run", workload, tuple(sets.requirements(workload)), secure, 20)
        for workload in ("M", "L")
        for secure in (False, True)
    ]
    found += [
        Job("warm dry-run", workload, tuple(sets.requirements(workload)), secure=False, delay=20)
        for workload in ("M", "L")
    ]
    found.append(Job("install", "M", tuple(sets.requirements("M")), secure=False, delay=0))
    size = f"{megabytes} MB in {len(bulk_names)} files"
    return found + [
        Job(name, size, tuple(bulk_names), secure, 0) for name in ("download", "stream") for secure in (False, True)
    ]


class Bench:
    """Runs jobs in a folder of its own. `pythons` are the interpreters of the two sides."""

    def __init__(self, folder: Path, pythons: dict[str, str]) -> None:
        self.folder, self.pythons = folder, pythons
        self.target = tools.template(folder)
        self.requests: dict[str, int] = {}

    def measure(self, job: Job, place: Place, rounds: int) -> dict[str, list[tools.Measured]]:
        """`rounds` runs of each side, after one of each that nothing is taken from. Any failure ends the program."""
        control(place.url, f"set?delay={job.delay:g}")
        runs: dict[str, list[tools.Measured]] = {side: [] for side in SIDES}
        chosen = {side: self._run(side, job, place)[1] for side in SIDES}
        if chosen["before"] != chosen["after"]:
            raise SystemExit(f"{job.title}: the two did not do the same: {chosen}"[:2000])
        for number in range(rounds):
            for side in SIDES if number % 2 else reversed(SIDES):
                runs[side].append(self._run(side, job, place)[0])
        return runs

    def _run(self, side: str, job: Job, place: Place) -> tuple[tools.Measured, object]:
        """One run, and what it chose or fetched."""
        warm = job.name == "warm dry-run"
        base = self.folder / (f"warm-{job.what}-{side}" if warm else "run")
        if not warm:
            tools.set_aside(base)
        base.mkdir(exist_ok=True)
        room = tools.Room(self.target, base / "cache", base / "requirements.txt", base / "report.json")
        if job.name == "install":
            room = dataclasses.replace(room, target=base / "target")
            tools.fresh_target(self.target, room.target)
        room.requirements.write_text("\n".join(job.requirements) + "\n", encoding="utf-8")
        control(place.url, "counts")
        run = tools.measure(self._command(side, job, place, room), self.folder, base / "output")
        counts = control(place.url, "counts")
        if run.code:
            raise SystemExit(f"{job.title}: {side} ended with {run.code}: {tools.last_words(base / 'output')}")
        self.requests[side] = sum(counts[kind] for kind in ("pages", "sidecars", "ranges", "files", "missing"))
        if job.name == "install":
            return run, sorted(path.name for path in room.target.rglob("*.dist-info"))
        if job.of_world:
            return run, tools.Tool("safepip").chosen(room, "")
        if job.name == "download":
            return run, sorted((path.name, path.stat().st_size) for path in (base / "wheels").iterdir())
        return run, (base / "output").read_text(encoding="utf-8")

    def _command(self, side: str, job: Job, place: Place, room: tools.Room) -> list[str]:
        python, url = self.pythons[side], place.simple(job)
        if job.name == "stream":
            root = url.removesuffix("simple/") + "packages/"
            files = [f"{root}{name.replace('-', '_')}-1.0-py3-none-any.whl" for name in job.requirements]
            return [python, "-P", str(HERE / "stream_files.py"), place.bundle, *files]
        safepip = tools.Tool("safepip", (python, "-P", "-m", "safepip"))
        if job.of_world:
            words = safepip.arguments(room, url, dry_run=job.name != "install", compile_bytecode=False)
        else:
            words = [*safepip.command, "download", "-q", "--no-input", "--progress-bar", "off", "--no-deps", "-i", url]
            words += ["--cache-dir", str(room.cache), "-d", str(room.requirements.parent / "wheels")]
            words += ["-r", str(room.requirements)]
        return [*words, "--cert", place.bundle]


def ratios(runs: dict[str, list[tools.Measured]], measure: str) -> list[float]:
    """After to before, round by round, sorted."""
    pairs = zip(runs["before"], runs["after"], strict=True)
    return sorted(getattr(after, measure) / getattr(before, measure) for before, after in pairs)


def exceeded(job: Job, runs: dict[str, list[tools.Measured]], bounds: Sequence[tuple[str, str, float]]) -> list[str]:
    """A sentence for each bound that the medians of a job are above."""
    found = []
    for word, measure, bound in bounds:
        middle = statistics.median(ratios(runs, measure))
        if word in job.title and middle > bound:
            found.append(f"{job.title}: {measure} {middle:.2f} is above {bound:g}")
    return found


def _bounds(parser: argparse.ArgumentParser, given: Sequence[Sequence[str]]) -> list[tuple[str, str, float]]:
    found = []
    for word, measure, bound in given:
        if measure not in MEASURES:
            parser.error(f"--at-most: {measure!r} is not one of {', '.join(MEASURES)}")
        try:
            found.append((word, measure, float(bound)))
        except ValueError:
            parser.error(f"--at-most: {bound!r} is not a number")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for side in SIDES:
        parser.add_argument(f"--{side}", required=True, metavar="PYTHON", help=f"the interpreter with safepip {side}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", metavar="WORD", default=[], help="jobs whose title contains every word")
    parser.add_argument("--files", type=int, default=8, help="how many large files (default: %(default)s)")
    parser.add_argument("--megabytes", type=int, default=200, help="how large together (default: %(default)s)")
    parser.add_argument("--world", type=Path, default=world.default())
    parser.add_argument(
        "--at-most", nargs=3, action="append", default=[], metavar=("WORD", "MEASURE", "RATIO"),
        help=f"exit with 1 where a job whose title contains WORD is above; MEASURE is {', '.join(MEASURES)}",
    )  # fmt: skip
    parser.add_argument("--seconds", action="store_true", help="also print medians in seconds and MB")
    return parser


def main() -> int:
    """Run the jobs and print the table as they end; 1 where a bound is exceeded."""
    parser = _parser()
    arguments = parser.parse_args()
    bounds = _bounds(parser, arguments.at_most)
    pythons = {side: str(Path(getattr(arguments, side)).absolute()) for side in SIDES}
    above = []
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        names = [f"bulk-{number}" for number in range(arguments.files)]
        wanted = [job for job in jobs(names, arguments.megabytes) if all(word in job.title for word in arguments.only)]
        places: dict[bool, Place] = {}
        bench = Bench(folder, pythons)
        print("| job | CPU | clock | memory | requests |\n|---|---|---|---|---|", flush=True)
        for job in wanted:
            if job.of_world not in places:
                places[job.of_world] = _serve(stack, folder, arguments, of_world=job.of_world)
            runs = bench.measure(job, places[job.of_world], arguments.rounds)
            cells = [cell(ratios(runs, measure)) for measure in MEASURES]
            requests = " / ".join(str(bench.requests[side]) for side in SIDES)
            print("| " + " | ".join([job.title, *cells, requests]) + " |", flush=True)
            if arguments.seconds:
                _print_seconds(runs)
            above += exceeded(job, runs, bounds)
    for sentence in above:
        print(sentence)
    return 1 if above else 0


def _serve(stack: ExitStack, folder: Path, arguments: argparse.Namespace, *, of_world: bool) -> Place:
    """Start the server of the synthetic index, or that of the large files."""
    tls = folder / f"tls-{of_world}"
    tls.mkdir()
    options = ["--tls", str(tls)]
    if of_world:
        return Place(**stack.enter_context(serving(arguments.world, options)))
    # In a process of its own: a child's peak memory is never less than its parent's was.
    size = [str(arguments.files), str(arguments.megabytes)]
    subprocess.run([sys.executable, str(HERE / "bulk.py"), str(folder / "bulk"), *size], check=True)
    return Place(**stack.enter_context(serving(folder / "bulk", [*options, "--as-is"])))


def _print_seconds(runs: dict[str, list[tools.Measured]]) -> None:
    for side in SIDES:
        wall, cpu, memory = (
            statistics.median(getattr(run, key) for run in runs[side]) for key in ("wall", "cpu", "memory")
        )
        print(f"    {side:8} {wall:8.3f} s   {cpu:8.3f} s of processor time   {memory:6.0f} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
