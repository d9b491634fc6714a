"""Show that safepip chooses what pip chooses: twenty real requirement sets, resolved by both, file by file.

Each set of `sets/` is resolved by `pip install --dry-run --ignore-installed --only-binary :all:` and by
`safepip install --dry-run --ignore-installed`, at one `--uploaded-prior-to` date, from pip's default index, with no
configuration. Both selections are printed, with the differences marked; the exit code is 1 if there is any. Both
programs run from the Python that runs this script. It needs the network and is run by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SETS = Path(__file__).parent / "sets"

#: The state of the index to compare on: about two weeks before this was written.
DATE = "2026-11-08T00:00:00Z"

COMMANDS = {
    "pip": ("pip", "install", "--only-binary", ":all:"),
    "safepip": ("safepip", "install"),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What one program chose: for each project its file and whether it was asked for, or how it failed."""

    exit_code: int
    files: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


def select(program: str, requirements: Path, date: str, folder: Path) -> Selection:
    """Run one program on one set, away from every configuration but the sets' own."""
    report = folder / f"{requirements.stem}.{program}.json"
    command = [sys.executable, "-P", "-m", *COMMANDS[program], "--dry-run", "--ignore-installed", "--no-input", "-q"]
    command += ["--disable-pip-version-check", "--uploaded-prior-to", date]
    command += ["--report", str(report), "-r", str(requirements)]
    done = subprocess.run(
        command, env=_environment(folder), cwd=folder, capture_output=True, text=True, timeout=3600, check=False
    )
    if done.returncode:
        return Selection(done.returncode, words=(done.stderr or done.stdout).strip())
    return Selection(0, dict(_item(item) for item in json.loads(report.read_text(encoding="utf-8"))["install"]))


def _item(item: Mapping[str, object]) -> tuple[str, str]:
    """One entry of pip's report: the project, and what must be equal about it."""
    metadata, download = item["metadata"], item["download_info"]
    assert isinstance(metadata, dict)
    assert isinstance(download, dict)
    extras = item.get("requested_extras", [])
    assert isinstance(extras, list)
    name = str(metadata["name"]).lower().replace("_", "-").replace(".", "-")
    words = [str(download["url"]).rsplit("/", 1)[-1]]
    words += ["requested"] if item.get("requested") else []
    words += ["yanked"] if item.get("is_yanked") else []
    words += [f"[{','.join(sorted(map(str, extras)))}]"] if extras else []
    return name, " ".join(words)


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        key: value for key, value in os.environ.items() if not key.upper().startswith(("PIP_", "SAFEPIP_", "PYTHON"))
    }
    cache = Path(kept.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    # pip's configuration is shut out; its cache is not, so that the index is asked once for what both need.
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "SAFEPIP_NO_CONFIG": "1",
        "XDG_CONFIG_HOME": str(folder),
        "XDG_CACHE_HOME": str(cache),
    }


def differences(pip: Selection, safepip: Selection) -> list[str]:
    """Lines that tell where the two differ."""
    if pip.exit_code or safepip.exit_code:
        ends = {"pip": pip, "safepip": safepip}
        return [f"{name} ended with {end.exit_code}: {end.words}" for name, end in ends.items() if end.exit_code]
    names = sorted(pip.files.keys() | safepip.files.keys())
    pairs = [(name, pip.files.get(name, "-"), safepip.files.get(name, "-")) for name in names]
    return [f"{name}: pip {left}, safepip {right}" for name, left, right in pairs if left != right]


def sets_parser(doc: str | None) -> argparse.ArgumentParser:
    """A command line that names sets and a date."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="names of sets; by default all")
    parser.add_argument("--date", default=DATE, help="take no file uploaded after this (default %(default)s)")
    return parser


def paths_of(parser: argparse.ArgumentParser, names: Sequence[str]) -> list[Path]:
    """The files of the sets of these names, or of all."""
    paths = [SETS / f"{name}.txt" for name in names] or sorted(SETS.glob("*.txt"))
    if missing := [path.stem for path in paths if not path.is_file()]:
        parser.error(f"no such set: {', '.join(missing)}")
    return paths


def main() -> int:
    """Compare the sets named on the command line, or all of them."""
    parser = sets_parser(__doc__)
    parser.add_argument("--brief", action="store_true", help="print differences only, not the selections")
    arguments = parser.parse_args()
    paths = paths_of(parser, arguments.sets)
    same = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for path in paths:
            pip, safepip = pool.map(lambda program: select(program, path, arguments.date, Path(folder)), COMMANDS)  # noqa: B023  # used up in this turn
            found = differences(pip, safepip)
            same += not found
            verdict = "DIFFERENT" if found else "the same"
            print(f"{path.stem}: {verdict}, {len(pip.files)} by pip, {len(safepip.files)} by safepip")
            for name in () if arguments.brief else sorted(pip.files.keys() | safepip.files.keys()):
                print(f"    {name:32} {pip.files.get(name, '-')}  |  {safepip.files.get(name, '-')}")
            for line in found:
                print(f"  ! {line}")
            sys.stdout.flush()
    print(f"{same} of {len(paths)} sets the same")
    return 0 if same == len(paths) else 1


if __name__ == "__main__":
    sys.exit(main())
