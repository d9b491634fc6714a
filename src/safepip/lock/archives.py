"""Source archives that a lock cannot name.

PEP 751 and `packaging.pylock` read the project and the version out of the name of an index's source archive, in the
form of PEP 625 or near it. Some old ones have another form (`.tar.bz2`, or a dash within the version).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.candidate import Pin


def check_names(pins: Iterable[Pin]) -> None:
    """Raise `Refused` (`not-yet`) with every pin whose source archive has a name that a lock cannot have."""
    problems = [
        Diagnostic(
            "not-yet",
            f"{pin.name} {pin.version} would be locked by a source archive whose name has no place in a lock",
            (printable(pin.candidate.file.filename), *(f"required by {by.chain()}" for by in pin.required_by[:3])),
            f"to lock a version that has a wheel: --only-binary {pin.name}; or write --format requirements",
            pin.required_by,
            pin.name,
        )
        for pin in pins
        if pin.candidate is not None and pin.candidate.source is None and not _has_place(pin)
    ]
    if problems:
        raise Refused(*problems)


def _has_place(pin: Pin) -> bool:
    assert pin.candidate is not None
    if pin.candidate.is_wheel:
        return True
    try:
        return parse_sdist_filename(pin.candidate.file.filename) == (pin.name, pin.version)
    except InvalidSdistFilename:
        return False
