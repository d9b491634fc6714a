"""Bounds on what a server can make safepip do: how much it sends, how slowly, and how often it is asked again."""

from __future__ import annotations

import random
import re
import zlib

from safepip.model.finding import printable

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)\Z")
#: The statuses that are worth another attempt.
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
RETRIED_KINDS = frozenset({"connection", "timeout", "protocol"})
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 8.0
#: How long the head of a response may take, and the next piece of its body.
PATIENCE_SECONDS = 60.0


class HttpError(Exception):
    """No answer could be had. The message holds no secret.

    `kind` is one of: connection, timeout, tls, redirect, too-large, protocol, insecure, offline. `help` says what would
    help, where that is known. `cut_off` says that a connection ended that carried other requests as well.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        url: str,
        help: str = "",  # noqa: A002  # it is what it is called
        *,
        cut_off: bool = False,
    ) -> None:
        super().__init__(message)
        self.cut_off = cut_off
        self.help = help
        self.kind = kind
        self.message = message
        self.url = url


class Decoder:
    """Undoes gzip within a bound: `limit` is of decoded bytes, and no more are ever held."""

    def __init__(self, encoding: str, limit: int, url: str) -> None:
        self._limit = limit
        self._url = url
        self._pieces: list[bytes] = []
        self._length = 0
        self._inflate: zlib._Decompress | None = None
        encoding = encoding.strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif encoding not in ("", "identity"):
            raise HttpError("protocol", f"{printable(url)} answers in an encoding that was not asked for", url)

    def feed(self, data: bytes) -> None:
        if self._inflate is None:
            self._add(data)
            return
        try:
            while data and not self._inflate.eof:
                self._add(self._inflate.decompress(data, self._limit - self._length + 1))
                data = self._inflate.unconsumed_tail
        except zlib.error:
            raise HttpError("protocol", f"{printable(self._url)} sends broken gzip", self._url) from None

    def end(self) -> bytes:
        if self._inflate is not None and not self._inflate.eof and self._length:
            raise HttpError("protocol", f"{printable(self._url)} sends a gzip stream without its end", self._url)
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _add(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._limit:
            raise HttpError("too-large", f"{printable(self._url)} is larger than {self._limit} bytes", self._url)
        if piece:
            self._pieces.append(piece)


def backoff(attempt: int) -> float:
    """Seconds to wait before the next attempt."""
    return min(_LONGEST_DELAY, _FIRST_DELAY * (1 << attempt)) * random.uniform(0.5, 1.0)  # noqa: S311  # jitter is no secret


def byte_count(text: str | None) -> int | None:
    """The number in a Content-Length, None where there is none or it is not valid."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 19 else None


def content_range(value: str) -> tuple[int, int | None]:
    """The start and the whole file's size from `bytes 0-99/1234` or `bytes 0-99/*`; -1 of anything else."""
    found = _CONTENT_RANGE.match(value.strip())
    if found is None:
        return -1, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def what_helps(kind: str, *, unverified: bool, proxied: bool) -> str:
    """What the user can do when a server could not be asked."""
    if unverified:
        return "its certificate is not trusted here: name the certificates of its issuer with --cert"
    if proxied and kind in ("connection", "timeout"):
        return (
            "check the proxy, which --proxy or the variables http_proxy, https_proxy and all_proxy name; "
            "no_proxy names hosts that are reached without one"
        )
    return {
        "connection": "check its URL and your network, or try again when it is up",
        "timeout": "give it longer with --timeout, or try again when it is up",
        "tls": "the server does not speak TLS correctly: check the scheme and the port of its URL",
    }.get(kind, "the server does not speak HTTP correctly: check its URL, or tell its administrator")
