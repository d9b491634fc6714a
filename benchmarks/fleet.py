"""A fleet: many clients of one devpi at once, each with a cold cache, and who was asked how often.

    python benchmarks/fleet.py
    python benchmarks/fleet.py --clients 50 --distributions 30 --at-once 50

One client comes first, alone: devpi 6.20, asked by two for a project that it has not fetched yet, may tell one of them
that there are no files (`--unprepared` shows it; safepip then installs nothing).

devpi-server has two indexes: an internal one with the projects that begin with `acme-`, and a mirror of an index that
stands for PyPI. That has a higher version of every internal project. Each client is a run of `safepip install` with an
environment, a home and a cache of its own, and all of them have the machine's policy from one file. All is on loopback;
there are as many clients as `--clients` says, and each is ended after `--patience` seconds.

The exit code is 0 only if every client has installed the same distributions, the internal ones from the internal index,
and PyPI's stand-in was asked for no internal name.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.environment import Environment, Runner, make_environment
from support.index import IndexServer
from support.servers import DevpiServer, running_devpi
from support.wheels import make_wheel

#: Of the distributions, how many are internal: one in so many.
_INTERNAL = 5
_REQUEST = re.compile(r"(?:GET|HEAD) (\S+): \d")


class Outcome(NamedTuple):
    """What became of one client: its exit code, its words, what is installed, its requests by kind, and its seconds."""

    code: int
    said: str
    installed: dict[str, str]
    requests: Counter[str]
    seconds: float


def publish(devpi: DevpiServer, origin: IndexServer, folder: Path, count: int) -> tuple[list[str], dict[str, str], str]:
    """Fill the indexes; the names, the configuration's URLs by the name of the index, and the root's name."""
    internal = devpi.make_index("internal")
    mirror = devpi.make_mirror("mirror", origin.url)
    names = [f"{'acme-' if number % _INTERNAL == 0 else ''}part-{number:02}" for number in range(count - 1)]
    root = "acme-shop"
    for name in [*names, root]:
        requires = names if name == root else ()
        if name.startswith("acme-"):
            wheel = make_wheel(folder, name, "1.0", requires=requires)
            internal.upload(wheel, name, "1.0")
            origin.add(name, "99.0")
        else:
            # Bytes for a hundred modules: what a client reads, hashes and judges.
            origin.add(name, "1.0", files={f"{name.replace('-', '_')}/m{n}.py": f"N = {n}\n" * 50 for n in range(100)})
    return [*names, root], {"acme": internal.url, "public": mirror.url}, root


def policy(urls: dict[str, str]) -> str:
    """The machine's file."""
    return (
        f'[[index]]\nname = "acme"\nurl = "{urls["acme"]}"\npackages = ["acme-*"]\n\n'
        f'[[index]]\nname = "public"\nurl = "{urls["public"]}"\ndefault = true\n'
    )


def client(folder: Path, configuration: str, root: str, patience: float) -> Outcome:
    """One machine of the fleet: a cold installation."""
    folder.mkdir()
    (folder / "safepip.toml").write_text(configuration, "utf-8")
    target: Environment = make_environment(folder / "venv")
    runner = Runner(folder, folder / "home")
    command = ("install", "--python", str(target.folder), "--log", "log", "--report", "report.json", root)
    began = time.monotonic()
    done = runner.safepip(*command, timeout=patience)
    seconds = time.monotonic() - began
    log = (folder / "log").read_text("utf-8") if (folder / "log").is_file() else ""
    asked = Counter(_kind(url) for url in _REQUEST.findall(log))
    return Outcome(done.returncode, done.stdout + done.stderr, target.installed(), asked, seconds)


def _kind(url: str) -> str:
    if url.endswith(".metadata"):
        return "metadata"
    return "file" if url.endswith(".whl") else "page"


def main() -> int:
    """Run the fleet and print what was asked. 0 where every client has what it should have."""
    parser = argparse.ArgumentParser(description="many clients of one devpi")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=0, help="how many run at the same time; all, unless it is said")
    parser.add_argument("--distributions", type=int, default=30)
    parser.add_argument("--patience", type=float, default=600.0, help="seconds for one client")
    parser.add_argument("--unprepared", action="store_true", help="no client comes first")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        IndexServer() as origin,
        running_devpi(Path(name)) as devpi,
        ThreadPoolExecutor(options.at_once or options.clients) as pool,
    ):
        folder = Path(name)
        names, urls, root = publish(devpi, origin, folder / "wheels", options.distributions)
        text = policy(urls)
        if not options.unprepared:
            first = client(folder / "first", text, root, options.patience)
            if first.code:
                sys.exit(f"the first client failed:\n{first.said}")
        prepared = Counter(_kind(request.path) for request in origin.requests)
        began = time.monotonic()
        runs = [
            pool.submit(client, folder / f"client-{number}", text, root, options.patience)
            for number in range(options.clients)
        ]
        outcomes = [run.result() for run in runs]
        whole = time.monotonic() - began
        upstream = Counter(_kind(request.path) for request in origin.requests)
        leaked = [request.path for request in origin.requests if "acme" in request.path]
    return judge(outcomes, names, upstream - prepared, leaked, whole)


def judge(outcomes: list[Outcome], names: list[str], upstream: Counter[str], leaked: list[str], whole: float) -> int:
    """Print the figures, and what is not as it should be."""
    asked = sum((outcome.requests for outcome in outcomes), Counter())
    wanted = dict.fromkeys(names, "1.0")
    failed = [outcome for outcome in outcomes if outcome.code or outcome.installed != wanted]
    alone = min(outcome.seconds for outcome in outcomes)
    figures = {
        "clients": len(outcomes),
        "failed": len(failed),
        "requests to devpi": dict(asked),
        "a client's": {kind: round(count / len(outcomes), 1) for kind, count in asked.items()},
        "requests to PyPI's stand-in": dict(upstream),
        "of these for internal names": len(leaked),
        "slowest client, of the quickest": round(max(outcome.seconds for outcome in outcomes) / alone, 1),
        "all together, of the quickest": round(whole / alone, 1),
    }
    print(json.dumps(figures, indent=2))
    for outcome in failed[:3]:
        print(f"exit code {outcome.code}, {len(outcome.installed)} installed:\n{outcome.said}", file=sys.stderr)
    return 1 if failed or leaked else 0


if __name__ == "__main__":
    sys.exit(main())
