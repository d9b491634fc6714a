"""What `safepip audit --fix` has changed in a lock, and what it could not fix: for people, and for a pull request.

All of it but the words in between is written by others: names and versions by indexes, ids by databases, reasons by
metadata. In Markdown such text stands in spans and blocks of code, where it is neither a link nor a mention nor a
command, and without the two characters that could end a span or a cell of a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.reporting.runner_commands import disarm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.model.advisories import Vulnerability


class FixedProject(NamedTuple):
    """One project that is in another version than before. `before` and `after` are its versions, empty where the lock
    did not or does not have it. `fixed` are the matters that are no longer known of it; where there are none, `reason`
    says why it changes all the same."""

    name: str
    before: str
    after: str
    fixed: tuple[Vulnerability, ...] = ()
    reason: str = ""


class UnfixedProject(NamedTuple):
    """One version that stays although a matter is known of it, and the lines that say why."""

    name: str
    version: str
    matter: Vulnerability
    why: tuple[str, ...]


class FixReport(NamedTuple):
    """All that was changed in the lock `path`, and what was not fixed. `notices` are lines on rules that yielded;
    `written` says that the file is another one now."""

    path: str
    changed: tuple[FixedProject, ...]
    unfixed: tuple[UnfixedProject, ...]
    notices: tuple[str, ...] = ()
    written: bool = False


def fix_lines(report: FixReport, *, written: bool) -> Iterator[str]:
    """For people. `written` says that the lock was changed, and not only what would be."""
    if report.changed:
        yield f"{'changed' if written else 'would change'} in {report.path}:"
    for project in report.changed:
        yield f"  {_change(project)}"
        yield from (f"    {printable(_matter(matter), 500)}" for matter in project.fixed)
    if report.unfixed:
        yield "not fixed:"
    for stays in report.unfixed:
        yield f"  {printable(f'{stays.name} {stays.version}')}  {printable(_matter(stays.matter), 500)}"
        yield from (f"    {printable(line, 500)}" for line in stays.why)


def _change(project: FixedProject) -> str:
    name, before, after = project.name, project.before, project.after
    if not before:
        change = f"added {name} {after}"
    elif not after:
        change = f"removed {name} {before}"
    else:
        change = f"{name} {before} -> {after}"
    return printable(change if project.fixed or not project.reason else f"{change} ({project.reason})", 500)


def _matter(matter: Vulnerability) -> str:
    names = f" ({', '.join(matter.aliases)})" if matter.aliases else ""
    return f"{matter.id}{names}  {_severity(matter)}"


def _severity(matter: Vulnerability) -> str:
    return "malicious" if matter.malicious else matter.severity.word


def fix_markdown(report: FixReport) -> str:
    """The text of a pull request, in the Markdown of code hosts (CommonMark with tables)."""
    lines = [f"Known vulnerabilities in {_code(report.path)}"]
    if report.changed:
        lines += ["", "| project | advisory | severity | from | to |", "|---|---|---|---|---|"]
        lines += [row for project in report.changed for row in _rows(project)]
    else:
        lines += ["", "Nothing can be changed."]
    if report.notices:
        lines += ["", *(f"- {_code(notice)}" for notice in report.notices)]
    if report.unfixed:
        lines += ["", "Not fixed:", ""]
    for stays in report.unfixed:
        lines.append(f"- {_code(f'{stays.name} {stays.version}')}: {_code(stays.matter.id)}, {_severity(stays.matter)}")
        if stays.why:
            lines += ["", "  ```text", *(f"  {_plain(line)}" for line in stays.why), "  ```"]
    return disarm("\n".join(lines))


def _rows(project: FixedProject) -> Iterator[str]:
    ends = f"{_code(project.before)} | {_code(project.after)}"
    for matter in project.fixed:
        names: Sequence[str] = (matter.id, *matter.aliases)
        yield f"| {_code(project.name)} | {', '.join(map(_code, names))} | {_severity(matter)} | {ends} |"
    if not project.fixed:
        yield f"| {_code(project.name)} | {_code(project.reason)} | | {ends} |"


def _plain(text: str) -> str:
    """Text that cannot end a block or span of code, or a cell of a table."""
    return printable(text, 500).replace("`", "'").replace("|", "¦")


def _code(text: str) -> str:
    """A span of code; nothing for an empty text."""
    plain = _plain(text).strip()
    return f"`{plain}`" if plain else ""
