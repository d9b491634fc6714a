"""The digests that a requirement's line gives: by `--hash`, and in the fragment of its URL.

Hashes must be proof: md5, sha1 and malformed or empty digests are `Refused` as `weak-hash`. A digest in a URL's
fragment has to hold beside those of `--hash`, a weak one too, but does not turn hash-checking mode on, as in pip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from safepip.model.digest import STRONG, WEAK, WeakDigest, checksum, strong, written_in
from safepip.model.errors import Refused
from safepip.model.finding import printable

if TYPE_CHECKING:
    from safepip.model.digest import AnyDigest, Digest
    from safepip.model.origin import Origin
    from safepip.requirements.file_format import RequirementLine


def read_digests(line: RequirementLine, fragment: str) -> tuple[tuple[Digest, ...], tuple[AnyDigest, ...]]:
    """The digests of `--hash`, of which one must hold, and those of the URL's fragment, which must all; each once."""
    by_option = [_strong(line, *value.partition(":")[::2]) for value in line.hashes]
    found = written_in(fragment)
    proven = [_strong(line, name, value) for name, value in found if name in STRONG]
    if found and not proven and not by_option:
        _weak(line, f"the URL's {found[0][0]} digest proves nothing")
    try:
        compared = [checksum(name, value) for name, value in found if name in WEAK]
    except WeakDigest:
        _weak(line, "a digest in its URL is not valid for its algorithm")
    return tuple(dict.fromkeys(by_option)), tuple(dict.fromkeys((*proven, *compared)))


def _strong(line: RequirementLine, algorithm: str, value: str) -> Digest:
    # pip's names of algorithms are in lower case only.
    if algorithm not in STRONG:
        # The name comes from the line as expanded.
        given = "its algorithm" if line.expanded or not algorithm else printable(algorithm, 40)
        _weak(line, f"{given} is not one of {', '.join(STRONG)}")
    try:
        return strong(algorithm, value)
    except WeakDigest:
        _weak(line, f"a {algorithm} digest has {STRONG[algorithm]} hexadecimal digits, and this one does not")


def _weak(line: RequirementLine, why: str) -> NoReturn:
    raise Refused.because(
        "weak-hash",
        f"{line.written} has a hash that proves nothing: {why}",
        origins=(line.origin,),
        hint="`safepip hash FILE` prints the sha256 of a file, which you can use instead",
    )


def contradiction(name: str, origins: tuple[Origin, ...]) -> Refused:
    """The refusal of several lines whose hashes for one file contradict each other."""
    return Refused.because(
        "hash-mismatch",
        f"the hashes given for {name} contradict each other, so no file has all of them",
        hint="the URL of a requirement, its --hash options and its constraints must have a hash in common",
        origins=origins,
        subject=name,
    )
