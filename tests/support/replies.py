"""What a server answers, honestly or not.

A `Fault` takes the request and the honest `Reply` and gives the reply that is sent in its stead; it may
be as simple as `status(503)` or keep count, as `after(1, swapped(data))` does. The index (`support.index`)
applies faults by project page, by file and by path.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived: the path with its query, the headers by lower-case name, and the body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out over the wire.

    `announced` replaces the true Content-Length; `cut` closes the connection after that many bytes of the
    body; `hang` holds everything back after that many, for `pause` seconds (-1 for before the headers);
    `endless` is sent again and again after the body, until the other side gives up or `endless_limit` bytes are out.
    `rate` is in bytes per second. `reset` ends the connection without an answer.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    cut: int | None = None
    hang: int | None = None
    pause: float = 0.0
    rate: float | None = None
    endless: bytes = b""
    endless_limit: int = 1 << 40
    reset: bool = False


Fault: TypeAlias = Callable[[Request, Reply], Reply]


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer with this status; `headers` are written with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request, _honest: Reply(code, body, {"Content-Type": "text/plain", **named})


def redirect(location: str, code: int = 302) -> Fault:
    """Send the client elsewhere."""
    return lambda _request, _honest: Reply(code, b"", {"Location": location})


def content(body: bytes, content_type: str) -> Fault:
    """Answer 200 with these bytes under this content type."""
    return lambda _request, _honest: Reply(200, body, {"Content-Type": content_type})


def login_page() -> Fault:
    """A page that asks for a password, with status 200: what a proxy or an expired session gives."""
    form = b"<form><input name=user><input name=password></form>"
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + form + b"</body></html>"
    return content(page, "text/html; charset=utf-8")


def broken_json() -> Fault:
    """The content type of a page and the beginning of one."""
    return content(b'{"meta": {"api-version": "1.1"}, "name": "', "application/vnd.pypi.simple.v1+json")


def drop(after: int = 0) -> Fault:
    """Close the connection after so many bytes of the body, the full length announced."""
    return lambda _request, honest: replace(honest, cut=after)


def reset() -> Fault:
    """Take the request and close the connection without a word."""
    return lambda _request, honest: replace(honest, reset=True)


def stall(seconds: float, after: int = -1) -> Fault:
    """Hold the answer back for `seconds`: before the headers, or after so many bytes of the body."""
    return lambda _request, honest: replace(honest, hang=after, pause=seconds)


def held_until(seen: Callable[[], object], seconds: float = 10.0) -> Fault:
    """Hold the answer back until `seen` is true, so that what has to come first has come, however slow the machine.

    After `seconds` the answer goes out all the same; they are fewer than the client waits.
    """

    def fault(_request: Request, honest: Reply) -> Reply:
        end = time.monotonic() + seconds
        while not seen() and time.monotonic() < end:
            time.sleep(0.01)
        return honest

    return fault


def drip(rate: float) -> Fault:
    """Send the body at `rate` bytes per second."""
    return lambda _request, honest: replace(honest, rate=rate)


def lie_about_length(by: int) -> Fault:
    """Announce a length that differs from the true one by `by` bytes, and then close the connection."""
    return lambda _request, honest: replace(honest, announced=len(honest.body) + by)


def zeros(limit: int, announced: int | None = None) -> Fault:
    """Send zeros without end (up to `limit` bytes), under no length or under `announced`."""
    return lambda _request, honest: replace(
        honest, body=b"", headers=dict(honest.headers), endless=bytes(65536), endless_limit=limit, announced=announced
    )


def swapped(body: bytes) -> Fault:
    """Other bytes under the honest headers."""
    return lambda _request, honest: replace(honest, body=body)


def honest() -> Fault:
    """No fault at all; for sequences."""
    return lambda _request, reply: reply


def in_turn(*faults: Fault) -> Fault:
    """One fault after the other, one a request; the last one stays."""
    lock = threading.Lock()
    turns: Iterator[Fault] = iter(faults[:-1])

    def fault(request: Request, reply: Reply) -> Reply:
        with lock:
            chosen = next(turns, faults[-1])
        return chosen(request, reply)

    return fault


def after(count: int, fault: Fault) -> Fault:
    """Honest for `count` requests, then `fault`."""
    return in_turn(*([honest()] * count), fault)


def times(count: int, fault: Fault) -> Fault:
    """`fault` for `count` requests, then honest."""
    return in_turn(*([fault] * count), honest())
