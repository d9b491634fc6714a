"""Show that a lock installs what pip would: twenty real requirement sets, locked, and the locks read by both.

For each set of `sets/`, at one `--uploaded-prior-to` date, from pip's default index, with no configuration:

- `safepip lock` writes `pylock.toml` and `requirements.txt` with hashes; packaging validates the former;
- `safepip install --dry-run -r pylock.toml` has to select the files that `pip install` selects from the set itself;
- plain `pip install --dry-run -r pylock.toml` and `pip install --dry-run --require-hashes -r requirements.txt` have to
  select them too. pip downloads every file for that, so sets above `--megabytes` are left out of this step, and named.

The exit code is 1 if anything differs. It needs the network and is run by hand.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import Pylock
from same_choices import _environment, _item, paths_of, select, sets_parser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

QUIET = ("--no-input", "-q", "--disable-pip-version-check")


def run(folder: Path, *command: str) -> str:
    """Run a module of this Python away from every configuration; what it complained of, empty where it ended with 0."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command],
        env=_environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    return f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-600:]}" if done.returncode else ""


def files_of(report: Path) -> dict[str, str]:
    """The file of each project in a report."""
    import json

    items = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {name: words.split()[0] for name, words in map(_item, items)}


def megabytes(lock: Pylock, files: Mapping[str, str]) -> float:
    """How much the selected wheels weigh."""
    sizes = {wheel.filename: wheel.size or 0 for package in lock.packages for wheel in package.wheels or ()}
    return sum(sizes.get(name, 0) for name in files.values()) / 1e6


def differences(wanted: Mapping[str, str], found: Mapping[str, str], who: str) -> list[str]:
    """Lines that tell where two selections differ."""
    return [
        f"{name}: pip from the set {wanted.get(name, '-')}, {who} {found.get(name, '-')}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]


def compare(requirements: Path, date: str, most: float, folder: Path) -> tuple[list[str], str]:
    """What differs for one set, and a note."""
    chosen = select("pip", requirements, date, folder)
    if chosen.exit_code:
        return [f"pip: {chosen.words}"], ""
    wanted = {name: words.split()[0] for name, words in chosen.files.items()}
    pylock, hashed = folder / "pylock.toml", folder / "requirements.txt"
    for output in (pylock, hashed):
        problem = run(
            folder, "safepip", "lock", *QUIET, "--uploaded-prior-to", date, "-r", str(requirements), "-o", str(output)
        )
        if problem:
            return [problem], ""
    lock = Pylock.from_dict(tomllib.loads(pylock.read_text(encoding="utf-8")))
    weight = megabytes(lock, wanted)
    runs: dict[str, tuple[str, ...]] = {"safepip from the lock": ("safepip", "install", "-r", str(pylock))}
    if weight <= most:
        runs["pip from the lock"] = ("pip", "install", "-r", str(pylock))
        runs["pip from the hashes"] = (
            "pip", "install", "--only-binary", ":all:", "--require-hashes", "-r", str(hashed)
        )  # fmt: skip
    found: list[str] = []
    for who, command in runs.items():
        report = folder / "report.json"
        problem = run(folder, *command, "--dry-run", "--ignore-installed", *QUIET, "--report", str(report))
        found += [problem] if problem else differences(wanted, files_of(report), who)
    note = f"{len(wanted)} projects, {weight:.0f} MB" + ("" if len(runs) > 1 else ", too much for pip to download")
    return found, note


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the sets named on the command line, or all of them."""
    parser = sets_parser(__doc__)
    parser.add_argument("--megabytes", type=float, default=150, help="the most that pip may download for a set")
    options = parser.parse_args(arguments)
    paths = paths_of(parser, options.sets)
    same = 0

    def one(path: Path) -> tuple[list[str], str]:
        with tempfile.TemporaryDirectory() as folder:
            return compare(path, options.date, options.megabytes, Path(folder))

    with ThreadPoolExecutor(2) as pool:
        for path, (found, note) in zip(paths, pool.map(one, paths), strict=True):
            same += not found
            print(f"{path.stem}: {'DIFFERENT' if found else 'the same'}  ({note})")
            for line in found:
                print(f"  ! {line}")
            sys.stdout.flush()
    print(f"{same} of {len(paths)} sets the same")
    return 0 if same == len(paths) else 1


if __name__ == "__main__":
    sys.exit(main())
