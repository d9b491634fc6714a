"""What a request brings: a body in memory, a part of a file, or a body that is still to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.network.httpx_connection import RequestFailed
from safepip.edges.network.limits import HttpError
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from safepip.edges.network.connections import Response
    from safepip.edges.network.deadlines import Rate


class Answer(NamedTuple):
    """A response. `url` is where it finally came from; `headers` have lower-case names."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


class Part(NamedTuple):
    """What a range request brought: `body` are the bytes from `start` of a file of `size` bytes.

    `status` is 206 for a part; 200 where the server ignored the range and would send the whole file, 416
    where it has no such part, or any other. Then `body` is empty; with 200 `size` is the server's claim.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    start: int
    size: int | None
    body: bytes


@dataclass(slots=True)
class Body:
    """A response whose body is read piece by piece with `chunks`. No content encoding is accepted."""

    status: int
    url: str
    headers: Mapping[str, str]
    _response: Response = field(repr=False)
    _rate: Rate = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises `HttpError` when the connection breaks or crawls."""
        try:
            async for chunk in self._response.chunks():
                self._rate.advance(len(chunk))
                yield chunk
        except RequestFailed as error:
            raise HttpError(error.kind, printable(str(error)), self.url) from error
