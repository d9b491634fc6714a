"""What a lock cannot hold yet: a project that would be installed from a source archive of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.candidate import Pin


def refuse_archives(pins: Iterable[Pin]) -> None:
    """Raise `Refused` (`not-yet`) with every pin whose file is a source archive."""
    problems = [
        Diagnostic(
            "not-yet",
            f"{pin.name} {pin.version} would be locked as a source archive, and a lock holds wheels only so far",
            (printable(pin.candidate.file.filename), *(f"required by {by.chain()}" for by in pin.required_by[:3])),
            f"to lock a version that has a wheel: --only-binary {pin.name}",
            pin.required_by,
            pin.name,
        )
        for pin in pins
        if pin.candidate is not None and pin.direct_url is None and not pin.candidate.is_wheel
    ]
    if problems:
        raise Refused(*problems)
