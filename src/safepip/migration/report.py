"""What `init` tells a person: the indexes, who has which name, what is left to decide, what the other tools leave open.

No line proposes an owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.migration.findings import Role
from safepip.migration.grouping import by_prefix
from safepip.model.finding import printable
from safepip.model.route import Presence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.migration.grouping import NameGroup
    from safepip.migration.ownership import NameReport
    from safepip.migration.writing import Proposal
    from safepip.model.resolution import Resolution
    from safepip.model.route import Observation

_ROLE = "answers for every name that no index owns"


def index_lines(proposal: Proposal) -> Iterator[str]:
    """The indexes, each with its URL, its role and the places that name it."""
    yield "Indexes:"
    for index in proposal.indexes:
        roles = dict.fromkeys(found.role for found in index.found)
        if len(roles) > 1:
            roles.pop(Role.LOCKED, None)
        said = "; ".join(role.value for role in roles)
        role = _ROLE if index.default else f"mirror of {index.mirror_of}" if index.mirror_of else said
        yield f"  {index.name}  {index.url}"
        yield f"      {role}  (from {printable(index.places)})"
    if proposal.default is None:
        yield "  It is not certain which of them answers for all other names. Say it with --default INDEX."
    if proposal.trusted_hosts:
        yield f"  Hosts that are trusted without valid TLS: {', '.join(proposal.trusted_hosts)}"
    for host, origin in proposal.requested_trust:
        yield f"  Not trusted, although {printable(str(origin))} asks for it: {printable(host)} (--trusted-host)"
    for index in proposal.indexes:
        if index.may_hold_token:
            yield f"  The URL of {index.name} has a long part that may be a secret; what is written repeats it."
    if proposal.unread:
        yield "Not taken over, so it is not known which names they have, and no name is decided without a claim:"
        yield from (f"  {printable(str(source))}" for source in proposal.unread)


def name_lines(proposal: Proposal) -> Iterator[str]:
    """Who has which name: first what has an owner, then what is open, then what is on the default index alone."""
    open_reports = proposal.open_reports
    names = {report.name for report in open_reports}
    owned = [report for report in proposal.reports if report.owner]
    plain = [report for report in proposal.reports if not report.owner and report.name not in names]
    if owned:
        yield "Claimed:"
        yield from (f"  {row}" for row in rows(owned))
    if open_reports:
        yield "Not decided:"
        for group in by_prefix(open_reports):
            yield from group_lines(group)
    if plain:
        yield f"On {proposal.default or 'one index'} alone, and not claimed ({len(plain)}):"
        yield f"  {', '.join(report.name for report in plain)}"


def group_lines(group: NameGroup) -> Iterator[str]:
    """A group with a row for each of its names."""
    if group.pattern:
        yield f"  {group.pattern}"
    indent = "    " if group.pattern else "  "
    yield from (f"{indent}{row}" for row in rows(group.reports))


def rows(reports: Sequence[NameReport]) -> Iterator[str]:
    """A row for each name: what each index says of it, and a mark where an install would not know whose it is."""
    width = max(len(report.name) for report in reports)
    for report in reports:
        there = [o for o in report.observations if o.presence is not Presence.ABSENT]
        answers = ", ".join(_answer(o) for o in there) or "on no index"
        mark = "  (ambiguous)" if report.ambiguous and len(report.observations) > 1 else ""
        yield f"{report.name:<{width}}  {answers}{mark}"


def _answer(observation: Observation) -> str:
    name = observation.index.name
    if observation.presence is Presence.UNKNOWN:
        return f"{name}: no answer ({printable(observation.problem)})"
    return f"{name} {printable(observation.newest)}" if observation.newest else f"{name}: no file that can be used"


def decision_line(title: str, resolution: Resolution) -> str:
    """What an install of a part would take, and from where."""
    taken: dict[str, list[str]] = {}
    for pin in resolution.pins.values():
        owner = pin.route.index.name if pin.route.index is not None else "no index"
        taken.setdefault(owner, []).append(f"{pin.name} {pin.version}")
    parts = [f"from {owner} {', '.join(sorted(pins))}" for owner, pins in sorted(taken.items())]
    return f"{title}: {'; '.join(parts) or 'nothing to install'}"
