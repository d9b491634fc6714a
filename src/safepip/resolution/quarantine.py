"""PEP 792: an index that has put a project into quarantine considers it unsafe, so nothing of it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.page import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.resolution.catalog import RoutedCandidates
    from safepip.resolution.nodes import ResolverRequirement


def check_status(project: str, routed: RoutedCandidates, needs: Sequence[ResolverRequirement]) -> None:
    """Raise `Refused` (`quarantined`) where the project's index has it in quarantine."""
    available, index = routed.available, routed.route.index
    if available.status is not Status.QUARANTINED:
        return
    raise Refused.because(
        "quarantined",
        f"{project} is in quarantine on its index, which considers it unsafe",
        context=(
            *((f"{index.name}  {index.url}",) if index else ()),
            *((f"reason: {printable(available.status_reason)}",) if available.status_reason else ()),
            *(f"required by {need.origin.chain()}" for need in needs[:3]),
        ),
        hint="do not install it until the index has reviewed it",
        origins=tuple(need.origin for need in needs),
        subject=project,
    )
