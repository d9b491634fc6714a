"""What configuration says of advisories: their sources, and what is made of what they report.

Every run reads a configuration; what the sources say (`safepip.model.advisories`) is loaded by those that look at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.origin import BUILT_IN

if TYPE_CHECKING:
    from safepip.model.advisories import Ignore, Severity
    from safepip.model.origin import Origin
    from safepip.model.vex import VexSource


class AdvisorySource(NamedTuple):
    """One `[[advisories]]`: a folder or archive at `path`, or an archive or a server at `url`; the other one is empty.

    `max_age` is in seconds, None for no limit. `claimed` allows a server to be asked for names that an index claims.
    """

    name: str
    origin: Origin
    path: str = ""
    url: str = ""
    max_age: float | None = None
    claimed: bool = False

    @property
    def is_server(self) -> bool:
        """Whether it is asked name by name when it matters: an archive's URL ends with `.zip`."""
        return bool(self.url) and not self.url.lower().endswith(".zip")

    @property
    def place(self) -> str:
        """Its path or URL."""
        return self.path or self.url


class AdvisoryPolicy(NamedTuple):
    """What configuration says of advisories. `refuse` is the lowest severity that an install refuses, None for none.
    `required` is where a usable bundle is demanded, None where it is not. `vex` are the files of VEX statements.
    `may_ignore` says that no level forbids ignores to the project's configuration."""

    sources: tuple[AdvisorySource, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    vex: tuple[VexSource, ...] = ()
    refuse: Severity | None = None
    refuse_origin: Origin = BUILT_IN
    required: Origin | None = None
    may_ignore: bool = True
