"""URLs as they go over the wire: taken apart once, checked, and refused where they must not be asked.

What a URL's host is, `urllib.parse` alone decides, here as in `safepip.model.index`: two parsers that disagree
about one URL are how a check is passed for one host and the request sent to another.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from safepip.edges.limits import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_PORTS = {"http": 80, "https": 443}
_UNQUOTED = "%/:=&?~#+!$,;'@()*[]"


class Address(NamedTuple):
    """A URL taken apart and ready for the wire. `target` is path and query, `authority` the Host header."""

    url: str
    scheme: str
    host: str
    port: int
    target: bytes
    authority: bytes


def parse_address(url: str, shown: Callable[[str], str]) -> Address:
    """Take a URL of the web apart. Raises `HttpError`, for whose message `shown` makes the URL presentable."""
    if not url.isascii() or not url.isprintable() or " " in url:
        if any(ord(char) < 32 or ord(char) == 127 for char in url):
            raise HttpError("protocol", "a URL has no control characters", url)
        url = _ascii(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise HttpError("protocol", f"{shown(url)} is not a valid URL", url) from None
    scheme = parts.scheme
    if scheme not in DEFAULT_PORTS or not host or "\\" in parts.netloc:
        raise HttpError("protocol", f"{shown(url)} is not an address of the web", url)
    if "@" in parts.netloc:
        raise HttpError("insecure", f"{shown(url)} has a user name or password in it", url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(url, scheme, host, port or DEFAULT_PORTS[scheme], target.encode(), parts.netloc.encode())


def is_trusted(address: Address, trusted: frozenset[str]) -> bool:
    """Whether `--trusted-host` names the address's host, with its port or without one."""
    if not trusted:
        return False
    name = f"[{address.host}]" if ":" in address.host else address.host
    return not trusted.isdisjoint({address.host, name, f"{name}:{address.port}"})


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1, as pip's list of secure origins has it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _ascii(url: str) -> str:
    """A URL with characters beyond ASCII as it goes over the wire: the host by IDNA, the rest percent-encoded."""
    try:
        parts = urlsplit(url)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError:
        raise HttpError("protocol", "a URL whose host cannot be written in ASCII", url) from None
    return parts._replace(
        netloc=host, path=quote(parts.path, safe=_UNQUOTED), query=quote(parts.query, safe=_UNQUOTED)
    ).geturl()
