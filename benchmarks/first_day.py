"""The mistakes of a first day, typed into safepip, pip and uv: how each of them ends, and what it says.

    python benchmarks/first_day.py --uv ENV/bin/uv          # a table
    python benchmarks/first_day.py --uv ENV/bin/uv --show   # and every message whole
    python benchmarks/first_day.py numpi sklearn            # those whose command line has one of these words

The list is that of the tests (tests/support/first_day.py). All three stand in the same folder, with the same index on
loopback, which is the only one, and mean the same environment, which is active. Every install is a dry run. For each
there is the exit code, how many lines are written (empty ones left out), and `+` where they have the words of the cure.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

import tools

from support.first_day import MISTAKES, Mistake, lay_out
from support.index import IndexServer

#: What only safepip has a word for, and the same mistake elsewhere, with the word that is its cure.
_ELSEWHERE = {"help lookalike": ("help instal", r"\binstall\b")}


@dataclass(frozen=True, slots=True)
class Said:
    """How a program has ended, what it wrote, and whether the cure is in it."""

    code: int
    lines: tuple[str, ...]
    helps: bool

    def __str__(self) -> str:
        return f"{self.code:4} {len(self.lines):5}   {'+' if self.helps else '-'}  "


@dataclass(frozen=True, slots=True)
class Program:
    """One of the three, and the words that start it."""

    name: str
    command: tuple[str, ...]

    def told(self, mistake: Mistake, folder: Path, environ: dict[str, str]) -> Said:
        """Type the mistake into it. What is no error needs no cure, and has none."""
        typed, cure = mistake.typed, mistake.cure
        if self.name != "safepip" and typed in _ELSEWHERE:
            typed, cure = _ELSEWHERE[typed]
        words = shlex.split(typed)
        if self.name == "uv":
            words = words if words[0] == "help" else ["pip", *words]
            words += ["--dry-run"] if words[1] in ("install", "sync") and words[-1] != "-r" else []
        done = subprocess.run(
            [*self.command, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120
        )
        text = done.stdout + done.stderr
        helps = done.returncode != 0 and re.search(cure, text) is not None
        return Said(done.returncode, tuple(line for line in text.splitlines() if line.strip()), helps)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="*", help="only mistakes with one of these words")
    parser.add_argument("--uv", type=Path, help="the program uv, which may stand in another environment")
    parser.add_argument("--show", action="store_true", help="print every message")
    given = parser.parse_args()
    chosen = [one for one in MISTAKES if not given.words or any(word in one.typed for word in given.words)]
    if not chosen:
        parser.error("there is no such mistake")
    with tempfile.TemporaryDirectory() as folder, IndexServer() as index:
        room, home = Path(folder, "project"), Path(folder, "home")
        room.mkdir()
        home.mkdir()
        lay_out(room, index)
        target = tools.template(Path(folder))
        environ = tools.environment(home) | {"VIRTUAL_ENV": str(target), "NO_COLOR": "1", "UV_NO_CONFIG": "1"}
        environ |= {"PIP_INDEX_URL": index.url, "UV_DEFAULT_INDEX": index.url, "PIP_DRY_RUN": "1"}
        environ |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "UV_PYTHON_DOWNLOADS": "never"}
        # By its name along PATH: the path of an environment's own program would mean that environment.
        environ["PATH"] = os.pathsep.join((sysconfig.get_path("scripts"), environ["PATH"]))
        programs = [Program("safepip", ("safepip",))]
        programs += [Program("pip", (tools.Room(target, home, room, room).python, "-m", "pip"))]
        programs += [Program("uv", (str(given.uv),))] if given.uv else []
        _print(programs, chosen, room, environ, show=given.show)
    return 0


def _print(
    programs: list[Program], chosen: list[Mistake], folder: Path, environ: dict[str, str], *, show: bool
) -> None:
    width = max(len(mistake.typed) for mistake in chosen) + 1
    print(f"{'':{width + 2}}" + "".join(f"{one.name:16}" for one in programs))
    print(f"{'typed':{width}}" + "code lines cure " * len(programs))
    helped = [0] * len(programs)
    for mistake in chosen:
        said = [one.told(mistake, folder, environ) for one in programs]
        helped = [before + one.helps for before, one in zip(helped, said, strict=True)]
        print(f"{mistake.typed:{width}}" + "".join(map(str, said)), flush=True)
        for program, one in zip(programs, said, strict=True) if show else ():
            print("".join(f"    {program.name:8}| {line}\n" for line in one.lines))
    print(f"{f'cures named, of {len(chosen)}':{width}}" + "".join(f"{count:14}  " for count in helped))


if __name__ == "__main__":
    sys.exit(main())
