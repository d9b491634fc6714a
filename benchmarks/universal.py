"""Show that one lock for several environments selects in each what a lock made for it alone does; uv's beside it.

For ten of the sets, and Linux, macOS and Windows with CPython 3.11, 3.12 and 3.13, at one `--uploaded-prior-to` date,
from pip's default index: `safepip lock` with all nine environments, then with each alone. What the first selects in an
environment (PEP 751, by packaging) has to be what the other does; the exit code is 1 if anything differs. Beside it
`uv pip compile --universal` for the same requirements, its markers evaluated in the same environments: uv searches once
for a range of Pythons, so other versions are no mistake of either. It needs the network and is run by hand.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import Pylock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from same_choices import SETS, _environment, paths_of, sets_parser

from safepip.lock.universal import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEN = ("web-flask", "web-django", "web-fastapi", "jupyter", "documentation", "testing", "extras", "markers",
       "dataframes", "cloud")  # fmt: skip
GRID = [
    Environment(platform, minor, f"3.{minor}.0")
    for platform in ("linux-x86_64", "macos-arm64", "windows-amd64")
    for minor in (11, 12, 13)
]


def name_of(environment: Environment) -> str:
    """The environment as `--environment` takes it."""
    return f"{environment.platform}:3.{environment.minor}"


def lock(requirements: Path, date: str, folder: Path, environments: Sequence[Environment]) -> Pylock:
    """The lock of a set for these environments."""
    output = folder / f"pylock.{len(list(folder.iterdir()))}.toml"
    words = [word for environment in environments for word in ("--environment", name_of(environment))]
    command = [sys.executable, "-P", "-m", "safepip", "lock", "-q", "--no-input", "--uploaded-prior-to", date]
    subprocess.run(
        [*command, *words, "-r", str(requirements), "-o", str(output)],
        env=_environment(folder), cwd=folder, check=True, timeout=3600,
    )  # fmt: skip
    return Pylock.from_dict(tomllib.loads(output.read_text(encoding="utf-8")))


def selected(chosen: Pylock, environment: Environment, patch: int) -> dict[str, str]:
    """What a lock selects in an environment, at a patch version of its Python."""
    place = environment._replace(low=f"3.{environment.minor}.{patch}")
    tags = list(environment._tags())
    found = chosen.select(environment=place.markers, tags=tags)  # type: ignore[arg-type]  # just these keys
    return {package.name: str(package.version) for package, _ in found}


def by_uv(requirements: Path, date: str, folder: Path) -> list[Requirement]:
    """uv's universal answer, or nothing where uv is not there or fails."""
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv), "pip", "compile", "-q", "--universal", "--no-config", "--only-binary", ":all:"]
    command += ["--python-version", "3.11", "--exclude-newer", date, "--no-annotate", "--no-header", str(requirements)]
    try:
        done = subprocess.run(
            command, env=_environment(folder), cwd=folder, capture_output=True, text=True, timeout=3600, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    lines = [line.strip() for line in done.stdout.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def in_environment(answer: Sequence[Requirement], environment: Environment) -> dict[str, str]:
    """Those of uv's requirements whose markers hold."""
    return {
        canonicalize_name(r.name): re.sub(r"^==", "", str(r.specifier))
        for r in answer
        if r.marker is None or r.marker.evaluate(environment.markers)
    }


def compare(requirements: Path, date: str, folder: Path) -> tuple[list[str], str]:
    """What differs between the one lock and the nine, and how uv's answer compares."""
    together = lock(requirements, date, folder, GRID)
    uv = by_uv(requirements, date, folder)
    found: list[str] = []
    same_as_uv = 0
    for environment in GRID:
        alone = lock(requirements, date, folder, [environment])
        for patch in (0, 1, 4, 11):
            one, other = (selected(each, environment, patch) for each in (together, alone))
            found += [f"{name_of(environment)}, patch {patch}: {line}" for line in differences(one, other)]
        theirs = in_environment(uv, environment)
        same_as_uv += bool(uv) and theirs == selected(together, environment, 4)
    projects = {package.name for package in together.packages}
    note = f"{len(projects)} projects in {len(together.packages)} packages"
    if uv:
        note += f"; uv {len({canonicalize_name(r.name) for r in uv})} in {len(uv)}, the same in {same_as_uv} of 9"
    return found, note


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Lines that tell where two selections differ."""
    names = sorted(one.keys() | other.keys())
    return [f"{n}: together {one.get(n, '-')}, alone {other.get(n, '-')}" for n in names if one.get(n) != other.get(n)]


def main() -> int:
    """Compare the sets named on the command line, or the ten."""
    parser = sets_parser(__doc__)
    options = parser.parse_args()
    paths = paths_of(parser, options.sets) if options.sets else [SETS / f"{name}.txt" for name in TEN]
    same = 0
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            found, note = compare(path, options.date, Path(folder))
        same += not found
        print(f"{path.stem}: {'DIFFERENT' if found else 'the same'}  ({note})", flush=True)
        for line in found:
            print(f"  ! {line}", flush=True)
    print(f"{same} of {len(paths)} sets the same in all nine environments")
    return 0 if same == len(paths) else 1


if __name__ == "__main__":
    sys.exit(main())
