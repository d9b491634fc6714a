"""A file that holds requirements, and what can be wrong with it before a line of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.errors import Refused, UnusableInput

if TYPE_CHECKING:
    from safepip.errors import SafepipError
    from safepip.model.origin import Origin


class Place(NamedTuple):
    """A file to be read: its path or URL, the same for messages (before variables were expanded), and who said it."""

    name: str
    shown: str
    said: Origin


def misplaced_lock(place: Place) -> SafepipError:
    return Refused.because(
        "not-yet",
        f"{place.shown} is a lock, which only install and download read, and only by -r on the command line",
        origins=(place.said,),
    )


def unreadable(message: str, said: Origin) -> SafepipError:
    return UnusableInput.because("unreadable-file", message, origins=(said,))


def undecodable(place: Place) -> SafepipError:
    return UnusableInput.because(
        "undecodable-file",
        f"{place.shown} is not text in the encoding it is said to have",
        origins=(place.said,),
        hint="save it as UTF-8, or name its encoding in the first line: # -*- coding: NAME -*-",
    )
