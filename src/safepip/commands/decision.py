"""What was decided: which distributions, of what, and by which catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Protocol

    from safepip.commands.inputs import Inputs
    from safepip.commands.installed_environment import InstalledEnvironment
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.build import BuildRecord
    from safepip.model.evidence import VerifiedFile
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin
    from safepip.model.resolution import Pin, Resolution

    class Builds(Protocol):
        """Builds what is not a wheel."""

        def wheel_of(self, pin: Pin, file: VerifiedFile | None) -> VerifiedFile:
            """The wheel of a pin, built of its archive, or, with None, of the source code that the user named."""

        def checkout(self, pin: Pin) -> VerifiedFile | None:
            """The checkout of a pin as a ZIP archive, for `download`; None for what is not saved."""

        def record(self, pin: Pin) -> BuildRecord | None:
            """How the backend of a pin ran in this run; None where it did not."""

        def refusal(self, name: str, origin: Origin, *, own: bool = False) -> Diagnostic | None:
            """Why the project of this normalised name may not be built; None where it may. `own` tells of a folder of
            the user's own."""


class Decision(NamedTuple):
    """A resolution and what it was made of. `inputs` has in it what the run's locks select.

    `opened` is the catalogue that was asked, None where everything is installed already, and so is `builds`, which has
    what was learned of source code. `by_hash` tells that nothing was searched for, because everything is pinned by
    hash.
    """

    inputs: Inputs
    resolution: Resolution
    installed: InstalledEnvironment
    opened: IndexCatalog | None = None
    by_hash: bool = False
    builds: Builds | None = None

    @property
    def catalog(self) -> IndexCatalog:
        """The catalogue that listed the candidates: every pin that is to be installed comes from it."""
        assert self.opened is not None, "a candidate was pinned and no catalogue was asked"
        return self.opened

    @property
    def to_install(self) -> list[Pin]:
        """The pins of what is to be installed, in the order of the resolution."""
        return [self.resolution.pins[name] for name in self.resolution.to_install]
