"""A file that holds requirements, and what can be wrong with it before a line of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import Refused, UnusableInput
from safepip.model.urls import DEFAULT_PORTS, UrlError, is_url, parse, scheme_of, shown

if TYPE_CHECKING:
    from safepip.model.origin import Origin


class Place(NamedTuple):
    """A file to be read: its path or URL, the same for messages (before variables were expanded), and where it was
    named."""

    name: str
    shown: str
    stated: Origin


def is_pyproject(name: str) -> bool:
    """Whether a path names a pyproject.toml."""
    return name.rstrip().replace("\\", "/").rpartition("/")[2] == "pyproject.toml"


def check_place(place: Place) -> None:
    """Raise (`unreadable-file`) for a URL that cannot name a readable file: a URL is never tried as a path."""
    if not is_url(place.name):
        return
    try:
        scheme = parse(place.name).scheme
    except UrlError as problem:
        why = str(problem)
    else:
        if scheme in DEFAULT_PORTS or scheme == "file":
            return
        why = "a file is named by a path, or by a URL that begins with https:, http: or file:"
    raise unreadable(f"{shown(place.shown)} is a URL that cannot be used: {why}", place.stated, if_path(place.name))


def check_path(place: Place) -> None:
    """Raise (`unreadable-file`) for a URL where only a local file can be read."""
    if is_url(place.name):
        why = "is a URL, and the path of a local file is needed"
        raise unreadable(f"{shown(place.shown)} {why}", place.stated, if_path(place.name))


def if_path(text: str) -> str:
    """A hint for a text that has a scheme and may have been meant as a path all the same; empty where it was not."""
    named = scheme_of(text)
    known = named in DEFAULT_PORTS or named == "file" or not named
    return "" if known or ":/" in text else "if it is a path: write it with ./ before it"


def misplaced_lock(place: Place) -> Refused:
    return Refused.because(
        "not-yet",
        f"{place.shown} is a lock: install, download, wheel and sync read locks, named with -r on the command line",
        origins=(place.stated,),
    )


def remote_names_local(stated: Origin) -> Refused:
    return Refused.because(
        "remote-includes-local",
        f"{stated} came from a network and names a file or folder of this machine",
        origins=(stated,),
    )


def unreadable(message: str, stated: Origin, hint: str = "") -> UnusableInput:
    return UnusableInput.because("unreadable-file", message, origins=(stated,), hint=hint)


def undecodable(place: Place) -> UnusableInput:
    return UnusableInput.because(
        "undecodable-file",
        f"{place.shown} is not text in its declared or assumed encoding",
        origins=(place.stated,),
        hint="save it as UTF-8, or name its encoding in the first line: # -*- coding: NAME -*-",
    )
