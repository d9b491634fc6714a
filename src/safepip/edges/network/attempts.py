"""How often a small request is made: again at once, again after a pause, or no more.

Failures of the connection may pass, and so may the statuses that say so. All attempts of one request, and the pauses
between them, have one time together: see `safepip.edges.network.deadlines`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from safepip.edges.network.deadlines import Pauses, within
from safepip.edges.network.limits import RETRIED_KINDS, RETRIED_STATUSES, HttpError
from safepip.model.events import ExchangeOver, Retrying, Waiting, ignore
from safepip.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from safepip.model.events import Tell

#: How many small requests to one origin are made at the same time; HTTP/2 carries them over one connection.
_AT_ONCE = 100
#: How often a request is repeated at once, without counting as a further attempt, when its HTTP/2 connection ends; and
#: how many of one origin at the same time.
_AGAIN, _AGAIN_AT_ONCE = 8, 3


class Answered(Protocol):
    """A response, of whatever status."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


_Result = TypeVar("_Result", bound=Answered)


class Attempts:
    """The attempts of a run. `retries` are for each request, `seconds` for all of its attempts together."""

    def __init__(self, retries: int, seconds: float, tell: Tell = ignore) -> None:
        self._tell = tell
        self._retries = retries
        self._seconds = seconds
        self._pauses: dict[str, Pauses] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._again: dict[str, asyncio.Semaphore] = {}

    def pauses(self, url: str) -> Pauses:
        """What the origin of a URL has asked for in this run."""
        return self._pauses.setdefault(origin_of(url) or "", Pauses())

    async def make(self, url: str, shown: str, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
        """What the last attempt gives or raises. `shown` is the URL as it may be shown. Raises `HttpError`."""
        turn = self._turns.setdefault(origin_of(url) or "", asyncio.Semaphore(_AT_ONCE))
        # Waiting for a turn does not count as the server's time.
        async with turn, within(self._seconds, shown):
            self._tell(Waiting(id(attempt), shown))
            try:
                return await self._after_pauses(url, shown, attempt)
            finally:
                self._tell(ExchangeOver(id(attempt)))

    async def _after_pauses(self, url: str, shown: str, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
        pauses = self.pauses(url)
        for count in range(self._retries + 1):
            last = count == self._retries
            try:
                result = await self._at_once(url, attempt)
            except HttpError as error:
                if last or error.kind not in RETRIED_KINDS:
                    raise
                wait, reason = pauses.next(count, None) or 0.0, error.message
            else:
                if last or result.status not in RETRIED_STATUSES:
                    return result
                granted = pauses.next(count, result.headers.get("retry-after"))
                if granted is None:
                    return result
                wait, reason = granted, f"status {result.status}"
            self._tell(Retrying(id(attempt), shown, reason, count + 2, self._retries + 1, wait))
            await asyncio.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _at_once(self, url: str, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
        """An attempt, made again at once where it was cut off with all else that its connection carried.

        A few at a time: a server that ends each connection after some requests, without waiting for them, would cut off
        a burst at once.
        """
        try:
            return await attempt()
        except HttpError as error:
            if not error.cut_off:
                raise
        async with self._again.setdefault(origin_of(url) or "", asyncio.Semaphore(_AGAIN_AT_ONCE)):
            for _ in range(_AGAIN - 1):
                try:
                    return await attempt()
                except HttpError as error:
                    if not error.cut_off:
                        raise
            return await attempt()
