"""Exceptions that have no effect any more: those that have expired, and those that are not needed.

One configuration serves many runs, so a run reports only what it can know, in one line for each kind:

- *expired*: its last day is over, and its project is in the run, or is refused by it;
- *unneeded*: the project, file or bytes that it names were judged in this run, and its rule had no objection. A rule on
  content judges every wheel that is installed or downloaded; one on names the projects that are decided on by name. An
  exception from a rule on ages counts only where it names a file or digest: one for a whole project is made for files
  to come.

Where an exception is needed on one platform only, `file` says so, and runs on other platforms do not report it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.exemption import Allowed, Exemption
    from safepip.model.resolution import Pin

_ON_NAMES = ("look-alike", "new-project")
_ON_AGES = ("cooldown", "late-file", "yanked")


def last_day(exemption: Exemption) -> str:
    """The last day on which an exception holds, as a configuration writes it."""
    from datetime import UTC, datetime

    assert exemption.until is not None
    return datetime.fromtimestamp(exemption.until - 1, UTC).date().isoformat()


def expired(exemptions: Iterable[Exemption], projects: Collection[str]) -> Iterator[str]:
    """One line for the exceptions for these projects that have expired; none where none has."""
    reported = [f"{_stated(a)}, until {last_day(a)}" for a in exemptions if a.project in projects]
    if reported:
        yield f"exceptions that have expired and no longer have an effect: {'; '.join(reported)}"


def unneeded(
    exemptions: Iterable[Exemption], pins: Sequence[Pin], wheels: Iterable[ClearedWheel], *, names_judged: bool
) -> Iterator[str]:
    """One line for the exceptions that were not needed for what was judged; none where all were needed.

    `names_judged` says that projects were decided on by name, and not taken from a lock or by hash.
    """
    chosen = {pin.name: pin for pin in pins}
    judged = {wheel.pin.name: wheel for wheel in wheels}
    reported = [
        _stated(exemption)
        for exemption in exemptions
        if exemption.project in judged
        and _was_judged(exemption, judged[exemption.project], names_judged=names_judged)
        and not _needed(exemption, (*chosen[exemption.project].allowed, *judged[exemption.project].allowed))
    ]
    if reported:
        yield f"exceptions that this run did not need; remove or narrow them: {'; '.join(reported)}"


def _was_judged(exemption: Exemption, wheel: ClearedWheel, *, names_judged: bool) -> bool:
    narrow = exemption.file is not None or exemption.digest is not None
    if exemption.file not in (None, wheel.file.filename) or exemption.digest not in (None, wheel.file.sha256):
        return False
    if exemption.rule in _ON_NAMES:
        # `new-project` judges what the user asks for by name; so does `look-alike`, and some dependencies too.
        return names_judged and wheel.pin.requested
    return narrow or exemption.rule not in _ON_AGES


def _needed(exemption: Exemption, allowed: Iterable[Allowed]) -> bool:
    return any(item.exemption == exemption for item in allowed)


def _stated(exemption: Exemption) -> str:
    return f"{exemption.rule} for {exemption.project} ({exemption.origin})"
