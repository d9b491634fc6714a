"""The files of a project by release: when a release began, and which of its files came late.

A release is all files of one version on the page of an index and those of its mirrors (`mirrors`), source archives and
other platforms' wheels included; texts that mean the same version (`1.0`, `1.0.0`) are one release. A local version
(`1.0+cpu`) is a rebuild of its public one and of its release: `==1.0` prefers it to `1.0` itself (PEP 440). A release
began with its first dated file. A file that came more than fourteen days after that is late: an attacker who takes over
an old project can add a file to a release that many users pin and no user looks at any more. An undated file is not
called late: it counts as young (`cooldown`).

The honest late file is a wheel for a Python that did not exist when the release was made. It is told apart by names and
dates alone, and only where all of this holds:

- the release has timely wheels, and each of them is for particular CPython minors (`cp311-cp311`): none is for any
  Python 3 (`py3-none`), none for later ones too (`abi3`), so that the new Python had no wheel;
- the late wheel is for particular CPython minors, all newer than all of those;
- the target can install none of the timely wheels.

Nothing here knows the clock. `cooldown` says for how long a late file is held back.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from packaging.version import Version

from safepip.model.ages import DAY
from safepip.model.names import ARCHIVE_ENDINGS, normalise
from safepip.model.wheel_names import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from safepip.model.page import ProjectFile

#: The name of a file and its upload time (`ProjectFile`).
Dated: TypeAlias = "tuple[str, float | None]"

#: How long after its first file a release is still being uploaded, in seconds.
LATE_AFTER = 14 * DAY

#: `cp311` and `cp39`: the major version has one digit, and no minor ever has four.
_CPYTHON = re.compile(r"cp([0-9])([0-9]{1,3})\Z")


def earliest(moments: Iterable[float | None]) -> float | None:
    """The first of these moments, None where there is none."""
    return min([moment for moment in moments if moment is not None], default=None)


def is_late(uploaded: float | None, first: float | None) -> bool:
    """Whether a file is late in a release that began at `first`; nothing is late where dates are missing."""
    return first is not None and uploaded is not None and uploaded > first + LATE_AFTER


class Release(NamedTuple):
    """One public version with its local ones.

    `first` is the upload time of its first file, None where none is dated. `newest` is the newest CPython that it had a
    wheel for in time, None unless every timely wheel is for particular minors.
    """

    first: float | None = None
    newest: tuple[int, int] | None = None

    def is_late(self, file: ProjectFile) -> bool:
        """Whether this file of the release came late."""
        return is_late(file.upload_time, self.first)

    def is_for_new_python(self, file: ProjectFile) -> bool:
        """Whether this is a late wheel for a Python that the release had no wheel for; see the module.

        Whether the target can install a timely wheel is for the caller to ask.
        """
        if self.newest is None or not file.filename.endswith(".whl") or not self.is_late(file):
            return False
        its = _minors(file.filename)
        return bool(its) and min(its) > self.newest


def _minors(wheel: str) -> set[tuple[int, int]]:
    """The CPython minors that a wheel is for, by its name; empty where it is for others too."""
    _, interpreters, abis, _ = wheel.lower().removesuffix(".whl").rsplit("-", 3)
    if "abi3" in abis.split("."):
        return set()
    found = [_CPYTHON.match(interpreter) for interpreter in interpreters.split(".")]
    return {(int(m[1]), int(m[2])) for m in found if m is not None} if all(found) else set()


def releases(by_text: Mapping[str, Sequence[Dated]], versions: Mapping[str, Version]) -> dict[str, Release]:
    """The release of each spelling of a version, by the files of that spelling. `versions` are those of the spellings
    that were parsed already."""
    grouped: dict[Version | str, list[str]] = {}
    for text in by_text:
        grouped.setdefault(_public(versions.get(text) or _version(text)), []).append(text)
    found = {}
    for texts in grouped.values():
        files = [file for text in texts for file in by_text[text]]
        found.update(dict.fromkeys(texts, _release(files)))
    return found


def _release(files: Sequence[Dated]) -> Release:
    moments = [uploaded for _, uploaded in files if uploaded is not None]
    first = min(moments, default=None)
    if first is None or not is_late(max(moments), first):
        return Release(first)  # nothing to tell apart
    timely = [filename for filename, uploaded in files if not is_late(uploaded, first)]
    minors = [_minors(filename) for filename in timely if filename.endswith(".whl")]
    return Release(first, max(map(max, minors)) if minors and all(minors) else None)


def _version(text: str) -> Version | str:
    """The version, or the text itself where it is not a version: it is then a release of its own."""
    try:
        return Version(text)
    except ValueError:
        return text


def public(version: Version) -> Version:
    """The version whose release this one belongs to: itself without its local part."""
    return version if version.local is None else Version(version.public)


def _public(version: Version | str) -> Version | str:
    return version if isinstance(version, str) else public(version)


def release_of(name: str, version: Version, files: Iterable[ProjectFile]) -> tuple[list[ProjectFile], Release]:
    """The files of the release that a version belongs to, of all files of a project, and what is known of it."""
    same: dict[str, bool] = {}
    its = public(version)
    mine = []
    for file in files:
        text = file_version(name, file.filename)
        if text is None:
            continue
        if text not in same:
            same[text] = _public(_version(text)) == its
        if same[text]:
            mine.append(file)
    return mine, _release([(file.filename, file.upload_time) for file in mine])


def file_version(name: str, filename: str) -> str | None:
    """The version in the name of a wheel or source archive of this project, as it is spelt there; None for others, and
    for names that are too long for any file."""
    if len(filename) > LONGEST_NAME:
        return None
    if not filename.endswith(".whl"):
        return archive_version(name, filename)
    parts = filename[:-4].split("-")
    return parts[1] if len(parts) in (5, 6) and normalise(parts[0]) == name else None


@lru_cache(maxsize=4096)
def _stands_for(written: str, name: str) -> bool:
    """Whether a name is another spelling of a normalised one. Most archives of a project have the same."""
    return normalise(written) == name


def archive_version(name: str, filename: str) -> str | None:
    """The version in a source archive's name, or None: pip splits where the part before is the project's name.

    The time it takes grows with the square of the length: names longer than `LONGEST_NAME` are for the caller to skip.
    """
    for ending in ARCHIVE_ENDINGS:
        if filename.endswith(ending):
            break
    else:
        return None
    stem = filename[: -len(ending)]
    # The usual case first: the name as long as its normalised form, then a dash.
    position = len(name)
    if stem[position : position + 1] == "-" and _stands_for(stem[:position], name):
        return stem[position + 1 :] or None
    for position, char in enumerate(stem):
        if char == "-" and normalise(stem[:position]) == name:
            return stem[position + 1 :] or None
    return None
