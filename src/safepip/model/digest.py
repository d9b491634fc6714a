"""Strong digests. A weak one cannot be built, so nothing further on has to check its strength."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Algorithms that count as proof, with the length of their hexadecimal form. They are pip's
#: `STRONG_HASHES`; md5 and sha1 are left out because collisions for both are practical.
STRONG = {"sha256": 64, "sha384": 96, "sha512": 128}

_HEX = re.compile(r"[0-9a-f]+\Z")


class WeakDigest(ValueError):
    """The algorithm is not one of `STRONG`, or the value is not a digest of it."""


class Digest(NamedTuple):
    """The digest of a file's bytes. Make one with `strong`, which checks; the fields are then trusted.

    `algorithm` is a key of `STRONG`; `hex` is lower case and has the algorithm's length.
    """

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def strong(algorithm: str, value: str) -> Digest:
    """Check and normalise a digest.

    Raises `WeakDigest` for an algorithm that is not strong and for a value of the wrong length or
    with characters other than hexadecimal digits; in particular for an empty one.
    """
    algorithm = algorithm.lower()
    value = value.lower()
    length = STRONG.get(algorithm)
    if length is None:
        raise WeakDigest(f"{algorithm} is not a strong digest; use one of {', '.join(STRONG)}")
    if len(value) != length or not _HEX.match(value):
        raise WeakDigest(f"not a {algorithm} digest: {value[:160]!r} is not {length} hexadecimal digits")
    return Digest(algorithm, value)


def strongest(digests: tuple[Digest, ...]) -> Digest | None:
    """The digest of the longest algorithm, or None of an empty tuple."""
    return max(digests, key=lambda digest: STRONG[digest.algorithm], default=None)
