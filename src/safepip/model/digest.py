"""Digests: strong ones, which are proof, and the others, which are only compared.

A weak digest cannot be built as a `Digest`, so no later code has to check its strength. It is a `Checksum`: a file that
does not match one is not the file that was meant, but a file that matches one is not proven to be that file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeAlias
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

#: Algorithms that count as proof, with the length of their hexadecimal form. They are pip's
#: `STRONG_HASHES`; md5 and sha1 are left out because collisions for both are practical.
STRONG = {"sha256": 64, "sha384": 96, "sha512": 128}

#: The others of `hashlib.algorithms_guaranteed` whose digests have one length: pip compares those that an index gives,
#: and so does safepip.
WEAK = {
    "md5": 32,
    "sha1": 40,
    "sha224": 56,
    "sha3_224": 56,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
    "blake2s": 64,
    "blake2b": 128,
}

_DIGITS = b"0123456789abcdef"
_IN_FRAGMENT = rf"(?i)(?:^|[#&])({'|'.join((*STRONG, *WEAK))})=([^&]*)"


class WeakDigest(ValueError):
    """The algorithm is not one of those asked for, or the value is not a digest of it."""


class Digest(NamedTuple):
    """The digest of a file's bytes. Make one with `strong`, which checks; the fields are then trusted.

    `algorithm` is a key of `STRONG`; `hex` is lower case and has the algorithm's length.
    """

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


class Checksum(NamedTuple):
    """A digest that proves nothing. Make one with `checksum`. `algorithm` is a key of `WEAK`."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


#: Any digest that was stated for a file, a proof or not.
AnyDigest: TypeAlias = Digest | Checksum


def strong(algorithm: str, value: str) -> Digest:
    """Check and normalise a digest.

    Raises `WeakDigest` for an algorithm that is not strong and for a value of the wrong length or
    with characters other than hexadecimal digits; in particular for an empty one.
    """
    if algorithm == "sha256" and len(value) == 64 and not value.encode().translate(None, _DIGITS):
        return Digest(algorithm, value)  # by far the most common case
    return Digest(*_checked(STRONG, "a strong digest", algorithm, value))


def checksum(algorithm: str, value: str) -> Checksum:
    """Check and normalise a digest of one of `WEAK`. Raises `WeakDigest` as `strong` does."""
    return Checksum(*_checked(WEAK, "a known digest", algorithm, value))


def _checked(known: Mapping[str, int], what: str, algorithm: str, value: str) -> tuple[str, str]:
    algorithm = algorithm.lower()
    value = value.lower()
    length = known.get(algorithm)
    if length is None:
        raise WeakDigest(f"{algorithm} is not {what}; use one of {', '.join(known)}")
    if len(value) != length or value.strip(_DIGITS.decode()):
        raise WeakDigest(f"not a {algorithm} digest: {value[:160]!r} is not {length} hexadecimal digits")
    return algorithm, value


def written_in(fragment: str) -> list[tuple[str, str]]:
    """Algorithm and value of each digest in a URL's fragment (PEP 503: `#sha256=...`), unchecked.

    Upper case and percent-encoding count too: pip knows algorithms in lower case only, and nothing encoded, but what a
    human reader takes for a digest must not be overlooked. As in pip a second `#` begins one, too.
    """
    return [(name.lower(), value) for name, value in re.findall(_IN_FRAGMENT, unquote(fragment))]


def stated(hashes: Mapping[str, str], url: str | None = None) -> list[tuple[str, str]]:
    """Algorithm and value of each digest that a table gives, and a URL in its fragment, unchecked, each once."""
    table = [(name.lower(), value) for name, value in sorted(hashes.items())]
    return list(dict.fromkeys([*table, *written_in((url or "").partition("#")[2])]))


def strongest(digests: tuple[Digest, ...]) -> Digest | None:
    """The digest of the longest algorithm, or None of an empty tuple."""
    return max(digests, key=lambda digest: STRONG[digest.algorithm], default=None)


def proofs(digests: Iterable[AnyDigest]) -> tuple[Digest, ...]:
    """The strong ones."""
    return tuple(digest for digest in digests if isinstance(digest, Digest))


class RequiredDigests(NamedTuple):
    """What the user's statements demand of a file's bytes: of each group of digests one must hold.

    The `--hash` options of a line are a group; each digest in its URL is one by itself, and so is each one of a lock.
    Without groups nothing is demanded; no file can satisfy an empty group.
    """

    groups: tuple[frozenset[AnyDigest], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups)

    def __contains__(self, _digest: object) -> NoReturn:
        raise TypeError("a tuple would look among its fields: ask `holds`, `names` or `meets`")

    def and_(self, other: RequiredDigests) -> RequiredDigests:
        """Both of them. Groups of one algorithm become one: a file has only one digest by each."""
        groups = list(self.groups)
        for group in other.groups:
            for place, known in enumerate(groups):
                if known == group or len({digest.algorithm for digest in known | group}) == 1:
                    groups[place] = known & group
                    break
            else:
                groups.append(group)
        return RequiredDigests(tuple(groups))

    @property
    def impossible(self) -> bool:
        """Whether the statements contradict each other."""
        return not all(self.groups)

    def digests(self) -> tuple[AnyDigest, ...]:
        """All digests of all groups, in an order of their own."""
        return tuple(sorted({digest for group in self.groups for digest in group}))

    def holds(self, measured: Collection[AnyDigest]) -> bool:
        """Whether a file with these digests, and no others that count, satisfies all of it."""
        return all(not group.isdisjoint(measured) for group in self.groups)

    def meets(self, given: Collection[AnyDigest]) -> bool:
        """Whether a proof that is demanded is among these digests, of one file or many."""
        return any(digest in given for digest in proofs(self.digests()))

    def names(self, given: Collection[AnyDigest]) -> bool:
        """Whether a file with these stated digests is one that the user means. It is held to all other digests that are
        demanded once its bytes are there."""
        return self.meets(given) and not self.excludes(given)

    def excludes(self, given: Iterable[AnyDigest]) -> bool:
        """Whether no file with these digests can satisfy it. A digest of another algorithm does not contradict."""
        known = {digest.algorithm: digest.hex for digest in given}
        return any(all(known.get(d.algorithm, d.hex) != d.hex for d in group) for group in self.groups)


#: What allows any bytes.
ANY_BYTES = RequiredDigests()


def one_of(digests: Iterable[AnyDigest]) -> RequiredDigests:
    """The demand that one of these holds; none of no digests."""
    group = frozenset(digests)
    return RequiredDigests((group,)) if group else ANY_BYTES


def all_of(digests: Iterable[AnyDigest]) -> RequiredDigests:
    """The demand that each of these holds."""
    return RequiredDigests(tuple(frozenset((digest,)) for digest in dict.fromkeys(digests)))
