"""`Building`, opened when the first source archive matters: a run that takes wheels alone does not load it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safepip.commands.build_environments import Decide
    from safepip.commands.building import Building
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.listings import Listing
    from safepip.model.build import BuildRecord
    from safepip.model.candidate import Candidate
    from safepip.model.digest import Digest
    from safepip.model.evidence import VerifiedFile
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata, Pin, Resolution


class LazyBuilding:
    """The same questions as to `Building`, which is made at the first of them; its parameters are that class's."""

    def __init__(self, inputs: Inputs, resources: Resources, decide: Decide, above: tuple[str, ...] = ()) -> None:
        self._parts = inputs, resources, decide, above

    @cached_property
    def opened(self) -> Building:
        """The real one."""
        from safepip.commands.building import Building

        return Building(*self._parts)

    def offers(self, name: str) -> bool:
        """As `Building.offers`."""
        return self.opened.offers(name)

    def hint_for(self, name: str) -> str:
        """As `Building.hint_for`."""
        return self.opened.hint_for(name)

    def with_names(self, inputs: Inputs) -> Inputs:
        """As `Building.with_names`; where no source code is named, nothing has to be read."""
        if all(requirement.source is None for requirement in inputs.statements.requirements):
            return inputs
        return self.opened.with_names(inputs)

    def refusal(self, name: str, origin: Origin, *, own: bool = False) -> Diagnostic | None:
        """As `Building.refusal`."""
        return self.opened.refusal(name, origin, own=own)

    def metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        """As `Building.metadata`."""
        return self.opened.metadata(candidate, listing)

    def read_from(self, candidate: Candidate) -> Digest | None:
        """As `Building.read_from`; where nothing was opened, nothing was read."""
        return self.opened.read_from(candidate) if "opened" in self.__dict__ else None

    def candidate(self, requirement: Requirement | Constraint) -> Candidate:
        """As `Building.candidate`."""
        return self.opened.candidate(requirement)

    def wheel_of(self, pin: Pin, file: VerifiedFile | None) -> VerifiedFile:
        """As `Building.wheel_of`."""
        return self.opened.wheel_of(pin, file)

    def checkout(self, pin: Pin) -> VerifiedFile | None:
        """As `Building.checkout`."""
        return self.opened.checkout(pin)

    def record(self, pin: Pin) -> BuildRecord | None:
        """As `Building.record`."""
        return self.opened.record(pin) if "opened" in self.__dict__ else None

    def with_origins(self, resolution: Resolution) -> Resolution:
        """As `Building.with_origins`; without a pin of source code nothing has to be added."""
        if all(pin.candidate is None or pin.candidate.source is None for pin in resolution.pins.values()):
            return resolution
        return self.opened.with_origins(resolution)
