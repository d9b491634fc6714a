"""Shelves from which the search may choose: those of projects against which no rule on projects has an objection.

The name comes first, because nobody is asked for a name that is refused; then, with the page, its status and its age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.errors import Refused
from safepip.resolution.quarantine import check_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.allowance import Allowed
    from safepip.model.finding import Diagnostic
    from safepip.name_rules import NameRules, Verdict
    from safepip.resolution.catalog import Catalog, RoutedShelf
    from safepip.resolution.nodes import Want


class JudgedShelves:
    """The catalogue's shelves, each project judged once a search."""

    def __init__(self, catalog: Catalog, names: NameRules) -> None:
        self._catalog = catalog
        self._names = names
        self._passed: dict[str, tuple[Verdict, Verdict]] = {}

    def shelf(self, project: str, wants: Sequence[Want]) -> RoutedShelf:
        """The project's shelf. Raises `Refused`, and what the catalogue raises."""
        known = self._passed.get(project)
        before = self._names.by_name(project) if known is None else known[0]
        if before.refusal is not None:
            raise _refused(before.refusal, wants)
        routed = self._catalog.shelf(project, [want.origin for want in wants])
        if known is None:
            check_status(project, routed, wants)
            after = self._names.by_shelf(project, routed.shelf)
            if after.refusal is not None:
                raise _refused(after.refusal, wants)
            self._passed[project] = (before, after)
        return routed

    def allowed(self, project: str) -> tuple[Allowed, ...]:
        """The objections to a project that were overruled."""
        return tuple(allowed for verdict in self._passed.get(project, ()) for allowed in verdict.allowed)

    def notices(self, project: str) -> list[str]:
        """What is worth telling of a project that was chosen."""
        return [verdict.notice for verdict in self._passed.get(project, ()) if verdict.notice]


def _refused(refusal: Diagnostic, wants: Sequence[Want]) -> Refused:
    lines = tuple(f"required by {want.origin.chain()}" for want in wants[:3])
    origins = tuple(dict.fromkeys(want.origin for want in wants))
    return Refused(refusal._replace(context=(*refusal.context, *lines), origins=origins))
