"""Unpacks what a tar archive is packed in, within bounds: never more than asked for, and nothing left out.

Several streams one behind the other are one content, as RFC 1952 says for gzip, and bzip2 and xz do too; zeros may
follow. pip's readers take anything else behind a stream for its end, or never look; here it is an error, since another
reader might.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol

from safepip.build.archive_forms import ArchiveForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: How many bytes are read, and are given at most, at a time.
CHUNK = 256 * 1024

#: The most memory that a dictionary of xz may take, in bytes. `xz -9` takes 65 MiB.
_MOST_MEMORY = 256 * 1024 * 1024

#: The most streams of one file. Programs that pack with several threads write one for some hundred kilobytes.
_MOST_STREAMS = 10_000


class BrokenStreamError(Exception):
    """The packed bytes are broken. The message is a line of evidence."""


class _Decoder(Protocol):
    """What the decoders of `bz2` and `lzma` have."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """The decoder of `zlib`, with their methods. gzip's header, checksum and length are read by zlib itself."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max(0, max_length))


_DECODERS: dict[ArchiveForm, Callable[[], _Decoder]] = {
    ArchiveForm.GZIP: _Gzip,
    ArchiveForm.BZIP2: bz2.BZ2Decompressor,
    ArchiveForm.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY),
    ArchiveForm.LZMA: lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MOST_MEMORY),
}


def unpacked_chunks(packed: BinaryIO, form: ArchiveForm) -> Iterator[bytes]:
    """The content, in pieces of at most `CHUNK` bytes. `packed` stands at its beginning. Raises `BrokenStreamError`."""
    data = packed.read(CHUNK)
    for _ in range(_MOST_STREAMS):
        if not data:
            return
        decoder = _DECODERS[form]()
        ended = False
        while not decoder.eof:
            if not data and decoder.needs_input:
                data = packed.read(CHUNK)
                ended = not data
            piece = _decompressed(decoder, data)
            data = b""
            if piece:
                yield piece
            elif ended:
                raise BrokenStreamError("it ends within the packed bytes")
        data = _after(decoder.unused_data, packed)
    raise BrokenStreamError(f"it has more than {_MOST_STREAMS} streams one behind the other")


def _decompressed(decoder: _Decoder, data: bytes) -> bytes:
    try:
        return decoder.decompress(data, CHUNK)
    except (zlib.error, OSError, lzma.LZMAError, ValueError) as problem:  # an OSError is what bz2 raises
        raise BrokenStreamError(f"the packed bytes are broken: {problem}") from None


def _after(data: bytes, packed: BinaryIO) -> bytes:
    """What follows a stream, without the zeros before it."""
    while not data.strip(b"\0"):
        data = packed.read(CHUNK)
        if not data:
            return b""
    return data.lstrip(b"\0")
