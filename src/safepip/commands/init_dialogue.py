"""The dialogue of `init`: a person is shown who has the names of a group, and may say which index owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.user.terminal import ask_line
from safepip.migration.grouping import NameGroup, by_prefix
from safepip.migration.ownership import GivenClaim, make_claim
from safepip.migration.report import group_lines, index_lines
from safepip.model.errors import UsageError
from safepip.model.origin import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from safepip.commands.resources import Resources
    from safepip.migration.writing import Proposal


class GivenAnswers(NamedTuple):
    """The claims that a person has made. `goes_on` is False where the input has come to its end."""

    claims: tuple[GivenClaim, ...]
    goes_on: bool


def ask_owners(proposal: Proposal, left: Collection[str], resources: Resources) -> GivenAnswers:
    """Ask about each group of open names but those in `left`, which were left open before."""
    with resources.console.progress.hidden():
        for line in index_lines(proposal):
            resources.console.aside(line)
        claims: list[GivenClaim] = []
        for group in by_prefix(report for report in proposal.open_reports if report.name not in left):
            answer = _ask(group, proposal, resources)
            if answer is None:
                return GivenAnswers(tuple(claims), goes_on=False)
            claims += answer
    return GivenAnswers(tuple(claims), goes_on=True)


def _ask(group: NameGroup, proposal: Proposal, resources: Resources) -> list[GivenClaim] | None:
    """The claims for one group; None at the end of the input."""
    for line in group_lines(group):
        resources.console.aside(line)
    while True:
        typed = ask_line(_question(group, proposal))
        if typed is None:
            return None
        index, _, rest = typed.partition(" ")
        if not index:
            return []
        if index == "each" and group.pattern and not rest:
            return _ask_each(group, proposal, resources)
        if rest.strip() not in (("", "*") if group.pattern else ("",)):
            resources.console.aside(f"  {rest.strip()!r} is not understood")
            continue
        patterns = [group.pattern] if rest.strip() else [report.name for report in group.reports]
        try:
            return [make_claim(pattern, index, proposal.indexes, Source.COMMAND_LINE) for pattern in patterns]
        except UsageError as error:
            resources.console.aside(f"  {error.diagnostics[0].message.removeprefix('--claim: ')}")


def _ask_each(group: NameGroup, proposal: Proposal, resources: Resources) -> list[GivenClaim] | None:
    claims: list[GivenClaim] = []
    for report in group.reports:
        answer = _ask(NameGroup("", (report,)), proposal, resources)
        if answer is None:
            return claims or None
        claims += answer
    return claims


def _question(group: NameGroup, proposal: Proposal) -> str:
    names: Iterable[str] = (index.name for index in proposal.indexes if not index.mirror_of)
    ways = f"Which index owns {group.title}? {' / '.join(names)}"
    if group.pattern:
        ways += (
            f"\n(INDEX: these names; INDEX *: all of {group.pattern}, later ones too; each: one by one; empty: open)"
        )
    else:
        ways += " (empty: open)"
    return f"{ways}\n> "
