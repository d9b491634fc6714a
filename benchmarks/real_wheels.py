"""Put real wheels of popular projects before safepip's rules, and tell which are refused and why.

pip fetches them from its default index, away from every configuration:

- the sets of `sets/` with all they depend on, as they stood at one date (`same_choices.py`);
- the best known projects, in the order of safepip's own list, each as it stood at that date and as it stood some years
  before, when other generators were in use; whatever has a wheel for this Python is taken, and nothing is picked;
- the lists of `wheels/`, which name hard cases by exact version: wheels of the first generators, namespace packages,
  start-up hooks, backports, and wheels for other systems. They were put together to find what a rule might get wrong.

Each is judged alone, then the newest of each project as one run. Nothing is installed and no code of a wheel runs.
The exit code is 1 where more than 0.5 % of all of them are refused, or one that `wheels/refused.toml` does not explain.
It needs the network and is run by hand: more than 1,000 wheels, some gigabytes.

    real_wheels.py --keep FOLDER           fetch what is not there yet, and keep it for the next time
    real_wheels.py --wheels FOLDER ...     judge the wheels that are in these folders; no network
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from judging import Verdict, judged, together
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version
from same_choices import DATE, SETS

from safepip.edges.disk.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packaging.utils import NormalizedName

LISTS = Path(__file__).parent / "wheels"

#: Sets that bring many projects and few gigabytes.
CHOSEN_SETS = ("airflow", "cloud", "documentation", "jupyter", "testing", "web-django")

#: For which system the wheels of a list are, where it is not this one.
PLATFORMS = {
    "macos": ("macosx_14_0_arm64",),
    "musl": ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"),
    "windows": ("win_amd64",),
}

#: The names that safepip takes for well known, the best known first, and how many of them are fetched at each date.
NAMES = Path(__file__).parents[1] / "src" / "safepip" / "data" / "well_known_names.txt"
POPULAR = {"popular": (DATE, 700), "popular-before-2022": ("2022-01-01", 400)}

#: Projects left out for their size: names that begin so.
HEAVY = (
    "catboost", "cupy", "jax", "mxnet", "nvidia-", "paddle", "pyspark", "ray", "spark", "tensor", "tf-", "torch",
    "triton", "vllm", "xgboost",
)  # fmt: skip

#: How many projects one call of pip is asked for, and how many calls there are at a time; pip is polite in itself.
TOGETHER, CONCURRENT = 32, 3

#: The share of all wheels that may be refused.
TOLERATED = 0.005


# --- fetching -----------------------------------------------------------------------------------------------------


def fetch(folder: Path, sets: Iterable[str], only: str) -> Iterator[str]:
    """Bring what `folder` lacks; one line for each thing that could not be had."""
    for path in sorted(LISTS.glob("*.txt")):
        wanted = [pin for pin in pins(path) if only in pin]
        options = ["--no-deps", *(word for tag in PLATFORMS.get(path.stem, ()) for word in ("--platform", tag))]
        # One call for each: a list may name several versions of one project, which pip takes for a conflict.
        calls = [[*options, pin] for pin in wanted if not _there(folder / path.stem, pin)]
        with ThreadPoolExecutor(CONCURRENT) as pool:
            yield from filter(None, pool.map(lambda call, to=folder / path.stem: _download(to, call), calls))
    for name in () if only else sets:
        marker = folder / name / "complete"
        if not marker.exists():
            problem = _download(folder / name, ["--uploaded-prior-to", DATE, "-r", str(SETS / f"{name}.txt")])
            if problem:
                yield problem
            else:
                marker.touch()
    for name, (date, count) in POPULAR.items() if not only else ():
        marker = folder / name / "complete"
        if not marker.exists():
            some = [name for name in pins(NAMES)[:count] if not name.startswith(HEAVY)]
            parts = [some[start : start + TOGETHER] for start in range(0, len(some), TOGETHER)]
            with ThreadPoolExecutor(CONCURRENT) as pool:
                found = pool.map(lambda part, to=folder / name, date=date: list(_newest(to, date, part)), parts)
                yield from (problem for problems in found for problem in problems)
            marker.touch()


def _newest(folder: Path, date: str, names: list[str]) -> Iterator[str]:
    """Fetch each project as it stood at a date, in as few calls as go well: one that has no wheel fails its call."""
    problem = _download(folder, ["--no-deps", "--uploaded-prior-to", date, *names])
    if problem and len(names) == 1:
        yield problem
    elif problem:
        for part in (names[: len(names) // 2], names[len(names) // 2 :]):
            yield from _newest(folder, date, part)


def pins(path: Path) -> list[str]:
    """The lines of a list that name a wheel, as `name==version`."""
    lines = map(str.strip, path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _there(folder: Path, pin: str) -> bool:
    """Whether the folder holds the wheel that a line of a list is about."""
    return _pinned(pin) in (parse_wheel_filename(path.name)[:2] for path in folder.glob("*.whl"))


def _pinned(pin: str) -> tuple[NormalizedName, Version]:
    name, _, version = pin.partition("==")
    return canonicalize_name(name), Version(version)


def _download(folder: Path, arguments: list[str]) -> str:
    """Have pip fetch wheels into a folder; what it said where it failed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "pip", "download", "-q", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-d", str(folder), *arguments]
    environ = {key: value for key, value in os.environ.items() if not key.upper().startswith(("PIP_", "PYTHON"))}
    environ |= {"PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    stated = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return f"{' '.join(arguments)}: {(stated or ['pip failed'])[-1]}"


# --- telling ------------------------------------------------------------------------------------------------------


def _lands(scheme: str) -> Callable[[Verdict], bool]:
    return lambda v: v.content is not None and any(f".data/{scheme}/" in path for path in v.content.entries)


def _has(*endings: str) -> Callable[[Verdict], bool]:
    """Whether a file at the top of the wheel ends so."""
    return lambda v: v.content is not None and any("/" not in p and p.endswith(endings) for p in v.content.entries)


def _tagged(*words: str) -> Callable[[Verdict], bool]:
    return lambda v: any(word in v.filename.removesuffix(".whl").split("-", 2)[2] for word in words)


def _namespace(verdict: Verdict) -> bool:
    """Whether the wheel puts modules below a top folder that has no `__init__.py` of its own."""
    paths = verdict.content.entries if verdict.content else {}
    tops = {p.split("/")[0] for p in paths if p.count("/") > 1 and p.endswith((".py", ".so", ".pyd"))}
    return any(not top.endswith((".data", ".dist-info")) and f"{top}/__init__.py" not in paths for top in tops)


KINDS: dict[str, Callable[[Verdict], bool]] = {
    "pure": _tagged("none-any"),
    "native": lambda v: not _tagged("none-any")(v),
    "abi3": _tagged("abi3"),
    "Windows": _tagged("win32", "win_"),
    "macOS": _tagged("macosx"),
    "musl": _tagged("musllinux"),
    "namespace packages": lambda v: _namespace(v) or _has("-nspkg.pth")(v),
    "data files": _lands("data"),
    "scripts as files": _lands("scripts"),
    "headers": _lands("headers"),
    "entry points": lambda v: v.content is not None and v.content.info("entry_points.txt") is not None,
    "a .pth file at the top": _has(".pth"),
    "made before 2019": lambda v: v.generator.startswith(
        ("bdist_wheel (0.2", "bdist_wheel (0.30", "bdist_wheel (0.31")
    ),
}


def table(heading: str, rows: Iterable[tuple[str, int, int]]) -> str:
    """Lines of Markdown: what it is, how many wheels, how many of them refused."""
    lines = [f"| {heading} | wheels | refused |", "|---|--:|--:|"]
    return "\n".join(lines + [f"| {what} | {count} | {refused} |" for what, count, refused in rows])


def by_kind(verdicts: list[Verdict]) -> str:
    """The table of kinds; a wheel may be of several."""
    found = {kind: [v for v in verdicts if belongs(v)] for kind, belongs in KINDS.items()}
    return table("kind", ((kind, len(some), sum(bool(v.findings) for v in some)) for kind, some in found.items()))


def by_generator(verdicts: list[Verdict]) -> str:
    """The table of programs that made the wheels, versions taken together."""
    names = [(v.generator.split() or ["unknown"])[0] for v in verdicts]
    refused = Counter(name for name, v in zip(names, verdicts, strict=True) if v.findings)
    return table("generator", ((name, count, refused[name]) for name, count in Counter(names).most_common()))


def explanations() -> dict[str, str]:
    """Why a wheel is refused, by file name, for those that somebody has looked at."""
    rows = tomllib.loads((LISTS / "refused.toml").read_text(encoding="utf-8"))["refused"]
    return {row["file"]: f"{row['rule']}: {row['why']}" for row in rows}


def report(verdicts: list[Verdict]) -> bool:
    """Print everything; whether all is as it has to be."""
    refused = [verdict for verdict in verdicts if verdict.findings]
    known = explanations()
    print(by_kind(verdicts), by_generator(verdicts), sep="\n\n", end="\n\n")
    for verdict in refused:
        print(f"refused: {verdict.filename}\n    {known.get(verdict.filename, 'NOT EXPLAINED')}")
        for finding in verdict.findings:
            print(f"    {finding.reference}: {finding.message}")
            print("".join(f"        {line}\n" for line in finding.context), end="")
    count, more = together(verdicts)
    print(f"\n{count} wheels of different projects as one run: {len(more)} more findings")
    for finding in more:
        print(f"    {finding.reference}: {finding.message}")
        print("".join(f"        {line}\n" for line in finding.context), end="")
    hard = {_pinned(pin) for path in LISTS.glob("*.txt") for pin in pins(path)}
    print()
    share("wheels of the lists", [v for v in verdicts if (v.name, v.version) in hard])
    found = share("all wheels", verdicts)
    share("wheels as they came", [v for v in verdicts if (v.name, v.version) not in hard])
    return found <= TOLERATED and all(verdict.filename in known for verdict in refused)


def share(what: str, verdicts: list[Verdict]) -> float:
    """How many of these wheels are refused; a line says it, too."""
    refused = sum(bool(verdict.findings) for verdict in verdicts)
    found = refused / max(1, len(verdicts))
    projects = len({verdict.name for verdict in verdicts})
    print(f"{what}: {len(verdicts)} of {projects} projects, {refused} refused: {found:.2%}")
    return found


def wheels_in(folders: Iterable[Path], only: str, megabytes: float) -> list[Path]:
    """Every wheel in these folders and below, each file name once."""
    found: dict[str, Path] = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*.whl")):
        try:
            name = parse_wheel_filename(path.name)[0]
        except InvalidWheelFilename:
            print(f"not looked at: {path.name}", file=sys.stderr)
            continue
        if only in name and path.stat().st_size <= megabytes * 1e6:
            found.setdefault(path.name, path)
    return list(found.values())


def main() -> int:
    """Fetch, judge, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where wheels go (default: a temporary folder)")
    parser.add_argument("--wheels", type=Path, nargs="+", metavar="FOLDER", help="fetch nothing; judge these")
    parser.add_argument("--sets", nargs="*", default=CHOSEN_SETS, help="sets to fetch (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="NAME", help="projects whose name contains this; no sets")
    parser.add_argument("--megabytes", type=float, default=130, help="pass over larger wheels (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, Store(None) as store:
        folders = arguments.wheels or [arguments.keep or Path(temporary)]
        if not arguments.wheels:
            for problem in fetch(folders[0], arguments.sets, arguments.only):
                print(f"not fetched: {problem}", file=sys.stderr)
        paths = wheels_in(folders, arguments.only, arguments.megabytes)
        return 0 if report([judged(path, store) for path in paths]) else 1


if __name__ == "__main__":
    sys.exit(main())
