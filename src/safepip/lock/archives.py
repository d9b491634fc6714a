"""Source archives that a lock cannot name.

PEP 751 has an index's source archive named as the specification of source archives has it: `name-version`, and
`.tar.gz` or the older `.zip` behind. Some old ones have another form (`.tar.bz2`, or a dash within the version). pip
26.3 writes such a name into a lock, and then refuses the lock as invalid; so does every reader that keeps to
`packaging.pylock`. An entry as an archive by its URL (`packages.archive`) would be read, but it records something else:
a URL that the user has named, which is kept in `direct_url.json` then, and no name that has an owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.resolution import Pin


def check_names(pins: Iterable[Pin]) -> None:
    """Raise `Refused` (`unlockable-archive`) with every pin whose source archive has a name that a lock cannot have."""
    problems = [
        Diagnostic(
            "unlockable-archive",
            f"{pin.name} {pin.version} has a source archive whose name cannot stand in a lock",
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
