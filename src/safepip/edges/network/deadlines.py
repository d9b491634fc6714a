"""How long a run waits for what a server controls.

- A page, and any other small text, has a time in all: from the request to the last byte, redirects, further attempts
  and the pauses between them together. Not counted is the time in which the user is asked for a password.
- A file has none, because a large wheel on a slow link takes as long as it takes. It has a least rate, measured over
  some time again and again, so that what was fast at first may not become slow.
- The pauses that an origin asks for (Retry-After) are counted once for the whole run: what it says to many requests at
  the same time is one pause. An origin that asks for more gets no further attempt.

The numbers follow from `--timeout`, of which the default is 15 seconds.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from safepip.edges.network.limits import HttpError, backoff
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: So many times `--timeout` a page may take in all, and so long is the window in which the rate of a file is measured;
#: neither is less than a minute.
PAGE_TIMEOUTS, WINDOW_TIMEOUTS, LEAST_SECONDS = 12, 4, 60.0
#: At least so many bytes a second of each file, in every such window; several may share a slow link.
SLOWEST_BYTES_PER_SECOND = 1024
#: In seconds: the longest single pause that an origin is granted, and all of a run together.
LONGEST_PAUSE, ALL_PAUSES = 30.0, 60.0

_DEADLINE: ContextVar[asyncio.Timeout | None] = ContextVar("deadline", default=None)


def page_seconds(timeout: float) -> float:
    """How long a page may take in all."""
    return max(LEAST_SECONDS, PAGE_TIMEOUTS * timeout)


def window_seconds(timeout: float) -> float:
    """Over how long the rate of a file is measured."""
    return max(LEAST_SECONDS, WINDOW_TIMEOUTS * timeout)


@asynccontextmanager
async def within(seconds: float, url: str) -> AsyncIterator[None]:
    """Raise `HttpError` (timeout) unless what is done here comes to its end in time."""
    try:
        async with asyncio.timeout(seconds) as deadline:
            token = _DEADLINE.set(deadline)
            try:
                yield
            finally:
                _DEADLINE.reset(token)
    except TimeoutError:
        message = f"{printable(url)} has not come within {seconds:g} seconds, with all attempts"
        raise HttpError("timeout", message, url) from None


@asynccontextmanager
async def unhurried() -> AsyncIterator[None]:
    """Stop the clock of `within` while the user is asked."""
    deadline = _DEADLINE.get()
    until = None if deadline is None else deadline.when()
    if deadline is None or until is None:
        yield
        return
    start = time.monotonic()
    deadline.reschedule(None)
    try:
        yield
    finally:
        deadline.reschedule(until + time.monotonic() - start)


class Rate:
    """Ends a file that drips: in every window of time it has to bring its share."""

    def __init__(self, url: str, window: float) -> None:
        self._url = url
        self._window = window
        self._start = time.monotonic()
        self._received = 0

    def advance(self, count: int) -> None:
        """More bytes came. Raises `HttpError` (timeout)."""
        self._received += count
        passed = time.monotonic() - self._start
        if passed < self._window:
            return
        if self._received < passed * SLOWEST_BYTES_PER_SECOND:
            raise HttpError("timeout", f"{printable(self._url)} sends its data too slowly", self._url)
        self._start, self._received = time.monotonic(), 0


class Pauses:
    """The pauses that one origin has asked for in a run; those at the same time are one."""

    def __init__(self) -> None:
        self._until = 0.0
        self._left = ALL_PAUSES

    def next(self, attempt: int, retry_after: str | None) -> float | None:
        """Seconds to wait before the next attempt; None where the server asks for more than it is granted."""
        seconds = backoff(attempt)
        if retry_after is None or not retry_after.strip().isdecimal():
            return seconds
        asked = float(retry_after)
        now = time.monotonic()
        more = max(0.0, now + asked - max(now, self._until))
        if asked > LONGEST_PAUSE or more > self._left:
            return None
        self._left -= more
        self._until = max(self._until, now + asked)
        return max(seconds, asked)
