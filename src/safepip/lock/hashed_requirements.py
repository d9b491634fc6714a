"""A resolution as a requirements file with every hash, which stock pip installs with `--require-hashes`.

The form is the one that pip-compile made common: `name==version`, a line for each hash, and `# via` with what asks for
it. What this form cannot say is which index owns a name: that stays in safepip's configuration, which is applied at
every install. Hashes are sha256 where the index has them, else the strongest it has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from safepip.model.digest import STRONG, strongest
from safepip.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from safepip.lock.pylock import Locked
    from safepip.model.page import ProjectFile

_HASH = re.compile(r"--hash[= ]+(\w+):([0-9a-fA-F]+)")
_HEADER = """\
# Made by safepip lock. Install with: safepip install -r, or pip install --require-hashes -r
"""


class Pinned(NamedTuple):
    """What a requirements file has of one project: the version and the hashes, `algorithm:hex`."""

    version: Version
    hashes: frozenset[str]


def requirements_text(packages: Iterable[Locked], via: Mapping[str, Sequence[str]]) -> str:
    """The file. `via` gives for each project what asks for it, in order."""
    ordered = sorted(packages, key=lambda locked: (locked.pin.name, locked.pin.version, locked.marker))
    return _HEADER + "".join("".join(_lines(locked, via.get(locked.pin.name, ()))) for locked in ordered)


def _lines(locked: Locked, askers: Sequence[str]) -> Iterator[str]:
    pin = locked.pin
    head = f"{pin.name}=={pin.version}" if pin.direct_url is None else f"{pin.name} @ {pin.direct_url}"
    if pin.built_from is not None and pin.built_from.source.subdirectory:
        head += f"#subdirectory={pin.built_from.source.subdirectory}"
    if locked.marker:
        head += f" ; {locked.marker}"
    yield " \\\n    ".join([head, *(f"--hash={value}" for value in hashes_of(locked.files))]) + "\n"
    if len(askers) == 1:
        yield f"    # via {askers[0]}\n"
    elif askers:
        yield "    # via\n" + "".join(f"    #   {asker}\n" for asker in askers)


def hashes_of(files: Iterable[ProjectFile]) -> list[str]:
    """One hash a file, sorted: sha256 where there is one."""
    found = set()
    for file in files:
        by_algorithm = {digest.algorithm: digest for digest in file.digests}
        digest = by_algorithm.get("sha256") or strongest(file.digests)
        if digest is not None:
            found.add(str(digest))
    return sorted(found)


def read_pins(text: str) -> dict[str, Pinned]:
    """The pins of a requirements file, for the versions to prefer. Lines that are not pins are skipped; the hashes of
    several lines with one version, for several environments, count together."""
    found: dict[str, Pinned] = {}
    for name, pinned in each_pin(text):
        known = found.get(name)
        hashes = pinned.hashes | known.hashes if known and known.version == pinned.version else pinned.hashes
        found[name] = Pinned(pinned.version, hashes)
    return found


def each_pin(text: str) -> Iterator[tuple[str, Pinned]]:
    """The pins of a requirements file line by line, each with its project's normalised name; other lines are
    skipped."""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "-")):
            continue
        written = re.split(r"\s--hash|\s#", stripped, maxsplit=1)[0]
        try:
            requirement = Requirement(written)
            (only,) = requirement.specifier
            version = Version(only.version)
        except (InvalidRequirement, InvalidVersion, ValueError):
            continue
        if only.operator in ("==", "==="):
            hashes = frozenset(f"{name}:{value.lower()}" for name, value in _HASH.findall(line) if name in STRONG)
            yield normalise(requirement.name), Pinned(version, hashes)


def kept_by_hash(pinned: Pinned, version: Version, offered: tuple[ProjectFile, ...]) -> tuple[ProjectFile, ...]:
    """Of the files offered, those whose hashes the file has already, where all of its hashes are still offered."""
    if pinned.version != version or not pinned.hashes:
        return offered
    kept = tuple(file for file in offered if not pinned.hashes.isdisjoint(map(str, file.digests)))
    there = {str(digest) for file in kept for digest in file.digests}
    return kept if pinned.hashes <= there else offered
