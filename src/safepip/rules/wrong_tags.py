"""`wrong-tags`: the system that the file's name claims is one that WHEEL says the content was made for.

PEP 427 writes the tags twice: in the file's name, by which installers choose, and in WHEEL, which stays with the
content. Renaming a wheel changes only the first. The name decides, for every installer, and it comes from the same
source as the digest. What WHEEL adds was weighed (ADR 0020) for each part of a tag:

- interpreter and ABI are not compared. Real projects load their library by ctypes, build it with one Python and rename
  the wheel to `py3-none` (decord, xgboost, transformer-engine); and bytes of the project that was asked for, in an
  interpreter that they were not made for, fail where they are imported;
- the platform is: the wheel of one system, under the name of another system or of all, takes the place of the right
  wheel or of the source archive. No real wheel does that. The same or `any` will do; on Linux and macOS another version
  of the system, and `linux_x86_64` for `manylinux_2_28_x86_64`, as long as the content is for the same processors: so
  projects rename what they have checked.

A WHEEL without tags says nothing against the name. Build tags order the wheels of one version: where the name has one
and WHEEL has some, it is among them. What cannot be compared, because the name or WHEEL cannot be read, is refused;
`wrong-identity` refuses it too, and nothing overrules that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.wheel_names import read_wheel_name
from safepip.rules.context import objection
from safepip.wheel.wheel_file import WheelFileError, parse_wheel_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag
    from packaging.utils import BuildTag

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.wheel_file import WheelFile

_LINUX = re.compile(r"(linux|manylinux|musllinux)(?:1|2010|2014|_[0-9]+_[0-9]+)?_([a-z].*)")
_MACOS = re.compile(r"macosx_[0-9]+_[0-9]+_(.+)")

#: What Apple's names for several processors at once stand for.
_SEVERAL = {
    "universal2": {"x86_64", "arm64"},
    "universal": {"i386", "x86_64", "ppc", "ppc64"},
    "intel": {"i386", "x86_64"},
    "fat": {"i386", "ppc"},
    "fat3": {"i386", "x86_64", "ppc"},
    "fat64": {"x86_64", "ppc64"},
}


def check(reviewed: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Whether WHEEL confirms every platform of the file's name, and its build tag."""
    try:
        _, _, build, claimed = read_wheel_name(reviewed.file.filename)
        wheel = parse_wheel_file(reviewed.content.info("WHEEL") or b"")
    except ValueError:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        return _unknown(reviewed, "the file's name is not a wheel's name")
    except WheelFileError as error:
        return _unknown(reviewed, str(error))
    evidence = [*_not_covered(claimed, wheel), *_other_build(build, wheel)]
    if not evidence:
        return None
    return objection(reviewed, "wrong-tags", "was made for something other than its file name claims", evidence)


def _unknown(reviewed: WheelUnderReview, why: str) -> Diagnostic:
    return objection(reviewed, "wrong-tags", "does not say what it was made for", (why,), allowable=False)


def _not_covered(claimed: frozenset[Tag], wheel: WheelFile) -> Iterator[str]:
    made = sorted({tag.platform for tag in wheel.tags})
    platforms = sorted({tag.platform for tag in claimed})
    wrong = [platform for platform in platforms if made and not any(covers(one, platform) for one in made)]
    yield from (f"the file name claims: {platform}" for platform in wrong)
    if wrong:
        yield from (f"WHEEL says:           {platform}" for platform in made)


def _other_build(build: BuildTag, wheel: WheelFile) -> Iterator[str]:
    if build and wheel.builds and f"{build[0]}{build[1]}".lstrip("0") not in {one.lstrip("0") for one in wheel.builds}:
        yield f"build tag in the file name: {build[0]}{build[1]}"
        yield f"build tag in WHEEL:         {', '.join(wheel.builds)}"


class _Platform(NamedTuple):
    """`system` is a platform without its version and processors, or all of it."""

    system: str
    processors: frozenset[str] = frozenset()


def _platform(text: str) -> _Platform:
    if linux := _LINUX.fullmatch(text):
        return _Platform(linux[1], frozenset({linux[2]}))
    if macos := _MACOS.fullmatch(text):
        return _Platform("macosx", frozenset(_SEVERAL.get(macos[1], {macos[1]})))
    return _Platform(text)


def covers(made: str, claimed: str) -> bool:
    """Whether a wheel that was made for the one platform may claim to be for the other."""
    if made in ("any", claimed):
        return True
    ours, theirs = _platform(made), _platform(claimed)
    if not theirs.processors <= ours.processors:
        return False
    # `linux` says nothing about the C library; the two others name different ones.
    return ours.system == theirs.system or (ours.system == "linux" and theirs.system in ("manylinux", "musllinux"))
