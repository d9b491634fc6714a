"""Hosts as people write them, `host` or `host:port`: which URLs one covers, and which hosts are this machine.

Used for `--trusted-host`, `trusted-hosts` and `file-hosts`, and for the rule on plain http.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.model.index import IndexUrl

_HOST = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?\Z"
)
_PORTS = {"http": 80, "https": 443}
_IPV4_LOOPBACK = re.compile(r"127(?:\.[0-9]{1,3}){3}\Z")


class Host(NamedTuple):
    """`port` None stands for every port, as in pip. `name` is in lower case, an IPv6 address without brackets."""

    name: str
    port: int | None

    def covers(self, url: IndexUrl) -> bool:
        """Whether a URL goes to this host."""
        return self.name == url.host and self.port in (None, url.port or _PORTS.get(url.scheme))


def read_host(text: str) -> Host | None:
    """Read `host`, `host:port` or `[address]:port`; None for anything else."""
    found = _HOST.match(text)
    if not found:
        return None
    port = None if found["port"] is None else int(found["port"])
    return None if port is not None and not 0 < port < 65536 else Host(found["host"].strip("[]").lower(), port)


def is_loopback(name: str) -> bool:
    """Whether a host is this machine: pip's `localhost`, 127.0.0.0/8 and ::1."""
    return name == "localhost" or name == "::1" or _IPV4_LOOPBACK.match(name) is not None


def is_secure(url: IndexUrl, trusted: tuple[str, ...]) -> bool:
    """Plain http is for loopback hosts and for hosts the user trusts (routing.md, "Where indexes may be named")."""
    if url.scheme != "http" or is_loopback(url.host):
        return True
    return any(host.covers(url) for host in map(read_host, trusted) if host is not None)
