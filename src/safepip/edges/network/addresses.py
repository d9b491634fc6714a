"""URLs as they go over the wire: parsed once, checked, and refused where they must not be requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.network.limits import HttpError
from safepip.model.urls import DEFAULT_PORTS, UrlError, in_ascii, parse

if TYPE_CHECKING:
    from collections.abc import Callable


class Address(NamedTuple):
    """A URL taken apart and ready for the wire. `target` is path and query, `authority` the Host header."""

    url: str
    scheme: str
    host: str
    port: int
    target: bytes
    authority: bytes


def parse_address(url: str, shown: Callable[[str], str]) -> Address:
    """Parse a web URL. Raises `HttpError`, for whose message `shown` makes the URL presentable."""
    try:
        parts = parse(url)
        if not url.isascii() or " " in url:
            url = in_ascii(url)
            parts = parse(url)._replace(has_user_info=parts.has_user_info)
    except UrlError as problem:
        raise HttpError("protocol", f"{shown(url)} is not a valid URL: {problem}", url) from None
    if parts.scheme not in DEFAULT_PORTS:
        raise HttpError("protocol", f"{shown(url)} is not a web address", url)
    if parts.has_user_info:
        raise HttpError("insecure", f"{shown(url)} has a user name or password in it", url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return Address(url, parts.scheme, parts.host, port, target.encode(), parts.netloc.encode())
