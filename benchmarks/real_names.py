"""Show that the rules on names let real requirement sets pass: no look-alike among what honest projects are made of.

Each set of `sets/` is resolved by `safepip install --dry-run --ignore-installed`, at one `--uploaded-prior-to` date,
from pip's default index, with no configuration but that of the sets, and with the list of well-known names that safepip
brings along, or that of `--well-known-names`. For each set it prints how many projects were chosen and how many of them
the list does not have; which look-alikes were refused; which were told in a line because they are required and not new;
and which would be refused if the user asked for them by name.

The exit code is 1 if any name was refused, or if a set had no answer for another reason. It needs the network and is
run by hand.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from same_choices import _environment, paths_of, sets_parser

from safepip.edges.disk.well_known import names_from, shipped_names
from safepip.vetting.look_alikes import KnownNames, read_names

#: The references of the rules on names.
RULES = frozenset({"look-alike", "new-project"})


class Run(NamedTuple):
    """How one set went: the projects chosen, every reference that stopped it, the notices on names."""

    exit_code: int
    names: frozenset[str]
    references: tuple[str, ...]
    notices: tuple[str, ...]
    words: str


def resolve(requirements: Path, date: str, listed: str | None, folder: Path) -> Run:
    """Resolve one set, away from every configuration but the sets' own."""
    report = folder / f"{requirements.stem}.json"
    command = [sys.executable, "-P", "-m", "safepip", "install", "--dry-run", "--ignore-installed", "--no-input"]
    command += ["--uploaded-prior-to", date, "--report", str(report), "-r", str(requirements)]
    command += ["--well-known-names", listed] if listed else []
    done = subprocess.run(
        command, env=_environment(folder), cwd=folder, capture_output=True, text=True, timeout=3600, check=False
    )
    items = json.loads(report.read_text(encoding="utf-8"))["install"] if report.exists() else []
    names = frozenset(re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower() for item in items)
    notices = re.findall(r"^notice: (.* resembles .*)$", done.stderr, re.MULTILINE)
    references = re.findall(r"^error: ([a-z-]+)$", done.stderr, re.MULTILINE)
    return Run(done.returncode, names, tuple(references), tuple(notices), done.stderr.strip())


def main() -> int:
    """Resolve the sets named on the command line, or all of them."""
    parser = sets_parser(__doc__)
    parser.add_argument("--well-known-names", metavar="FILE", help="the list to judge by, in place of safepip's own")
    arguments = parser.parse_args()
    listed = str(Path(arguments.well_known_names).resolve()) if arguments.well_known_names else None
    known = KnownNames(read_names(names_from(listed) if listed else shipped_names()))
    refused, failed, seen = 0, 0, set[str]()
    with tempfile.TemporaryDirectory() as folder:
        for path in paths_of(parser, arguments.sets):
            run = resolve(path, arguments.date, listed, Path(folder))
            refused += sum(reference in RULES for reference in run.references)
            failed += run.exit_code != 0
            seen |= run.names
            unknown = sorted(name for name in run.names if name not in known)
            ended = "" if run.exit_code == 0 else f", ended with {run.exit_code}: {', '.join(run.references)}"
            print(f"{path.stem}: {len(run.names)} projects, {len(unknown)} of them not on the list{ended}")
            for line in run.notices:
                print(f"    told: {line}")
            for alike in filter(None, map(known.resemblance, unknown)):
                print(f"    by name: {alike.name} resembles {alike.known} ({alike.kind})")
            if run.exit_code:
                print(run.words[-2_000:])
            sys.stdout.flush()
    print(f"{len(seen)} projects in all; {refused} refused by their names; {failed} sets without an answer")
    return 1 if refused or failed else 0


if __name__ == "__main__":
    sys.exit(main())
