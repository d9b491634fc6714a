"""The user's netrc file: the one named by NETRC, else ~/.netrc, else ~/_netrc.

Its `default` entry, which pip would send to every host there is, is not used: a credential goes only where it was meant
to go.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.disk.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class NetrcEntry(NamedTuple):
    """What netrc knows of a host. Never shown: only `safepip.edges.network.credentials` has one."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "****"


def read_netrc(environ: Mapping[str, str], notice: Callable[[str], None]) -> Mapping[str, NetrcEntry]:
    """The entries by host. `notice` is called for a file that cannot be read, which then is not used."""
    home = _home(environ)
    named = named_netrc(environ)
    places = [os.path.join(home, name) for name in (".netrc", "_netrc")] if named is None else [named]
    path = next((place for place in places if os.path.exists(place)), None)
    if path is None:
        return {}
    from netrc import NetrcParseError, netrc

    try:
        read_regular(path)  # no pipe or device, and no file without end
        hosts = netrc(path).hosts
    except (NetrcParseError, OSError, UnicodeDecodeError) as error:
        notice(f"the netrc file {path} cannot be read and is not used: {_reason(error)}")
        return {}
    return {
        host.lower(): NetrcEntry(login or account or "", password or "")
        for host, (login, account, password) in hosts.items()
        if host != "default" and any((login, account, password))
    }


def named_netrc(environ: Mapping[str, str]) -> str | None:
    """The file that NETRC names. As in pip a `~` that no shell has replaced is the home."""
    named = environ.get("NETRC")
    return os.path.join(_home(environ), named[2:]) if named and named.startswith("~/") else named


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _reason(error: Exception) -> str:
    """Why a file cannot be read. The parser's own message may quote it, and what it quotes may be the password."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    line = getattr(error, "lineno", None)
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"line {line} does not have its form"
