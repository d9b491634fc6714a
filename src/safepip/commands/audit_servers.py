"""What the configured servers know of the projects of an audit.

A name that an index claims is not told to a server, unless its source says `claimed = true`: the names of a company's
own projects are its own affair, and nothing public is known of them. What was not asked is not verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.database import AdvisoryGathering, records_of
from safepip.advisories.osv import RecordReading
from safepip.model.advisories import ProjectRecords, Unreadable
from safepip.routing.table import build

if TYPE_CHECKING:
    from collections.abc import Collection

    from safepip.commands.resources import Resources
    from safepip.model.plan import Plan


def ask_servers(plan: Plan, names: Collection[str], resources: Resources) -> dict[str, ProjectRecords]:
    """By each of these normalised names, what all servers say of it."""
    servers = [source for source in plan.policy.advisories.sources if source.is_server]
    if not servers:
        return dict.fromkeys(names, ProjectRecords())
    from safepip.edges.advisories.server import ask_server

    table = build(plan.indexes)
    gathering = AdvisoryGathering()
    for source in servers:
        owners = {name: claim.index.name for name in names if (claim := table.claim(name)) is not None}
        kept = {} if source.claimed else owners
        asked = [name for name in names if name not in kept]
        answers = ask_server(resources.network.loop, resources.network.transport, source.url, asked, plan.now)
        for readings in answers.values():
            for reading in readings:
                gathering.add(reading, source.name)
        for name, owner in kept.items():
            reason = f"{source.name} was not asked for {name}: {owner} owns the name"
            gathering.add(RecordReading(None, 0.0, {name: Unreadable("", reason)}), source.name)
    packed = dict(gathering.projects())
    return {name: records_of(name, packed) for name in names}
