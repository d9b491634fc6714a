"""What of a pin's files goes into a lock, and how source code that is named goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.lock_hashing import with_digests
from safepip.index.candidates import TagRanks
from safepip.model.digest import ANY_BYTES
from safepip.model.source import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.page import ProjectFile
    from safepip.model.requirement import Requirement
    from safepip.model.resolution import Pin


def files_to_lock(
    inputs: Inputs,
    resources: Resources,
    catalog: IndexCatalog,
    pin: Pin,
    kept: Callable[[Pin, tuple[ProjectFile, ...]], tuple[ProjectFile, ...]],
) -> tuple[ProjectFile, ...]:
    """All wheels of the pinned version that its index offers; of what is named directly that one file alone.

    A source archive is locked where it was chosen, and nowhere else: whether it could be built here must not decide
    what is in a lock. Then the wheels that an installer would take before it are left out. `kept` gives, of files that
    are offered, those to lock.
    """
    assert pin.candidate is not None
    if pin.direct_url is not None:
        return (pin.candidate.file,)
    offered = catalog.listed(pin.route, pin.candidate)
    if not pin.candidate.is_wheel:
        ranks = TagRanks(inputs.target.tags)
        elsewhere = [file for file in offered if ranks.best(*file.filename[:-4].split("-")[-3:]) is None]
        offered = (*elsewhere, pin.candidate.file)
    demand = inputs.allowed_hashes().get(pin.name, ANY_BYTES)
    return kept(pin, with_digests(resources, catalog, pin, offered, demand))


def with_plain_checkouts(inputs: Inputs, resources: Resources) -> Inputs:
    """The same, where nothing that version control has is editable: a lock (PEP 751) knows no such thing."""
    statements = inputs.statements
    plain = tuple(_plain(requirement, resources) for requirement in statements.requirements)
    return inputs._replace(statements=statements._replace(requirements=plain))


def _plain(requirement: Requirement, resources: Resources) -> Requirement:
    source = requirement.source
    if source is None or source.kind is not SourceKind.VCS or not source.editable:
        return requirement
    resources.console.notice(f"{requirement.text}: a lock has no editable checkouts, so this is locked as a plain one")
    return requirement._replace(source=source._replace(editable=False))
