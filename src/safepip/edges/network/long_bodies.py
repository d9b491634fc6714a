"""The body of a large file, read from the connection's own stream and not through the layers above it.

httpcore and h11 hand on what one read brings, through eight coroutines and over TLS one record (16 kB) at a time; for a
large file this is most of the processor time. httpx tells of the stream below them (the extension `network_stream`) and
says that it may be read. Over HTTP/1.1 a body of an announced length is nothing but so many bytes (RFC 9112, 6.3).

h11 does not know of what is read here. So the connection carries no other request: httpx closes it with the response,
and the next request over it is told `Spent`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Protocol

from safepip.edges.network.limits import byte_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

#: In bytes. A smaller body is read as any other, because its connection is worth more.
LEAST = 8 << 20
#: In bytes: asyncio reads so much at a time, and a record of TLS holds no more (RFC 8446, 5.1). A read over TLS takes
#: memory for as much as it may bring.
_MOST, _RECORD = 256 * 1024, 16 * 1024


class NetworkStream(Protocol):
    """What `httpcore.AsyncNetworkStream` has for this. `read` gives nothing at the end; its errors are httpcore's."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...  # noqa: ASYNC109  # as httpcore's

    def get_extra_info(self, info: str) -> Any: ...


def length_of(status: int, extensions: Mapping[str, Any], headers: list[tuple[bytes, bytes]]) -> int | None:
    """How long a body is that can be read like this; None where it cannot. `extensions` are those of httpx."""
    # A response without a body may have a length all the same (304; RFC 9110, 8.6).
    if status not in (200, 206) or extensions.get("http_version") not in (b"HTTP/1.1", b"HTTP/1.0"):
        return None
    named = [(name.lower(), value) for name, value in headers]
    if "network_stream" not in extensions or any(name == b"transfer-encoding" for name, _ in named):
        return None
    lengths = [value for name, value in named if name == b"content-length"]
    length = byte_count(lengths[0].decode("latin-1")) if len(lengths) == 1 else None
    return length if length is not None and length >= LEAST else None


def says_its_end(extensions: Mapping[str, Any], headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a body has an end of its own, and not only that of its connection (RFC 9112, 6.3). `extensions` are those
    of httpx."""
    named = {name.lower() for name, _ in headers}
    return extensions.get("http_version") not in (b"HTTP/1.1", b"HTTP/1.0") or not named.isdisjoint(
        (b"content-length", b"transfer-encoding")
    )


async def read_long(
    begun: AsyncIterator[bytes], stream: NetworkStream, length: int, seconds: float | None
) -> AsyncIterator[bytes]:
    """The `length` bytes of a body as they come, and no byte more.

    `begun` is the body as httpx gives it. What was read together with the head lies there, all in its first piece: h11
    keeps no data back, and reads the stream only where it has none. `seconds` are for each read. Raises what `begun`
    and `stream` raise, `ssl.SSLError`, and `EOFError` where the connection ends before the body does.
    """
    first = await anext(begun)
    yield first
    left = length - len(first)
    secured: ssl.SSLObject | None = stream.get_extra_info("ssl_object")
    most = _MOST if secured is None else _RECORD
    while left > 0:
        piece = await stream.read(min(left, most), seconds)
        if not piece:
            raise EOFError(f"the connection was closed after {length - left} of {length} bytes")
        while piece:
            left -= len(piece)
            yield piece
            piece = _at_hand(secured, min(left, most)) if secured is not None and left else b""


def _at_hand(secured: ssl.SSLObject, most: int) -> bytes:
    """What TLS can give without waiting: the next record, if it has come and is whole; nothing at the end."""
    try:
        return secured.read(most)
    except ssl.SSLWantReadError:
        return b""
