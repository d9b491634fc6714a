"""Lets pip and safepip decide about the same universes, each in one long-lived process.

    with Rivals(folder) as rivals:
        for verdict in rivals.play([universe, ...]):
            assert verdict.agree, verdict

Both are asked for a dry run with a report, wheels only, on an index of the universe's own on loopback.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from support.environment import clean_environment
from support.index import IndexServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.universes import Universe

WORKER = Path(__file__).with_name("installer_worker.py")
COMMON = ("--dry-run", "--no-cache-dir", "--only-binary", ":all:", "--retries", "0")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both decided. A failed run has no choices; `chosen` is by name: the version and the file."""

    universe: Universe
    exits: dict[str, int]
    chosen: dict[str, dict[str, tuple[str, str]] | None]
    words: dict[str, str]

    @property
    def pip_has_a_say(self) -> bool:
        """False where pip 26.3 stumbles over its own feet, so that there is nothing to compare with.

        Circles of projects that were given up on the way send its resolver into an endless recursion; and it gives up
        altogether on metadata that cannot be used where the project is installed and would be passed over otherwise.
        """
        words = self.words["pip"]
        crashed = "RecursionError" in words
        gave_up = "has invalid metadata" in words and self.exits["pip"] == 1 and bool(self.universe.installed)
        return not (crashed or gave_up)

    @property
    def agree(self) -> bool:
        """Whether both chose the same, or both found that nothing will do, each in its proper manner."""
        if self.exits["safepip"] not in (0, 1):
            return False
        if not self.pip_has_a_say:
            return True
        return self.exits["pip"] in (0, 1) and self.chosen["pip"] == self.chosen["safepip"]

    def __str__(self) -> str:
        universe = self.universe
        lines = [f"universe {universe.seed}: {' '.join(universe.arguments)}", f"constraints {universe.constraints}"]
        lines += [f"requirements file {universe.lines}"]
        lines += [f"installed {release.name} {release.version} {release.requires}" for release in universe.installed]
        for name, exit_code in self.exits.items():
            lines += [f"--- {name} ended with {exit_code} and chose {self.chosen[name]}", self.words[name][-2000:]]
        return "\n".join(lines)


class Rivals:
    """The two programs and their index. `folder` holds what is installed, the files and the reports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = IndexServer()
        home = folder / "home"
        environment = clean_environment(home)
        self._workers = {
            program: subprocess.Popen(
                [sys.executable, "-P", str(WORKER), program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=home,
                text=True,
                encoding="utf-8",
            )
            for program in ("pip", "safepip")
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for worker in self._workers.values():
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.close()
            worker.wait(30)
            worker.stdout.close()
        self._server.close()

    def play(self, universes: Sequence[Universe]) -> list[Verdict]:
        """Both decide about all of them, side by side."""
        jobs: dict[str, list[dict[str, Any]]] = {program: [] for program in self._workers}
        for universe in universes:
            self._prepare(universe, jobs)
        with ThreadPoolExecutor(len(jobs)) as pool:
            answers = dict(zip(jobs, pool.map(self._ask, jobs, jobs.values()), strict=True))
        return [
            Verdict(
                universe,
                {program: answers[program][position]["exit"] for program in answers},
                {program: _chosen(answers[program][position]) for program in answers},
                {program: answers[program][position]["words"] for program in answers},
            )
            for position, universe in enumerate(universes)
        ]

    def _prepare(self, universe: Universe, jobs: dict[str, list[dict[str, Any]]]) -> None:
        index = self._server.mount(f"/{universe.seed}/simple/")
        universe.publish(index)
        folder = self._folder / str(universe.seed)
        (folder / "installed").mkdir(parents=True)
        universe.install(folder / "installed")
        arguments = ["-i", index.url, *universe.arguments]
        for option, lines in (("-c", universe.constraints), ("-r", universe.lines)):
            if lines:
                path = folder / f"{option[1:]}.txt"
                path.write_text("".join(f"{universe.filled(line, index)}\n" for line in lines), encoding="utf-8")
                arguments += [option, str(path)]
        for program, queue in jobs.items():
            report = str(folder / f"{program}.json")
            own = ("--disable-pip-version-check",) if program == "pip" else ()
            argv = ["install", *COMMON, *own, "--report", report, *(universe.filled(a, index) for a in arguments)]
            queue.append({"argv": argv, "path": [str(folder / "installed")], "report": report})

    def _ask(self, program: str, jobs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        worker = self._workers[program]
        assert worker.stdin is not None
        assert worker.stdout is not None
        answers = []
        for job in jobs:
            worker.stdin.write(json.dumps(job) + "\n")
            worker.stdin.flush()
            answers.append(json.loads(worker.stdout.readline()))
        return answers


def _chosen(answer: dict[str, Any]) -> dict[str, tuple[str, str]] | None:
    """By name, the version and the file name of all that would be installed; None for a run that failed."""
    if answer["exit"] != 0:
        return None
    return {
        item["metadata"]["name"]: (item["metadata"]["version"], item["download_info"]["url"].rpartition("/")[2])
        for item in (answer["report"] or {"install": []})["install"]
    }
