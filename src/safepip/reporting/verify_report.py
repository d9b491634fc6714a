"""The findings of `safepip verify`: lines for people, JSON for programs.

People get one line a finding, in groups, the most serious first. Paths are shown relative to the environment's folder;
all text from the environment is made printable, since an attacker who tampers with one chooses its file names.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from safepip.environment.verification import Kind
from safepip.model.finding import printable
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.environment.verification import EnvironmentFolders, EnvironmentVerdict, Finding

HEADINGS = {
    Kind.SHIM: "the shim, by which pip's installs go through safepip, is not whole; safepip shim --venv repairs it",
    Kind.HOOK: "start-up hooks that belong to no distribution; Python runs them whenever it starts",
    Kind.DIFFERS: "files that differ from their RECORD",
    Kind.MISSING: "files that are in a RECORD and missing",
    Kind.OUTSIDE: "files that a RECORD claims outside of the environment",
    Kind.BYTE_CODE: "byte code that is not compared with a source or a digest",
    Kind.SHARED: "files that more than one distribution claims",
    Kind.UNOWNED: "files that belong to no distribution",
    Kind.UNREADABLE: "files and folders that cannot be read",
    Kind.UNPROVEN: "files without a strong digest in their RECORD",
    Kind.UNCHECKED: "distributions that cannot be checked",
    Kind.ABSENT: "names without a distribution",
}


def lines(verdict: EnvironmentVerdict, place: EnvironmentFolders) -> Iterator[str]:
    """The findings as lines for people, and what is editable."""
    for kind, findings in groupby(verdict.findings, key=lambda finding: finding.kind):
        yield f"{HEADINGS[kind]}:"
        yield from (f"  {described(finding, place)}" for finding in findings)
    if verdict.editable:
        yield "editable projects, whose code lies elsewhere and was not checked:"
        yield from (f"  {printable(f'{it.name} {it.version}: {it.editable}', 500)}" for it in verdict.editable)


def described(finding: Finding, place: EnvironmentFolders) -> str:
    """A finding in one line, without its kind."""
    about = ": ".join(filter(None, (finding.distribution, finding.detail)))
    return "  ".join(filter(None, (_shown(finding.path, place), printable(about))))


def _shown(path: str, place: EnvironmentFolders) -> str:
    return printable(path.removeprefix(f"{place.prefix}/"), 500)


def summary(verdict: EnvironmentVerdict, place: EnvironmentFolders) -> str:
    """The last line."""
    found = len(verdict.findings)
    checked = f"{_count(verdict.distributions, 'distribution')}, {_count(verdict.files, 'file')} checked"
    outcome = _count(found, "finding") if found else "everything is as its RECORD says"
    return f"{printable(place.prefix)}: {checked}; {outcome}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shim_line(starts: str) -> str:
    """That the environment has a shim, and what that starts."""
    return f"pip's installs in this environment go through safepip, which is started by {printable(starts)}"


def make_json(verdict: EnvironmentVerdict, place: EnvironmentFolders, version: str, shim: str = "") -> str:
    """The whole outcome as JSON (docs/reference/verify.md). `version` is safepip's own, and `shim` the program that a
    shim starts, empty where there is none."""
    report = {
        "version": "1",
        "safepip_version": version,
        "python": place.python,
        "python_version": place.version,
        "prefix": place.prefix,
        "folders": [*place.sites, *filter(None, (place.scripts,))],
        "not_looked_at": list(place.unseen),
        "distributions": verdict.distributions,
        "files": verdict.files,
        "shim": shim or None,
        "clean": not verdict.findings,
        "findings": [_item(finding) for finding in verdict.findings],
        "editable": [
            {"distribution": item.name, "version": item.version, "url": item.editable} for item in verdict.editable
        ],
    }
    # File names that are not valid text hold code points that no encoding has: only escapes can represent them.
    return disarm_data(json.dumps(report, indent=2, ensure_ascii=True))


def _item(finding: Finding) -> dict[str, str | None]:
    name, _, version = finding.distribution.partition(" ")
    return {
        "kind": finding.kind.value,
        "path": finding.path or None,
        "distribution": name or None,
        "version": version or None,
        "detail": finding.detail or None,
    }
