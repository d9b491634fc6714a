"""A line of policy that overrules a rule's objection to one project's wheels, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.model.digest import Digest
    from safepip.model.origin import Origin


class Exemption(NamedTuple):
    """One `[[allow]]` of safepip's configuration.

    `project` is a normalised name and `rule` the reference of the rule. `file` and `digest` narrow it to one wheel
    by name or by sha256; None allows every wheel of the project. `reason` is for the reader of the report. `until` is
    the moment at which it ends, in seconds since the epoch; None for none.
    """

    project: str
    rule: str
    reason: str
    origin: Origin
    file: str | None = None
    digest: Digest | None = None
    until: float | None = None


class Allowed(NamedTuple):
    """An objection that policy, or an option for one run, overruled. `message` is the rule's own sentence."""

    rule: str
    message: str
    exemption: Exemption

    def line(self, subject: str) -> str:
        """The line that reports it; `subject` is what it was about, such as `name version`."""
        return (
            f"allowed: {self.rule} for {subject}: {self.message}"
            f" (reason: {self.exemption.reason}, {self.exemption.origin})"
        )
